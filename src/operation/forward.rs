//! A `.forward` file as Postfix, Exim and Sendmail read it, and what beside this program it gives mail to.
//!
//! Promises: what it does not know it names. Never touches: files.

/// One destination of a `.forward`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A program, with its line of shell.
    Program(String),
    /// An address, the user's own mailbox (`\user`), a file or a list of more.
    Other(String),
}

impl Destination {
    /// Whether that is a call of one of these programs.
    #[must_use]
    pub fn leads_to(&self, programs: &[&str]) -> bool {
        matches!(self, Destination::Program(line) if programs.iter().any(|program| line.contains(program)))
    }
}

/// The destinations, in order. They stand on lines of their own or behind commas; quotation marks keep a comma in.
#[must_use]
pub fn destinations(text: &str) -> Vec<Destination> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let (mut part, mut quoted) = (String::new(), false);
        for character in line.chars().chain([',']) {
            match character {
                '"' => quoted = !quoted,
                ',' if !quoted => found.extend(destination(&std::mem::take(&mut part))),
                other => part.push(other),
            }
        }
        found.extend(destination(&part));
    }
    found
}

fn destination(part: &str) -> Option<Destination> {
    let part = part.trim();
    match part.strip_prefix('|') {
        _ if part.is_empty() => None,
        Some(command) => Some(Destination::Program(command.trim().to_owned())),
        None => Some(Destination::Other(part.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_stand_on_lines_and_behind_commas() {
        let program = |text: &str| Destination::Program(text.into());
        let other = |text: &str| Destination::Other(text.into());
        for (text, wanted) in [
            ("", vec![]),
            ("# \"|x\"\n\n", vec![]),
            ("\"|countersign deliver || exit 75\"\n", vec![program("countersign deliver || exit 75")]),
            ("|countersign", vec![program("countersign")]),
            (
                "\\alice, \"|/usr/bin/vacation alice, all\",bob@example.net\n/var/mail/x\n",
                vec![
                    other("\\alice"),
                    program("/usr/bin/vacation alice, all"),
                    other("bob@example.net"),
                    other("/var/mail/x"),
                ],
            ),
            ("\"|unclosed, x", vec![program("unclosed, x,")]),
        ] {
            assert_eq!(destinations(text), wanted, "{text:?}");
        }
    }
}
