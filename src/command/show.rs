//! `show`: one held message for a person, or one that lies in the trash.
//!
//! Promises: a terminal sees nothing it would obey; at most 32 MiB of the message are read and 1 MiB of text shown, and what
//! is left out is said; changes nothing but that a file which vanished is written down as gone. Never touches: links,
//! pictures, the content of attachments.

use std::io::{IsTerminal, Read};

use crate::cli::ShowArguments;
use crate::exit::Ending;
use crate::mail::attachments::{Attachment, Attachments, attachments, size};
use crate::mail::compose::short_date;
use crate::mail::display::{lines, one_line};
use crate::mail::fold::decode_words;
use crate::mail::head::{HEAD_LIMIT, Head};
use crate::mail::html;
use crate::mail::parts::{Part, Parts, parts};
use crate::operation::installation::Installation;
use crate::operation::ledger::{Ledger, asked_words, say_keyless};
use crate::operation::quarantine::{self, Held};
use crate::operation::screen;
use crate::operation::select::{parse_id, the_one_kept};
use crate::operation::trash;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::token::HeldId;
use crate::world::config::Environment;
use crate::world::store::Asked;

/// Most bytes of a stored message that are read: few mail systems take larger ones.
const READ_LIMIT: usize = 32 * 1024 * 1024;
/// Most bytes of its body: what is left beside the largest header block and our own.
const BODY_LIMIT: usize = READ_LIMIT - HEAD_LIMIT - 16 * 1024;
/// Most bytes of its text that are shown, still encoded.
const TEXT_LIMIT: usize = 1024 * 1024;
/// Most characters of one line of text or of one header field.
const LINE_LIMIT: usize = 2_000;
/// Most fields of one name.
const FIELD_LIMIT: usize = 5;
/// The fields that say who wrote to whom about what.
const FIELDS: [&str; 10] =
    ["Return-Path", "From", "Sender", "Reply-To", "To", "Cc", "Date", "Subject", "Message-ID", "List-Id"];

/// Runs `show`.
///
/// # Errors
/// When there is no such message, or it cannot be read.
pub fn show(arguments: &ShowArguments, environment: Environment) -> Answer {
    // Gather.
    let beginning = parse_id(&arguments.id)?;
    let (installation, keyless) = Installation::open_without_keys(&environment)?;
    say_keyless(keyless.as_ref());
    let mut ledger = Ledger::open(&installation)?;
    let id = the_one_kept(&installation, &mut ledger, beginning)?;
    let (held, in_trash) = match ledger.find(&installation, id)? {
        Some(held) => (held, false),
        None => match ledger.find_trashed(&installation, id)? {
            Some(held) => (held, true),
            None => return Err(Trouble::not_found(ledger.absence(&installation, id)?)),
        },
    };
    if arguments.raw {
        return raw(&held);
    }
    let row = ledger.ask(&installation, |store| Ok(store.held(id)?))?.flatten();
    let (Some(start), Some(status)) = (quarantine::original(&held, BODY_LIMIT)?, held.entry.status()?) else {
        return Err(vanished(id));
    };
    let since = ledger.ask(&installation, |store| Ok(store.trashed_since(id)?))?.flatten();
    // Decide.
    let thrown_away = in_trash.then(|| thrown_away(id, since));
    let text = as_text((&held, thrown_away), row.map(|row| row.asked), &start, status.bytes);
    // Perform.
    screen::out(&text)?;
    Ok(Ending::Done)
}

/// The stored bytes as they are; a terminal would obey what a stranger wrote.
fn raw(held: &Held) -> Answer {
    if std::io::stdout().is_terminal() {
        let way = "send the raw bytes to a file or a program: countersign show --raw ID | less";
        return Err(Trouble::usage(format!("a terminal would obey what a stranger wrote; {way}")));
    }
    let Some(mut file) = held.entry.open()? else { return Err(vanished(held.id)) };
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(Ending::Done),
            count => screen::bytes(&chunk[..count])?,
        }
    }
}

fn vanished(id: HeldId) -> Trouble {
    Trouble::not_found(format!("{id} was moved or deleted by another program this moment"))
}

/// That a message lies in the trash, and the way out.
fn thrown_away(id: HeldId, since: Option<i64>) -> String {
    let until = since.map(|since| format!(" until {}", trash::until(since))).unwrap_or_default();
    format!("in the trash{until}; to bring it back: countersign undiscard {id}")
}

