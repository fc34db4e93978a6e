//! Maildirs: where messages become durable, and are found, moved and removed.
//!
//! Promises: what [`Draft::commit`] calls stored is on stable storage under its name, and what is not stored leaves
//! nothing in `new/`; a file is never overwritten; of two processes that move or remove one message, one does it
//! and the other is told so; a crash at any point leaves the message whole in at least one place. Never touches:
//! what a message says. A symbolic link in place of `cur/`, `new/` or `tmp/` is followed: the home is the user's.
//!
//! The rules are those of the Maildir definition by D. J. Bernstein and of Maildir++ (folders that begin with a dot).

mod claim;
mod draft;
mod entry;
mod file_system;
mod layout;
mod mark;
mod moving;
mod name;
mod quota;

pub use claim::Claimed;
pub use draft::{ABANDONED_AFTER, Committed, Draft};
pub use entry::{Entry, Moved, Removed, Start, Status};
pub use layout::Maildir;
pub use mark::Mark;
