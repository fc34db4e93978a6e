//! Which lines of a text its sender wrote, and which are quotation, signature or a mail program's own words.
//!
//! Promises: an opinion, linear in time; what a quotation looks like decides, in whatever language it is introduced. In
//! doubt a line is not the sender's: whether a text says anything at all is asked of `bare_answer.rs`. Never touches:
//! encodings and markup.

/// The lines of a text, trimmed, for whoever asks several things of them.
pub struct Lines<'t> {
    trimmed: Vec<&'t str>,
    /// Whether each is quoted from another message.
    quoted: Vec<bool>,
}

impl<'t> Lines<'t> {
    /// Of a text.
    #[must_use]
    pub fn of(text: &'t str) -> Lines<'t> {
        let trimmed: Vec<&str> = text.lines().map(str::trim).collect();
        let quoted = trimmed.iter().map(|line| is_quoted(line)).collect();
        Lines { trimmed, quoted }
    }

    /// The line of this number, trimmed.
    #[must_use]
    pub fn line(&self, number: usize) -> &'t str {
        self.trimmed.get(number).copied().unwrap_or_default()
    }

    /// The numbers of the lines that the sender wrote himself: each has a letter or a digit.
    pub fn own(&self) -> impl Iterator<Item = usize> {
        let lines = &self.trimmed[..];
        let mut at = 0;
        std::iter::from_fn(move || {
            while let Some(&line) = lines.get(at) {
                if ends_the_text(lines, at) {
                    break;
                }
                match attribution(lines, at) {
                    Attribution::BeforeQuotation(next) => {
                        at = next;
                        continue;
                    }
                    Attribution::BeforeTheRest => break,
                    Attribution::None => {}
                }
                at += 1;
                if !self.quoted[at - 1] && !is_programs_line(line) && line.contains(char::is_alphanumeric) {
                    return Some(at - 1);
                }
            }
            at = lines.len();
            None
        })
    }

    /// The numbers of the lines above another message that is copied below words of the sender's own, without what is marked
    /// as quoted. Signatures stay: at the end of mail to many stands what this is looked into for. `copies`: whether the
    /// Subject says that another message is answered or passed on; else only a ruled line begins one, since newsletters have
    /// lines like the others.
    pub fn above_copy(&self, copies: bool) -> impl Iterator<Item = usize> {
        let lines = &self.trimmed[..];
        let mut begun = false;
        let going_on = move |at: &usize| {
            let copied = || {
                begins_copy(lines, *at, copies)
                    || (copies && matches!(attribution(lines, *at), Attribution::BeforeTheRest))
            };
            if begun && copied() {
                return false;
            }
            let line = lines[*at];
            begun = begun || (!self.quoted[*at] && !is_ruled(line) && line.contains(char::is_alphanumeric));
            true
        };
        (0..lines.len()).take_while(going_on).filter(|at| !self.quoted[*at])
    }
}

/// The lines that the sender wrote himself, trimmed.
#[must_use]
pub fn own_lines(text: &str) -> Vec<&str> {
    let lines = Lines::of(text);
    lines.own().map(|number| lines.line(number)).collect()
}

/// The lines above a copied message, trimmed: see [`Lines::above_copy`].
#[must_use]
pub fn lines_above_copy(text: &str, copies: bool) -> Vec<&str> {
    let lines = Lines::of(text);
    lines.above_copy(copies).map(|number| lines.line(number)).collect()
}

/// `---------- Forwarded message ---------` and `-----Original Message-----`, in the languages of the larger programs.
fn is_head_of_another(line: &str) -> bool {
    const WORDS: &str = "\
        message nachricht mensaje mensagem messaggio bericht meddelande meddelelse melding viesti wiadomo zpráva \
        сообщ письм";
    let ruled = line.starts_with("-----") && line.ends_with("----") && !line.contains("BEGIN PGP");
    let lower = if ruled { line.to_lowercase() } else { return false };
    WORDS.split(' ').any(|word| lower.contains(word))
}

/// Whether the line is quoted from another message.
#[must_use]
pub fn is_quoted(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['>', '|', ')']) && is_mark(line) || has_initials(line)
}

