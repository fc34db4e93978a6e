//! The six mailing lists of a year: how their programs mark their mail, and how the user came to be on them.
//!
//! Promises: a list's mail is signed by its own host and names the user nowhere but in the envelope. What would break an
//! author's DMARC has the list's address in its From field, as list programs do.

use super::super::chance::Chance;
use super::super::letter::{Letter, OWNER};
use super::people::{Person, Proof};

/// How the user came to be on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// Long ago.
    Before,
    /// By a message, on this day of the year.
    ByMail(i64),
    /// On a web page, on this day of the year.
    OnTheWeb(i64),
}

/// The program behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Mailman,
    /// Without any `List-` field, as lists of old are.
    Majordomo,
    Mlmmj,
    Groups,
}

/// One list.
#[derive(Clone, Copy, Debug)]
pub struct List {
    pub name: &'static str,
    pub host: &'static str,
    pub program: Program,
    pub joined: Joined,
    /// How many messages come from it in the year, with what its program writes to the user.
    pub messages: usize,
}

pub const LISTS: [List; 6] = [
    List {
        name: "users",
        host: "lists.tools.example",
        program: Program::Mailman,
        joined: Joined::Before,
        messages: 900,
    },
    List { name: "kernel", host: "vger.example", program: Program::Mlmmj, joined: Joined::Before, messages: 800 },
    List { name: "choir", host: "groups.example", program: Program::Groups, joined: Joined::Before, messages: 450 },
    List {
        name: "garden",
        host: "lists.garden.example",
        program: Program::Mailman,
        joined: Joined::ByMail(130),
        messages: 450,
    },
    List {
        name: "maps",
        host: "maps.example",
        program: Program::Majordomo,
        joined: Joined::ByMail(190),
        messages: 300,
    },
    List {
        name: "board",
        host: "lists.school.example",
        program: Program::Mailman,
        joined: Joined::OnTheWeb(220),
        messages: 100,
    },
];

impl List {
    /// Where one writes to everybody.
    pub fn posting(&self) -> String {
        format!("{}@{}", self.name, self.host)
    }

    /// What the user would allow it by.
    pub fn id(&self) -> String {
        format!("list:{}.{}", self.name, self.host)
    }

    /// The day on which its mail begins.
    pub fn first_day(&self) -> i64 {
        match self.joined {
            Joined::Before => 0,
            Joined::ByMail(day) | Joined::OnTheWeb(day) => day + 1,
        }
    }

    /// What somebody wrote to everybody.
    pub fn post(&self, number: usize, author: &Person, chance: &mut Chance) -> Letter {
        let List { name, host, .. } = self;
        // mlmmj as it is set up here leaves the text as it is, so the author's signature stays good.
        let untouched = self.program == Program::Mlmmj;
        let munged = author.proof == Proof::Dmarc && !untouched;
        let author_domain = author.domain();
        let (from, results) = if munged {
            (
                format!("{} via {name} <{}>", author.name, self.posting()),
                format!("dmarc=pass header.from={host}; dkim=pass header.d={host}"),
            )
        } else if untouched && author.proof == Proof::Dmarc {
            (
                format!("{} <{}>", author.name, author.address),
                format!(
                    "dmarc=pass header.from={author_domain}; dkim=pass header.d={author_domain}; dkim=pass header.d={host}"
                ),
            )
        } else {
            (
                format!("{} <{}>", author.name, author.address),
                format!("dmarc=none header.from={author_domain}; dkim=pass header.d={host}"),
            )
        };
        let letter = Letter::from(&author.address)
            .field("From", &from)
            .field("To", &self.posting())
            .field("Received", &received(host))
            .proven(&results);
        self.marks(letter, number, chance)
    }

    fn marks(&self, letter: Letter, number: usize, chance: &mut Chance) -> Letter {
        let List { name, host, .. } = self;
        let id = |letter: Letter| letter.field("List-Id", &format!("<{name}.{host}>"));
        let user = OWNER.replace('@', "=");
        match self.program {
            Program::Mailman => id(letter)
                .envelope(&format!("{name}-bounces+{user}@{host}"))
                .field("List-Unsubscribe", &format!("<mailto:{name}-leave@{host}>"))
                .field("Precedence", "list"),
            Program::Mlmmj => id(letter)
                .envelope(&format!("{name}+bounces-{number}-{user}@{host}"))
                .field("List-Unsubscribe", &format!("<mailto:{name}+unsubscribe@{host}>")),
            Program::Groups => id(letter)
                .envelope(&format!("{name}+bncBC{:016X}@{host}", chance.number()))
                .field("Precedence", "list")
                .field("Mailing-list", &format!("list {name}@{host}; contact {name}+owners@{host}")),
            Program::Majordomo => letter
                .envelope(&format!("owner-{name}@{host}"))
                .field("Sender", &format!("owner-{name}@{host}"))
                .field("Precedence", "bulk"),
        }
    }

    /// What the program asks whoever wants to be on it.
    pub fn asks_to_confirm(&self, token: u64) -> Letter {
        let List { name, host, .. } = self;
        let (from, envelope) = match self.program {
            Program::Majordomo => (format!("Majordomo@{host}"), format!("majordomo-owner@{host}")),
            _ => (format!("{name}-confirm+{token:016x}@{host}"), format!("{name}-bounces@{host}")),
        };
        let text = format!(
            "We have received a request for the address {OWNER} to be on {}.\n\nReply to this message.\n",
            self.posting()
        );
        self.of_program(&from, &envelope, "Your confirmation is required").body(&text)
    }

    /// What it says when the user is on it.
    pub fn bids_welcome(&self) -> Letter {
        let List { name, host, .. } = self;
        let (from, envelope) = match self.program {
            Program::Majordomo => (format!("Majordomo@{host}"), format!("majordomo-owner@{host}")),
            _ => (format!("{name}-request@{host}"), format!("{name}-bounces@{host}")),
        };
        self.of_program(&from, &envelope, &format!("Welcome to {name}")).body("You are on the list now.\n")
    }

    fn of_program(&self, from: &str, envelope: &str, subject: &str) -> Letter {
        let host = self.host;
        let letter = Letter::from(from)
            .envelope(envelope)
            .field("Subject", subject)
            .field("Received", &received(host))
            .proven(&format!("dmarc=pass header.from={host}; dkim=pass header.d={host}"));
        match self.program {
            Program::Majordomo => letter.field("Precedence", "bulk"),
            _ => letter.field("Precedence", "bulk").field("Auto-Submitted", "auto-replied"),
        }
    }

    /// The user's messages to be put on it: where to, Subject, text. First the wish, then the answer to the question.
    pub fn wishes(&self, token: u64) -> [(String, String, String); 2] {
        let List { name, host, .. } = self;
        match self.program {
            Program::Majordomo => [
                (format!("majordomo@{host}"), String::new(), format!("subscribe {name}\n")),
                (
                    format!("majordomo@{host}"),
                    "Re: Your confirmation is required".into(),
                    format!("auth {token:08x} subscribe {name} {OWNER}\n"),
                ),
            ],
            _ => [
                (format!("{name}-join@{host}"), String::new(), String::new()),
                (
                    format!("{name}-confirm+{token:016x}@{host}"),
                    "Re: Your confirmation is required".into(),
                    "> We have received a request\n".into(),
                ),
            ],
        }
    }
}

fn received(host: &str) -> String {
    format!("from {host} ({host} [192.0.2.9])\n\tby mx.example.org with ESMTPS id 4B2")
}
