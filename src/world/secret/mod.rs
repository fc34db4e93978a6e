//! The key file: the secrets without which no token is verified and no list entry is found.
//!
//! Promises: a key file that others can read, that is another user's or that has one wrong line is refused, with
//! the line and the way out; no key is ever overwritten by another; a crash leaves the old file or the new one; no
//! message shows a key. Never touches: what the keys are used for.

mod bounds;
mod error;
mod file;
mod line;
mod replacement;
mod text;

pub use bounds::FILE_LIMIT;
pub use error::SecretError;
pub use file::{Created, create, export, import, load, rotate, unused};
pub use line::{LineFault, Purpose};
