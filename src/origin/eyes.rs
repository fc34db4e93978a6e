//! Own eyes: what the user wants the program to look at by itself, and what it has found about one message.
//!
//! Promises: nothing is found that was not looked at. Never touches: the DNS, the signatures themselves (`look.rs`).

use super::proofs::{Method, Proofs};
use crate::mail::address::Domain;

/// When the program looks by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Always where proof is what a decision lacks; what a trusted field says must be borne out.
    Always,
    /// Never: nothing leaves the machine.
    #[default]
    Off,
    /// Where no trusted field of the message holds a DKIM or DMARC result.
    WhereSilent,
}

impl Look {
    /// Every one, with the word for it in the configuration.
    pub const WORDS: [(&'static str, Look); 3] =
        [("off", Look::Off), ("where-silent", Look::WhereSilent), ("always", Look::Always)];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Look::WORDS.iter().find(|(_, look)| *look == self).map_or("off", |(word, _)| word)
    }

    /// What a word means.
    #[must_use]
    pub fn parse(text: &str) -> Option<Look> {
        Look::WORDS.iter().find(|(word, _)| *word == text).map(|(_, look)| *look)
    }
}

/// What the user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eyes {
    /// When it looks.
    pub look: Look,
    /// What it looks at: DKIM, and SPF where the user names it. SPF proves a path and no author, so it counts as it does in
    /// the gate.
    pub methods: Vec<Method>,
    /// Whether the mail of known senders is looked at too, after it is safe.
    pub look_at_pinned: bool,
}

impl Default for Eyes {
    fn default() -> Eyes {
        Eyes { look: Look::Off, methods: vec![Method::Dkim], look_at_pinned: false }
    }
}

/// What own eyes say about one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// Something was found, or not.
    Found(Found),
    /// For a question only: what if everything were proven?
    Supposed,
    /// Nobody has looked.
    #[default]
    Unlooked,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What is proven of which domain.
    pub proven: Vec<(Domain, Proofs)>,
    /// Whether an answer that may have proven more, or whether the sender gets mail, did not come.
    pub unsettled: bool,
    /// Whether the author's domain says that it takes no mail, or does not exist (RFC 7505, RFC 5321 section 5.1).
    pub takes_no_mail: bool,
    /// Whether there is a signature in the name of the author's domain, and it is wrong.
    pub forged: bool,
    /// Whether the user stands in neither To nor Cc. No other field that names him is of the author for certain: anybody may put
    /// it on a letter that was signed for somebody else.
    pub unnamed: bool,
}

impl Sight {
    /// What is proven of this domain.
    #[must_use]
    pub fn proofs(&self, domain: &Domain) -> Proofs {
        match self {
            Sight::Found(found) => {
                let of_it = found.proven.iter().filter(|(proven, _)| proven == domain);
                of_it.fold(Proofs::NONE, |all, (_, proofs)| all.union(*proofs))
            }
            Sight::Supposed => Proofs::AUTHOR,
            Sight::Unlooked => Proofs::NONE,
        }
    }

    /// What was found, where somebody has looked.
    #[must_use]
    pub fn found(&self) -> Option<&Found> {
        if let Sight::Found(found) = self { Some(found) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_configuration_are_read_back() {
        assert!(Look::WORDS.iter().all(|(word, look)| Look::parse(word) == Some(*look) && look.name() == *word));
        assert_eq!((Look::parse("on"), Look::default()), (None, Look::Off));
    }

    #[test]
    fn nothing_is_proven_of_another_domain_or_without_a_look() {
        let domain = |text: &str| Domain::parse(text).unwrap();
        let proven = vec![(domain("x.org"), Proofs::DKIM), (domain("x.org"), Proofs::DMARC)];
        let sight = Sight::Found(Found { proven, ..Found::default() });
        assert_eq!(sight.proofs(&domain("y.org")), Proofs::NONE);
        assert_eq!(Sight::Unlooked.proofs(&domain("x.org")), Proofs::NONE);
        assert_eq!(sight.proofs(&domain("x.org")), Proofs::AUTHOR);
        assert_eq!(Sight::Supposed.proofs(&domain("y.org")), Proofs::AUTHOR);
    }
}
