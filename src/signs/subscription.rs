//! Which mailing lists a message that the user sent subscribes to: how list programs are asked for it by mail (seed 004,
//! "detect list subscription attempts"), and what they will answer from.
//!
//! Promises: only what a list program would take for a command counts, never a question or what is quoted; what leaves a
//! list subscribes to none; linear in time. Never touches: whether the user sent it, whether the list is proven, the store.

use super::list_id::ListId;
use crate::mail::address::Address;
use crate::mail::body::Body;
use crate::mail::fold::decode_words;
use crate::mail::head::Head;
use crate::mail::quotation::own_lines;

/// Most bytes of a text in which commands are looked for.
const TEXT_LIMIT: usize = 16 * 1024;
/// Most lines of one message that are taken for commands; list programs give up long before.
const LINES: usize = 100;
/// Shortest token of a confirmation. Those of list programs are longer.
const SHORTEST_TOKEN: usize = 8;

/// One mailing list that a message subscribes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// What the list's mail may be known by, as [`super::list_id`] reads it: its List-Id, and the envelope senders that
    /// list programs use, the likeliest first.
    pub lists: Vec<ListId>,
    /// The address to which one writes to everybody on it.
    pub posting: Address,
    /// From which addresses its program asks for a confirmation and bids welcome, as [`helper`] gives them.
    pub helpers: Vec<Address>,
}

/// What a message that the user sent to these recipients subscribes to; `body` may end anywhere. Each list is named once.
#[must_use]
pub fn of_message(recipients: &[Address], head: &Head<'_>, body: &Body<'_>) -> Vec<Subscription> {
    if !recipients.iter().any(|one| Way::to(&one.plain_local()).is_some()) && recipients.len() != 1 {
        return Vec::new();
    }
    let subject = head.first("Subject").map(|field| decode_words(field.raw)).unwrap_or_default();
    let text = body.texts().next().map(|(_, text)| text.shown(TEXT_LIMIT));
    subscriptions(recipients, &subject, text.as_deref().unwrap_or_default())
}

/// The same of what the message says: its Subject and its text, both decoded.
#[must_use]
pub fn subscriptions(recipients: &[Address], subject: &str, text: &str) -> Vec<Subscription> {
    let text = &text[..text.floor_char_boundary(TEXT_LIMIT)];
    let letter = Letter { subject: subject.trim(), text, lines: own_lines(text).into_iter().take(LINES).collect() };
    let mut found: Vec<Subscription> = Vec::new();
    for recipient in recipients {
        let asked = asked(recipient, &letter, recipients.len() == 1);
        for subscription in asked.into_iter().filter_map(|list| list.subscription(recipient)) {
            if !found.iter().any(|other| other.posting.normal() == subscription.posting.normal()) {
                found.push(subscription);
            }
        }
    }
    found
}

/// The address under which a list's program is known, without what is made for one request or recipient:
/// `users-confirm+12ab34cd@lists.example` is `users-confirm@lists.example`.
#[must_use]
pub fn helper(address: &Address) -> Address {
    let local = address.plain_local();
    let end = TOKENS.iter().filter_map(|mark| local.find(mark).map(|at| at + mark.len() - 1)).min();
    end.and_then(|end| address.with_local(&local[..end]).ok()).unwrap_or_else(|| address.clone())
}

/// Behind these a token stands: Mailman, ezmlm, mlmmj, groups of Google.
const TOKENS: [&str; 4] = ["-confirm+", "-sc.", "+confsub-", "+subconfirm-"];

/// What a message says, as far as list programs look.
struct Letter<'t> {
    subject: &'t str,
    text: &'t str,
    /// What the user wrote in it.
    lines: Vec<&'t str>,
}

/// A list that is asked for.
struct Asked {
    /// Its name, or its whole address.
    name: String,
    /// What stands between its name and the word for what one wants: `-`, or `+` for mlmmj and groups.
    joint: char,
    /// Other addresses of the program at the list's host.
    program: &'static [&'static str],
}

