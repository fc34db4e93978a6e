//! The first weeks of use, played on old mail: in the order of dates, each person whom the user wrote to is known from
//! then on, and so is each message that the user sent, by its Message-ID, for as long as answers to it are let in.
//!
//! Promises: learns in memory only, and only from mail that the user sent and from who answers it; nobody is taken to have
//! answered a challenge. Needs two to three hundred bytes of memory a message, and some thirty for each that it names, since
//! the order is known only when all are read. Never touches: the store.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use crate::command::replay::trial::{IfOwn, Judged};
use crate::mail::address::Address;
use crate::policy::sent::Class;
use crate::policy::verdict::Verdict;

/// All messages until their order is known.
#[derive(Debug, Default)]
pub struct Course {
    names: HashSet<Rc<str>>,
    hasher: RandomState,
    pages: Vec<Page>,
    latest: i64,
}

/// One message, as little as is needed of it.
#[derive(Debug)]
struct Page {
    at: i64,
    judged: Judged,
    sender: Option<Rc<str>>,
    /// What it is about, each by a hash of its Message-ID: two of a million are one in one of forty million archives.
    earlier: Vec<(u64, IfOwn)>,
    sent: Option<Lesson>,
}

/// What one message that the user sent teaches.
#[derive(Debug)]
struct Lesson {
    people: Vec<Rc<str>>,
    message_id: Option<u64>,
    class: Class,
}

/// What is known by then.
#[derive(Debug, Default)]
struct Known {
    people: HashSet<Rc<str>>,
    /// When each message was sent, and who may know of it.
    sent: HashMap<u64, (i64, Class)>,
}

impl Course {
    /// Takes a message. One without a date stands where the one before it stands.
    pub fn take(&mut self, mut judged: Judged) {
        let at = judged.at.unwrap_or(self.latest);
        self.latest = at;
        let sender = judged.sender.take().map(|sender| self.name(&sender));
        let sent = judged.sent.take().map(|sent| Lesson {
            people: sent.people.iter().map(|to| self.name(to)).collect(),
            message_id: sent.message_id.map(|id| self.hasher.hash_one(id)),
            class: sent.class,
        });
        let earlier = std::mem::take(&mut judged.earlier).into_iter();
        let earlier = earlier.map(|(id, if_own)| (self.hasher.hash_one(id), if_own)).collect();
        self.pages.push(Page { at, judged, sender, earlier, sent });
    }

    /// Gives the messages in the order of their dates, judged by what was known by then; mail that the user sent is
    /// marked by [`Judged::is_sent`].
    pub fn play(mut self, show: &mut dyn FnMut(i64, Judged) -> std::ops::ControlFlow<()>) {
        self.pages.sort_by_key(|page| page.at);
        let mut known = Known::default();
        for mut page in self.pages {
            known.judge(&mut page);
            // One that would be asked may still be held, by a limit.
            if matches!(page.judged.verdict, Verdict::Hold | Verdict::Challenge) {
                page.judged.sender = page.sender.as_deref().and_then(|name| Address::parse(name).ok());
            }
            if let Some(lesson) = page.sent {
                known.people.extend(lesson.people);
                known.sent.extend(lesson.message_id.map(|id| (id, (page.at, lesson.class))));
            }
            if show(page.at, page.judged).is_break() {
                return;
            }
        }
    }

    /// Each name once: people write often.
    fn name(&mut self, address: &Address) -> Rc<str> {
        let normal = address.normal();
        if let Some(known) = self.names.get(normal.as_str()) {
            return Rc::clone(known);
        }
        let name: Rc<str> = normal.as_str().into();
        self.names.insert(Rc::clone(&name));
        name
    }
}

