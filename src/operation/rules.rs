//! The files of rules in which a user tells procmail or maildrop where mail goes, as far as that can be read from outside.
//!
//! Promises: a value that only their program can work out is given as it is written, and never guessed. Never touches: the files.

use std::collections::HashMap;
use std::path::Path;

use crate::operation::place::{Place, place_of};
use crate::world::surroundings;

/// Most files that are read because another includes them.
const INCLUDED: usize = 20;
/// Where mail systems keep an mbox for each user.
pub const SPOOL: &str = "/var/mail";

/// For whom.
#[derive(Clone, Copy)]
pub struct Who<'a> {
    /// The home.
    pub home: &'a Path,
    /// The login name; empty if nobody says it.
    pub name: &'a str,
}

/// The lines of such a file that are no comments.
pub fn lines_that_count(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#'))
}

/// What a file of rules for procmail or maildrop sets, outside of braces.
pub struct Rules<'a> {
    who: Who<'a>,
    variables: HashMap<String, String>,
    /// The last `DEFAULT`: its value, or as written where only its program knows what it means.
    default: Option<Result<String, String>>,
    /// How many files may still be included.
    left: usize,
    /// Included files that could not be read.
    pub unread: Vec<String>,
}

impl<'a> Rules<'a> {
    /// Reads them; what they include too.
    #[must_use]
    pub fn read(text: &str, who: Who<'a>) -> Rules<'a> {
        let mut variables = HashMap::from([("HOME".to_owned(), who.home.display().to_string())]);
        if !who.name.is_empty() {
            variables.extend(["LOGNAME", "USER"].map(|name| (name.to_owned(), who.name.to_owned())));
            variables.insert("ORGMAIL".to_owned(), format!("{SPOOL}/{}", who.name));
        }
        let mut rules = Rules { who, variables, default: None, left: INCLUDED, unread: Vec::new() };
        rules.take_in(text);
        rules
    }

    /// What the last `DEFAULT` means; its value as written where only its program knows it.
    #[must_use]
    pub fn default(&self) -> Option<Result<Place, String>> {
        let folder = self.variables.get("MAILDIR").map_or(self.who.home, Path::new);
        let value = self.default.clone()?;
        Some(value.and_then(|value| place_of(&value, folder).ok_or(value)))
    }

    fn take_in(&mut self, text: &str) {
        let mut depth = 0_usize;
        for line in text.lines().map(str::trim) {
            match line.bytes().next() {
                Some(b'{') => depth += usize::from(!line.ends_with('}')),
                Some(b'}') => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                _ => match line.strip_prefix("include").filter(|rest| rest.starts_with([' ', '\t', '"'])) {
                    Some(file) => self.include(file.trim()),
                    None => self.assign(line),
                },
            }
        }
    }

    /// What stands on one line: procmail reads more than one assignment there.
    fn assign(&mut self, mut line: &str) {
        while let Some((name, value)) = line.split_once('=') {
            let name = name.trim();
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return;
            }
            let (expanded, rest) = expand(value.trim_start(), &self.variables);
            let written = || value[..value.len() - rest.len()].trim().to_owned();
            match name {
                "INCLUDERC" | "SWITCHRC" => self.include(&written()),
                "DEFAULT" => self.default = Some(expanded.clone().ok_or_else(written)),
                _ => {}
            }
            match expanded {
                Some(expanded) => self.variables.insert(name.to_owned(), expanded),
                None => self.variables.remove(name),
            };
            line = rest.trim_start_matches([' ', '\t', ';']);
        }
    }

    fn include(&mut self, written: &str) {
        let path = expand(written, &self.variables).0.map(|path| self.who.home.join(path));
        let text = path.filter(|_| self.left > 0).map(|path| surroundings::written_by_hand(&path));
        match text {
            Some(Ok(text)) => {
                self.left -= 1;
                self.take_in(&text.unwrap_or_default());
            }
            _ => self.unread.push(written.to_owned()),
        }
    }
}

