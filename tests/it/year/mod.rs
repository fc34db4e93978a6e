//! A year of one person's mail, made up: 1,500 messages sent to 220 people and six lists, 9,000 received, in the order of
//! time, each with its class and with what should become of it.
//!
//! Promises: the same seed and the same beginning give the same bytes; nobody answers what was not sent, nobody is known
//! before the user wrote, and nobody is forged before being known. Never touches: the program.

mod lists;
mod machines;
mod people;
mod run;

use std::collections::{HashMap, HashSet};

use countersign::mail::address::Address;
use countersign::mail::body::Body;
use countersign::mail::compose::date;
use countersign::mail::head::Head;
use countersign::signs::subscription;

use self::lists::{Joined, LISTS, List};
use self::people::{Person, words};
use super::chance::Chance;
use super::letter::{Letter, OWNER};
use super::world::header;

pub const DAY: i64 = 86_400;
/// Seconds that the year lasts: a little less than the 365 days for which a message of the user's own is remembered.
pub const YEAR: i64 = 360 * DAY;
/// People whom the user writes to first.
const FRIENDS: usize = 180;
/// People who wrote first, and whom the user answered.
const ANSWERED: usize = 40;
const SENT: usize = 1_500;
const FROM_PEOPLE: usize = 3_000;
const FROM_ELSEWHERE: usize = 300;
const STRANGERS: usize = 200;
const NOTICES: usize = 800;
const SPAM: usize = 2_000;
const FORGED: usize = 667;
/// Messages that the user sends to lists; with what subscribes to two of them.
const POSTS: usize = 200;
/// So long after the user is on a list on the Web, the digest is read and the list allowed.
const UNTIL_ALLOWED: i64 = 2 * DAY;

/// What a received message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// From somebody to whom the user wrote before.
    Known,
    /// An answer from another address of such a person.
    Elsewhere,
    /// The first letter of a stranger, whose domain is proven.
    FirstContact,
    /// What came through a list.
    List,
    /// What a list's program asks and says.
    ListProgram,
    /// What the user's shops and banks write.
    Transactional,
    /// Spam in a name that the user knows.
    Forged,
    /// All other spam.
    Spam,
}

/// What should become of a received message in the end, whatever was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Treatment {
    Passes,
    Held,
    Challenged,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The user sends it.
    Sent,
    Received(Class, Treatment),
    /// The user allows a list: `list:ID`. There is no message.
    Allowed(String),
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Seconds since 1970.
    pub at: i64,
    pub what: What,
    pub bytes: Vec<u8>,
}

impl Class {
    pub const ALL: [Class; 8] = [
        Class::Known,
        Class::Elsewhere,
        Class::FirstContact,
        Class::List,
        Class::ListProgram,
        Class::Transactional,
        Class::Forged,
        Class::Spam,
    ];

    /// Whether the user wants it.
    pub fn is_wanted(self) -> bool {
        !matches!(self, Class::Forged | Class::Spam)
    }
}

/// What the user sent to one of the people.
struct SentLetter {
    at: i64,
    person: usize,
    subject: String,
    id: String,
}

/// A year in the making.
struct Making {
    start: i64,
    chance: Chance,
    people: Vec<Person>,
    /// When the user first wrote to each, seconds since the beginning.
    known_since: Vec<i64>,
    letters: Vec<SentLetter>,
    events: Vec<Event>,
    /// How many have a Message-ID.
    ids: usize,
}

/// The year that begins at `start` (seconds since 1970), in the order of time.
pub fn year(seed: u64, start: i64) -> Vec<Event> {
    let mut making = Making::new(seed, start);
    making.first_contacts();
    making.letters_to_people();
    making.answers();
    making.lists();
    making.machines();
    making.events.sort_by_key(|event| event.at);
    making.events
}

impl Making {
    fn new(seed: u64, start: i64) -> Making {
        let mut chance = Chance::of(seed);
        let people: Vec<Person> =
            (0..FRIENDS + ANSWERED).map(|number| Person::new(number, number >= FRIENDS, &mut chance)).collect();
        // Most of those to whom one writes in a year one writes to in its first months.
        let first = |chance: &mut Chance| {
            let within = if chance.percent(65) { YEAR / 4 } else { YEAR - 30 * DAY };
            moment(chance, 0, within)
        };
        let known_since = people.iter().map(|_| first(&mut chance)).collect();
        Making { start, chance, people, known_since, letters: Vec::new(), events: Vec::new(), ids: 0 }
    }