/// How the program behind an address is asked.
enum Way<'l> {
    /// The address names the list and says it all.
    Address(&'l str, char),
    /// The address names the list, and answers a question that another program of the list asked.
    Answer(&'l str, char),
    /// The address names the list, and commands stand in the message.
    Request(&'l str),
    /// The list too is named by a command.
    Robot(&'static Robot),
}

/// A program that keeps many lists.
struct Robot {
    /// Its local part.
    name: &'static str,
    /// From which it may write too.
    others: &'static [&'static str],
    /// Whether a command in the Subject counts.
    reads_subject: bool,
    /// Whether behind the list the user's name may stand, and not only an address.
    takes_name: bool,
}

const ROBOTS: [Robot; 6] = [
    Robot {
        name: "majordomo",
        others: &["majordomo", "majordomo-owner", "owner-majordomo"],
        reads_subject: false,
        takes_name: false,
    },
    Robot { name: "majordom", others: &["majordom", "majordomo-owner"], reads_subject: false, takes_name: false },
    Robot { name: "listserv", others: &["listserv", "owner-listserv"], reads_subject: true, takes_name: true },
    Robot {
        name: "sympa",
        others: &["sympa", "sympa-request", "sympa-owner", "listmaster"],
        reads_subject: true,
        takes_name: true,
    },
    Robot { name: "listproc", others: &["listproc"], reads_subject: false, takes_name: true },
    Robot { name: "ecartis", others: &["ecartis"], reads_subject: true, takes_name: false },
];

impl<'l> Way<'l> {
    fn to(local: &'l str) -> Option<Way<'l>> {
        let robot = ROBOTS.iter().find(|robot| robot.name == local).map(Way::Robot);
        let way = robot.or_else(|| answered(local)).or_else(|| by_address(local));
        let way = way.or_else(|| local.strip_suffix("-request").map(Way::Request))?;
        let name = match &way {
            Way::Robot(_) => return Some(way),
            Way::Address(name, _) | Way::Answer(name, _) | Way::Request(name) => *name,
        };
        // `un-subscribe` is no list called un.
        (is_name(name) && name != "un").then_some(way)
    }
}

/// `users-sc.1234567890.abcdefgh-alice=example.org`, `users-confirm+12ab34cd`, `users+confsub-12ab34cd`,
/// `users+subconfirm`: the answer to a question is what the user sends there.
fn answered(local: &str) -> Option<Way<'_>> {
    let behind = |mark: &str| local.find(mark).map(|at| (&local[..at], &local[at + mark.len()..]));
    let is_token = |token: &str| token.len() >= SHORTEST_TOKEN && token.bytes().any(|byte| byte.is_ascii_digit());
    if let Some((name, _)) = behind("-sc.").filter(|(_, token)| is_token(token)) {
        return Some(Way::Address(name, '-'));
    }
    if let Some((name, _)) = behind("+confsub-").filter(|(_, token)| is_token(token)) {
        return Some(Way::Address(name, '+'));
    }
    if let Some((name, rest)) = behind("+subconfirm") {
        return (rest.is_empty() || rest.starts_with('-')).then_some(Way::Address(name, '+'));
    }
    behind("-confirm+").filter(|(_, token)| is_token(token)).map(|(name, _)| Way::Answer(name, '-'))
}

/// `users-subscribe`, `users-join` (Mailman), `users-subscribe-alice=example.org` (ezmlm), `users+subscribe-digest` (mlmmj),
/// `users-subscribe-request` (LISTSERV), `join-users` (Lyris).
fn by_address(local: &str) -> Option<Way<'_>> {
    if let Some((name, _)) = local.split_once("-subscribe-").filter(|(_, user)| user.contains('=')) {
        return Some(Way::Address(name.strip_suffix("-digest").unwrap_or(name), '-'));
    }
    let short = ["-digest", "-nomail", "-request"].iter().find_map(|end| {
        let short = local.strip_suffix(end)?;
        short.ends_with("subscribe").then_some(short)
    });
    let local = short.unwrap_or(local);
    if let Some(name) = local.strip_suffix("subscribe") {
        let joint = name.chars().next_back().filter(|c| matches!(c, '-' | '+' | '.' | '_'))?;
        let name = &name[..name.len() - joint.len_utf8()];
        return Some(Way::Address(name.strip_suffix("-digest").unwrap_or(name), if joint == '+' { '+' } else { '-' }));
    }
    let prefixed = || local.strip_prefix("subscribe-").or_else(|| local.strip_prefix("join-"));
    local.strip_suffix("-join").or_else(prefixed).map(|name| Way::Address(name, '-'))
}

/// The lists that one recipient of a message is asked for.
fn asked(recipient: &Address, letter: &Letter<'_>, alone: bool) -> Vec<Asked> {
    let local = recipient.plain_local();
    let here = |name: &str, joint| vec![Asked { name: name.to_owned(), joint, program: &[] }];
    match Way::to(&local) {
        Some(Way::Address(name, joint)) => here(name, joint),
        Some(Way::Answer(name, joint)) if !letter.leaves() => here(name, joint),
        Some(Way::Request(name)) if letter.subscribes_to(name) => here(name, '-'),
        Some(Way::Robot(robot)) => letter.commands(robot),
        None if alone && letter.is_only_subscribe(&local) => here(&local, '-'),
        Some(Way::Answer(..) | Way::Request(_)) | None => Vec::new(),
    }
}

impl<'t> Letter<'t> {
    /// Whether a command subscribes to the list whose own address it was sent to.
    fn subscribes_to(&self, name: &str) -> bool {
        let confirms = confirms(self.subject) && !self.leaves();
        confirms || is_subscribe(self.subject, name) || self.orders().any(|line| is_subscribe(line, name))
    }

    /// The lists that commands to a robot subscribe to.
    fn commands(&self, robot: &Robot) -> Vec<Asked> {
        let subject = Some(self.subject).filter(|_| robot.reads_subject);
        let names = subject.into_iter().chain(self.orders()).filter_map(|line| named_by_command(line, robot));
        names.map(|name| Asked { name: name.to_ascii_lowercase(), joint: '-', program: robot.others }).collect()
    }

    /// Whether it is what a mail program writes for `List-Subscribe: <mailto:x@y?subject=subscribe>`.
    fn is_only_subscribe(&self, name: &str) -> bool {
        let leaves = ["leave", "signoff", "unsubscribe"].iter().any(|word| name.contains(word));
        !leaves && is_subscribe(self.subject, name) && self.lines.iter().all(|line| is_subscribe(line, name))
    }

    /// The lines that a program takes for commands.
    fn orders(&self) -> impl Iterator<Item = &'t str> {
        let is_end = |line: &str| ["end", "quit", "stop"].iter().any(|word| line.eq_ignore_ascii_case(word));
        self.lines.iter().copied().take_while(move |line| !is_end(line))
    }

    /// Whether what is answered was about leaving a list: a token says nothing of what it is for.
    fn leaves(&self) -> bool {
        let text = format!("{}\n{}", self.subject, self.text).to_lowercase();
        ["unsubscri", "removal of", "be removed", "to leave", "signoff"].iter().any(|words| text.contains(words))
    }
}

