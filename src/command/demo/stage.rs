//! The stage of `demo`: a scratch home in which this very program runs as a mail system runs it, with a sendmail that
//! writes down what it is given instead of sending it.
//!
//! Promises: nothing outside the scratch home is read or written by what runs on it. Never touches: the story.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::mail::head::{HEAD_LIMIT, Head};
use crate::operation::installation::Installation;
use crate::operation::trouble::Trouble;
use crate::world::config::Environment;
use crate::world::maildir::Maildir;
use crate::world::scratch::Scratch;
use crate::world::{program, surroundings};

/// How long one run may take; it takes some milliseconds.
const RUN_LIMIT: Duration = Duration::from_secs(60);
/// What stands for the mail system's sendmail.
const SENDMAIL: &str = "#!/bin/sh\n\
    # Stands for sendmail: writes down its arguments and the mail, and sends nothing.\n\
    n=1\n\
    while [ -e \"$HOME/sent/$n\" ]; do n=$((n + 1)); done\n\
    { echo \"$*\"; cat; } > \"$HOME/sent/$n\"\n";

/// One scratch home.
pub struct Stage {
    scratch: Scratch,
    program: PathBuf,
    sendmail: PathBuf,
}

/// One call of sendmail.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its arguments, in one line.
    pub arguments: String,
    /// The mail.
    pub mail: String,
}

/// What one run of this program answered.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// What it wrote.
    pub said: String,
}

impl Stage {
    /// Makes the scratch home.
    ///
    /// # Errors
    /// It cannot be made, or no script can run there.
    pub fn new() -> Result<Stage> {
        let program = surroundings::program()?;
        ensure!(surroundings::is_executable(Path::new("/bin/sh")), "there is no /bin/sh, and the demo needs it");
        let scratch = Scratch::new("countersign-demo")?;
        scratch.folder("sent")?;
        let sendmail = scratch.script("sendmail", SENDMAIL)?;
        let place = scratch.path().display();
        ensure!(surroundings::is_executable(&sendmail), "no program can run in {place}; set TMPDIR to another place");
        Ok(Stage { scratch, program, sendmail })
    }

    /// The scratch home.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.scratch.path()
    }

    /// The sendmail that writes down.
    #[must_use]
    pub fn sendmail(&self) -> &Path {
        &self.sendmail
    }

    /// Runs this program with these arguments on that input; it sees HOME and PATH and no other variable.
    ///
    /// # Errors
    /// It does not end by itself, or the user wants an end.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<Ran> {
        self.run_with(&[], arguments, input)
    }

    /// The same for a screen of so many columns, in the user's own zone, without an input.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_for_columns(&self, columns: usize, arguments: &[&str]) -> Result<Ran> {
        let zone = surroundings::zone().map(|zone| ("TZ".into(), zone));
        let variables: Vec<_> = zone.into_iter().chain([("COLUMNS".into(), columns.to_string().into())]).collect();
        self.run_with(&variables, arguments, "")
    }

    fn run_with(&self, further: &[(OsString, OsString)], arguments: &[&str], input: &str) -> Result<Ran> {
        let mut argv = vec![self.program.clone().into_os_string()];
        argv.extend(arguments.iter().map(OsString::from));
        let home = ("HOME".into(), self.home().as_os_str().to_owned());
        let variables: Vec<_> = further.iter().cloned().chain([home]).collect();
        let answer = program::answer_of(&argv, input.as_bytes(), &variables, RUN_LIMIT)?;
        if self.scratch.is_interrupted() {
            bail!("interrupted; the scratch folder is removed");
        }
        Ok(Ran { code: answer.0, said: String::from_utf8_lossy(&answer.1).into_owned() })
    }

    /// Lets the time pass in which a person would read what was sent: an answer that comes at once is a machine's.
    ///
    /// # Errors
    /// The store of the scratch home cannot be written.
    pub fn let_time_pass(&self, seconds: u32) -> Result<(), Trouble> {
        let environment = Environment { home: Some(self.home().to_owned()), ..Environment::default() };
        let mut store = Installation::open(&environment)?.store()?;
        for row in store.all_held()? {
            store.challenge_was_earlier(row.id, seconds)?;
        }
        Ok(())
    }

    /// What sendmail was given, in order.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn sent(&self) -> Result<Vec<Sent>> {
        let mut found = Vec::new();
        for number in 1_usize.. {
            let path = self.home().join("sent").join(number.to_string());
            if !path.exists() {
                break;
            }
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let (arguments, mail) = text.split_once('\n').unwrap_or((&text, ""));
            found.push(Sent { arguments: arguments.to_owned(), mail: mail.to_owned() });
        }
        Ok(found)
    }

    /// The Message-IDs of what lies in the inbox.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn inbox(&self) -> Result<Vec<String>> {
        message_ids(&Maildir::at(self.home().join("Maildir")))
    }

    /// The Message-IDs of what is held.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn held(&self) -> Result<Vec<String>> {
        message_ids(&Maildir::at(self.home().join("Maildir")).folder("Held"))
    }

    /// Removes the scratch home.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub fn remove(self) -> Result<()> {
        self.scratch.remove()
    }
}

impl Sent {
    /// The value of a field of the mail; empty if there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> String {
        let head = Head::read(self.mail.as_bytes());
        head.first(name).map(crate::mail::head::Field::text).unwrap_or_default()
    }
}

fn message_ids(maildir: &Maildir) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in maildir.entries()? {
        let Some(start) = entry?.head(HEAD_LIMIT)? else { continue };
        let id = Head::read(&start).first("Message-ID").map(crate::mail::head::Field::text);
        found.push(id.unwrap_or_default());
    }
    found.sort();
    Ok(found)
}
