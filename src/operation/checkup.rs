//! The checks of `doctor`, one function a part of the set-up: what is found, how bad it is, and the way out.
//!
//! Promises: only looks (a file made in `tmp/` to see whether one can be is gone again); no check hides another.
//! Never touches: mail, printing.

use std::path::Path;

use crate::mail::display::one_line;
use crate::operation::evidence::{Evidence, Server};
use crate::operation::installation::Installation;
use crate::operation::quarantine;
use crate::policy::Mode;
use crate::report::{self, chain};
use crate::world::config::{Config, Environment, Inbox};
use crate::world::maildir::Maildir;
use crate::world::secret;
use crate::world::store::{State, Store, StoreProblem, VERSION};
use crate::world::{folder, surroundings};

/// Less room than this is a warning, in bytes.
const ROOM_WANTED: u64 = 50 * 1024 * 1024;
/// Fewer free files than these are a warning.
const FILES_WANTED: u64 = 1_000;
/// 2026-01-01: before this program was written, a clock is wrong.
pub const CLOCK_FROM: i64 = 1_767_225_600;
/// 2100-01-01: tokens count days in 15 bits from 2020.
const CLOCK_TO: i64 = 4_102_444_800;
/// So many messages show something about a server.
const MESSAGES_THAT_SHOW: usize = 10;
/// Where a call of this program may stand, below the home.
const CALLERS: [&str; 6] = [".procmailrc", ".mailfilter", ".forward", ".courier", ".dovecot.sieve", ".qmail"];
/// Longest sentence that is shown.
const SAID_LIMIT: usize = 600;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Good to know.
    Note,
    /// Mail is handled, but not as well as it could be.
    Warning,
    /// It must be mended: mail waits, is all held, or goes out in other words than the user's.
    Wrong,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The part of the set-up.
    pub check: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// What was found, one line, fit for a terminal.
    pub said: String,
    /// What to do, one line a step.
    pub way_out: Vec<String>,
}

impl Grade {
    /// For people and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Grade::Good => "ok",
            Grade::Note => "note",
            Grade::Warning => "warning",
            Grade::Wrong => "WRONG",
        }
    }
}

impl Finding {
    /// A finding; `said` is made fit to be shown.
    #[must_use]
    pub fn new(check: &'static str, grade: Grade, said: &str) -> Finding {
        Finding { check, grade, said: one_line(said, SAID_LIMIT), way_out: Vec::new() }
    }

    /// The same with a step to take.
    #[must_use]
    pub fn way(mut self, step: impl AsRef<str>) -> Finding {
        self.way_out.push(one_line(step.as_ref(), SAID_LIMIT));
        self
    }

    fn good(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Good, said)
    }

    fn note(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Note, said)
    }

    fn warning(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Warning, said)
    }

    /// Something that must be mended.
    #[must_use]
    pub fn wrong(check: &'static str, said: &str) -> Finding {
        Finding::new(check, Grade::Wrong, said)
    }
}

/// Every check, in the order in which one would mend.
#[must_use]
pub fn examine(config: &Config, environment: &Environment, now: i64) -> Vec<Finding> {
    let mut inboxes = vec![Maildir::at(&config.paths.quarantine)];
    if let Inbox::Maildir(path) = &config.paths.inbox {
        inboxes.push(Maildir::at(path));
    }
    let evidence = Evidence::of(&inboxes, &config.policy.trust, &config.policy.owner.delimiters);
    let mut found = vec![configuration(config), keys(config), clock(now), store(config), inbox(config)];
    found.extend(maildir("quarantine", &config.paths.quarantine));
    found.extend(one_move(config));
    found.extend(disks(config));
    found.push(sendmail(config));
    found.push(texts(config));
    found.push(addresses(config, &evidence));
    found.push(delimiter(config));
    found.extend(trust(config, &evidence));
    found.extend(unchecked_pins(config));
    found.push(log(report::is_heard()));
    found.push(rows_and_files(config));
    found.push(calls(config, environment));
    found
}

