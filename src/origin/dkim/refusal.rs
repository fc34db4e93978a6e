//! Why a signature proves nothing: one name and one sentence each.
//!
//! Promises: every refusal is listed in [`DkimRefusal::ALL`] and says which finding it comes to. Never touches: a signature.

use crate::origin::question::Finding;

/// Why a signature does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DkimRefusal {
    /// `bh=` is no base64 of a SHA-256 hash (RFC 6376 section 3.5).
    BadBodyHash,
    /// `d=` is no domain name.
    BadDomain,
    /// `i=` has no `@`, or no domain behind it.
    BadIdentity,
    /// No text at the key's name can be read as a key (RFC 6376 section 3.6.1).
    BadKey,
    /// `l=` is no number.
    BadLength,
    /// `s=` makes no name that can be asked for.
    BadSelector,
    /// `b=` is empty or no base64.
    BadSignature,
    /// `h=` is no list of field names.
    BadSignedFields,
    /// It is no list of tags (RFC 6376 section 3.2).
    BadTags,
    /// `t=` or `x=` is no number of at most 12 digits.
    BadTime,
    /// The body is not the one that was signed.
    BodyAltered,
    /// `l=` is less than the body: anybody may have written the rest.
    BodyPartlySigned,
    /// `l=` is more than the body.
    BodyShortened,
    /// Two tags of one name (RFC 6376 section 3.2).
    DuplicateTag,
    /// The message arrived after `x=`.
    Expired,
    /// `x=` is not after `t=` (RFC 6376 section 3.5).
    ExpiresBeforeSigned,
    /// The field is longer than [`FIELD_LIMIT`](super::signature::FIELD_LIMIT).
    FieldTooLong,
    /// The message has no From field.
    FromMissing,
    /// `h=` does not name From (RFC 6376 section 5.4).
    FromNotSigned,
    /// The header block is beyond its limits: not all of its fields are known.
    HeadTooLong,
    /// The domain of `i=` is neither `d=` nor below it.
    IdentityOutside,
    /// `h=` of the key does not list SHA-256.
    KeyForbidsHash,
    /// There is no key at the name that the signature gives.
    KeyMissing,
    /// `s=` of the key does not list mail.
    KeyNotForMail,
    /// `k=` of the key is not the kind that `a=` names.
    KeyOfOtherKind,
    /// `p=` of the key is empty.
    KeyRevoked,
    /// An RSA key of more than 4096 bits.
    KeyTooLarge,
    /// Every text at the key's name that could be one is longer than [`KEY_TEXT_LIMIT`](super::key::KEY_TEXT_LIMIT).
    KeyTooLong,
    /// An RSA key of less than 1024 bits (RFC 8301 section 3.2).
    KeyTooSmall,
    /// No answer that can be used came for the key's name.
    KeyUnsettled,
    /// A tag that must be there is not (RFC 6376 section 3.5).
    MissingTag,
    /// `q=` does not list `dns/txt`.
    OtherQuery,
    /// More From fields than `h=` names: somebody may have added one.
    SecondFrom,
    /// SHA-1 (RFC 8301 section 3.1).
    Sha1,
    /// The signature does not fit the key and the header fields.
    SignatureWrong,
    /// `t=` is more than a day after the message's arrival.
    SignedInFuture,
    /// `d=` is a top-level domain.
    SingleLabelDomain,
    /// The key's flag `s`, and the domain of `i=` is below `d=`.
    StrictIdentity,
    /// The key's flag `y`: the message counts as unsigned (RFC 6376 section 3.6.1).
    TestingKey,
    /// More than [`KEY_LIMIT`](super::key::KEY_LIMIT) texts at the key's name.
    TooManyKeys,
    /// `h=` names more than [`SIGNED_FIELD_LIMIT`](super::signature::SIGNED_FIELD_LIMIT) fields.
    TooManySignedFields,
    /// More than [`TAG_LIMIT`](super::tags::TAG_LIMIT) tags.
    TooManyTags,
    /// `a=` names no algorithm of RFC 6376, RFC 8301 and RFC 8463.
    UnknownAlgorithm,
    /// `c=` names no canonical form of RFC 6376 section 3.4.
    UnknownForm,
    /// `v=` is not 1.
    UnknownVersion,
}

use DkimRefusal as R;

