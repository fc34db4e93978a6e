//! What SPF comes to, as RFC 7208 section 2.6 names it.
//!
//! Promises: each result has one word and one finding. Never touches: how it is come to.

use super::super::question::Finding;

/// The result of `check_host()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpfResult {
    /// The domain says that the client may not use its name.
    Fail,
    /// The domain says nothing either way of the client.
    Neutral,
    /// There is no domain to ask, or it publishes no policy.
    None,
    /// The domain says that the client may use its name.
    Pass,
    /// What the domain publishes cannot be understood, or asks for more than is allowed.
    PermError,
    /// The domain says that the client probably may not use its name.
    SoftFail,
    /// The DNS gave no answer that can be used; it may later.
    TempError,
}

impl SpfResult {
    /// In the word of RFC 7208.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SpfResult::Fail => "fail",
            SpfResult::Neutral => "neutral",
            SpfResult::None => "none",
            SpfResult::Pass => "pass",
            SpfResult::PermError => "permerror",
            SpfResult::SoftFail => "softfail",
            SpfResult::TempError => "temperror",
        }
    }

    /// As far as the three methods share their results: `softfail` is a weak fail, `neutral` is to be treated as `none` (RFC
    /// 7208 section 8.2).
    #[must_use]
    pub fn finding(self) -> Finding {
        match self {
            SpfResult::Fail | SpfResult::SoftFail => Finding::Fail,
            SpfResult::Neutral | SpfResult::None => Finding::None,
            SpfResult::Pass => Finding::Pass,
            SpfResult::PermError => Finding::PermError,
            SpfResult::TempError => Finding::TempError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pass_is_found_to_be_one() {
        let all = [
            (SpfResult::Fail, "fail", "fail"),
            (SpfResult::Neutral, "neutral", "none"),
            (SpfResult::None, "none", "none"),
            (SpfResult::Pass, "pass", "pass"),
            (SpfResult::PermError, "permerror", "permerror"),
            (SpfResult::SoftFail, "softfail", "fail"),
            (SpfResult::TempError, "temperror", "temperror"),
        ];
        for (result, name, finding) in all {
            assert_eq!((result.name(), result.finding().name()), (name, finding));
        }
    }
}
