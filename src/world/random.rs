//! The system's random source.
//!
//! Promises: no weaker source ever stands in for it. Never touches: keys (`secret/`).

use anyhow::{Result, anyhow};

/// 64 random bits.
///
/// # Errors
/// When the system gives none; then nothing that needs a number can be done.
pub fn bits() -> Result<u64> {
    getrandom::u64().map_err(|error| anyhow!("the system gives no random numbers: {error}"))
}