/// `subscribe`, `join`, and behind it nothing but what list programs understand there (Mailman, SmartList, Majordomo): the
/// list, an address, words about digests. `Subscribe button broken` is none.
fn is_subscribe(line: &str, name: &str) -> bool {
    const WORDS: [&str; 6] = ["digest", "nodigest", "nomail", "me", "please", "anonymous"];
    let mut words = line.trim_end_matches(['.', '!']).split_ascii_whitespace();
    let is = |word: &str, known: &str| word.eq_ignore_ascii_case(known);
    words.next().is_some_and(|verb| is(verb, "subscribe") || is(verb, "join"))
        && words.all(|word| is(word, name) || word.contains('@') || WORDS.iter().any(|known| is(word, known)))
}

/// `Re: confirm 12ab34cd…` (Mailman).
fn confirms(subject: &str) -> bool {
    let words: Vec<&str> = subject.split_ascii_whitespace().filter(|word| !word.ends_with(':')).collect();
    let is_token = |token: &str| token.len() >= SHORTEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    matches!(words[..], [verb, token] if verb.eq_ignore_ascii_case("confirm") && is_token(token))
}

/// `subscribe users [alice@example.org]`, `SUB users Alice Liddell`, `auth 12ab34cd subscribe users …`: the list.
fn named_by_command<'t>(line: &'t str, robot: &Robot) -> Option<&'t str> {
    let is = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    let mut words = line.split_ascii_whitespace().peekable();
    while let Some(word) = words.next_if(|word| is(word, &["auth", "quiet"])) {
        words.next_if(|_| is(word, &["auth"]));
    }
    let verb = words.next()?;
    let verbs: &[&str] =
        if robot.takes_name { &["subscribe", "sub", "subs", "signup", "join"] } else { &["subscribe"] };
    let name = words.next().filter(|name| is(verb, verbs) && is_name(name.split('@').next().unwrap_or_default()))?;
    let rest = words.collect::<Vec<_>>().join(" ");
    let asks = rest.ends_with('?') || is(name, &["me", "to", "the", "us", "a", "on", "for", "this"]);
    (!asks && (robot.takes_name || rest.is_empty() || rest.contains('@'))).then_some(name)
}

/// Whether a list can be called so.
fn is_name(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'&' | b'+');
    text.bytes().all(good) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

impl Asked {
    /// The list at the host of the address that was asked. None where it can have no address.
    fn subscription(&self, asked: &Address) -> Option<Subscription> {
        let posting = match self.name.contains('@') {
            true => Address::parse(&self.name).ok()?,
            false => asked.with_local(&self.name).ok()?,
        };
        let (name, host, joint) = (posting.plain_local(), posting.domain(), self.joint);
        let mut lists = vec![format!("{name}.{host}"), format!("{name}@{host}"), format!("owner-{name}@{host}")];
        lists
            .extend(["bounces", "return", "owner", "admin", "request"].map(|end| format!("{name}{joint}{end}@{host}")));
        let ends: &[&str] = match joint {
            '+' => &["confsub", "help", "owner", "subconfirm", "subscribe"],
            _ => &["confirm", "help", "join", "owner", "request", "sc", "subscribe"],
        };
        let mut helpers = vec![helper(asked), posting.clone()];
        helpers.extend(posting.with_local(&format!("owner-{name}")).ok());
        helpers.extend(ends.iter().filter_map(|end| posting.with_local(&format!("{name}{joint}{end}")).ok()));
        helpers.extend(self.program.iter().filter_map(|local| asked.with_local(local).ok()));
        let mut once: Vec<Address> = Vec::new();
        helpers.into_iter().for_each(|one| {
            if !once.contains(&one) {
                once.push(one)
            }
        });
        let lists = lists.iter().filter_map(|text| ListId::new(text)).collect();
        Some(Subscription { lists, posting, helpers: once })
    }
}
