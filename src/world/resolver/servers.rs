//! Which servers are asked: those of the configuration, or those of the system.
//!
//! Promises: there is always one; a text that is no address of a server is named and never left out in silence where a person
//! wrote it. Never touches: the network.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::net::UnixDatagram;

use rustix::net::netdevice::name_to_index;

/// Where DNS servers listen (RFC 1035 section 4.2).
const PORT: u16 = 53;
/// Most servers that a configuration may name.
pub const SERVER_LIMIT: usize = 8;
/// Most servers of the system's file that are used, as every program does (MAXNS of resolv.conf(5)).
const SYSTEM_LIMIT: usize = 3;
/// Where the system names its servers.
const SYSTEM_FILE: &str = "/etc/resolv.conf";
/// Most octets of that file that are read.
const SYSTEM_FILE_LIMIT: u64 = 64 * 1024;

/// The servers in the order in which they are asked. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(Vec<SocketAddr>);

/// Why a list of servers is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServersError {
    /// Nothing is in it.
    Empty,
    /// This is no address of a server, or speaks of a network interface that is not there.
    NotAnAddress(String),
    /// More than [`SERVER_LIMIT`].
    TooMany(usize),
}

impl Servers {
    /// Reads what a configuration names: `127.0.0.1`, `127.0.0.1:5353`, `::1`, `[::1]:5353`, `fe80::1%eth0`.
    ///
    /// # Errors
    /// [`ServersError`] names the first thing that is wrong.
    pub fn parse(texts: &[&str]) -> Result<Servers, ServersError> {
        if texts.is_empty() {
            return Err(ServersError::Empty);
        }
        if texts.len() > SERVER_LIMIT {
            return Err(ServersError::TooMany(texts.len()));
        }
        let server = |text: &&str| server(text).ok_or_else(|| ServersError::NotAnAddress((*text).to_owned()));
        texts.iter().map(server).collect::<Result<_, _>>().map(Servers)
    }

    /// Those of `/etc/resolv.conf`; 127.0.0.1 where it names none or is not there (resolv.conf(5)).
    #[must_use]
    pub fn of_system() -> Servers {
        let mut text = Vec::new();
        // What cannot be read names no server.
        let read = File::open(SYSTEM_FILE).and_then(|file| file.take(SYSTEM_FILE_LIMIT).read_to_end(&mut text));
        Servers::of_text(if read.is_ok() { &text } else { b"" })
    }

    /// Those that such a file names. A line that cannot be read is passed over, as the system's own resolver does.
    fn of_text(text: &[u8]) -> Servers {
        let text = String::from_utf8_lossy(text);
        let named = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            words.next().filter(|word| *word == "nameserver").and(words.next())
        });
        let found: Vec<SocketAddr> = named.filter_map(server).take(SYSTEM_LIMIT).collect();
        Servers(if found.is_empty() { vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT)] } else { found })
    }

    /// Whether one of them runs on this host, so that nobody between here and there can read or forge.
    #[must_use]
    pub fn has_loopback(&self) -> bool {
        self.0.iter().any(|server| server.ip().to_canonical().is_loopback())
    }

    /// Each with its port, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &SocketAddr> {
        self.0.iter()
    }
}

impl fmt::Display for ServersError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServersError::Empty => out.write_str("no DNS server is named; leave dns out for those of the system"),
            ServersError::NotAnAddress(text) => {
                write!(
                    out,
                    "{text:?} is no address of a DNS server; write 127.0.0.1, 127.0.0.1:5353, ::1 or [::1]:5353"
                )
            }
            ServersError::TooMany(count) => write!(out, "{count} DNS servers are named; {SERVER_LIMIT} may be"),
        }
    }
}

impl std::error::Error for ServersError {}

/// One server. A port of 0 is none that can be asked.
fn server(text: &str) -> Option<SocketAddr> {
    let server = match text.split_once('%') {
        Some((address, scope)) => scoped(address, scope)?,
        None => text.parse().ok().or_else(|| {
            let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            let address =
                bare.map_or_else(|| text.parse::<IpAddr>().ok(), |bare| bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6));
            address.map(|address| SocketAddr::new(address, PORT))
        })?,
    };
    (server.port() != 0).then_some(server)
}