impl DkimRefusal {
    /// All of them.
    pub const ALL: [DkimRefusal; 45] = [
        R::BadBodyHash,
        R::BadDomain,
        R::BadIdentity,
        R::BadKey,
        R::BadLength,
        R::BadSelector,
        R::BadSignature,
        R::BadSignedFields,
        R::BadTags,
        R::BadTime,
        R::BodyAltered,
        R::BodyPartlySigned,
        R::BodyShortened,
        R::DuplicateTag,
        R::Expired,
        R::ExpiresBeforeSigned,
        R::FieldTooLong,
        R::FromMissing,
        R::FromNotSigned,
        R::HeadTooLong,
        R::IdentityOutside,
        R::KeyForbidsHash,
        R::KeyMissing,
        R::KeyNotForMail,
        R::KeyOfOtherKind,
        R::KeyRevoked,
        R::KeyTooLarge,
        R::KeyTooLong,
        R::KeyTooSmall,
        R::KeyUnsettled,
        R::MissingTag,
        R::OtherQuery,
        R::SecondFrom,
        R::Sha1,
        R::SignatureWrong,
        R::SignedInFuture,
        R::SingleLabelDomain,
        R::StrictIdentity,
        R::TestingKey,
        R::TooManyKeys,
        R::TooManySignedFields,
        R::TooManyTags,
        R::UnknownAlgorithm,
        R::UnknownForm,
        R::UnknownVersion,
    ];

