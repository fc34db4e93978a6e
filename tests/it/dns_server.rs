//! A server of the DNS on loopback that says what a zone says, or does whatever a bad one does. Its octets are written here by
//! hand, so that nothing of the program reads what the program wrote.
//!
//! Promises: datagrams and streams at one port; it ends with its owner, and tells what it was asked.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

/// How long the server waits before it looks whether it is to end.
const TURN: Duration = Duration::from_millis(20);
/// Most octets of a datagram, with what extends a question and without.
const DATAGRAM: [usize; 2] = [512, 1232];
const TYPES: [(&str, u16); 8] =
    [("A", 1), ("NS", 2), ("CNAME", 5), ("SOA", 6), ("PTR", 12), ("MX", 15), ("TXT", 16), ("AAAA", 28)];

/// What a server does with a question. It may do several things one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// An alias, and nothing of the name behind it.
    AliasAlone,
    /// Two names, each an alias of the other.
    AliasLoop,
    /// A stream is closed before its answer is whole.
    BreaksOff,
    /// Octets that are no message, and a message whose records are none.
    Garbage,
    /// What the zone says. `TIMEOUT` in a zone is SERVFAIL, at once.
    Honest,
    /// A text of so many octets, whatever was asked.
    LongText(usize),
    /// Records of the right type, of another name.
    Lies,
    /// So many addresses or texts, whatever was asked.
    Many(usize),
    /// FORMERR, however the question is written.
    NeverUnderstands,
    /// NXDOMAIN, whatever was asked.
    NoName,
    /// FORMERR where the question is extended, else what the zone says.
    Old,
    /// The names of other servers, as one does that does not find out by itself.
    Refers,
    /// REFUSED.
    Refuses,
    /// SERVFAIL.
    ServerFailure,
    /// The name of the question comes back in capitals.
    Shouts,
    /// What the zone says, later.
    Slow(Duration),
    /// A datagram says that there is more, and a stream gives an octet in so much time.
    SlowStream(Duration),
    /// A datagram says that there is more; a stream says what the zone says.
    Truncates,
    /// A datagram says that there is more, and so does the stream.
    TruncatesAlways,
    /// The number is another one.
    WrongId,
    /// The question is another one.
    WrongQuestion,
}

/// The names and what they have: type and value, as `zone.json` of the conformance data writes them.
#[derive(Clone, Debug, Default)]
pub struct Zone(BTreeMap<String, Vec<(String, Value)>>);

impl Zone {
    /// `{"name": [["TYPE", value], "TIMEOUT"]}`: a text is a string or a list of them, a mail exchanger `[10, "name"]`.
    pub fn json(text: &str) -> Zone {
        let names: BTreeMap<String, Vec<Value>> = serde_json::from_str(text).expect("a zone");
        let record = |value: Value| match value {
            Value::String(word) if word == "TIMEOUT" => (word, Value::Null),
            Value::Array(pair) if pair.len() == 2 => (pair[0].as_str().expect("a type").to_owned(), pair[1].clone()),
            other => panic!("{other} is no record"),
        };
        let key = |name: String| name.trim_end_matches('.').to_ascii_lowercase();
        Zone(names.into_iter().map(|(name, records)| (key(name), records.into_iter().map(record).collect())).collect())
    }

    /// A record a line: `name TYPE value`, the value up to the end of the line; quotes around it keep its blanks.
    pub fn text(text: &str) -> Zone {
        let mut zone = Zone::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut words = line.splitn(3, char::is_whitespace);
            let (name, kind, value) =
                (words.next().unwrap(), words.next().expect("a type"), words.next().unwrap_or(""));
            let value = match (kind, value.split_once(' ')) {
                ("MX", Some((preference, host))) => serde_json::json!([preference.parse::<u16>().unwrap(), host]),
                _ => {
                    let quoted = value.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                    Value::String(quoted.unwrap_or(value.trim()).to_owned())
                }
            };
            zone.0.entry(name.to_ascii_lowercase()).or_default().push((kind.to_owned(), value));
        }
        zone
    }

    /// The records of a name and a type, as [`Zone::json`] writes their values.
    pub fn records(&self, name: &str, kind: &str) -> Vec<&Value> {
        let records = self.0.get(name).into_iter().flatten();
        records.filter(|(known, _)| known == kind).map(|(_, value)| value).collect()
    }

    /// Whether the name is there, if only since there is one below it.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name) || self.0.keys().any(|known| known.ends_with(&format!(".{name}")))
    }

    /// Whether the name gives no answer.
    pub fn is_silent(&self, name: &str) -> bool {
        !self.records(name, "TIMEOUT").is_empty()
    }
}

