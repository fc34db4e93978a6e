//! mbox files.
//!
//! Promises: each file here has one noun. Never touches: Maildirs, what a message means.

mod ahead;
mod append;
mod dotlock;
mod draft;
mod from_line;
mod lock;
mod mmdf;
mod newest;
mod quote;
mod read;

pub use append::{Letter as NewLetter, Mailbox, Open, PATIENCE};
pub use dotlock::way as way_of_locking;
pub use from_line::{Form, FromLine};
pub use lock::look;
pub use mmdf::{Mmdf, is_separator};
pub use newest::newest;
pub use read::{Letter, Mbox};