fn configuration(config: &Config) -> Finding {
    let path = &config.paths.config;
    let shown = path.display().to_string();
    // Who can write it can name a server of their own whose word counts.
    for one in [path.as_path(), folder::above(path)] {
        if surroundings::rights_of_others(one).is_some_and(|rights| rights & 0o022 != 0) {
            let said = format!("others can write {}, and with it decide whose word counts", one.display());
            return Finding::wrong("configuration", &said).way(format!("chmod go-w {}", one.display()));
        }
    }
    match config.policy.mode {
        Mode::On => Finding::good("configuration", &shown),
        Mode::Observe => Finding::note("configuration", &format!("{shown}: mode = \"observe\", so all mail passes"))
            .way("countersign why MESSAGE-ID tells what would have been done; mode = \"on\" does it"),
        Mode::Off => Finding::warning("configuration", &format!("{shown}: mode = \"off\", so all mail passes"))
            .way("mode = \"on\" lets it work"),
    }
}

fn keys(config: &Config) -> Finding {
    match secret::load(&config.paths.keys) {
        Ok(_) => Finding::good("keys", &format!("{}, readable by you alone", config.paths.keys.display()))
            .way("once, for the backup: countersign keys export > FILE; without the keys the list is dead"),
        Err(error) => Finding::wrong("keys", &chain(&error.into())),
    }
}

fn clock(now: i64) -> Finding {
    if (CLOCK_FROM..CLOCK_TO).contains(&now) {
        return Finding::good("clock", &format!("{} UTC", crate::mail::compose::short_date(now)));
    }
    let said = format!("this machine believes it is {} UTC", crate::mail::compose::short_date(now));
    Finding::wrong("clock", &said).way("set it; tokens and the time that mail is kept count from it")
}

fn store(config: &Config) -> Finding {
    let path = &config.paths.store;
    let shown = path.display();
    let checked = Store::open(path).and_then(|store| {
        store.check()?;
        store.count_entries()
    });
    let (allowed, denied) = match checked {
        Ok(counts) => counts,
        Err(problem) => return store_problem(&problem, path),
    };
    let writable = [path.as_path(), folder::above(path)].into_iter().find(|one| !surroundings::is_writable(one));
    if let Some(one) = writable {
        let said = format!("{} cannot be written, so nothing new is learned and all new mail waits", one.display());
        return Finding::wrong("store", &said).way(format!("chmod u+w {}", one.display()));
    }
    Finding::good("store", &format!("{shown}: sound, version {VERSION}, {allowed} allowed, {denied} denied"))
}

fn store_problem(problem: &StoreProblem, path: &Path) -> Finding {
    let finding = Finding::wrong("store", &format!("{}: {problem}", path.display()));
    match problem {
        StoreProblem::Missing | StoreProblem::Corrupt => finding
            .way("bring it back from a backup, if there is one: the list of known senders is in it")
            .way("else: countersign maintain --rebuild makes a new one from what is held"),
        StoreProblem::Newer(_) => finding.way("install the countersign that wrote it, or a later one"),
        StoreProblem::Busy => finding.way("see which countersign does not end: ps -u \"$USER\""),
        StoreProblem::Machine(_) => finding.way("see that the disk is not full, and that the file is yours"),
    }
}

fn inbox(config: &Config) -> Finding {
    match &config.paths.inbox {
        Inbox::Maildir(path) => {
            maildir("inbox", path).unwrap_or_else(|| Finding::good("inbox", &path.display().to_string()))
        }
        Inbox::Command(argv) => {
            let program = argv.first().map(String::as_str).unwrap_or_default();
            if surroundings::is_executable(Path::new(program)) {
                return Finding::good("inbox", &format!("given to {program}"));
            }
            Finding::wrong("inbox", &format!("{program} is not a program that you can run"))
                .way("mend inbox.command in the configuration")
        }
    }
}

