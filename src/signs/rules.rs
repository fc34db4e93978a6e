//! The rules by words: a table of which sign is found by which groups of words, and where.
//!
//! Promises: words are the weakest evidence, so a rule stands here only if the measure on real mail bears it out or a
//! standard asks for it (`docs/signs.md`); a rule that needs several groups finds them in one language; a person who speaks
//! of bounces, holidays and lists is not taken for one. Never touches: header fields (`field`), the build of a page.

use std::borrow::Cow;

use super::Sign;
use super::wording::Wording;
use super::words::{Group, LANGUAGES, Language};

/// One rule. In some language each of the groups has a phrase in the piece, and what else is asked for holds.
struct Rule {
    sign: Sign,
    place: Place,
    groups: &'static [Group],
    /// What is asked of the message before its words are looked at.
    when: fn(&Wording) -> bool,
    /// What is asked of the words that were found.
    also: fn(&Found<'_>) -> bool,
}

/// Where a rule looks.
enum Place {
    /// So many of the first and of the last bytes of the sender's own words.
    Ends(usize),
    /// So many of the first bytes of the sender's own words.
    First(usize),
    /// The first bytes of all that is not quoted.
    Opening(usize),
    /// What the sender wrote, if it is no longer than that.
    Short(usize),
    /// What the sender wrote, with what programs add below it.
    Said,
    /// The beginning of the Subject.
    SubjectStart,
    /// The Subject, but for that of an answer, and so many of the first bytes of the sender's own words.
    Titled(usize),
}

const RULES: &[Rule] = &[
    // Texts of TMDA, ASK, qconfirm, BoxTrapper, Boxbe, Spam Arrest and their like: short, and in the first words.
    rule(Sign::ChallengeText, Place::Titled(1_500), &[Group::YourMessage, Group::Task], is_not_ours, gives_reasons),
    rule(Sign::BounceText, Place::Opening(400), &[Group::Bounce], is_first_letter, always),
    rule(Sign::BounceSubject, Place::SubjectStart, &[Group::BounceSubject], any, always),
    rule(Sign::AutoReplySubject, Place::SubjectStart, &[Group::AutoReplySubject], any, always),
    rule(Sign::AutoReplySubject, Place::SubjectStart, &[Group::AbsenceSubject], any, a_mark_follows),
    rule(Sign::AutoReplyText, Place::Ends(300), &[Group::Automatic], any, always),
    rule(Sign::AbsenceText, Place::First(700), &[Group::Absent, Group::Notice], any, is_notice_now),
    rule(Sign::AbsenceText, Place::Short(900), &[Group::Absent, Group::Later], is_answer, is_now),
    rule(Sign::ListText, Place::Said, &[Group::ListFooter], any, always),
    rule(Sign::ListText, Place::First(3_000), &[Group::ListLetter], any, always),
    rule(Sign::UnsubscribeText, Place::Said, &[Group::Unsubscribe], has_link, is_no_own_wish),
    rule(Sign::UnsubscribeText, Place::Said, &[Group::Leave], has_link, shows_the_way_out),
    rule(Sign::UnsubscribeText, Place::Said, &[Group::ByAnswer], any, is_no_own_wish),
];

const fn rule(
    sign: Sign,
    place: Place,
    groups: &'static [Group],
    when: fn(&Wording) -> bool,
    also: fn(&Found<'_>) -> bool,
) -> Rule {
    Rule { sign, place, groups, when, also }
}

/// All signs that the words of a message show.
pub fn signs(wording: &Wording) -> impl Iterator<Item = Sign> {
    let by_words = RULES.iter().filter(|rule| rule.matches(wording)).map(|rule| rule.sign);
    let challenge = (is_not_ours(wording) && has_confirmation_number(wording)).then_some(Sign::ChallengeText);
    let list = (is_digest(wording) || has_list_footer(wording)).then_some(Sign::ListText);
    by_words.chain(challenge).chain(list)
}

/// Whether a text begins as vacation programs and receipts begin their Subjects: for what stands in front of the Subject
/// that is answered.
#[must_use]
pub fn is_automatic_subject(text: &str) -> bool {
    const GROUPS: [Group; 3] = [Group::AutoReplySubject, Group::AbsenceSubject, Group::ReceiptSubject];
    let text = super::wording::squeezed(text);
    let opens = |language: &'static Language| {
        GROUPS.iter().any(|group| language.phrases(*group, |_| true).any(|phrase| phrase.opens(&text).is_some()))
    };
    LANGUAGES.iter().any(|(_, language)| opens(language))
}

/// A rule whose groups were found in one language.
struct Found<'w> {
    wording: &'w Wording,
    piece: &'w str,
    language: &'static Language,
    /// The rule's first group.
    group: Group,
}

