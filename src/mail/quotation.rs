//! Which lines of a text its sender wrote, and which are quotation, signature or a mail program's own words.
//!
//! Promises: an opinion, linear in time; it decides only whether an answer to a challenge is shown as a message of
//! its own, never whether it counts. In doubt a line is not the sender's: then the answer is kept, not listed.
//! Never touches: encodings and markup.

/// The lines that the sender wrote himself, trimmed: each has a letter or a digit.
#[must_use]
pub fn own_lines(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut own = Vec::new();
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        if ends_the_text(&lines, at) {
            break;
        }
        match attribution(&lines, at) {
            Attribution::BeforeQuotation(next) => {
                at = next;
                continue;
            }
            Attribution::BeforeTheRest => break,
            Attribution::None => {}
        }
        if !is_quoted(line) && !is_programs_line(line) && line.contains(char::is_alphanumeric) {
            own.push(line);
        }
        at += 1;
    }
    own
}

/// `---------- Forwarded message ---------` and `-----Original Message-----`, in the languages of the larger programs.
fn is_head_of_another(line: &str) -> bool {
    const WORDS: [&str; 14] = [
        "message",
        "nachricht",
        "mensaje",
        "mensagem",
        "messaggio",
        "bericht",
        "meddelande",
        "meddelelse",
        "melding",
        "viesti",
        "wiadomo",
        "zpr\u{e1}va",
        "\u{441}\u{43e}\u{43e}\u{431}\u{449}",
        "\u{43f}\u{438}\u{441}\u{44c}\u{43c}",
    ];
    let ruled = line.starts_with("-----") && line.ends_with("----") && !line.contains("BEGIN PGP");
    let lower = if ruled { line.to_lowercase() } else { return false };
    WORDS.iter().any(|word| lower.contains(word))
}

/// Whether the line is quoted from another message.
#[must_use]
pub fn is_quoted(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('>') || line.starts_with("| ") || line == "|"
}

/// The lines above another message that is copied below words of the sender's own, without what is marked as quoted.
/// Signatures stay: at the end of mail to many stands what this is looked into for. `copies`: whether the Subject says
/// that another message is answered or passed on; else only a ruled line begins one, since newsletters have lines like
/// the others.
#[must_use]
pub fn lines_above_copy(text: &str, copies: bool) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let own = |line: &str| !is_quoted(line) && !is_ruled(line) && line.contains(char::is_alphanumeric);
    let mut begun = false;
    let mut end = lines.len();
    for at in 0..lines.len() {
        let copied = || {
            is_head_of_another(lines[at])
                || (copies && begins_copied_head(&lines[at..]))
                || (copies && matches!(attribution(&lines, at), Attribution::BeforeTheRest))
        };
        if begun && copied() {
            end = at;
            break;
        }
        begun |= own(lines[at]);
    }
    lines[..end].iter().copied().filter(|line| !is_quoted(line)).collect()
}

/// Lines in which the author and the Subject of a copied message stand close together.
const COPIED_HEAD_LINES: usize = 8;