/// What is wrong with a Maildir; none if nothing is.
fn maildir(check: &'static str, path: &Path) -> Option<Finding> {
    let shown = path.display();
    let maildir = Maildir::at(path);
    if !maildir.exists() {
        let said = format!("there is no Maildir {shown}: mail that would go there waits");
        return Some(Finding::wrong(check, &said).way("countersign init makes it"));
    }
    for part in ["new", "cur", "tmp"] {
        let part = path.join(part);
        if !surroundings::is_writable(&part) {
            let said = format!("{} cannot be written: mail that would go there waits", part.display());
            return Some(Finding::wrong(check, &said).way(format!("chmod u+rwx {}", part.display())));
        }
    }
    // Rights are not all: a disk can be full, or mounted read-only. Dropped, the draft is gone.
    if let Err(error) = maildir.draft() {
        return Some(Finding::wrong(check, &chain(&error)).way("see that the disk is not full"));
    }
    if check == "quarantine" {
        return Some(Finding::good(check, &shown.to_string()));
    }
    None
}

/// A release is one rename, if both are on one disk.
fn one_move(config: &Config) -> Option<Finding> {
    let Inbox::Maildir(inbox) = &config.paths.inbox else { return None };
    if surroundings::same_disk(inbox, &config.paths.quarantine)? {
        return None;
    }
    let said = "the quarantine is on another file system than the inbox, so a release copies instead of moving";
    Some(Finding::warning("quarantine", said).way("put quarantine.maildir on the inbox's file system"))
}

fn disks(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for (check, path) in
        [("quarantine", config.paths.quarantine.as_path()), ("store", folder::above(&config.paths.store))]
    {
        let Ok(room) = surroundings::room(path) else { continue };
        let place = path.display();
        if room.bytes < ROOM_WANTED {
            let said = format!("only {} MB are left at {place}; when it is full, mail waits", room.bytes / 1_048_576);
            found.push(Finding::warning(check, &said).way("make room"));
        }
        if room.files.is_some_and(|files| files < FILES_WANTED) {
            let said = format!("the disk of {place} has hardly any files left (inodes); when it has none, mail waits");
            found.push(Finding::warning(check, &said).way("remove files you do not need, not only large ones"));
        }
        if let Some(name) = surroundings::network(path) {
            let said = format!("{place} is on {name}; locks and syncs over a network are only as good as its server");
            let finding = Finding::warning(check, &said);
            found.push(match check {
                "store" => finding.way("put files.store on a disk of this machine"),
                _ => finding.way("where you can, keep it on a disk of this machine"),
            });
        }
    }
    found
}

fn sendmail(config: &Config) -> Finding {
    let path = &config.paths.sendmail;
    if surroundings::is_executable(path) {
        return Finding::good("sendmail", &path.display().to_string());
    }
    let said = format!(
        "{} is not a program that you can run: no challenge goes out; all else is done as ever",
        path.display()
    );
    let finding = Finding::warning("sendmail", &said);
    match surroundings::sendmail() {
        Some(other) => finding.way(format!("sendmail = \"{}\" in the part [challenge]", other.display())),
        None => {
            finding.way("install one (every mail system brings one), or name yours: sendmail in the part [challenge]")
        }
    }
}

fn texts(config: &Config) -> Finding {
    match config.templates(None) {
        Ok(_) => Finding::good("texts", &format!("challenges in {}", config.policy.languages.join(", "))),
        Err(error) => {
            Finding::wrong("texts", &format!("{}; challenges go out with the built-in text instead", chain(&error)))
                .way("mend that file, or take the language out of challenge.languages")
        }
    }
}

