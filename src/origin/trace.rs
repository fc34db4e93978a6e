//! What mail systems wrote about a message's way: the host it came from, and whether a report says that it failed.
//!
//! Promises: believes only the Received field that one of the user's own mail systems wrote; gives an IP address and no
//! name, since a name is what the other side calls itself. Bounded. Never touches: who is trusted (`auth.rs`), how a field
//! is written (`received.rs`).

use core::net::IpAddr;

use super::received::Received;
use crate::mail::head::Head;

/// Most bytes of a body that are searched for the outcome of a delivery.
const REPORT_LIMIT: usize = 64 * 1024;

/// The host that handed the message to the first of `hops` own mail systems: the IP address in the `from` clause of
/// the last Received field that is ours (RFC 5321 section 4.4).
#[must_use]
pub fn sending_host(head: &Head<'_>, hops: usize) -> Option<IpAddr> {
    let text = head.all("Received").nth(hops.checked_sub(1)?)?.text();
    Received::read(&text).ok().map(|received| received.ip)
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
