//! Every rule of the decision, every guard of the gate and every limit, as questions and answers.
//!
//! A file of `fixtures/verdicts/` is a world and a table of questions. Blocks are separated by an empty line. A
//! question begins with `WHAT IT IS ABOUT -> VERDICT REASON`, in the modes `observe` and `off` with `instead VERDICT`
//! behind; the lines below it change the letter of a proven stranger, the user's list or the configuration. The block
//! before the first question does that for all of them. The lines:
//!
//! ```text
//! from ADDRESS            its From, envelope and proven domain    results none | RESULTS  of the trusted mail system
//! envelope ADDRESS        envelope sender                         no-envelope             nobody says it
//! field NAME: VALUE       set a field                             also LINE               add a line to the header block
//! top LINE                put a line above all others             without NAME            remove a field
//! repeat N NAME: VALUE    add a field many times                  huge NAME               add a field of 100 kB
//! body TEXT               set the body, \n for line ends                         own-mark                our own keyed mark is on it
//! sender | domain | list allow [PROOFS] or deny                   confirms                it confirmed something
//! asked SECONDS           ago, the last challenge to it           hour N, day N           challenges of all
//! spent by this message | by another one: its token was used before     only-token    it alone allowed the author
//! store ready | missing | corrupt | newer                         mode on | observe | off
//! caps DAYS HOUR DAY      the limits                              trusted none | ID       whose results count
//! discard-denied          denied mail is thrown away              scores WORD | none      whose spam scores are believed
//! gate spf                spf=pass is believed (G3)               look WORD              when own eyes look
//! limits A B C D          pass below, challenge only above, hold above, discard above; `-` for none
//! opted-out               it said "not me" before
//! alike N                 others wrote the same                   undeliverable N         challenges came back
//! own private | public PLACE | topic    it is about mail of the user, named in `In-Reply-To`, `returned message` …
//! foreign                 it reports on a message that the user is not known to have sent
//! answers not-me | denies | denies-and-more | wrong-word | bounce | at-once    what it says about a challenge, other than
//!                         confirming it
//! found WORDS             it has looked: `dkim=DOMAIN`, `spf=DOMAIN`, `takes-no-mail`, `unsettled`, or `nothing`
//! ```

use std::collections::BTreeSet;

use countersign::facts::Facts;
use countersign::mail::address::{Address, Domain};
use countersign::mail::content::{TokenKind, TokenText};
use countersign::mail::earlier::{EarlierId, IdPlace};
use countersign::origin::auth::{Method, Proofs, Trust};
use countersign::origin::envelope::Caller;
use countersign::origin::eyes::{Found, Look, Sight};
use countersign::origin::score::{Points, ScoreField};
use countersign::policy::answer::{Answer, Confirmation};
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::policy::gate::{GateRefusal, may_challenge};
use countersign::policy::key::SecretKey;
use countersign::policy::looked::judge_looked;
use countersign::policy::own_mail::{How, OwnMail};
use countersign::policy::reason::Reason;
use countersign::policy::sent::{Class, Sent};
use countersign::policy::standing::{Answered, Effect, Entry, Origin, Standing, StoreHealth, TokenStanding, WentOut};
use countersign::policy::token::{HeldId, Token};
use countersign::policy::verdict::{Decision, Question, Verdict, judge};
use countersign::policy::{Caps, Mode, Owner, Policy, ScoreLimits, Style};
use countersign::signs::Sign;
use countersign::world::store::{SlotRequest, Store};

use super::fixture;
use super::letter::{AUTHSERV_ID, Letter, OWNER};

/// 2026-11-21 12:00 UTC.
const NOW: i64 = 1_795_262_400;

/// Everything a question is put together from.
struct Scene {
    letter: Letter,
    policy: Policy,
    standing: Standing,
    on_top: String,
    confirms: bool,
    own_mark: bool,
    found: Option<Found>,
}

