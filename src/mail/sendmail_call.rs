//! A call of sendmail, read from its arguments as Postfix, Exim, OpenSMTPD, Sendmail, msmtp, nullmailer and dma read them.
//!
//! Promises: a word that may be an option's argument is never taken for a recipient; where those programs differ, or an option
//! is not known here, the call is none that anything is learned from. Never touches: the arguments themselves, which are
//! handed on as they are.

use std::ffi::OsString;

use super::address::Address;
use super::recipients::recipients;

/// Most recipients that are read from the arguments.
const RECIPIENT_LIMIT: usize = 2_000;
/// Letters that stand alone.
const FLAGS: &str = "Gcimnstvx";
/// Letters with an argument, in the same word or the next one.
const WITH_ARGUMENT: &str = "ABCFLNORXaefhpr";
/// Letters whose argument some of those programs want in the same word, and others in the next one or not at all: `-V`
/// is an envelope id, and alone Postfix's VERP; `-D` and `-d` take a file, a level or nothing.
const ATTACHED: &str = "DVd";
/// What may follow `-o`. Exim's `-oMa`, `-oX` and others take the next word, so what is not here is not known.
const OLD_OPTIONS: [&str; 15] =
    ["7", "8", "db", "dd", "di", "dq", "ee", "em", "ep", "eq", "ew", "i", "itrue", "m", "o"];
/// msmtp's long options with an argument.
const LONG_WITH_ARGUMENT: [&str; 15] = [
    "account",
    "aliases",
    "domain",
    "dsn-notify",
    "dsn-return",
    "file",
    "from",
    "host",
    "logfile",
    "maildomain",
    "passwordeval",
    "port",
    "protocol",
    "timeout",
    "user",
];
/// Those that stand alone or have theirs behind `=`.
const LONG: [&str; 16] = [
    "add-missing-date-header",
    "add-missing-from-header",
    "allow-from-override",
    "auth",
    "auto-from",
    "debug",
    "keepbcc",
    "read-envelope-from",
    "read-recipients",
    "remove-bcc-headers",
    "set-date-header",
    "set-from-header",
    "set-msgid-header",
    "tls",
    "tls-starttls",
    "undisclosed-recipients",
];

/// What a call asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendmailCall {
    /// Something else, or something that is not understood.
    Other,
    /// To send the message on standard input.
    Submission(Submission),
}

/// A message that is to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    /// The recipients among the arguments; a local user's bare name is none.
    pub recipients: Vec<Address>,
    /// Whether its fields name recipients too (`-t`).
    pub reads_fields: bool,
    /// Whether a line with nothing but a dot may end it.
    pub dot_ends: bool,
    /// Whether it has the null sender: what a program sends and nobody is to answer.
    pub null_sender: bool,
}

impl SendmailCall {
    /// Reads the arguments, without the program's name.
    #[must_use]
    pub fn read(arguments: &[OsString]) -> SendmailCall {
        let mut words = Words { all: arguments, at: 0 };
        let mut call = Submission { dot_ends: true, ..Submission::default() };
        match options(&mut words, &mut call) {
            Some(operands) if call.reads_fields || !operands.is_empty() => {
                let found = operands.iter().flat_map(|word| recipients(word.as_bytes(), RECIPIENT_LIMIT));
                call.recipients = found.take(RECIPIENT_LIMIT).collect();
                SendmailCall::Submission(call)
            }
            _ => SendmailCall::Other,
        }
    }
}

/// The arguments, and how far they are read.
struct Words<'a> {
    all: &'a [OsString],
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a OsString> {
        let word = self.all.get(self.at)?;
        self.at += 1;
        Some(word)
    }
}

/// Reads the options and gives what stands behind them; none for a call that is not understood, or is for something else.
fn options<'a>(words: &mut Words<'a>, call: &mut Submission) -> Option<Vec<&'a str>> {
    while let Some(word) = words.next() {
        // What is no text may be anything.
        let word = word.to_str()?;
        match word.strip_prefix("--") {
            Some("") => return Some(rest(words)),
            Some(long) => long_option(long, words, call)?,
            None => match word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                Some(letters) => short_options(letters, words, call)?,
                None => {
                    words.at -= 1;
                    let operands = rest(words);
                    // Some read an option behind a recipient, others take it for one.
                    return operands.iter().all(|word| !word.starts_with('-') || *word == "-").then_some(operands);
                }
            },
        }
    }
    Some(Vec::new())
}

