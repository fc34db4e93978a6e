//! One header field more in a message that is on its way out, and where it goes.
//!
//! Promises: nothing but the field is added, with the line ends that the message has; where programs could read what is around
//! it differently, nothing is added at all. Never touches: what the field says.

use super::compose::HeaderValue;
use super::head::Head;

/// The bytes of a field, and where in the message they belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// So many bytes of the message stand in front of it.
    pub at: usize,
    /// The field with its line end.
    pub bytes: Vec<u8>,
}

impl Addition {
    /// A field on top of the header block, behind an mbox line. `start` is what the block was read from.
    ///
    /// None where the block has a defect or no field at all: of what begins with text, sendmail makes a body, and a field
    /// in front of it would make a part of it a header block.
    #[must_use]
    pub fn on_top(start: &[u8], head: &Head<'_>, name: &str, value: &HeaderValue) -> Option<Addition> {
        let first = head.fields.first().filter(|field| head.defects.is_empty() && !field.name.is_empty())?;
        let line_end = if start.get(..first.end)?.ends_with(b"\r\n") { "\r\n" } else { "\n" };
        Some(Addition { at: first.start, bytes: format!("{name}: {}{line_end}", value.as_str()).into_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> Option<String> {
        let value = HeaderValue::message_id("1@x").unwrap();
        let addition = Addition::on_top(text.as_bytes(), &Head::read(text.as_bytes()), "Message-ID", &value)?;
        let mut out = text.as_bytes().to_vec();
        out.splice(addition.at..addition.at, addition.bytes);
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn it_stands_on_top_and_the_rest_is_as_it_was() {
        for (before, after) in [
            ("A: b\n\nx\n", "Message-ID: <1@x>\nA: b\n\nx\n"),
            ("A: b\r\n\r\nx\r\n", "Message-ID: <1@x>\r\nA: b\r\n\r\nx\r\n"),
            ("A: b\n c\nD: e\n\n", "Message-ID: <1@x>\nA: b\n c\nD: e\n\n"),
            ("From a@b Sat\nA: b\n\nx", "From a@b Sat\nMessage-ID: <1@x>\nA: b\n\nx"),
            (">From a@b Sat\r\nA: b\r\n\r\nx", ">From a@b Sat\r\nMessage-ID: <1@x>\r\nA: b\r\n\r\nx"),
            ("A: b", "Message-ID: <1@x>\nA: b"),
        ] {
            assert_eq!(added(before).as_deref(), Some(after));
        }
    }

    #[test]
    fn nothing_is_added_to_what_programs_read_differently() {
        for text in [
            "",
            "\nx\n",
            "x\n",
            "x\nA: b\n\n",
            " x\nA: b\n\n",
            " \nA: b\n\n",
            "A: b\nx\n\n",
            "A: b\0\n\n",
            "A b: c\n\n",
        ] {
            assert_eq!(added(text), None, "{text:?}");
        }
    }
}
