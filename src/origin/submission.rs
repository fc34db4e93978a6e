//! Whether a mail system of the user's own took a message from one of its users, as its Received field says.
//!
//! Promises: believes only a field that one of those systems wrote, and of it only what no SMTP client can put into it: a
//! client chooses what it calls itself and, within limits, the recipient, and both stand in the field. Never touches: who
//! the user is said to be in the message itself.

use super::received::{Part, is_authenticated, parts};
use crate::mail::head::{Field, Head};

/// A user of this host, by name and number.
pub type User = (String, u32);

/// Whether this user handed it to the mail system on this host: its only Received field is one that no SMTP client can
/// cause. With a second one below, it is foreign mail that the user's own fetchmail or forwarding handed in again.
#[must_use]
pub fn is_handed_in(head: &Head<'_>, user: Option<&User>) -> bool {
    head.only("Received").zip(user).is_some_and(|(field, user)| is_local(field, user))
}

/// Whether the first of the `hops` own mail systems took it from this user of the host, or from somebody who had
/// authenticated (RFC 3848: `with ESMTPA`, `with ESMTPSA`).
#[must_use]
pub fn was_submitted(head: &Head<'_>, hops: usize, user: Option<&User>) -> bool {
    // The uppermost is ours whatever counts for results, which may stand above it: whoever delivers writes one. What came from
    // outside has a field of each of them; what has fewer was handed in at one behind the first.
    let hops = hops.max(1);
    let count = head.all("Received").count();
    let own = head.all("Received").take(hops).last();
    // The user's procmail or fetchmail hands foreign mail in again, and it has a stranger's fields below; a mail program
    // behind a system of its own has one field there.
    let below = count.saturating_sub(hops);
    own.is_some_and(|field| {
        (below == 0 && user.is_some_and(|user| is_local(field, user)))
            || (below <= 1 && clauses(&field.text()).is_some_and(|of| is_authenticated(&of.with)))
    })
}

/// Postfix `by HOST (Postfix, from userid N)`, Exim `from USER by HOST with local`, Sendmail `(from USER@HOST) by HOST
/// (…/Submit)`.
fn is_local(field: &Field<'_>, (name, number): &User) -> bool {
    let text = field.text();
    let words: Vec<&str> = text.split_whitespace().take(10).collect();
    let postfix = format!("(Postfix, from userid {number})");
    let sendmail = format!("(from {name}@");
    (words.first() == Some(&"by") && words.get(2..6).is_some_and(|w| w.join(" ") == postfix))
        || clauses(&text).is_some_and(|of| of.from == *name && of.with == "local")
        || (text.starts_with(&sendmail) && words.get(4).is_some_and(|w| w.ends_with("/Submit)")))
}

/// `from CLIENT by HOST with PROTOCOL …`.
struct Clauses {
    from: String,
    with: String,
}

