//! A key record (RFC 6376 section 3.6.1, RFC 8463 section 4) and whether a signature was made with its key.
//!
//! Promises: bounded, whatever the DNS says; nothing of a signature is computed here, and an RSA key has 1024 to 4096 bits.
//! Whether a signature fits is asked of `ring`. Never touches: where a record came from.

use ring::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents, UnparsedPublicKey,
};
use sha2::{Digest, Sha256};

use super::refusal::DkimRefusal;
use super::signature::{Algorithm, Terms};
use super::tags::{Tags, decoded, lists};

/// Most texts at one name that are looked at: two are already more than the standard foresees.
pub const KEY_LIMIT: usize = 16;
/// Most bytes of one text. A key of 4096 bits needs 800.
pub const KEY_TEXT_LIMIT: usize = 4 * 1024;
/// The bits of an RSA key that a verifier must take (RFC 8301 section 3.2).
const RSA_BITS: core::ops::RangeInclusive<usize> = 1024..=4096;
/// The object identifier 1.2.840.113549.1.1.1, rsaEncryption (RFC 8017 appendix A.1), as DER.
const RSA_ENCRYPTION: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// Tags of DER (X.690 section 8).
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Whether one of the texts at the key's name has the key that signed this. Two are not foreseen (RFC 6376 section 3.6.2.2):
/// any that verifies is enough, and the refusal is of the first that is a key at all.
pub(super) fn verify<'t>(
    texts: impl Iterator<Item = &'t [u8]> + Clone,
    terms: &Terms,
    signed: &[u8],
) -> Result<(), DkimRefusal> {
    if texts.clone().take(KEY_LIMIT + 1).count() > KEY_LIMIT {
        return Err(DkimRefusal::TooManyKeys);
    }
    let mut refusal = DkimRefusal::KeyMissing;
    for text in texts {
        match verify_with(text, terms, signed) {
            Ok(()) => return Ok(()),
            Err(other) if rank(other) > rank(refusal) => refusal = other,
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// The more of a record could be read, the more its refusal says.
fn rank(refusal: DkimRefusal) -> usize {
    match refusal {
        DkimRefusal::KeyMissing => 0,
        DkimRefusal::BadKey => 1,
        DkimRefusal::KeyTooLong => 2,
        _ => 3,
    }
}

fn verify_with(text: &[u8], terms: &Terms, signed: &[u8]) -> Result<(), DkimRefusal> {
    if text.len() > KEY_TEXT_LIMIT {
        return Err(DkimRefusal::KeyTooLong);
    }
    let tags = Tags::read(text).map_err(|_| DkimRefusal::BadKey)?;
    let key = usable(&tags, terms)?;
    match terms.algorithm {
        Algorithm::RsaSha256 => rsa(&key, &terms.signature, signed),
        // What is signed is the hash (RFC 8463 section 3).
        Algorithm::Ed25519Sha256 => ed25519(&key, &terms.signature, &Sha256::digest(signed)),
    }
}

/// The key itself, where the record allows it for this signature.
fn usable(tags: &Tags<'_>, terms: &Terms) -> Result<Vec<u8>, DkimRefusal> {
    // The version may be missing; if not, it stands first.
    let version = tags.value("v");
    if version.is_some_and(|version| version != b"DKIM1" || tags.first() != Some(b"v")) {
        return Err(DkimRefusal::BadKey);
    }
    let key = tags.value("p").ok_or(DkimRefusal::BadKey)?;
    if key.is_empty() {
        return Err(DkimRefusal::KeyRevoked);
    }
    let flags = tags.value("t").unwrap_or_default();
    if lists(flags, "y") {
        return Err(DkimRefusal::TestingKey);
    }
    if !tags.value("k").unwrap_or(b"rsa").eq_ignore_ascii_case(terms.algorithm.kind().as_bytes()) {
        return Err(DkimRefusal::KeyOfOtherKind);
    }
    if !tags.value("h").is_none_or(|hashes| lists(hashes, "sha256")) {
        return Err(DkimRefusal::KeyForbidsHash);
    }
    if !tags.value("s").is_none_or(|services| lists(services, "*") || lists(services, "email")) {
        return Err(DkimRefusal::KeyNotForMail);
    }
    if lists(flags, "s") && terms.identity != terms.domain {
        return Err(DkimRefusal::StrictIdentity);
    }
    decoded(key).ok_or(DkimRefusal::BadKey)
}

fn rsa(key: &[u8], signature: &[u8], signed: &[u8]) -> Result<(), DkimRefusal> {
    let (modulus, exponent) = rsa_numbers(key).ok_or(DkimRefusal::BadKey)?;
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    if bits < *RSA_BITS.start() {
        return Err(DkimRefusal::KeyTooSmall);
    }
    if bits > *RSA_BITS.end() {
        return Err(DkimRefusal::KeyTooLarge);
    }
    let key = RsaPublicKeyComponents { n: modulus, e: exponent };
    let verified = key.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, signed, signature);
    verified.map_err(|_| DkimRefusal::SignatureWrong)
}

fn ed25519(key: &[u8], signature: &[u8], hash: &[u8]) -> Result<(), DkimRefusal> {
    if key.len() != 32 {
        return Err(DkimRefusal::BadKey);
    }
    UnparsedPublicKey::new(&ED25519, key).verify(hash, signature).map_err(|_| DkimRefusal::SignatureWrong)
}

/// Modulus and exponent, out of a SubjectPublicKeyInfo (RFC 5280 section 4.1, as in RFC 6376 appendix C) or of an
/// RSAPublicKey alone (RFC 6376 section 3.6.1).
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = only(der, SEQUENCE)?;
    if inner.first() != Some(&SEQUENCE) {
        return numbers(inner);
    }
    let (algorithm, rest) = element(inner, SEQUENCE)?;
    let (identifier, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    let known = identifier == RSA_ENCRYPTION && matches!(parameters, [] | [0x05, 0x00]);
    // Whole bytes: none of the last one's bits is unused.
    let key = only(rest, BIT_STRING)?.strip_prefix(&[0])?;
    if known { numbers(only(key, SEQUENCE)?) } else { None }
}

fn numbers(inner: &[u8]) -> Option<(&[u8], &[u8])> {
    let (modulus, rest) = element(inner, INTEGER)?;
    Some((positive(modulus)?, positive(only(rest, INTEGER)?)?))
}

/// A number above zero without the zero that keeps it from being a negative one.
fn positive(integer: &[u8]) -> Option<&[u8]> {
    match integer {
        [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Some(rest),
        [1..=0x7f, ..] => Some(integer),
        _ => None,
    }
}

/// What is in an element that is all there is.
fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    element(der, tag).filter(|(_, rest)| rest.is_empty()).map(|(inner, _)| inner)
}

/// What is in the first element, and what follows it. Lengths are in their shortest form and below 64 KiB.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der {
        [first, length, rest @ ..] if *first == tag && *length < 0x80 => (usize::from(*length), rest),
        [first, 0x81, length, rest @ ..] if *first == tag && *length >= 0x80 => (usize::from(*length), rest),
        [first, 0x82, high, low, rest @ ..] if *first == tag && *high > 0 => {
            (usize::from(*high) * 256 + usize::from(*low), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::super::signature::Signatures;
    use super::*;
    use crate::mail::head::Head;
    use data_encoding::BASE64;
    use ring::signature::{Ed25519KeyPair, KeyPair};

    /// What a signature demands that was made by the algorithm with the identity `i=`.
    fn terms(algorithm: &str, identity: &str, signature: &[u8]) -> Terms {
        let hash = BASE64.encode(&[0; 32]);
        let text = BASE64.encode(signature);
        let message =
            format!("DKIM-Signature: v=1;a={algorithm};d=a.example;i={identity};s=k;h=from;bh={hash};b={text}\n\n");
        Signatures::read(&Head::read(message.as_bytes())).read.remove(0).terms.unwrap()
    }

    /// A key whose private half is here, and its signature.
    fn pair(number: u8) -> (String, Terms) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).unwrap();
        let signature = pair.sign(&Sha256::digest(b"signed"));
        (BASE64.encode(pair.public_key().as_ref()), terms("ed25519-sha256", "@a.example", signature.as_ref()))
    }

    fn check(texts: &[String], terms: &Terms) -> Result<(), DkimRefusal> {
        verify(texts.iter().map(String::as_bytes), terms, b"signed")
    }

    fn der(tag: u8, inner: &[u8]) -> Vec<u8> {
        let length = inner.len();
        let head = match length {
            ..0x80 => vec![tag, length as u8],
            0x80..0x100 => vec![tag, 0x81, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        [head, inner.to_vec()].concat()
    }

    /// An RSA key of so many bits that nobody has the private half of, alone and wrapped.
    fn rsa_key(bits: usize) -> [Vec<u8>; 2] {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] >>= (8 - bits % 8) % 8;
        let zero = if modulus[0] >= 0x80 { vec![0] } else { vec![] };
        let numbers = [der(INTEGER, &[zero, modulus].concat()), der(INTEGER, &[1, 0, 1])].concat();
        let bare = der(SEQUENCE, &numbers);
        let algorithm = der(SEQUENCE, &[der(OBJECT_IDENTIFIER, &RSA_ENCRYPTION), vec![5, 0]].concat());
        let bits = der(BIT_STRING, &[&[0], &bare[..]].concat());
        [bare, der(SEQUENCE, &[algorithm, bits].concat())]
    }

    #[test]
    fn a_record_that_does_not_allow_this_signature_is_refused_by_its_name() {
        use DkimRefusal as R;
        let (key, terms) = pair(1);
        for (record, refusal) in [
            ("", R::BadKey),
            ("garbage here", R::BadKey),
            ("v=spf1 -all", R::BadKey),
            ("v=DKIM1; k=ed25519", R::BadKey),
            ("v=dkim1; k=ed25519; p=KEY", R::BadKey),
            ("v=DKIM1 x; k=ed25519; p=KEY", R::BadKey),
            ("k=ed25519; v=DKIM1; p=KEY", R::BadKey),
            ("k=ed25519; p=KEY; p=KEY", R::BadKey),
            ("k=ed25519; p=KEY*", R::BadKey),
            ("k=ed25519; p=AAAA", R::BadKey),
            ("k=ed25519;; p=KEY", R::BadKey),
            ("v=DKIM1\\; k=ed25519\\; p=KEY", R::BadKey),
            ("k=ed25519; p=", R::KeyRevoked),
            ("k=ed25519; p= \t", R::KeyRevoked),
            ("k=ed25519; t=y; p=KEY", R::TestingKey),
            ("k=ed25519; t=s : Y; p=KEY", R::TestingKey),
            ("p=KEY", R::KeyOfOtherKind),
            ("k=rsa; p=KEY", R::KeyOfOtherKind),
            ("k=ed448; p=KEY", R::KeyOfOtherKind),
            ("k=ed25519; h=sha1; p=KEY", R::KeyForbidsHash),
            ("k=ed25519; h=; p=KEY", R::KeyForbidsHash),
            ("k=ed25519; s=other; p=KEY", R::KeyNotForMail),
            ("k=ed25519; s=; p=KEY", R::KeyNotForMail),
        ] {
            let record = record.replace("KEY", &key);
            assert_eq!(check(std::slice::from_ref(&record), &terms), Err(refusal), "{record}");
        }
    }

    #[test]
    fn a_record_that_allows_it_passes_whatever_else_it_says() {
        let (key, terms) = pair(1);
        for record in [
            "k=ed25519; p=KEY",
            "v=DKIM1; k=Ed25519; p=KEY;",
            "v=DKIM1; g=; n=a note with = in it; x=y; k=ed25519; h=sha1 : sha256; s=other:email; t=s:z; p= KEY ;",
            "k=ed25519; s=*; h=SHA256; p=KEY",
        ] {
            assert_eq!(check(&[record.replace("KEY", &key)], &terms), Ok(()), "{record}");
        }
    }

    #[test]
    fn another_key_and_another_text_do_not_fit() {
        let ((one, terms), (other, _)) = (pair(1), pair(2));
        let refused = Err(DkimRefusal::SignatureWrong);
        assert_eq!(check(&[format!("k=ed25519; p={other}")], &terms), refused);
        assert_eq!(verify([format!("k=ed25519; p={one}").as_bytes()].into_iter(), &terms, b"Signed"), refused);
    }

    #[test]
    fn a_key_for_the_domain_itself_is_none_for_what_is_below_it() {
        let (key, signed) = pair(1);
        let below = terms("ed25519-sha256", "@x.a.example", &signed.signature);
        assert_eq!(check(&[format!("k=ed25519; t=s; p={key}")], &below), Err(DkimRefusal::StrictIdentity));
        assert_eq!(check(&[format!("k=ed25519; p={key}")], &below), Ok(()));
    }

    #[test]
    fn of_several_texts_any_that_verifies_is_enough() {
        let ((key, terms), (other, _)) = (pair(1), pair(2));
        let (good, wrong) = (format!("k=ed25519; p={key}"), format!("k=ed25519; p={other}"));
        let garbage = "v=spf1 -all".to_owned();
        for texts in [[&garbage, &wrong, &good], [&good, &garbage, &wrong], [&wrong, &good, &good]] {
            assert_eq!(check(&texts.map(String::clone), &terms), Ok(()));
        }
        // The refusal is of the one that is a key.
        assert_eq!(check(&[garbage.clone(), wrong], &terms), Err(DkimRefusal::SignatureWrong));
        assert_eq!(check(&[garbage], &terms), Err(DkimRefusal::BadKey));
        assert_eq!(check(&[], &terms), Err(DkimRefusal::KeyMissing));
    }

    #[test]
    fn texts_beyond_the_limits_are_refused() {
        let (key, terms) = pair(1);
        let good = format!("k=ed25519; p={key}");
        let texts = |count| [vec!["garbage".to_owned(); count - 1], vec![good.clone()]].concat();
        assert_eq!(check(&texts(KEY_LIMIT), &terms), Ok(()));
        assert_eq!(check(&texts(KEY_LIMIT + 1), &terms), Err(DkimRefusal::TooManyKeys));
        assert_eq!(check(&texts(1000), &terms), Err(DkimRefusal::TooManyKeys));
        let long = |length: usize| format!("{good}; n={}", "x".repeat(length - good.len() - 4));
        assert_eq!(check(&[long(KEY_TEXT_LIMIT)], &terms), Ok(()));
        assert_eq!(check(&[long(KEY_TEXT_LIMIT + 1)], &terms), Err(DkimRefusal::KeyTooLong));
        assert_eq!(check(&[long(64 * 1024), good.clone()], &terms), Ok(()));
    }

    #[test]
    fn an_rsa_key_has_1024_to_4096_bits() {
        use DkimRefusal as R;
        let terms = terms("rsa-sha256", "@a.example", b"signature");
        for (bits, refusal) in [
            (512, R::KeyTooSmall),
            (768, R::KeyTooSmall),
            (1023, R::KeyTooSmall),
            (1024, R::SignatureWrong),
            (4096, R::SignatureWrong),
            (4097, R::KeyTooLarge),
            (16_384, R::KeyTooLarge),
        ] {
            for key in rsa_key(bits) {
                assert_eq!(check(&[format!("p={}", BASE64.encode(&key))], &terms), Err(refusal), "{bits}");
            }
        }
    }

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        let [bare, wrapped] = rsa_key(1024);
        assert_eq!(rsa_numbers(&bare), rsa_numbers(&wrapped));
        assert_eq!(
            rsa_numbers(&bare).map(|(modulus, exponent)| (modulus.len(), exponent)),
            Some((128, &[1, 0, 1][..]))
        );
        for key in [&bare, &wrapped] {
            for end in 0..key.len() {
                assert_eq!(rsa_numbers(&key[..end]), None, "cut at {end}");
            }
            assert_eq!(rsa_numbers(&[&key[..], &[0]].concat()), None, "more behind it");
        }
        let replaced = |from: &[u8], to: &[u8]| {
            let at = wrapped.windows(from.len()).position(|piece| piece == from).unwrap();
            [&wrapped[..at], to, &wrapped[at + from.len()..]].concat()
        };
        // Another algorithm, unused bits, a negative modulus, a length that is not the shortest.
        assert_eq!(rsa_numbers(&replaced(&[1, 1, 1, 5, 0], &[1, 1, 10, 5, 0])), None);
        assert_eq!(rsa_numbers(&replaced(&[5, 0, 3, 0x81, 0x8d, 0], &[5, 0, 3, 0x81, 0x8d, 1])), None);
        assert_eq!(rsa_numbers(&der(SEQUENCE, &[der(INTEGER, &[0xff; 128]), der(INTEGER, &[3])].concat())), None);
        assert_eq!(rsa_numbers(&[SEQUENCE, 0x81, 6, INTEGER, 1, 5, INTEGER, 1, 3]), None);
        assert_eq!(rsa_numbers(&der(SEQUENCE, &[der(INTEGER, &[0]), der(INTEGER, &[3])].concat())), None);
    }
}
