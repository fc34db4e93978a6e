//! mbox files.
//!
//! Promises: each file here has one noun. Never touches: Maildirs, what a message means.

mod read;

pub use read::{FROM_LINE_LIMIT, FromLine, Letter, Mbox};
