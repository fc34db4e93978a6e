//! Every side effect, one resource a file or folder. Nothing here decides what becomes of a message.

pub mod allowance;
pub mod archive;
pub mod clock;
pub mod config;
pub mod descriptors;
pub mod folder;
pub mod host;
pub mod input;
pub mod lines;
pub mod maildir;
pub mod mbox;
pub mod packing;
pub mod program;
pub mod random;
pub mod regular;
pub mod relay;
pub mod resolver;
pub mod scratch;
pub mod secret;
pub mod sendmail;
pub mod store;
pub mod surroundings;
pub mod zone;
