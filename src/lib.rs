//! # countersign
//!
//! A one-shot program that a mail system runs once per message. It passes mail from people its user knows, holds
//! the rest in a Maildir, and asks a proven stranger once.
//!
//! ## The map, in reading order
//!
//! | module | is |
//! | --- | --- |
//! | [`cli`], [`exit`], [`report`] | command line, exit codes, the one diagnostic line |
//! | [`mail`] | PURE: the format. Bytes to fields, addresses, parts and text, and back |
//! | [`origin`] | PURE: who sent it, and who says so |
//! | [`signs`] | PURE: whether a program wrote it, or many got it |
//! | [`facts`] | PURE: what is known about one message, by asking the three rooms above |
//! | [`policy`] | PURE: meaning to decision |
//! | [`world`] | every side effect, one resource a file or folder |
//! | [`operation`] | what several commands do alike |
//! | [`command`] | one file or folder a subcommand: gather, decide, perform |
//!
//! Arrows go down only: `main → command → operation → world → policy → facts → {signs, origin} → mail`. A room may know
//! any room below it, `world` only its types; `signs` and `origin` do not know each other, and no two
//! files know each other in a circle. `tests/it/tidy.rs` keeps it so.
//!
//! ## What always holds
//!
//! * What is acknowledged with exit 0 is on stable storage. What the machine cannot do now is exit 75.
//! * Only [`mail::address::Address`] puts an address into an envelope, a header field or a key.
//! * A challenge goes only through [`policy::gate::may_challenge`], and its slot is taken before it is sent.
//! * The store and the log hold no correspondent's address, in no form that can be read without the key.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod command;
pub mod exit;
pub mod facts;
pub mod mail;
pub mod operation;
pub mod origin;
pub mod policy;
pub mod report;
pub mod signs;
pub mod world;
