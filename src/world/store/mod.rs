//! The store: list entries, and in a second file held messages, challenges sent and what became of the rest, behind one
//! narrow type, so that a server's database can stand behind it later. This folder is the only user of rusqlite.
//!
//! Promises: every change is one immediate transaction with full sync, or nothing; only keyed hashes go in; what is
//! wrong with the file is told apart from what is wrong with the machine. Never touches: policy, addresses.

mod accepted;
mod alike;
mod bounds;
mod bulk;
mod check;
mod column;
mod decision;
mod entry;
mod file;
mod held;
mod problem;
mod proven;
mod prune;
mod schema;
mod sent;
mod slot;
mod spent;
mod state;
mod trash;

pub use accepted::Recount;
pub use bounds::{PATIENCE, VERSION};
pub use bulk::{Change, Put};
pub use decision::DecisionRow;
pub use entry::LookUp;
pub use file::{Store, StoreFile};
pub use held::{HeldRow, Recorded};
pub use problem::StoreProblem;
pub use proven::{PINNED_FROM, pin_of};
pub use prune::Limits;
pub use sent::{ReadFile, SentRow};
pub use slot::{CLOCK_SLACK, SlotRequest};
pub use spent::SpentRow;
pub use state::{Asked, State};
pub use trash::Trashed;