/// The words that are left; one that is no text names nobody.
fn rest<'a>(words: &mut Words<'a>) -> Vec<&'a str> {
    let rest = &words.all[words.at..];
    words.at = words.all.len();
    rest.iter().map(|word| word.to_str().unwrap_or_default()).collect()
}

fn long_option(text: &str, words: &mut Words<'_>, call: &mut Submission) -> Option<()> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if LONG_WITH_ARGUMENT.contains(&name) {
        let value = match value {
            Some(value) => value,
            None => words.next()?.to_string_lossy().into_owned(),
        };
        call.null_sender |= name == "from" && is_null(&value);
        return Some(());
    }
    call.reads_fields |= name == "read-recipients";
    LONG.contains(&name).then_some(())
}

/// The letters of one word. One with an argument takes the rest of the word for it.
fn short_options(letters: &str, words: &mut Words<'_>, call: &mut Submission) -> Option<()> {
    for (at, letter) in letters.char_indices() {
        let rest = &letters[at + letter.len_utf8()..];
        if letter == 'b' {
            return (rest == "m").then_some(());
        }
        if ATTACHED.contains(letter) {
            return (!rest.is_empty()).then_some(());
        }
        if letter == 'o' || WITH_ARGUMENT.contains(letter) {
            let value = if rest.is_empty() { words.next()?.to_string_lossy().into_owned() } else { rest.to_owned() };
            call.null_sender |= matches!(letter, 'f' | 'r') && is_null(&value);
            call.dot_ends &= letter != 'o' || !matches!(value.as_str(), "i" | "itrue");
            return (letter != 'o' || OLD_OPTIONS.contains(&value.as_str())).then_some(());
        }
        if !FLAGS.contains(letter) {
            return None;
        }
        call.reads_fields |= letter == 't';
        call.dot_ends &= letter != 'i';
    }
    Some(())
}