/// `>`, and where a blank follows `|` and `)`.
fn is_mark(line: &str) -> bool {
    line.starts_with('>') || line.get(1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// `AL> `: the initials of who is quoted (RFC 1036 readers, FidoNet), at most three capitals.
fn has_initials(line: &str) -> bool {
    // Initials are letters, and those outside ASCII have capitals too.
    let first = line.as_bytes().first().is_some_and(|b| b.is_ascii_uppercase() || !b.is_ascii());
    if !first {
        return false;
    }
    let length = line.bytes().take(13).position(|b| b == b'>').unwrap_or_default();
    let (initials, rest) = line.split_at_checked(length).unwrap_or_default();
    (1..=3).contains(&initials.chars().count())
        && initials.chars().all(char::is_uppercase)
        && (rest == ">" || rest.starts_with("> ") || rest.starts_with(">>"))
}

/// Whether a copied message begins in this line: a ruled line or none, and the fields of its header block. `copies`: the
/// Subject speaks of one. If it does not, a ruled line must name a message in a known language or stand above a whole block
/// with a date: in newsletters stand addresses and telephone numbers below ruled lines.
fn begins_copy(lines: &[&str], at: usize, copies: bool) -> bool {
    let line = lines[at];
    if is_head_of_another(line) {
        return true;
    }
    if line.starts_with("-----") && line.ends_with("----") && line.contains(char::is_alphabetic) {
        let next = lines[at + 1..].iter().take(3).position(|line| !line.is_empty()).map(|offset| at + 1 + offset);
        let block = next.map(|next| HeaderBlock::at(lines, next)).unwrap_or_default();
        return block.lines >= 3 && block.dated || copies && block.lines >= 2;
    }
    let block = if copies { HeaderBlock::at(lines, at) } else { HeaderBlock::default() };
    block.is_likely() || block.lines >= 4
}

/// Most lines of the header block above a quotation.
const HEADER_BLOCK_LINES: usize = 12;

/// Lines of the form `Name: value`, one below the other, as mail programs put them above what they quote without marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderBlock {
    /// How many there are.
    pub lines: usize,
    /// Whether the first one holds a mail address: there the author stands. On a form the name comes first.
    pub author: bool,
    /// Whether one holds a date with a time.
    pub dated: bool,
    /// Whether the first ones are bold, as `*Name:* value` or `*Name: *value`.
    bold: bool,
}

impl HeaderBlock {
    /// The block that begins in this line, and not in one above; without lines if none does.
    #[must_use]
    pub fn at(lines: &[&str], at: usize) -> HeaderBlock {
        let mut block = HeaderBlock::default();
        if !is_field(lines[at]) || at > 0 && is_field(lines[at - 1]) {
            return block;
        }
        for line in lines[at..].iter().take(HEADER_BLOCK_LINES).take_while(|line| is_field(line)) {
            block.bold = line.starts_with('*') && (block.bold || block.lines == 0);
            block.author |= block.lines == 0 && holds_address(line);
            block.lines += 1;
            block.dated |= holds_date(line) && holds_time(line);
        }
        block
    }

    /// Whether it most likely is one: three lines, of which the first holds an address or one a date; or two bold ones.
    fn is_likely(self) -> bool {
        (self.lines >= 3 && (self.author || self.dated)) || (self.lines >= 2 && self.bold)
    }
}

/// `Name: value`, in any script: a short name without digits, then a blank or nothing behind the colon.
fn is_field(line: &str) -> bool {
    let colon = if line.is_ascii() { line.split_once(':') } else { line.split_once([':', '\u{ff1a}']) };
    let Some((name, value)) = colon else { return false };
    let name = name.trim_matches(|c: char| c == '*' || c.is_whitespace() || is_invisible(c));
    let odd = |c: char| c.is_numeric() || (c.is_ascii_punctuation() && !matches!(c, '-' | '.' | '/' | '\''));
    let value = value.trim_start_matches(|c: char| c == '*' || is_invisible(c));
    let parted = value.is_empty() || value.starts_with(char::is_whitespace) || line.contains('\u{ff1a}');
    parted
        && (1..=24).contains(&name.chars().take(25).count())
        && !name.contains(odd)
        && name.contains(char::is_alphabetic)
}

/// Characters without a width: they direct and join others.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether a mail address stands in it.
#[must_use]
pub fn holds_address(line: &str) -> bool {
    let part = |c: char| c.is_alphanumeric();
    line.match_indices('@').any(|(at, _)| line[..at].ends_with(part) && line[at + 1..].starts_with(part))
}

/// Whether a date stands in it: a year of four digits, or three numbers joined by `.`, `/` or `-`; digits of any script.
#[must_use]
pub fn holds_date(line: &str) -> bool {
    let (mut digits, mut joined) = (0, 0);
    for c in line.chars().chain([' ']) {
        if c.is_numeric() {
            digits += 1;
            continue;
        }
        joined += usize::from((1..=2).contains(&digits));
        if digits == 4 || joined == 3 {
            return true;
        }
        let joins = matches!(c, '.' | '/' | '-') && digits > 0;
        joined = if joins { joined } else { 0 };
        digits = 0;
    }
    false
}

/// Whether a time of day stands in it: two digits behind a number and `:`, `.` or `h`.
#[must_use]
pub fn holds_time(line: &str) -> bool {
    let mut last = ['\0'; 2];
    let mut run = 0;
    line.chars().chain([' ']).any(|c| {
        let ended =
            !c.is_numeric() && run == 2 && matches!(last[1], ':' | '.' | 'h' | '\u{ff1a}') && last[0].is_numeric();
        if c.is_numeric() {
            run += 1;
        } else {
            last = [if run > 0 { '0' } else { '\0' }, c];
            run = 0;
        }
        ended
    })
}

/// `On Saturday, Alice wrote:` and its like.
enum Attribution {
    /// The quotation follows it; the number is the line behind it.
    BeforeQuotation(usize),
    /// Some programs quote without marks: all that follows is taken for the quotation.
    BeforeTheRest,
    /// None.
    None,
}

/// Most lines that an attribution is wrapped to.
const ATTRIBUTION_LINES: usize = 4;

/// How an attribution ends, before its colon, lower case.
const VERBS: &str = "\
    escreveu|escribió|ha scritto|kirjoitti|napisał|napsal|said|schreef|schrieb|skrev|writes|wrote|yazdı|écrit|пишет";

/// The attribution that begins in this line: it ends in a colon and holds a date or an address, or one of the verbs. It
/// begins in a line of its own: with the date or the address that the lines below lack.
fn attribution(lines: &[&str], at: usize) -> Attribution {
    // Most lines stand near no colon at an end.
    if !lines[at..].iter().take(ATTRIBUTION_LINES).any(|line| line.ends_with([':', '\u{ff1a}'])) {
        return Attribution::None;
    }
    let (first_dated, first_address) = (digits(lines[at]) >= 4, holds_address(lines[at]));
    let (mut dated, mut address) = (false, false);
    for (offset, line) in lines[at..].iter().take(ATTRIBUTION_LINES).enumerate() {
        if line.is_empty() || is_quoted(line) || (offset > 0 && !(first_dated || first_address)) {
            break;
        }
        if offset > 0 {
            dated |= digits(line) >= 4;
            address |= holds_address(line);
        }
        let Some(words) = line.strip_suffix([':', '\u{ff1a}']) else { continue };
        let (begins, evidence) = match offset {
            0 => (true, first_dated || first_address),
            _ => ((first_dated && !dated) || (first_address && !address), true),
        };
        if !begins {
            break;
        }
        let verb = ends_in_writing(words);
        let next = at + offset + 1;
        let quotation = lines[next..].iter().find(|line| !line.is_empty()).is_some_and(|line| is_quoted(line));
        if quotation && (verb || evidence) {
            return Attribution::BeforeQuotation(next);
        }
        if verb && evidence {
            return Attribution::BeforeTheRest;
        }
        break;
    }
    Attribution::None
}

/// Whether the words before a colon say that somebody wrote what follows.
pub(super) fn ends_in_writing(words: &str) -> bool {
    let words = words.trim_end().to_lowercase();
    VERBS.split('|').any(|verb| words.ends_with(verb))
}

/// Most words of a name behind the verb.
const NAME_WORDS: usize = 4;

/// Whether a line tells in its last words that somebody wrote; in German the name follows.
#[must_use]
pub fn tells_of_writing(line: &str) -> bool {
    let line = line.to_lowercase();
    let last = |(at, verb): (usize, &str)| {
        let rest = &line[at + verb.len()..];
        let whole = !line[..at].ends_with(char::is_alphanumeric) && !rest.starts_with(char::is_alphanumeric);
        whole && rest.split_whitespace().count() <= NAME_WORDS && !rest.contains(char::is_numeric)
    };
    VERBS.split('|').any(|verb| line.match_indices(verb).any(last))
}

fn digits(line: &str) -> usize {
    line.chars().filter(|c| c.is_numeric()).count()
}

/// Whether all from this line on is no text of the sender's: a signature, or another message under a header.
fn ends_the_text(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    // Then the line that Outlook draws.
    let drawn = line.len() >= 10 && line.bytes().all(|b| b == b'_');
    line == "--" || is_ruled(line) || drawn || HeaderBlock::at(lines, at).is_likely()
}

/// `-----Original Message-----` in whatever language, also `-----BEGIN PGP SIGNATURE-----`; but signed and encrypted
/// text is the sender's.
fn is_ruled(line: &str) -> bool {
    let armor = line.starts_with("-----BEGIN PGP") && line.ends_with("MESSAGE-----");
    line.starts_with("-----") && line.ends_with("-----") && line.contains(char::is_alphabetic) && !armor
}

/// What telephones write under every message, and the first lines of signed text (RFC 9580 section 7).
fn is_programs_line(line: &str) -> bool {
    const STARTS: [&str; 13] = [
        "-----BEGIN PGP SIGNED MESSAGE-----",
        "Hash: SHA",
        "Sent from ",
        "Get Outlook for ",
        "Von meinem ",
        "Gesendet mit ",
        "Gesendet von ",
        "Outlook f\u{fc}r ",
        "Envoy\u{e9} de ",
        "Envoy\u{e9} depuis ",
        "Enviado desde ",
        "Inviato da ",
        "Verzonden vanaf ",
    ];
    let first = line.as_bytes().first();
    STARTS.iter().any(|start| start.as_bytes().first() == first && line.starts_with(start))
}
