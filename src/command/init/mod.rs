//! `init`: keys, configuration, store, inbox and quarantine, the lines for the mail system, and what can be learned at once.
//!
//! Promises: asks only at a terminal, and only what to learn from (`first_day.rs`); overwrites nothing, however often it
//! runs; takes nothing from old mail by itself but an address that is beyond doubt: whose word is believed is the user's to
//! say; makes no new keys or store in place of lost ones. Never touches: mail, the mail system's files.

mod first_day;
mod recipes;
mod settings;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::InitArguments;
use crate::command::init::first_day::{FirstDay, Word};
use crate::command::init::recipes::Recipes;
use crate::command::init::settings::{Settings, draft, is_usual_place};
use crate::exit::Ending;
use crate::mail::address::Address;
use crate::mail::display::{one_line, wrapped};
use crate::operation::deliverer::{self, Entry};
use crate::operation::evidence::{Evidence, Server};
use crate::operation::lore::Lore;
use crate::operation::place::Place;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::origin::auth::Trust;
use crate::origin::eyes::Look;
use crate::world::config::{Config, Environment, Inbox, Paths};
use crate::world::maildir::Maildir;
use crate::world::mbox;
use crate::world::secret::{self, Created};
use crate::world::store::{Store, StoreFile};
use crate::world::{folder, surroundings};

/// Longest sentence about the mail system.
const SAID_LIMIT: usize = 1000;

/// What `init` has made, and what it says.
#[derive(Debug)]
pub struct SetUp {
    /// For standard output.
    pub report: String,
    /// What the command line asked for and a configuration that was there already does not say.
    pub unheeded: Option<String>,
    first_day: FirstDay,
}

/// Runs `init`.
///
/// # Errors
/// What is missing on the command line, or cannot be made; what was made before stays.
pub fn init(arguments: &InitArguments, environment: Environment) -> Answer {
    let set_up = set_up(arguments, environment)?;
    screen::out(&set_up.report)?;
    if let Some(sentence) = set_up.unheeded {
        return Err(Trouble::not_found(sentence));
    }
    set_up.first_day.begin(Word::of(arguments, screen::has_partner()), &mut screen::agrees)?;
    Ok(Ending::Done)
}

/// Makes what is missing.
///
/// # Errors
/// As [`init`].
pub fn set_up(arguments: &InitArguments, mut environment: Environment) -> Result<SetUp, Trouble> {
    // Gather.
    let file = surroundings::whole(&environment.config_file().map_err(Trouble::config)?)?;
    environment.config = environment.config.map(|_| file.clone());
    let program = surroundings::program()?;
    let is_there = file.try_exists().with_context(|| format!("cannot look for {}", file.display()))?;
    // Decide.
    let new = if is_there { None } else { Some(draft(arguments, &environment, &file)?) };
    let config = match &new {
        Some((_, text)) => Config::parse(text, &file, &environment).map_err(Trouble::config)?,
        None => Config::load(&environment).map_err(Trouble::config)?,
    };
    refuse_half(&config.paths, is_there)?;
    refuse_network(&config.paths.store, is_there, surroundings::network)?;
    if let Inbox::Mbox(inbox) = &config.paths.inbox {
        mbox::look(inbox).map_err(Trouble::config)?;
    }
    let unheeded = if is_there { unheeded(arguments, &config) } else { Vec::new() };
    // Perform.
    let mut report = String::new();
    make(&config, new.as_ref().map(|(_, text)| text.as_str()), &mut report)?;
    if let Some((settings, _)) = &new {
        report.push_str(&taken(arguments, settings));
    }
    report.push_str(&advice(&config, new.is_none()));
    let lore = Lore::of(&config, &environment);
    report.push_str(&lines_to_copy(&program, &config, &environment, &lore.sent, arguments.all_recipes));
    let what = unheeded.join(", ");
    let said = format!("{} was there already and says something else than {what}; edit it", file.display());
    let unheeded = (!what.is_empty()).then_some(said);
    let config_option = (!is_usual_place(&file, &environment)).then_some(file);
    let first_day = FirstDay { environment, lore, program, config_option, is_new: new.is_some() };
    Ok(SetUp { report, unheeded, first_day })
}

