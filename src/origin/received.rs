//! One Received field (RFC 5321 section 4.4): who wrote it, by which protocol, and the client's address in it, in the forms that
//! mail systems write.
//!
//! Promises: of what a client chose, which is what it calls itself and the names of its certificate and address, nothing can pass
//! for what the server wrote: where a field could be read in two ways it is not read. Bounded. Never touches: which field is
//! believed, and by whom (`client.rs`, `trace.rs`, `submission.rs`).

use core::net::{IpAddr, Ipv6Addr};

/// Most octets of a field that is read: the longest that mail systems write for honest clients have a third of it.
pub const RECEIVED_LIMIT: usize = 2_000;
/// Most octets of what a client calls itself (RFC 5321 section 4.5.3.1.2).
const HELO_LIMIT: usize = 255;

/// A part of a field that stands outside all comments, or a whole comment without its brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'t> {
    /// What stands in brackets; brackets within it pair.
    Comment(&'t str),
    /// What stands between blanks.
    Word(&'t str),
}

/// What a field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The address that connected, IPv4-mapped ones unmapped.
    pub ip: IpAddr,
    /// What the client called itself.
    pub helo: String,
    /// Who wrote the field.
    pub by: String,
    /// The word behind `with` in small letters, without `utf8` in front; for Exchange, which writes `Microsoft SMTP Server`, `smtp`.
    pub protocol: Option<String>,
    /// Whether the client proved who it is, by the protocol or by a comment.
    pub authenticated: bool,
}

/// Why a field is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It can be read in more than one way, or it is not written as any known program writes.
    Doubtful,
    /// It names no address of a client.
    NoAddress,
    /// It, or what the client calls itself, is longer than any honest one.
    TooLong,
}

impl Received {
    /// Reads a field's unfolded text.
    pub fn read(text: &str) -> Result<Received, Unread> {
        if text.len() > RECEIVED_LIMIT {
            return Err(Unread::TooLong);
        }
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t');
        if !visible || text.contains('\\') {
            return Err(Unread::Doubtful);
        }
        let parts = parts(text).ok_or(Unread::Doubtful)?;
        let [from, by, with] = ["from", "by", "with"].map(|name| places(&parts, name));
        // A second one may be what the client calls itself; without the first two nothing came from anywhere.
        let ([0], [by]) = (from.as_slice(), by.as_slice()) else {
            let none = from.is_empty() || by.is_empty();
            return Err(if none { Unread::NoAddress } else { Unread::Doubtful });
        };
        let (front, back) = parts.split_at(*by);
        let crypted = with.iter().filter(|at| *at < by).count();
        if with.len() > 1 + crypted || !is_clean(front, back) {
            return Err(Unread::Doubtful);
        }
        let (ip, helo) = client(front.get(1..).unwrap_or_default(), back)?;
        if helo.len() > HELO_LIMIT {
            return Err(Unread::TooLong);
        }
        let Some(Part::Word(host)) = back.get(1) else { return Err(Unread::Doubtful) };
        let protocol = protocol(back);
        let proven = protocol.as_deref().is_some_and(is_authenticated) || parts.iter().any(tells_authentication);
        Ok(Received {
            ip: ip.to_canonical(),
            helo: helo.to_owned(),
            by: host.trim_end_matches(['.', ';']).to_owned(),
            protocol,
            authenticated: proven,
        })
    }
}

/// Whether this protocol says that the client proved who it is (RFC 3848, RFC 6531; `asmtp` is Exim's of old).
#[must_use]
pub fn is_authenticated(protocol: &str) -> bool {
    let protocol = protocol.to_ascii_lowercase();
    let plain = protocol.trim_start_matches("utf8");
    matches!(plain, "asmtp" | "esmtpa" | "esmtpsa" | "lmtpa" | "lmtpsa" | "smtpa" | "smtpsa")
}

/// The words and the comments of a field in their order; none where brackets do not pair.
#[must_use]
pub fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let mut words = |piece| parts_of(piece).for_each(|word| parts.push(word));
    for (at, c) in text.char_indices() {
        match c {
            '(' => {
                if depth == 0 {
                    words(Part::Word(text.get(start..at)?));
                    start = at + 1;
                }
                depth += 1;
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    words(Part::Comment(text.get(start..at)?));
                    start = at + 1;
                }
            }
            _ => {}
        }
    }
    words(Part::Word(text.get(start..)?));
    (depth == 0).then_some(parts)
}

