//! The lines by which a mail system calls this program, made from the very files in `procmail-examples/`, so that
//! what is printed is what the tests with real mail programs have run.
//!
//! Promises: whole paths; a path that these programs would read in different ways is refused. Never touches: files.

use std::path::{Path, PathBuf};

use crate::operation::place::Place;

const PROCMAIL: &str = include_str!("../../../procmail-examples/procmail-gate.rc");
const MAILDROP: &str = include_str!("../../../procmail-examples/maildrop-gate.mailfilter");
const FORWARD: &str = include_str!("../../../procmail-examples/forward");
const CRONTAB: &str = include_str!("../../../procmail-examples/crontab");
/// The program in the examples.
const SHIPPED: &str = "/usr/local/bin/countersign";
/// The folder of sent mail in the examples.
const SENT: &str = "$HOME/Maildir/.Sent";
/// What a whole file of rules for procmail sets, and one that is there has its own of.
const PROCMAIL_VARIABLES: [&str; 8] =
    ["PATH=", "SHELL=", "UMASK=", "MAILDIR=", "DEFAULT=", "ORGMAIL=", "LOGFILE=", "TIMEOUT="];
/// The inbox in the examples, without the slash that procmail wants.
const INBOX: &str = "$HOME/Maildir";

/// What is called, and with what.
#[derive(Clone, Debug)]
pub struct Recipes {
    call: Call,
    inbox: Option<InboxPath>,
}

/// The inbox as these files write it, without the slash by which procmail knows a Maildir.
#[derive(Clone, Debug)]
enum InboxPath {
    Maildir(String),
    Mbox(String),
}

/// How a shell writes the program and its flags.
#[derive(Clone, Debug)]
struct Call {
    program: String,
    flags: String,
}

/// A path that cannot be written so that procmail, maildrop, cron and a mail system's shell all read it alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddPath(pub PathBuf);

impl Recipes {
    /// The lines for that program; `config` if the configuration is not where a mail system's call would look for
    /// it, `inbox` if it is not `~/Maildir`.
    ///
    /// # Errors
    /// [`OddPath`]
    pub fn new(program: &Path, config: Option<&Path>, inbox: Option<&Place>) -> Result<Recipes, OddPath> {
        let flags = match config {
            Some(path) => format!(" --config {}", in_shell(&plain(path)?)),
            None => String::new(),
        };
        let program = in_shell(&plain(program)?);
        let inbox = match inbox {
            Some(Place::Maildir(path)) => Some(InboxPath::Maildir(plain(path)?)),
            Some(Place::Mbox(path)) => Some(InboxPath::Mbox(plain(path)?)),
            None => None,
        };
        Ok(Recipes { call: Call { program, flags }, inbox })
    }

    /// For `~/.procmailrc`.
    #[must_use]
    pub fn procmail(&self) -> String {
        let text = self.with_call(PROCMAIL);
        match &self.inbox {
            Some(InboxPath::Maildir(inbox)) => text.replace(&format!("{INBOX}/"), &format!("\"{inbox}/\"")),
            Some(InboxPath::Mbox(inbox)) => text.replace(&format!("{INBOX}/"), &format!("\"{inbox}\"")),
            None => text,
        }
    }

    /// For a `~/.procmailrc` that is there already, in front of its first recipe: its variables stay its own, and what passes
    /// goes where it went before.
    #[must_use]
    pub fn procmail_beside(&self) -> String {
        without(&self.procmail(), |line| PROCMAIL_VARIABLES.iter().any(|name| line.starts_with(name)))
    }

    /// For `~/.mailfilter`.
    #[must_use]
    pub fn maildrop(&self) -> String {
        let text = self.with_call(MAILDROP);
        match &self.inbox {
            Some(InboxPath::Maildir(inbox) | InboxPath::Mbox(inbox)) => text.replace(INBOX, inbox),
            None => text,
        }
    }

    /// For a `~/.mailfilter` that is there already, in the same way.
    #[must_use]
    pub fn maildrop_beside(&self) -> String {
        without(&self.maildrop(), |line| line.starts_with("DEFAULT=") || line.starts_with("to \"$DEFAULT\""))
    }

    /// For `~/.forward`.
    #[must_use]
    pub fn forward(&self) -> String {
        self.with_call(FORWARD)
    }

    /// For `crontab -e`; without these folders of sent mail, or where cron would read one's name in another way, no line learns
    /// from them.
    #[must_use]
    pub fn crontab(&self, sent: &[PathBuf]) -> String {
        let text = self.with_call(CRONTAB);
        let words: Result<Vec<String>, OddPath> = sent.iter().map(|path| Ok(in_shell(&plain(path)?))).collect();
        match words {
            Ok(words) if !words.is_empty() => text.replace(SENT, &words.join(" ")),
            _ => without(&text, |line| line.contains(SENT)),
        }
    }

