//! The methods of authentication, and what is proven of a domain: a set of them.
//!
//! Promises: the numbers of a set never change, the store keeps them. Never touches: who proved it, or whether it is enough.

/// A method of authentication that this program understands (RFC 8601 section 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// DKIM signatures (RFC 6376).
    Dkim,
    /// DMARC (RFC 9989): SPF or DKIM of the From domain.
    Dmarc,
    /// SPF (RFC 7208) of the envelope sender.
    Spf,
}

/// What is proven about one domain: a set of methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proofs(u8);

impl Method {
    /// The method's keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Dkim => "dkim",
            Method::Dmarc => "dmarc",
            Method::Spf => "spf",
        }
    }

    /// The method of that keyword, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Method> {
        [Method::Dkim, Method::Dmarc, Method::Spf].into_iter().find(|one| one.name().eq_ignore_ascii_case(text))
    }
}

impl Proofs {
    /// Nothing is proven.
    pub const NONE: Proofs = Proofs(0);
    /// `dmarc=pass`.
    pub const DMARC: Proofs = Proofs(1);
    /// `dkim=pass`.
    pub const DKIM: Proofs = Proofs(2);
    /// `spf=pass`.
    pub const SPF: Proofs = Proofs(4);

    /// The methods that speak of the From domain: DMARC or DKIM. SPF speaks of the envelope alone.
    pub const AUTHOR: Proofs = Proofs(3);

    /// The set that [`Proofs::bits`] gave; none if another bit is set.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Proofs> {
        (bits & !7 == 0).then_some(Proofs(bits))
    }

    /// The set as a number from 0 to 7, for the store.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether nothing is proven.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub fn contains(self, other: Proofs) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anything of `other` is in this set.
    #[must_use]
    pub fn intersects(self, other: Proofs) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether this set, proven of a message today, is enough for an entry with this pin: any proof of the pin itself, and
    /// DMARC in the place of DKIM. A signature that mailing on has broken, or a key that was just changed, leaves DMARC
    /// standing by SPF, and both speak of the author's own domain. DKIM does not stand for DMARC.
    #[must_use]
    pub fn keeps(self, pin: Proofs) -> bool {
        self.intersects(pin) || (pin.contains(Proofs::DKIM) && self.contains(Proofs::DMARC))
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Proofs) -> Proofs {
        Proofs(self.0 | other.0)
    }

    /// The set for people: `dmarc, dkim`, or `nothing`.
    #[must_use]
    pub fn names(self) -> String {
        let names = self.list();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }

    /// The set for programs: `["dmarc", "dkim"]`.
    #[must_use]
    pub fn list(self) -> Vec<&'static str> {
        let all = [(Proofs::DMARC, Method::Dmarc), (Proofs::DKIM, Method::Dkim), (Proofs::SPF, Method::Spf)];
        all.iter().filter(|(one, _)| self.contains(*one)).map(|(_, method)| method.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_proofs_keeps_its_numbers() {
        assert_eq!([Proofs::DMARC.bits(), Proofs::DKIM.bits(), Proofs::SPF.bits()], [1, 2, 4]);
        assert_eq!(Proofs::from_bits(8), None);
        assert_eq!(Proofs::from_bits(255), None);
        let two = Proofs::from_bits(3).unwrap();
        assert!(two.contains(Proofs::DKIM) && !two.contains(Proofs::SPF) && !two.intersects(Proofs::SPF));
        assert!(two.intersects(Proofs::SPF.union(Proofs::DMARC)) && !two.contains(Proofs::SPF.union(Proofs::DMARC)));
        assert_eq!(two.names(), "dmarc, dkim");
        assert_eq!((Method::parse("DKIM"), Method::parse("arc")), (Some(Method::Dkim), None));
    }
}
