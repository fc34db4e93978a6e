//! The signed header fields: what of a head a signature covers, and the text that was signed (RFC 6376 sections 3.7 and
//! 5.4.2).
//!
//! Promises: a field counts as signed only where no other of its name is left out. Never touches: what a field means.

use super::canonical::{canonical, is};
use super::signature::Terms;
use crate::mail::head::{Field, Head};

/// Of which fields every one that stands in the message is signed, and there is at least one. It says something only of a
/// signature that passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignedFields {
    /// From.
    pub from: bool,
    /// To.
    pub to: bool,
    /// Cc.
    pub cc: bool,
    /// Subject.
    pub subject: bool,
    /// Date.
    pub date: bool,
}

/// How the From fields stand to a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FromFields {
    /// There are more than it covers.
    MoreThanSigned,
    /// There is none.
    None,
    /// It covers all there are.
    Signed,
}

/// What was signed: the fields in the order in which the signature names them, then the signature itself (RFC 6376
/// section 3.7). Of several fields of a name the lowest comes first, and one that is not there is nothing (section 5.4.2).
pub(super) fn signed_text(head: &Head<'_>, terms: &Terms) -> Vec<u8> {
    let mut left: Vec<&Field<'_>> = Vec::with_capacity(head.fields.len());
    left.extend(head.fields.iter().enumerate().filter(|(place, _)| *place != terms.place).map(|(_, field)| field));
    let mut out = Vec::with_capacity(4 * 1024);
    for name in &terms.fields {
        if let Some(at) = left.iter().rposition(|field| is(field, name)) {
            let field = left.remove(at);
            canonical(terms.header, field.name, field.raw, &mut out);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(&terms.own);
    out
}

impl SignedFields {
    /// What the signature covers of this head.
    pub(super) fn of(head: &Head<'_>, terms: &Terms) -> SignedFields {
        let all = |name: &str| {
            let present = head.all(name).count();
            present > 0 && covered(head, terms, name) == present
        };
        SignedFields { from: all("From"), to: all("To"), cc: all("Cc"), subject: all("Subject"), date: all("Date") }
    }
}

impl FromFields {
    pub(super) fn of(head: &Head<'_>, terms: &Terms) -> FromFields {
        match head.all("From").count() {
            0 => FromFields::None,
            present if present == covered(head, terms, "From") => FromFields::Signed,
            _ => FromFields::MoreThanSigned,
        }
    }
}

/// How many fields of that name are signed. One whose name has blanks inside is never: a signer does not take it for one,
/// and some programs that show mail do.
fn covered(head: &Head<'_>, terms: &Terms, name: &str) -> usize {
    let present = head.fields.iter().filter(|field| is(field, name.as_bytes())).count();
    let named = terms.fields.iter().filter(|one| one.eq_ignore_ascii_case(name.as_bytes())).count();
    present.min(named)
}

#[cfg(test)]
mod tests {
    use super::super::signature::Signatures;
    use super::*;

    /// The terms of a signature on top of a message, and what is signed of the message below.
    fn signing(fields: &str, message: &str) -> (Vec<u8>, SignedFields, FromFields) {
        let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let field = format!("DKIM-Signature: v=1;a=rsa-sha256;d=a.example;s=k;h={fields};bh={hash};b=aGFsbG8=\n");
        let message = format!("{field}{message}\n");
        let head = Head::read(message.as_bytes());
        let terms = Signatures::read(&head).read.remove(0).terms.unwrap();
        let mut text = signed_text(&head, &terms);
        text.truncate(text.len() - terms.own.len());
        (text, SignedFields::of(&head, &terms), FromFields::of(&head, &terms))
    }

    #[test]
    fn of_several_fields_the_lowest_comes_first_and_none_comes_twice() {
        let message = "To: 1\nFrom: a\nTo: 2\nX-To: 3\n";
        assert_eq!(signing("from:to", message).0, b"From: a\r\nTo: 2\r\n");
        assert_eq!(signing("to:From:TO:to:x", message).0, b"To: 2\r\nFrom: a\r\nTo: 1\r\n");
    }

    #[test]
    fn the_signature_itself_is_not_among_the_fields_it_names() {
        let (text, ..) = signing("from:dkim-signature:dkim-signature", "From: a\nDKIM-Signature: other\n");
        assert_eq!(text, b"From: a\r\nDKIM-Signature: other\r\n");
    }

    #[test]
    fn a_field_of_which_one_is_not_signed_is_not_signed() {
        let signs = |fields: &str, message: &str| signing(fields, message).1;
        let names = "from:to:cc:subject:date";
        let whole = "From: a\nTo: b\nCc: c\nSubject: d\nDate: e\n";
        let all = SignedFields { from: true, to: true, cc: true, subject: true, date: true };
        assert_eq!(signs(names, whole), all);
        assert_eq!(signs("from", whole), SignedFields { from: true, ..SignedFields::default() });
        assert_eq!(signs(names, "From: a\n"), SignedFields { from: true, ..SignedFields::default() });
        for name in ["From", "To", "Cc", "Subject", "Date"] {
            for (above, below) in [(format!("{name}: x\n"), String::new()), (String::new(), format!("{name} : x\n"))] {
                let signed = signs(names, &format!("{above}{whole}{below}"));
                assert_ne!(signed, all, "{name}");
                let twice = format!("{names}:{name}");
                assert_eq!(signs(&twice, &format!("{above}{whole}{below}")), all, "{name}");
            }
        }
        // Some programs pass over the blank, and a signature never covers it.
        let blank = signs("from:subject:subject", "From: a\nSubject: d\nSub ject: x\n");
        assert!(blank.from && !blank.subject);
    }

    #[test]
    fn a_from_field_more_than_was_signed_is_seen() {
        assert_eq!(signing("from", "From: a\n").2, FromFields::Signed);
        assert_eq!(signing("from:from", "From: a\nFrom: b\n").2, FromFields::Signed);
        assert_eq!(signing("from", "From: a\nFrom: b\n").2, FromFields::MoreThanSigned);
        assert_eq!(signing("from:from", "From: a\nFr om: b\n").2, FromFields::MoreThanSigned);
        assert_eq!(signing("from", "To: a\n").2, FromFields::None);
    }
}
