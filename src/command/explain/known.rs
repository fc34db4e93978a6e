//! The account of what is known from before.
//!
//! Promises: names are those of the log; a list entry is told as `check` tells it. Never touches: the store.

use serde::Serialize;

use super::message::EarlierShown;
use super::page::{Page, kebab, texts, when, yes};
use crate::operation::entry;
use crate::policy::own_mail::OwnMail;
use crate::policy::standing::{Entry, History, Standing, TokenStanding};

/// What is known from before.
#[derive(Debug, Serialize)]
pub struct Known {
    /// `ready`, `missing`, `corrupt`, `newer`.
    pub store: String,
    /// The list entry of the sender.
    pub sender: Option<serde_json::Value>,
    /// That of the sender's domain.
    pub domain: Option<serde_json::Value>,
    /// That of the mailing list.
    pub list: Option<serde_json::Value>,
    /// What the message is about, if the user sent that.
    pub own_mail: Option<OwnMailShown>,
    /// Whether it reports on a message that the user is not known to have sent.
    pub foreign: bool,
    /// When this address was last asked.
    pub asked: Option<i64>,
    /// Challenges in the last 60 minutes.
    pub last_hour: u32,
    /// Challenges in the last 24 hours.
    pub last_day: u32,
    /// When the sender said that it was not them, seconds since 1970.
    pub opted_out: Option<i64>,
    /// How many of the last 50 challenges came back as undeliverable.
    pub undeliverable: u32,
    /// How many other senders wrote a similar message in the last hour.
    pub alike: u32,
    /// Whether it is our own challenge's text sent back.
    pub echo: bool,
    /// Whether it says something about an earlier challenge.
    pub answers: bool,
    /// What the tokens speak of.
    pub tokens: Vec<TokenKnown>,
    /// People of an answer who are denied.
    pub denied: Vec<String>,
    /// The entries in words.
    #[serde(skip)]
    entries: Vec<String>,
}

/// What is known of a token.
#[derive(Debug, Serialize)]
pub struct TokenKnown {
    /// The number of the held message it speaks of.
    pub id: String,
    /// Whether that is still held.
    pub held: bool,
    /// Whether it was used before.
    pub spent: bool,
}

/// A message that the user sent.
#[derive(Debug, Serialize)]
pub struct OwnMailShown {
    /// `private` or `public`.
    pub class: &'static str,
    /// `row`, `cookie` or `topic`.
    pub how: &'static str,
    /// Its Message-ID, and where the message names it.
    pub id: Option<EarlierShown>,
}

impl OwnMailShown {
    fn of(own: &OwnMail) -> OwnMailShown {
        OwnMailShown { class: own.class.name(), how: own.how.name(), id: own.id.as_ref().map(EarlierShown::of) }
    }

    fn words(&self) -> String {
        match &self.id {
            Some(id) => format!("{} ({}): {}, known by {}", id.id, id.place, self.class, self.how),
            None => "a post to a private list, known by its Subject".to_owned(),
        }
    }
}

impl Known {
    pub(super) fn of(standing: &Standing) -> Known {
        let Standing {
            store,
            author: _,
            sender,
            domain,
            list,
            own,
            foreign,
            history,
            tokens,
            denied,
            echo,
            own_subjects: _,
            own_texts: _,
            answer,
            sent_copy: _,
        } = standing;
        let History { asked, last_hour, last_day, opted_out, undeliverable, alike } = *history;
        let of_token = |known: &TokenStanding| TokenKnown {
            id: known.token.held.to_string(),
            held: known.held.is_some(),
            spent: known.spent,
        };
        let of_entry = |entry: &Option<Entry>| entry.map(entry::as_json);
        let rows = [("sender", sender), ("domain", domain), ("list", list)];
        let words = |(what, entry): (&str, &Option<Entry>)| Some(format!("{what}: {}", entry::describe((*entry)?)));
        Known {
            store: kebab(store),
            sender: of_entry(sender),
            domain: of_entry(domain),
            list: of_entry(list),
            own_mail: own.as_ref().map(OwnMailShown::of),
            foreign: *foreign,
            asked,
            last_hour,
            last_day,
            opted_out,
            undeliverable,
            alike,
            echo: *echo,
            answers: answer.is_some(),
            tokens: tokens.iter().map(of_token).collect(),
            denied: texts(denied),
            entries: rows.into_iter().filter_map(words).collect(),
        }
    }

    /// Who of it is on the list, and which message of the user's it is about.
    pub(super) fn in_short(&self, page: &mut Page) {
        page.list("on your list", self.entries.iter().cloned(), "no");
        page.some("your own mail", self.own_mail.as_ref().map(OwnMailShown::words).as_ref());
    }

    pub(super) fn columns(&self, page: &mut Page) {
        page.heading("Known from before");
        page.row("store", &self.store);
        page.list("on your list", self.entries.iter().cloned(), "no");
        let own = if self.foreign { "no, and it reports on a message that is not known" } else { "no" };
        page.row("your own mail", &self.own_mail.as_ref().map_or(own.to_owned(), OwnMailShown::words));
        page.row("last asked", &self.asked.map_or("never, or long ago".to_owned(), when));
        page.some("not them", self.opted_out.map(|at| format!("since {}", when(at))).as_ref());
        page.row("came back", &format!("{} of the last challenges", self.undeliverable));
        page.row("alike", &format!("{} other senders wrote so in the last hour", self.alike));
        page.row("an answer", yes(self.answers));
        page.row("an echo", yes(self.echo));
        page.row("asked in all", &format!("{} in the last hour, {} in the last day", self.last_hour, self.last_day));
        let state = |held| if held { "still held" } else { "not held any more" };
        let spent = |spent| if spent { ", spent" } else { "" };
        page.lines("tokens", self.tokens.iter().map(|t| format!("{}: {}{}", t.id, state(t.held), spent(t.spent))));
        page.lines("denied", self.denied.iter().cloned());
    }
}