impl Rule {
    fn matches(&self, wording: &Wording) -> bool {
        let piece = self.place.of(wording);
        if piece.is_empty() || !(self.when)(wording) {
            return false;
        }
        let piece = piece.as_ref();
        let at_start = matches!(self.place, Place::SubjectStart);
        let says = |language, group| wording.places(piece, language, group).any(|(start, _)| !at_start || start == 0);
        let group = self.groups[0];
        LANGUAGES.iter().any(|(_, language)| {
            self.groups.iter().all(|group| says(language, *group))
                && (self.also)(&Found { wording, piece, language, group })
        })
    }
}

impl Place {
    fn of<'w>(&self, wording: &'w Wording) -> Cow<'w, str> {
        let own = wording.own.as_str();
        Cow::Borrowed(match *self {
            Place::Ends(bytes) if own.len() > 2 * bytes => {
                return Cow::Owned(format!("{}. {}", wording.first(bytes), wording.last(bytes)));
            }
            Place::Titled(bytes) if !wording.copies => {
                return Cow::Owned(format!("{}. {}", wording.subject, wording.first(bytes)));
            }
            Place::Short(bytes) if own.len() > bytes => "",
            Place::Ends(_) | Place::Short(_) => own,
            Place::First(bytes) | Place::Titled(bytes) => wording.first(bytes),
            Place::Opening(bytes) => &wording.text[..wording.text.floor_char_boundary(bytes)],
            Place::Said => &wording.said,
            Place::SubjectStart => &wording.subject,
        })
    }
}

impl<'w> Found<'w> {
    fn places(&self, group: Group) -> impl Iterator<Item = (usize, usize)> + use<'w> {
        self.wording.places(self.piece, self.language, group)
    }

    fn says(&self, group: Group) -> bool {
        self.wording.says(self.piece, self.language, group)
    }

    /// Whether one of the sender's own words for himself stands in the last words before that place.
    fn speaks_of_himself(&self, at: usize) -> bool {
        let before = &self.piece[self.piece.ceil_char_boundary(at.saturating_sub(WISH_REACH))..at];
        let clause = before.rsplit(['.', '!', '?', ':', '|']).next().unwrap_or_default();
        self.wording.says(clause, self.language, Group::Myself)
    }
}

/// How far the words before an offer reach, in bytes.
const WISH_REACH: usize = 48;
/// How far the way out may stand from the word for leaving, in bytes.
const WAY_REACH: usize = 80;
/// A line of so many words is a link's text.
const LINK_WORDS: usize = 3;

/// A ruled line with the list's page below it (Mailman), or the word that all list programs take beside the address that
/// takes it (RFC 2142 section 6, ezmlm, Majordomo, LISTSERV). The page alone people name too.
fn has_list_footer(wording: &Wording) -> bool {
    const ADDRESSES: [&str; 6] = ["-request@", "-leave@", "-unsubscribe@", "majordomo@", "listserv@", "sympa@"];
    let said = wording.said.as_str();
    let beside = |at: usize| {
        let near =
            &said[said.ceil_char_boundary(at.saturating_sub(WAY_REACH))..said.floor_char_boundary(at + WAY_REACH)];
        ADDRESSES.iter().any(|address| near.contains(address))
    };
    let below = |at: usize| {
        let near = &said[at..said.floor_char_boundary(at + 3 * WAY_REACH)];
        near.contains("/listinfo/") || near.contains("/postorius/lists/")
    };
    said.match_indices("unsubscribe").any(|(at, _)| beside(at))
        || said.match_indices("__________").any(|(at, _)| below(at))
}

fn any(_: &Wording) -> bool {
    true
}

fn has_link(wording: &Wording) -> bool {
    wording.has_link
}

fn is_answer(wording: &Wording) -> bool {
    wording.answers
}

fn is_first_letter(wording: &Wording) -> bool {
    !wording.copies
}

/// Our own words come back in the answers to us.
fn is_not_ours(wording: &Wording) -> bool {
    !wording.subject.contains("[cr-")
}

fn always(_: &Found<'_>) -> bool {
    true
}

/// A dash, a bracket or an earlier Subject follows: "Out of office next week, can you cover?" asks a person.
fn a_mark_follows(found: &Found<'_>) -> bool {
    found.places(found.group).filter(|(start, _)| *start == 0).any(|(_, end)| {
        let rest = found.piece[end..].trim_start();
        rest.starts_with([':', '-', '(', '[', '\u{ff1a}']) || rest.starts_with("re:")
    })
}

/// Who is back writes of the past: "I was out of the office".
fn is_now(found: &Found<'_>) -> bool {
    found.places(Group::Absent).any(|(at, _)| {
        let clause = found.piece[..at].rsplit(['.', '!', '?', ':', ';']).next().unwrap_or_default();
        !found.wording.says(clause, found.language, Group::Past)
    })
}

