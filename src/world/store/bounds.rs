//! What the store is bound to: which schema it has, and how long it waits for others. Plain numbers.

use std::time::Duration;

/// How long to wait for another process's transaction: 64 of them at once on a slow disk took 3.8 s (measured).
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The schema of messages and challenges that this program reads and writes.
pub const VERSION: i64 = 7;
/// The schema of the list.
pub const LIST_VERSION: i64 = 1;
