//! The people with whom one person writes in a year: their names, their addresses, what their mail systems prove.
//!
//! Promises: nobody has the address of another one; nobody's domain is that of a list or a shop.

use super::super::chance::Chance;
use super::super::letter::Letter;

const FIRST: [&str; 24] = [
    "Anna", "Bela", "Carla", "David", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Karin", "Liam", "Mira",
    "Nils", "Olga", "Paul", "Rosa", "Simon", "Tilda", "Uwe", "Vera", "Wim", "Yara", "Zoran",
];
const LAST: [&str; 24] = [
    "Adler", "Berg", "Costa", "Dahl", "Egger", "Fuchs", "Gomez", "Holm", "Ivanov", "Jansen", "Keller", "Lund",
    "Moreau", "Novak", "Olsen", "Peters", "Quist", "Rossi", "Stone", "Tanaka", "Unger", "Vogel", "Weber", "Zeller",
];
/// Two of three people have their mailbox at one of a few large providers, all of which publish DMARC.
const PROVIDERS: [&str; 5] = ["freemail.example", "mailbox.example", "post.example", "inbox.example", "web.example"];

/// What the trusted mail system finds out about mail from a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It signs, and publishes DMARC.
    Dmarc,
    /// It signs, and publishes no DMARC.
    Dkim,
    /// It does neither: nobody can tell its mail from a forgery.
    Nothing,
}

/// Somebody.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub address: String,
    /// From where they answer now and then: a telephone, an office.
    pub elsewhere: String,
    pub proof: Proof,
    /// Whether their mail system signs envelope senders (BATV).
    pub signs_envelope: bool,
}

impl Proof {
    /// Of a message that is from there.
    pub fn genuine(self, domain: &str) -> String {
        match self {
            Proof::Dmarc => {
                format!("dmarc=pass header.from={domain}; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={domain}")
            }
            Proof::Dkim => {
                format!("dmarc=none header.from={domain}; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={domain}")
            }
            Proof::Nothing => format!("dmarc=none header.from={domain}; dkim=none; spf=neutral smtp.mailfrom={domain}"),
        }
    }

    /// Of a message that only says so.
    pub fn forged(self, domain: &str) -> String {
        let dmarc = if self == Proof::Dmarc { "fail" } else { "none" };
        format!("dmarc={dmarc} header.from={domain}; dkim=none; spf=softfail smtp.mailfrom={domain}")
    }
}

impl Person {
    /// The one of this number. `proven`: none whose mail proves nothing.
    pub fn new(number: usize, proven: bool, chance: &mut Chance) -> Person {
        let (first, last) = (FIRST[number % FIRST.len()], *chance.one(&LAST));
        let local = format!("{}.{}{number}", first.to_lowercase(), last.to_lowercase());
        let own = format!("{}-{number}.example", last.to_lowercase());
        let (domain, proof) = match chance.below(100) {
            0..66 => ((*chance.one(&PROVIDERS)).to_owned(), Proof::Dmarc),
            66..78 => (own.clone(), Proof::Dmarc),
            78..92 => (own.clone(), Proof::Dkim),
            _ if proven => (own.clone(), Proof::Dkim),
            _ => (own.clone(), Proof::Nothing),
        };
        Person {
            name: format!("{first} {last}"),
            address: format!("{local}@{domain}"),
            elsewhere: format!("{}{number}@office-{}", first.to_lowercase(), own),
            proof,
            signs_envelope: chance.percent(4),
        }
    }

    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').unwrap().1
    }

    /// What they send.
    pub fn letter(&self, chance: &mut Chance) -> Letter {
        let letter = from(&self.name, &self.address, self.proof);
        if self.signs_envelope {
            return letter.envelope(&format!("prvs={:010x}={}", chance.number() % (1 << 36), self.address));
        }
        letter
    }

    /// What they send from their other address, whose domain signs.
    pub fn letter_from_elsewhere(&self) -> Letter {
        from(&self.name, &self.elsewhere, Proof::Dmarc)
    }
}

/// A letter of somebody of that name.
pub fn from(name: &str, address: &str, proof: Proof) -> Letter {
    let domain = address.rsplit_once('@').unwrap().1;
    Letter::from(address).field("From", &format!("{name} <{address}>")).proven(&proof.genuine(domain))
}

/// A Subject and a text as people write them.
pub fn words(chance: &mut Chance) -> (String, String) {
    const THINGS: [&str; 16] = [
        "the garden",
        "our trip",
        "the old piano",
        "the concert",
        "a book",
        "the photographs",
        "the recipe",
        "my bicycle",
        "the meeting",
        "the draft",
        "the flat",
        "the map",
        "the dinner",
        "your letter",
        "the workshop",
        "the boat",
    ];
    const SAID: [&str; 12] = [
        "I thought about it for a while.",
        "We could talk on Thursday.",
        "My sister likes the idea.",
        "It rained all weekend.",
        "I found it in the cellar.",
        "Tell me what you think.",
        "The second page is better.",
        "There is no hurry.",
        "I shall bring some bread.",
        "He was there too.",
        "That was a fine evening.",
        "I have made a copy for you.",
    ];
    let thing = *chance.one(&THINGS);
    let mut text = format!("Hello Alice,\n\nabout {thing}:");
    for _ in 0..2 + chance.below(5) {
        text.push(' ');
        text.push_str(SAID[chance.below(SAID.len())]);
    }
    let mut subject = thing.to_owned();
    subject[..1].make_ascii_uppercase();
    (subject, format!("{text}\n\nBest wishes\n"))
}
