//! The configuration: one TOML file and the environment, read into values that cannot be wrong.
//!
//! Promises: every error names file, line and key and says the way out; an unknown key is an error; every default
//! is in this folder and nowhere else. Never touches: the keys, the store, the mail.

mod document;
mod environment;
mod paths;
mod reader;
mod syntax;
mod texts;

pub use environment::Environment;
pub use paths::{Inbox, Paths};
pub use reader::Config;