    /// In kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            R::BadBodyHash => "bad-body-hash",
            R::BadDomain => "bad-domain",
            R::BadIdentity => "bad-identity",
            R::BadKey => "bad-key",
            R::BadLength => "bad-length",
            R::BadSelector => "bad-selector",
            R::BadSignature => "bad-signature",
            R::BadSignedFields => "bad-signed-fields",
            R::BadTags => "bad-tags",
            R::BadTime => "bad-time",
            R::BodyAltered => "body-altered",
            R::BodyPartlySigned => "body-partly-signed",
            R::BodyShortened => "body-shortened",
            R::DuplicateTag => "duplicate-tag",
            R::Expired => "expired",
            R::ExpiresBeforeSigned => "expires-before-signed",
            R::FieldTooLong => "field-too-long",
            R::FromMissing => "from-missing",
            R::FromNotSigned => "from-not-signed",
            R::HeadTooLong => "head-too-long",
            R::IdentityOutside => "identity-outside",
            R::KeyForbidsHash => "key-forbids-hash",
            R::KeyMissing => "key-missing",
            R::KeyNotForMail => "key-not-for-mail",
            R::KeyOfOtherKind => "key-of-other-kind",
            R::KeyRevoked => "key-revoked",
            R::KeyTooLarge => "key-too-large",
            R::KeyTooLong => "key-too-long",
            R::KeyTooSmall => "key-too-small",
            R::KeyUnsettled => "key-unsettled",
            R::MissingTag => "missing-tag",
            R::OtherQuery => "other-query",
            R::SecondFrom => "second-from",
            R::Sha1 => "sha1",
            R::SignatureWrong => "signature-wrong",
            R::SignedInFuture => "signed-in-future",
            R::SingleLabelDomain => "single-label-domain",
            R::StrictIdentity => "strict-identity",
            R::TestingKey => "testing-key",
            R::TooManyKeys => "too-many-keys",
            R::TooManySignedFields => "too-many-signed-fields",
            R::TooManyTags => "too-many-tags",
            R::UnknownAlgorithm => "unknown-algorithm",
            R::UnknownForm => "unknown-form",
            R::UnknownVersion => "unknown-version",
        }
    }

    /// For a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            R::BadBodyHash => "what the signature says of the body (bh=) cannot be read",
            R::BadDomain => "the signing domain (d=) is no domain name",
            R::BadIdentity => "the signing identity (i=) cannot be read",
            R::BadKey => "what the DNS has at the key's name is no key",
            R::BadLength => "the signed length of the body (l=) is no number",
            R::BadSelector => "the key's name (s=) cannot be asked for",
            R::BadSignature => "the signature itself (b=) cannot be read",
            R::BadSignedFields => "the list of signed fields (h=) cannot be read",
            R::BadTags => "the DKIM-Signature field cannot be read",
            R::BadTime => "a time in the signature (t= or x=) is no number",
            R::BodyAltered => "the body is not the one that was signed",
            R::BodyPartlySigned => "only the beginning of the body was signed (l=)",
            R::BodyShortened => "more of a body was signed (l=) than there is",
            R::DuplicateTag => "the DKIM-Signature field says one thing twice",
            R::Expired => "the signature had expired (x=) when the message arrived",
            R::ExpiresBeforeSigned => "the signature expires (x=) before it was made (t=)",
            R::FieldTooLong => "the DKIM-Signature field is too long",
            R::FromMissing => "the message has no From field",
            R::FromNotSigned => "the From field was not signed (h=)",
            R::HeadTooLong => "the message has too many or too long header fields",
            R::IdentityOutside => "the signing identity (i=) is outside the signing domain (d=)",
            R::KeyForbidsHash => "the key is not meant for SHA-256 (h=)",
            R::KeyMissing => "the DNS has no key at the name that the signature gives",
            R::KeyNotForMail => "the key is not meant for mail (s=)",
            R::KeyOfOtherKind => "the key is of another kind (k=) than the signature (a=)",
            R::KeyRevoked => "the key has been revoked",
            R::KeyTooLarge => "the RSA key has more than 4096 bits",
            R::KeyTooLong => "the text at the key's name is too long",
            R::KeyTooSmall => "the RSA key has less than 1024 bits",
            R::KeyUnsettled => "the DNS gave no answer for the key; it may later",
            R::MissingTag => "the DKIM-Signature field lacks something that must be in it",
            R::OtherQuery => "the key is to be had by other means than the DNS (q=)",
            R::SecondFrom => "the message has a From field more than was signed",
            R::Sha1 => "the signature uses SHA-1, which is broken",
            R::SignatureWrong => "the signature does not fit: a signed header field was altered, or the key is another",
            R::SignedInFuture => "the signature was made more than a day after the message arrived (t=)",
            R::SingleLabelDomain => "the signing domain (d=) is a top-level domain",
            R::StrictIdentity => {
                "the key is for addresses of the domain itself (t=s), and the identity (i=) is below it"
            }
            R::TestingKey => "the domain only tests its key (t=y): the message counts as unsigned",
            R::TooManyKeys => "the DNS has too many texts at the key's name",
            R::TooManySignedFields => "the list of signed fields (h=) is too long",
            R::TooManyTags => "the DKIM-Signature field says too many things",
            R::UnknownAlgorithm => "the signature's algorithm (a=) is not known",
            R::UnknownForm => "the signature's canonical form (c=) is not known",
            R::UnknownVersion => "the signature's version (v=) is not known",
        }
    }

    /// What it comes to. A test of the message that failed is a failure; what can be no test of it is an error for good.
    #[must_use]
    pub fn finding(self) -> Finding {
        match self {
            R::TestingKey => Finding::None,
            R::KeyUnsettled => Finding::TempError,
            R::BodyAltered
            | R::BodyPartlySigned
            | R::BodyShortened
            | R::Expired
            | R::SecondFrom
            | R::SignatureWrong
            | R::SignedInFuture => Finding::Fail,
            _ => Finding::PermError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_listed_once_by_its_name() {
        for (at, refusal) in R::ALL.into_iter().enumerate() {
            // Named in another place than the list, so that one that is forgotten there moves all behind it.
            assert_eq!(refusal as usize, at, "{refusal:?}");
            let kebab: String = format!("{refusal:?}")
                .char_indices()
                .flat_map(|(at, c)| (at > 0 && c.is_uppercase()).then_some('-').into_iter().chain(c.to_lowercase()))
                .collect();
            assert_eq!(refusal.name(), kebab);
        }
        assert!(R::ALL.is_sorted_by_key(|refusal| refusal.name()));
        assert_eq!(R::ALL.last(), Some(&R::UnknownVersion));
    }

    #[test]
    fn no_refusal_is_a_pass_and_each_says_why_in_its_own_words() {
        let sentences: std::collections::BTreeSet<&str> = R::ALL.iter().map(|refusal| refusal.sentence()).collect();
        assert_eq!(sentences.len(), R::ALL.len());
        assert!(R::ALL.iter().all(|refusal| refusal.finding() != Finding::Pass));
    }
}