/// Refuses to fill a gap in an installation that was whole once. New keys beside an old store would make a list that
/// nobody can read, and the backup could not be brought back beside them; a new store would forget everybody without
/// a word. Keys alone are no such thing: a backup is brought back before the first `init`.
fn refuse_half(paths: &Paths, configured: bool) -> Result<(), Trouble> {
    let is_there = |path: &Path| path.try_exists().with_context(|| format!("cannot look for {}", path.display()));
    let (keys, store) = (is_there(&paths.keys)?, is_there(&paths.store)?);
    if !keys && (configured || store) {
        return Err(Trouble::config(anyhow!(
            "the keys {} are missing, and this is no new mailbox ({} is there). Bring them back: countersign keys \
             import < BACKUP. Without a backup the list and all open questions are lost; to begin anew: countersign \
             keys new",
            paths.keys.display(),
            if configured { &paths.config } else { &paths.store }.display()
        )));
    }
    let lost = match store {
        false => Some(StoreFile::Messages),
        // In a former version's store the list is in the same file.
        true => Store::lacks_list(&paths.store).map_err(Trouble::from)?.then_some(StoreFile::List),
    };
    match lost.filter(|_| configured) {
        Some(file) => Err(Trouble::config(anyhow!(
            "the store {} is missing, and this is no new mailbox. Bring it back from a backup; without one: \
             countersign maintain --rebuild",
            file.of(&paths.store).display()
        ))),
        None => Ok(()),
    }
}

/// Refuses to begin a store on a file system of another machine: SQLite's locks and syncs are then as good as that machine,
/// and its authors advise against it (sqlite.org/faq.html#q5). One that is there is left to `doctor`.
fn refuse_network(
    store: &Path,
    configured: bool,
    network: impl Fn(&Path) -> Option<&'static str>,
) -> Result<(), Trouble> {
    // Its folder may be still to be made.
    let Some(name) = store.ancestors().find(|path| path.exists()).and_then(network).filter(|_| !configured) else {
        return Ok(());
    };
    let (file, above) = (store.display(), folder::above(store).display());
    Err(Trouble::config(anyhow!(
        "the store {file} would be on {name}, where its locks and syncs cannot be relied on. Say a folder of yours on a disk of \
         this machine in place of {above}: XDG_DATA_HOME=/var/lib/you countersign init, and the configuration will name it"
    )))
}

/// Makes what is missing, the configuration last: a delivery that comes in between finds either none, and the
/// message waits, or a whole set-up.
fn make(config: &Config, text: Option<&str>, report: &mut String) -> Result<(), Trouble> {
    let paths = &config.paths;
    let mut note = |made: bool, what: &str, path: &Path| {
        let word = if made { "made" } else { "there already" };
        report.push_str(&format!("{word:<15}{what:<15}{}\n", path.display()));
    };
    let keys = secret::create(&paths.keys).map_err(|error| Trouble::config(error.into()))?;
    note(keys == Created::New, "keys", &paths.keys);
    let above = folder::above(&paths.store);
    folder::create(above).with_context(|| format!("cannot create {}", above.display()))?;
    note(Store::create(&paths.store)?, "store", &paths.store);
    // An mbox is made by the first message, as the mail system does it.
    if let Inbox::Maildir(inbox) = &paths.inbox {
        note(make_maildir(inbox)?, "inbox", inbox);
    }
    note(make_maildir(&paths.quarantine)?, "quarantine", &paths.quarantine);
    if let Some(text) = text {
        write_new(&paths.config, text).with_context(|| format!("cannot write {}", paths.config.display()))?;
    }
    note(text.is_some(), "configuration", &paths.config);
    Ok(())
}

fn make_maildir(path: &Path) -> anyhow::Result<bool> {
    let maildir = Maildir::at(path);
    let is_new = !maildir.exists();
    if is_new {
        maildir.create()?;
    }
    Ok(is_new)
}

/// Writes a file under a temporary name first, so that nobody reads half of it. A file that appeared meanwhile is
/// not overwritten.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let above = folder::above(path);
    folder::create(above)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new.{}", std::process::id()));
    let draft = PathBuf::from(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let placed = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    placed.and_then(|()| folder::sync(above))
}