fn as_text((held, thrown_away): (&Held, Option<String>), asked: Option<Asked>, start: &[u8], bytes: u64) -> String {
    let block = &held.block;
    let head = Head::read(start);
    let mut out = String::new();
    let mut row = |name: &str, value: String| out.push_str(&format!("{name:<14}{value}\n"));
    row("number", held.id.to_string());
    row("received", format!("{} UTC, {bytes} bytes", short_date(block.received)));
    if let Some(said) = thrown_away {
        row("thrown away", said);
    }
    row("held because", block.reason.sentence_and_name());
    let broken = || "not known: its seal does not hold with the keys that are there".to_owned();
    row("proven", if held.sealed { block.proofs.names() } else { broken() });
    row("sender", asked_words(asked).to_owned());
    for name in FIELDS {
        let all: Vec<_> = head.all(name).collect();
        for field in all.iter().take(FIELD_LIMIT) {
            let value = if field.is_bounded() {
                one_line(&decode_words(&field.unfolded()), LINE_LIMIT)
            } else {
                "(too long to be shown)".to_owned()
            };
            row(name, value);
        }
        if all.len() > FIELD_LIMIT {
            row(name, format!("(and {} more fields of this name)", all.len() - FIELD_LIMIT));
        }
    }
    // A packed file is longer than its bytes.
    let cut = bytes > READ_LIMIT as u64 || held.packed && start.len() > BODY_LIMIT;
    let parts = parts(&head, &start[head.body..]);
    let carried = attachments(&parts);
    for line in attachment_lines(&carried, cut) {
        row("attachment", line);
    }
    let (text, text_cut) = body_text(&parts);
    out.push('\n');
    out.push_str(&text);
    let more = if cut { format!("only the first {READ_LIMIT} bytes were read; ") } else { String::new() };
    if cut || text_cut || carried.unexamined {
        out.push_str(&format!("\n({more}not all could be shown: countersign show --raw {})\n", held.id));
    }
    out
}

/// Name, type and size of each, what is in a forwarded message indented.
fn attachment_lines(carried: &Attachments, cut: bool) -> Vec<String> {
    let last = carried.all.len().saturating_sub(1);
    let line = |(number, one): (usize, &Attachment)| {
        let name = match (&one.name, one.is_message()) {
            (Some(subject), true) => format!("\u{201c}{subject}\u{201d}"),
            (Some(name), false) => name.clone(),
            (None, _) => "(without a name)".to_owned(),
        };
        let words = one.words().map(|words| format!(" ({words})")).unwrap_or_default();
        // Of the last one the end was perhaps not read.
        let about = match (one.is_encoded, cut && number == last) {
            (_, true) => "more than ",
            (true, false) => "encoded ",
            (false, false) => "",
        };
        format!("{:indent$}{name}, {}{words}, {about}{}", "", one.kind, size(one.bytes), indent = 2 * one.depth)
    };
    let more = (carried.left_out > 0).then(|| format!("(and {} more)", carried.left_out));
    carried.all.iter().enumerate().map(line).chain(more).collect()
}

/// The text parts, decoded; of alternatives the first that says anything. And whether they are cut.
fn body_text(parts: &Parts<'_>) -> (String, bool) {
    let mut out = String::new();
    let mut told: Vec<usize> = Vec::new();
    let (mut room, mut cut) = (TEXT_LIMIT, false);
    for part in parts.texts() {
        if part.alternative.is_some_and(|number| told.contains(&number)) {
            continue;
        }
        let shown = Part { bytes: &part.bytes[..part.bytes.len().min(room)], ..part.clone() };
        let text = decode(&shown);
        if text.trim().is_empty() {
            continue;
        }
        cut |= shown.bytes.len() < part.bytes.len();
        room -= shown.bytes.len();
        told.extend(part.alternative);
        if !out.is_empty() {
            out.push_str("\n----\n\n");
        }
        out.push_str(&lines(text.trim_end(), LINE_LIMIT));
    }
    (if out.is_empty() { "(no text)\n".to_owned() } else { out }, cut)
}

fn decode(part: &Part<'_>) -> String {
    let text = part.text();
    if part.is_html() { html::to_text(&text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(message: &str) -> String {
        let head = Head::read(message.as_bytes());
        body_text(&parts(&head, &message.as_bytes()[head.body..])).0
    }

    #[test]
    fn a_terminal_is_never_given_an_order() {
        let shown = text_of("Subject: x\n\nHello\u{1b}[2J \u{9b}1m\r\n\u{202e}gnp.exe\u{7}\n");
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        assert!(!shown.contains('\u{202e}'));
    }

    #[test]
    fn the_text_is_decoded_and_said_once() {
        let both = "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n\
                    SGVsbG8=\n--b\nContent-Type: text/html\n\n<p>Hello</p>\n--b--\n";
        assert_eq!(text_of(both), "Hello\n");
        assert_eq!(text_of("Content-Type: image/png\n\nx\n"), "(no text)\n");
        assert_eq!(text_of("Content-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9\n"), "café\n");
    }
}
