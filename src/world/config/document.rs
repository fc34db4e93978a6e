//! The file as it is written: its tables, its keys, and what holds where a key is missing.
//!
//! Promises: an unknown key is an error; a missing number or list has its default here. Never touches: what a value means.

use serde::Deserialize;
use toml::Spanned;

use crate::policy::Mode;

/// In `challenge.languages`: the language the message itself is written in.
pub(super) const AUTO: &str = "auto";

/// The file as it is written. Its defaults are the program's defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) mode: ModeWord,
    pub(super) owner: OwnerTable,
    #[serde(default)]
    pub(super) inbox: InboxTable,
    #[serde(default)]
    pub(super) quarantine: QuarantineTable,
    #[serde(default)]
    pub(super) trust: TrustTable,
    #[serde(default)]
    pub(super) eyes: EyesTable,
    #[serde(default)]
    pub(super) score: ScoreTable,
    #[serde(default)]
    pub(super) challenge: ChallengeTable,
    #[serde(default)]
    pub(super) denied: DeniedTable,
    #[serde(default)]
    pub(super) replies: RepliesTable,
    #[serde(default)]
    pub(super) files: FilesTable,
}

#[derive(Clone, Copy)]
pub(super) struct ModeWord(pub(super) Mode);

impl Default for ModeWord {
    fn default() -> ModeWord {
        ModeWord(Mode::On)
    }
}

impl<'de> Deserialize<'de> for ModeWord {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<ModeWord, D::Error> {
        let word = String::deserialize(input)?;
        let mode = match word.as_str() {
            "on" => Mode::On,
            "observe" => Mode::Observe,
            "off" => Mode::Off,
            _ => return Err(serde::de::Error::custom("\"on\", \"observe\" or \"off\"")),
        };
        Ok(ModeWord(mode))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnerTable {
    pub(super) address: Spanned<String>,
    #[serde(default)]
    pub(super) others: Vec<Spanned<String>>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) delimiters: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InboxTable {
    pub(super) maildir: Option<Spanned<String>>,
    pub(super) mbox: Option<Spanned<String>>,
    pub(super) command: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct QuarantineTable {
    pub(super) maildir: Option<Spanned<String>>,
    pub(super) keep_days: Number,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TrustTable {
    pub(super) authserv_ids: Vec<Spanned<String>>,
    pub(super) methods: Vec<Spanned<String>>,
    pub(super) gate: Option<Spanned<String>>,
    pub(super) hops: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EyesTable {
    pub(super) look: Option<Spanned<String>>,
    pub(super) methods: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) dns: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) look_at_pinned: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ScoreTable {
    pub(super) fields: Vec<Spanned<String>>,
    pub(super) pass_below: Option<Spanned<f64>>,
    pub(super) challenge_only_above: Option<Spanned<f64>>,
    pub(super) hold_above: Option<Spanned<f64>>,
    pub(super) discard_above: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ChallengeTable {
    pub(super) days_between: Number,
    pub(super) per_hour: Number,
    pub(super) per_day: Number,
    pub(super) languages: Vec<Spanned<String>>,
    pub(super) breaker_alike: Number,
    pub(super) too_fast: Number,
    pub(super) alike_note: bool,
    pub(super) content: Option<Spanned<String>>,
    pub(super) answer: Option<Spanned<String>>,
    pub(super) envelope: Option<Spanned<String>>,
    pub(super) sendmail: Option<Spanned<String>>,
    pub(super) host: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DeniedTable {
    pub(super) discard: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RepliesTable {
    pub(super) private_lists: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FilesTable {
    pub(super) keys: Option<Spanned<String>>,
    pub(super) store: Option<Spanned<String>>,
}

pub(super) type Number = Spanned<i64>;

fn number(value: i64) -> Number {
    Spanned::new(0..0, value)
}

impl Default for QuarantineTable {
    fn default() -> QuarantineTable {
        QuarantineTable { maildir: None, keep_days: number(30) }
    }
}

impl Default for TrustTable {
    fn default() -> TrustTable {
        let methods = ["dmarc", "dkim"].map(|word| Spanned::new(0..0, word.to_owned())).into();
        TrustTable { authserv_ids: Vec::new(), methods, gate: None, hops: number(1) }
    }
}

impl Default for ChallengeTable {
    fn default() -> ChallengeTable {
        ChallengeTable {
            days_between: number(7),
            per_hour: number(20),
            per_day: number(100),
            languages: [AUTO, "en"].map(|code| Spanned::new(0..0, code.to_owned())).into(),
            breaker_alike: number(5),
            too_fast: number(5),
            alike_note: false,
            content: None,
            answer: None,
            envelope: None,
            sendmail: None,
            host: None,
        }
    }
}
