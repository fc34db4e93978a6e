//! What mail systems wrote about a message's way: the host it came from, and whether a report says that it failed.
//!
//! Promises: believes only the Received field that one of the user's own mail systems wrote; gives an IP address and no
//! name, since a name is what the other side calls itself. Bounded. Never touches: who is trusted (`auth.rs`).

use core::net::{IpAddr, Ipv6Addr};

use crate::mail::head::Head;

/// Most bytes of a body that are searched for the outcome of a delivery.
const REPORT_LIMIT: usize = 64 * 1024;

/// The host that handed the message to the first of `hops` own mail systems: the IP address in the `from` clause of
/// the last Received field that is ours (RFC 5321 section 4.4).
#[must_use]
pub fn sending_host(head: &Head<'_>, hops: usize) -> Option<IpAddr> {
    let text = head.all("Received").nth(hops.checked_sub(1)?)?.text();
    let from = text.strip_prefix("from ")?;
    // The `by` clause and the comments behind it name our own hosts.
    let end = from.find(" by ").unwrap_or(from.len());
    // What the client calls itself may look like an address in brackets; the comment behind it is the server's word.
    let comment = &from[from.find('(').filter(|at| *at < end)?..end];
    let inner = &comment[comment.rfind('[')? + 1..];
    let literal = inner.split(']').next()?;
    match literal.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => literal[5..].parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => literal.parse().ok(),
    }
}

/// Whether the message is a delivery status notification with the outcome `failed` (RFC 3464 section 2.3.3). One that
/// says `delayed`, `delivered` or `relayed` is none, nor is a read receipt.
#[must_use]
pub fn delivery_failed(head: &Head<'_>, body: &[u8]) -> bool {
    let Some(field) = head.first("Content-Type") else { return false };
    let kind = field.text().to_ascii_lowercase();
    if !kind.starts_with("multipart/report") || !kind.contains("delivery-status") {
        return false;
    }
    let body = &body[..body.len().min(REPORT_LIMIT)];
    let mut outcomes = body.split(|&b| b == b'\n').filter_map(|line| {
        let (name, value) = line.split_at_checked(7)?;
        name.eq_ignore_ascii_case(b"action:").then(|| value.trim_ascii().to_ascii_lowercase())
    });
    outcomes.next().is_some_and(|outcome| outcome.starts_with(b"failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(received: &str, hops: usize) -> Option<String> {
        let text = format!("{received}\nSubject: x\n\n");
        sending_host(&Head::read(text.as_bytes()), hops).map(|host| host.to_string())
    }

    #[test]
    fn what_is_no_word_of_our_own_server_names_no_host() {
        for received in [
            "Received: by mx.test (Postfix, from userid 0) id 1; now",
            "Received: from [192.0.2.9] by mx.test with ESMTP; now",
            "Received: from x (unknown) by mx.test ([192.0.2.9]); now",
            "Received: from x (x [evil.example]) by mx.test; now",
            "Received: from x (x [192.0.2.999]) by mx.test; now",
            "Subject: from x (x [192.0.2.9])",
        ] {
            assert_eq!(host(received, 1), None, "{received}");
        }
        let one = "Received: from out.x.org (out.x.org [192.0.2.9]) by mx.test with ESMTPS; now";
        assert_eq!(host(one, 0), None, "none is ours");
        assert_eq!(host(one, 2), None, "the second is missing");
    }

    #[test]
    fn the_last_of_our_own_fields_counts() {
        let two = "Received: from mx.test (mx.test [10.0.0.1]) by store.test; now\n\
                   Received: from [203.0.113.5] (out.x.org [192.0.2.9])\n\tby mx.test with ESMTPS; now";
        assert_eq!(host(two, 1).as_deref(), Some("10.0.0.1"));
        assert_eq!(host(two, 2).as_deref(), Some("192.0.2.9"));
        let six = "Received: from x (x.org [IPv6:2001:db8::1]) by mx.test; now";
        assert_eq!(host(six, 1).as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn only_a_failed_delivery_has_failed() {
        let failed = |kind: &str, body: &str| {
            let text = format!("Content-Type: {kind}\n\n{body}");
            let head = Head::read(text.as_bytes());
            delivery_failed(&head, &text.as_bytes()[head.body..])
        };
        let report = "multipart/report; report-type=delivery-status; boundary=b";
        assert!(failed(report, "--b\n\nFinal-Recipient: rfc822; bob@x.org\nAction: failed\nStatus: 5.1.1\n"));
        assert!(failed(report, "--b\r\naction:FAILED \r\n"));
        for (kind, body) in [
            (report, "Action: delayed\n"),
            (report, "Action: delivered\nAction: failed\n"),
            (report, "no outcome"),
            (report, ""),
            ("multipart/report; report-type=disposition-notification", "Action: failed\n"),
            ("text/plain", "Action: failed\n"),
            ("multipart/mixed; report-type=delivery-status", "Action: failed\n"),
        ] {
            assert!(!failed(kind, body), "{kind}: {body}");
        }
    }
}
