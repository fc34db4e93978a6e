//! One diagnostic line to the system log.
//!
//! Promises: never fails, never panics, never waits, never decides what becomes of a mail; nothing foreign goes in
//! unsanitised, and no address at all, since other programs' words name correspondents. Prints nothing: a mail system copies what is printed into a bounce, and a line that begins with
//! `5.1.2` overrides the exit code (Postfix, measured). Never touches: stdout, stderr, the store.

use std::os::unix::net::UnixDatagram;

use crate::mail::display::one_line;

/// Where system logs listen. journald listens there too.
const SOCKET: &str = "/dev/log";
/// The facility `mail` of RFC 5424 section 6.2.1, times eight.
const FACILITY: u8 = 2 * 8;

/// How much a line matters (RFC 5424 section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something must be mended.
    Error = 3,
    /// What became of a message.
    Info = 6,
    /// Something was odd and went well.
    Warning = 4,
}

/// Sends one line; if nobody listens, it is gone.
pub fn note(level: Level, text: &str) {
    let line = one_line(&without_addresses(text), 900);
    let Ok(socket) = UnixDatagram::unbound() else { return };
    if socket.set_nonblocking(true).is_err() {
        return;
    }
    let packet = format!("<{}>countersign[{}]: {line}", FACILITY + level as u8, std::process::id());
    drop(socket.send_to(packet.as_bytes(), listener()));
}

/// Whether anybody takes the lines.
#[must_use]
pub fn is_heard() -> bool {
    UnixDatagram::unbound().and_then(|socket| socket.connect(SOCKET)).is_ok()
}

/// An error with everything it was caused by, in one line.
#[must_use]
pub fn chain(error: &anyhow::Error) -> String {
    one_line(&format!("{error:#}"), 900)
}

/// The text with every word that holds an `@` replaced, and with it the words before it that belong to a quoted
/// local part.
fn without_addresses(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let Some((local, _)) = word.split_once('@') else {
            words.push(word);
            continue;
        };
        if local.matches('"').count() % 2 == 1
            && let Some(opening) = words.iter().rposition(|word| word.contains('"'))
        {
            words.truncate(opening);
        }
        words.push("<address>");
    }
    words.join(" ")
}

/// [`SOCKET`], or where a test listens; never that in a release build.
fn listener() -> std::path::PathBuf {
    #[cfg(debug_assertions)]
    if let Some(path) = std::env::var_os("COUNTERSIGN_TEST_LOG") {
        return path.into();
    }
    SOCKET.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_left_in_a_line() {
        for (text, clean) in [
            ("held 12 for a reason", "held 12 for a reason"),
            ("bob@example.net... User unknown", "<address> User unknown"),
            ("sendmail: <bob@example.net>: no", "sendmail: <address> no"),
            ("to=bob@example.net,\ncarol@x.org ", "<address> <address>"),
            ("to \"bob the great\"@example.net failed", "to <address> failed"),
            ("\"said\": \"bob b\"@example.net", "\"said\": <address>"),
            ("bob\u{1}@example.net", "<address>"),
        ] {
            assert_eq!(without_addresses(text), clean);
        }
    }
}
