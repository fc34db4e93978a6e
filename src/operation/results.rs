//! Whether the results of the user's mail system still come: a checker that has died takes the proof from the mail of people
//! one knows, and nothing else is seen of it.
//!
//! Promises: says it only where several people are affected and recent mail in the inbox has no result either. Never
//! touches: what is held.

use crate::facts::Facts;
use crate::mail::compose::short_date;
use crate::operation::place::Place;
use crate::origin::envelope::Caller;
use crate::world::config::Config;
use crate::world::store::{Store, StoreProblem, Unproven};

/// How far back is looked, in seconds: a longer time would still tell of what was mended.
const LOOK_BACK: i64 = 3 * 86_400;
/// One name may be forged; of two or more, the checker is the likelier reason.
const FEWEST_PEOPLE: u64 = 2;
/// So many of the newest messages in the inbox must have no result either, where there are so many.
const NEWEST: usize = 3;

/// What to say where they have stopped.
///
/// # Errors
/// [`StoreProblem`]
pub fn stopped(config: &Config, store: &Store, now: i64) -> Result<Option<String>, StoreProblem> {
    if config.policy.trust.ids.is_empty() {
        return Ok(None);
    }
    let unproven = store.unproven_since(now - LOOK_BACK)?;
    if unproven.people < FEWEST_PEOPLE || inbox_has_results(config) {
        return Ok(None);
    }
    Ok(Some(sentence(config, unproven)))
}

fn inbox_has_results(config: &Config) -> bool {
    let (paths, trust) = (&config.paths, &config.policy.trust);
    let newest = Place::of(&paths.inbox).map(|place| place.newest(NEWEST)).unwrap_or_default();
    newest.iter().any(|start| !Facts::read(start, &Caller::default(), trust).authentication.believed.is_empty())
}

fn sentence(config: &Config, Unproven { messages, people, first }: Unproven) -> String {
    let id = config.policy.trust.ids.first().map(String::as_str).unwrap_or_default();
    format!(
        "No mail has had a result of {id} since {} UTC: is its checker (such as opendkim or rspamd) running? {messages} messages \
         from {people} people you know are held, since their proof is missing. What you release arrives.",
        short_date(first)
    )
}