/// Whether the header block of a copied message begins in the first of these lines, as mail programs put it above what
/// is answered or passed on, in their languages: author and Subject, in either order.
fn begins_copied_head(lines: &[&str]) -> bool {
    const AUTHOR: [&str; 16] = [
        "From",
        "Von",
        "De",
        "Da",
        "Van",
        "Od",
        "Fr\u{e5}n",
        "Fra",
        "L\u{e4}hett\u{e4}j\u{e4}",
        "Felad\u{f3}",
        "Kimden",
        "\u{41e}\u{442}",
        "\u{412}\u{456}\u{434}",
        "\u{53d1}\u{4ef6}\u{4eba}",
        "\u{5dee}\u{51fa}\u{4eba}",
        "\u{bcf4}\u{b0b8} \u{c0ac}\u{b78c}",
    ];
    const SUBJECT: [&str; 18] = [
        "Subject",
        "Betreff",
        "Objet",
        "Asunto",
        "Assunto",
        "Oggetto",
        "Onderwerp",
        "\u{c4}mne",
        "Emne",
        "Aihe",
        "Temat",
        "P\u{159}edm\u{11b}t",
        "T\u{e1}rgy",
        "Konu",
        "\u{422}\u{435}\u{43c}\u{430}",
        "\u{4e3b}\u{9898}",
        "\u{4ef6}\u{540d}",
        "\u{c81c}\u{baa9}",
    ];
    let is = |line: &str, names: &[&str]| {
        let name = line.split([':', '\u{ff1a}']).next().filter(|name| name.len() < line.len());
        name.is_some_and(|name| names.contains(&name.trim_matches(|c: char| c.is_whitespace() || c == '*')))
    };
    let near = &lines[..lines.len().min(COPIED_HEAD_LINES)];
    let any = |names: &[&str]| near.iter().any(|line| is(line, names));
    near.first().is_some_and(|line| is(line, &AUTHOR) || is(line, &SUBJECT)) && any(&AUTHOR) && any(&SUBJECT)
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

/// How an attribution begins in the languages of the larger mail programs, lower case.
const STARTS: [&str; 14] =
    ["am ", "da ", "de ", "den ", "dne ", "dnia ", "el ", "em ", "il ", "le ", "on ", "op ", "p\u{e5} ", "w dniu "];

/// How an attribution ends, before its colon, lower case.
const VERBS: [&str; 15] = [
    "escreveu",
    "escribi\u{f3}",
    "ha scritto",
    "kirjoitti",
    "napisa\u{142}",
    "napsal",
    "said",
    "schreef",
    "schrieb",
    "skrev",
    "writes",
    "wrote",
    "yazd\u{131}",
    "\u{e9}crit",
    "\u{43f}\u{438}\u{448}\u{435}\u{442}",
];

fn attribution(lines: &[&str], at: usize) -> Attribution {
    let start = lines[at].to_lowercase();
    let known_start = STARTS.iter().any(|word| start.starts_with(word));
    let length = if known_start { ATTRIBUTION_LINES } else { 1 };
    let mut dated = false;
    for (offset, line) in lines[at..].iter().take(length).enumerate() {
        if line.is_empty() || is_quoted(line) {
            break;
        }
        dated |= line.contains('@') || line.bytes().filter(u8::is_ascii_digit).count() >= 4;
        let Some(words) = line.strip_suffix([':', '\u{ff1a}']) else { continue };
        let words = words.trim_end().to_lowercase();
        let verb = VERBS.iter().any(|verb| words.ends_with(verb));
        let next = at + offset + 1;
        let quotation = lines[next..].iter().find(|line| !line.is_empty()).is_some_and(|line| is_quoted(line));
        if quotation && (verb || dated) {
            return Attribution::BeforeQuotation(next);
        }
        if known_start && verb && dated {
            return Attribution::BeforeTheRest;
        }
    }
    Attribution::None
}

/// Whether all from this line on is no text of the sender's: a signature, or another message under a header.
fn ends_the_text(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    // Then the line that Outlook draws.
    let drawn = line.len() >= 10 && line.bytes().all(|b| b == b'_');
    line == "--" || is_ruled(line) || drawn || begins_header_block(lines, at)
}

/// `-----Original Message-----` in whatever language, also `-----BEGIN PGP SIGNATURE-----`; but signed and encrypted
/// text is the sender's.
fn is_ruled(line: &str) -> bool {
    let armor = line.starts_with("-----BEGIN PGP") && line.ends_with("MESSAGE-----");
    line.starts_with("-----") && line.ends_with("-----") && line.contains(char::is_alphabetic) && !armor
}

/// `From: …` with `Sent: …` in the next line, as Outlook puts it above what it quotes.
fn begins_header_block(lines: &[&str], at: usize) -> bool {
    const FROM: [&str; 8] = ["From:", "Von:", "De:", "De\u{a0}:", "De :", "Da:", "Van:", "Od:"];
    let field = |line: &&str| {
        line.split_once(':').is_some_and(|(name, value)| {
            let name = name.trim_matches(|c: char| c.is_whitespace() || c == '*');
            (2..=12).contains(&name.chars().count())
                && name.chars().all(char::is_alphabetic)
                && value.trim_start_matches('*').starts_with(char::is_whitespace)
        })
    };
    let line = lines[at].trim_start_matches('*');
    FROM.iter().any(|name| line.starts_with(name)) && lines.get(at + 1).is_some_and(field)
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
    STARTS.iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_or_programs_wrote_is_not_the_senders() {
        for text in [
            "",
            "\n \n",
            "> a\n  > b\n>c",
            "| a\n|",
            "On Sat, 21 Nov 2026 at 10:00, Alice <alice@x.org> wrote:\n\n> a",
            "On Sat, 21 Nov 2026 at 10:00, Alice\n<alice@x.org>\nwrote:\n> a\n",
            "Am 21.11.2026 um 10:00 schrieb Alice:\n> a",
            "Le sam. 21 nov. 2026 \u{e0} 10:00, Alice a \u{e9}crit :\n> a",
            "2026\u{5e74}11\u{6708}21\u{65e5} 10:00 Alice <alice@x.org>:\n> a",
            "Alice wrote:\n> a",
            "On 21/11/2026 10:00, Alice wrote:\n\na without marks\nb",
            "-- \nBob\nTelephone 1",
            "-----Original Message-----\na",
            "---------- Urspr\u{fc}ngliche Nachricht ----------\na",
            "________________________________\nVon: Alice\nGesendet: heute\na",
            "From: Alice <alice@x.org>\nSent: Saturday\nTo: Bob\n\na",
            "*From:* Alice\n*Sent:* Saturday\n\na",
            "Sent from my telephone",
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n> a\n-----BEGIN PGP SIGNATURE-----\nabc\n\
            -----END PGP SIGNATURE-----",
            "[]\n...\n--\nx",
        ] {
            assert_eq!(own_lines(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn what_stands_below_a_signature_is_not_quoted() {
        let footer = "Yes.\n> a\n-- \nBob\n____________________\nFriends list\n----- News -----\nb";
        assert_eq!(lines_above_copy(footer, true).len(), 7);
        for (start, copies) in [
            ("---------- Forwarded message ---------", false),
            ("-----Original Message-----", false),
            ("-------- Weitergeleitete Nachricht --------", false),
            ("From: Alice <alice@x.org>\nSent: Saturday\nSubject: Tea", true),
            ("On 21/11/2026 10:00, Alice wrote:\n", true),
        ] {
            let text = format!("Look!\n{start}\nBuy\n");
            assert_eq!(lines_above_copy(&text, true), ["Look!"], "{start}");
            // Without a mark in the Subject only a ruled line counts.
            assert_eq!(lines_above_copy(&text, false).len() > 1, copies, "{start}");
        }
    }

    #[test]
    fn what_the_sender_wrote_is_found_between_quotations() {
        assert_eq!(own_lines("Yes.\n\nOn 21/11/2026, Alice wrote:\n> a\n ok 2\n> b\n-- \nBob"), ["Yes.", "ok 2"]);
        assert_eq!(own_lines("See here:\n> a"), ["See here:"]);
        assert_eq!(own_lines("On Monday I come.\n> a"), ["On Monday I come."]);
        assert_eq!(own_lines("From: here to there\nit is far"), ["From: here to there", "it is far"]);
        assert_eq!(own_lines("\u{6771}\u{4eac}"), ["\u{6771}\u{4eac}"]);
        assert_eq!(own_lines("a\n-----\nb"), ["a", "b"]);
        assert_eq!(
            own_lines("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes\n-----BEGIN PGP SIGNATURE-----\nabc"),
            ["Yes"]
        );
        assert!(!own_lines("-----BEGIN PGP MESSAGE-----\nabc").is_empty());
    }

    #[test]
    fn a_message_copied_below_own_words_is_found_in_many_programs_form() {
        for copy in [
            "From: Seeds <news@x.org>\nSent: Saturday\nTo: Bob\nSubject: Spring\n\nbuy",
            "-----Urspr\u{fc}ngliche Nachricht-----\nVon: Seeds\nGesendet: heute\nAn: Bob\nBetreff: x\n\nbuy",
            "-------- Forwarded Message --------\nSubject: \tSpring\nDate: \ttoday\nFrom: \tSeeds\n\nbuy",
            "Begin forwarded message:\n\n*From: *Seeds\n*Subject: *Spring\n\nbuy",
            "De : Seeds\nEnvoy\u{e9} : samedi\n\u{c0} : Bob\nObjet : x\n\nbuy",
            "On Saturday, 21 November 2026, Seeds <news@x.org> wrote:\n\nbuy",
        ] {
            let found = lines_above_copy(&format!("Do you know them?\n> quoted\nBob\n\n{copy}"), true).join("|");
            assert!(found.starts_with("Do you know them?|Bob|") && !found.contains("buy"), "{found}");
        }
        for all in [
            "From: Seeds\nSubject: Spring\n\nbuy",
            "-----Offers-----\nFrom: Seeds\nSubject: Spring\n\nbuy",
            "Fly!\nFrom: Berlin\nTo: Rome\nbuy",
            "Hello\n-- \nBob\n________________\n-----Contact-----\nTel: 1\nbuy",
            "Hello\nSubject: tea, and\n1\n2\n3\n4\n5\n6\n7\nFrom: here\nbuy",
        ] {
            assert!(lines_above_copy(all, true).ends_with(&["buy"]), "{all}");
        }
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        let start = std::time::Instant::now();
        for unit in
            ["\n", "on 2026:\n", "on 2026\n", "wrote:\n", "wrote:\n\n\n\n", ">\n", "From: a\n", "a: b\n", "-", "_"]
        {
            let text = unit.repeat(256 * 1024 / unit.len());
            drop((own_lines(&text), lines_above_copy(&text, true)));
        }
        let blank = format!("wrote 2026:{}", "\n".repeat(256 * 1024));
        drop((own_lines(&blank), lines_above_copy(&blank, true)));
        assert!(start.elapsed().as_secs() < 20);
    }
}
