//! The checks of own eyes: when they look, whom they ask, and what spoils the signatures that they would find.
//!
//! Promises: asks nobody: a body that was changed shows without the DNS. Never touches: the mail.

use std::collections::BTreeMap;

use super::finding::Finding;
use crate::facts::Facts;
use crate::mail::head::Head;
use crate::operation::evidence::MESSAGE_LIMIT;
use crate::operation::place::Place;
use crate::origin::auth::{Method, Trust};
use crate::origin::dkim::verification::Verification;
use crate::origin::dkim::{self, BodyHasher, DkimRefusal, Signatures, Wanted};
use crate::origin::envelope::Caller;
use crate::origin::eyes::Look;
use crate::origin::question::{Answers, Step};
use crate::world::config::Config;

/// Most signed messages that are looked at.
const SIGNED_LIMIT: usize = 20;
/// Fewer signed messages show nothing.
const FEWEST: usize = 5;
/// A longer one may not be here as a whole, so that its body proves nothing.
const WHOLE_LIMIT: usize = 64 * 1024;
/// Most fields that are named.
const NAMED: usize = 3;

/// When own eyes look, and whom they ask.
pub(super) fn eyes(config: &Config) -> Option<Finding> {
    let eyes = &config.policy.trust.eyes;
    let when = match eyes.look {
        Look::Off if eyes.look_at_pinned => {
            let said = "look_at_pinned = true looks at nothing while look = \"off\"";
            return Some(Finding::warning("own eyes", said).way(Trust::OPEN_EYES));
        }
        Look::Off => return None,
        Look::WhereSilent => "at strangers' mail on whose origin no trusted field says anything",
        Look::Always => "at all mail that a proof would let pass or have asked",
    };
    let known = if eyes.look_at_pinned { ", and at known senders' mail" } else { "" };
    let methods: Vec<&str> = eyes.methods.iter().map(|method| Method::name(*method)).collect();
    let servers = config.resolvers();
    let asked: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let said = format!("they look {when}{known} ({}); they ask {}", methods.join(", "), asked.join(", "));
    if servers.has_loopback() {
        return Some(Finding::good("own eyes", &said));
    }
    let finding = Finding::warning("own eyes", &format!("{said}: none of these is on this machine"));
    Some(finding.way(
        "whoever stands between can read from whom letters come, and forge what proves them: run a resolver here (unbound, \
         knot-resolver) and say dns = [\"127.0.0.1\"] in the part [eyes]",
    ))
}

/// What changed the bodies of signed mail in the inbox, where that is true of most of it.
pub(super) fn spoiled(config: &Config) -> Option<Finding> {
    if config.policy.trust.eyes.look == Look::Off {
        return None;
    }
    let starts = Place::of(&config.paths.inbox)?.newest(MESSAGE_LIMIT);
    spoiled_among(&starts)
}

fn spoiled_among(starts: &[Vec<u8>]) -> Option<Finding> {
    let signed = starts.iter().filter_map(|start| Some((start, is_spoiled(start)?))).take(SIGNED_LIMIT);
    let (mut all, mut bad) = (0_usize, 0_usize);
    let mut above: BTreeMap<String, usize> = BTreeMap::new();
    for (start, spoiled) in signed {
        all += 1;
        if spoiled {
            bad += 1;
            fields_above(start).into_iter().for_each(|name| *above.entry(name).or_default() += 1);
        }
    }
    if all < FEWEST || bad * 2 <= all {
        return None;
    }
    let mut named: Vec<(String, usize)> = above.into_iter().filter(|(_, count)| count * 2 > bad).collect();
    named.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let names: Vec<String> = named.into_iter().take(NAMED).map(|(name, _)| name).collect();
    let by = match names.as_slice() {
        [] => "; no field above the signature says by whom".to_owned(),
        names => format!("; above the signature stand {}, perhaps of the program that did it", names.join(", ")),
    };
    let said = format!("the bodies of {bad} of {all} recent signed messages were changed after they were signed{by}");
    Some(
        Finding::warning("own eyes", &said)
            .way("countersign must come first: call it before such a filter in your mail rules")
            .way("or let that leave bodies as they are (SpamAssassin: report_safe 0; no footers, no warnings in the text)"),
    )
}

