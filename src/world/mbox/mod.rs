//! mbox files.
//!
//! Promises: each file here has one noun. Never touches: Maildirs, what a message means.

mod append;
mod dotlock;
mod lock;
mod newest;
mod quote;
mod read;

pub use append::{Letter as NewLetter, Mailbox, Open, PATIENCE};
pub use dotlock::way as way_of_locking;
pub use lock::look;
pub use newest::newest;
pub use read::{FROM_LINE_LIMIT, FromLine, Letter, Mbox};
