//! Whether a program wrote a message, or many got it. Pure.

pub mod absence;
pub mod acknowledgement;
pub mod auto_reply;
pub mod automatic;
pub mod bounce;
pub mod bulk;
pub mod challenge_text;
pub mod field;
pub mod fraud;
pub mod list_id;
pub mod list_text;
pub mod notice;
pub mod notification;
pub mod page;
pub mod report;
pub mod sender;
pub mod wording;