fn addresses(config: &Config, evidence: &Evidence) -> Finding {
    let owner = &config.policy.owner;
    let foreign = evidence.delivered_for.iter().find(|(address, count)| {
        !owner.is(address) && evidence.messages >= MESSAGES_THAT_SHOW && count * 2 > evidence.messages
    });
    match foreign {
        Some((address, count)) => {
            let said = format!("{count} recent messages were delivered for {address}, which is none of your addresses");
            Finding::warning("addresses", &said)
                .way("if it is you, add it to owner.others: mail is only answered when it names you")
        }
        None => {
            let all: Vec<String> = owner.addresses().map(ToString::to_string).collect();
            Finding::good("addresses", &all.join(", "))
        }
    }
}

fn delimiter(config: &Config) -> Finding {
    let ours = &config.policy.owner.delimiters;
    let differs = surroundings::delimiters().filter(|theirs| !theirs.is_empty() && theirs != ours);
    if let Some(theirs) = differs {
        let said = format!("the configuration says {ours:?}, Postfix on this machine says {theirs:?}");
        return Finding::warning("delimiter", &said).way(format!("delimiters = {theirs:?} in the part [owner]"));
    }
    match ours.as_str() {
        "" => Finding::note("delimiter", "none: an answer is known by its Subject and references only")
            .way("if your mail system splits you+anything@, say so: delimiters = \"+\" in the part [owner]"),
        _ => Finding::good("delimiter", ours),
    }
}

fn trust(config: &Config, evidence: &Evidence) -> Vec<Finding> {
    let trust = &config.policy.trust;
    if trust.ids.is_empty() {
        return vec![nobody_trusted(config, evidence)];
    }
    let mut found = Vec::new();
    for id in &trust.ids {
        let seen = evidence.servers.iter().find(|server| server.id == *id);
        found.push(match seen {
            Some(server) => trusted_and_seen(config, server, evidence),
            None if evidence.messages < MESSAGES_THAT_SHOW => Finding::note(
                "trust",
                &format!("{id}; there is not enough recent mail to see whether it writes fields"),
            ),
            None => {
                let said =
                    format!("none of {} recent messages has a field of {id}: nobody is asked", evidence.messages);
                let finding = Finding::warning("trust", &said);
                match evidence.below.iter().max_by_key(|(_, count)| **count) {
                    Some((hops, count)) => finding.way(format!(
                        "{count} of them have one below {hops} Received fields; if those {hops} are your own servers': \
                         hops = {hops} in the part [trust]"
                    )),
                    None => candidates(finding, evidence),
                }
            }
        });
    }
    if let Some(finding) = found.last_mut() {
        finding.way_out.push("countersign doctor --send-probe shows whether a forged field is believed".to_owned());
    }
    found
}

/// Entries that are pinned to a proof nobody gives.
fn unchecked_pins(config: &Config) -> Option<Finding> {
    if !config.policy.trust.ids.is_empty() {
        return None;
    }
    let count = Store::open(&config.paths.store).and_then(|store| store.count_pinned()).unwrap_or_default();
    let said = format!(
        "{count} of your allowed senders are pinned to a proof, and without authserv_ids nobody looks for it: whoever \
         feigns one of them passes"
    );
    (count > 0)
        .then(|| Finding::warning("trust", &said).way("name your mail server again: authserv_ids in the part [trust]"))
}

/// Whether the log goes anywhere.
fn log(is_heard: bool) -> Finding {
    if is_heard {
        return Finding::good("log", "/dev/log");
    }
    Finding::warning(
        "log",
        "nobody listens at /dev/log: what became of a message, and what went wrong, is written nowhere",
    )
    .way("start a system log (rsyslog, syslog-ng, systemd-journald), in a container too")
}

