//! What list programs write round the messages that they pass on, where no header field says so: footers, digests,
//! confirmations, welcome and moderators' mail.
//!
//! Promises: only the programs' own words count (their documentation and source name them), never that people speak of
//! a list. What is quoted or passed on does not count: people answer to lists. Linear in time. Never touches: header
//! fields (`field`, `list_id`).

use super::wording::Wording;

/// Whether the message has a list's footer, or is a digest or a letter of a list program.
#[must_use]
pub fn is_of_list(wording: &Wording) -> bool {
    let said = wording.search(&wording.said);
    said.says(FOOTERS)
        || wording.says(&wording.own, LETTERS)
        || is_digest(&wording.subject)
        || is_commit(wording)
        || FOOTER_KINDS.iter().any(|groups| said.says_all(groups))
}

/// Words of footers and of what programs add: Mailman, ezmlm, Majordomo, Lyris, LISTSERV, Google and Yahoo groups,
/// groups.io, Topica, Debian's smartlist, Sympa, Discourse, Gerrit.
const FOOTERS: &[&str] = &[
    "/mailman/listinfo/",
    "mailing list -- ",
    "to unsubscribe send an email to ",
    "to unsubscribe, e-mail: ",
    "to unsubscribe, email: ",
    "to unsubscribe: ",
    "to unsubscribe e-mail ",
    "to unsubscribe from this list",
    "to unsubscribe from this group",
    "to unsubscribe from this mailing list",
    "to unsubscribe from: ",
    "to unsubscribe, send ",
    "to unsubscribe send a blank",
    "to unsubscribe, email to ",
    "to unsubscribe, or for help",
    "to unsubscribe visit ",
    "to unsubscribe, visit ",
    "to unsubscribe click ",
    "to unsubscribe, click ",
    "-unsubscribe@",
    "+unsubscribe@",
    "unsubscribe-",
    "for additional commands, e-mail:",
    "because you are subscribed to the google groups",
    "because you are a member of the group",
    "to leave the list",
    "to remove yourself from this list",
    "/wws/info/",
    "subscribe/unsubscribe: ",
    "you are currently subscribed to ",
    "you receive all messages sent to this group",
    "yahoo! groups sponsor",
    "your use of yahoo! groups is subject to",
    "easy unsubscribe click here",
    "list archives: http",
    "/wa.exe?subed1=",
    "pour se d\u{e9}sabonner de la liste",
    "pour vous d\u{e9}sabonner de la liste",
    "para cancelar la suscripci\u{f3}n a la lista",
    "per disiscriversi dalla lista",
    "um sich aus der liste auszutragen",
    "um sich von dieser liste abzumelden",
    "aus dieser gruppe auszutreten",
];

/// Footers of which each group has a phrase.
const FOOTER_KINDS: &[&[&[&str]]] = &[
    &[&["to unsubscribe"], &["-request@", "majordomo@", "listserv@", "sympa@", "-leave@", "leave-"]],
    &[&["to unsubscribe from the "], &[" list, click", " list, send", " list, visit", " list:", " list, email"]],
    &[
        &["mailingliste", "mailing list", "liste de diffusion", "lista de correo"],
        &["/listinfo/", "/lists.", "/sympa/"],
    ],
];

/// What list programs write themselves: confirmations, welcomes, moderators' mail, digests.
const LETTERS: &[&str] = &[
    "mailing list subscription confirmation",
    "mailing list removal confirmation",
    "request from you for subscription of your",
    "for subscription of your email address",
    "to post to this list, send your",
    "to post to this list, send an email",
    "mailing list submissions to",
    "is being held until the list moderator",
    "the reason it is being held",
    "awaits moderator approval",
    "mailing list has 1 request",
    "request(s) waiting for your consideration",
    "moderator request(s) waiting",
    "you must now reply to this message",
    "this is the ezmlm program",
    "i'm managing the",
    "this is an ezmlm",
    "messages in this issue",
    "topics in this digest",
    "in this issue:",
    "today's topics:",
    "welcome to the google group",
    "you have been added to the group",
    "you have been subscribed to",
    "you have been unsubscribed from",
    "you have successfully subscribed",
    "you have successfully unsubscribed",
    "sie haben sich in unsere mailingliste eingetragen",
    "sie wurden in die mailingliste",
    "vous \u{ea}tes maintenant abonn\u{e9}",
    "vous \u{ea}tes d\u{e9}sormais abonn\u{e9}",
    "votre abonnement \u{e0} la liste",
    "su suscripci\u{f3}n a la lista",
    "la tua iscrizione alla lista",
    "you have been invited to join the",
    "has subscribed your email address to the following",
    "has posted comments on this change",
    "has uploaded a new change",
    "this email was sent to members of the",
];

/// `Friends Digest, Vol 12, Issue 3` (Mailman), `Digest Number 22` (Yahoo), `friends Digest V3 #22` (Ecartis).
fn is_digest(subject: &str) -> bool {
    let Some((_, rest)) = subject.rsplit_once("digest") else { return false };
    let rest = rest.trim_start_matches([',', ' ', ':']);
    let mut words = rest.split_whitespace();
    let numbered = |word: Option<&str>| word.is_some_and(|word| word.bytes().any(|b| b.is_ascii_digit()));
    match words.next() {
        Some("vol" | "vol." | "volume" | "number" | "issue" | "no.") => numbered(words.next()),
        Some(word) => word.starts_with('v') && numbered(Some(word)) && numbered(words.next()),
        None => false,
    }
}

/// A message that a version control system wrote about a change: author, revision and log under one another.
fn is_commit(wording: &Wording) -> bool {
    const AUTHOR: &[&str] = &["author: ", "author date: ", "committer: "];
    const REVISION: &[&str] = &["new revision: ", "revision: ", "commit: ", "changeset: "];
    const LOG: &[&str] = &["log: ", "log message: ", "modified: ", "modified files", "changed paths", "added: "];
    wording.search(wording.first(2_000)).says_all(&[AUTHOR, REVISION, LOG])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::wording::tests::letter;

    fn of_list(subject: &str, body: &str) -> bool {
        is_of_list(&letter(subject, body))
    }

    #[test]
    fn people_speak_of_lists_and_answer_to_them() {
        for (subject, body) in [
            ("list", "How do I unsubscribe from the list of the choir? I want to unsubscribe."),
            ("list", "You are the owner of the mailing list, please take me off."),
            ("Digest", "Here is the digest of our talk."),
            ("digest of volume 3", "I have read it."),
            ("Re: a", "Yes.\n> To unsubscribe, e-mail: friends-unsubscribe@lists.x.org"),
            ("Re: a", "Yes.\n\n-----Original Message-----\nTo unsubscribe from this list click here"),
            ("[PATCH] a", "Fix it.\n\nSigned-off-by: Bob <bob@x.org>\n---\ndiff --git a/b b/b\n--- a/b\n+++ b/b\n"),
            ("bug", "The author: unknown. Can you look it up in the log?"),
            ("welcome", "Welcome to the group! We meet on Monday."),
        ] {
            assert!(!of_list(subject, body), "{body}");
        }
    }

    #[test]
    fn what_list_programs_write_is_known() {
        for (subject, body) in [
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
            ("r12 - trunk", "Author: bob\nNew Revision: 12\nLog:\nfix\n\nModified: a.c"),
        ] {
            assert!(of_list(subject, body), "{body}");
        }
    }
}
