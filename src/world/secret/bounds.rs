//! How large a key file may be. A plain number.

/// Most bytes of a key file: two full rings need 5 KiB.
pub const FILE_LIMIT: usize = 64 * 1024;