fn trusted_and_seen(config: &Config, server: &Server, evidence: &Evidence) -> Finding {
    let Server { id, messages: with, methods } = server;
    let missing = config.policy.trust.methods.iter().find(|method| !methods.contains(method));
    match missing {
        Some(method) if *with >= MESSAGES_THAT_SHOW => {
            let name = method.name();
            let said =
                format!("{id} has said nothing of {name} in {with} messages, so whatever says so is not from it");
            let rest = config.policy.trust.methods.iter().filter(|other| *other != method);
            let rest: Vec<String> = rest.map(|method| format!("\"{}\"", method.name())).collect();
            Finding::warning("trust", &said)
                .way(format!("methods = [{}] in the part [trust], or have it check {name} too", rest.join(", ")))
        }
        _ if evidence.believed.0 >= MESSAGES_THAT_SHOW && evidence.believed.0 == evidence.believed.1 => {
            let hops = config.policy.trust.hops - 1;
            let said =
                format!("{id}, in {with} of {} recent messages, always above its Received field", evidence.messages);
            // A server that fails to check on one day removes no forged field either.
            Finding::note("trust", &said).way(format!(
                "hops = {hops} in the part [trust] is enough then, and safer: what a stranger wrote below is never believed"
            ))
        }
        _ => Finding::good("trust", &format!("{id}, in {with} of {} recent messages", evidence.messages)),
    }
}

fn nobody_trusted(config: &Config, evidence: &Evidence) -> Finding {
    let said = "no authserv_ids: nothing is ever proven, so nobody is ever asked; strangers' mail is held and listed";
    let finding = candidates(Finding::warning("trust", said), evidence);
    let name = format!("mx.{}", config.policy.owner.primary.domain());
    finding
        .way(format!(
            "if your mail system writes no such field, let it check. With Postfix, opendkim and opendmarc: AuthservID \
             {name} in both opendkim.conf and opendmarc.conf, Mode sv in opendkim.conf, and in main.cf smtpd_milters = \
             inet:localhost:8891, inet:localhost:8893"
        ))
        .way(
            "or with rspamd: use = [\"authentication-results\"]; in local.d/milter_headers.conf, and in main.cf \
             smtpd_milters = inet:localhost:11332",
        )
        .way(format!("then: authserv_ids = [\"{name}\"] in the part [trust]"))
}

/// Who might be the user's own server. Only the user can know.
fn candidates(finding: Finding, evidence: &Evidence) -> Finding {
    let mut finding = finding;
    for Server { id, messages, .. } in evidence.candidates() {
        let all = evidence.messages;
        finding = finding.way(format!(
            "{messages} of {all} recent messages have a field of {id}; if that is your own server: authserv_ids = \
             [\"{id}\"] in the part [trust]"
        ));
    }
    if evidence.candidates().is_empty() {
        finding = finding.way("look into a message you received for the field Authentication-Results on top");
    }
    finding
}

fn rows_and_files(config: &Config) -> Finding {
    let (Ok(keys), Ok(store)) = (secret::load(&config.paths.keys), Store::open(&config.paths.store)) else {
        return Finding::note("held mail", "cannot be compared without keys and store");
    };
    let installation = Installation { config: config.clone(), keys };
    let (files, rows) = match (quarantine::all(&installation), store.all_held()) {
        (Ok(files), Ok(rows)) => (files, rows),
        (Err(trouble), _) => return Finding::wrong("held mail", &chain(&trouble.error)),
        (_, Err(problem)) => return Finding::wrong("held mail", &problem.to_string()),
    };
    let held: Vec<_> = rows.iter().filter(|row| row.state == State::Held).collect();
    let without_row = files.iter().filter(|file| !rows.iter().any(|row| row.id == file.id)).count();
    let without_file = held.iter().filter(|row| !files.iter().any(|file| file.id == row.id)).count();
    let said = format!("{} in the quarantine", files.len());
    if without_row + without_file == 0 {
        return Finding::good("held mail", &said);
    }
    Finding::warning(
        "held mail",
        &format!("{said}; {without_row} of them unknown to the store, {without_file} missing"),
    )
    .way("countersign maintain brings them together; let cron run it")
}

