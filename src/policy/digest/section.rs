//! The parts of a digest: which is how urgent, what its heading says, and what is counted where there is no room.
//!
//! Promises: every entry belongs to exactly one; a stranger's mail is shown before it counts as listed. Never touches: how
//! many lines there are.

use super::entry::{Entry, Words};
use crate::policy::gate::{CapRefusal, GateRefusal};
use crate::policy::reason::Reason;
use crate::signs::Kind;

/// The parts of a digest, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// It answers a challenge sooner than a person can.
    AtOnce,
    /// Somebody says that they did not write it.
    Disowned,
    /// It claims to be somebody known, and is forged, or lacks their proof.
    KnownName,
    /// Codes and confirmations, for which somebody may be waiting (S004-69).
    Codes,
    /// Strangers who were asked, about this message or an earlier one, and did not answer yet.
    Asked,
    /// Strangers who were not asked.
    NotAsked,
    /// It claims to be the user, or somebody else than its address says.
    Suspicious,
    /// Programs and roles.
    Robots,
    /// Mailing lists.
    Lists,
    /// Newsletters and advertising.
    Newsletters,
    /// Bounces, reports, and what goes round in circles.
    Bounces,
    /// There is something in it that a computer may run.
    Executables,
    /// From an address that wants to be asked no more, since it was not them before.
    OptedOut,
    /// What the spam filter or its build says is junk.
    Junk,
    /// The domain it claims to come from says that it does not, and nobody known writes from that address.
    Forged,
    /// Denied senders.
    Denied,
    /// Answers that are empty in every way.
    EmptyAnswers,
}

impl Section {
    /// Where an entry stands that says these words.
    #[must_use]
    pub fn of(entry: &Entry, words: Option<&Words>) -> Section {
        match Section::of_reason(entry) {
            Section::Robots | Section::Lists | Section::Newsletters | Section::Bounces
                if words.is_some_and(|words| words.code) =>
            {
                Section::Codes
            }
            section => section,
        }
    }

    /// The same without what it says.
    #[must_use]
    pub fn of_reason(entry: &Entry) -> Section {
        match entry.reason {
            Reason::AnsweredAtOnce => Section::AtOnce,
            Reason::Answer => Section::EmptyAnswers,
            Reason::KnownForged | Reason::KnownSentElsewhere | Reason::PinMissing => Section::KnownName,
            Reason::OwnAddressUnproven | Reason::DisplayNameAddress => Section::Suspicious,
            Reason::DmarcFail => Section::Forged,
            Reason::DeniedDomain | Reason::DeniedList | Reason::DeniedSender => Section::Denied,
            Reason::Automatic(sign) => match sign.kind() {
                // Exchange asks so also for what people write: they are not listed among the machines.
                Kind::NoReplyWanted => Section::NotAsked,
                Kind::Robot | Kind::AutoReply => Section::Robots,
                Kind::List => Section::Lists,
                Kind::Bulk => Section::Newsletters,
                Kind::Bounce | Kind::Report | Kind::Challenge => Section::Bounces,
            },
            Reason::ChallengeBounce | Reason::ForeignBounce | Reason::LoopOwnChallenge | Reason::LoopReceived => {
                Section::Bounces
            }
            Reason::Disowned | Reason::NotMeAnswer | Reason::NotThem => Section::Disowned,
            Reason::Executable(_) => Section::Executables,
            Reason::EmptyProbe | Reason::ScoreDiscard | Reason::ScoreHigh => Section::Junk,
            Reason::OptedOut => Section::OptedOut,
            Reason::Capped(CapRefusal::AskedRecently) => Section::Asked,
            _ if entry.asked => Section::Asked,
            _ => Section::NotAsked,
        }
    }

    /// Whether what has no room is counted and that is enough: the line names the command that shows it. A stranger's mail is
    /// never only counted, but where the user, the domain it claims or the spam filter says what it is.
    #[must_use]
    pub fn may_be_counted(self) -> bool {
        let is_persons = matches!(self, Section::Executables | Section::OptedOut);
        self == Section::Codes || (self >= Section::Robots && !is_persons)
    }

