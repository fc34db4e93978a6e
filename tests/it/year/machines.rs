//! What shops, banks and web pages write by themselves, and what nobody asked for.
//!
//! Promises: how many of them bear which mark is said in the shares below, which are guesses after the corpus that the
//! program is measured on; every kind is there. A forgery never is of somebody whose domain proves nothing: nobody could
//! tell it.

use super::super::chance::Chance;
use super::super::letter::{Letter, OWNER};
use super::Treatment;
use super::people::{Person, Proof, from, words};

const SERVICES: usize = 40;

/// The transactional message of one of the user's services.
pub fn notice(chance: &mut Chance) -> (Letter, Treatment) {
    const WHAT: [(&str, &str); 6] = [
        ("Your order has been sent", "Your parcel is on its way."),
        ("Receipt for your payment", "We have received your payment."),
        ("Your invoice", "Your invoice is attached."),
        ("Reset your password", "Somebody asked to reset your password."),
        ("Your booking", "Your booking is confirmed."),
        ("Your account statement is ready", "Log in to see it."),
    ];
    let service = chance.below(SERVICES);
    let domain = format!("shop-{service}.example");
    let number = chance.below(100_000_000);
    let bounce = format!("bounce-{number}@mail.{domain}");
    let at = |local: &str| format!("{local}@{domain}");
    let sent = |local: &str| from(&format!("Shop {service}"), &at(local), Proof::Dmarc);
    let mut treatment = Treatment::Held;
    let letter = match chance.below(100) {
        // An address that takes no answers.
        0..30 => sent("noreply").envelope(&bounce).field("Auto-Submitted", "auto-generated"),
        30..48 => sent("no-reply"),
        48..58 => sent("do-not-reply").envelope(&bounce).field("Feedback-ID", &format!("{number}:shop")),
        // A role.
        58..68 => sent("orders").envelope(&bounce).field("Auto-Submitted", "auto-generated"),
        68..76 => sent("billing").envelope(&format!("billing+{}@{domain}", OWNER.replace('@', "="))),
        76..84 => sent("notifications").field("X-Auto-Response-Suppress", "All"),
        // A first name, and the mark of a mailing service or the envelope alone.
        84..92 => sent("anna").envelope(&bounce).field("List-Unsubscribe", &format!("<https://{domain}/off>")),
        92..96 => sent("hello").envelope(&bounce).field("Precedence", "bulk"),
        96..99 => sent("anna").envelope(&bounce),
        // Nothing at all says it.
        _ => {
            treatment = Treatment::Challenged;
            sent("anna")
        }
    };
    let (subject, text) = *chance.one(&WHAT);
    let text = format!("Dear Alice Liddell,\n\n{text} Number {number}.\n\nYour shop\n");
    (letter.field("Subject", &format!("{subject} {number}")).body(&text), treatment)
}

/// Spam in nobody's name that the user knows.
pub fn spam(chance: &mut Chance) -> (Letter, Treatment) {
    let number = chance.below(100_000_000);
    let domain = format!("offer-{}.example", chance.below(4_000));
    let person = Person::new(number, true, chance);
    let (letter, treatment) = match chance.below(1_000) {
        // In the name of strangers.
        0..500 => (
            person.letter(chance).envelope(&person.address).proven(&person.proof.forged(person.domain())),
            Treatment::Held,
        ),
        500..650 => (from("Offers", &format!("info{number}@{domain}"), Proof::Nothing), Treatment::Held),
        650..700 => (from("Offers", &format!("sales@{domain}"), Proof::Nothing).unproven(), Treatment::Held),
        700..720 => (from("Alice", OWNER, Proof::Dmarc).proven(&Proof::Dmarc.forged("example.org")), Treatment::Held),
        // By who proves it and says what it is.
        720..950 => (
            from("Offers", &format!("news@{domain}"), Proof::Dmarc)
                .envelope(&format!("bounces+{number}-{}@{domain}", OWNER.replace('@', "=")))
                .field("List-Unsubscribe", &format!("<https://{domain}/off/{number}>")),
            Treatment::Held,
        ),
        950..988 => (
            from("Eva", &format!("eva{number}@{domain}"), Proof::Dmarc).envelope(&format!("b{number}@sender.{domain}")),
            Treatment::Held,
        ),
        // By a swindler with a mailbox of his own, who writes like a person.
        _ => (person.letter(chance), Treatment::Challenged),
    };
    let text = format!(
        "Dear friend,\n\nonly today: {} for {number}.\n\nhttps://{domain}/{number}\n",
        chance.one(&["watches", "loans", "pills", "shares"])
    );
    (letter.field("Subject", &format!("Only today {number}")).body(&text), treatment)
}

/// Spam in the name of somebody whom the user knows and whose domain proves something.
pub fn forgery(of: &Person, chance: &mut Chance) -> Letter {
    let number = chance.below(100_000_000);
    let letter = if chance.percent(40) {
        // The name alone, beside another address.
        let other = format!("office{number}@cheap-{}.example", chance.below(500));
        let domain = other.rsplit_once('@').unwrap().1.to_owned();
        from(&of.name, &other, Proof::Nothing).proven(&Proof::Nothing.forged(&domain))
    } else {
        from(&of.name, &of.address, of.proof).proven(&of.proof.forged(of.domain()))
    };
    let (subject, text) = words(chance);
    letter.field("Subject", &subject).body(&format!("{text}\nhttps://cheap-{number}.example/{number}\n"))
}
