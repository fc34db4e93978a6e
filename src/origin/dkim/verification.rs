//! What came of the signatures of a message.
//!
//! Promises: what can be shown is fit to be shown. Never touches: how it was found.

use super::header::SignedFields;
use super::refusal::DkimRefusal;
use super::signature::{Algorithm, Shown};
use crate::mail::address::Domain;
use crate::origin::question::{Finding, Name};

/// What came of all signatures, topmost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Those that were checked.
    pub signatures: Vec<Checked>,
    /// How many stand below the last one that was read.
    pub unread: usize,
    /// How many were read and not asked for: of domains that are not wanted, or beyond the limit.
    pub unasked: usize,
}

/// What came of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// `d=`; none where it is no domain name.
    pub domain: Option<Domain>,
    /// `s=`, made fit to be shown.
    pub selector: String,
    /// Where its key is; none where the signature cannot be read.
    pub key: Option<Name>,
    /// `a=`; none where it is not known.
    pub algorithm: Option<Algorithm>,
    /// What it comes to.
    pub finding: Finding,
    /// Why it does not pass.
    pub refusal: Option<DkimRefusal>,
    /// Which fields it covers. It says something only where `finding` is a pass.
    pub signs: SignedFields,
    /// `t=`, in seconds since 1970.
    pub signed_at: Option<i64>,
    /// `x=`, in seconds since 1970.
    pub expires: Option<i64>,
}

impl Verification {
    /// What it comes to in all: a pass if one passes; else what may be different later; else the worst.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let order = [Finding::Pass, Finding::TempError, Finding::Fail, Finding::PermError];
        let has = |finding: &Finding| self.signatures.iter().any(|checked| checked.finding == *finding);
        order.into_iter().find(has).unwrap_or(Finding::None)
    }
}

impl Checked {
    pub(super) fn new(
        shown: &Shown,
        key: Option<&Name>,
        signs: SignedFields,
        result: Result<(), DkimRefusal>,
    ) -> Checked {
        Checked {
            domain: shown.domain.clone(),
            selector: shown.selector.clone(),
            key: key.cloned(),
            algorithm: shown.algorithm,
            finding: result.err().map_or(Finding::Pass, DkimRefusal::finding),
            refusal: result.err(),
            signs,
            signed_at: shown.signed_at,
            expires: shown.expires,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_passes_is_enough_and_what_may_be_different_later_comes_next() {
        let one = |result| Checked::new(&Shown::default(), None, SignedFields::default(), result);
        let all = |results: &[Result<(), DkimRefusal>]| {
            let signatures = results.iter().copied().map(one).collect();
            Verification { signatures, unread: 1, unasked: 1 }.finding()
        };
        let [wrong, unsettled, bad, testing] =
            [DkimRefusal::SignatureWrong, DkimRefusal::KeyUnsettled, DkimRefusal::BadTags, DkimRefusal::TestingKey];
        assert_eq!(all(&[]), Finding::None);
        assert_eq!(all(&[Err(testing)]), Finding::None);
        assert_eq!(all(&[Err(testing), Err(bad)]), Finding::PermError);
        assert_eq!(all(&[Err(bad), Err(wrong)]), Finding::Fail);
        assert_eq!(all(&[Err(wrong), Err(unsettled), Err(bad)]), Finding::TempError);
        assert_eq!(all(&[Err(wrong), Err(unsettled), Ok(())]), Finding::Pass);
    }
}
