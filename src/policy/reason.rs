//! Why a message was passed or held, by name: the one vocabulary of log, header block, `explain` and the store.
//!
//! Promises: a name and a number never change their meaning once released; both read back. Never touches: the
//! rules themselves (`verdict.rs`).

use std::fmt;

use super::gate::{CapRefusal, GateRefusal};
use super::own_mail::Notice;
use crate::facts::Unclear;
use crate::mail::executable::Executable;
use crate::mail::head::HeadDefect;
use crate::signs::{Kind, Sign};

/// The rule that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// From a list the user allowed, and proven.
    AllowedList,
    /// From an address the user or a confirmation allowed.
    AllowedSender,
    /// From a domain the user allowed, and proven.
    AllowedDomain,
    /// It confirmed something, or would have if that had not been done before, and is empty in every way.
    Answer,
    /// It confirmed something and says something more.
    AnswerWithText,
    /// It answers a challenge sooner than a person can have read that.
    AnsweredAtOnce,
    /// It was not written by a person for this user.
    Automatic(Sign),
    /// A challenge is due, but a limit stops it.
    Capped(CapRefusal),
    /// A stranger with a proven address.
    Challenge,
    /// A challenge of ours could not be delivered and came back.
    ChallengeBounce,
    /// An answer that denies, beside other words, to be from who wrote what it is asked about.
    DeniedAuthorship,
    /// From a domain the user denied.
    DeniedDomain,
    /// From a list the user denied.
    DeniedList,
    /// From an address the user denied.
    DeniedSender,
    /// The display name shows another mail address than the one it was sent from.
    DisplayNameAddress,
    /// The person it claims to be from says in ordinary words that they did not write it, and may take that back. It takes
    /// the place of the first reason.
    Disowned,
    /// The trusted mail system says that the From domain disowns it.
    DmarcFail,
    /// It says next to nothing and lacks what a person's mail has.
    EmptyProbe,
    /// There is something in it that a computer may run.
    Executable(Executable),
    /// A mail system returns a message that the user is not known to have sent.
    ForeignBounce,
    /// Nobody may be challenged for it.
    Gate(GateRefusal),
    /// Of mail that claims to be from somebody who is allowed by now, and that their domain disowns: how the digest calls it.
    KnownForged,
    /// It claims to be from somebody learned, proves nothing, and their domain says that it was sent from elsewhere.
    KnownSentElsewhere,
    /// Whether it is proven could not be found out yet; it is looked at again.
    LookLater,
    /// Our own challenge came back.
    LoopOwnChallenge,
    /// It went through more than 100 mail systems (RFC 5321 section 6.3).
    LoopReceived,
    /// Its header block is damaged.
    Malformed(HeadDefect),
    /// The configuration says `mode = "off"`.
    ModeOff,
    /// None of the user's addresses is in To or Cc.
    NotAddressed,
    /// It says that an earlier message from its address was not theirs.
    NotMeAnswer,
    /// The person it claims to be from says that it is not theirs. It takes the place of the first reason.
    NotThem,
    /// The address wants no challenge any more.
    OptedOut,
    /// It claims to be from the user and is proven to be from the domain.
    OwnAddress,
    /// It claims to be from the user and nothing proves it.
    OwnAddressUnproven,
    /// A machine speaks of what the user sent: a bounce, a vacation notice, a challenge, a receipt.
    OwnMail(Notice),
    /// This program made it for its user.
    OwnMark,
    /// The user handed it in on this host.
    OwnSubmission,
    /// An allowed sender, but without the proof the entry is pinned to.
    PinMissing,
    /// What was missing was the proof, and the program found it when the message was safe.
    ProvenLater,
    /// It answers a message that the user sent.
    Reply,
    /// Its spam score is above `discard_above`.
    ScoreDiscard,
    /// Its spam score is above `hold_above`, or the filter says that it is spam.
    ScoreHigh,
    /// Its spam score is below `pass_below`, and its sender is proven.
    ScoreLow,
    /// Only mail with a higher spam score is challenged at all.
    ScoreModerate,
    /// A copy of the user's own mail, sent only so that it teaches whom the user writes to.
    SentCopy,
    /// It carries a token of the user's that an earlier answer used up.
    SpentToken,
    /// The store cannot be read, so nobody is known.
    StoreUnavailable,
    /// Nobody can say who wrote it.
    UnclearSender(Unclear),
    /// It has a text, and nothing of it can be read.
    Unreadable,
    /// The answer to a challenge, without the word that was asked for.
    WrongWord,
}

