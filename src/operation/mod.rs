//! What several commands do alike: one message's case, the quarantine, asking, an installation.

pub mod arrival;
pub mod ask;
pub mod case;
pub mod checkup;
pub mod delivery;
pub mod disavowal;
pub mod entry;
pub mod evidence;
pub mod inbox;
pub mod installation;
pub mod ledger;
pub mod outgoing;
pub mod own_mark;
pub mod people;
pub mod place;
pub mod progress;
pub mod quarantine;
pub mod results;
pub mod rules;
pub mod screen;
pub mod select;
pub mod sent;
pub mod trouble;
pub mod unread;
pub mod written_out;
