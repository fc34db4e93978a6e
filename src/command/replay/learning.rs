//! The first weeks of use, played on old mail: in the order of dates, each person whom the user wrote to is known from
//! then on.
//!
//! Promises: learns in memory only, and only from mail that the user sent; nobody is taken to have answered a
//! challenge. Needs two to three hundred bytes of memory a message, since the order is known only when all are read.
//! Never touches: the store.

use std::collections::HashSet;
use std::rc::Rc;

use crate::command::replay::trial::Judged;
use crate::mail::address::Address;

/// All messages until their order is known.
#[derive(Debug, Default)]
pub struct Course {
    names: HashSet<Rc<str>>,
    pages: Vec<Page>,
    latest: i64,
}

/// One message, as little as is needed of it.
#[derive(Debug)]
struct Page {
    at: i64,
    judged: Judged,
    sender: Option<Rc<str>>,
    recipients: Vec<Rc<str>>,
}

impl Course {
    /// Takes a message. One without a date stands where the one before it stands.
    pub fn take(&mut self, mut judged: Judged) {
        let at = judged.at.unwrap_or(self.latest);
        self.latest = at;
        let sender = judged.sender.take().map(|sender| self.name(&sender));
        let recipients = std::mem::take(&mut judged.recipients).iter().map(|to| self.name(to)).collect();
        self.pages.push(Page { at, judged, sender, recipients });
    }

    /// Gives the messages in the order of their dates, judged by what was known by then; mail that the user sent is
    /// marked by [`Judged::is_sent`].
    pub fn play(mut self, show: &mut dyn FnMut(i64, Judged) -> std::ops::ControlFlow<()>) {
        self.pages.sort_by_key(|page| page.at);
        let mut known: HashSet<Rc<str>> = HashSet::new();
        for mut page in self.pages {
            if page.sender.is_some_and(|sender| known.contains(&sender)) {
                (page.judged.verdict, page.judged.reason) = page.judged.if_known;
            }
            known.extend(page.recipients);
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

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::policy::reason::Reason;
    use crate::policy::verdict::Verdict;

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
            sender: Address::parse(from).ok(),
            if_known: (Verdict::Pass, Reason::AllowedSender),
            is_sent: !to.is_empty(),
            recipients: to.iter().map(|to| Address::parse(to).unwrap()).collect(),
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