/// What the command line asked for and an existing configuration does not say.
fn unheeded(arguments: &InitArguments, config: &Config) -> Vec<String> {
    let owner = &config.policy.owner;
    let is_own = |text: &&String| {
        Address::parse(text).is_ok_and(|one| owner.addresses().any(|other| other.normal() == one.normal()))
    };
    let mut found: Vec<String> =
        arguments.address.iter().filter(|text| !is_own(text)).map(|text| format!("--address {text}")).collect();
    let ids = &config.policy.trust.ids;
    let unknown = arguments.authserv_id.iter().filter(|id| !ids.contains(&id.to_ascii_lowercase()));
    found.extend(unknown.map(|id| format!("--authserv-id {id}")));
    let differs = |given: &PathBuf, has: &Path| surroundings::whole(given).map_or(true, |path| path != has);
    let given_inbox = [arguments.maildir.clone().map(Place::Maildir), arguments.mbox.clone().map(Place::Mbox)];
    for given in given_inbox.into_iter().flatten() {
        let same = match (&given, &config.paths.inbox) {
            (Place::Maildir(given), Inbox::Maildir(has)) | (Place::Mbox(given), Inbox::Mbox(has)) => {
                !differs(given, has)
            }
            _ => false,
        };
        found.extend((!same).then(|| given.option()));
    }
    if let Some(given) = arguments.sendmail.as_ref().filter(|given| differs(given, &config.paths.sendmail)) {
        found.push(format!("--sendmail {}", given.display()));
    }
    if let Some(given) = arguments.look.as_ref().filter(|given| *given != config.policy.trust.eyes.look.name()) {
        found.push(format!("--look {given}"));
    }
    if let Some(given) = arguments.delimiter.as_ref().filter(|given| **given != owner.delimiters) {
        found.push(format!("--delimiter {given:?}"));
    }
    found
}

/// Where the values came from that nobody gave.
fn taken(arguments: &InitArguments, settings: &Settings) -> String {
    let mut out = String::from("\n");
    if let Some(said_by) = &settings.inbox_said_by {
        out.push_str(&format!("Your inbox is {}, by {said_by}.\n", settings.inbox));
    }
    if let Some(path) = &settings.quarantine {
        out.push_str(&format!("Mail is held in {}, a Maildir; let your mail reader show it.\n", path.display()));
    }
    if let (true, Some(address)) = (arguments.address.is_empty(), settings.addresses.first()) {
        out.push_str(&format!("Your address is {address}: all recent mail in your inbox was delivered for it.\n"));
    }
    if arguments.delimiter.is_none() {
        let text = &settings.delimiters;
        out.push_str(&match text.as_str() {
            "" => "No delimiter: answers to challenges come to your plain address. If your mail\n\
                   system splits you+anything@, write delimiters = \"+\" into the configuration;\n\
                   countersign doctor --send-probe then shows whether such mail arrives.\n"
                .to_owned(),
            _ => format!("The delimiter is {text:?}, as Postfix on this machine says.\n"),
        });
    }
    if let Some(said) = &settings.refused_answers {
        out.push_str(&format!(
            "Warning: {said};\nset recipient_delimiter = {} in main.cf, or leave out --delimiter.\n",
            settings.delimiters
        ));
    }
    if let (true, Some(server)) = (settings.authserv_ids.is_empty(), &settings.proposed) {
        let Server { id, messages, .. } = server;
        out.push_str(&format!(
            "{messages} recent messages have what \"{id}\" found out about their origin. If that is your own\n\
             mail server, take the # away before authserv_ids in the configuration.\n"
        ));
    }
    if out == "\n" { String::new() } else { out }
}