/// Whether the body is another one than was signed; none where that cannot be known, or where a list may have done it.
fn is_spoiled(start: &[u8]) -> Option<bool> {
    let head = Head::read(start);
    head.first("DKIM-Signature")?;
    if start.len() >= WHOLE_LIMIT || head.first("List-Id").is_some() {
        return None;
    }
    // When it arrived is not known here, and its own date is near enough for what is asked.
    let date = Facts::read(start, &Caller::default(), &Trust::default()).date?;
    let signatures = Signatures::read(&head);
    let mut hasher = BodyHasher::new(&signatures);
    hasher.update(&start[head.body.min(start.len())..]);
    let body = hasher.finish();
    match dkim::evaluate(&head, &signatures, &body, date, Wanted::All, None, &Answers::default()) {
        // What asks for a key has its body as it was.
        Step::Ask(_) => Some(false),
        Step::Done(done) => is_altered(&done).then_some(true),
    }
}

fn is_altered(done: &Verification) -> bool {
    let altered = [DkimRefusal::BodyAltered, DkimRefusal::BodyPartlySigned, DkimRefusal::BodyShortened];
    done.signatures.iter().any(|checked| checked.refusal.is_some_and(|refusal| altered.contains(&refusal)))
}

/// The fields of programs above the topmost signature, but for our own.
fn fields_above(start: &[u8]) -> Vec<String> {
    let head = Head::read(start);
    let above = head.fields.iter().take_while(|field| !field.is("DKIM-Signature"));
    let names = above.map(|field| String::from_utf8_lossy(field.name).into_owned());
    let mut names: Vec<String> = names.filter(|name| is_of_filter(&name.to_ascii_lowercase())).collect();
    names.sort();
    names.dedup();
    names
}

fn is_of_filter(name: &str) -> bool {
    let of_delivery = ["x-original-to", "x-delivered-to", "x-received", "x-uid", "x-uidl", "x-keywords"];
    let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
    visible && name.starts_with("x-") && !name.starts_with("x-countersign") && !of_delivery.contains(&name)
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use sha2::{Digest, Sha256};

    use super::*;

    /// A message whose signature names the hash of that body.
    fn letter(above: &str, signed: &str, body: &str) -> Vec<u8> {
        let hash = BASE64.encode(&Sha256::digest(format!("{signed}\r\n").as_bytes()));
        format!(
            "{above}Received: x\nDKIM-Signature: v=1; a=ed25519-sha256; d=example.net; s=k; h=from; bh={hash}; b=QUFB\n\
             From: bob@example.net\nDate: Sat, 28 Nov 2026 09:00:00 +0000\n\n{body}\n"
        )
        .into_bytes()
    }

    const SPAM: &str = "X-Spam-Status: No\nX-Original-To: alice@example.org\nX-Countersign-Id: x\n";

    #[test]
    fn what_was_changed_is_seen_without_a_key() {
        let date = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("\nDate:", "\nX-Date:").into_bytes();
        for (message, wanted) in [
            (letter("", "Hello", "Hello"), Some(false)),
            (letter("", "Hello", "Hello\n--\nfooter"), Some(true)),
            (letter("", "Hello", &"long ".repeat(20_000)), None),
            (letter("List-Id: <x.example>\n", "Hello", "Hello, all"), None),
            (b"From: bob@example.net\nDate: Sat, 28 Nov 2026 09:00:00 +0000\n\nHello\n".to_vec(), None),
            (b"DKIM-Signature: v=1\nFrom: b@x.y\nDate: Sat, 28 Nov 2026 09:00:00 +0000\n\nHello\n".to_vec(), None),
            (date(letter("", "Hello", "Hello, all")), None),
        ] {
            assert_eq!(is_spoiled(&message), wanted, "{}", String::from_utf8_lossy(&message[..message.len().min(600)]));
        }
    }

    #[test]
    fn the_program_above_most_of_them_is_named_and_no_other() {
        let good = || letter("", "Hello", "Hello");
        let bad = || letter(SPAM, "Hello", "Hello, all");
        let many = |bads: usize, goods: usize| -> Vec<Vec<u8>> {
            (0..bads).map(|_| bad()).chain((0..goods).map(|_| good())).collect()
        };
        for (bads, goods) in [(0, 9), (4, 0), (3, 3), (2, 9)] {
            assert_eq!(spoiled_among(&many(bads, goods)), None, "{bads} {goods}");
        }
        let said = spoiled_among(&many(4, 3)).unwrap().said;
        assert!(said.starts_with("the bodies of 4 of 7") && said.contains("stand X-Spam-Status, perhaps"), "{said}");
        let bare: Vec<_> = (0..5).map(|_| letter("", "Hello", "Hello, all")).collect();
        assert!(spoiled_among(&bare).unwrap().said.ends_with("says by whom"));
        let newest: Vec<_> = (0..20).map(|_| good()).chain(many(40, 0)).collect();
        assert_eq!(spoiled_among(&newest), None, "the twenty newest count");
    }
}