/// The value at the beginning of that text, up to a blank or semicolon outside of quotes, with its variables, and what stands
/// behind it. No value where a variable is not known, or something else is to be worked out.
fn expand<'a>(text: &'a str, variables: &HashMap<String, String>) -> (Option<String>, &'a str) {
    let (mut out, mut known, mut quote) = (String::new(), !text.starts_with(['|', '!']), None);
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        if quote.is_none() && (sign.is_whitespace() || sign == ';') {
            break;
        }
        rest = &rest[sign.len_utf8()..];
        match sign {
            '"' | '\'' if quote.is_none() => quote = Some(sign),
            _ if quote == Some(sign) => quote = None,
            _ if quote == Some('\'') => out.push(sign),
            '$' => {
                let (name, behind) = variable(rest);
                rest = behind;
                match variables.get(name) {
                    Some(value) => out.push_str(value),
                    None => known = false,
                }
            }
            '`' => {
                known = false;
                rest = rest.split_once('`').map_or("", |(_, behind)| behind);
            }
            // procmail takes it for a part of the name.
            '\\' | '~' => known = false,
            _ => out.push(sign),
        }
    }
    ((known && quote.is_none() && !out.is_empty()).then_some(out), rest)
}

/// The name behind a `$`, and what stands behind it.
fn variable(text: &str) -> (&str, &str) {
    match text.strip_prefix('{') {
        Some(braced) => braced.split_once('}').unwrap_or(("", "")),
        None => text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::operation::place::tests::{maildir, mbox_at};

    pub(in crate::operation) fn who(home: &Path) -> Who<'_> {
        Who { home, name: "alice" }
    }

    #[test]
    fn the_last_default_of_the_rules_is_read() {
        let home = Path::new("/home/alice");
        let of = |text: &str| Rules::read(text, who(home)).default();
        for (text, place) in [
            ("DEFAULT=$HOME/Maildir/\n", maildir("/home/alice/Maildir")),
            ("  DEFAULT = \"${HOME}/Maildir/\" # mine\n", maildir("/home/alice/Maildir")),
            ("MAILDIR=$HOME/mail\nDEFAULT=$MAILDIR/inbox\n", mbox_at("/home/alice/mail/inbox")),
            ("MAILDIR=$HOME/mail\nDEFAULT=inbox/\n", maildir("/home/alice/mail/inbox")),
            ("DEFAULT=a\nDEFAULT=/var/mail/$LOGNAME\n", mbox_at("/var/mail/alice")),
            ("DEFAULT=$ORGMAIL\n", mbox_at("/var/mail/alice")),
            ("DEFAULT=./Maildir/", maildir("/home/alice/./Maildir")),
            ("MAILDIR=$HOME/mail DEFAULT=$MAILDIR/inbox # mine", mbox_at("/home/alice/mail/inbox")),
            ("DEFAULT=$HOME/\"My Mail\"/'in box'", mbox_at("/home/alice/My Mail/in box")),
            ("MINE=$HOME/mine\nDEFAULT=$MINE/", maildir("/home/alice/mine")),
            ("* ^Subject: DEFAULT=x\n| DEFAULT=y\nDEFAULT=box;", mbox_at("/home/alice/box")),
            ("DEFAULT=box/\n:0\n{\n  DEFAULT=other\n}\n", maildir("/home/alice/box")),
        ] {
            assert_eq!(of(text), Some(Ok(place)), "{text:?}");
        }
        for text in ["", "# DEFAULT=x\n", "XDEFAULT=x\n", "DEFAULTS=x", ":0\n* a\nb\n"] {
            assert_eq!(of(text), None, "{text:?}");
        }
        for text in [
            "DEFAULT=`pick one`",
            "DEFAULT=$OTHER/x",
            "DEFAULT=|cat",
            "DEFAULT=!bob@x.y",
            "DEFAULT=/var/\\\nmail/x",
            "DEFAULT=${A:-b}",
            "DEFAULT=\"x",
            "DEFAULT=mail/.",
            "DEFAULT=${HOME",
            "DEFAULT=\"\"",
            "DEFAULT=$",
        ] {
            assert!(matches!(of(text), Some(Err(_))), "{text:?}: {:?}", of(text));
        }
        // A folder that is no Maildir: procmail would number files in it.
        assert!(matches!(of("DEFAULT=/usr\n"), Some(Err(_))));
    }
}
