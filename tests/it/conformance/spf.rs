//! SPF by the suite of openspf for RFC 7208 and by that of pyspf.
//!
//! The files are of a small part of YAML, which is read here: a crate for the whole of it would be the larger part of the test.

use std::fs;
use std::net::IpAddr;

use countersign::origin::question::{Name, Record};
use countersign::origin::spf::{self, Client};

use super::super::zone::Zone;
use super::folder;

/// Cases of pyspf that are not the standard's: both want a `default=` modifier of an old draft to count, which RFC 7208 section
/// 6 does not know, and what is not known is passed over.
const NOT_THE_STANDARD: [&str; 2] = ["default-modifier", "default-modifier-harsh"];

#[test]
fn every_case_of_the_standard_comes_out_as_it_says() {
    let Some(cases) = cases("rfc7208-tests.yml") else { return };
    assert_eq!(cases.len(), 203, "the suite is not whole");
    let wrong = wrong(&cases);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_cases_of_pyspf_come_out_but_for_those_of_an_old_draft() {
    let Some(cases) = cases("pyspf-tests.yml") else { return };
    assert_eq!(cases.len(), 16, "the suite is not whole");
    let (old, rest): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| NOT_THE_STANDARD.contains(&case.name.as_str()));
    assert_eq!((old.len(), wrong(&old).len()), (2, 2));
    let wrong = wrong(&rest);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rest.len(), wrong.join("\n"));
}

struct Case {
    name: String,
    client: Client,
    sender: String,
    wanted: Vec<String>,
    zone: Zone,
}

/// One line for each case that comes out otherwise.
fn wrong(cases: &[Case]) -> Vec<String> {
    let one = |case: &Case| {
        let sender = case.sender.rsplit_once('@');
        let outcome = case.zone.settle(|answers| spf::evaluate(&case.client, sender, answers));
        let found = outcome.result.name();
        let good = case.wanted.iter().any(|wanted| wanted == found);
        (!good).then(|| format!("{}: {found} instead of {}", case.name, case.wanted.join(" or ")))
    };
    cases.iter().filter_map(one).collect()
}

fn cases(file: &str) -> Option<Vec<Case>> {
    let path = folder("spf")?.join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut cases = Vec::new();
    for part in text.split("\n---") {
        let document = Lines::of(part).value(0);
        let Some(Yaml::Map(tests)) = document.get("tests") else { continue };
        let zone = document.get("zonedata").map(zone).expect("a zone");
        for (name, test) in tests {
            let text = |key: &str| test.get(key).unwrap_or_else(|| panic!("{name} without {key}")).text();
            let ip: IpAddr = text("host").parse().unwrap_or_else(|error| panic!("{name}: {error}"));
            let client = Client { ip, helo: Some(text("helo").to_owned()) };
            let wanted = test.get("result").expect("a result").texts();
            let (name, sender) = (name.clone(), text("mailfrom").to_owned());
            cases.push(Case { name, client, sender, wanted, zone: zone.clone() });
        }
    }
    Some(cases)
}

/// Records of type SPF stand for TXT where the name has no TXT of its own; `TXT: NONE` says that it has none; with `TIMEOUT` what
/// has no record gets no answer.
fn zone(data: &Yaml) -> Zone {
    let mut zone = Zone::default();
    let Yaml::Map(names) = data else { panic!("no zone: {data:?}") };
    for (name, entries) in names {
        zone.name(name);
        let Yaml::List(entries) = entries else { panic!("{name}: {entries:?}") };
        let entries = entries.iter().flat_map(|entry| match entry {
            Yaml::Map(pairs) => pairs.as_slice(),
            _ => panic!("{name}: {entry:?}"),
        });
        let entries: Vec<(&str, &Yaml)> = entries.map(|(kind, value)| (kind.as_str(), value)).collect();
        let has_txt = entries.iter().any(|(kind, _)| *kind == "TXT");
        for (kind, value) in entries {
            match kind {
                "A" => zone.record(name, Record::A(value.text().parse().unwrap())),
                "AAAA" => zone.record(name, Record::Aaaa(value.text().parse().unwrap())),
                "CNAME" => zone.alias(name, value.text()),
                "CNAMELOOP" => zone.alias(name, name),
                "MX" => {
                    let [preference, host] = value.texts().try_into().unwrap();
                    zone.record(name, Record::Mx { preference: preference.parse().unwrap(), host: Name::parse(&host) });
                }
                "PTR" => zone.record(name, Record::Ptr(Name::parse(value.text()))),
                "SPF" if has_txt => {}
                "TIMEOUT" => zone.silent(name),
                "TXT" if matches!(value, Yaml::Text(text) if text == "NONE") => {}
                // A character of these files is an octet.
                "SPF" | "TXT" => zone.record(name, Record::Txt(value.texts().concat().chars().map(octet).collect())),
                _ => panic!("{name}: a record of type {kind}"),
            }
        }
    }
    zone
}