#[test]
fn every_question_has_its_answer() {
    let mut reasons = BTreeSet::new();
    let mut rules = BTreeSet::new();
    let (mut passed, mut refused) = (0, 0);
    for path in fixture::files("verdicts", "txt") {
        let text = fixture::text(&path);
        let blocks: Vec<&str> = text.split("\n\n").collect();
        let world = blocks[0];
        assert!(blocks.len() > 1, "{}: no question", fixture::name(&path));
        for block in &blocks[1..] {
            let (question, changes) = block.trim().split_once('\n').unwrap_or((block.trim(), ""));
            let said = ask(world, changes, &fixture::name(&path));
            let (about, wanted) =
                question.split_once(" -> ").unwrap_or_else(|| panic!("{}: {question}", fixture::name(&path)));
            assert_eq!(answer(&said), wanted, "{}: {about}\n{said:#?}", fixture::name(&path));
            reasons.insert(said.reason.name());
            rules.insert(said.passed_over.len());
            if said.verdict == Verdict::Pass { passed += 1 } else { refused += 1 }
        }
    }
    // Rule 5 answers before the gate can; it has a test of its own below.
    reasons.insert(Reason::Gate(GateRefusal::OwnAddress).name());
    // Written over the first reason of a held message, never a decision.
    reasons.insert(Reason::NotThem.name());
    reasons.insert(Reason::Disowned.name());
    // How the digest calls what is held for `dmarc-fail`.
    reasons.insert(Reason::KnownForged.name());
    // Only read from what an earlier version stored.
    reasons.insert(Sign::Former.name());
    let never: Vec<&str> = Reason::all().map(Reason::name).filter(|name| !reasons.contains(name)).collect();
    assert!(never.is_empty(), "no question is answered with {never:?}");
    assert_eq!(rules.len(), rules.last().unwrap() + 1, "every rule decides a question: {rules:?}");
    assert!(refused > 2 * passed, "{refused} refused, {passed} passed: what is refused is what matters");
}

fn answer(decision: &Decision) -> String {
    let instead = decision.instead.map(|(verdict, _)| format!(" instead {}", verdict.name())).unwrap_or_default();
    format!("{} {}{instead}", decision.verdict.name(), decision.reason.name())
}

fn ask(world: &str, changes: &str, file: &str) -> Decision {
    let mut scene = Scene {
        letter: Letter::from("bob@example.net"),
        policy: policy(),
        standing: Standing::default(),
        on_top: String::new(),
        confirms: false,
        own_mark: false,
        found: None,
    };
    for line in world.lines().chain(changes.lines()).filter(|line| !line.starts_with('#') && !line.is_empty()) {
        scene = scene.with(line).unwrap_or_else(|| panic!("{file}: what is {line:?}?"));
    }
    let message = [scene.on_top.as_bytes(), &scene.letter.bytes()].concat();
    let caller = Caller { user: Some(("alice".into(), 1000)), ..Caller::default() };
    let mut facts = Facts::read(&message, &caller, &scene.policy.trust);
    let looked = scene.found.is_some();
    facts.authentication.sight = scene.found.map_or(Sight::Unlooked, Sight::Found);
    let confirmation = Confirmation {
        challenged: Address::parse("carol@example.com").unwrap(),
        pin: Proofs::DKIM,
        held: HeldId::from_random(1),
        trashed: false,
    };
    let question = Question {
        facts: &facts,
        standing: &scene.standing,
        policy: &scene.policy,
        confirmation: scene.confirms.then_some(&confirmation),
        own_mark: scene.own_mark,
        now: NOW,
    };
    if looked { judge_looked(question) } else { judge(question) }
}

