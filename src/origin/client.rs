//! The client that handed a message to the user's own mail systems, for SPF: its address, and what it called itself.
//!
//! Promises: only the Received field of the boundary counts, and only if a host that the configuration names wrote it, of a
//! stranger who came by SMTP; what could be read in two ways is refused. Never touches: how a field is written (`received.rs`),
//! what the address may do (`spf`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::received::{Received, Unread};
use super::spf::Client;
use crate::mail::head::Head;

/// Why no client is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoClient {
    /// It proved who it is: a user of the mail system, who may come from anywhere.
    Authenticated,
    /// The field can be read in more than one way, or is not written as any known program writes.
    Doubtful,
    /// A host wrote it that the configuration does not name.
    ForeignHost,
    /// It names no address of a client.
    NoAddress,
    /// There is no field of the boundary.
    NoField,
    /// It did not come by SMTP or LMTP.
    NotSmtp,
    /// An address that only the user's own network can have: the message came in elsewhere.
    OwnNetwork,
    /// The field, or what the client calls itself, is longer than any honest one.
    TooLong,
}

impl NoClient {
    /// In kebab case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            NoClient::Authenticated => "authenticated",
            NoClient::Doubtful => "doubtful",
            NoClient::ForeignHost => "foreign-host",
            NoClient::NoAddress => "no-address",
            NoClient::NoField => "no-field",
            NoClient::NotSmtp => "not-smtp",
            NoClient::OwnNetwork => "own-network",
            NoClient::TooLong => "too-long",
        }
    }
}

/// The client of the first of `hops` own mail systems. `hosts` says whether a name, as the field has it, without a dot at its end,
/// is that of one of them.
pub fn client(head: &Head<'_>, hops: usize, hosts: &dyn Fn(&str) -> bool) -> Result<Client, NoClient> {
    let field = hops.checked_sub(1).and_then(|above| head.all("Received").nth(above));
    let received = Received::read(&field.ok_or(NoClient::NoField)?.text()).map_err(|why| match why {
        Unread::Doubtful => NoClient::Doubtful,
        Unread::NoAddress => NoClient::NoAddress,
        Unread::TooLong => NoClient::TooLong,
    })?;
    if !hosts(&received.by) {
        return Err(NoClient::ForeignHost);
    }
    if received.authenticated {
        return Err(NoClient::Authenticated);
    }
    // RFC 3848 and RFC 6531 without those of who proved himself; `smtps` is Google's, `esmtp-tls` CommuniGate's.
    let known = ["smtp", "smtps", "esmtp", "esmtps", "esmtp-tls", "lmtp", "lmtps"];
    if !received.protocol.is_some_and(|protocol| known.contains(&protocol.as_str())) {
        return Err(NoClient::NotSmtp);
    }
    if is_own_network(received.ip) {
        return Err(NoClient::OwnNetwork);
    }
    Ok(Client { ip: received.ip, helo: Some(received.helo) })
}

/// Addresses that cannot be a stranger's (RFC 6890): of the host itself, of private networks, of a provider's inner network, of
/// many hosts at once.
fn is_own_network(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_own_four(ip),
        IpAddr::V6(ip) => is_own_six(ip),
    }
}

fn is_own_four(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    first == 0 || shared || first >= 224 || ip.is_loopback() || ip.is_private() || ip.is_link_local()
}

fn is_own_six(ip: Ipv6Addr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || ip.is_unique_local() || ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, hops: usize) -> Result<Client, NoClient> {
        client(&Head::read(format!("{text}\n\nx\n").as_bytes()), hops, &|host| host == "mx.example.org")
    }

    const GOOD: &str =
        "Received: from a.example (a.example [192.0.2.1])\n\tby mx.example.org (Postfix) with ESMTPS id 1; now";

    #[test]
    fn only_the_field_of_the_boundary_counts() {
        let inner = "Received: from mx.example.org (mx.example.org [10.0.0.1]) by store.example.org (Postfix) with ESMTP id 2; now";
        let both = format!("{inner}\n{GOOD}");
        assert_eq!(read(GOOD, 0), Err(NoClient::NoField));
        assert_eq!(read(GOOD, 2), Err(NoClient::NoField));
        assert_eq!(read("Subject: x", 1), Err(NoClient::NoField));
        assert_eq!(read(&both, 1), Err(NoClient::ForeignHost));
        assert_eq!(read(&format!("{GOOD}\n{inner}"), 2), Err(NoClient::ForeignHost), "a stranger wrote it");
        let wanted = Client { ip: "192.0.2.1".parse().unwrap(), helo: Some("a.example".to_owned()) };
        assert_eq!(read(&both, 2), Ok(wanted.clone()));
        assert_eq!(read(GOOD, 1), Ok(wanted));
    }

    #[test]
    fn an_address_of_the_own_network_is_no_strangers() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "IPv6:::1",
            "IPv6:::",
            "IPv6:fe80::1",
            "IPv6:fd00::1",
            "IPv6:ff02::1",
            "::ffff:127.0.0.1",
            "IPv6:::ffff:10.0.0.1",
        ] {
            assert_eq!(read(&GOOD.replace("192.0.2.1", ip), 1), Err(NoClient::OwnNetwork), "{ip}");
        }
        for ip in ["100.63.255.255", "100.128.0.1", "172.32.0.1", "11.0.0.1", "IPv6:2001:db8::1", "::ffff:192.0.2.9"] {
            assert!(read(&GOOD.replace("192.0.2.1", ip), 1).is_ok(), "{ip}");
        }
    }
}
