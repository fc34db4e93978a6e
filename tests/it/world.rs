//! A scratch home with everything the program needs, a scripted sendmail, and one way to look at what came of a run.
//!
//! Promises: nothing outside the scratch folder is touched; the program sees `HOME`, `PATH` and what the test adds,
//! and nothing else of the caller's environment; a run that does not end is killed and fails the test.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use countersign::mail::address::Address;
use countersign::operation::installation::Installation;
use countersign::origin::auth::Proofs;
use countersign::policy::fingerprint::{Fingerprint, Kind};
use countersign::policy::standing::{Effect, Entry, Origin};
use countersign::policy::token::{Day, HeldId, Parties, Purpose, Token};
use countersign::world::config::{Config, Environment};
use countersign::world::maildir::Maildir;
use countersign::world::secret;
use countersign::world::store::{Store, StoreFile};

use super::letter::{AUTHSERV_ID, Letter, OWNER};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign");
/// The keys of every world, so that its tokens can be minted by hand.
pub const KEYS: &str = "version 1\n\
    token 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\
    list 1 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n";
/// Lines of configuration with which the inbox of a world is an mbox.
pub const MBOX: &str = "[inbox]\nmbox = \"~/mbox\"\n[quarantine]\nmaildir = \"~/Maildir/.Held\"\n";
/// No run takes longer, not even one that waits 30 s for a store and 60 s for a watchdog.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// One user's home.
pub struct World {
    folder: tempfile::TempDir,
    variables: Vec<(String, OsString)>,
    time_stands: AtomicBool,
}

/// What came of one run.
pub struct Outcome {
    /// What was run.
    pub command: String,
    /// The exit code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// Whether it read all of its standard input.
    pub drained: bool,
    /// What is in the world afterwards.
    pub after: State,
}

/// What is in a world.
pub struct State {
    /// The messages in the inbox, the oldest name first.
    pub inbox: Vec<Vec<u8>>,
    /// The messages in the quarantine.
    pub held: Vec<Vec<u8>>,
    /// The messages in the trash.
    pub trashed: Vec<Vec<u8>>,
    /// What was left in the `tmp` folders, but for marks.
    pub drafts: usize,
    /// The marks in the `tmp` of quarantine and trash: names of messages that an attempt has perhaps stored and not written down.
    pub marks: usize,
    /// What sendmail was given, in order.
    pub sent: Vec<Sent>,
}

/// One call of sendmail.
#[derive(Clone)]
pub struct Sent {
    /// Its arguments.
    pub argv: Vec<String>,
    /// Its environment, one variable a line.
    pub environment: String,
    /// Its standard input.
    pub message: String,
    /// How many messages lay in the quarantine when it was called.
    pub held_before: usize,
    /// The store as it was when it was called.
    pub store_before: PathBuf,
}

impl World {
    /// A user `alice@example.org` with plus-addressing and a trusted mail system; an empty list.
    pub fn new() -> World {
        World::with("")
    }

    /// The same with further lines of configuration; a table that is given replaces the one of the same name.
    pub fn with(configuration: &str) -> World {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let world = World { folder, variables: Vec::new(), time_stands: AtomicBool::new(false) };
        for folder in [world.config_folder(), world.data_folder(), world.path("sent"), world.path("elsewhere")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(world.sendmail(), sendmail_script(world.folder.path())).unwrap();
        fs::set_permissions(world.sendmail(), fs::Permissions::from_mode(0o755)).unwrap();
        world.sendmail_does("exit 0");
        world.configure(configuration);
        world.write_keys(KEYS);
        Maildir::at(world.inbox()).create().unwrap();
        Maildir::at(world.quarantine()).create().unwrap();
        assert!(Store::create(&world.store_file()).unwrap());
        world
    }

    /// Runs `deliver`.
    pub fn deliver(&self, message: impl Into<Vec<u8>>) -> Outcome {
        self.run(&["deliver"], message)
    }

    /// Runs `gate`.
    pub fn gate(&self, message: impl Into<Vec<u8>>) -> Outcome {
        self.run(&["gate"], message)
    }

    /// Runs `filter`.
    pub fn filter(&self, message: impl Into<Vec<u8>>) -> Outcome {
        self.run(&["filter"], message)
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str], input: impl Into<Vec<u8>>) -> Outcome {
        let mut command = self.command(PROGRAM);
        command.args(arguments);
        self.finish(&arguments.join(" "), command, input.into())
    }