    fn with_call(&self, example: &str) -> String {
        let mut out = String::new();
        for line in without_comments(example).lines() {
            out.push_str(&self.call.in_place_of_shipped(line));
            out.push('\n');
        }
        out
    }
}

impl Call {
    /// The flags stand behind the command's name.
    fn in_place_of_shipped(&self, line: &str) -> String {
        let Some((before, after)) = line.split_once(SHIPPED) else { return line.to_owned() };
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len());
        format!("{before}{} {}{}{}", self.program, &after[..end], self.flags, &after[end..])
    }
}

/// The lines but those, and no empty line at the ends.
fn without(text: &str, unwanted: impl Fn(&str) -> bool) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !unwanted(line)).collect();
    format!("{}\n", lines.join("\n").trim_matches('\n'))
}

/// The example without its explanations, and without an empty line where one would begin or follow another.
fn without_comments(example: &str) -> String {
    let mut out = String::new();
    for line in example.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if !line.trim().is_empty() || !(out.is_empty() || out.ends_with("\n\n")) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Letters, digits, blanks and a few signs mean the same to all of them, in quotes.
fn plain(path: &Path) -> Result<String, OddPath> {
    let good = |c: char| c.is_alphanumeric() || "/._-+@,:= ".contains(c);
    match path.to_str() {
        Some(text) if path.is_absolute() && text.chars().all(good) => Ok(text.to_owned()),
        _ => Err(OddPath(path.to_owned())),
    }
}

fn in_shell(path: &str) -> String {
    if path.contains(' ') { format!("'{path}'") } else { path.to_owned() }
}

impl std::fmt::Display for OddPath {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "the path {:?} has signs that procmail, maildrop and shells read in different ways; use one of letters, \
             digits, blanks and . _ - + @ , : =",
            self.0
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::program::output_of;

    fn shipped() -> Recipes {
        Recipes::new(Path::new(SHIPPED), None, None).unwrap()
    }

    fn odd() -> Recipes {
        let (program, config) = (Path::new("/opt/my programs/countersign"), Path::new("/home/al ice/c.toml"));
        Recipes::new(program, Some(config), Some(&Place::Maildir("/var/my mail/alice".into()))).unwrap()
    }

    #[test]
    fn the_printed_lines_are_those_of_the_examples() {
        let lines = |text: &str| -> Vec<String> {
            let said = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            said.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        let recipes = shipped();
        assert_eq!(lines(&recipes.procmail()), lines(PROCMAIL));
        assert_eq!(lines(&recipes.maildrop()), lines(MAILDROP));
        assert_eq!(lines(&recipes.forward()), lines(FORWARD));
        let sent = [PathBuf::from("/home/alice/Maildir/.Sent")];
        assert_eq!(lines(&recipes.crontab(&sent)), lines(&CRONTAB.replace("$HOME", "/home/alice")));
    }

    #[test]
    fn what_makes_them_safe_is_in_them() {
        let recipes = shipped();
        for needed in [":0 W\n", "ANSWER=$?", "^^99^^", "EXITCODE=75", "  HOST\n", "EXTENSION=$1", "TIMEOUT=120"] {
            assert!(recipes.procmail().contains(needed), "procmail: {needed:?}");
        }
        for needed in ["$RETURNCODE == 0", "$RETURNCODE != 99", "EXITCODE=75", "EXTENSION=\"$1\"", "to \"$DEFAULT\""] {
            assert!(recipes.maildrop().contains(needed), "maildrop: {needed:?}");
        }
        assert_eq!(recipes.forward(), format!("\"|{SHIPPED} deliver || exit 75\"\n"));
    }

    #[test]
    fn blanks_in_paths_are_quoted() {
        let call = |name: &str| format!("'/opt/my programs/countersign' {name} --config '/home/al ice/c.toml'");
        let recipes = odd();
        assert!(recipes.procmail().contains(&format!("\n| {}\n", call("gate"))), "{}", recipes.procmail());
        assert!(recipes.procmail().contains("\nDEFAULT=\"/var/my mail/alice/\"\n"), "{}", recipes.procmail());
        assert!(recipes.maildrop().contains(&format!("\n`{}`\n", call("gate"))));
        assert!(recipes.maildrop().contains("DEFAULT=\"/var/my mail/alice\"\n"));
        assert_eq!(recipes.forward(), format!("\"|{} || exit 75\"\n", call("deliver")));
        assert!(recipes.crontab(&[]).contains(&format!("{}\n", call("digest"))));
        let sent = |name: &str| recipes.crontab(&["/m/.Sent".into(), name.into()]);
        assert!(
            sent("/m/.Sent Items")
                .contains(&format!("{} --sent /m/.Sent '/m/.Sent Items' >/dev/null\n", call("learn")))
        );
        // cron cuts a line at this.
        for text in [recipes.crontab(&[]), sent("/m/100%")] {
            assert!(!text.contains("learn") && text.contains("digest") && text.contains("maintain"), "{text}");
        }
    }

    #[test]
    fn an_mbox_is_written_without_a_slash_and_rules_that_are_there_keep_their_own() {
        let mbox = Place::Mbox("/var/mail/alice".into());
        let recipes = Recipes::new(Path::new(SHIPPED), None, Some(&mbox)).unwrap();
        assert!(recipes.procmail().contains("\nDEFAULT=\"/var/mail/alice\"\n"), "{}", recipes.procmail());
        assert!(recipes.maildrop().contains("DEFAULT=\"/var/mail/alice\"\n"));
        for recipes in [recipes, shipped(), odd()] {
            let (procmail, maildrop) = (recipes.procmail_beside(), recipes.maildrop_beside());
            for text in [&procmail, &maildrop] {
                // Nor is a slow program of theirs ended sooner than it was.
                let others = ["DEFAULT", "MAILDIR", "ORGMAIL", "LOGFILE", "UMASK", "PATH", "TIMEOUT"];
                assert!(!others.iter().any(|name| text.contains(name)), "{text}");
                assert!(text.contains("EXTENSION=") && text.contains("gate"), "{text}");
                assert!(!text.starts_with('\n') && text.ends_with("}\n"), "{text}");
            }
            // All that is there is a part of the whole file, in its order.
            assert!(recipes.procmail().contains(procmail.as_str()), "{procmail}");
        }
    }

    #[test]
    fn a_shell_reads_every_call_as_it_is_meant() {
        let scratch = tempfile::tempdir().unwrap();
        let program = scratch.path().join("with a blank").join("countersign");
        std::fs::create_dir(program.parent().unwrap()).unwrap();
        std::fs::write(&program, "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let recipes = Recipes::new(&program, Some(Path::new("/a b/c.toml")), None).unwrap();
        let run = |line: &str| {
            let argv = ["/bin/sh".into(), "-c".into(), line.to_owned().into()];
            String::from_utf8(output_of(&argv, Duration::from_secs(10)).unwrap()).unwrap()
        };
        let of = |text: &str, mark: &str| text.lines().find_map(|l| l.strip_prefix(mark)).unwrap().to_owned();
        let forward = of(&recipes.forward(), "\"|");
        for (line, name) in [
            (of(&recipes.procmail(), "| "), "gate"),
            (of(&recipes.maildrop(), "`").trim_end_matches('`').to_owned(), "gate"),
            (forward.trim_end_matches('"').to_owned(), "deliver"),
            (
                recipes.crontab(&[]).lines().next().unwrap().split_whitespace().skip(5).collect::<Vec<_>>().join(" "),
                "digest",
            ),
        ] {
            assert_eq!(run(&line), format!("<{name}><--config></a b/c.toml>"), "{line}");
        }
    }

    #[test]
    fn blocks_are_closed_and_every_line_has_a_form() {
        for recipes in [shipped(), odd()] {
            let procmail = recipes.procmail();
            let forms = |line: &str| {
                let word = line.split('=').next().unwrap_or_default();
                let assigns = line.contains('=') && word.bytes().all(|b| b.is_ascii_uppercase());
                assigns
                    || matches!(line, ":0 W" | ":0" | "{" | "}" | "HOST" | "\"" | "")
                    || line.starts_with(['|', '*'])
            };
            for line in procmail.lines().map(str::trim) {
                assert!(forms(line), "procmail would not know {line:?}");
            }
            for text in [&procmail, &recipes.maildrop()] {
                assert_eq!(text.matches("\n{\n").count(), text.matches("\n}\n").count(), "{text}");
                assert_eq!(text.matches('"').count() % 2, 0, "{text}");
                assert_eq!(text.matches('`').count() % 2, 0, "{text}");
            }
        }
    }

    #[test]
    fn a_path_that_is_read_in_different_ways_is_refused() {
        for path in ["/a'b/c", "/a\"b", "/a$b", "/a`b", "/a%b", "/a\nb", "/a;b", "/a\\b", "relative/c", "/a*b", "/a#b"]
        {
            assert!(Recipes::new(Path::new(path), None, None).is_err(), "{path:?}");
            assert!(Recipes::new(Path::new(SHIPPED), Some(Path::new(path)), None).is_err(), "{path:?}");
            assert!(Recipes::new(Path::new(SHIPPED), None, Some(&Place::Mbox(path.into()))).is_err(), "{path:?}");
        }
    }
}
