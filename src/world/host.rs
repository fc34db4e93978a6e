//! The name of this host, as the kernel knows it.
//!
//! Promises: asks the kernel and no file; it may be empty. Never touches: what the network calls this host.

/// The name, with U+FFFD for what is no Unicode.
#[must_use]
pub fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