    /// Runs a line of shell in which `$P` is the program.
    pub fn shell(&self, line: &str, input: impl Into<Vec<u8>>) -> Outcome {
        let mut command = self.command("/bin/sh");
        command.args(["-c", line]).env("P", PROGRAM);
        self.finish(line, command, input.into())
    }

    /// The program, not started yet, for a test that wants to do something to it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin").current_dir(self.path("elsewhere"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // A run that hangs is killed with all that it has started.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts the program and gives it its input without waiting for its end.
    pub fn start(&self, arguments: &[&str], input: &[u8]) -> Child {
        let mut child = self.command(PROGRAM).args(arguments).spawn().expect("the program starts");
        child.stdin.take().unwrap().write_all(input).unwrap();
        child
    }

    /// Waits for a run that was started, and looks at the world.
    pub fn wait(&self, what: &str, child: Child) -> Outcome {
        self.collect(what, child, Vec::new())
    }

    /// Sets a variable in the program's environment.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    fn finish(&self, what: &str, mut command: Command, input: Vec<u8>) -> Outcome {
        let child = command.spawn().expect("the program starts");
        self.collect(what, child, input)
    }

    fn collect(&self, what: &str, mut child: Child, input: Vec<u8>) -> Outcome {
        let stdin = child.stdin.take();
        let writer = std::thread::spawn(move || stdin.is_none_or(|mut stdin| stdin.write_all(&input).is_ok()));
        let (mut out, mut error) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || read_all(&mut out));
        let error_reader = std::thread::spawn(move || read_all(&mut error));
        let began = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > RUN_LIMIT {
                let group = rustix::process::Pid::from_child(&child);
                rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
                panic!("{what} did not end within {RUN_LIMIT:?}");
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        self.let_time_pass();
        Outcome {
            command: what.to_owned(),
            code: status.code(),
            signal: status.signal(),
            stdout: reader.join().unwrap(),
            stderr: error_reader.join().unwrap(),
            drained: writer.join().unwrap(),
            after: self.state(),
        }
    }

    /// Between two runs no time passes any more: what is answered from now on is answered at once.
    pub fn let_time_stand(&self) {
        self.time_stands.store(true, Ordering::Relaxed);
    }

    /// Between two runs people read their mail: what was asked a moment ago was asked an hour ago now. A store that
    /// cannot be written is the test's own doing.
    fn let_time_pass(&self) {
        if self.time_stands.load(Ordering::Relaxed) || !self.store_file().exists() {
            return;
        }
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let Ok(store) = rusqlite::Connection::open_with_flags(self.store_file(), flags) else { return };
        let hour_ago = countersign::world::clock::now() - 3_600;
        for column in ["slot", "sent"] {
            let recent = format!("FROM held WHERE {column} > {hour_ago}");
            let count = store.query_row(&format!("SELECT count(*) {recent}"), [], |row| row.get::<_, i64>(0));
            if count.is_ok_and(|count| count > 0) {
                let _ = store
                    .execute(&format!("UPDATE held SET {column} = {column} - 3600 WHERE {column} > {hour_ago}"), []);
            }
        }
    }

    /// What is in the world now.
    pub fn state(&self) -> State {
        let count = |folder: PathBuf| fs::read_dir(folder).map_or(0, Iterator::count);
        let is_mark =
            |file: &fs::DirEntry| file.file_name().to_str().is_some_and(|name| Fingerprint::from_hex(name).is_some());
        // Listed once: others may deliver meanwhile.
        let folders = [self.quarantine(), self.trash()].map(|folder| fs::read_dir(folder.join("tmp")));
        let (marks, drafts): (Vec<_>, Vec<_>) = folders.into_iter().flatten().flatten().flatten().partition(is_mark);
        State {
            inbox: [messages(&self.inbox()), messages_of_mbox(&self.mbox())].concat(),
            held: messages(&self.quarantine()),
            trashed: messages(&self.trash()),
            drafts: count(self.inbox().join("tmp")) + drafts.len(),
            marks: marks.len(),
            sent: self.sent(),
        }
    }

    /// What sendmail was given, in the order of the calls.
    pub fn sent(&self) -> Vec<Sent> {
        let mut calls: Vec<PathBuf> = fs::read_dir(self.path("sent")).unwrap().map(|e| e.unwrap().path()).collect();
        // The script makes the folder first; its name begins with the time.
        calls.sort();
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let call = |path: PathBuf| Sent {
            argv: read(path.join("argv")).lines().map(str::to_owned).collect(),
            environment: read(path.join("environment")),
            message: read(path.join("message")),
            held_before: read(path.join("held")).lines().count(),
            store_before: path.join("store"),
        };
        calls.into_iter().map(call).collect()
    }

    /// Tells sendmail what to do from now on: `exit N`, `hang`, `name`, `never-read`, `flood`, `crash`.
    pub fn sendmail_does(&self, what: &str) {
        fs::write(self.path("sendmail.does"), format!("{what}\n")).unwrap();
    }

    /// Writes the configuration; a table in `text` replaces the one of the same name.
    pub fn configure(&self, text: &str) {
        let mut whole = String::new();
        let top = text.split("\n[").next().unwrap_or_default();
        if !top.starts_with('[') {
            whole.push_str(&format!("{top}\n"));
        }
        let tables = [
            ("owner", format!("address = \"{OWNER}\"\nothers = [\"a.liddell@example.com\"]\ndelimiters = \"+\"\n")),
            ("trust", format!("authserv_ids = [\"{AUTHSERV_ID}\"]\n")),
            ("challenge", format!("sendmail = \"{}\"\n", self.sendmail().display())),
        ];
        for (name, default) in tables {
            if !text.contains(&format!("[{name}]")) {
                whole.push_str(&format!("[{name}]\n{default}"));
            }
        }
        if let Some(at) = if text.starts_with('[') { Some(0) } else { text.find("\n[") } {
            whole.push_str(&text[at..]);
            whole.push('\n');
        }
        let whole = whole.replace("SENDMAIL", &self.sendmail().display().to_string());
        fs::write(self.config_file(), whole.replace("WORLD", &self.folder.path().display().to_string())).unwrap();
    }

    /// Writes the key file.
    pub fn write_keys(&self, text: &str) {
        fs::write(self.key_file(), text).unwrap();
        fs::set_permissions(self.key_file(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Puts an address, `@domain` or `list:ID` on the list.
    pub fn enter(&self, who: &str, effect: Effect, pin: Proofs) {
        let installation = self.installation();
        let (id, key) = installation.keys.list.current();
        let (kind, fingerprint) = match (who.strip_prefix('@'), who.strip_prefix("list:")) {
            (Some(domain), _) => (Kind::Domain, Fingerprint::of(key, Kind::Domain, domain.as_bytes())),
            (_, Some(list)) => (Kind::List, Fingerprint::of(key, Kind::List, list.as_bytes())),
            _ => (Kind::Address, Fingerprint::of_address(key, &Address::parse(who).unwrap().normal())),
        };
        let entry = Entry { effect, pin, origin: Origin::Manual, added: countersign::world::clock::now() };
        self.store().put_entry((id, fingerprint), kind, &entry, &[]).unwrap();
    }

    /// Lets the mail of an address, domain or list pass.
    pub fn allow(&self, who: &str) {
        self.enter(who, Effect::Allow, Proofs::NONE);
    }

    /// Holds the mail of an address, domain or list.
    pub fn deny(&self, who: &str) {
        self.enter(who, Effect::Deny, Proofs::NONE);
    }

    /// The list entry of an address.
    pub fn entry(&self, who: &str) -> Option<Entry> {
        let installation = self.installation();
        let (_, key) = installation.keys.list.current();
        self.store().entry(&Fingerprint::of_address(key, &Address::parse(who).unwrap().normal())).unwrap()
    }

    /// A token of this world.
    pub fn token(&self, purpose: Purpose, held: u64, days_ago: i64, challenged: &str) -> String {
        let normal = |text: &str| Address::parse(text).unwrap().normal();
        let (owner, challenged) = (normal(OWNER), normal(challenged));
        let day = Day::of(countersign::world::clock::now() - days_ago * 86_400);
        let parties = Parties { owner: &owner, challenged: &challenged };
        Token::mint(&self.installation().keys.token, purpose, HeldId::from_random(held), day, parties)
    }

    /// A letter of a stranger is held and its sender asked; gives the challenge.
    #[track_caller]
    pub fn challenge(&self, from: &str) -> Sent {
        let before = self.sent().len();
        let outcome = self.deliver(Letter::from(from).bytes());
        outcome.check("the challenge went out", outcome.code == Some(0) && outcome.after.sent.len() == before + 1);
        outcome.after.sent[before].clone()
    }

    /// The installation as the program reads it.
    pub fn installation(&self) -> Installation {
        let environment = Environment { home: Some(self.home()), ..Environment::default() };
        let config = Config::load(&environment).unwrap();
        let keys = secret::load(&config.paths.keys).unwrap();
        Installation { config, keys }
    }

    /// The store.
    pub fn store(&self) -> Store {
        Store::open(&self.store_file()).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub fn inbox(&self) -> PathBuf {
        self.home().join("Maildir")
    }

    /// The mbox of a world whose configuration names it: [`MBOX`].
    pub fn mbox(&self) -> PathBuf {
        self.home().join("mbox")
    }

    pub fn quarantine(&self) -> PathBuf {
        self.inbox().join(".Held")
    }

    pub fn trash(&self) -> PathBuf {
        self.inbox().join(".Held.Trash")
    }

    pub fn config_file(&self) -> PathBuf {
        self.config_folder().join("config.toml")
    }

    pub fn key_file(&self) -> PathBuf {
        self.config_folder().join("keys")
    }

    pub fn store_file(&self) -> PathBuf {
        self.data_folder().join("countersign.db")
    }

    pub fn list_file(&self) -> PathBuf {
        StoreFile::List.of(&self.store_file())
    }

    /// Both files of the store, as SQL sees them.
    pub fn database(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.store_file()).unwrap();
        db.execute("ATTACH ?1 AS list", [self.list_file().to_str().unwrap()]).unwrap();
        db
    }

    pub fn sendmail(&self) -> PathBuf {
        self.path("sendmail")
    }

    fn config_folder(&self) -> PathBuf {
        self.home().join(".config/countersign")
    }

    fn data_folder(&self) -> PathBuf {
        self.home().join(".local/share/countersign")
    }
}

impl Outcome {
    /// Fails the test and shows everything, unless `good`.
    #[track_caller]
    pub fn check(&self, what: &str, good: bool) -> &Outcome {
        assert!(good, "not so: {what}\n{self}");
        self
    }

    /// Fails the test unless it ended with this code and left this many messages and challenges in all.
    #[track_caller]
    pub fn is(&self, code: i32, inbox: usize, held: usize, sent: usize) -> &Outcome {
        let seen = (self.code, self.after.inbox.len(), self.after.held.len(), self.after.sent.len());
        let wanted = (Some(code), inbox, held, sent);
        self.check(&format!("code, inbox, held, sent are {wanted:?}; they are {seen:?}"), seen == wanted);
        // What is answered with 75 comes again, and must find what the attempt may have stored.
        self.check("nothing is left in tmp", self.after.drafts == 0 && (code == 75 || self.after.marks == 0))
    }

    /// Fails the test unless the last message of the quarantine is held for this reason.
    #[track_caller]
    pub fn held_for(&self, reason: &str) -> &Outcome {
        let marks: Vec<String> = self.after.held.iter().filter_map(|m| header(m, "X-Countersign-Verdict")).collect();
        let wanted = format!("reason={reason} ");
        self.check(&format!("held for {reason}; {marks:?}"), marks.iter().any(|mark| mark.contains(&wanted)))
    }

    /// Fails the test unless nothing was printed.
    #[track_caller]
    pub fn is_silent(&self) -> &Outcome {
        self.check("nothing is printed", self.stdout.is_empty() && self.stderr.is_empty())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(3000)]).into_owned();
        writeln!(out, "---- {}", self.command)?;
        writeln!(out, "code {:?}, signal {:?}, all input read: {}", self.code, self.signal, self.drained)?;
        writeln!(out, "stdout: {}\nstderr: {}", show(&self.stdout), show(&self.stderr))?;
        writeln!(out, "{} in tmp, {} marks", self.after.drafts, self.after.marks)?;
        for (name, messages) in
            [("inbox", &self.after.inbox), ("held", &self.after.held), ("trash", &self.after.trashed)]
        {
            writeln!(out, "{name}: {}", messages.len())?;
            for message in messages.iter().take(4) {
                writeln!(out, "| {}", show(message).replace('\n', "\n| "))?;
            }
        }
        writeln!(out, "sent: {}", self.after.sent.len())?;
        for sent in self.after.sent.iter().take(4) {
            writeln!(out, "{:?}\n| {}", sent.argv, sent.message.replace('\n', "\n| "))?;
        }
        write!(out, "----")
    }
}

