//! Whether the results of the user's mail system still come: where a checker has died nothing is proven any more, and nothing
//! else is seen of it.
//!
//! Promises: says it only where mail was proven before, and enough of the newest mail in the inbox came from elsewhere without
//! a result. Where the inbox is a command nobody sees that mail, and nothing is said. Never touches: the mail.

use crate::mail::head::Head;
use crate::operation::evidence::{MESSAGE_LIMIT, PROBE_ID};
use crate::operation::place::Place;
use crate::origin::auth::{Authentication, Trust};
use crate::origin::eyes::Look;
use crate::policy::block;
use crate::world::config::Config;
use crate::world::store::{Store, StoreProblem};

/// So many of the newest messages in the inbox must have no result: a few may have come from a host that nobody checks.
const NEWEST: usize = 10;

/// What a message in the inbox shows.
struct Letter {
    /// Whether a trusted field holds a result of DKIM or DMARC.
    has_result: bool,
    /// When it arrived, where this program has stored it.
    arrival: Option<i64>,
}

/// What to say where they have stopped.
///
/// # Errors
/// [`StoreProblem`]
pub fn stopped(config: &Config, store: &Store) -> Result<Option<String>, StoreProblem> {
    let trust = &config.policy.trust;
    if trust.ids.is_empty() {
        return Ok(None);
    }
    let letters = newest(config);
    let Some((newest, older)) = letters.split_at_checked(NEWEST) else { return Ok(None) };
    if newest.iter().any(|letter| letter.has_result) {
        return Ok(None);
    }
    // What own eyes have proven says nothing of the server; its results in older mail do.
    let came = match trust.eyes.look {
        Look::Off => store.has_seen_proof()? && !came_since(newest, store)?,
        Look::Always | Look::WhereSilent => older.iter().any(|letter| letter.has_result),
    };
    Ok(came.then(|| sentence(trust)))
}

/// Strangers' mail is held, and may have results that the inbox does not show.
fn came_since(newest: &[Letter], store: &Store) -> Result<bool, StoreProblem> {
    let oldest = newest.iter().filter_map(|letter| letter.arrival).min();
    oldest.map_or(Ok(false), |oldest| store.has_proof_since(oldest))
}

/// The newest first.
fn newest(config: &Config) -> Vec<Letter> {
    let (paths, trust) = (&config.paths, &config.policy.trust);
    let newest = Place::of(&paths.inbox).map(|place| place.newest(MESSAGE_LIMIT)).unwrap_or_default();
    newest.iter().filter_map(|start| letter(&Head::read(start), trust)).collect()
}

fn letter(head: &Head<'_>, trust: &Trust) -> Option<Letter> {
    let is_probe = head.first("Message-ID").is_some_and(|id| id.text().trim_start_matches('<').starts_with(PROBE_ID));
    let counts = !is_probe && came_from_elsewhere(head);
    let has_result = || Authentication::read(head, trust).speaks;
    counts.then(|| Letter { has_result: has_result(), arrival: block::arrival(head) })
}

/// What was handed in on this very host is not checked: Postfix, Sendmail and qmail then name no host, and Exim says `local`.
fn came_from_elsewhere(head: &Head<'_>) -> bool {
    head.all("Received").any(|field| {
        let text = field.text();
        text.starts_with("from ") && !text.contains(" with local ")
    })
}

fn sentence(trust: &Trust) -> String {
    let meaning = match trust.eyes.look {
        Look::Always => "What is proven is what the program sees by itself.",
        Look::Off => "No stranger is asked any more, and whoever feigns the name of somebody you know passes.",
        Look::WhereSilent => "Whoever feigns the name of somebody you know passes.",
    };
    format!(
        "None of the newest {NEWEST} messages in your inbox has a DKIM or DMARC result of {}, and earlier mail had: is its \
         checker (such as opendkim or rspamd) running? {meaning}",
        trust.ids.join(" or ")
    )
}