fn is_null(sender: &str) -> bool {
    matches!(sender.trim(), "" | "<>")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[&str]) -> SendmailCall {
        SendmailCall::read(&line.iter().map(OsString::from).collect::<Vec<_>>())
    }

    /// Recipients, and which of `t`, `.` and `<>` hold.
    fn submission(line: &[&str]) -> (Vec<String>, String) {
        let SendmailCall::Submission(call) = read(line) else { panic!("{line:?} is none") };
        let marks = [(call.reads_fields, "t"), (call.dot_ends, "."), (call.null_sender, "<>")];
        let marks = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect();
        (call.recipients.iter().map(ToString::to_string).collect(), marks)
    }

    #[test]
    fn recipients_are_what_stands_behind_the_options() {
        let (bob, none): (&[&str], &[&str]) = (&["bob@x.org"], &[]);
        for (line, wanted, marks) in [
            (&["bob@x.org"][..], bob, "."),
            (&["-oi", "-oem", "--", "bob@x.org"], bob, ""),
            (&["-oi", "-oem", "-f", "alice@example.org", "--", "bob@x.org"], bob, ""),
            (&["-bm", "-i", "-falice@example.org", "bob@x.org"], bob, ""),
            (&["-i", "-F", "eve@evil.example", "bob@x.org"], bob, ""),
            (&["-Feve@evil.example", "-o", "i", "bob@x.org"], bob, ""),
            (&["-N", "success,failure", "-R", "hdrs", "-V1", "bob@x.org"], bob, "."),
            (&["-a", "eve@evil.example", "-C", "/etc/msmtprc", "bob@x.org"], bob, "."),
            (&["--account", "eve@evil.example", "--file=/etc/x", "bob@x.org"], bob, "."),
            (&["--read-recipients", "--tls=on"], none, "t."),
            (&["-O", "DeliveryMode=b", "-X", "/tmp/log", "-h", "3", "-L", "tag", "-p", "x:y", "bob@x.org"], bob, "."),
            (&["-B8BITMIME", "-r", "eve@evil.example", "-A", "c", "bob@x.org"], bob, "."),
            (&["-Ac", "-Dfile", "-d0.1", "-em", "-odb", "bob@x.org"], bob, "."),
            (&["-t"], none, "t."),
            (&["-ti"], none, "t"),
            (&["-it", "-v"], none, "t"),
            (&["-vtf", "alice@example.org"], none, "t."),
            (&["-t", "-oi", "bob@x.org"], bob, "t"),
            (&["-f", "<>", "--", "bob@x.org"], bob, ".<>"),
            (&["-f", "", "bob@x.org"], bob, ".<>"),
            (&["-f<>", "bob@x.org"], bob, ".<>"),
            (&["--from=", "bob@x.org"], bob, ".<>"),
            (&["Bob <bob@x.org>"], bob, "."),
            (&["bob@x.org,carol@y.org", "dave@z.org"], &["bob@x.org", "carol@y.org", "dave@z.org"], "."),
            (&["--", "-t", "bob@x.org"], bob, "."),
            (&["bob"], none, "."),
            (&["-"], none, "."),
        ] {
            let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
            assert_eq!(submission(line), (wanted, marks.to_owned()), "{line:?}");
        }
    }

    #[test]
    fn everything_else_is_no_submission() {
        for line in [
            &[][..],
            &["-oi"],
            &["-bs"],
            &["-bp"],
            &["-bi"],
            &["-bv", "bob@x.org"],
            &["-bt", "bob@x.org"],
            &["-bd", "-q30m"],
            &["-bmt", "bob@x.org"],
            &["-b", "m", "bob@x.org"],
            &["-q"],
            &["-q30m", "bob@x.org"],
            &["-qRx.org"],
            &["-I"],
            &["-V"],
            &["-V", "bob@x.org"],
            &["-D", "bob@x.org"],
            &["-d", "bob@x.org"],
            &["-M", "1abc", "bob@x.org"],
            &["-Mvb", "1abc"],
            &["-S", "bob@x.org"],
            &["-P", "bob@x.org"],
            &["-Q", "bob@x.org"],
            &["-oMa", "192.0.2.1", "bob@x.org"],
            &["-oX", "25", "bob@x.org"],
            &["-oA", "/etc/aliases", "bob@x.org"],
            &["-o", "Ma", "bob@x.org"],
            &["-tz", "bob@x.org"],
            &["-é", "bob@x.org"],
            &["--version"],
            &["--help"],
            &["--serverinfo", "bob@x.org"],
            &["--acc", "x", "bob@x.org"],
            &["--unknown=1", "bob@x.org"],
            // An argument is missing.
            &["-t", "-f"],
            &["-t", "--account"],
            // Who reads it as an option, who as a recipient?
            &["bob@x.org", "-t"],
            &["bob@x.org", "--", "carol@y.org"],
        ] {
            assert_eq!(read(line), SendmailCall::Other, "{line:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_no_recipient_and_as_an_option_not_known() {
        use std::os::unix::ffi::OsStringExt;
        let bytes = |text: &[u8]| OsString::from_vec(text.to_vec());
        let call = SendmailCall::read(&["-F".into(), bytes(b"\xff"), "bob@x.org".into(), bytes(b"\xff@y.org")]);
        assert!(matches!(call, SendmailCall::Submission(Submission { recipients, .. }) if recipients.len() == 1));
        assert_eq!(SendmailCall::read(&[bytes(b"-\xff"), "bob@x.org".into()]), SendmailCall::Other);
        assert_eq!(SendmailCall::read(&[bytes(b"\xff"), "bob@x.org".into()]), SendmailCall::Other);
    }

    #[test]
    fn a_long_line_of_recipients_is_read_to_its_limit() {
        let many: Vec<OsString> = (0..3_000).map(|number| format!("p{number}@x.org").into()).collect();
        let SendmailCall::Submission(call) = SendmailCall::read(&many) else { panic!("none") };
        assert_eq!(call.recipients.len(), RECIPIENT_LIMIT);
    }
}
