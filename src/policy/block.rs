//! The header block on top of every message this program stores: which message it is, why it was held or passed,
//! and what was verified about it. The quarantine describes itself by these blocks; the store can be rebuilt from
//! them.
//!
//! Promises: a block counts only with an intact seal, so nobody can plant one. Never touches: the message below the block.

use std::borrow::Cow;

use super::fingerprint::{Fingerprint, Kind};
use super::key::{KeyId, KeyRing};
use super::reason::Reason;
use super::token::HeldId;
use super::verdict::Verdict;
use crate::mail::address::Address;
use crate::mail::head::{Field, Head};
use crate::origin::auth::Proofs;
use crate::origin::envelope::EnvelopeSender;

/// The fields in their order; the seal covers all above it.
const NAMES: [&str; 7] = [
    "X-Countersign-Id",
    "X-Countersign-Verdict",
    "X-Countersign-Recipient",
    "X-Countersign-Sender",
    "X-Countersign-Verified",
    "X-Countersign-Received",
    "X-Countersign-Message",
];
const SEAL: &str = "X-Countersign-Seal";
/// Blanks behind the seal of a block that may be written anew: more than the longest reason with all proofs takes beside the
/// shortest with none.
const ROOM: usize = 64;
/// What stands where nothing is known.
const NONE: &str = "none";

/// What a block says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The number of a held message; none for a delivered one.
    pub id: Option<HeldId>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The user's mailbox.
    pub recipient: Address,
    /// The author: whom a challenge for it goes to.
    pub sender: Option<Address>,
    /// What was proven about the author's domain.
    pub proofs: Proofs,
    /// When it arrived, seconds since 1970.
    pub received: i64,
}

/// A block as bytes whose last two values are filled in when the whole message has gone by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBlock {
    bytes: Vec<u8>,
    sealed_from: usize,
    message_at: usize,
    seal_line: usize,
    seal_at: usize,
}

/// Why a file's block cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockRefusal {
    /// There is none, or it is not as this program writes it.
    Absent,
    /// The seal does not fit.
    BrokenSeal,
}

impl Block {
    /// Writes the block, with a Return-Path on top where the message has none, and with room for the seal.
    #[must_use]
    pub fn open(&self, return_path: Option<&EnvelopeSender>) -> OpenBlock {
        self.write(return_path, 0)
    }

    /// The same with room for what a look at its signatures may find: another reason and more proofs.
    #[must_use]
    pub fn open_with_room(&self, return_path: Option<&EnvelopeSender>) -> OpenBlock {
        self.write(return_path, ROOM)
    }

    /// The same block of a stored message of which something else is known now, sealed and exactly as long as the one that
    /// stands there, with where that begins; none where it needs more room.
    #[must_use]
    pub fn in_place_of(&self, start: &[u8], message: Fingerprint, ring: &KeyRing) -> Option<(usize, Vec<u8>)> {
        let head = Head::read(start);
        let [first, .., last] = fields_of(&head)? else { return None };
        let length = seal_end(last).checked_sub(first.start)?;
        let tight = self.write(None, 0).bytes.len();
        let open = self.write(None, length.checked_sub(tight)?);
        Some((first.start, open.seal(Some(message), ring)))
    }

    fn write(&self, return_path: Option<&EnvelopeSender>, room: usize) -> OpenBlock {
        let mut text = match return_path {
            Some(EnvelopeSender::Known(address)) => format!("Return-Path: <{address}>\n"),
            Some(EnvelopeSender::Null) => "Return-Path: <>\n".to_owned(),
            _ => String::new(),
        };
        let sealed_from = text.len();
        let values = [
            self.id.map_or(NONE.to_owned(), |id| id.to_string()),
            format!("{}; reason={} ({})", self.verdict.name(), self.reason.name(), self.reason.number()),
            self.recipient.to_string(),
            self.sender.as_ref().map_or(NONE.to_owned(), Address::to_string),
            format!("{} ({})", self.proofs.names(), self.proofs.bits()),
            self.received.to_string(),
            EMPTY_FINGERPRINT.to_owned(),
        ];
        for (name, value) in NAMES.iter().zip(&values) {
            text.push_str(&format!("{name}: {value}\n"));
        }
        let message_at = text.len() - EMPTY_FINGERPRINT.len() - 1;
        let seal_line = text.len();
        text.push_str(&format!("{SEAL}: 00 {EMPTY_FINGERPRINT}"));
        let seal_at = text.len() - EMPTY_FINGERPRINT.len() - 3;
        text.extend(std::iter::repeat_n(' ', room));
        text.push('\n');
        OpenBlock { bytes: text.into_bytes(), sealed_from, message_at, seal_line, seal_at }
    }