    /// Whether one line speaks for all that is in it, however much room there is.
    #[must_use]
    pub fn is_folded(self) -> bool {
        self >= Section::Forged
    }
}

/// The heading under which an entry of a section stands: where there are several reasons, it says which one.
#[must_use]
pub fn heading(section: Section, entry: &Entry) -> String {
    let text = match section {
        Section::AtOnce => "Answered a challenge at once, as machines do",
        // What denies and what is denied stand together.
        Section::Disowned => "Somebody says that they did not write it",
        Section::KnownName => match entry.reason {
            Reason::KnownForged => "A known name, forged: its domain says no (dmarc=fail)",
            Reason::KnownSentElsewhere => "A known name, sent from where its domain never sends",
            _ => "A known name, without the proof it always had",
        },
        Section::Codes => "Codes and confirmations that you may be waiting for",
        Section::Asked if entry.undeliverable => "Asked, but the challenge came back: perhaps nobody is there",
        Section::Asked if entry.reason == Reason::WrongWord => "Answered a challenge, but without the word asked for",
        Section::Asked => "Strangers who were asked and have not answered yet",
        Section::NotAsked => return not_asked(entry.reason),
        Section::Suspicious if entry.reason == Reason::DisplayNameAddress => "Shows another address than its own",
        Section::Suspicious => "Claims to be from you, and nothing proves it",
        Section::Robots => "Robots and automatic answers",
        Section::Lists => "Mailing lists",
        Section::Newsletters => "Newsletters and advertising",
        Section::Bounces => match entry.reason {
            Reason::ForeignBounce => "Bounces of mail that you are not known to have sent",
            Reason::ChallengeBounce | Reason::LoopOwnChallenge => "Challenges of yours that came back",
            Reason::LoopReceived => "Mail that goes round in circles",
            Reason::Automatic(sign) if sign.kind() == Kind::Challenge => "Challenges of other people's filters",
            _ => "Bounces and reports",
        },
        Section::Executables => "With something in it that a computer may run",
        Section::Junk if entry.reason == Reason::EmptyProbe => "Says next to nothing, as trial mail of spammers",
        Section::Junk => "Spam by the score of your spam filter",
        Section::OptedOut => "From addresses that asked not to be asked again",
        Section::Forged => "Forged, their domain says no",
        Section::Denied => "From senders you denied",
        Section::EmptyAnswers => "Empty answers",
    };
    text.to_owned()
}