/// A comment as it is, a text outside of one in its words.
fn parts_of(piece: Part<'_>) -> impl Iterator<Item = Part<'_>> {
    let (comment, text) = match piece {
        Part::Comment(_) => (Some(piece), ""),
        Part::Word(text) => (None, text),
    };
    comment.into_iter().chain(text.split_ascii_whitespace().map(Part::Word))
}

/// Where this word stands outside of comments.
fn places(parts: &[Part<'_>], name: &str) -> Vec<usize> {
    let is = |part: &Part<'_>| matches!(part, Part::Word(word) if word.eq_ignore_ascii_case(name));
    parts.iter().enumerate().filter(|(_, part)| is(part)).map(|(at, _)| at).collect()
}

/// Whether nothing in it could be what a client made up to hide what the server wrote. Quotation marks stand only around the
/// names of a certificate; behind `by` no comment holds what belongs in front of it.
fn is_clean(front: &[Part<'_>], back: &[Part<'_>]) -> bool {
    let quotes = |part: &Part<'_>| match part {
        Part::Comment(text) | Part::Word(text) => text.contains('"'),
    };
    let certificate = |part: &Part<'_>| match part {
        Part::Comment(text) => text.starts_with("Client CN \"") && !text.contains(['[', ']']),
        Part::Word(_) => false,
    };
    let with = places(back, "with").first().copied().unwrap_or(back.len());
    let hides = |(at, part): (usize, &Part<'_>)| match part {
        Part::Comment(text) => {
            let mut words = text.split(|c: char| c.is_ascii_whitespace() || "()".contains(c));
            let clause = words.any(|word| ["by", "from"].iter().any(|name| word.eq_ignore_ascii_case(name)));
            clause || (at > with && text.contains(['[', ']']))
        }
        Part::Word(_) => false,
    };
    front.iter().all(|part| !quotes(part) || certificate(part))
        && !back.iter().any(quotes)
        && !back.iter().enumerate().any(hides)
}

/// The address and the name between `from` and `by`.
fn client<'t>(front: &[Part<'t>], back: &[Part<'t>]) -> Result<(IpAddr, &'t str), Unread> {
    let Some((Part::Word(word), rest)) = front.split_first() else { return Err(Unread::NoAddress) };
    let rest = &rest[..rest.len() - crypted(rest)];
    let mut comments = Vec::new();
    for part in rest {
        match part {
            Part::Comment(text) => comments.push(*text),
            Part::Word(_) => return Err(Unread::Doubtful),
        }
    }
    let named = comments.first().and_then(|text| called(text));
    let comments = if named.is_some() { &comments[1..] } else { &comments[..] };
    if let Some((first, others)) = comments.split_first()
        && let Some((ip, exim_helo)) = address(first)
    {
        // A second one would be as good as the first.
        let alone = others.iter().all(|text| !text.contains(['[', ']']) && bare(text).is_none());
        // Who names the client by its address alone names it no second time, and nobody says twice what it is called.
        let once = named.is_none() || (exim_helo.is_none() && literal(word).is_none());
        let helo = exim_helo.or(named).unwrap_or(word);
        return if alone && once { Ok((ip, helo)) } else { Err(Unread::Doubtful) };
    }
    // Without an address in brackets only two programs name the client by its address alone.
    if comments.iter().any(|text| text.contains(['[', ']'])) {
        let no_address = comments.len() == 1 && comments[0].matches('[').count() == 1;
        return Err(if no_address { Unread::NoAddress } else { Unread::Doubtful });
    }
    let wrote = |name: &str| back.iter().any(|part| matches!(part, Part::Comment(text) if text.starts_with(name)));
    match literal(word) {
        Some(ip) if wrote("Exim ") || wrote("CommuniGate Pro ") => Ok((ip, named.unwrap_or(word))),
        _ => Err(Unread::NoAddress),
    }
}

