//! The store: list entries, held messages, challenges sent, behind one narrow type, so that a server's database can
//! stand behind it later. This folder is the only user of rusqlite.
//!
//! Promises: every change is one immediate transaction with full sync, or nothing; only keyed hashes go in; what is
//! wrong with the file is told apart from what is wrong with the machine. Never touches: policy, addresses.

mod alike;
mod check;
mod column;
mod decision;
mod entry;
mod file;
mod held;
mod problem;
mod prune;
mod schema;
mod slot;
mod spent;
mod state;

use std::time::Duration;

pub use decision::DecisionRow;
pub use file::Store;
pub use held::{HeldRow, Recorded};
pub use problem::StoreProblem;
pub use prune::Limits;
pub use slot::{CLOCK_SLACK, SlotRequest};
pub use spent::SpentRow;
pub use state::{Asked, State};

/// How long to wait for another process's transaction: 64 of them at once on a slow disk took 3.8 s (measured).
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The schema this program reads and writes.
pub const VERSION: i64 = 3;