/// An address that is meant on one network interface only: `fe80::1%eth0` or `[fe80::1%eth0]:53` (RFC 4007 section 11).
fn scoped(address: &str, scope: &str) -> Option<SocketAddr> {
    let (address, scope, port) = match address.strip_prefix('[') {
        Some(address) => {
            let (scope, port) = scope.split_once(']')?;
            let port = if port.is_empty() { PORT } else { port.strip_prefix(':')?.parse().ok()? };
            (address, scope, port)
        }
        None => (address, scope, PORT),
    };
    let index = match scope.parse() {
        Ok(index) => index,
        // Any socket will do to ask the kernel for the number of an interface; this one reaches no network.
        Err(_) => name_to_index(UnixDatagram::unbound().ok()?, scope).ok()?,
    };
    Some(SocketAddrV6::new(address.parse().ok()?, port, 0, index).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(servers: &Servers) -> Vec<String> {
        servers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_empty_list_is_none() {
        assert_eq!(Servers::parse(&[]), Err(ServersError::Empty));
    }

    #[test]
    fn what_is_no_address_is_named() {
        let no = [
            "",
            "localhost",
            "127.0.0.1:",
            "127.0.0.1:0",
            "127.0.0.1:99999",
            "127.0.0",
            "[::1",
            "[127.0.0.1]",
            "::1:5353:",
            "[::1]:0",
            "127.0.0.1 ",
            "fe80::1%nowhere0",
            "fe80::1%",
            "[fe80::1%1",
            "[fe80::1%1]53",
            "127.0.0.1%1",
            "fe80::1%eth0/../x",
        ];
        for text in no {
            assert_eq!(Servers::parse(&["127.0.0.1", text]), Err(ServersError::NotAnAddress(text.into())), "{text:?}");
        }
    }

    #[test]
    fn too_many_are_refused() {
        assert_eq!(Servers::parse(&["::1"; 9]), Err(ServersError::TooMany(9)));
        assert!(Servers::parse(&["::1"; 8]).is_ok());
    }

    #[test]
    fn every_form_is_read() {
        let servers = ["127.0.0.1", "127.0.0.1:5353", "::1", "[::1]", "[::1]:53", "fe80::1%7", "[fe80::1%7]:5353"];
        let read = [
            "127.0.0.1:53",
            "127.0.0.1:5353",
            "[::1]:53",
            "[::1]:53",
            "[::1]:53",
            "[fe80::1%7]:53",
            "[fe80::1%7]:5353",
        ];
        assert_eq!(shown(&Servers::parse(&servers).unwrap()), read);
    }

    #[test]
    fn an_interface_is_found_by_its_name() {
        // Every Linux has `lo`, and its number is 1 in each network of its own.
        assert_eq!(shown(&Servers::parse(&["fe80::1%lo"]).unwrap()), ["[fe80::1%1]:53"]);
    }

    #[test]
    fn a_file_that_names_none_means_this_host() {
        for text in [
            "",
            "# nameserver 192.0.2.1\n",
            "nameserver\n",
            "search example.org\n",
            "nameserver one\n",
            "nameservers 192.0.2.1\n",
        ] {
            assert_eq!(shown(&Servers::of_text(text.as_bytes())), ["127.0.0.1:53"], "{text:?}");
        }
        assert_eq!(shown(&Servers::of_text(b"\xff\xfe nameserver 192.0.2.1")), ["127.0.0.1:53"]);
    }

    #[test]
    fn three_servers_of_the_file_are_used() {
        let text = b"; made by x\nnameserver 192.0.2.1\r\nnameserver\t2001:db8::1 # x\nnameserver fe80::1%nowhere0\nnameserver 192.0.2.2\nnameserver 192.0.2.3";
        assert_eq!(shown(&Servers::of_text(text)), ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"]);
    }

    #[test]
    fn a_server_on_this_host_is_known() {
        for (text, loopback) in
            [("192.0.2.1", false), ("127.0.0.53", true), ("::1", true), ("::ffff:127.0.0.1", true), ("0.0.0.0", false)]
        {
            assert_eq!(Servers::parse(&[text]).unwrap().has_loopback(), loopback, "{text}");
        }
        assert!(Servers::of_system().iter().count() > 0);
    }

    #[test]
    fn errors_say_what_to_write() {
        assert!(ServersError::Empty.to_string().ends_with("; leave dns out for those of the system"));
        assert!(
            ServersError::NotAnAddress("x".into())
                .to_string()
                .starts_with("\"x\" is no address of a DNS server; write")
        );
        assert_eq!(ServersError::TooMany(9).to_string(), "9 DNS servers are named; 8 may be");
    }
}
