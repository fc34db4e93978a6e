//! The programs that stand beside ours, each set up as plainly as it can be.
//!
//! Promises: nothing is installed; of what is missing it is said which Debian package has it. Never touches: ours.

use std::fs;
use std::fs::File;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::home::Job;
use crate::common::letter::{Letter, Writer};
use crate::common::{c, empty};
use crate::page::Page;

/// Where each is looked for, and the Debian package that has it.
const PROGRAMS: [(&str, &str); 4] = [
    ("procmail", "/usr/bin/procmail"),
    ("maildrop", "/usr/bin/maildrop"),
    ("dovecot-core", "/usr/lib/dovecot/dovecot-lda"),
    ("bogofilter", "/usr/bin/bogofilter"),
];
/// dovecot-lda refuses root: nobody's number in Debian.
const NOBODY: u32 = 65_534;
/// Letters of each kind that bogofilter learns.
const LEARNT: u64 = 200;

/// One of them.
#[derive(Clone, Debug)]
pub struct Peer {
    pub name: &'static str,
    pub job: Job,
    /// Where it puts messages.
    pub into: Option<PathBuf>,
}

/// Those that are there.
#[derive(Clone, Debug, Default)]
pub struct Peers(pub Vec<Peer>);

/// The packages that are there, with their programs.
pub fn packages() -> Vec<(&'static str, Option<&'static Path>)> {
    PROGRAMS.iter().map(|(package, path)| (*package, Some(Path::new(*path)).filter(|path| path.exists()))).collect()
}

impl Peers {
    /// Sets all of them up below `folder`; what is missing is said on the page.
    pub fn prepare(folder: &Path, page: &mut Page) -> Peers {
        fs::create_dir(folder).unwrap();
        let mut peers = Vec::new();
        let floors = [
            ("empty Rust program", empty::build(folder), None),
            ("empty C program, static", c::build(folder, "nothing", "int main(void) { return 0; }\n"), None),
            ("copy with fsync", c::build(folder, "copy", include_str!("copy.c")), Some(maildir(folder, "copied"))),
        ];
        for (name, program, into) in floors {
            match program {
                Ok(program) => {
                    let mut job = Job::new(&[program.to_str().unwrap()], folder, 0);
                    job.command.extend(into.iter().map(|folder| folder.to_str().unwrap().to_owned()));
                    peers.push(Peer { name, job, into });
                }
                Err(why) => page.leave_out(format!("{name}: {why}")),
            }
        }
        for (package, path) in packages() {
            let Some(path) = path else {
                page.leave_out(format!("{package}: not installed (Debian: {package})"));
                continue;
            };
            let peer = match package {
                "procmail" => procmail(folder, path),
                "maildrop" => maildrop(folder, path),
                "bogofilter" => bogofilter(folder, path),
                _ => dovecot(folder, path),
            };
            match peer {
                Ok(peer) => peers.push(peer),
                Err(why) => page.leave_out(format!("{package}: {why}")),
            }
        }
        Peers(peers)
    }

    /// One of them by its name.
    pub fn get(&self, name: &str) -> Option<&Peer> {
        self.0.iter().find(|peer| peer.name == name)
    }
}

