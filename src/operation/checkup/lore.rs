//! Whether the program knows whom its user writes to.
//!
//! Promises: speaks only where sent mail lies there and nothing of any was ever learned. Never touches: what is in it.

use super::finding::Finding;
use crate::operation::lore::Lore;
use crate::operation::screen::shell_word;
use crate::policy::standing::Origin;
use crate::world::config::{Config, Environment};
use crate::world::store::{Store, StoreProblem};

/// Sent mail from which nothing was learned; what is wrong with the store is another check's.
pub(super) fn unlearned(config: &Config, environment: &Environment) -> Option<Finding> {
    let store = Store::open(&config.paths.store).ok()?;
    if knows_sent_mail(&store).ok()? {
        return None;
    }
    let sent = Lore::of(config, environment).sent;
    let first = sent.first()?;
    let words: Vec<String> = sent.iter().map(|path| shell_word(path)).collect();
    let said = format!("nobody is known to whom you have written, and sent mail lies in {}", first.display());
    let finding = Finding::note("sent mail", &said);
    Some(
        finding
            .way("learn from it, and let cron do so; or: countersign init")
            .line(&format!("countersign learn --sent {}", words.join(" "))),
    )
}

/// Whether anybody or any message was learned from mail that the user sent, by `learn` or by `sendmail`.
fn knows_sent_mail(store: &Store) -> Result<bool, StoreProblem> {
    Ok(store.knows_sent_since(i64::MIN)? || store.count_from(&[Origin::Sent, Origin::Replied], i64::MIN)? > 0)
}