    /// Reads the block of a stored message and checks its seal, which is over the fields as they say it, however mail
    /// programs have folded them or ended their lines.
    ///
    /// # Errors
    /// [`BlockRefusal`].
    pub fn read(start: &[u8], ring: &KeyRing) -> Result<(Block, Fingerprint), BlockRefusal> {
        match Block::read_unsealed(start, ring) {
            Some((found, true)) => Ok(found),
            Some((_, false)) => Err(BlockRefusal::BrokenSeal),
            None => Err(BlockRefusal::Absent),
        }
    }

    /// The same where the seal need not hold, with whether it does: nobody is ever let pass, asked or believed for a block
    /// without one, but what it names is somebody's mail. Everything above it was put there by others.
    #[must_use]
    pub fn read_unsealed(start: &[u8], ring: &KeyRing) -> Option<((Block, Fingerprint), bool)> {
        let head = Head::read(start);
        let fields = fields_of(&head)?;
        let seal = Seal::read(&fields[NAMES.len()]);
        let values = fields.iter().take(NAMES.len());
        // A blank may be a part of a value; whoever folds a field may make a tab of it, or one of many.
        let as_it_is: Vec<String> = values.clone().map(Field::text).collect();
        let readings = [as_it_is, values.map(in_one_line).collect()];
        let whole = seal.and_then(|seal| readings.iter().find(|texts| seal.fits(texts, ring)));
        parse(whole.unwrap_or(&readings[1])).map(|found| (found, whole.is_some()))
    }
}

/// When a message that this program stored arrived, as its block says. No seal is asked for, so it is good for a remark and for
/// no decision.
#[must_use]
pub fn arrival(head: &Head<'_>) -> Option<i64> {
    let at = NAMES.iter().position(|name| *name == "X-Countersign-Received")?;
    fields_of(head)?.get(at)?.text().trim().parse().ok()
}

/// The message as it came, for a dry run over what this program stored: without the block, so that the mail system's
/// own lines stand on top again. The seal is not asked for, since keys may be missing, and nothing is taken from the
/// block: whoever plants one only has it passed over.
#[must_use]
pub fn without_block(start: &[u8]) -> Cow<'_, [u8]> {
    let head = Head::read(start);
    let Some([first, .., last]) = fields_of(&head) else { return Cow::Borrowed(start) };
    // This program puts it on top, below a Return-Path at most.
    let mut above = head.fields.iter().take_while(|field| field.start < first.start);
    if above.any(|field| !field.is("Return-Path")) {
        return Cow::Borrowed(start);
    }
    Cow::Owned([&start[..first.start], &start[seal_end(last)..]].concat())
}

/// Where the message begins in a stored one: behind the block.
#[must_use]
pub fn message_start(head: &Head<'_>) -> Option<usize> {
    fields_of(head)?.last().map(seal_end)
}

/// The fields of the block, where they stand in their order.
fn fields_of<'h, 'm>(head: &'h Head<'m>) -> Option<&'h [Field<'m>]> {
    let first = head.fields.iter().position(|f| f.is(NAMES[0]))?;
    let fields = head.fields.get(first..first + NAMES.len() + 1)?;
    let in_order = fields.iter().zip(NAMES.iter().chain(&[SEAL])).all(|(f, name)| f.name == name.as_bytes());
    in_order.then_some(fields)
}