/// Whether anything calls this program.
fn calls(config: &Config, environment: &Environment) -> Finding {
    let Some(home) = &environment.home else {
        return Finding::note("mail system", "HOME is not set: nothing to look at");
    };
    let mut found = Vec::new();
    for name in CALLERS {
        let text = std::fs::read_to_string(home.join(name)).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && line.contains("countersign"));
        let calls: Vec<&str> = lines.collect();
        let unguarded = |line: &&&str| line.contains(" deliver") && !line.contains("exit 75");
        if let (".forward", Some(_)) = (name, calls.iter().find(unguarded)) {
            return Finding::wrong(
                "mail system",
                "~/.forward calls deliver without || exit 75: a crash bounces the mail",
            )
            .way("copy the line that countersign init prints");
        }
        found.extend((!calls.is_empty()).then(|| format!("~/{name}")));
    }
    if found.is_empty() {
        return Finding::note("mail system", "neither .procmailrc nor .mailfilter nor .forward calls it").way(
            "countersign init prints the lines; or the mail system calls it by itself (Exim, OpenSMTPD, Dovecot)",
        );
    }
    let usual = home.join(".config/countersign/config.toml");
    if config.paths.config != usual && environment.config.is_some() {
        return Finding::note("mail system", &format!("called in {}", found.join(", ")))
            .way(format!("see that the call says --config {}", config.paths.config.display()));
    }
    Finding::good("mail system", &format!("called in {}", found.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;
    use crate::cli::InitArguments;
    use crate::command::init::set_up;

    struct Home {
        folder: tempfile::TempDir,
    }

    impl Home {
        fn new() -> Home {
            let home = Home { folder: tempfile::tempdir().unwrap() };
            let arguments = InitArguments {
                address: vec!["alice@example.org".into()],
                maildir: Some(home.at("Maildir")),
                sendmail: Some("/bin/sh".into()),
                authserv_id: vec!["mx.example.org".into()],
                delimiter: Some("+".into()),
            };
            set_up(&arguments, home.environment()).unwrap();
            home
        }

        fn at(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        fn environment(&self) -> Environment {
            Environment { home: Some(self.folder.path().into()), ..Environment::default() }
        }

        fn configure(&self, from: &str, to: &str) {
            let path = self.at(".config/countersign/config.toml");
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from}");
            fs::write(&path, text.replace(from, to)).unwrap();
        }

        fn mail(&self, count: usize, head: &str) {
            for number in 0..count {
                fs::write(self.at(&format!("Maildir/new/{number}")), format!("{head}\n\nbody\n")).unwrap();
            }
        }

        fn examine(&self) -> Vec<Finding> {
            let config = Config::load(&self.environment()).unwrap();
            examine(&config, &self.environment(), 1_795_262_400)
        }
    }

    fn worst(found: &[Finding], check: &str) -> Finding {
        found.iter().filter(|finding| finding.check == check).max_by_key(|finding| finding.grade).unwrap().clone()
    }

    const MAIL: &str = "Delivered-To: alice@example.org\nReceived: x\nAuthentication-Results: mx.example.org;\n \
        dkim=pass header.d=example.net; dmarc=pass header.from=example.net\nTo: alice@example.org";

    #[test]
    fn a_good_set_up_is_good() {
        let home = Home::new();
        home.mail(12, MAIL);
        fs::write(home.at(".forward"), "\"|/usr/local/bin/countersign deliver || exit 75\"\n").unwrap();
        let found = home.examine();
        for finding in &found {
            // Scratch folders may lie anywhere, also on a small disk.
            let about_disk = finding.said.contains("are left at") || finding.said.contains("over a network");
            // Nor does a log run everywhere.
            let accepted = finding.grade == Grade::Good || about_disk || finding.check == "log";
            assert!(accepted, "{finding:?}");
        }
        assert!(found.len() >= 13, "{}", found.len());
    }

    type Breaking = fn(&Home);

    #[test]
    fn every_broken_part_is_named_with_its_way_out() {
        let cases: [(&str, Grade, &str, Breaking); 24] = [
            ("configuration", Grade::Wrong, "others can write", |home| {
                fs::set_permissions(home.at(".config/countersign/config.toml"), Permissions::from_mode(0o622)).unwrap();
            }),
            ("configuration", Grade::Warning, "off", |home| home.configure("# mode = \"on\"", "mode = \"off\"")),
            ("configuration", Grade::Note, "observe", |home| home.configure("# mode = \"on\"", "mode = \"observe\"")),
            ("keys", Grade::Wrong, "chmod 600", |home| {
                fs::set_permissions(home.at(".config/countersign/keys"), Permissions::from_mode(0o644)).unwrap();
            }),
            ("keys", Grade::Wrong, "no key file", |home| fs::remove_file(home.at(".config/countersign/keys")).unwrap()),
            ("store", Grade::Wrong, "maintain --rebuild", |home| {
                fs::remove_file(home.at(".local/share/countersign/countersign.db")).unwrap();
            }),
            ("store", Grade::Wrong, "maintain --rebuild", |home| {
                fs::write(home.at(".local/share/countersign/countersign.db"), "no database at all".repeat(99)).unwrap();
            }),
            ("store", Grade::Wrong, "maintain --rebuild", |home| {
                fs::write(home.at(".local/share/countersign/countersign.db"), "").unwrap();
            }),
            ("inbox", Grade::Wrong, "countersign init", |home| fs::remove_dir_all(home.at("Maildir/new")).unwrap()),
            ("quarantine", Grade::Wrong, "countersign init", |home| {
                fs::remove_dir(home.at("Maildir/.Held/tmp")).unwrap()
            }),
            ("sendmail", Grade::Warning, "no challenge", |home| home.configure("\"/bin/sh\"", "\"/nothing/sendmail\"")),
            ("sendmail", Grade::Warning, "no challenge", |home| home.configure("\"/bin/sh\"", "\"/etc/passwd\"")),
            ("texts", Grade::Wrong, "{nobody}", |home| {
                fs::write(home.at(".config/countersign/challenge.en.txt"), "Subject: x\n\n{nobody}\n").unwrap();
            }),
            ("texts", Grade::Wrong, "challenge.xx.txt", |home| {
                fs::write(home.at(".config/countersign/challenge.xx.txt"), "no subject").unwrap();
                home.configure("# languages = [\"auto\", \"en\"]", "languages = [\"xx\"]");
            }),
            ("addresses", Grade::Warning, "owner.others", |home| {
                home.mail(12, &MAIL.replace("To: alice@example.org", "To: info@example.org"));
            }),
            ("delimiter", Grade::Note, "delimiters = \"+\"", |home| {
                home.configure("delimiters = \"+\"", "delimiters = \"\"")
            }),
            ("trust", Grade::Warning, "opendmarc", |home| home.configure("authserv_ids = [\"mx.example.org\"]", "")),
            ("trust", Grade::Warning, "12 of 12 recent messages have a field of other.example", |home| {
                home.mail(12, &MAIL.replace("mx.example.org", "other.example"));
            }),
            ("trust", Grade::Warning, "12 of them have one below 2 Received fields", |home| {
                home.mail(12, &MAIL.replace("Received: x", "Received: x\nReceived: y"));
            }),
            ("trust", Grade::Note, "hops = 0 in the part [trust] is enough", |home| {
                home.mail(12, &format!("{}\nReceived: y", MAIL.replace("Received: x\n", "")));
            }),
            ("trust", Grade::Warning, "methods = [\"dkim\"]", |home| {
                home.mail(12, &MAIL.replace("; dmarc=pass header.from=example.net", ""));
            }),
            ("trust", Grade::Note, "not enough recent mail", |_| {}),
            ("mail system", Grade::Wrong, "exit 75", |home| {
                fs::write(home.at(".forward"), "|/usr/local/bin/countersign deliver\n").unwrap();
            }),
            ("mail system", Grade::Note, "countersign init", |home| {
                fs::write(home.at(".procmailrc"), "# countersign is not called here\n").unwrap();
            }),
        ];
        for (check, grade, wanted, destroy) in cases {
            let home = Home::new();
            destroy(&home);
            let found = worst(&home.examine(), check);
            let text = format!("{} {}", found.said, found.way_out.join(" "));
            assert_eq!(found.grade, grade, "{check}: {text}");
            assert!(text.contains(wanted), "{check}: {wanted:?} is not in {text:?}");
        }
    }

    #[test]
    fn a_pin_that_nobody_looks_at_is_said() {
        use crate::origin::auth::Proofs;
        use crate::policy::fingerprint::{Fingerprint, Kind};
        use crate::policy::standing::{Effect, Entry, Origin};
        let home = Home::new();
        let config = Config::load(&home.environment()).unwrap();
        let keys = secret::load(&config.paths.keys).unwrap();
        let (id, key) = keys.list.current();
        let enter = |name: &str, effect, pin| {
            let entry = Entry { effect, pin, origin: Origin::Confirmed, added: 1 };
            let under = Fingerprint::of(key, Kind::Address, name.as_bytes());
            Store::open(&config.paths.store).unwrap().put_entry((id, under), Kind::Address, &entry, &[]).unwrap();
        };
        enter("a@b.c", Effect::Allow, Proofs::NONE);
        enter("b@b.c", Effect::Deny, Proofs::DKIM);
        assert_eq!(unchecked_pins(&config), None);
        enter("c@b.c", Effect::Allow, Proofs::DKIM);
        assert_eq!(unchecked_pins(&config), None, "somebody looks at it");
        home.configure("authserv_ids = [\"mx.example.org\"]", "");
        let found = home.examine().into_iter().find(|finding| finding.said.contains("pinned")).unwrap();
        assert!(found.grade == Grade::Warning && found.said.starts_with("1 of"), "{found:?}");
    }

    #[test]
    fn a_log_that_goes_nowhere_is_said() {
        assert_eq!(log(true).grade, Grade::Good);
        assert!(log(false).grade == Grade::Warning && log(false).said.contains("/dev/log"));
        assert_eq!(Home::new().examine().iter().filter(|finding| finding.check == "log").count(), 1);
    }

    #[test]
    fn a_wrong_clock_is_seen() {
        let home = Home::new();
        let config = Config::load(&home.environment()).unwrap();
        for now in [-1, 0, 1_700_000_000, 5_000_000_000] {
            let found = worst(&examine(&config, &home.environment(), now), "clock");
            assert_eq!(found.grade, Grade::Wrong, "{now}");
        }
    }

    #[test]
    fn a_held_file_that_the_store_does_not_know_is_counted() {
        use crate::origin::auth::Proofs;
        use crate::policy::block::Block;
        use crate::policy::fingerprint::{Fingerprint, Kind};
        use crate::policy::reason::Reason;
        use crate::policy::token::HeldId;
        use crate::policy::verdict::Verdict;
        let home = Home::new();
        let config = Config::load(&home.environment()).unwrap();
        let keys = secret::load(&config.paths.keys).unwrap();
        let block = Block {
            id: HeldId::parse("0123456789"),
            verdict: Verdict::Hold,
            reason: Reason::NotAddressed,
            recipient: config.policy.owner.primary.clone(),
            sender: None,
            proofs: Proofs::NONE,
            received: 1_795_262_400,
        };
        let message = Fingerprint::of(keys.list.current().1, Kind::Message, b"x");
        let bytes = [block.open(None).seal(message, &keys.token), b"From: a@b.c\n\nx\n".to_vec()].concat();
        fs::write(home.at("Maildir/.Held/new").join(message.hex()), bytes).unwrap();
        let found = worst(&home.examine(), "held mail");
        assert_eq!(found.grade, Grade::Warning, "{found:?}");
        assert!(found.said.contains("1 of them unknown") && found.way_out[0].contains("countersign maintain"));
    }
}
