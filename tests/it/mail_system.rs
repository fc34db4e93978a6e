//! The mail system around the program: what it hands over, its sendmail, and what is found in the folders afterwards.
//!
//! Promises: every copy of every message is looked at, byte for byte; one that nobody handed over is a fault; sendmail
//! writes down all that it takes, and nothing that it refuses.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::letter::Letter;
use super::world::{Sent, World, header};

/// What is in the configuration of every such world: answers count at once, and many may be asked with one text.
pub const QUICK: &str = "[challenge]\nsendmail = \"SENDMAIL\"\ntoo_fast = 0\nlanguages = [\"en\"]\nbreaker_alike = 0\n\
    per_hour = 1000\nper_day = 10000\n";
/// A sender whose address begins like this is refused by sendmail the first time.
pub const REFUSED: &str = "refused";
/// What a process leaves behind has ended after so long.
const SETTLE_LIMIT: Duration = Duration::from_secs(100);

/// One message that is handed over.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its Message-ID, which no other has.
    pub id: String,
    /// As the mail system hands it over.
    pub bytes: Vec<u8>,
    /// The end of every whole copy.
    pub whole: Vec<u8>,
}

/// Where the copies of the messages are.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many of each in the inbox, by Message-ID.
    pub inbox: BTreeMap<String, usize>,
    /// How many of each in the quarantine.
    pub held: BTreeMap<String, usize>,
    /// How many of each in the trash.
    pub trashed: BTreeMap<String, usize>,
    /// How many files are in the quarantine.
    pub files_held: usize,
    /// What is torn, or was never handed over.
    pub faults: Vec<String>,
}

impl Mail {
    /// The letter under this Message-ID.
    pub fn of(letter: Letter, id: &str) -> Mail {
        let id = format!("<{id}>");
        let letter = letter.field("Message-ID", &id);
        Mail { id, bytes: letter.bytes(), whole: letter.handed_over() }
    }
}

impl Found {
    /// Copies in the inbox and in the quarantine.
    pub fn copies(&self, id: &str) -> (usize, usize) {
        let count = |folder: &BTreeMap<String, usize>| folder.get(id).copied().unwrap_or_default();
        (count(&self.inbox), count(&self.held))
    }

    /// Copies in the trash.
    pub fn thrown_away(&self, id: &str) -> usize {
        self.trashed.get(id).copied().unwrap_or_default()
    }
}

/// A world whose sendmail only writes down whom it is to write to, and what; it starts no other program but `cat`.
pub fn world_with(configuration: &str) -> World {
    let world = World::with(configuration);
    world.let_time_stand();
    let root = world.path("");
    fs::create_dir(world.path("refused")).unwrap();
    // `true` and not `:`, whose failed redirection would end the shell.
    let script = format!(
        "#!/bin/sh\nread -r id < /proc/sys/kernel/random/uuid\ncase $5 in {REFUSED}*)\n\
         set -C; if true 2>/dev/null > '{root}refused/'\"$5\"; then cat > /dev/null; exit 75; fi ;;\nesac\n\
         exec cat > '{root}sent/'\"$5 $id\"\n",
        root = root.display()
    );
    fs::write(world.sendmail(), script).unwrap();
    fs::set_permissions(world.sendmail(), fs::Permissions::from_mode(0o755)).unwrap();
    world
}

/// What sendmail has taken: recipient and message.
pub fn taken(world: &World) -> Vec<(String, Sent)> {
    let mut taken = Vec::new();
    for file in fs::read_dir(world.path("sent")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().to_string_lossy().into_owned();
        let to = name.split_once(' ').expect("an address and a number").0.to_owned();
        let message = fs::read_to_string(file.path()).unwrap();
        let (argv, environment) = (Vec::new(), String::new());
        taken.push((to, Sent { argv, environment, message, held_before: 0, store_before: world.path("") }));
    }
    taken
}

/// Whether a challenge is all there: it begins with its fields and ends with its token.
pub fn is_whole_challenge(sent: &Sent) -> bool {
    let last = sent.message.trim_end().lines().last().unwrap_or_default();
    sent.field("X-CR-Challenge").is_some() && last.strip_prefix("cr-").is_some_and(|token| token.len() == 32)
}

/// Waits until no process of this world is left: a killed delivery leaves its sendmail behind.
pub fn settle(world: &World) {
    let home = format!("HOME={}\0", world.home().display());
    let is_ours = |process: &Path| {
        fs::read(process.join("environ")).is_ok_and(|text| text.windows(home.len()).any(|part| part == home.as_bytes()))
    };
    let began = Instant::now();
    while fs::read_dir("/proc").unwrap().flatten().any(|process| is_ours(&process.path())) {
        assert!(began.elapsed() < SETTLE_LIMIT, "a process of {} does not end", world.home().display());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Looks at every file of inbox, quarantine and trash.
pub fn look(world: &World, mails: &[&Mail]) -> Found {
    let known: BTreeMap<&str, &Mail> = mails.iter().map(|mail| (mail.id.as_str(), *mail)).collect();
    let mut found = Found::default();
    let state = world.state();
    found.files_held = state.held.len();
    for (place, messages) in [("inbox", &state.inbox), ("quarantine", &state.held), ("trash", &state.trashed)] {
        for message in messages {
            let shown = String::from_utf8_lossy(&message[..message.len().min(400)]).into_owned();
            // What the program itself wrote, the digest, is of no concern here but that it is whole.
            let own = header(message, "X-Countersign-Own").is_some();
            let id = header(message, "Message-ID").unwrap_or_default();
            let count = match place {
                "inbox" => &mut found.inbox,
                "quarantine" => &mut found.held,
                _ => &mut found.trashed,
            };
            match known.get(id.as_str()) {
                _ if own && place == "inbox" && message.ends_with(b"\n") => {}
                Some(mail) if message.ends_with(&mail.whole) => *count.entry(id).or_default() += 1,
                Some(mail) => {
                    let (is, was) = (message.len(), mail.whole.len());
                    found.faults.push(format!("torn: {id} in the {place} has {is} bytes and not {was}:\n{shown}"));
                }
                None => found.faults.push(format!("nobody handed over what is in the {place}:\n{shown}")),
            }
        }
    }
    found
}
