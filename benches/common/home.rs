//! One user's mailbox, set up by the program itself, and the runs that are made in it.
//!
//! Promises: the configuration is the one that `init` writes, and everything lies below the folder it was given. Never
//! touches: the caller's environment; a run sees HOME and PATH and nothing else.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::letter::{FRIEND, Letter, Writer};

/// What every run sees besides HOME.
pub const PATH: &str = "/usr/bin:/bin";

/// A program that takes one message on standard input.
#[derive(Clone, Debug)]
pub struct Job {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What it takes for its home.
    pub home: PathBuf,
    /// The exit code by which it did what it should.
    pub code: i32,
    /// The user it runs as, where it is not the caller.
    pub user: Option<u32>,
    /// Whether it becomes another program on its way, by which alone it is counted.
    pub becomes: bool,
}

impl Job {
    pub fn new(command: &[&str], home: &Path, code: i32) -> Job {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Job { command, home: home.to_owned(), code, user: None, becomes: false }
    }
}

/// A mailbox.
#[derive(Clone, Debug)]
pub struct Home {
    pub path: PathBuf,
    pub program: PathBuf,
}

impl Home {
    /// Makes a mailbox at `path`, with one friend on its list; `sendmail` is what its challenges are given to.
    pub fn make(path: &Path, program: &Path, sendmail: &Path) -> Home {
        fs::create_dir_all(path).unwrap();
        let home = Home { path: path.to_owned(), program: program.to_owned() };
        home.must(&[
            "init",
            "--address",
            "alice@example.org",
            "--authserv-id",
            "mx.example.org",
            "--delimiter",
            "+",
            "--maildir",
            path.join("Maildir").to_str().unwrap(),
            "--sendmail",
            sendmail.to_str().unwrap(),
        ]);
        home.must(&["allow", FRIEND]);
        home.pin_friend();
        home
    }

    /// Lets the friend's mail come until its proof is asked for, as after the first days: what is counted is the rest of the
    /// time, in which nothing is written.
    fn pin_friend(&self) {
        let letter = self.path.join("first-letter");
        fs::write(&letter, Letter::from(Writer::Friend, 0).to_bytes()).unwrap();
        for _ in 0..3 {
            assert_eq!(self.run(&["gate"], Some(&letter)).status.code(), Some(99), "the friend passes");
        }
        fs::remove_file(letter).unwrap();
        assert!(self.must(&["check", FRIEND]).contains("says pass"), "the friend is pinned");
    }

    /// Lifts the limits on challenges, so that as many strangers are asked as write.
    pub fn ask_everybody(&self) {
        let file = self.path.join(".config/countersign/config.toml");
        let text = fs::read_to_string(&file).unwrap();
        let changed = text.replace("# per_hour = 20", "per_hour = 1000").replace("# per_day = 100", "per_day = 10000");
        assert!(
            changed.contains("\nper_hour = 1000\nper_day = 10000\n"),
            "init writes other lines than this bench knows"
        );
        fs::write(file, changed).unwrap();
    }

    /// Says when the program looks by itself, at what this name server says; it is off before.
    pub fn look(&self, word: &str, server: &str) {
        let file = self.path.join(".config/countersign/config.toml");
        let text = fs::read_to_string(&file).unwrap();
        let off = format!("look = \"off\"\ndns = [\"{server}\"]");
        let looks = off.replace("off", word);
        let before = if text.contains(&off) { &off } else { "# look = \"off\"" };
        let changed = text.replace(before, &looks);
        assert!(changed.contains(&looks), "init writes another line than this bench knows");
        fs::write(file, changed).unwrap();
    }

    /// One run of the program with these arguments.
    pub fn job(&self, arguments: &[&str], code: i32) -> Job {
        let mut job = Job::new(&[self.program.to_str().unwrap()], &self.path, code);
        job.command.extend(arguments.iter().map(|word| (*word).to_owned()));
        job
    }

    /// Runs a command that must end with 0; what it said.
    pub fn must(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, None);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Gives a message to `deliver`, which must take it.
    pub fn deliver(&self, message: &Path) {
        let output = self.run(&["deliver"], Some(message));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn run(&self, arguments: &[&str], input: Option<&Path>) -> Output {
        Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("HOME", &self.path)
            .env("PATH", PATH)
            .stdin(input.map_or_else(Stdio::null, |path| File::open(path).unwrap().into()))
            .output()
            .unwrap()
    }

    pub fn inbox(&self) -> PathBuf {
        self.path.join("Maildir")
    }

    pub fn quarantine(&self) -> PathBuf {
        self.path.join("Maildir/.Held")
    }

    /// How many messages are held.
    pub fn held(&self) -> usize {
        ["new", "cur"].iter().map(|name| files(&self.quarantine().join(name))).sum()
    }

    /// How many messages came into the inbox.
    pub fn delivered(&self) -> usize {
        files(&self.inbox().join("new"))
    }
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}