    fn id(&mut self, domain: &str) -> String {
        self.ids += 1;
        format!("<{:08x}.{}@{domain}>", self.chance.number() as u32, self.ids)
    }

    fn receive(&mut self, at: i64, class: Class, treatment: Treatment, letter: Letter) {
        let letter = letter.field("Date", &date(self.start + at));
        let bytes = letter.bytes();
        // What has a Message-ID of its own keeps it.
        let letter = if header(&bytes, "In-Reply-To").is_some() || class == Class::List {
            letter
        } else {
            let id = self.id("mail.example");
            letter.field("Message-ID", &id)
        };
        self.events.push(Event { at: self.start + at, what: What::Received(class, treatment), bytes: letter.bytes() });
    }

    /// The user sends something, to these, as an answer to that.
    fn send(&mut self, at: i64, to: &str, subject: &str, answers: Option<&str>, text: &str) -> String {
        let id = self.id("alice.example.org");
        let when = date(self.start + at);
        let answers = answers.map_or(String::new(), |id| format!("In-Reply-To: {id}\nReferences: {id}\n"));
        let message = format!(
            "Date: {when}\nFrom: Alice Liddell <{OWNER}>\nTo: {to}\nSubject: {subject}\nMessage-ID: {id}\n{answers}\
             MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}"
        );
        self.events.push(Event { at: self.start + at, what: What::Sent, bytes: message.into_bytes() });
        id
    }

    /// Writes to a person, and remembers it for answers.
    fn send_to(&mut self, at: i64, person: usize, answers: Option<(&str, &str)>) {
        let (subject, text) = words(&mut self.chance);
        let subject = answers.map_or(subject, |(_, subject)| format!("Re: {subject}"));
        let to = self.people[person].address.clone();
        // Now and then somebody else who is known reads it too.
        let other = self.chance.below(self.people.len());
        let also = self.chance.percent(12) && self.known_since[other] < at && other != person;
        let to = if also { format!("{to}, {}", self.people[other].address) } else { to };
        let text = text.replace("Hello Alice", "Hello");
        let id = self.send(at, &to, &subject, answers.map(|(id, _)| id), &text);
        self.letters.push(SentLetter { at, person, subject, id });
    }

    /// Strangers write; some of them are answered, and so become known.
    fn first_contacts(&mut self) {
        for number in 0..STRANGERS {
            let at = moment(&mut self.chance, 0, YEAR - 10 * DAY);
            let answered = number < ANSWERED;
            let person = match answered {
                true => self.people[FRIENDS + number].clone(),
                false => Person::new(1_000 + number, true, &mut self.chance),
            };
            let (subject, text) = words(&mut self.chance);
            let id = self.id(person.domain());
            let letter =
                person.letter(&mut self.chance).field("Subject", &subject).field("Message-ID", &id).body(&text);
            let letter = letter.field("Date", &date(self.start + at));
            let what = What::Received(Class::FirstContact, Treatment::Challenged);
            self.events.push(Event { at: self.start + at, what, bytes: letter.bytes() });
            if answered {
                let later = at + moment(&mut self.chance, 3_600, 3 * DAY);
                self.known_since[FRIENDS + number] = later;
                self.send_to(later, FRIENDS + number, Some((&id, &subject)));
            }
        }
    }

    fn letters_to_people(&mut self) {
        for person in 0..FRIENDS {
            self.send_to(self.known_since[person], person, None);
        }
        let subscribing = LISTS.iter().filter(|list| matches!(list.joined, Joined::ByMail(_))).count() * 2;
        for _ in 0..SENT - POSTS - subscribing - FRIENDS - ANSWERED {
            // One writes often to a few, and seldom to many.
            let person = self.chance.below(self.people.len()).min(self.chance.below(self.people.len()));
            let at = moment(&mut self.chance, self.known_since[person] + 60, YEAR);
            self.send_to(at, person, None);
        }
    }

