//! The account of one decision: every fact, what is known from before, the rules passed over, the rule that decided,
//! what would be done, and the challenge as it would go out.
//!
//! Promises: the one documented object of `explain --json`, and the same in columns; foreign text is fit to be shown.
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

    /// In columns.
    #[must_use]
    pub fn columns(&self, width: Option<usize>) -> String {
        let mut page = Page(String::new(), width);
        self.facts.columns(&mut page);
        self.standing.columns(&mut page);
        if let Some(look) = &self.look {
            look.columns(&mut page);
        }
        page.heading("Decision");
        page.all("passed over", self.passed_over.iter().map(ToString::to_string));
        page.row("decided by", self.reason);
        page.row("verdict", self.verdict);
        page.row("because", &self.sentence);
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
        if let Some(mail) = &self.challenge {
            page.heading("The challenge, with zeros for its tokens");
            mail.lines().for_each(|line| page.0.push_str(&format!("    {line}\n")));
        }
        page.0
    }
}