/// Where the last line of the block ends. A message whose first line begins with a blank looks like more of it.
fn seal_end(field: &Field<'_>) -> usize {
    let value = field.start + field.name.len() + 1;
    let line_end = Seal::read(field).and_then(|seal| {
        let at = field.raw[seal.end..].iter().position(|byte| *byte == b'\n')?;
        Some(value + seal.end + at + 1)
    });
    line_end.unwrap_or(field.end)
}

/// Of a field: which key, what it made of the fields above.
struct Seal {
    id: KeyId,
    said: Fingerprint,
    /// Where it ends in the value.
    end: usize,
}

impl Seal {
    fn read(field: &Field<'_>) -> Option<Seal> {
        let word = |from: usize| {
            let begin = from + field.raw[from..].iter().position(|byte| !is_blank(*byte))?;
            let length = field.raw[begin..].iter().position(|byte| is_blank(*byte));
            let end = length.map_or(field.raw.len(), |length| begin + length);
            std::str::from_utf8(&field.raw[begin..end]).ok().map(|word| (word, end))
        };
        let (number, end) = word(0)?;
        let (hex, end) = word(end)?;
        Some(Seal { id: number.parse().ok().and_then(KeyId::new)?, said: Fingerprint::from_hex(hex)?, end })
    }

    fn fits(&self, texts: &[String], ring: &KeyRing) -> bool {
        let Some(key) = ring.get(self.id) else { return false };
        let sealed: String = NAMES.iter().zip(texts).map(|(name, text)| format!("{name}: {text}\n")).collect();
        Fingerprint::of(key, Kind::Block, sealed.as_bytes()).matches(&self.said)
    }
}

