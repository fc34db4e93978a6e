//! The system's random source.
//!
//! Promises: no weaker source ever stands in for it. Never touches: what the numbers are for.

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

/// 64 random bits.
///
/// # Errors
/// When the system gives none; then nothing that needs a number can be done.
pub fn bits() -> Result<u64> {
    let mut bytes = [0; 8];
    fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Fills it with random bytes.
///
/// # Errors
/// When the system gives none.
pub fn fill(bytes: &mut [u8]) -> std::io::Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_is_filled() {
        // More than the system gives at once when a signal comes (getrandom(2)). Zeros in a row of 32 come by chance once in
        // 2^256.
        let mut bytes = vec![0; 10_000];
        fill(&mut bytes).unwrap();
        assert!(bytes.chunks_exact(32).all(|chunk| chunk.iter().any(|&byte| byte != 0)));
        assert_ne!(bits().unwrap(), bits().unwrap());
    }
}