fn octet(c: char) -> u8 {
    u8::try_from(u32::from(c)).unwrap()
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Yaml {
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
    Text(String),
}

impl Yaml {
    fn get(&self, key: &str) -> Option<&Yaml> {
        match self {
            Yaml::Map(pairs) => pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            Yaml::List(_) | Yaml::Text(_) => None,
        }
    }

    #[track_caller]
    fn text(&self) -> &str {
        match self {
            Yaml::Text(text) => text,
            Yaml::List(_) | Yaml::Map(_) => panic!("no text: {self:?}"),
        }
    }

    /// A list of texts, or the one text.
    fn texts(&self) -> Vec<String> {
        match self {
            Yaml::List(all) => all.iter().map(|one| one.text().to_owned()).collect(),
            Yaml::Map(_) | Yaml::Text(_) => vec![self.text().to_owned()],
        }
    }
}

/// The lines of a document with how far they are set in.
struct Lines<'t> {
    lines: Vec<(usize, &'t str)>,
    at: usize,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let lines = text.lines().map(|line| (line.len() - line.trim_start().len(), line.trim()));
        Lines { lines: lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect(), at: 0 }
    }

    /// The block that is set in so far at least.
    fn value(&mut self, least: usize) -> Yaml {
        let Some((indent, line)) = self.peek().filter(|(indent, _)| *indent >= least) else {
            return Yaml::Text(String::new());
        };
        let (mut list, mut map) = (Vec::new(), Vec::new());
        let is_list = line.starts_with("- ");
        while let Some((_, line)) = self.peek().filter(|(here, _)| *here == indent) {
            if is_list {
                // A list may stand as far out as the key above it, and so may the next key.
                let Some(inner) = line.strip_prefix("- ").map(str::trim_start) else { break };
                let (key, rest) = key(inner);
                self.at += 1;
                list.push(Yaml::Map(vec![(key, self.rest(rest, indent + 1))]));
            } else {
                let (key, rest) = key(line);
                self.at += 1;
                let value = match self.peek() {
                    Some((here, next)) if rest.is_empty() && here == indent && next.starts_with("- ") => {
                        self.value(here)
                    }
                    _ => self.rest(rest, indent),
                };
                assert!(map.iter().all(|(known, _)| *known != key), "{key} stands twice");
                map.push((key, value));
            }
        }
        let next = self.peek();
        assert!(next.is_none_or(|(here, _)| here <= indent), "set in too far: {next:?}");
        if is_list { Yaml::List(list) } else { Yaml::Map(map) }
    }

    /// What stands behind a key, and the lines below that are set in further.
    fn rest(&mut self, rest: &str, indent: usize) -> Yaml {
        if rest.is_empty() {
            return self.value(indent + 1);
        }
        let mut text = if matches!(rest, ">" | ">-" | "|" | "|-") { String::new() } else { rest.to_owned() };
        while let Some((_, line)) = self.peek().filter(|(here, _)| *here > indent) {
            text = format!("{text} {line}");
            self.at += 1;
        }
        if text.starts_with('[') { Yaml::List(flow(&text)) } else { Yaml::Text(scalar(&text)) }
    }

    fn peek(&self) -> Option<(usize, &'t str)> {
        self.lines.get(self.at).copied()
    }
}

/// `key: rest`; a key may be quoted and hold colons.
fn key(line: &str) -> (String, &str) {
    if let Some(inner) = line.strip_prefix('"') {
        let (key, rest) = inner.split_once("\":").unwrap_or_else(|| panic!("no key: {line}"));
        return (key.to_owned(), rest.trim());
    }
    let split = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|key| (key, "")));
    let (key, rest) = split.unwrap_or_else(|| panic!("no key: {line}"));
    (key.to_owned(), rest.trim())
}

/// `[one, "two"]`.
fn flow(text: &str) -> Vec<Yaml> {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_else(|| panic!("{text}"));
    let (mut parts, mut quote) = (vec![String::new()], None);
    for c in inner.chars() {
        match (c, quote) {
            (',', None) => parts.push(String::new()),
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            _ => {}
        }
        if c != ',' || quote.is_some() {
            parts.last_mut().unwrap().push(c);
        }
    }
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
    if parts == [""] { Vec::new() } else { parts.into_iter().map(|part| Yaml::Text(scalar(part))).collect() }
}

/// Plain or quoted.
fn scalar(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.replace("''", "'");
    }
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return text.to_owned() };
    let mut out = String::new();
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('0')) => out.push('\0'),
            ('\\', Some('x')) => {
                let digits: String = rest.by_ref().take(2).collect();
                out.push(char::from(u8::from_str_radix(&digits, 16).unwrap()));
            }
            ('\\', Some(same @ ('\\' | '"'))) => out.push(same),
            ('\\', other) => panic!("{text}: \\{other:?} is not read"),
            (c, _) => out.push(c),
        }
    }
    out
}

#[test]
fn the_form_of_the_suites_is_read() {
    let text = "description: >-\n  a: b\n\n  # c\ntests:\n  one:\n    result: [ fail,permerror ]\n    helo: \"a\\x80\\0\\\"\"\n    \
                mailfrom: 'b''c'\n    spec: 4.3/1\n      and more\nzonedata:\n  \"a  b\":\n    - A: 192.0.2.1\n    - SPF: [ ]\n  c:d.example:\n  \
                - MX: [0, \"\"]\n  - TXT: v=spf1 ip6:::1 -all\n";
    let read = Lines::of(text).value(0);
    let one = read.get("tests").and_then(|tests| tests.get("one")).unwrap();
    assert_eq!(one.get("result").unwrap().texts(), ["fail", "permerror"]);
    assert_eq!(one.get("helo").unwrap().text(), "a\u{80}\0\"");
    assert_eq!(one.get("mailfrom").unwrap().text(), "b'c");
    assert_eq!(one.get("spec").unwrap().text(), "4.3/1 and more");
    let zone = read.get("zonedata").unwrap();
    let entry = |kind: &str, value: Yaml| Yaml::Map(vec![(kind.to_owned(), value)]);
    let text = |text: &str| Yaml::Text(text.to_owned());
    let wanted = vec![entry("A", text("192.0.2.1")), entry("SPF", Yaml::List(Vec::new()))];
    assert_eq!(zone.get("a  b"), Some(&Yaml::List(wanted)));
    let wanted = vec![entry("MX", Yaml::List(vec![text("0"), text("")])), entry("TXT", text("v=spf1 ip6:::1 -all"))];
    assert_eq!(zone.get("c:d.example"), Some(&Yaml::List(wanted)));
}
