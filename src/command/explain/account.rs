//! The account of one decision: what would become of the message and why; then every fact, what is known from before, the
//! rules passed over, the rule that decided, what would be done, and the challenge as it would go out.
//!
//! Promises: the one documented object of `explain --json`, and the same in columns, in short or whole; what decided stands
//! first; foreign text is fit to be shown.
//! Never touches: the decision.

use serde::Serialize;

use super::known::Known;
use super::look::LookShown;
use super::message::Shown;
use super::page::Page;
use crate::operation::ask;
use crate::operation::case::Case;
use crate::operation::installation::Installation;
use crate::policy::verdict::{Verdict, passes_unasked};

/// The account. Times are seconds since 1970; names are those of the log.
#[derive(Debug, Serialize)]
pub struct Account {
    /// The file; none for standard input.
    pub path: Option<String>,
    /// `pass`, `hold`, `challenge` or `discard`; what would be decided if the mode lets everything pass.
    pub verdict: &'static str,
    /// The rule that decided.
    pub reason: &'static str,
    /// Who would be asked.
    pub challenge_to: Option<String>,
    /// Who is allowed from now on by this message.
    pub confirms: Option<String>,
    /// The reason in a sentence.
    pub sentence: String,
    /// The same with the reason's name.
    #[serde(skip)]
    pub because: String,
    /// Whether it passes without the proof that the entry of its sender asks for, since nobody has looked for one.
    pub pin_unasked: bool,
    /// Whether the mode (`observe`, `off`) lets it pass all the same.
    pub mode_lets_pass: bool,
    /// Whether it was taken as a proven first contact.
    pub assumed_first_contact: bool,
    /// The rules that did not match, in order; what follows them decided.
    pub passed_over: Vec<&'static str>,
    /// What would be done, in order.
    pub plan: Vec<String>,
    /// What the message is.
    pub facts: Shown,
    /// What is known from before.
    pub standing: Known,
    /// What own eyes see, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<LookShown>,
    /// The challenge that would go out, with zeros for its token.
    pub challenge: Option<String>,
}

impl Account {
    /// Writes down a case.
    #[must_use]
    pub fn of(installation: &Installation, path: Option<String>, case: &Case, assumed: bool, now: i64) -> Account {
        let (verdict, reason) = case.decision.instead.unwrap_or((case.decision.verdict, case.decision.reason));
        let to = case.decision.challenge.as_ref().filter(|_| verdict == Verdict::Challenge).map(|(to, _)| to);
        let mail = to.and_then(|to| ask::write(installation, case.store.as_ref(), &case.facts, None, to, now).ok());
        Account {
            path,
            verdict: verdict.name(),
            reason: reason.name(),
            challenge_to: to.map(ToString::to_string),
            confirms: case.confirmation.as_ref().map(|confirmation| confirmation.challenged.to_string()),
            sentence: reason.sentence(),
            because: reason.sentence_and_name(),
            pin_unasked: passes_unasked(&case.facts, &case.standing, reason),
            mode_lets_pass: case.decision.instead.is_some(),
            assumed_first_contact: assumed,
            passed_over: case.decision.passed_over.clone(),
            plan: case.plan.iter().map(ToString::to_string).collect(),
            facts: Shown::of(installation, &case.facts),
            standing: Known::of(&case.standing),
            look: None,
            challenge: mail.map(|mail| String::from_utf8_lossy(&mail.bytes).into_owned()),
        }
    }

    /// In columns, `whole` or in short.
    #[must_use]
    pub fn columns(&self, width: Option<usize>, whole: bool) -> String {
        let mut page = Page(String::new(), width);
        page.sentence(&self.verdict_in_words());
        if whole {
            self.all(&mut page);
        } else {
            self.in_short(&mut page);
        }
        page.0
    }

    /// What would become of it, and why.
    fn verdict_in_words(&self) -> String {
        let becomes = match (self.verdict, &self.challenge_to) {
            ("pass", _) => "pass".to_owned(),
            ("discard", _) => "be thrown away".to_owned(),
            ("challenge", Some(to)) => format!("be held, and {to} be asked once"),
            _ => "be held".to_owned(),
        };
        let because = &self.because;
        match (self.mode_lets_pass, self.verdict) {
            (true, "pass") | (false, _) => format!("It would {becomes}: {because}."),
            (true, _) => format!("It would pass, as the mode lets everything; else it would {becomes}: {because}."),
        }
    }

    /// What the decision rests on, as far as there is anything to say of it.
    fn in_short(&self, page: &mut Page) {
        page.0.push('\n');
        self.facts.in_short(page);
        self.standing.in_short(page);
        if let Some(look) = &self.look {
            look.in_short(page);
        }
        self.outcome(page);
        let challenge = if self.challenge.is_some() { ", and the challenge as it would go out" } else { "" };
        page.0.push('\n');
        page.sentence(&format!("All facts, the rules that did not match{challenge}: countersign explain -v"));
    }

    fn all(&self, page: &mut Page) {
        self.facts.columns(page);
        self.standing.columns(page);
        if let Some(look) = &self.look {
            look.columns(page);
        }
        page.heading("Decision");
        page.all("passed over", self.passed_over.iter().map(ToString::to_string));
        page.row("decided by", self.reason);
        page.row("verdict", self.verdict);
        page.row("because", &self.sentence);
        self.outcome(page);
        if let Some(mail) = &self.challenge {
            page.heading("The challenge, with zeros for its tokens");
            mail.lines().for_each(|line| page.0.push_str(&format!("    {line}\n")));
        }
    }

    fn outcome(&self, page: &mut Page) {
        if self.pin_unasked {
            page.row("its proof", "not asked for: no trusted field of this message holds a DKIM or DMARC result");
        }
        page.some("confirms", self.confirms.as_ref());
        page.lines("would", self.plan.iter().cloned());
        if self.mode_lets_pass {
            page.row("but", "the mode lets everything pass");
        }
        if self.assumed_first_contact {
            page.row("assumed", "proven, written to you, from a stranger");
        }
    }
}