impl Scene {
    /// The scene after one line; none if the line means nothing.
    fn with(mut self, line: &str) -> Option<Scene> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let field = |text: &str| text.split_once(':').map(|(n, v)| (n.to_owned(), v.trim_start().replace("\\0", "\0")));
        let number = |text: &str| text.parse::<i64>().ok();
        match word {
            "from" => self.letter = Letter::from(rest),
            "envelope" => self.letter = self.letter.envelope(rest),
            "no-envelope" => self.letter = self.letter.without_envelope(),
            "results" if rest == "none" => self.letter = self.letter.unproven(),
            "results" => self.letter = self.letter.proven(rest),
            "field" => self.letter = field(rest).map(|(name, value)| self.letter.field(&name, &value))?,
            "also" => {
                self.letter = match field(rest) {
                    Some((name, value)) => self.letter.also(&name, &value),
                    None => self.letter.also("X-Before", &format!("x\n{rest}")),
                }
            }
            "top" => self.on_top = format!("{rest}\n"),
            "without" => self.letter = self.letter.without(rest),
            "repeat" => {
                let (count, rest) = rest.split_once(' ')?;
                let (name, value) = field(rest)?;
                self.letter = (0..number(count)?).fold(self.letter, |letter, _| letter.also(&name, &value));
            }
            "huge" => self.letter = self.letter.also(rest, &"x".repeat(100_000)),
            "body" => self.letter = self.letter.body(&format!("{}\n", rest.replace("\\n", "\n"))),
            "own-mark" => self.own_mark = true,
            "sent-copy" => self.standing.sent_copy = Some(sent_copy()),
            "confirms" => self.confirms = true,
            "spent" => self = self.with_spent_token(rest == "by this message"),
            "only-token" => self.standing.tokens.last_mut()?.allowed_author = true,
            "sender" => self.standing.sender = Some(entry(rest)?),
            "domain" => self.standing.domain = Some(entry(rest)?),
            "list" => self.standing.list = Some(entry(rest)?),
            "asked" => self.standing.history.asked = Some(NOW - number(rest)?),
            "hour" => self.standing.history.last_hour = rest.parse().ok()?,
            "day" => self.standing.history.last_day = rest.parse().ok()?,
            "store" => self.standing.store = health(rest)?,
            "mode" => self.policy.mode = mode(rest)?,
            "caps" => {
                let numbers: Vec<u32> = rest.split(' ').map(|n| n.parse().ok()).collect::<Option<_>>()?;
                let [days_between, per_hour, per_day] = numbers[..] else { return None };
                self.policy.caps = Caps { days_between, per_hour, per_day, ..self.policy.caps };
            }
            "scores" => self.policy.trust.scores = ScoreField::named(rest),
            "limits" => self.policy.score = limits(rest)?,
            "trusted" if rest == "none" => self.policy.trust.ids.clear(),
            "trusted" => self.policy.trust.ids = vec![rest.to_owned()],
            "look" => self.policy.trust.eyes.look = Look::parse(rest)?,
            "found" => {
                let mut found = Found::default();
                for word in rest.split(' ') {
                    match word.split_once('=') {
                        Some(("dkim", domain)) => found.proven.push((Domain::parse(domain).ok()?, Proofs::DKIM)),
                        Some(("spf", domain)) => found.proven.push((Domain::parse(domain).ok()?, Proofs::SPF)),
                        None if word == "takes-no-mail" => found.takes_no_mail = true,
                        None if word == "unsettled" => found.unsettled = true,
                        None if word == "nothing" => {}
                        _ => return None,
                    }
                }
                self.found = Some(found);
            }
            "gate" if rest == "spf" => self.policy.trust.methods.push(Method::Spf),
            "opted-out" => self.standing.history.opted_out = Some(NOW - 1),
            "alike" => self.standing.history.alike = rest.parse().ok()?,
            "undeliverable" => self.standing.history.undeliverable = rest.parse().ok()?,
            "own" => self.standing.own = Some(own_mail(rest)?),
            "foreign" => self.standing.foreign = true,
            "answers" => self.standing.answer = Some(other_answer(rest)?),
            "discard-denied" => self.policy.discard_denied = true,
            _ => return None,
        }
        Some(self)
    }

    /// The letter carries a token that was used before, by itself or by another message.
    fn with_spent_token(mut self, by_this: bool) -> Scene {
        let text = "0".repeat(32);
        self.letter = self.letter.body(&format!("> cr-{text}\n"));
        let sender = Fingerprint::of(&SecretKey::new([7; 32]), Kind::Address, b"carol@example.com");
        let token = TokenText::parse(&text).map(|text| Token::read(&text)).expect("a token");
        let answered = by_this.then_some(Answered { sender, pin: Proofs::DKIM });
        let found = TokenStanding {
            token,
            kind: TokenKind::Confirm,
            held: None,
            spent: true,
            answered,
            allowed_author: false,
            went_out: WentOut::default(),
        };
        self.standing.tokens.push(found);
        self
    }
}

/// What a copy of the user's own mail teaches.
fn sent_copy() -> Sent {
    let people = vec![Address::parse("bob@example.net").unwrap()];
    Sent { message_id: None, at: None, class: Class::Private, people, subscriptions: Vec::new(), topic: None }
}

fn limits(text: &str) -> Option<ScoreLimits> {
    let one = |word: &str| if word == "-" { Some(None) } else { Points::parse(word).map(Some) };
    let limits: Vec<Option<Points>> = text.split(' ').map(one).collect::<Option<_>>()?;
    let [pass_below, challenge_only_above, hold_above, discard_above] = limits[..] else { return None };
    Some(ScoreLimits { pass_below, challenge_only_above, hold_above, discard_above })
}

fn other_answer(word: &str) -> Option<Answer> {
    let bob = Address::parse("bob@example.net").unwrap();
    let held = HeldId::from_random(1);
    let about = Confirmation { challenged: bob, pin: Proofs::DKIM, held, trashed: false };
    Some(match word {
        "at-once" => Answer::AtOnce(held),
        "bounce" => Answer::Bounced(held),
        "not-me" => Answer::NotMe(about),
        "denies" => Answer::Denies { about, alone: true },
        "denies-and-more" => Answer::Denies { about, alone: false },
        "wrong-word" => Answer::WrongWord(about, TokenText::parse(&"0".repeat(32)).unwrap()),
        _ => return None,
    })
}

fn own_mail(text: &str) -> Option<OwnMail> {
    use IdPlace::{Copy, Headers, InReplyTo, Receipt, References, Report, Text};
    if text == "topic" {
        return Some(OwnMail { class: Class::Public, how: How::Topic, id: None });
    }
    let (class, place) = text.split_once(' ')?;
    let class = [Class::Private, Class::Public].into_iter().find(|known| known.name() == class)?;
    let places = [Copy, Headers, InReplyTo, Receipt, References, Report, Text];
    let place = places.into_iter().find(|known| known.name() == place)?;
    Some(OwnMail { class, how: How::Row, id: Some(EarlierId { id: "1@example.org".into(), place }) })
}

