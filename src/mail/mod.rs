//! Bytes to meaning and back. Pure: no file, process, environment, clock or database is touched here,
//! and a damaged message is never an error: what is wrong with it is itself a fact.

pub mod absence;
pub mod acknowledgement;
pub mod address;
pub mod auth;
pub mod auto_reply;
pub mod automatic;
pub mod bounce;
pub mod bulk;
pub mod challenge_text;
pub mod compose;
pub mod content;
pub mod display;
pub mod encoding;
pub mod envelope;
pub mod executable;
pub mod facts;
pub mod fold;
pub mod fraud;
pub mod head;
pub mod html;
pub mod language;
pub mod list_id;
pub mod list_text;
pub mod local_part;
pub mod mark;
pub mod notice;
pub mod notification;
pub mod page;
pub mod parts;
pub mod quotation;
pub mod report;
pub mod score;
pub mod shape;
pub mod trace;
pub mod wording;
