//! One question on its way to one server: a socket of its own, for a datagram or for a stream.
//!
//! Promises: a port of the system's choice and a random number each; never waits; no program that is started has the socket; of
//! a stream no more is kept than there is room for. Never touches: what an answer says.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use crate::world::random;

/// Most octets of a datagram that are read. Servers are told to send no more than a third of it.
pub(super) const DATAGRAM_LIMIT: usize = 4096;
/// Most octets of an answer over a stream. The texts at the top of a large organisation's name come to a half of it.
pub(super) const STREAM_LIMIT: usize = 16 * 1024;
/// Octets that are read of a stream at a time.
const PIECE: usize = 2048;

/// One question on its way.
#[derive(Debug)]
pub(super) struct Exchange {
    /// Which of the servers.
    pub(super) server: usize,
    /// The number that the answer must have.
    pub(super) id: u16,
    line: Line,
}

#[derive(Debug)]
enum Line {
    Datagram(UdpSocket),
    Stream {
        socket: TcpStream,
        /// What is still to be sent, its length before it (RFC 1035 section 4.2.2).
        unsent: Vec<u8>,
        /// What has come, with its length before it.
        received: Vec<u8>,
    },
}

/// What a look at the socket gave.
#[derive(Debug)]
pub(super) enum Received {
    /// The server is not there, or broke off.
    Gone,
    /// So many octets lie in the buffer; they may be anything.
    Message(usize),
    /// Nothing more at the moment.
    Nothing,
    /// The answer is longer than there is room for.
    TooLong,
}

/// A random number for a question.
pub(super) fn number() -> io::Result<u16> {
    let mut bytes = [0; 2];
    random::fill(&mut bytes)?;
    Ok(u16::from_ne_bytes(bytes))
}

impl Exchange {
    /// Sends the question in a datagram.
    pub(super) fn datagram(server: usize, address: SocketAddr, id: u16, query: &[u8]) -> io::Result<Exchange> {
        let any: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        // A connected socket takes nothing from elsewhere, and hears of a closed port.
        socket.connect(address)?;
        socket.send(query)?;
        Ok(Exchange { server, id, line: Line::Datagram(socket) })
    }

    /// Begins a stream. It is not waited for: the standard library could not do that.
    pub(super) fn stream(server: usize, address: SocketAddr, id: u16, query: &[u8]) -> io::Result<Exchange> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let length = u16::try_from(query.len()).map_err(|_| ErrorKind::InvalidInput)?;
        let unsent = [&length.to_be_bytes(), query].concat();
        Ok(Exchange { server, id, line: Line::Stream { socket: socket.into(), unsent, received: Vec::new() } })
    }

    /// What is waited for.
    pub(super) fn awaited(&self) -> (BorrowedFd<'_>, PollFlags) {
        match &self.line {
            Line::Datagram(socket) => (socket.as_fd(), PollFlags::IN),
            Line::Stream { socket, unsent, .. } if unsent.is_empty() => (socket.as_fd(), PollFlags::IN),
            Line::Stream { socket, .. } => (socket.as_fd(), PollFlags::OUT),
        }
    }

    /// Whether it is a stream.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.line, Line::Stream { .. })
    }

    /// How many octets it keeps.
    pub(super) fn kept(&self) -> usize {
        match &self.line {
            Line::Datagram(_) => 0,
            Line::Stream { received, .. } => received.len(),
        }
    }

    /// Takes what is there, and sends what can be sent. A stream may keep so many more octets than it does.
    pub(super) fn receive(&mut self, buffer: &mut [u8; STREAM_LIMIT], room: usize) -> Received {
        match &mut self.line {
            Line::Datagram(socket) => match socket.recv(&mut buffer[..DATAGRAM_LIMIT]) {
                Ok(count) => Received::Message(count),
                Err(error) if is_passing(&error) => Received::Nothing,
                Err(_) => Received::Gone,
            },
            Line::Stream { socket, unsent, received } => {
                let sent = send(socket, unsent);
                let done = sent.and_then(|()| if unsent.is_empty() { take(socket, received, room) } else { Ok(None) });
                match done {
                    Ok(Some(message)) if message.len() <= buffer.len() => {
                        buffer[..message.len()].copy_from_slice(message);
                        Received::Message(message.len())
                    }
                    Ok(None) => Received::Nothing,
                    Ok(Some(_)) => Received::TooLong,
                    Err(error) if error.kind() == ErrorKind::FileTooLarge => Received::TooLong,
                    Err(error) if is_passing(&error) => Received::Nothing,
                    Err(_) => Received::Gone,
                }
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected)
}

/// Sends what can be sent. A connection that did not come about says so here.
fn send(socket: &mut TcpStream, unsent: &mut Vec<u8>) -> io::Result<()> {
    while !unsent.is_empty() {
        let count = socket.write(unsent)?;
        unsent.drain(..count);
    }
    Ok(())
}

/// Takes what has come; the whole message once it is there. An end before that is an error.
fn take<'a>(socket: &mut TcpStream, received: &'a mut Vec<u8>, room: usize) -> io::Result<Option<&'a [u8]>> {
    let most = received.len().saturating_add(room);
    loop {
        let length = received.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)));
        let whole = length.map_or(2, |length| length + 2);
        if length.is_some_and(|length| length > STREAM_LIMIT) || whole > most {
            return Err(ErrorKind::FileTooLarge.into());
        }
        if length.is_some() && received.len() == whole {
            return Ok(received.get(2..));
        }
        let mut piece = [0; PIECE];
        let wanted = PIECE.min(whole - received.len());
        match socket.read(&mut piece[..wanted]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => received.extend_from_slice(&piece[..count]),
            Err(error) => return Err(error),
        }
    }
}