fn not_asked(reason: Reason) -> String {
    let why = match reason {
        Reason::Automatic(_) => "their mail system wants no automatic answers",
        Reason::Capped(CapRefusal::AlikeSurge) => "several wrote alike within an hour",
        Reason::Capped(refusal) => refusal.sentence(),
        // The alarm on top says it at length.
        Reason::Gate(GateRefusal::NothingTrusted) => "nothing here proves who sent it",
        Reason::Gate(GateRefusal::NotProven) => "nothing proves that its domain sent it",
        Reason::Gate(refusal) => refusal.sentence(),
        Reason::LookLater => "whether it is proven is not found out yet",
        Reason::Malformed(_) => "the header block is damaged",
        Reason::NotAddressed => "none of your addresses is in To or Cc",
        Reason::ScoreModerate => "only mail with a higher spam score is asked",
        Reason::SpentToken => "an answer with a token that was used up",
        Reason::StoreUnavailable => "the store could not be read",
        Reason::UnclearSender(_) => "nobody can say who wrote it",
        Reason::Unreadable => "its text cannot be read",
        Reason::WrongWord => "an answer without the word asked for",
        Reason::Challenge => "a challenge is due",
        _ => return format!("Held: {}", reason.sentence()),
    };
    format!("Not asked: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::token::HeldId;
    use crate::signs::Sign;

    fn entry(reason: Reason, asked: bool) -> Entry {
        let id = HeldId::from_number(1).unwrap();
        Entry { id, received: 0, reason, score: None, asked, undeliverable: false }
    }

    fn section(reason: Reason) -> Section {
        Section::of(&entry(reason, false), None)
    }

    #[test]
    fn they_stand_in_the_order_of_the_design() {
        let order = [
            Reason::AnsweredAtOnce,
            Reason::Disowned,
            Reason::KnownForged,
            Reason::Capped(CapRefusal::AskedRecently),
            Reason::Gate(GateRefusal::NotProven),
            Reason::Automatic(Sign::AutoGenerated),
            Reason::Automatic(Sign::ListField),
            Reason::Automatic(Sign::UnsubscribeText),
            Reason::ForeignBounce,
            Reason::Executable(crate::mail::executable::Executable::Program),
            Reason::OptedOut,
            Reason::ScoreHigh,
            Reason::DmarcFail,
            Reason::DeniedSender,
            Reason::Answer,
        ];
        let sections = order.map(section);
        assert!(sections.windows(2).all(|two| two[0] < two[1]), "{sections:?}");
    }

    #[test]
    fn a_code_stands_before_people_and_only_a_machine_brings_one() {
        let words = Words { code: true, ..Words::default() };
        let of = |reason| Section::of(&entry(reason, false), Some(&words));
        assert_eq!(of(Reason::Automatic(Sign::NoReplyAuthor)), Section::Codes);
        assert_eq!(of(Reason::Automatic(Sign::ConfirmAddress)), Section::Codes);
        assert_eq!(of(Reason::DmarcFail), Section::Forged);
        assert_eq!(of(Reason::Gate(GateRefusal::NotProven)), Section::NotAsked);
        assert!(Section::KnownName < Section::Codes && Section::Codes < Section::Asked);
    }

    #[test]
    fn suspicion_comes_before_lists() {
        assert_eq!(section(Reason::DisplayNameAddress), Section::Suspicious);
        assert_eq!(section(Reason::OwnAddressUnproven), Section::Suspicious);
        assert_eq!(section(Reason::Automatic(Sign::NoReplyWanted)), Section::NotAsked);
        assert!(section(Reason::PinMissing) < section(Reason::Gate(GateRefusal::NotProven)));
        assert!(Section::Suspicious < Section::Lists);
        // A stranger's forged mail claims to be nobody that the user knows.
        assert_eq!(section(Reason::DmarcFail), Section::Forged);
        // The question about the first letter stands for the second one too.
        assert_eq!(section(Reason::Capped(CapRefusal::AskedRecently)), Section::Asked);
        assert_eq!(section(Reason::Capped(CapRefusal::DailyCap)), Section::NotAsked);
        assert_eq!(Section::of(&entry(Reason::Challenge, true), None), Section::Asked);
    }

    #[test]
    fn a_strangers_mail_is_never_only_counted() {
        for person in [
            Reason::AnsweredAtOnce,
            Reason::NotThem,
            Reason::PinMissing,
            Reason::Challenge,
            Reason::Gate(GateRefusal::NotProven),
            Reason::Automatic(Sign::NoReplyWanted),
            Reason::OwnAddressUnproven,
            Reason::DisplayNameAddress,
            Reason::Executable(crate::mail::executable::Executable::MacroDocument),
            Reason::OptedOut,
            Reason::Unreadable,
            Reason::NotAddressed,
            Reason::StoreUnavailable,
        ] {
            assert!(!section(person).may_be_counted(), "{person:?}");
        }
        for other in [Reason::DmarcFail, Reason::Answer, Reason::Automatic(Sign::ListField), Reason::DeniedSender] {
            assert!(section(other).may_be_counted(), "{other:?}");
        }
    }

    #[test]
    fn every_heading_fits_a_line_with_its_count() {
        for reason in Reason::all() {
            for (asked, undeliverable) in [(false, false), (true, false), (true, true)] {
                let entry = Entry { undeliverable, ..entry(reason, asked) };
                let heading = heading(Section::of(&entry, None), &entry);
                // Of what never is held nobody reads the heading.
                let is_held = !heading.starts_with("Held: ");
                assert!(!is_held || heading.len() + " (100000)".len() <= 78, "{heading}");
            }
        }
    }
}