impl Sent {
    /// A field of the message, unfolded.
    pub fn field(&self, name: &str) -> Option<String> {
        header(self.message.as_bytes(), name)
    }

    /// The text of the message.
    pub fn body(&self) -> &str {
        self.message.split_once("\n\n").map_or("", |(_, body)| body)
    }

    /// The token, from its line in the body.
    pub fn token(&self) -> String {
        let line = self.body().lines().rev().find_map(|line| line.strip_prefix("cr-"));
        line.expect("a token in the body").to_owned()
    }
}

/// The value of the first field of that name, unfolded.
pub fn header(message: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(message).into_owned();
    let block = text.split_once("\n\n").map_or(text.as_str(), |(block, _)| block).to_owned();
    let unfolded = block.replace("\n ", " ").replace("\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// Runs every case, eight at a time, and fails when all are done if one of them failed.
#[track_caller]
pub fn each<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    let cases = Mutex::new(cases.into_iter().collect::<Vec<T>>());
    let failed = Mutex::new(0);
    let count = cases.lock().unwrap().len();
    assert!(count > 0, "no case was found");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = cases.lock().unwrap().pop();
                    let Some(case) = next else { break };
                    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| check(case)));
                    *failed.lock().unwrap() += usize::from(ran.is_err());
                }
            });
        }
    });
    let failed = *failed.lock().unwrap();
    assert_eq!(failed, 0, "of {count} cases {failed} failed");
}