/// Comments taken out, and nothing a second time: some servers write what a client calls itself with blanks and brackets
/// (`EHLO x by y with ESMTPSA`, `EHLO alice by y with local`), and a quoted recipient could close a bracket that the client
/// has opened.
fn clauses(text: &str) -> Option<Clauses> {
    // Quotation could hide a bracket.
    let parts = if text.contains(['"', '\\']) { None } else { parts(text) }?;
    let words: Vec<&str> = parts
        .into_iter()
        .filter_map(|part| match part {
            Part::Comment(_) => None,
            Part::Word(word) => Some(word),
        })
        .collect();
    let once = |name: &str| words.iter().filter(|word| word.eq_ignore_ascii_case(name)).count() == 1;
    let [from, client, by, _, with, protocol, ..] = words.as_slice() else { return None };
    let named = [(from, "from"), (by, "by"), (with, "with")];
    let good = named.iter().all(|(word, name)| word.eq_ignore_ascii_case(name) && once(name));
    good.then(|| Clauses { from: (*client).to_owned(), with: (*protocol).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submitted(fields: &[&str], hops: usize) -> bool {
        let text: String = fields.iter().map(|field| format!("Received: {field}\n")).collect();
        was_submitted(&Head::read(format!("{text}\nx\n").as_bytes()), hops, Some(&("alice".into(), 1000)))
    }

    const OUTSIDE: &str = "from evil.example (evil.example [192.0.2.1]) by mx.example.org (Postfix) with ESMTPS id 1\n \
        for <alice@example.org>; Mon, 2 Nov 2026 10:00:00 +0000 (UTC)";

    #[test]
    fn who_authenticated_or_is_this_user_has_submitted_it() {
        for field in [
            "from home (home [192.0.2.9]) (using TLSv1.3 with cipher X (256/256 bits)) (Authenticated sender: alice)\n \
             by mx.example.org (Postfix) with ESMTPSA id 1 for <bob@x.org>; Mon, 2 Nov 2026",
            "from [192.0.2.9] (helo=home) by mx.example.org with esmtpsa (TLS1.3) tls X (Exim 4.96) (envelope-from <a@b>) id 1",
            "from localhost (mx [local]) by mx.example.org (OpenSMTPD) with ESMTPA id 1 for <bob@x.org>; Mon",
            "from home by mx.example.org with UTF8SMTPSA id 1; Mon",
            "by mx.example.org (Postfix, from userid 1000) id 1; Mon",
            "from alice by mx.example.org with local (Exim 4.96) id 1; Mon",
            "(from alice@localhost) by mx.example.org (8.17/8.17/Submit) id 1; Mon",
        ] {
            assert!(submitted(&[field], 1), "{field}");
            assert!(submitted(&["from localhost (localhost [127.0.0.1]) by mx (Postfix) with ESMTP id 2", field], 2));
            assert!(submitted(&[field], 2), "fewer own systems saw it than see what comes from outside");
            assert!(submitted(&[field], 0), "the uppermost is ours");
            assert!(!submitted(&[OUTSIDE, field], 0));
            assert!(!submitted(&[OUTSIDE, field], 1), "below the field that is ours a stranger wrote it");
        }
    }

    #[test]
    fn what_the_user_passes_on_by_a_program_is_still_foreign() {
        let local = "by mx.example.org (Postfix, from userid 1000) id 2; Mon";
        let relayed = "from home by mx.example.org (Postfix) with ESMTPSA id 3; Mon";
        for (fields, hops, wanted) in [
            (&[local, OUTSIDE][..], 1, false),
            (&["from localhost by mx (Postfix) with ESMTP id 3", local, OUTSIDE], 2, false),
            (&["from alice by mx.example.org with local (Exim 4.96) id 1; Mon", OUTSIDE], 1, false),
            (&[relayed, local, OUTSIDE], 1, false),
            (&[relayed, local], 1, true),
            (&[relayed], 1, true),
        ] {
            assert_eq!(submitted(fields, hops), wanted, "{fields:?}");
        }
    }

    #[test]
    fn what_a_client_calls_itself_is_not_believed() {
        for field in [
            OUTSIDE,
            "by mx.example.org (Postfix, from userid 1001) id 1; Mon",
            "from bob by mx.example.org with local (Exim 4.96) id 1; Mon",
            "from x by y with ESMTPSA id 1 (unknown [192.0.2.1]) by mx.example.org (Postfix) with SMTP id 2; Mon",
            "from x by y with ESMTPSA id 1 (a (unknown [192.0.2.1]) by mx (Postfix) with SMTP id 2 for <\"x)\"@example.org>; Mon",
            "from x) by y with ESMTPSA id 1 ( (unknown [192.0.2.1]) by mx (Postfix) with SMTP id 2; Mon",
            "from x\\( by y with ESMTPSA (unknown [192.0.2.1]) by mx (Postfix) with SMTP id 2; Mon",
            "from x by mx (Postfix) with SMTP id 2 for <with ESMTPSA@example.org>; Mon",
            "from alice by mx with local (unknown [192.0.2.1]) by mx.example.org (Server) with SMTP id 2; Mon",
            "from alice by mx with local (a (unknown [192.0.2.1]) by mx (Server) with SMTP id 2 for <\"x)\"@example.org>; Mon",
            "from alice (unknown [192.0.2.1]) by mx.example.org (Server) with SMTP id 2; Mon",
            "from ESMTPSA (unknown [192.0.2.1]) by mx (Postfix) with SMTP id with; Mon",
            "by mx with ESMTPSA id 1; Mon",
            "",
        ] {
            assert!(!submitted(&[field], 1), "{field}");
            let handed_in = format!("Received: {field}\n\nx\n");
            assert!(!is_handed_in(&Head::read(handed_in.as_bytes()), Some(&("alice".into(), 1000))), "{field}");
        }
        assert!(!submitted(&[], 1));
    }

    #[test]
    fn handed_in_is_only_what_went_no_other_way() {
        let user = ("alice".to_owned(), 1000);
        let of = |text: &str| is_handed_in(&Head::read(text.as_bytes()), Some(&user));
        let local = "Received: by mx.example.org (Postfix, from userid 1000) id 1; Mon\n";
        assert!(of(&format!("{local}\nx\n")));
        assert!(!of(&format!("{local}Received: from a by b with SMTP\n\nx\n")));
        assert!(!of(&format!("{}\nx\n", local.replace("1000", "10001"))));
        assert!(!is_handed_in(&Head::read(local.as_bytes()), None));
    }
}