/// A notice asks nothing; in a first letter a question is a person's.
fn is_notice_now(found: &Found<'_>) -> bool {
    let asks = || found.wording.own.contains(['?', '\u{37e}', '\u{61f}', '\u{ff1f}']);
    is_now(found) && (found.wording.answers || !asks())
}

/// A filter speaks of the reader's message and of why it asks in one sentence, and has two reasons; people say that a letter
/// waits, and ask for an answer.
fn gives_reasons(found: &Found<'_>) -> bool {
    const REASONS: [Group; 6] =
        [Group::Held, Group::Delivered, Group::Proof, Group::Once, Group::Confirm, Group::Filter];
    let in_sentence = |sentence: &str, group| found.wording.says(sentence, found.language, group);
    let ends = [". ", "! ", "? "];
    let sentences =
        found.piece.split(ends[0]).flat_map(|text| text.split(ends[1])).flat_map(|text| text.split(ends[2]));
    REASONS.iter().filter(|group| found.says(**group)).count() >= 2
        && sentences.into_iter().any(|sentence| {
            in_sentence(sentence, Group::YourMessage) && REASONS.iter().any(|group| in_sentence(sentence, *group))
        })
}

/// `conf#5d41402a` (ASK), `verify#5d41402a` (BoxTrapper) and their like: a keyword with a number that nobody types. A
/// person's answer to one repeats it.
fn has_confirmation_number(wording: &Wording) -> bool {
    let subject = &wording.subject;
    !wording.copies
        && ["conf#", "confirm#", "verify#"].iter().any(|mark| {
            subject.match_indices(mark).any(|(at, _)| {
                let code: String = subject[at + mark.len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
                code.len() >= 6 && code.bytes().any(|b| b.is_ascii_digit())
            })
        })
}

/// `Friends Digest, Vol 12, Issue 3` (Mailman), `Digest Number 22` (Yahoo), `friends Digest V3 #22` (Ecartis), and no answer
/// to one, or one passed on.
fn is_digest(wording: &Wording) -> bool {
    let Some((_, rest)) = wording.subject.rsplit_once("digest") else { return false };
    let mut words = rest.trim_start_matches([',', ' ', ':']).split_whitespace();
    let numbered = |word: Option<&str>| word.is_some_and(|word| word.bytes().any(|b| b.is_ascii_digit()));
    let named = match words.next() {
        Some("vol" | "vol." | "volume" | "number" | "issue" | "no.") => numbered(words.next()),
        Some(word) => word.starts_with('v') && numbered(Some(word)) && numbered(words.next()),
        None => false,
    };
    named && !wording.copies
}

/// An offer, and not the sender's own wish: "how do I unsubscribe".
fn is_no_own_wish(found: &Found<'_>) -> bool {
    found.places(found.group).any(|(at, _)| !found.speaks_of_himself(at))
}

/// A word for leaving stands by itself, as a link does, or beside the way to do it. In a sentence people say it of a
/// course, a flight or an invoice.
fn shows_the_way_out(found: &Found<'_>) -> bool {
    let is_way = |clause: &str| {
        ["http", "www."].iter().any(|way| clause.contains(way))
            || found.wording.says(clause, found.language, Group::Way)
    };
    let ends = |text: &str| text.find(['.', '!', '?', '|']).filter(|at| text[*at + 1..].starts_with([' ', '|']));
    found.places(found.group).any(|(at, end)| {
        let behind = &found.piece[end..found.piece.floor_char_boundary(end + WAY_REACH)];
        let clause = &behind[..ends(behind).unwrap_or(behind.len())];
        let before = &found.piece[found.piece.ceil_char_boundary(at.saturating_sub(WAY_REACH))..at];
        let start = before.rfind(['.', '!', '?', '|']).map_or(before, |stop| &before[stop + 1..]);
        let alone = start.split_whitespace().count() + clause.split_whitespace().count() < LINK_WORDS;
        !found.speaks_of_himself(at) && (is_way(clause) || is_way(start) || alone)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::{letter, wording};

    /// The signs that the words of a letter show, each once.
    fn of(subject: &str, body: &str) -> Vec<Sign> {
        once(&letter(subject, body))
    }

    fn page(body: &str) -> Vec<Sign> {
        once(&wording(&format!("Subject: x\nContent-Type: text/html; charset=utf-8\n\n{body}\n")))
    }

    fn once(words: &Wording) -> Vec<Sign> {
        let mut found: Vec<Sign> = signs(words).collect();
        found.dedup();
        found
    }

    #[test]
    fn people_are_not_known_by_their_words() {
        let people: &[(&str, &str)] = &[
            // Bounces and deliveries.
            ("Re: Undeliverable: hello", "That was my old address."),
            ("My mail bounced", "I got this: 550 5.1.1 no such user. Do you have his new address?"),
            ("bounces", "Our server says status: 5.7.1 to half of them. Any idea?"),
            ("help", "See the log.\n> Hi. This is the qmail-send program at mx.\n> <a@b>: 550 5.1.1"),
            ("Fwd: failure notice", "What does it mean?\n\nHi. This is the qmail-send program at mx.test."),
            ("WG: Unzustellbar: Hallo", "Was hei\u{df}t das?\n\nHi. This is the qmail-send program at mx.test."),
            ("TR : Non remis : bonjour", "Voyez :\n\nHi. This is the qmail-send program at mx.test."),
            ("version 5.1.1", "We moved from 4.0.5 to 5.1.1. From: here to: there. Subject: none."),
            ("delivery", "The delivery failed, the driver said nobody was in."),
            ("Your letter", "I sent your message to bob@x.org but it could not be delivered."),
            ("Delivery problem", "The parcel was not delivered. My address is bob@x.org."),
            ("hello", "Your message is not lost. It will be delivered to bob@x.org when you answer."),
            ("AW: Frage", "Ja.\n\n-----Original Message-----\nYour message to bob@x.org was not delivered."),
            ("Hello", "Thank you for your email. The piano is delivered in winter. Bob, sales@example.net"),
            ("Virus?", "My scanner found a virus in the message you sent and it was deleted."),
            // Absence.
            ("Holidays", "I am out of the office next week. Shall we meet before?"),
            ("Junta", "Estaré fuera de la oficina hasta el lunes. Si es urgente, llame a Ana. ¿Lleva usted el acta?"),
            ("Minutes", "I am on leave until Monday. For urgent matters call Ann. Could you take the minutes?"),
            ("Undelivered milk", "The milk could not be delivered, your gate was locked."),
            ("Thanks", "Thank you for your message. Yes, Friday suits me."),
            ("Re: Friday", "Sorry, I'm on leave on Friday. Does Monday work?"),
            ("Re: Freitag", "Da bin ich im Urlaub. Montag um zehn?"),
            ("Urlaub", "Ich bin ab Montag im Urlaub, sehen wir uns vorher noch?"),
            ("Vacances", "Je suis en vacances \u{e0} Paris, avez-vous le temps pour un caf\u{e9} ?"),
            ("Old address", "My old address is no longer used. Please write here, Bob."),
            ("Bob", "Bob no longer works here, I hear. Do you know where he went?"),
            ("Letter", "Your letter was not forwarded to me, I got it today from the neighbours."),
            ("Change of address", "I no longer work at Example Ltd. Shall we meet for lunch?"),
            ("Re: tea", "Thanks for your email. I was out of the office last week. Tuesday suits me."),
            ("Re: tea", "Thank you for your message! Since Friday I have been away from my office."),
            ("Re: Tee", "Vielen Dank f\u{fc}r Ihre Nachricht. Ich war gestern nicht im B\u{fc}ro."),
            ("Re: th\u{e9}", "Merci pour votre message. J'\u{e9}tais absente du bureau."),
            ("Your notice", "> I am out of office. For urgent matters call Bob.\nWho is Bob?"),
            // Automata.
            ("Out of office next week, can you cover?", "I am away from Monday."),
            ("Absence of Bob", "He is ill, the teacher says."),
            ("Automatic transmission", "The gearbox is an automatic, as you wished. This is an automatic valve."),
            ("Autumn", "Auto-replies annoy me."),
            ("Re: Automatic reply: hello", "Enjoy your holidays!"),
            ("Robots", "> This is an automated message. Please do not reply.\nIs this real?"),
            ("Please reply", "Do not reply in a hurry."),
            ("Minutes", "Please do not reply all, only to me."),
            ("Boat", "It runs well. Bob\nHanley Marine. Please do not reply with credit card numbers."),
            ("Nachlass", "Ihr Anwalt\nBitte antworten Sie nicht auf diese Adresse mit Schrifts\u{e4}tzen."),
            ("[PATCH] manual", "- the example \"please do not reply\" is gone"),
            ("Minutes", "Please do not reply \"to everyone\" this time."),
            ("Adresse", "Bitte nicht auf diese alte Adresse schreiben."),
            ("Les", "Je mag de vragen thuis niet beantwoorden."),
            ("Afwezig vrijdag", "Jan is ziek."),
            ("Frav\u{e6}r fredag", "Ola er syk."),
            // Filters.
            ("Please confirm", "Please confirm that your message about the delivery is right, and reply to this mail."),
            ("Confirm dinner", "Can you confirm Friday? Just reply to this e-mail."),
            ("verify", "I could not verify the signature on your message. Click the link below for the log."),
            ("conf#42", "See you at conf#42!"),
            ("Re: confirm", "> This is an automated message. Your message is held as spam. Click here to confirm it."),
            ("Re: Please confirm (conf#5d41402abc4b2a76)", "Yes."),
            ("AW: Please confirm (conf#5d41402abc4b2a76)", "Ja."),
            ("Re: Auto: please confirm your mail [cr-12em04hmasw91nfkhj1hrff3tfhqc0hz]", "Yes."),
            ("Spam", "Your mail was in my spam folder, sorry. I confirm the appointment. Please answer."),
            (
                "Parcel",
                "Your mail says the parcel will be delivered on Monday. Can you confirm? Reply to this address.",
            ),
            ("Best\u{e4}tigung", "Ich best\u{e4}tige den Empfang Ihrer Nachricht. Antworten Sie bitte bis Freitag."),
            ("C/R", "I wrote about TMDA: it asks strangers to confirm. Nobody likes it."),
            ("hello", "Your message is waiting for me at home, please reply. I will read it on Monday."),
            ("hello", "Your letter is waiting on my desk. Reply to this mail if I should hurry. Ann"),
            (
                "Lamp",
                "Thanks for your message. The lamp is waiting in the shop. Reply to this mail and it will be delivered.",
            ),
            ("Re: Your message is waiting", "Reply to this mail once more, it will be delivered by hand."),
            ("spam", "Your mail is held up in my spam folder again and again. Will you reply to this one, please?"),
            ("Post", "Your letter is waiting here. The postman could not deliver it. When will you fetch it?"),
            (
                "Brief",
                "Dein Brief wartet hier. Deine Nachricht habe ich gelesen. Antworte auf diese Mail, wann du kommst.",
            ),
            (
                "Brief",
                "Ihre Nachricht wartet hier noch auf mich. Antworten Sie mir bitte. Die Lampe wird morgen zugeschickt.",
            ),
            ("Lettre", "Votre message est en attente chez moi. Répondez à cette question : quel jour ?"),
            ("List", "Twoja wiadomość czeka u mnie w domu. Odpowiedz na to pytanie: kiedy przyjedziesz?"),
            ("Brev", "Ditt meddelande väntar hemma. Svara på det när du kan. Jag skickar lampan."),
            ("Filter", "I wrote a filter against spam: a letter that waits is delivered when one will reply to this."),
            // Lists.
            ("list", "How do I unsubscribe from the list of the choir? I want to unsubscribe."),
            ("list", "You are the owner of the mailing list, please take me off."),
            ("Digest", "Here is the digest of our talk."),
            ("digest of volume 3", "I have read it."),
            ("Re: a", "Yes.\n> To unsubscribe, e-mail: friends-unsubscribe@lists.x.org"),
            ("Re: a", "Yes.\n\n-----Original Message-----\nTo unsubscribe from this list click here"),
            ("[PATCH] a", "Fix it.\n\nSigned-off-by: Bob <bob@x.org>\n---\ndiff --git a/b b/b\n--- a/b\n+++ b/b\n"),
            ("bug", "The author: unknown. Can you look it up in the log?"),
            ("welcome", "Welcome to the group! We meet on Monday."),
            ("Join us", "Hear more of it: join the list at\nhttp://lists.x.org/mailman/listinfo/friends\n\nPelle"),
            ("Re: [friends] Digest Number 2210", "I have read it."),
            ("[Fwd: Friends Digest, Vol 12, Issue 3]", "Look at the second one."),
        ];
        let wrong = people.iter().filter(|(subject, body)| !of(subject, body).is_empty());
        let wrong: Vec<_> = wrong.map(|(subject, body)| (of(subject, body), subject, body)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let long = format!("I'm away until Monday and will answer then. {}", "And so on. ".repeat(100));
        assert_eq!(of("Re: x", &long), []);
    }

    #[test]
    fn what_only_a_machine_says_is_known() {
        let machines: &[(Sign, &[(&str, &str)])] = &[
            (
                Sign::BounceText,
                &[
                    (
                        "hello",
                        "Hi. This is the qmail-send program at mx.test.\nI'm afraid I wasn't able to deliver your message.",
                    ),
                    ("hello", "This message was created automatically by mail delivery software."),
                    ("hello", "This is the mail system at host mx.test.\n\nI'm sorry to have to inform you"),
                    ("hello", "   ----- The following addresses had permanent fatal errors -----\n<bob@x.org>"),
                    ("hello", "Your message did not reach some or all of the intended recipients."),
                    ("hello", "Ihre Nachricht hat einige oder alle Empf\u{e4}nger nicht erreicht."),
                    ("hello", "Your message wasn't delivered to bob@x.org because the address couldn't be found."),
                    ("hello", "Your message to bob@x.org was queued. Your message has been delayed."),
                ],
            ),
            (
                Sign::BounceSubject,
                &[
                    ("failure notice", "x"),
                    ("Returned mail: see transcript for details", "x"),
                    ("Undelivered Mail Returned to Sender", "x"),
                    ("Unzustellbar: Hallo", "x"),
                    ("Non remis : bonjour", "x"),
                    ("No se puede entregar: hola", "x"),
                ],
            ),
            (
                Sign::AbsenceText,
                &[
                    ("Re: hello", "Thank you for your email.\n\nI am out of office and back on Tuesday."),
                    ("hello", "Thank you for your email. We were pleased. I am out of the office until Monday."),
                    ("hello", "Bonjour, je suis absente du bureau.\nEn cas d\u{2019}urgence, voyez Marie."),
                    ("Re: hello", "I'm away until Wednesday and will answer when I'm back."),
                    ("Gone", "Mr Ames is no longer employed at this firm. Your message was not forwarded."),
                    ("Weg", "Herr Ames ist nicht mehr bei uns tätig. Ihre Mail wird nicht gelesen."),
                    ("Borta", "Adressen används inte längre, och ditt mejl läses inte."),
                    ("Re: hello", "She has left the company. Your mail will not be forwarded."),
                    ("AW: Hallo", "Ich bin im Urlaub. In dringenden F\u{e4}llen rufen Sie bitte das Sekretariat an."),
                    ("Re: hola", "Estoy de vacaciones. Si es urgente, llame a Ana."),
                    ("Re: ciao", "Sono in ferie; risponder\u{f2} luned\u{ec}."),
                    ("Re: ol\u{e1}", "Estou de f\u{e9}rias e responderei depois. Assuntos urgentes: Ana."),
                    ("Re: hoi", "Ik ben met vakantie. Bij spoed kunt u bellen."),
                    ("Sv: hej", "Jag \u{e4}r p\u{e5} semester och svarar sedan."),
                    ("Re: hei", "Olen lomalla. Kiireelliset asiat: Liisa."),
                    ("Odp: x", "Jestem na urlopie. W pilnych sprawach: Anna."),
                    (
                        "Re: x",
                        "\u{42f} \u{432} \u{43e}\u{442}\u{43f}\u{443}\u{441}\u{43a}\u{435}, \u{43e}\u{442}\u{432}\u{435}\u{447}\u{443} \u{43f}\u{43e}\u{437}\u{436}\u{435}.",
                    ),
                ],
            ),
            (
                Sign::AutoReplySubject,
                &[
                    ("Automatische Antwort: Hallo", "x"),
                    ("Out of Office: x", "x"),
                    ("Out of the office Re: x", "x"),
                    ("R\u{103}spuns automat: x", "x"),
                    ("Afwezig: hallo", "x"),
                ],
            ),
            (
                Sign::AutoReplyText,
                &[
                    ("hello", "This is an automated response.\nYour mail arrived."),
                    ("hello", "We look into it.\n\nThis message was generated automatically."),
                    ("hello", "Это письмо создано автоматически."),
                    ("Bestelling", "Dit bericht is automatisch verzonden."),
                ],
            ),
            (
                Sign::ChallengeText,
                &[
                    (
                        "Please verify your message",
                        "A robot has put your message into its holding area for junk: click here.",
                    ),
                    ("Your message is waiting", "Reply to this mail, and it will be delivered."),
                    (
                        "hello",
                        "Your first message is waiting. Prove that you are a person: https://x.org/c . You do this only once.",
                    ),
                    (
                        "hello",
                        "Ihre E-Mail ist in der Warteschleife. Zeigen Sie, dass Sie kein Spammer sind: https://x.org/c",
                    ),
                    (
                        "hello",
                        "Para que sua mensagem chegue a Bob, mostre que voc\u{ea} n\u{e3}o \u{e9} um rob\u{f4}: https://x.org/c",
                    ),
                    ("hello", "Vaše zpráva čeká ve frontě. Odpovězte na tento e-mail a bude doručena."),
                    ("hello", "Din mail venter. Svar på denne mail, så bliver den leveret."),
                    (
                        "hello",
                        "Deine Nachricht wartet noch. Antworte auf diese Mail, du wirst danach nicht mehr gefragt.",
                    ),
                    ("hello", "Your letter to Ann is in the queue. Answer this mail, and it will be delivered."),
                    ("hello", "Your e-mail to ann@x.org is on hold. Solve a sum at https://x.org/7 ."),
                    (
                        "hello",
                        "Su mensaje está en cola. Responda a este correo: solo una vez, para remitentes desconocidos.",
                    ),
                    ("hello", "Ton message est en attente. Réponds à celui-ci pour qu'il soit remis."),
                    ("hello", "La tua mail è in coda. Rispondi a questa, è contro lo spam."),
                    ("hello", "E-posten din venter. Klikk her, så blir den levert: https://x.org/7"),
                    ("hello", "Uw mail wacht nog. Klik op deze link, dan wordt hij bezorgd: https://x.org/7"),
                    ("hello", "Twój list czeka w kolejce. Odpisz na ten, a zostanie dostarczony."),
                    ("hello", "O seu e-mail está na fila. Responda a este, só uma vez."),
                    ("hello", "Твоё письмо ждёт. Ответь на это, и оно будет доставлено."),
                    ("hello", "Ditt mejl väntar. Svara på det här, det är ett skydd mot skräppost."),
                    ("hello", "Ваш лист чекає. Дайте відповідь на цей, це лише раз."),
                    (
                        "Re: hello",
                        "Your letter below is being held because we do not know you. your message needs a confirmation: to release it \
             for delivery, use your mailer's \"Reply\" feature. This was created automatically.",
                    ),
                    (
                        "Re: hello",
                        "The message you sent requires that you verify that you are a real live human being and not a source of spam. \
             Simply reply to this message and leave the subject intact, and it will be delivered.",
                    ),
                    (
                        "Re: hello",
                        "This account is protected by a filter. Please click on the following link to be put on the allowed list and \
             ensure delivery of your email.",
                    ),
                    (
                        "Re: hello",
                        "I am guarding my inbox against junk. Just this once, please verify yourself so that your email will be \
             delivered to me: click the link below.",
                    ),
                    (
                        "Re: hello",
                        "I apologize for this automatic reply to your email. To control spam I accept mail only from approved senders. \
             Fill in the form: click on the link below.",
                    ),
                    (
                        "Re: hello",
                        "Dies ist eine automatische Antwort. Ihre Nachricht muss vor der Zustellung best\u{e4}tigt werden. Antworten Sie \
             einfach auf diese Mail.",
                    ),
                    (
                        "Re: hello",
                        "Ceci est un message automatique. Votre message sera d\u{e9}livr\u{e9} apr\u{e8}s authentification: cliquez ici.",
                    ),
                    (
                        "Re: hello",
                        "Este es un mensaje autom\u{e1}tico. Confirme que usted ha enviado el mensaje para que sea entregado: responda a \
             este correo.",
                    ),
                    (
                        "Re: hello",
                        "Questo \u{e8} un messaggio automatico. Conferma che hai spedito il messaggio perch\u{e9} sia consegnato: clicca qui.",
                    ),
                    (
                        "Re: hello",
                        "To jest automatyczna odpowied\u{17a}. Twoja wiadomo\u{15b}\u{107} zostanie dostarczona, gdy j\u{105} potwierdzisz: odpowiedz.",
                    ),
                    ("Please confirm (conf#5d41402abc4b2a76)", "x"),
                    ("Your email requires verification verify#Ab3dE7xQ", "x"),
                ],
            ),
            (
                Sign::ListText,
                &[
                    ("a", "Yes.\n____________________\nFriends mailing list\nhttps://x.org/mailman/listinfo/friends"),
                    ("a", "Yes.\n____________________\nFriends mailing list -- friends@x.org"),
                    ("a", "Yes.\n-- \nTo unsubscribe, e-mail: friends-unsubscribe@x.org"),
                    ("a", "Yes.\n---\nYou are currently subscribed to friends as: bob@x.org"),
                    ("a", "Yes.\n-- \nTo UNSUBSCRIBE, email to friends-request@x.org"),
                    ("a", "Yes.\n-\nTo unsubscribe: send a line to majordomo@x.org"),
                    ("a", "To unsubscribe from the FRIENDS list, click the following link:"),
                    ("Friends Digest, Vol 12, Issue 3", ""),
                    ("[friends] Digest Number 2210", ""),
                    ("friends Digest V3 #22", ""),
                    ("confirm 1", "Mailing list subscription confirmation notice for mailing list Friends"),
                ],
            ),
        ];
        let all = machines.iter().flat_map(|(sign, letters)| letters.iter().map(move |letter| (sign, letter)));
        let wrong: Vec<_> = all.filter(|(sign, (subject, body))| !of(subject, body).contains(sign)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        for subject in ["hello", "Re: please verify", "Otvet: verify [cr-12em04hmasw9]"] {
            let body = "A robot has put your message into its holding area for junk: click here.";
            assert_eq!(of(subject, body), [], "{subject}");
        }
        assert_eq!(
            of(
                "re: auto: please reply [cr-12em]",
                "Your message is waiting. Reply to this mail, it will be delivered."
            ),
            []
        );
    }

    #[test]
    fn groups_are_found_in_one_language() {
        // Away in Swedish, urgent in English.
        assert_eq!(of("Re: hej", "Jag är på semester. For urgent matters call Ann."), []);
        assert_eq!(of("Re: hej", "Jag är på semester. Brådskande: ring Anna."), [Sign::AbsenceText]);
    }

    const COPY: &str =
        "From: Seeds <news@x.org>\nSent: Saturday\nTo: Bob\nSubject: Spring\n\nBuy! Unsubscribe: http://x.org";

    #[test]
    fn what_was_copied_below_own_words_is_not_the_senders_offer() {
        let offers = |subject: &str, body: &str| of(subject, body).contains(&Sign::UnsubscribeText);
        for subject in ["Re: Spring", "WG: Spring"] {
            assert!(!offers(subject, &format!("Do you know them?\n\n{COPY}")), "{subject}");
            // Without own words above, or with the offer among them, it is theirs.
            assert!(offers(subject, COPY), "{subject}");
            assert!(offers(subject, &format!("Buy! Unsubscribe: http://y.org\n\n{COPY}")), "{subject}");
        }
        assert!(offers("Spring", &format!("Somebody wrote to you.\n\n{COPY}")));
    }

    #[test]
    fn people_leave_other_things_than_lists_and_speak_of_lists() {
        for body in [
            "Ik moet me helaas afmelden voor de les van donderdag.\n\nPiet\nhttp://www.piet.example",
            "I nostri voli per Roma sono stati cancellati. La camera \u{e8} libera?\n\nLuca\nhttp://luca.example",
            "Die Rechnung vom Mai habe ich leider nicht mehr erhalten.\n\nAnna\nhttp://anna.example",
            "Prosz\u{119} o zegar i wypisz faktur\u{119} na firm\u{119}.\n\nJan\nhttp://jan.example",
        ] {
            assert_eq!(of("x", body), [], "{body}");
        }
        for body in [
            "Aanbieding!\nAfmelden\nhttp://x.example",
            "Aanbieding!\nWilt u deze berichten niet meer, dan kunt u zich afmelden via\nhttp://x.example/u",
            "Angebote\nWenn Sie solche Mails nicht mehr erhalten wollen, klicken Sie hier: http://x.example",
            "Oferta\nAby wypisa\u{107} si\u{119} z naszego newslettera, napisz. http://x.example",
            "Angebot http://x.example\nKeine Mails mehr? Abmelden ist leicht, wenn Sie keine nicht mehr erhalten m\u{f6}chten: Link",
        ] {
            assert_eq!(of("x", body), [Sign::UnsubscribeText], "{body}");
        }
    }

    #[test]
    fn an_offer_is_made_beside_a_link_or_by_an_answer() {
        for body in [
            "How do I unsubscribe from the list of the choir?",
            "Look at my photographs: <a href='http://x.org'>here</a>.",
            "How do I unsubscribe from <a href='http://x.org'>that list</a>?",
            "Ich m\u{f6}chte Ihren Newsletter nicht mehr erhalten, siehe <a href='http://x.org'>hier</a>",
            "Peux-tu me d\u{e9}sinscrire de <a href='http://x.org'>la liste</a> ?",
            "Look!<br>---------- Forwarded message ---------<br><a href='http://x.org'>unsubscribe</a>",
            "I would like to be removed from our list of singers.",
            "<blockquote><a href='http://x.org'>unsubscribe</a></blockquote>Is this yours?",
        ] {
            assert_eq!(page(body), [], "{body}");
        }
        for body in [
            "Buy! <a href='http://x.org/u'>Unsubscribe</a>",
            "I love this. <a href='http://x.org/u'>Unsubscribe</a>",
            "Our choir sings. If you wish to be removed from our list, tell us.",
            "Der Chor singt. Wer diesen Rundbrief nicht mehr will, antworte.",
            "Angebote. <a href='http://x.org/u'>Newsletter abbestellen</a>",
            "Offres. <a href='x'>Se d\u{e9}sabonner</a>",
            "Si ce message s'affiche mal, voyez sa <a href='x'>version\nen ligne</a>",
        ] {
            assert_eq!(page(body), [Sign::UnsubscribeText], "{body}");
        }
    }

    #[test]
    fn what_stands_in_front_of_the_subject_of_an_answer_is_told() {
        for text in [
            "Automatic reply: ",
            "Automatische Antwort: AW: ",
            "OUT OF OFFICE ",
            "Gelesen: ",
            "自動応答: ",
            "Не в офисе",
        ] {
            assert_eq!(is_automatic_subject(text), text != "Не в офисе", "{text}");
        }
        for text in ["", "Re: ", "AW: AW: ", "Readers: ", "I read: ", "Absences"] {
            assert!(!is_automatic_subject(text), "{text}");
        }
    }

    #[test]
    fn hostile_words_take_linear_time() {
        let start = std::time::Instant::now();
        for unit in [
            "unsubscribe ",
            "http://x ",
            "out of office. ",
            "your message is held. reply to this ",
            "а",
            "'",
            "nicht mehr erhalten ",
        ] {
            drop(of(&unit.repeat(2_000), &unit.repeat(200_000 / unit.len())));
            drop(page(&format!("<a href=x>{}", unit.repeat(200_000 / unit.len()))));
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