/// How many words at the end are what s/qmail says of TLS: `de/crypted with VERSION: CIPHER [256/256] DN=NAME`.
fn crypted(rest: &[Part<'_>]) -> usize {
    let first = rest.iter().position(|part| *part == Part::Word("de/crypted"));
    let Some(at) = first else { return 0 };
    let mut words = rest[at..].iter().map_while(|part| match part {
        Part::Word(word) => Some(*word),
        Part::Comment(_) => None,
    });
    let mut next = || words.next().unwrap_or_default();
    let (_, with, version, _cipher, bits) = (next(), next(), next(), next(), next());
    let is_bits = bits.strip_prefix('[').and_then(|bits| bits.strip_suffix(']')).is_some_and(|bits| {
        bits.split('/').all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let good = with == "with" && version.ends_with(':') && is_bits;
    let length = rest.len() - at;
    let named = length == 5 || (length == 6 && next().starts_with("DN="));
    if good && named { length } else { 0 }
}

/// What a client calls itself, in a comment of its own: `HELO name` of qmail, `EHLO name` of James, and what Exim writes behind an
/// address outside of one.
fn called(text: &str) -> Option<&str> {
    let one_word = |name: &&str| !name.is_empty() && !name.contains([' ', '\t', '(']);
    let qmail = text.strip_prefix("HELO ").or_else(|| text.strip_prefix("EHLO "));
    qmail.filter(one_word).or_else(|| exim_helo(text).flatten())
}

/// `port=25 helo=name ident=user U=user`; none where it is not of this form, and none in it where no name is said.
fn exim_helo(text: &str) -> Option<Option<&str>> {
    let mut found = None;
    for word in text.split_ascii_whitespace() {
        match word.split_once('=')? {
            ("helo", name) if found.is_none() && !name.contains('(') => found = Some(name),
            ("ident" | "U", user) if !user.contains(['[', ']', '(']) => {}
            ("port", number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {}
            _ => return None,
        }
    }
    Some(found)
}

/// `rdns [ip]`, `[ip]`, `[ip] helo=name`, `[ip]:25 helo=name`, `rdns [ip] (may be forged)`, or the bare address: the address, and
/// what Exim says there of the name.
fn address(text: &str) -> Option<(IpAddr, Option<&str>)> {
    if let Some(ip) = bare(text) {
        return Some((ip, None));
    }
    let (before, rest) = text.split_once('[')?;
    let (inner, behind) = rest.split_once(']')?;
    let ip = literal_inner(inner)?;
    // A name of the DNS, or such a one with the user's name of the ident protocol in front; never what a client calls itself.
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:@/".contains(c);
    let called = |name: &str| name.eq_ignore_ascii_case("HELO") || name.eq_ignore_ascii_case("EHLO");
    let good = |name: &str| !name.is_empty() && name.chars().all(is_name) && !called(name);
    // Long fields are folded in there, and some programs leave the blanks of a fold.
    let name = before.trim_ascii_end();
    let is_apart = name.len() < before.len() || name.ends_with('@');
    let is_named = before.is_empty() || (is_apart && (good(name) || name == "<unknown>"));
    let port = behind.strip_prefix(':').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let behind = port.unwrap_or(behind).trim_ascii();
    let note = behind.strip_prefix('(').and_then(|note| note.strip_suffix(')'));
    match note {
        _ if !is_named => None,
        Some(note) if !note.contains(['[', ']']) => Some((ip, None)),
        Some(_) => None,
        None if before.is_empty() => exim_helo(behind).map(|helo| (ip, helo)),
        None => behind.is_empty().then_some((ip, None)),
    }
}

/// An address and nothing else: qmail and Exchange write no brackets.
fn bare(text: &str) -> Option<IpAddr> {
    // `user@address` of qmail: the user's name of the ident protocol, or of who proved who he is.
    text.rsplit_once('@').map_or(text, |(_, behind)| behind).parse().ok().filter(|_| !text.contains(' '))
}

fn literal(word: &str) -> Option<IpAddr> {
    literal_inner(word.strip_prefix('[')?.strip_suffix(']')?)
}

/// RFC 5321 section 4.1.3, and an IPv6 address without its tag.
fn literal_inner(inner: &str) -> Option<IpAddr> {
    match inner.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        _ => inner.parse().ok(),
    }
}

/// The protocol behind `with`.
fn protocol(back: &[Part<'_>]) -> Option<String> {
    let at = places(back, "with").first().copied()?;
    let mut words = back[at + 1..].iter().filter_map(|part| match part {
        Part::Word(word) => Some(word.trim_end_matches(';').to_ascii_lowercase()),
        Part::Comment(_) => None,
    });
    let first = words.next()?;
    if first == "microsoft" {
        let exchange = words.next().as_deref() == Some("smtp") && words.next().as_deref() == Some("server");
        return Some(if exchange { "smtp".to_owned() } else { first });
    }
    // The TLS of qmail's patches: `with AES128-SHA encrypted SMTP`.
    let first = if words.next().as_deref() == Some("encrypted") { words.next()? } else { first };
    Some(first.trim_start_matches("utf8").to_owned())
}

/// Postfix `Authenticated sender: name`, Sendmail `authenticated bits=0`, Courier `AUTH: LOGIN name`, Kerio `authenticated user
/// name`, CommuniGate `account name`, qmail `name@address`.
fn tells_authentication(part: &Part<'_>) -> bool {
    let Part::Comment(text) = part else { return false };
    let text = text.trim_ascii().to_ascii_lowercase();
    let words = ["authenticated", "auth:", "account "];
    words.iter().any(|word| text.starts_with(word)) || (text.contains('@') && bare(&text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_that_do_not_pair_make_no_parts() {
        for text in ["(", ")", "a (b", "a) b", "a (b (c) d", ")("] {
            assert_eq!(parts(text), None, "{text}");
        }
        let wanted = [Part::Word("a"), Part::Word("b"), Part::Comment("c (d) e"), Part::Word("f"), Part::Comment("")];
        assert_eq!(parts(" a\tb(c (d) e)f ()").unwrap(), wanted);
    }

    #[test]
    fn only_protocols_of_who_proved_himself_say_so() {
        for protocol in ["smtp", "esmtp", "esmtps", "lmtp", "utf8smtp", "utf8smtps", "local", "", "esmtpax"] {
            assert!(!is_authenticated(protocol), "{protocol}");
        }
        for protocol in ["ESMTPA", "esmtpsa", "SMTPA", "lmtpsa", "UTF8SMTPSA", "asmtp"] {
            assert!(is_authenticated(protocol), "{protocol}");
        }
    }
}
