//! What the benches of speed have in common: the letters, a mailbox to give them to, and how a run is counted.
#![allow(dead_code, reason = "each bench uses a part of it")]

pub mod c;
pub mod count;
pub mod empty;
pub mod fill;
pub mod home;
pub mod letter;
