//! Where everything is.
//!
//! Promises: every path is whole. Never touches: what is there.

use std::path::PathBuf;

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// The key file.
    pub keys: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// The quarantine, a Maildir.
    pub quarantine: PathBuf,
    /// Where mail goes that passes.
    pub inbox: Inbox,
    /// The mail system's sendmail.
    pub sendmail: PathBuf,
}

/// Where mail goes that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbox {
    /// A program that takes the message on its standard input and answers 0 when it has it.
    Command(Vec<String>),
    /// A Maildir.
    Maildir(PathBuf),
    /// An mbox, which need not be there yet.
    Mbox(PathBuf),
}
