//! The one integration crate: the program as a mail system sees it, and the rules of the code.
//!
//! One binary of many modules: it is linked once, and its tests run side by side. `UPDATE=1 cargo test --test it`
//! rewrites the golden files below `fixtures/`; read the difference before you commit it.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod address_books;
mod again;
mod allowing;
mod answers;
mod at_once;
mod automatic;
mod bodies;
mod cases;
mod chance;
mod clock;
mod conformance;
mod crowd;
mod damage;
mod damaged_store;
mod deliver;
mod demo;
mod denials;
mod digest_order;
mod disavowal;
mod disk;
mod dkim;
mod documents;
mod envelopes;
mod exit_codes;
mod faults;
mod field;
mod first_day;
mod fixture;
mod foreign_lists;
mod foreign_marks;
mod format;
mod hostile;
mod languages;
mod learn;
mod letter;
mod loops;
mod mail_system;
mod maintain;
mod many;
mod mbox;
mod memory;
mod messages;
mod names;
mod old_store;
mod oracle;
mod origin;
mod outgoing;
mod paper;
mod people;
mod pinning;
mod poison;
mod power;
mod privacy;
mod probe;
mod questions;
mod reinjection;
mod replay;
mod replies;
mod scenario;
mod seal;
mod sendmail;
mod sent_copy;
mod signs;
mod strace;
mod tidy;
mod tokens;
mod two_files;
mod verdicts;
mod world;
mod year;