fn in_one_line(field: &Field<'_>) -> String {
    field.text().split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl OpenBlock {
    /// The bytes to write first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Fills in which message it is and closes the block. Gives the whole block again, of the same length. A message that
    /// was not held is nobody's to find again, so it needs none; zeros stay in its place.
    #[must_use]
    pub fn seal(mut self, message: Option<Fingerprint>, ring: &KeyRing) -> Vec<u8> {
        let hex = message.map_or(EMPTY_FINGERPRINT.to_owned(), |message| message.hex());
        self.bytes[self.message_at..self.message_at + hex.len()].copy_from_slice(hex.as_bytes());
        let (id, key) = ring.current();
        let seal = Fingerprint::of(key, Kind::Block, &self.bytes[self.sealed_from..self.seal_line]);
        let text = format!("{:02} {}", id.number(), seal.hex());
        self.bytes[self.seal_at..self.seal_at + text.len()].copy_from_slice(text.as_bytes());
        self.bytes
    }
}

const EMPTY_FINGERPRINT: &str = "00000000000000000000000000000000";

fn parse(texts: &[String]) -> Option<(Block, Fingerprint)> {
    let number = |text: &str| text.rsplit_once('(')?.1.strip_suffix(')')?.parse::<u16>().ok();
    let optional = |text: &str| if text == NONE { Some(None) } else { Address::parse(text).ok().map(Some) };
    let id = if texts[0] == NONE { None } else { Some(HeldId::parse(&texts[0])?) };
    let verdicts = [Verdict::Challenge, Verdict::Discard, Verdict::Hold, Verdict::Pass];
    let word = texts[1].split(';').next()?;
    let block = Block {
        id,
        verdict: verdicts.into_iter().find(|v| v.name() == word)?,
        reason: Reason::from_number(number(&texts[1])?)?,
        recipient: Address::parse(&texts[2]).ok()?,
        sender: optional(&texts[3])?,
        proofs: Proofs::from_bits(u8::try_from(number(&texts[4])?).ok()?)?,
        received: texts[5].parse().ok()?,
    };
    Some((block, Fingerprint::from_hex(&texts[6])?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::gate::GateRefusal;
    use crate::policy::key::SecretKey;

    fn ring() -> KeyRing {
        KeyRing::new((KeyId::FIRST, SecretKey::new([7; 32])), Vec::new())
    }

    #[test]
    fn a_block_with_room_is_written_anew_in_its_place() {
        let message = Fingerprint::from_hex(&"ab".repeat(16)).unwrap();
        let held = Block { reason: Reason::LookLater, ..block() };
        let known = Block { verdict: Verdict::Challenge, reason: Reason::Challenge, proofs: Proofs::AUTHOR, ..block() };
        let sender = EnvelopeSender::Known(Address::parse("bob@example.net").unwrap());
        let body = "Subject: x\n\nbody\n";
        let stored = [&held.open_with_room(Some(&sender)).seal(Some(message), &ring()), body.as_bytes()].concat();
        assert_eq!(Block::read(&stored, &ring()), Ok((held.clone(), message)));
        let (at, bytes) = known.in_place_of(&stored, message, &ring()).unwrap();
        let mut anew = stored.clone();
        anew[at..at + bytes.len()].copy_from_slice(&bytes);
        assert_eq!(Block::read(&anew, &ring()), Ok((known.clone(), message)));
        assert_eq!(anew.len(), stored.len());
        assert!(
            anew.ends_with(format!("\n{body}").as_bytes()) && anew.starts_with(b"Return-Path: <bob@example.net>\n")
        );
        let tight = [&held.open(None).seal(Some(message), &ring()), body.as_bytes()].concat();
        let longer = Block { reason: Reason::OwnAddressUnproven, proofs: Proofs::AUTHOR, ..block() };
        assert_eq!(longer.in_place_of(&tight, message, &ring()), None, "there is no room");
        assert_eq!(known.in_place_of(body.as_bytes(), message, &ring()), None, "there is no block");
    }

    #[test]
    fn every_reason_and_all_proofs_fit_into_the_room() {
        let all = Proofs::from_bits(7).unwrap();
        let length = |block: &Block| block.open(None).bytes().len();
        let shortest = length(&Block { reason: Reason::LookLater, proofs: Proofs::NONE, ..block() });
        for number in 0..=u16::MAX {
            let Some(reason) = Reason::from_number(number) else { continue };
            let verdict = Verdict::Challenge;
            assert!(length(&Block { verdict, reason, proofs: all, ..block() }) <= shortest + ROOM, "{}", reason.name());
        }
    }

    fn block() -> Block {
        Block {
            id: HeldId::parse("0123456789"),
            verdict: Verdict::Hold,
            reason: Reason::Gate(GateRefusal::NotProven),
            recipient: Address::parse("alice@example.org").unwrap(),
            sender: Address::parse("bob@example.net").ok(),
            proofs: Proofs::DMARC.union(Proofs::DKIM),
            received: 1_795_262_400,
        }
    }

    fn message() -> Fingerprint {
        Fingerprint::of(&SecretKey::new([1; 32]), Kind::Message, b"x")
    }

    #[test]
    fn a_block_reads_back_and_keeps_its_length() {
        let open = block().open(Some(&EnvelopeSender::Null));
        let before = open.bytes().len();
        let sealed = open.seal(Some(message()), &ring());
        assert_eq!(sealed.len(), before);
        let stored = [&sealed[..], b"From: bob@example.net\n\nbody\n"].concat();
        assert_eq!(Block::read(&stored, &ring()), Ok((block(), message())));
    }

    #[test]
    fn when_a_message_arrived_stands_in_its_block_and_nowhere_else() {
        let stored = [&block().open(None).seal(None, &ring())[..], b"From: bob@example.net\n\n"].concat();
        assert_eq!(arrival(&Head::read(&stored)), Some(block().received));
        let field = b"X-Countersign-Received: 1795262400\nFrom: bob@example.net\n\n";
        assert_eq!(arrival(&Head::read(field)), None, "there is no block");
        let text = String::from_utf8(stored).unwrap().replace("Received: 1795262400", "Received: yesterday");
        assert_eq!(arrival(&Head::read(text.as_bytes())), None, "there is no time");
    }

    #[test]
    fn a_dry_run_sees_the_message_as_it_came() {
        let letter = b"Received: by mx\nFrom: bob@example.net\n\nbody\n";
        for (path, top) in [(None, ""), (Some(EnvelopeSender::Null), "Return-Path: <>\n")] {
            let sealed = block().open(path.as_ref()).seal(Some(message()), &ring());
            let stored = [&sealed[..], letter].concat();
            assert_eq!(without_block(&stored).as_ref(), [top.as_bytes(), letter].concat());
            // Below what a server wrote it is none of ours, nor is a part of one.
            let below = [b"Received: by x\n", &stored[..]].concat();
            assert_eq!(without_block(&below).as_ref(), below);
            let part = &stored[top.len() + 30..];
            assert_eq!(without_block(part).as_ref(), part);
        }
        assert_eq!(without_block(letter).as_ref(), letter);
    }

    #[test]
    fn what_mail_programs_do_to_a_block_is_forgiven() {
        let sealed =
            String::from_utf8(block().open(Some(&EnvelopeSender::Null)).seal(Some(message()), &ring())).unwrap();
        let letter = "From: bob@example.net\n\nbody\n";
        let folded = |fold: &str| {
            sealed.replace("; reason", &format!(";{fold}reason")).replace("Seal: ", &format!("Seal:{fold}"))
        };
        for stored in [
            sealed.replace('\n', "\r\n"),
            folded("\n "),
            folded("\n\t"),
            folded("\r\n   "),
            sealed.replace(": ", ":").replace('\n', " \n"),
            format!("Delivered-To: alice@example.org\nX-Spam-Status: No,\n\tscore=0\n{sealed}"),
        ] {
            assert_eq!(
                Block::read(format!("{stored}{letter}").as_bytes(), &ring()),
                Ok((block(), message())),
                "{stored}"
            );
        }
        for (start, first) in [("   x\n", "   x\n"), ("\t\n", "\t\n"), (" 00 11\n y\n", " 00 11\n y\n")] {
            for sealed in [sealed.clone(), sealed.replace('\n', "\r\n")] {
                let stored = format!("{sealed}{start}{letter}");
                assert_eq!(Block::read(stored.as_bytes(), &ring()), Ok((block(), message())), "{stored}");
                let at = message_start(&Head::read(stored.as_bytes())).unwrap();
                assert_eq!(stored[at..], format!("{first}{letter}"));
            }
        }
    }

    #[test]
    fn a_block_without_its_seal_is_read_and_said_to_be_so() {
        let sealed = String::from_utf8(block().open(None).seal(Some(message()), &ring())).unwrap();
        let forged = sealed.replace("bob@", "eve@");
        let ((read, _), whole) = Block::read_unsealed(forged.as_bytes(), &ring()).unwrap();
        assert_eq!((read.sender.unwrap().to_string().as_str(), whole), ("eve@example.net", false));
        assert_eq!(Block::read(forged.as_bytes(), &ring()), Err(BlockRefusal::BrokenSeal));
        let without = sealed.replace("Seal: ", "Seal: x");
        assert!(Block::read_unsealed(without.as_bytes(), &ring()).is_some_and(|(_, whole)| !whole));
        assert_eq!(Block::read_unsealed(sealed.replace("bob@", "bob").as_bytes(), &ring()), None);
    }

    #[test]
    fn no_changed_byte_goes_unseen() {
        let sealed = block().open(None).seal(Some(message()), &ring());
        for at in 0..sealed.len() {
            for change in [1u8, 0x20] {
                let mut bytes = sealed.clone();
                bytes[at] ^= change;
                let read = Block::read(&bytes, &ring());
                assert!(read.is_err(), "byte {at} changed: {read:?}");
            }
        }
    }

    #[test]
    fn a_block_under_another_key_or_with_a_field_between_is_refused() {
        let sealed = block().open(None).seal(Some(message()), &ring());
        let other = KeyRing::new((KeyId::FIRST, SecretKey::new([8; 32])), Vec::new());
        assert_eq!(Block::read(&sealed, &other), Err(BlockRefusal::BrokenSeal));
        let text = String::from_utf8(sealed).unwrap().replace("X-Countersign-Sender", "Bcc: x\nX-Countersign-Sender");
        assert_eq!(Block::read(text.as_bytes(), &ring()), Err(BlockRefusal::Absent));
        assert_eq!(Block::read(b"From: x\n\n", &ring()), Err(BlockRefusal::Absent));
    }
}
