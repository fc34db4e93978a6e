//! Whether a text begins as a message does, so that a list of users, a calendar or a program's text is not taken for one.
//!
//! Promises: pure; the first line is a header field, up to the first empty line there are more fields than other lines, and
//! one of the fields is one that hardly anything but mail has. Damaged mail is for whoever knows by its place that it is mail.
//! Never touches: where the text lies.

/// Fields of which every message has one near its top, and other files with colons have none (RFC 5322 section 3.6, RFC 5321
/// section 4.4, RFC 6376, RFC 8601, RFC 8617). `Date` and `Content-Type` stand in files of other programs too.
const OF_MAIL: [&str; 24] = [
    "Apparently-To",
    "ARC-Seal",
    "Authentication-Results",
    "Bcc",
    "Cc",
    "Delivered-To",
    "DKIM-Signature",
    "Envelope-To",
    "From",
    "In-Reply-To",
    "Message-ID",
    "MIME-Version",
    "Received",
    "Received-SPF",
    "References",
    "Reply-To",
    "Resent-From",
    "Resent-To",
    "Return-Path",
    "Sender",
    "Subject",
    "To",
    "X-Gmail-Labels",
    "X-Original-To",
];

/// The first lines of a text, up to the first empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    fields: usize,
    /// Lines that are neither a field nor go on with one.
    others: usize,
    /// Whether one of the fields is of [`OF_MAIL`].
    of_mail: bool,
}

impl Beginning {
    /// Reads a text, or as much of its start as there is; the last line may be cut off.
    #[must_use]
    pub fn of(text: &[u8]) -> Beginning {
        let mut read = Beginning::default();
        for (number, line) in text.split_inclusive(|&b| b == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                break;
            }
            match field_name(line) {
                Some(name) => {
                    read.fields += 1;
                    read.of_mail |= OF_MAIL.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
                }
                None if number == 0 => break,
                // A line that goes on with the one above, or one that an mbox writer has quoted.
                None if line.starts_with(b" ") || line.starts_with(b"\t") || line.starts_with(b">From ") => {}
                None if !line.ends_with(b"\n") => {}
                None => read.others += 1,
            }
        }
        read
    }

    /// Whether a message begins so.
    #[must_use]
    pub fn is_of_a_message(self) -> bool {
        self.of_mail && self.fields > self.others
    }
}

/// The name of a field, such as people and programs give them. The standard allows nearly any character, and then JSON is
/// mail.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let length = line.iter().take_while(|&&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_').count();
    let (name, rest) = line.split_at(length);
    (length > 0 && rest.trim_ascii_start().starts_with(b":")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_colons_is_not_mail_for_that() {
        for text in [
            "",
            "\nFrom: bob@x.org\n",
            "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n",
            "root:*:19000:0:99999:7:::\n",
            "name: build\non: push\njobs:\n  test:\n    steps:\n",
            "User-agent: *\nDisallow: /from\n",
            "BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nX-ABUID:1\nEMAIL:bob@x.org\nEND:VCARD\n",
            "BEGIN:VCALENDAR\nX-WR-CALNAME:From here to there\nSUMMARY:Subject: tea\n",
            "dn: cn=bob\nmail: bob@x.org\n",
            "all: one two\n\tcc -o all one two\n",
            "default:\n    return 1;\n",
            "INFO: started\nINFO: 12 messages\n",
            "Package: tea\nVersion: 1.0\nMaintainer: Bob <bob@x.org>\n",
            "Format: 1.8\nDate: Sat, 21 Nov 2026 12:00:00 +0000\nSource: tea\n",
            "Subject: tea\nI like it.\n",
            "note: the next one is theirs\nFrom here\nto there\n",
            "{\"From\": \"bob\"}\n",
            "From,To,Subject\nbob,alice,tea\n",
            "Dear diary,\nFrom: me\n",
            "X: y\n\nFrom: bob@x.org\nTo: alice@x.org\n",
        ] {
            assert!(!Beginning::of(text.as_bytes()).is_of_a_message(), "{text}");
        }
    }

    #[test]
    fn a_head_is_known_cut_anywhere_behind_a_field_of_mail() {
        let head = "Received: from a by b\n\twith SMTP; now\n>From bob\nX-Odd : 1\nDate:today\nsubject: tea\n\nI like it.\nx\ny\n";
        for end in "Received:".len()..=head.len() {
            assert!(Beginning::of(&head.as_bytes()[..end]).is_of_a_message(), "{end}");
            assert!(Beginning::of(head[..end].replace('\n', "\r\n").as_bytes()).is_of_a_message(), "{end}");
        }
        for text in ["From : bob\n", "Subject: a\nstray line\nX: b\n", "to: alice@x.org", "MIME-Version: 1.0\n \nX\n"] {
            assert!(Beginning::of(text.as_bytes()).is_of_a_message(), "{text}");
        }
    }
}