fn messages(maildir: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["new", "cur"] {
        let Ok(entries) = fs::read_dir(maildir.join(folder)) else { continue };
        files.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    files.sort();
    // A process that runs beside us may have moved one.
    files.iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// The messages of an mbox, each without its `From ` line, the quoting and the empty line behind it. What is not as an mbox
/// must be fails the test.
fn messages_of_mbox(path: &Path) -> Vec<Vec<u8>> {
    let Ok(text) = fs::read(path) else { return Vec::new() };
    let text = String::from_utf8(text).expect("messages in UTF-8");
    if text.is_empty() {
        return Vec::new();
    }
    let text = text.strip_prefix("From ").expect("an mbox begins with From");
    let unquoted = |line: &str| {
        let quotes = line.bytes().take_while(|byte| *byte == b'>').count();
        if quotes > 0 && line[quotes..].starts_with("From ") { line[1..].to_owned() } else { line.to_owned() }
    };
    let message = |text: &str| {
        let (_, message) = text.split_once('\n').expect("a line that begins a message");
        message.split_inclusive('\n').map(unquoted).collect::<String>().into_bytes()
    };
    let text = text.strip_suffix('\n').filter(|text| text.ends_with('\n')).expect("an mbox ends with an empty line");
    text.split("\n\nFrom ").map(|one| message(&format!("{}\n", one.strip_suffix('\n').unwrap_or(one)))).collect()
}

fn read_all(source: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Writes down how it was called, then does what `sendmail.does` says.
fn sendmail_script(world: &Path) -> String {
    let world = world.display();
    format!(
        r#"#!/bin/sh
world='{world}'
call="$world/sent/$(date +%s.%N)-$$"
mkdir "$call"
for word in "$@"; do printf '%s\n' "$word"; done > "$call/argv"
env > "$call/environment"
ls "$world/home/Maildir/.Held/new" > "$call/held" 2>/dev/null
cp "$world/home/.local/share/countersign/countersign.db" "$call/store" 2>/dev/null
read -r what number < "$world/sendmail.does"
case $what in
    crash) kill -KILL $$ ;;
    flood) head -c 3000000 /dev/zero | tr '\0' x; cat > "$call/message" ;;
    hang) cat > "$call/message"; touch "$world/hanging"; exec sleep 1000 ;;
    name) cat > "$call/message"; echo "$5... User ${{5%@*}} unknown at ${{5#*@}}:25"; exit 67 ;;
    never-read) exit 75 ;;
    exit) cat > "$call/message"; [ "$number" = 0 ] || echo 'sendmail says no'; exit "$number" ;;
esac
"#
    )
}