impl Known {
    /// Puts what would be done by then in the place of what would be done without a past.
    fn judge(&mut self, page: &mut Page) {
        if page.sender.as_ref().is_some_and(|sender| self.people.contains(sender)) {
            (page.judged.verdict, page.judged.reason) = page.judged.if_known;
            return;
        }
        let alive =
            |id: &u64| self.sent.get(id).filter(|(at, class)| page.at - at <= class.seconds()).map(|(_, class)| *class);
        let Some((class, if_own)) = page.earlier.iter().find_map(|(id, if_own)| Some((alive(id)?, if_own))) else {
            return;
        };
        let [private, public] = if_own.verdicts;
        (page.judged.verdict, page.judged.reason) = if class == Class::Private { private } else { public };
        if class == Class::Private && if_own.learns {
            self.people.extend(page.sender.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::policy::reason::Reason;
    use crate::policy::sent::Sent;

    fn sent(to: &[&str], class: Class) -> Sent {
        let people = to.iter().map(|to| Address::parse(to).unwrap()).collect();
        let message_id = Some("own@example.org".to_owned());
        Sent { message_id, at: None, class, people, subscriptions: Vec::new(), topic: None }
    }

    fn message(at: Option<i64>, from: &str, to: &[&str]) -> Judged {
        Judged {
            place: format!("{from} {at:?}"),
            at,
            bytes: 1,
            verdict: Verdict::Challenge,
            reason: Reason::Challenge,
            to: None,
            reflected: 0,
            alike: None,
            confirms: None,
            proven: false,
            trusted_below: None,
            looked: None,
            sender: Address::parse(from).ok(),
            if_known: (Verdict::Pass, Reason::AllowedSender),
            earlier: Vec::new(),
            is_sent: !to.is_empty(),
            sent: (!to.is_empty()).then(|| sent(to, Class::Private)),
        }
    }

    fn played(messages: Vec<Judged>) -> Vec<(i64, bool)> {
        let mut course = Course::default();
        messages.into_iter().for_each(|message| course.take(message));
        let mut out = Vec::new();
        course.play(&mut |at, judged| {
            out.push((at, judged.verdict == Verdict::Pass));
            ControlFlow::Continue(())
        });
        out
    }

    #[test]
    fn nobody_is_known_before_the_user_wrote() {
        let bob = |at| message(Some(at), "Bob@x.org", &[]);
        let sent = message(Some(5), "alice@example.org", &["bob@x.org", "carol@x.org"]);
        let out = played(vec![bob(9), sent, bob(4), message(Some(7), "eve@x.org", &[])]);
        assert_eq!(out, [(4, false), (5, false), (7, false), (9, true)]);
    }

    #[test]
    fn an_answer_from_another_address_passes_in_its_time_and_teaches_where_that_is_private() {
        let passed = (Verdict::Pass, Reason::Reply);
        let answer = |at, learns| Judged {
            earlier: vec![
                ("other@x.org".into(), IfOwn { verdicts: [passed; 2], learns: true }),
                ("own@example.org".into(), IfOwn { verdicts: [passed, passed], learns }),
            ],
            ..message(Some(at), "bob@home.example", &[])
        };
        let own =
            |class| Judged { sent: Some(sent(&[], class)), ..message(Some(0), "alice@example.org", &["b@x.org"]) };
        let later = |at| message(Some(at), "bob@home.example", &[]);
        let (public, private) = (Class::Public.seconds(), Class::Private.seconds());
        let verdicts = |messages| played(messages).into_iter().map(|(_, passes)| passes).collect::<Vec<_>>();
        assert_eq!(verdicts(vec![answer(-1, true), own(Class::Private), later(1)]), [false, false, false]);
        assert_eq!(verdicts(vec![own(Class::Private), answer(private, true), later(private + 1)]), [false, true, true]);
        assert_eq!(
            verdicts(vec![own(Class::Private), answer(private, false), later(private + 1)]),
            [false, true, false]
        );
        assert_eq!(verdicts(vec![own(Class::Private), answer(private + 1, true)]), [false, false]);
        assert_eq!(verdicts(vec![own(Class::Public), answer(public, true), later(public + 1)]), [false, true, false]);
        assert_eq!(verdicts(vec![own(Class::Public), answer(public + 1, true)]), [false, false]);
    }

    #[test]
    fn a_message_without_a_date_stays_behind_the_one_before_it() {
        let one = |at| message(at, "bob@x.org", &[]);
        let sent = message(Some(5), "alice@example.org", &["bob@x.org"]);
        assert_eq!(
            played(vec![one(Some(7)), one(None), one(Some(3)), one(None), sent]),
            [(3, false), (3, false), (5, false), (7, true), (7, true)]
        );
    }

    #[test]
    fn who_has_seen_enough_sees_no_more() {
        let mut course = Course::default();
        (0..3).for_each(|at| course.take(message(Some(at), "bob@x.org", &[])));
        let mut count = 0;
        course.play(&mut |_, _| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!(count, 1);
    }
}
