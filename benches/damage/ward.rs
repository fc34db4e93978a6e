//! An installation without a store, before which a message is laid, and everything pure that its bytes then reach.
//!
//! Promises: nothing is written or sent. Never touches: how messages are damaged, what they may cost.

use std::hint::black_box;
use std::path::Path;

use countersign::command::explain::account::Account;
use countersign::facts::Facts;
use countersign::mail::head::Head;
use countersign::operation::ask;
use countersign::operation::case::{Case, alike, decide};
use countersign::operation::installation::Installation;
use countersign::origin::envelope::Caller;
use countersign::origin::score::ScoreField;
use countersign::policy::foreign_marks::ForeignMarks;
use countersign::policy::key::{KEY_LENGTH, KeyId, KeyRing, Keys, SecretKey};
use countersign::policy::standing::{Standing, TokenStanding, WentOut};
use countersign::policy::token::{HeldId, Token};
use countersign::policy::verdict::Verdict;
use countersign::policy::{assume, block, digest};
use countersign::world::config::{Config, Environment};

/// 21 November 2026.
const NOW: i64 = 1_795_262_400;
const CONFIGURATION: &str = "[owner]\naddress = \"alice@example.org\"\ndelimiters = \"+\"\n\
    [trust]\nauthserv_ids = [\"mx.example.org\"]\n\
    [score]\nfields = [\"spamassassin\"]\npass_below = 1\nhold_above = 15\n\
    [inbox]\nmaildir = \"/nonexistent\"\n[files]\nkeys = \"/nonexistent/keys\"\nstore = \"/nonexistent/store\"\n";

/// The two ways in which a message is judged.
pub struct Ward {
    ordinary: Installation,
    assumed: Installation,
}

/// A message that was judged.
pub struct Seen {
    ordinary: Case,
    assumed: Case,
}

impl Ward {
    /// An installation that believes whatever mail system has written into this message.
    pub fn of(message: &[u8]) -> Ward {
        let mut ordinary = installation();
        let ids = &mut ordinary.config.policy.trust.ids;
        for field in Head::read(message).all("Authentication-Results") {
            let text = field.text();
            let id = text.split([';', ' ', '\t']).next().unwrap_or_default();
            if !id.is_empty() && !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        let mut assumed = installation();
        assumed.config.policy = assume::policy(&ordinary.config.policy);
        Ward { ordinary, assumed }
    }

    /// What a delivery does with the bytes in memory, in both ways; this is what is measured.
    pub fn measured(&mut self, bytes: &[u8]) -> Seen {
        let start =
            &bytes[..bytes.len().min(countersign::mail::head::HEAD_LIMIT + countersign::mail::content::BODY_LIMIT)];
        let facts = Facts::read(start, &Caller::default(), &self.ordinary.config.policy.trust);
        let standing = || Standing { tokens: facts.tokens().iter().map(unknown).collect(), ..Standing::default() };
        let taken = assume::facts(facts.clone(), &self.assumed.config.policy);
        black_box(alike(&self.ordinary, &facts));
        let assumed = decide(&self.assumed, taken, standing(), None, NOW);
        let known = standing();
        let ordinary = decide(&self.ordinary, facts, known, None, NOW);
        for (installation, case) in [(&self.ordinary, &ordinary), (&self.assumed, &assumed)] {
            if let (Verdict::Challenge, Some((to, _))) = (case.decision.verdict, &case.decision.challenge) {
                let mail = black_box(ask::write(installation, None, &case.facts, None, to, NOW));
                assert!(mail.is_ok(), "no store is needed to write a challenge");
            }
        }
        let head = Head::read(start);
        black_box(ForeignMarks::begin(start, &head));
        black_box(block::Block::read(start, &self.ordinary.keys.list).is_ok());
        Seen { ordinary, assumed }
    }

    /// What people are told of it.
    pub fn told(&self, seen: Seen) -> String {
        let mut out = String::new();
        for (installation, case, assumed) in
            [(&self.ordinary, &seen.ordinary, false), (&self.assumed, &seen.assumed, true)]
        {
            let account = Account::of(installation, None, case, assumed, NOW);
            out.push_str(&account.columns(Some(78), true));
            out.push_str(&serde_json::to_string(&account).unwrap());
            let entry = digest::Entry {
                id: HeldId::from_random(1),
                received: NOW,
                reason: case.decision.reason,
                score: case.facts.score().points,
                asked: false,
                undeliverable: false,
            };
            let policy = &installation.config.policy;
            let words = digest::Words {
                from: case.facts.shown_sender().to_owned(),
                address: case.facts.sender.address().map(ToString::to_string).unwrap_or_default(),
                subject: case.facts.subject().to_owned(),
                preview: case.facts.content().preview.clone(),
                came: None,
                list: case.facts.list().cloned(),
                code: digest::code::may_bear(entry.reason)
                    && digest::code::bears(case.facts.subject(), &case.facts.content().preview, std::iter::empty()),
            };
            let words = [(entry.id.number(), words)].into();
            let (words, entries) = (&words, &[entry][..]);
            let zone = digest::Zone { name: "UTC", offset: &|_| 0 };
            let (alarms, width) = (&[][..], digest::WIDTH);
            let report = digest::Report { policy, entries, words, alarms, older: 0, now: NOW, zone, width };
            out.push_str(&digest::write(report).text);
        }
        out
    }
}

impl Seen {
    /// Whether somebody would be asked, in either way.
    pub fn challenges(&self) -> bool {
        [&self.ordinary, &self.assumed].iter().any(|case| case.decision.verdict == Verdict::Challenge)
    }
}

/// A token about which nothing is known: nothing is held, nothing was spent.
fn unknown(found: &countersign::mail::content::FoundToken) -> TokenStanding {
    TokenStanding {
        token: Token::read(&found.text),
        kind: found.kind,
        held: None,
        spent: false,
        answered: None,
        allowed_author: false,
        went_out: WentOut::default(),
    }
}

fn installation() -> Installation {
    let ring = || KeyRing::new((KeyId::FIRST, SecretKey::new([7; KEY_LENGTH])), Vec::new());
    let mut config = Config::parse(CONFIGURATION, Path::new("/nonexistent/config"), &Environment::default()).unwrap();
    config.policy.trust.scores = ScoreField::ALL.to_vec();
    Installation { config, keys: Keys { token: ring(), list: ring() } }
}
