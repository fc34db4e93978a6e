//! The canonical forms of a header field (RFC 6376 sections 3.4.1 and 3.4.2).
//!
//! Promises: works on bytes as they stand, whatever their encoding; a line ends with LF or CRLF. Never touches: what a field
//! means, the body.

use crate::mail::head::Field;

/// A canonical form (RFC 6376 section 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Relaxed,
    Simple,
}

/// Whether a field has that name. Blanks may stand before its colon (RFC 5322 section 4.5), and nowhere else.
pub(super) fn is(field: &Field<'_>, name: &[u8]) -> bool {
    without_blanks_behind(field.name).eq_ignore_ascii_case(name)
}

/// Appends a field in its canonical form, without a line end.
pub(super) fn canonical(form: Form, name: &[u8], raw: &[u8], out: &mut Vec<u8>) {
    match form {
        Form::Simple => simple(name, raw, out),
        Form::Relaxed => relaxed(name, raw, out),
    }
}

/// As it stands; only line ends have one form.
fn simple(name: &[u8], raw: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.push(b':');
    let mut before = b':';
    for byte in raw {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
}

/// The name in lower case, folds undone, blanks one blank, none around the value.
fn relaxed(name: &[u8], raw: &[u8], out: &mut Vec<u8>) {
    out.extend(without_blanks_behind(name).iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let start = out.len();
    let mut blank = false;
    let mut bytes = raw.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' => blank = true,
            b'\n' => {}
            b'\r' if bytes.peek() == Some(&&b'\n') => {}
            _ => {
                if blank && out.len() > start {
                    out.push(b' ');
                }
                blank = false;
                out.push(*byte);
            }
        }
    }
}

fn without_blanks_behind(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = name {
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::head::Head;

    fn form(form: Form, field: &[u8]) -> Vec<u8> {
        let head = Head::read(field);
        let mut out = Vec::new();
        canonical(form, head.fields[0].name, head.fields[0].raw, &mut out);
        out
    }

    #[test]
    fn both_forms_are_what_the_standard_says() {
        for (field, simple, relaxed) in [
            ("A: X\n", "A: X", "a:X"),
            ("B : Y\t\n\tZ  \n", "B : Y\t\r\n\tZ  ", "b:Y Z"),
            ("B : Y\t\r\n\tZ  \r\n", "B : Y\t\r\n\tZ  ", "b:Y Z"),
            ("Subject:\n \n  a\n \n", "Subject:\r\n \r\n  a\r\n ", "subject:a"),
            ("X:\n", "X:", "x:"),
            ("X: \t \n", "X: \t ", "x:"),
            ("X:a\rb \n", "X:a\rb ", "x:a\rb"),
            ("X: a:b\n", "X: a:b", "x:a:b"),
        ] {
            assert_eq!(form(Form::Simple, field.as_bytes()), simple.as_bytes(), "{field:?}");
            assert_eq!(form(Form::Relaxed, field.as_bytes()), relaxed.as_bytes(), "{field:?}");
        }
        assert_eq!(form(Form::Relaxed, b"Subject: gr\xfc\xdf  e\0\n"), b"subject:gr\xfc\xdf e\0");
        assert_eq!(form(Form::Simple, b"Subject: gr\xfc\xdf  e\0\n"), b"Subject: gr\xfc\xdf  e\0");
    }
}
