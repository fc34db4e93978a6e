//! Who sent a message, and who says so: the trust boundary is here and nowhere else. Pure.

pub mod auth;
pub mod client;
pub mod dkim;
pub mod dmarc;
pub mod envelope;
pub mod eyes;
pub mod look;
pub mod proofs;
pub mod question;
pub mod received;
pub mod results;
pub mod score;
pub mod spf;
pub mod submission;
pub mod trace;