/// What a person should know before the first message comes; what is there already is told and not changed.
fn advice(config: &Config, is_there: bool) -> String {
    let mut out = String::new();
    if config.policy.trust.eyes.look != Look::Off {
        out.push_str(
            "\nWhere your mail system says nothing of a message's origin, its signature is checked here: then DNS\n\
             questions about strangers' domains leave this machine, and nothing else. To switch that off:\n\
             look = \"off\" in the part [eyes].\n",
        );
    }
    if !config.policy.trust.can_prove() {
        out.push_str(
            "\nNobody is asked to confirm yet: no mail server is named whose word on a message's origin\n\
             counts (authserv_ids). Mail from strangers is held and listed. countersign doctor says more.\n",
        );
        if is_there && shows_no_server(config) {
            out.push_str(&format!(
                "Your recent mail shows no server that checks where it comes from. To have signatures checked here,\n\
                 by DNS questions about strangers' domains: {}.\n",
                Trust::OPEN_EYES
            ));
        }
    }
    if !surroundings::is_executable(&config.paths.sendmail) {
        let path = config.paths.sendmail.display();
        out.push_str(&format!("\n{path} is not a program that can be run; put yours into the configuration.\n"));
    }
    out.push_str(
        "\nKeep a copy of the keys in a safe place: countersign keys export > FILE. Without them the\n\
         list of known senders is dead. countersign doctor checks the whole set-up.\n",
    );
    out
}

/// Whether no server may be the user's own that says where recent mail comes from.
fn shows_no_server(config: &Config) -> bool {
    let inbox: Vec<Place> = Place::of(&config.paths.inbox).into_iter().collect();
    let policy = &config.policy;
    Evidence::of(&inbox, &policy.trust, &policy.owner.delimiters).candidates().is_empty()
}

/// The lines for the mail system: those for who delivers the user's mail, and all where that is not seen or all are wanted.
fn lines_to_copy(program: &Path, config: &Config, environment: &Environment, sent: &[PathBuf], all: bool) -> String {
    let file = Some(config.paths.config.as_path()).filter(|file| !is_usual_place(file, environment));
    let usual = environment.home.as_ref().map(|home| home.join("Maildir"));
    let inbox = Place::of(&config.paths.inbox).filter(|place| Some(place) != usual.map(Place::Maildir).as_ref());
    let recipes = match Recipes::new(program, file, inbox.as_ref()) {
        Ok(recipes) => recipes,
        Err(odd) => return format!("\nNo lines for the mail system: {odd}.\n"),
    };
    let forward = deliverer::forward_of(environment);
    let deliverer = deliverer::seen(environment, &config.policy.owner.primary, &forward);
    let entry = deliverer.as_ref().and_then(|deliverer| deliverer.entry).filter(|_| !all);
    let mut out = String::from("\n");
    if let Some(deliverer) = &deliverer {
        let mut said = deliverer.said.clone();
        if let Some(first) = said.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        out.push_str(&wrapped(&one_line(&format!("{said}."), SAID_LIMIT), 0, screen::WIDTH));
    }
    out.push_str(match entry {
        Some(_) => "So let it call countersign there. Copy the lines as they are.\n",
        None => "Now let your mail system call it, in one of these ways. Copy the lines as they are.\n",
    });
    let mut part = |title: &str, text: &str| out.push_str(&format!("\n-- {title}\n\n{text}"));
    for one in [Entry::Procmail, Entry::Maildrop, Entry::Forward] {
        if entry.is_none_or(|entry| entry == one) {
            let (title, text) = recipe(one, &recipes, config, environment);
            part(title, &text);
        }
    }
    part("and for cron, in each case: crontab -e", &recipes.crontab(sent));
    if entry.is_some() {
        out.push_str(
            "\n-- should somebody else deliver your mail: countersign init --all-recipes prints the lines for each\n",
        );
    }
    out
}