const NUMBERED: &[(u16, Reason)] = &[
    (1, Reason::LoopReceived),
    (2, Reason::LoopOwnChallenge),
    (3, Reason::OwnMark),
    (4, Reason::OwnSubmission),
    (5, Reason::DeniedSender),
    (6, Reason::DeniedDomain),
    (7, Reason::DeniedList),
    (8, Reason::OwnAddressUnproven),
    (9, Reason::OwnAddress),
    (10, Reason::DmarcFail),
    (11, Reason::AnswerWithText),
    (12, Reason::Answer),
    (13, Reason::AllowedSender),
    (14, Reason::PinMissing),
    (15, Reason::AllowedDomain),
    (16, Reason::AllowedList),
    (17, Reason::NotAddressed),
    (18, Reason::Challenge),
    (19, Reason::StoreUnavailable),
    (20, Reason::ModeOff),
    (21, Reason::SpentToken),
    (30, Reason::UnclearSender(Unclear::BadAddress)),
    (31, Reason::UnclearSender(Unclear::BadField)),
    (32, Reason::UnclearSender(Unclear::Disagreement)),
    (33, Reason::UnclearSender(Unclear::ManyFields)),
    (34, Reason::UnclearSender(Unclear::ManyMailboxes)),
    (35, Reason::UnclearSender(Unclear::NoField)),
    (36, Reason::UnclearSender(Unclear::ParserFailed)),
    (40, Reason::Malformed(HeadDefect::BlankInName)),
    (41, Reason::Malformed(HeadDefect::LoneCarriageReturn)),
    (42, Reason::Malformed(HeadDefect::NoFields)),
    (43, Reason::Malformed(HeadDefect::Nul)),
    (44, Reason::Malformed(HeadDefect::StrayLine)),
    (45, Reason::Malformed(HeadDefect::TooLong)),
    (46, Reason::Malformed(HeadDefect::TooManyFields)),
    (47, Reason::Malformed(HeadDefect::ValueTooLong)),
    (60, Reason::Gate(GateRefusal::EnvelopeDiffers)),
    (61, Reason::Gate(GateRefusal::EnvelopeMissing)),
    (62, Reason::Gate(GateRefusal::EnvelopeUnclear)),
    (63, Reason::Gate(GateRefusal::NeedsSmtputf8)),
    (64, Reason::Gate(GateRefusal::NotProven)),
    (65, Reason::Gate(GateRefusal::NothingTrusted)),
    (66, Reason::Gate(GateRefusal::OwnAddress)),
    (67, Reason::Gate(GateRefusal::DomainLiteral)),
    (68, Reason::Gate(GateRefusal::NoMailDomain)),
    (100, Reason::DisplayNameAddress),
    (80, Reason::Capped(CapRefusal::AskedRecently)),
    (81, Reason::Capped(CapRefusal::DailyCap)),
    (82, Reason::Capped(CapRefusal::HourlyCap)),
    (120, Reason::EmptyProbe),
    (121, Reason::ScoreDiscard),
    (122, Reason::ScoreHigh),
    (123, Reason::ScoreLow),
    (124, Reason::ScoreModerate),
    (125, Reason::Executable(Executable::ArchivedProgram)),
    (126, Reason::Executable(Executable::DirectionOverride)),
    (127, Reason::Executable(Executable::DiskImage)),
    (128, Reason::Executable(Executable::DoubleExtension)),
    (129, Reason::Executable(Executable::EncryptedArchive)),
    (130, Reason::Executable(Executable::JavaProgram)),
    (131, Reason::Executable(Executable::MacroDocument)),
    (132, Reason::Executable(Executable::NestedArchive)),
    (133, Reason::Executable(Executable::NestedTooDeep)),
    (134, Reason::Executable(Executable::Program)),
    (135, Reason::Executable(Executable::ProgramName)),
    (136, Reason::Executable(Executable::RtfObject)),
    (137, Reason::Executable(Executable::Script)),
    (138, Reason::Executable(Executable::ScriptName)),
    (139, Reason::Executable(Executable::Shortcut)),
    (140, Reason::NotThem),
    (141, Reason::OptedOut),
    (142, Reason::Capped(CapRefusal::AlikeSurge)),
    (143, Reason::Capped(CapRefusal::UndeliverableSurge)),
    (144, Reason::NotMeAnswer),
    (145, Reason::WrongWord),
    (146, Reason::ChallengeBounce),
    (147, Reason::AnsweredAtOnce),
    (160, Reason::Unreadable),
    (161, Reason::DeniedAuthorship),
    (162, Reason::Disowned),
    (163, Reason::KnownForged),
    (180, Reason::SentCopy),
    (170, Reason::Reply),
    (171, Reason::OwnMail(Notice::Bounce)),
    (172, Reason::OwnMail(Notice::AutoReply)),
    (173, Reason::OwnMail(Notice::Challenge)),
    (174, Reason::OwnMail(Notice::Receipt)),
    (175, Reason::ForeignBounce),
    (176, Reason::KnownSentElsewhere),
    (181, Reason::LookLater),
    (182, Reason::ProvenLater),
];

