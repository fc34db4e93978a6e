//! Names of messages.
//!
//! Promises: a name never leads elsewhere. Never touches: files.

use anyhow::{Context, ensure};
use data_encoding::HEXLOWER;

use crate::world::{clock, host, random};

/// A name comes from an id of ours, never from a message; a bug must not lead elsewhere.
pub(super) fn check_name(name: &str) -> anyhow::Result<()> {
    let bad = name.is_empty() || name.len() > 200 || name.starts_with('.');
    ensure!(!bad && !name.contains(['/', ':', '\0', '\n']), "{name:?} is no name for a message");
    Ok(())
}

/// The conventional form, `seconds.MmicrosecondsPprocessQrandom.host`; the random part alone makes it unique.
pub(super) fn unique_name() -> anyhow::Result<String> {
    let (seconds, microseconds) = clock::now_with_microseconds();
    let process = rustix::process::getpid().as_raw_nonzero();
    Ok(format!("{seconds}.M{microseconds}P{process}Q{}.{}", random_hex()?, host()))
}

pub(super) fn random_hex() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    random::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(HEXLOWER.encode(&bytes))
}

/// The host's name with the two characters that mean something in a Maildir written as the definition says.
fn host() -> String {
    let name = host::name();
    let name: String = name.trim().chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(64).collect();
    if name.is_empty() { "localhost".to_owned() } else { name.replace('/', "\\057").replace(':', "\\072") }
}