/// A copy that changes no user or group: valgrind refuses one that does, and here nothing is gained by it.
fn plain(folder: &Path, path: &Path) -> PathBuf {
    let copy = folder.join(path.file_name().unwrap()).with_extension("copy");
    fs::copy(path, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

fn procmail(folder: &Path, path: &Path) -> Result<Peer, String> {
    let path = plain(folder, path);
    let into = maildir(folder, "procmail");
    let recipe = folder.join("procmailrc");
    let home = into.parent().unwrap().display();
    fs::write(&recipe, format!("PATH=/usr/bin:/bin\nSHELL=/bin/sh\nMAILDIR={home}\nDEFAULT={home}/\n")).unwrap();
    let job = Job::new(&[path.to_str().unwrap(), "-t", recipe.to_str().unwrap()], folder, 0);
    tried(Peer { name: "procmail", job, into: Some(into) })
}

fn maildrop(folder: &Path, path: &Path) -> Result<Peer, String> {
    let path = plain(folder, path);
    let into = maildir(folder, "maildrop");
    let filter = folder.join("mailfilter");
    fs::write(&filter, format!("to \"{}\"\n", into.parent().unwrap().display())).unwrap();
    fs::set_permissions(&filter, fs::Permissions::from_mode(0o600)).unwrap();
    let job = Job::new(&[path.to_str().unwrap(), filter.to_str().unwrap()], folder, 0);
    tried(Peer { name: "maildrop", job, into: Some(into) })
}

/// `-p`: the message goes through and gets a field that says what it is; nothing is stored.
fn bogofilter(folder: &Path, path: &Path) -> Result<Peer, String> {
    let words = folder.join("bogofilter");
    fs::create_dir(&words).unwrap();
    for (flag, writer) in [("-n", Writer::Friend), ("-s", Writer::Unproven)] {
        let mbox = folder.join("learn.mbox");
        fs::write(&mbox, mbox_of((0..LEARNT).map(|number| Letter::from(writer, number)))).unwrap();
        let learn = Command::new(path).args([flag, "-M", "-d"]).arg(&words).stdin(File::open(mbox).unwrap()).status();
        if !learn.is_ok_and(|status| status.success()) {
            return Err("it does not learn".to_owned());
        }
    }
    let job = Job::new(&[path.to_str().unwrap(), "-p", "-e", "-d", words.to_str().unwrap()], folder, 0);
    tried(Peer { name: "bogofilter -p", job, into: None })
}

fn dovecot(folder: &Path, path: &Path) -> Result<Peer, String> {
    let home = folder.join("dovecot");
    let into = maildir(folder, "dovecot");
    let config = folder.join("dovecot.conf");
    let text = format!(
        "mail_location = maildir:{0}\nlog_path = {0}/log\nssl = no\npostmaster_address = postmaster@example.org\n\
         hostname = mx.example.org\nbase_dir = {0}/run\nstate_dir = {0}/state\nstats_writer_socket_path =\n",
        home.display()
    );
    fs::write(&config, text).unwrap();
    let mut job = Job::new(&[path.to_str().unwrap(), "-c", config.to_str().unwrap()], &home, 0);
    job.becomes = true;
    let parents = [&home, &home.join("new"), &home.join("cur"), &home.join("tmp")];
    if parents.iter().all(|folder| chown(folder, Some(NOBODY), Some(NOBODY)).is_ok()) {
        job.user = Some(NOBODY);
    }
    tried(Peer { name: "dovecot-lda", job, into: Some(into) })
}

/// A peer that takes a message, and stores it if that is its work.
fn tried(peer: Peer) -> Result<Peer, String> {
    let letter = peer.job.home.join("letter");
    fs::write(&letter, Letter::from(Writer::Friend, 0).to_bytes()).unwrap();
    let mut command = match peer.job.user {
        None => Command::new(&peer.job.command[0]),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={user}"), format!("--regid={user}")]).arg("--clear-groups");
            command.arg(&peer.job.command[0]);
            command
        }
    };
    let output = command
        .args(&peer.job.command[1..])
        .env_clear()
        .env("HOME", &peer.job.home)
        .env("USER", "nobody")
        .stdin(File::open(letter).map_or_else(|_| Stdio::null(), Stdio::from))
        .output()
        .map_err(|error| error.to_string())?;
    let stored = peer.into.as_ref().is_none_or(|folder| fs::read_dir(folder).unwrap().count() == 1);
    if output.status.code() == Some(peer.job.code) && stored {
        return Ok(peer);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("it does not take a message here: {} {}", output.status, said.trim().replace('\n', "; ")))
}

/// Makes a Maildir; its new/.
fn maildir(folder: &Path, name: &str) -> PathBuf {
    for part in ["cur", "tmp", "new"] {
        fs::create_dir_all(folder.join(name).join(part)).unwrap();
    }
    folder.join(name).join("new")
}

/// One mbox of letters.
pub fn mbox_of(letters: impl Iterator<Item = Letter>) -> Vec<u8> {
    let mut out = Vec::new();
    for letter in letters {
        out.extend_from_slice(format!("From {} Sat Nov 21 12:00:00 2026\n", letter.address()).as_bytes());
        out.extend_from_slice(&letter.to_bytes());
        out.push(b'\n');
    }
    out
}