    /// What people write to whom the user wrote.
    fn answers(&mut self) {
        for number in 0..FROM_PEOPLE {
            let elsewhere = number < FROM_ELSEWHERE;
            let letter = loop {
                let one = self.chance.below(self.letters.len());
                // Nobody answers on the last evening.
                if self.letters[one].at < YEAR - DAY {
                    break one;
                }
            };
            let SentLetter { at: sent, person, subject, id } = &self.letters[letter];
            let (sent, person, subject, id) = (*sent, self.people[*person].clone(), subject.clone(), id.clone());
            let at = moment(&mut self.chance, sent + 600, (sent + 20 * DAY).min(YEAR));
            let (own, text) = words(&mut self.chance);
            let reply_id = self.id(person.domain());
            let (class, post) = match elsewhere {
                true => (Class::Elsewhere, person.letter_from_elsewhere()),
                false => (Class::Known, person.letter(&mut self.chance)),
            };
            let post = post.body(&text).field("Message-ID", &reply_id);
            let post = if elsewhere || self.chance.percent(60) {
                let post = post.field("Subject", &format!("Re: {}", subject.trim_start_matches("Re: ")));
                // Some programs write the one field, some the other.
                let post = if self.chance.percent(85) {
                    post.field("In-Reply-To", &id)
                } else {
                    post.field("References", &id)
                };
                if self.chance.percent(80) { post.field("References", &id) } else { post }
            } else {
                post.field("Subject", &own)
            };
            let post = post.field("Date", &date(self.start + at));
            let what = What::Received(class, Treatment::Passes);
            self.events.push(Event { at: self.start + at, what, bytes: post.bytes() });
        }
    }

    fn lists(&mut self) {
        for list in LISTS {
            let own = match list.joined {
                Joined::Before => 0,
                Joined::ByMail(day) | Joined::OnTheWeb(day) => self.joins(list, day * DAY),
            };
            let members: Vec<Person> =
                (0..40).map(|number| Person::new(5_000 + number, false, &mut self.chance)).collect();
            for number in 0..list.messages - own {
                let at = moment(&mut self.chance, list.first_day() * DAY, YEAR);
                let (subject, text) = words(&mut self.chance);
                let known = self.chance.percent(3);
                let author = if known { self.chance.one(&self.people) } else { self.chance.one(&members) }.clone();
                let id = self.id(author.domain());
                let post = list.post(number, &author, &mut self.chance);
                let post =
                    post.field("Subject", &format!("[{}] {subject}", list.name)).body(&text.replace(" Alice", " all"));
                let unknown = matches!(list.joined, Joined::OnTheWeb(day) if at < day * DAY + UNTIL_ALLOWED);
                let treatment = if unknown { Treatment::Held } else { Treatment::Passes };
                self.receive(at, Class::List, treatment, post.field("Message-ID", &id));
            }
        }
        for number in 0..POSTS {
            let list = LISTS[number % LISTS.len()];
            let at = moment(&mut self.chance, list.first_day() * DAY + UNTIL_ALLOWED, YEAR);
            let (subject, text) = words(&mut self.chance);
            self.send(at, &list.posting(), &subject, None, &text.replace("Hello Alice", "Hello all"));
        }
    }

    /// The user joins a list; how many messages of its program that makes.
    fn joins(&mut self, list: List, at: i64) -> usize {
        let token = self.chance.number();
        let by_mail = matches!(list.joined, Joined::ByMail(_));
        let treatment = if by_mail { Treatment::Passes } else { Treatment::Held };
        let [wish, answer] = list.wishes(token);
        if by_mail {
            self.send(at, &wish.0, &wish.1, None, &wish.2);
        }
        self.receive(at + 300, Class::ListProgram, treatment, list.asks_to_confirm(token));
        if by_mail {
            self.send(at + 3_600, &answer.0, &answer.1, None, &answer.2);
        } else {
            let allowed = What::Allowed(list.id());
            self.events.push(Event { at: self.start + at + UNTIL_ALLOWED, what: allowed, bytes: Vec::new() });
        }
        self.receive(at + 4_000, Class::ListProgram, treatment, list.bids_welcome());
        2
    }

    fn machines(&mut self) {
        for _ in 0..NOTICES {
            let at = moment(&mut self.chance, 0, YEAR);
            let (letter, treatment) = machines::notice(&mut self.chance);
            self.receive(at, Class::Transactional, treatment, letter);
        }
        for number in 0..SPAM {
            let at = moment(&mut self.chance, 10 * DAY, YEAR);
            if number < FORGED {
                let known = |person: &usize| {
                    self.known_since[*person] < at && self.people[*person].proof != people::Proof::Nothing
                };
                let known: Vec<usize> = (0..self.people.len()).filter(known).collect();
                let of = self.people[*self.chance.one(&known)].clone();
                let letter = machines::forgery(&of, &mut self.chance);
                self.receive(at, Class::Forged, Treatment::Held, letter);
            } else {
                let (letter, treatment) = machines::spam(&mut self.chance);
                self.receive(at, Class::Spam, treatment, letter);
            }
        }
    }
}

