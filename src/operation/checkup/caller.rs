//! The check of who calls this program.
//!
//! Promises: only looks. Never touches: the mail system's files.

use super::finding::Finding;
use crate::world::config::{Config, Environment};

/// Where a call of this program may stand, below the home.
const CALLERS: [&str; 6] = [".procmailrc", ".mailfilter", ".forward", ".courier", ".dovecot.sieve", ".qmail"];

/// Whether anything calls this program.
pub(super) fn calls(config: &Config, environment: &Environment) -> Finding {
    let Some(home) = &environment.home else {
        return Finding::note("mail system", "HOME is not set: nothing to look at");
    };
    let mut found = Vec::new();
    for name in CALLERS {
        let text = std::fs::read_to_string(home.join(name)).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && line.contains("countersign"));
        let calls: Vec<&str> = lines.collect();
        let unguarded = |line: &&&str| line.contains(" deliver") && !line.contains("exit 75");
        if let (".forward", Some(_)) = (name, calls.iter().find(unguarded)) {
            return Finding::wrong(
                "mail system",
                "~/.forward calls deliver without || exit 75: a crash bounces the mail",
            )
            .way("copy the line that countersign init prints");
        }
        found.extend((!calls.is_empty()).then(|| format!("~/{name}")));
    }
    if found.is_empty() {
        return Finding::note("mail system", "neither .procmailrc nor .mailfilter nor .forward calls it").way(
            "countersign init prints the lines; or the mail system calls it by itself (Exim, OpenSMTPD, Dovecot)",
        );
    }
    let usual = home.join(".config/countersign/config.toml");
    if config.paths.config != usual && environment.config.is_some() {
        return Finding::note("mail system", &format!("called in {}", found.join(", ")))
            .way(format!("see that the call says --config {}", config.paths.config.display()));
    }
    Finding::good("mail system", &format!("called in {}", found.join(", ")))
}