/// Where the numbers of [`Sign`] begin.
const SIGNS_FROM: u16 = 200;

impl Reason {
    /// Whether the last rules were reached: a stranger's mail, and nothing in it speaks against asking.
    #[must_use]
    pub fn is_of_the_gate(self) -> bool {
        matches!(self, Reason::Challenge | Reason::Capped(_) | Reason::Gate(_) | Reason::LookLater)
    }

    /// In kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::AllowedDomain => "allowed-domain",
            Reason::AllowedList => "allowed-list",
            Reason::AllowedSender => "allowed-sender",
            Reason::Answer => "answer",
            Reason::AnswerWithText => "answer-with-text",
            Reason::AnsweredAtOnce => "answered-at-once",
            Reason::Automatic(sign) => sign.name(),
            Reason::Capped(refusal) => refusal.name(),
            Reason::Challenge => "challenge",
            Reason::ChallengeBounce => "challenge-bounce",
            Reason::DeniedAuthorship => "denied-authorship",
            Reason::DeniedDomain => "denied-domain",
            Reason::DeniedList => "denied-list",
            Reason::DeniedSender => "denied-sender",
            Reason::Disowned => "disowned",
            Reason::DisplayNameAddress => "display-name-address",
            Reason::DmarcFail => "dmarc-fail",
            Reason::EmptyProbe => "empty-probe",
            Reason::Executable(kind) => kind.name(),
            Reason::ForeignBounce => "foreign-bounce",
            Reason::Gate(refusal) => refusal.name(),
            Reason::KnownForged => "known-forged",
            Reason::KnownSentElsewhere => "known-sent-elsewhere",
            Reason::LookLater => "look-later",
            Reason::LoopOwnChallenge => "loop-own-challenge",
            Reason::LoopReceived => "loop-received",
            Reason::Malformed(_) => "malformed",
            Reason::ModeOff => "mode-off",
            Reason::NotAddressed => "not-addressed",
            Reason::NotMeAnswer => "not-me-answer",
            Reason::NotThem => "not-them",
            Reason::OptedOut => "opted-out",
            Reason::OwnAddress => "own-address",
            Reason::OwnAddressUnproven => "own-address-unproven",
            Reason::OwnMail(notice) => notice.name(),
            Reason::OwnMark => "own-mark",
            Reason::OwnSubmission => "own-submission",
            Reason::PinMissing => "pin-missing",
            Reason::ProvenLater => "proven-later",
            Reason::Reply => "reply",
            Reason::ScoreDiscard => "score-discard",
            Reason::ScoreHigh => "score-high",
            Reason::ScoreLow => "score-low",
            Reason::ScoreModerate => "score-moderate",
            Reason::SentCopy => "sent-copy",
            Reason::SpentToken => "spent-token",
            Reason::StoreUnavailable => "store-unavailable",
            Reason::UnclearSender(_) => "unclear-sender",
            Reason::Unreadable => "unreadable",
            Reason::WrongWord => "wrong-word",
        }
    }

    /// One sentence for a person.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Reason::AllowedDomain => "its domain is on the list of allowed domains, and proven".into(),
            Reason::AllowedList => "its mailing list is allowed, and proven".into(),
            Reason::AllowedSender => "the sender is on the list of allowed senders".into(),
            Reason::Answer => "it is the answer to a challenge and says nothing else".into(),
            Reason::AnswerWithText => "it is the answer to a challenge and has text of its own".into(),
            Reason::AnsweredAtOnce => "it answers a challenge sooner than anybody reads: a machine wrote it".into(),
            Reason::Automatic(sign) => automatic(sign),
            Reason::Capped(refusal) => format!("no challenge: {}", refusal.sentence()),
            Reason::Challenge => "the sender is not known, and the address is proven".into(),
            Reason::ChallengeBounce => "a challenge of yours could not be delivered and came back".into(),
            Reason::DeniedAuthorship => "its author says that they did not write what they were asked about".into(),
            Reason::DeniedDomain => "its domain is on the list of denied domains".into(),
            Reason::DeniedList => "its mailing list is denied".into(),
            Reason::DeniedSender => "the sender is on the list of denied senders".into(),
            Reason::Disowned => "the person it claims to be from says that they did not write it".into(),
            Reason::DisplayNameAddress => "the name beside its address shows another address".into(),
            Reason::DmarcFail => "the sender's domain says that it does not come from there (dmarc=fail)".into(),
            Reason::EmptyProbe => "it says next to nothing and lacks what a person's mail has, such as a date".into(),
            Reason::Executable(kind) => format!("it holds {} ({})", kind.sentence(), kind.name()),
            Reason::ForeignBounce => "it returns a message that you are not known to have sent".into(),
            Reason::Gate(refusal) => {
                format!("the sender is not known, and no challenge may go out: {}", refusal.sentence())
            }
            Reason::KnownForged => "it claims to be from somebody you know; their domain says no (dmarc=fail)".into(),
            Reason::KnownSentElsewhere => "it bears a name you know; its domain says it was sent from elsewhere".into(),
            Reason::LookLater => "whether it is proven could not be found out yet; it is looked at again".into(),
            Reason::LoopOwnChallenge => "it is a challenge of yours that came back".into(),
            Reason::LoopReceived => "it went through more than 100 mail systems, which only a loop does".into(),
            Reason::Malformed(defect) => format!("its header block is damaged ({})", defect.name()),
            Reason::ModeOff => "the program is switched off (mode = \"off\")".into(),
            Reason::NotAddressed => "none of your addresses is in its To or Cc".into(),
            Reason::NotMeAnswer => "the person says that an earlier message was not from them".into(),
            Reason::NotThem => "the person it claims to be from says it was not them".into(),
            Reason::OptedOut => "the sender's address asked not to be asked again".into(),
            Reason::OwnAddress => "it is from an address of yours, and the domain is proven".into(),
            Reason::OwnAddressUnproven => "it claims to be from you, and nothing proves it".into(),
            Reason::OwnMail(notice) => notice.sentence().into(),
            Reason::OwnMark => "it was made by this program for you".into(),
            Reason::OwnSubmission => "you handed it in on this host".into(),
            Reason::PinMissing => {
                "it claims to be from somebody you know, but without the proof their mail always had".into()
            }
            Reason::ProvenLater => "the proof that it lacked was found when it was safe".into(),
            Reason::Reply => "it answers a message that you sent".into(),
            Reason::ScoreDiscard => "your spam filter's score for it is so high that it is thrown away".into(),
            Reason::ScoreHigh => "your spam filter takes it for spam".into(),
            Reason::ScoreLow => "your spam filter's score for it is low, and the sender's domain is proven".into(),
            Reason::ScoreModerate => "your spam filter's score for it is not so high that its sender is asked".into(),
            Reason::SentCopy => "it is a copy of your own mail, sent only to learn whom you write to".into(),
            Reason::SpentToken => "it answers a challenge that was answered before".into(),
            Reason::StoreUnavailable => {
                "the store could not be read, so nobody is known (see `countersign doctor`)".into()
            }
            Reason::WrongWord => "it answers a challenge, but without the word that was asked for".into(),
            Reason::Unreadable => "nothing of its text can be read".into(),
            Reason::UnclearSender(why) => format!("its From field names no single sender ({})", why.name()),
        }
    }

    /// The sentence with the name behind it, which some sentences have in them.
    #[must_use]
    pub fn sentence_and_name(self) -> String {
        let (sentence, name) = (self.sentence(), self.name());
        if sentence.ends_with(&format!("{name})")) { sentence } else { format!("{sentence} ({name})") }
    }

    /// For the store.
    #[must_use]
    pub fn number(self) -> u16 {
        if let Reason::Automatic(sign) = self {
            return SIGNS_FROM + sign.number();
        }
        NUMBERED.iter().find(|(_, reason)| *reason == self).map_or(0, |(number, _)| *number)
    }

    /// From the store.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Reason> {
        if let Some(sign) = number.checked_sub(SIGNS_FROM) {
            return Sign::from_number(sign).map(Reason::Automatic);
        }
        NUMBERED.iter().find(|(known, _)| *known == number).map(|(_, reason)| *reason)
    }

    /// Every reason there is.
    pub fn all() -> impl Iterator<Item = Reason> {
        NUMBERED.iter().map(|(_, reason)| *reason).chain(Sign::all().map(Reason::Automatic))
    }
}

fn automatic(sign: Sign) -> String {
    match sign.kind() {
        Kind::NoReplyWanted => format!("its mail system asks for no automatic answers ({})", sign.name()),
        kind => format!("it was not written by a person to you ({}, {})", kind.name(), sign.name()),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_number_that_reads_back() {
        let mut seen = Vec::new();
        for reason in Reason::all() {
            assert_ne!(reason.number(), 0, "{reason:?}");
            assert_eq!(Reason::from_number(reason.number()), Some(reason));
            assert!(!seen.contains(&reason.number()), "{reason:?}");
            assert!(!reason.sentence().is_empty());
            // The name of a variant is the program's own word, not a person's.
            let in_brackets = reason.sentence().split(['(', ')']).nth(1).unwrap_or_default().to_owned();
            assert!(!in_brackets.contains(|c: char| c.is_ascii_uppercase()), "{}", reason.sentence());
            assert!(
                reason.name().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{reason}"
            );
            assert_eq!(reason.sentence_and_name().matches(&format!("{reason})")).count(), 1, "{reason}");
            seen.push(reason.number());
        }
        assert_eq!(Reason::from_number(0), None);
        assert_eq!(Reason::from_number(u16::MAX), None);
    }
}