/// A moment between two, in seconds.
fn moment(chance: &mut Chance, from: i64, to: i64) -> i64 {
    assert!(from < to, "{from} is before {to}");
    from + chance.below((to - from) as usize) as i64
}

const START: i64 = 1_764_547_200;

fn counted(events: &[Event]) -> HashMap<Class, usize> {
    let mut counts = HashMap::new();
    for event in events {
        if let What::Received(class, _) = &event.what {
            *counts.entry(*class).or_default() += 1;
        }
    }
    counts
}

fn address_in(message: &[u8], field: &str) -> Option<String> {
    let value = header(message, field)?;
    let inner = value.rsplit_once('<').map_or(value.as_str(), |(_, inner)| inner.trim_end_matches('>'));
    Some(inner.to_owned())
}

#[test]
fn the_same_seed_gives_the_same_year() {
    let one = year(7, START);
    assert_eq!(one, year(7, START));
    assert_ne!(one, year(8, START));
    let moved = year(7, START + DAY);
    assert!(one.iter().zip(&moved).all(|(one, other)| one.what == other.what && one.at + DAY == other.at));
}

#[test]
fn as_much_of_each_class_comes_as_was_asked_for() {
    let events = year(1, START);
    let counts = counted(&events);
    let of = |classes: &[Class]| classes.iter().map(|class| counts[class]).sum::<usize>();
    let sent = events.iter().filter(|event| event.what == What::Sent).count();
    assert_eq!(sent, 1_500);
    assert_eq!(of(&Class::ALL), 9_000);
    assert_eq!((of(&[Class::Known, Class::Elsewhere]), of(&[Class::Elsewhere])), (3_000, 300));
    assert_eq!(of(&[Class::FirstContact]), 200);
    assert_eq!(of(&[Class::List, Class::ListProgram]), 3_000);
    assert_eq!(of(&[Class::Transactional]), 800);
    assert_eq!((of(&[Class::Spam, Class::Forged]), of(&[Class::Forged])), (2_000, 667));
    let to: HashSet<String> =
        events.iter().filter(|event| event.what == What::Sent).filter_map(|event| header(&event.bytes, "To")).collect();
    let people = to.iter().flat_map(|to| to.split(", ")).filter(|to| !LISTS.iter().any(|list| to.ends_with(list.host)));
    assert_eq!(people.collect::<HashSet<&str>>().len(), 220);
    assert!(LISTS.iter().all(|list| to.contains(&list.posting())));
    assert_eq!(LISTS.iter().filter(|list| matches!(list.joined, Joined::ByMail(_))).count(), 2);
    assert_eq!(LISTS.iter().filter(|list| matches!(list.joined, Joined::OnTheWeb(_))).count(), 1);
}

#[test]
fn nothing_happens_before_what_it_follows_from() {
    let events = year(2, START);
    assert!(events.is_sorted_by_key(|event| event.at));
    assert!(events.iter().all(|event| (START..START + YEAR).contains(&event.at)));
    let (mut written_to, mut sent, mut ids, mut strangers) =
        (HashSet::new(), HashSet::new(), HashSet::new(), HashSet::new());
    let mut subscribed = 0;
    for event in &events {
        let What::Sent = event.what else {
            let What::Received(class, _) = &event.what else { continue };
            let (id, from) = (header(&event.bytes, "Message-ID").unwrap(), address_in(&event.bytes, "From").unwrap());
            assert!(ids.insert(id.clone()), "{id} twice");
            let answers = ["In-Reply-To", "References"].iter().find_map(|name| header(&event.bytes, name));
            assert!(answers.is_none_or(|id| sent.contains(&id)), "{id} answers what was not sent");
            match class {
                Class::Known => assert!(written_to.contains(&from), "nobody wrote to {from}"),
                Class::Elsewhere => assert!(!written_to.contains(&from), "{from} is known"),
                Class::FirstContact => assert!(!written_to.contains(&from) && strangers.insert(from)),
                _ => {}
            }
            continue;
        };
        let to = header(&event.bytes, "To").unwrap();
        let recipients: Vec<Address> = to.split(", ").map(|one| Address::parse(one).unwrap()).collect();
        let head = Head::read(&event.bytes);
        subscribed += subscription::of_message(&recipients, &head, &Body::read(&head, &event.bytes[head.body..])).len();
        written_to.extend(recipients.iter().map(ToString::to_string));
        sent.insert(header(&event.bytes, "Message-ID").unwrap());
    }
    assert_eq!(subscribed, 4, "the wish and the answer to the question, for two lists");
}