/// The lines for that file, under its name.
fn recipe(entry: Entry, recipes: &Recipes, config: &Config, environment: &Environment) -> (&'static str, String) {
    let rules = environment.home.as_ref().map(|home| surroundings::written_by_hand(&home.join(entry.file())));
    let has_rules = match rules {
        Some(Ok(Some(text))) => !text.trim().is_empty(),
        // There is something that cannot be read: nothing is to be put in its place.
        Some(Err(_)) => true,
        // An inbox that a command stands for is delivered to by rules that are there already.
        Some(Ok(None)) | None => matches!(config.paths.inbox, Inbox::Command(_)),
    };
    match (entry, has_rules) {
        (Entry::Procmail, true) => (
            "procmail: your ~/.procmailrc, in front of its first recipe (the first line that begins with :0); what passes\n\
             -- goes on through your recipes. procmail is called with -t -a \"$EXTENSION\"",
            recipes.procmail_beside(),
        ),
        (Entry::Procmail, false) => {
            ("procmail: ~/.procmailrc; procmail is called with -t -a \"$EXTENSION\"", recipes.procmail())
        }
        (Entry::Maildrop, true) => (
            "maildrop: your ~/.mailfilter, in front of its first rule; maildrop is called with -- \"$EXTENSION\"",
            recipes.maildrop_beside(),
        ),
        (Entry::Maildrop, false) => {
            ("maildrop: ~/.mailfilter (chmod 600); maildrop is called with -- \"$EXTENSION\"", recipes.maildrop())
        }
        (Entry::Forward, _) => ("neither procmail nor maildrop: ~/.forward", recipes.forward()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn arguments(home: &Path) -> InitArguments {
        InitArguments {
            address: vec!["alice@example.org".into()],
            maildir: Some(home.join("Maildir")),
            mbox: None,
            sendmail: Some("/bin/true".into()),
            authserv_id: vec!["mx.example.org".into()],
            delimiter: Some("+".into()),
            ..InitArguments::default()
        }
    }

    fn environment(home: &Path) -> Environment {
        Environment { home: Some(home.into()), ..Environment::default() }
    }

    /// Every file below a folder with its content, its mode and its time.
    fn picture(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for file in fs::read_dir(&folder).unwrap() {
                let path = file.unwrap().path();
                let status = fs::metadata(&path).unwrap();
                let content = fs::read(&path).unwrap_or_default();
                found.push(format!(
                    "{path:?} {:o} {:?} {content:?}",
                    status.permissions().mode(),
                    status.modified().unwrap()
                ));
                folders.extend(path.is_dir().then_some(path));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn init_twice_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        set_up(&arguments(home.path()), environment(home.path())).unwrap();
        let before = picture(home.path());
        for again in [arguments(home.path()), InitArguments::default()] {
            assert_eq!(set_up(&again, environment(home.path())).unwrap().unheeded, None);
        }
        assert_eq!(picture(home.path()), before);
        let config = home.path().join(".config/countersign/config.toml");
        for (path, mode) in [(config.clone(), 0o600), (config.with_file_name("keys"), 0o600)] {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode, "{path:?}");
        }
        assert!(Config::load(&environment(home.path())).is_ok());
    }

    #[test]
    fn what_an_existing_configuration_does_not_say_is_said() {
        let home = tempfile::tempdir().unwrap();
        set_up(&arguments(home.path()), environment(home.path())).unwrap();
        let before = picture(home.path());
        let other = InitArguments { authserv_id: vec!["evil.example".into()], ..arguments(home.path()) };
        let said = set_up(&other, environment(home.path())).unwrap().unheeded.unwrap();
        assert!(said.contains("--authserv-id evil.example"), "{said}");
        assert_eq!(picture(home.path()), before);
    }

    #[test]
    fn without_an_address_nothing_is_made_and_the_line_to_type_is_said() {
        let home = tempfile::tempdir().unwrap();
        let arguments = InitArguments { maildir: Some(home.path().join("Maildir")), ..InitArguments::default() };
        let trouble = set_up(&arguments, environment(home.path())).unwrap_err();
        assert_eq!(trouble.ending, Ending::Usage);
        assert!(trouble.error.to_string().contains("countersign init --address"));
        assert_eq!(picture(home.path()), Vec::<String>::new());
    }

    #[test]
    fn the_inbox_is_where_mail_arrives_or_it_is_asked_for() {
        let without = |home: &Path| InitArguments { maildir: None, ..arguments(home) };
        let home = tempfile::tempdir().unwrap();
        // Nothing says it.
        let trouble = set_up(&without(home.path()), environment(home.path())).unwrap_err();
        assert_eq!(trouble.ending, Ending::Config);
        assert!(trouble.error.to_string().contains("--maildir FOLDER"), "{}", trouble.error);
        // Two places have mail, and both are named.
        let maildir = Maildir::at(home.path().join("Maildir"));
        maildir.create().unwrap();
        fs::write(maildir.path().join("new/1"), "Subject: x\n\n").unwrap();
        let spool = home.path().join("spool");
        fs::write(&spool, "From a@b.c Sat Nov 21 12:00:00 2026\nSubject: x\n\n\n").unwrap();
        let two = Environment { mail: Some(spool.clone()), ..environment(home.path()) };
        let before = picture(home.path());
        let trouble = set_up(&without(home.path()), two.clone()).unwrap_err();
        let said = trouble.error.to_string();
        assert!(trouble.ending == Ending::Config && said.contains(&format!("--mbox {}", spool.display())), "{said}");
        assert!(said.contains(&format!("--maildir {}", maildir.path().display())), "{said}");
        assert_eq!(picture(home.path()), before, "something was made");
        // The user's own rules decide, and keep their own variables.
        fs::write(home.path().join(".procmailrc"), format!("DEFAULT={}\n:0\n* x\ny\n", spool.display())).unwrap();
        let report = set_up(&without(home.path()), two.clone()).unwrap().report;
        assert!(report.contains("by DEFAULT in ~/.procmailrc"), "{report}");
        assert!(report.contains("in front of its first recipe") && !report.contains("ORGMAIL"), "{report}");
        let config = Config::load(&two).unwrap();
        assert_eq!(config.paths.inbox, Inbox::Mbox(spool));
        assert_eq!(config.paths.quarantine, home.path().join("mail/Held"));
        assert!(Maildir::at(config.paths.quarantine).exists());
    }

    #[test]
    fn an_mbox_that_takes_no_mail_is_refused() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("real"), "").unwrap();
        std::os::unix::fs::symlink(home.path().join("real"), home.path().join("link")).unwrap();
        let mbox =
            |name: &str| InitArguments { maildir: None, mbox: Some(home.path().join(name)), ..arguments(home.path()) };
        let trouble = set_up(&mbox("link"), environment(home.path())).unwrap_err();
        assert!(trouble.error.to_string().contains("symbolic link"), "{}", trouble.error);
        assert!(Config::load(&environment(home.path())).is_err(), "nothing is set up");
        set_up(&mbox("real"), environment(home.path())).unwrap();
        let again = set_up(&mbox("other"), environment(home.path())).unwrap().unheeded.unwrap();
        assert!(again.contains("--mbox"), "{again}");
    }

    #[test]
    fn lost_keys_and_a_lost_store_are_not_made_anew() {
        let lose = |names: &[&str]| {
            let home = tempfile::tempdir().unwrap();
            set_up(&arguments(home.path()), environment(home.path())).unwrap();
            for name in names {
                match *name {
                    "list emptied" => {
                        fs::write(home.path().join(".local/share/countersign/countersign-list.db"), "").unwrap();
                    }
                    name => fs::remove_file(home.path().join(name)).unwrap(),
                }
            }
            let before = picture(home.path());
            let trouble = set_up(&arguments(home.path()), environment(home.path())).err();
            assert!(trouble.is_none() || picture(home.path()) == before, "{names:?}: something was made");
            trouble.map(|trouble| (trouble.ending, trouble.error.to_string()))
        };
        let (config, keys) = (".config/countersign/config.toml", ".config/countersign/keys");
        let store = ".local/share/countersign/countersign.db";
        let list = ".local/share/countersign/countersign-list.db";
        let cases: [(&[&str], &str); 7] = [
            (&[keys], "keys import < BACKUP"),
            (&[keys, store], "keys new"),
            (&[keys, config], "keys import < BACKUP"),
            (&[store], "maintain --rebuild"),
            (&[store, list], "countersign.db is missing"),
            (&[list], "countersign-list.db is missing"),
            (&["list emptied"], "countersign-list.db is missing"),
        ];
        for (names, way_out) in cases {
            let (ending, said) = lose(names).unwrap_or_else(|| panic!("{names:?} were made anew"));
            assert_eq!(ending, Ending::Config, "{names:?}");
            assert!(said.contains(way_out), "{names:?}: {said}");
        }
        // Keys from a backup, and a configuration that was thrown away, are where one begins.
        assert_eq!(lose(&[config, store]), None);
        assert_eq!(lose(&[config]), None);
    }

    #[test]
    fn a_store_on_another_machine_is_refused_by_name() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("not/yet/countersign.db");
        let on_nfs = |path: &Path| (path == home.path()).then_some("NFS");
        let said = refuse_network(&store, false, on_nfs).unwrap_err().error.to_string();
        assert!(said.contains("on NFS") && said.contains("XDG_DATA_HOME="), "{said}");
        assert!(refuse_network(&store, true, on_nfs).is_ok() && refuse_network(&store, false, |_| None).is_ok());
    }

    #[test]
    fn what_leaves_the_machine_is_said_where_something_does_and_what_is_there_is_only_told() {
        let home = tempfile::tempdir().unwrap();
        let given = |look: Option<&str>| InitArguments {
            authserv_id: Vec::new(),
            look: look.map(str::to_owned),
            ..arguments(home.path())
        };
        let made = |look| set_up(&given(look), environment(home.path())).unwrap().report;
        let (leaves, hint) =
            ("nothing else. To switch that off:\nlook = \"off\"", "look = \"where-silent\" in the part [eyes]");
        let first = made(None);
        assert!(first.contains(leaves) && !first.contains("Nobody is asked"), "{first}");
        let file = home.path().join(".config/countersign/config.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("\nlook = \"where-silent\"\n"), "{text}");
        // As a former version wrote it: without the part.
        let (before, after) = (text.split_once("\n[eyes]\n").unwrap().0, text.split_once("\n[score]\n").unwrap().1);
        let former = format!("{before}\n[score]\n{after}");
        fs::write(&file, &former).unwrap();
        let again = made(None);
        assert!(
            again.contains("shows no server that checks") && again.contains(hint) && !again.contains(leaves),
            "{again}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), former, "it is not changed");
        let maildir = home.path().join("Maildir/new");
        for number in 0..4 {
            let field = "Authentication-Results: mx.example.org; dkim=pass header.d=example.net";
            fs::write(maildir.join(number.to_string()), format!("Received: x\n{field}\nTo: a@example.org\n\n"))
                .unwrap();
        }
        let seen = made(None);
        assert!(seen.contains("Nobody is asked") && !seen.contains(hint), "{seen}");
    }

    #[test]
    fn an_address_beyond_doubt_is_taken_and_a_server_never() {
        let home = tempfile::tempdir().unwrap();
        let maildir = Maildir::at(home.path().join("Maildir"));
        maildir.create().unwrap();
        for number in 0..4 {
            let text = "Delivered-To: alice@example.org\nReceived: x\n\
                Authentication-Results: mx.example.org; dkim=pass header.d=example.net\nTo: alice@example.org\n\n";
            fs::write(maildir.path().join(format!("new/{number}")), text).unwrap();
        }
        set_up(&InitArguments { delimiter: Some("".into()), ..InitArguments::default() }, environment(home.path()))
            .unwrap();
        let config = Config::load(&environment(home.path())).unwrap();
        assert_eq!(config.policy.owner.primary.to_string(), "alice@example.org");
        assert!(config.policy.trust.ids.is_empty());
        let text = fs::read_to_string(config.paths.config).unwrap();
        assert!(text.contains("# authserv_ids = [\"mx.example.org\"]") && text.contains("# methods = [\"dkim\"]"));
    }

    #[test]
    fn a_set_up_that_a_mail_system_would_not_find_is_written_out() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = Environment {
            config_home: Some(home.path().join("x")),
            data_home: Some(home.path().join("data")),
            ..environment(home.path())
        };
        set_up(&arguments(home.path()), elsewhere.clone()).unwrap();
        // A mail system is told the file, and knows nothing of the variables, or of HOME.
        let file = home.path().join("x/countersign/config.toml");
        let called = Environment { config: Some(file.clone()), ..Environment::default() };
        let config = Config::load(&called).unwrap();
        assert!(config.paths.store.starts_with(home.path().join("data")) && config.paths.store.exists());
        let lines = lines_to_copy(Path::new("/usr/bin/countersign"), &config, &elsewhere, &[], true);
        assert!(lines.contains(&format!("gate --config {}", file.display())), "{lines}");
    }
}