/// One question that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Over a stream.
    pub stream: bool,
    /// Its number.
    pub id: u16,
    /// From where.
    pub port: u16,
    /// `TXT a.example`.
    pub what: String,
    /// Whether it says how long a datagram may be.
    pub extended: bool,
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens at a free port of 127.0.0.1. Without behaviours it never answers.
    pub fn start(zone: Zone, behaviours: &[Behaviour]) -> Server {
        Server::start_at(Ipv4Addr::LOCALHOST.into(), zone, behaviours).expect("a port on loopback")
    }

    /// The same at another address of this host; none where there is no such.
    pub fn start_at(address: IpAddr, zone: Zone, behaviours: &[Behaviour]) -> Option<Server> {
        // The same number must be free for both.
        let (datagrams, streams) = (0..50).find_map(|_| {
            let datagrams = UdpSocket::bind((address, 0)).ok()?;
            let streams = TcpListener::bind(datagrams.local_addr().ok()?).ok()?;
            Some((datagrams, streams))
        })?;
        let address = datagrams.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let here =
            Here { zone: Arc::new(zone), behaviours: behaviours.into(), asked: asked.clone(), over: over.clone() };
        let there = here.clone();
        let threads =
            vec![thread::spawn(move || here.datagrams(&datagrams)), thread::spawn(move || there.streams(&streams))];
        Some(Server { address, asked, over, threads })
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// An address at which nobody listens, neither for datagrams nor for streams.
pub fn closed_port() -> SocketAddr {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// What the threads of a server share.
#[derive(Clone)]
struct Here {
    zone: Arc<Zone>,
    behaviours: Arc<[Behaviour]>,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
}

impl Here {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn note(&self, query: &Query, stream: bool, port: u16) {
        let kind = TYPES.iter().find(|(_, number)| *number == query.kind).map_or("?", |(name, _)| name);
        let what = format!("{kind} {}", query.name);
        self.asked.lock().unwrap().push(Asked { stream, id: query.id, port, what, extended: query.extended });
    }

    fn datagrams(&self, socket: &UdpSocket) {
        socket.set_read_timeout(Some(TURN)).unwrap();
        let mut buffer = [0; 4096];
        while !self.is_over() {
            let Ok((count, from)) = socket.recv_from(&mut buffer) else { continue };
            let Some(query) = Query::read(&buffer[..count]) else { continue };
            self.note(&query, false, from.port());
            for behaviour in self.behaviours.iter().copied() {
                if let Behaviour::Slow(time) = behaviour {
                    let (here, query, socket) = (self.clone(), query.clone(), socket.try_clone().unwrap());
                    thread::spawn(move || {
                        thread::sleep(time);
                        drop(socket.send_to(&here.answer(&query, Behaviour::Honest, false), from));
                    });
                } else {
                    for message in self.messages(&query, behaviour, false) {
                        drop(socket.send_to(&message, from));
                    }
                }
            }
        }
    }

    fn streams(&self, listener: &TcpListener) {
        listener.set_nonblocking(true).unwrap();
        let mut threads = Vec::new();
        while !self.is_over() {
            match listener.accept() {
                Ok((stream, from)) => {
                    let here = self.clone();
                    threads.push(thread::spawn(move || here.stream(stream, from.port())));
                }
                Err(_) => thread::sleep(TURN / 4),
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    fn stream(&self, mut stream: TcpStream, port: u16) {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(TURN)).unwrap();
        let mut received = Vec::new();
        let mut piece = [0; 512];
        while !self.is_over() {
            match stream.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => received.extend_from_slice(&piece[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(_) => return,
            }
            let Some(length) = received.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length))) else {
                continue;
            };
            if received.len() < length + 2 {
                continue;
            }
            let Some(query) = Query::read(&received[2..]) else { return };
            self.note(&query, true, port);
            for behaviour in self.behaviours.iter().copied() {
                for message in self.messages(&query, behaviour, true) {
                    let message = [&u16::try_from(message.len()).unwrap().to_be_bytes(), &message[..]].concat();
                    match behaviour {
                        Behaviour::SlowStream(time) => self.drip(&mut stream, &message, time),
                        Behaviour::BreaksOff => drop(stream.write_all(&message[..message.len() / 2])),
                        _ => drop(stream.write_all(&message)),
                    }
                }
            }
            return;
        }
    }

    fn drip(&self, stream: &mut TcpStream, message: &[u8], time: Duration) {
        for octet in message {
            if self.is_over() || stream.write_all(&[*octet]).is_err() {
                return;
            }
            thread::sleep(time);
        }
    }

    /// What goes back at once.
    fn messages(&self, query: &Query, behaviour: Behaviour, stream: bool) -> Vec<Vec<u8>> {
        match behaviour {
            Behaviour::Garbage => {
                let noise = (0..60).map(|at| query.id.to_be_bytes()[at % 2] ^ (at as u8).wrapping_mul(37)).collect();
                let mut broken = query.answer(0, [9, 0, 0]);
                broken.extend([0xc0, 0x0c, 0, 16, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 3]);
                vec![noise, broken, vec![7; 5], Vec::new()]
            }
            behaviour => vec![self.answer(query, behaviour, stream)],
        }
    }

    fn answer(&self, query: &Query, behaviour: Behaviour, stream: bool) -> Vec<u8> {
        let text = |text: &[u8]| (16, texts(&[text.to_vec()]));
        let address = |at: usize| (1, vec![192, 0, 2, at as u8]);
        let named = |name: &str, record: (u16, Vec<u8>)| (name.to_owned(), record);
        let own = |record| named(&query.name, record);
        match behaviour {
            Behaviour::AliasAlone => match self.zone.records(&query.name, "CNAME").first() {
                Some(target) => whole(query, stream, 0, &[own((5, wire_name(target.as_str().unwrap())))], false),
                None => self.honest(query, stream),
            },
            Behaviour::AliasLoop => {
                let other = format!("other.{}", query.name);
                let there = own((5, wire_name(&other)));
                whole(query, stream, 0, &[there, named(&other, (5, wire_name(&query.name)))], false)
            }
            Behaviour::Lies => {
                let lie = |record| named("elsewhere.example", record);
                whole(
                    query,
                    stream,
                    0,
                    &[lie(text(b"v=DMARC1; p=none")), lie(address(1)), lie((query.kind, vec![0; 16]))],
                    false,
                )
            }
            Behaviour::LongText(length) => whole(query, stream, 0, &[own(text(&vec![b'x'; length]))], false),
            Behaviour::Many(count) => {
                let one = |at: usize| own(if query.kind == 16 { text(at.to_string().as_bytes()) } else { address(at) });
                whole(query, stream, 0, &(0..count).map(one).collect::<Vec<_>>(), false)
            }
            Behaviour::NeverUnderstands => query.answer(1, [0, 0, 0]),
            Behaviour::NoName => whole(query, stream, 3, &[], true),
            Behaviour::Old if query.extended => query.answer(1, [0, 0, 0]),
            Behaviour::Refers => {
                let mut answer = query.answer(0, [0, 1, 0]);
                answer.extend([0, 0, 2, 0, 1, 0, 0, 0, 9, 0, 4, 2, b'n', b's', 0]);
                answer
            }
            Behaviour::Refuses => query.answer(5, [0, 0, 0]),
            Behaviour::ServerFailure => query.answer(2, [0, 0, 0]),
            Behaviour::Shouts => {
                let mut answer = self.honest(query, stream);
                let end = 12 + wire_name(&query.name).len();
                answer[12..end].make_ascii_uppercase();
                answer
            }
            Behaviour::TruncatesAlways => query.truncated(),
            Behaviour::Truncates | Behaviour::SlowStream(_) | Behaviour::BreaksOff if !stream => query.truncated(),
            Behaviour::WrongId => {
                let mut answer = self.honest(query, stream);
                answer[0] ^= 0x55;
                answer
            }
            Behaviour::WrongQuestion => {
                let other = Query { name: format!("x{}", query.name), ..query.clone() };
                whole(
                    &other,
                    stream,
                    0,
                    &[(other.name.clone(), text(b"v=DMARC1; p=none")), (other.name.clone(), address(9))],
                    false,
                )
            }
            _ => self.honest(query, stream),
        }
    }

    /// What the zone says, aliases followed.
    fn honest(&self, query: &Query, stream: bool) -> Vec<u8> {
        let mut found = Vec::new();
        let mut name = query.name.clone();
        let kind = TYPES.iter().find(|(_, number)| *number == query.kind).map_or("?", |(name, _)| name);
        for _ in 0..9 {
            if self.zone.is_silent(&name) {
                return query.answer(2, [0, 0, 0]);
            }
            let values = self.zone.records(&name, kind);
            if !values.is_empty() {
                found.extend(values.into_iter().map(|value| (name.clone(), (query.kind, data(kind, value)))));
                return whole(query, stream, 0, &found, false);
            }
            let Some(target) =
                self.zone.records(&name, "CNAME").first().map(|target| target.as_str().unwrap().to_owned())
            else {
                let code = if self.zone.has(&name) { 0 } else { 3 };
                return whole(query, stream, code, &found, true);
            };
            found.push((name, (5, wire_name(&target))));
            name = target.to_ascii_lowercase();
        }
        query.answer(2, [0, 0, 0])
    }
}

/// A question as it came.
#[derive(Clone, Debug)]
struct Query {
    id: u16,
    name: String,
    kind: u16,
    extended: bool,
}

impl Query {
    fn read(octets: &[u8]) -> Option<Query> {
        let pair = |at: usize| octets.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        // A standard question with recursion desired, one of them, and nothing but what extends it.
        if pair(2)? != 0x0100 || pair(4)? != 1 || pair(6)? != 0 || pair(8)? != 0 {
            return None;
        }
        let (mut at, mut labels) = (12, Vec::new());
        loop {
            let length = usize::from(*octets.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(octets.get(at..at + length)?).to_ascii_lowercase());
            at += length;
        }
        let (kind, class) = (pair(at)?, pair(at + 2)?);
        let extended = pair(10)? == 1 && octets.get(at + 4..at + 9)? == [0, 0, 41, 4, 208];
        (class == 1).then(|| Query { id: pair(0).unwrap(), name: labels.join("."), kind, extended })
    }

    /// Header and question of an answer with that code and so many records in each section.
    fn answer(&self, code: u8, counts: [u16; 3]) -> Vec<u8> {
        let mut octets = self.id.to_be_bytes().to_vec();
        octets.extend([0x81, 0x80 | code, 0, 1]);
        octets.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        octets.extend(wire_name(&self.name));
        octets.extend(self.kind.to_be_bytes());
        octets.extend([0, 1]);
        octets
    }

    fn truncated(&self) -> Vec<u8> {
        let mut octets = self.answer(0, [0, 0, 0]);
        octets[2] |= 2;
        octets
    }
}

/// A whole answer, or one that says that there is more than a datagram holds.
fn whole(query: &Query, stream: bool, code: u8, records: &[(String, (u16, Vec<u8>))], none: bool) -> Vec<u8> {
    let mut octets = query.answer(code, [u16::try_from(records.len()).unwrap(), u16::from(none), 0]);
    let mut add = |name: Vec<u8>, kind: u16, data: &[u8]| {
        octets.extend(name);
        octets.extend(kind.to_be_bytes());
        octets.extend([0, 1, 0, 0, 1, 44]);
        octets.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        octets.extend(data);
    };
    for (name, (kind, data)) in records {
        let short = *name == query.name;
        add(if short { vec![0xc0, 0x0c] } else { wire_name(name) }, *kind, data);
    }
    if none {
        let start = [wire_name("a"), wire_name("b"), vec![0; 20]].concat();
        add(vec![0], 6, &start);
    }
    let limit = DATAGRAM[usize::from(query.extended)];
    if !stream && octets.len() > limit { query.truncated() } else { octets }
}

fn wire_name(name: &str) -> Vec<u8> {
    let labels = name.trim_end_matches('.').split('.').filter(|label| !label.is_empty());
    let mut octets: Vec<u8> = labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    octets.push(0);
    octets
}

/// Character strings of at most 255 octets each.
fn texts(texts: &[Vec<u8>]) -> Vec<u8> {
    let pieces = texts.iter().flat_map(|text| match text.len() {
        0 => vec![&text[..]],
        _ => text.chunks(255).collect(),
    });
    pieces.flat_map(|piece| [&[piece.len() as u8], piece].concat()).collect()
}

fn data(kind: &str, value: &Value) -> Vec<u8> {
    let text = |value: &Value| value.as_str().expect("a string").as_bytes().to_vec();
    match (kind, value) {
        ("A", value) => value.as_str().unwrap().parse::<Ipv4Addr>().unwrap().octets().to_vec(),
        ("AAAA", value) => value.as_str().unwrap().parse::<Ipv6Addr>().unwrap().octets().to_vec(),
        ("MX", Value::Array(pair)) => {
            let preference = u16::try_from(pair[0].as_u64().unwrap()).unwrap();
            [&preference.to_be_bytes(), &wire_name(pair[1].as_str().unwrap())[..]].concat()
        }
        ("TXT", Value::Array(all)) => texts(&all.iter().map(text).collect::<Vec<_>>()),
        ("TXT", value) => texts(&[text(value)]),
        ("PTR" | "NS" | "CNAME", value) => wire_name(value.as_str().unwrap()),
        (kind, value) => panic!("{kind} {value}"),
    }
}