fn entry(text: &str) -> Option<Entry> {
    let (word, proofs) = text.split_once(' ').unwrap_or((text, ""));
    let (effect, origin) = match word {
        "allow" => (Effect::Allow, Origin::Manual),
        "learned" => (Effect::Allow, Origin::Sent),
        "deny" => (Effect::Deny, Origin::Manual),
        _ => return None,
    };
    let mut pin = Proofs::NONE;
    for proof in proofs.split(',').filter(|proof| !proof.is_empty()) {
        pin = pin.union(match proof {
            "dmarc" => Proofs::DMARC,
            "dkim" => Proofs::DKIM,
            "spf" => Proofs::SPF,
            _ => return None,
        });
    }
    Some(Entry { effect, pin, origin, added: 0 })
}

fn health(word: &str) -> Option<StoreHealth> {
    Some(match word {
        "ready" => StoreHealth::Ready,
        "missing" => StoreHealth::Missing,
        "corrupt" => StoreHealth::Corrupt,
        "newer" => StoreHealth::Newer,
        _ => return None,
    })
}

fn mode(word: &str) -> Option<Mode> {
    Some(match word {
        "on" => Mode::On,
        "observe" => Mode::Observe,
        "off" => Mode::Off,
        _ => return None,
    })
}

/// The configuration of every world of these tests.
pub fn policy() -> Policy {
    Policy {
        mode: Mode::On,
        owner: Owner {
            primary: Address::parse(OWNER).unwrap(),
            others: vec![Address::parse("a.liddell@example.com").unwrap()],
            name: None,
            delimiters: "+".into(),
        },
        trust: Trust { ids: vec![AUTHSERV_ID.into()], ..Trust::default() },
        caps: Caps { days_between: 7, per_hour: 20, per_day: 100, breaker_alike: 5 },
        score: ScoreLimits::default(),
        retention_days: 30,
        discard_denied: false,
        private_lists: Vec::new(),
        languages: vec!["en".into()],
        style: Style::default(),
        host: Domain::parse("example.org").unwrap(),
    }
}

#[test]
fn the_gate_itself_never_lets_the_user_be_asked() {
    for address in [OWNER, "ALICE@example.org", "alice+tag@example.org", "a.liddell@example.com"] {
        let policy = policy();
        let facts = Facts::read(&Letter::from(address).bytes(), &Caller::default(), &policy.trust);
        assert_eq!(may_challenge(&facts, &policy), Err(GateRefusal::OwnAddress), "{address}");
    }
}

#[test]
fn the_windows_of_the_store_end_on_the_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    Store::create(&path).unwrap();
    let mut store = Store::open(&path).unwrap();
    let key = SecretKey::new([7; 32]);
    let of = |name: &str| Fingerprint::of(&key, Kind::Challenged, name.as_bytes());
    let slot = |store: &mut Store, name: &str, now: i64, caps: Caps| {
        let request = SlotRequest { key: of(name), older: Vec::new(), caps, alike: None, now };
        store.claim_slot(HeldId::from_random(1), request).unwrap()
    };
    let caps = Caps { days_between: 7, per_hour: 1, per_day: 2, breaker_alike: 5 };
    assert!(slot(&mut store, "bob", NOW, caps));
    assert!(!slot(&mut store, "bob", NOW, caps), "one slot for one address");
    assert!(!slot(&mut store, "carol", NOW + 3_599, caps), "one an hour");
    assert!(slot(&mut store, "carol", NOW + 3_600, caps));
    assert!(!slot(&mut store, "dan", NOW + 7_200 - 1, caps), "one an hour");
    assert!(!slot(&mut store, "dan", NOW + 86_399, caps), "two a day");
    assert!(slot(&mut store, "dan", NOW + 86_400, caps));
    let week = 7 * 86_400;
    assert!(!slot(&mut store, "bob", NOW + week - 1, caps), "seven days for one address");
    assert!(slot(&mut store, "bob", NOW + week, caps));
    // A key of before a rotation counts as well.
    let request = SlotRequest {
        key: of("bob, new key"),
        older: vec![of("carol, too"), of("bob")],
        caps,
        alike: None,
        now: NOW + 2 * week - 1,
    };
    assert!(!store.claim_slot(HeldId::from_random(2), request).unwrap());
    let history = store.history(&[of("nobody"), of("bob")], NOW + week + 3_599).unwrap();
    assert_eq!((history.asked, history.last_hour, history.last_day), (Some(NOW + week), 1, 1));
    let history = store.history(&[of("nobody")], NOW + week + 3_600).unwrap();
    assert_eq!((history.asked, history.last_hour, history.last_day), (None, 0, 1));
}
