//! What lies in a home from which the program can learn whom its user knows: sent mail, address books, the lists of former
//! programs of this kind, received mail.
//!
//! Promises: looks at names and at whether there is anything; what is empty is not there. Never touches: what is in the files,
//! but for the settings of mail programs; the quarantine.

use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::mail::migration::effect_of_name;
use crate::operation::mail_program;
use crate::world::config::{Config, Environment, Inbox};
use crate::world::surroundings;

/// How IMAP servers and mail programs call the folder of sent mail, in lower case; alpine begins a new one each month.
const SENT: [&str; 15] = [
    "sent",
    "sent items",
    "sent messages",
    "sent mail",
    "sent-mail",
    "sentmail",
    "gesendet",
    "gesendete elemente",
    "gesendete objekte",
    "envoyés",
    "envoy&aok-s",
    "enviados",
    "inviata",
    "posta inviata",
    "verzonden",
];
const SENT_EACH_MONTH: &str = "sent-mail-";
/// Where mail lies in a home; below the latter ones, a folder for each account or server.
const MAILDIRS: [&str; 2] = ["Maildir", ".maildir"];
const TREES: [&str; 3] = ["mail", "Mail", ".mail"];
/// `mail/ACCOUNT/[Gmail]/Sent Mail`.
const TREES_DEEP: usize = 3;
/// Address books that are one file.
const BOOKS: [&str; 7] = [
    ".mutt/aliases",
    ".mutt/alias",
    ".mutt_aliases",
    ".addressbook",
    ".abook/addressbook",
    ".config/abook/addressbook",
    ".local/share/abook/addressbook",
];
/// Folders of cards.
const CARDS: [&str; 2] = [".contacts", ".local/share/contacts"];
/// Folders of cards lie in each other this deep at most.
const CARDS_DEEP: usize = 4;
/// The lists of other programs: the name that `learn --from` knows, and where their files are.
const LISTS: [(&str, &str); 4] =
    [("tmda", ".tmda/lists"), ("ask", ".ask"), ("boxtrapper", ".boxtrapper"), ("qconfirm", ".qconfirm")];
/// What a list's file is made into for fast look-up, or kept as, beside it.
const MADE_FROM_LISTS: [&str; 5] = ["cdb", "db", "dbm", "bak", "old"];

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lore {
    /// Folders and files of sent mail.
    pub sent: Vec<PathBuf>,
    /// Address books and folders of cards.
    pub books: Vec<PathBuf>,
    /// The lists of each former program, by the name that `learn --from` knows.
    pub lists: Vec<(&'static str, Vec<PathBuf>)>,
    /// Received mail, and what is kept of it.
    pub received: Vec<PathBuf>,
    /// The newest of it: the inbox alone.
    pub inbox: Vec<PathBuf>,
}

impl Lore {
    /// Looks around in the home, and at the inbox.
    #[must_use]
    pub fn of(config: &Config, environment: &Environment) -> Lore {
        let quarantine = &config.paths.quarantine;
        let Some(home) = &environment.home else {
            let (received, inbox) = received(&config.paths.inbox, None, quarantine);
            return Lore { received, inbox, ..Lore::default() };
        };
        let named = mail_program::named(home);
        let mut cards: Vec<PathBuf> = CARDS.iter().map(|name| home.join(name)).chain(named.cards).collect();
        cards.retain(|path| holds_cards(path, CARDS_DEEP));
        let aliases = BOOKS.iter().map(|name| home.join(name)).chain(named.aliases).filter(|path| is_filled(path));
        let (received, inbox) = received(&config.paths.inbox, Some(home), quarantine);
        Lore {
            sent: different(sent(&config.paths.inbox, home, named.sent), quarantine),
            books: different(aliases.chain(cards).collect(), quarantine),
            lists: LISTS.iter().map(|(program, at)| (*program, lists(&home.join(at)))).filter(has_some).collect(),
            received,
            inbox,
        }
    }
}

fn has_some(lists: &(&str, Vec<PathBuf>)) -> bool {
    !lists.1.is_empty()
}

/// Everything that is called as sent mail is and holds some.
fn sent(inbox: &Inbox, home: &Path, named: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut found = named;
    if let Inbox::Maildir(path) = inbox {
        find_sent(path, 0, &mut found);
    }
    MAILDIRS.iter().for_each(|name| find_sent(&home.join(name), 0, &mut found));
    TREES.iter().for_each(|name| find_sent(&home.join(name), TREES_DEEP - 1, &mut found));
    find_sent(home, 0, &mut found);
    found.retain(|path| holds_mail(path));
    found
}

/// What lies in that folder, and so many below, under such a name.
fn find_sent(folder: &Path, deep: usize, found: &mut Vec<PathBuf>) {
    for entry in entries(folder) {
        let name = entry.file_name();
        if is_sent(&name.to_string_lossy()) {
            found.push(entry.path());
        } else if deep > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_part_of_maildir(&name) {
            find_sent(&entry.path(), deep - 1, found);
        }
    }
}

fn is_part_of_maildir(name: &std::ffi::OsStr) -> bool {
    ["cur", "new", "tmp"].iter().any(|part| name == *part)
}

/// Whether a folder of that name is for sent mail: `.INBOX.Sent` is named by its last part.
fn is_sent(name: &str) -> bool {
    let name = name.to_lowercase();
    let last = if name.starts_with('.') { name.rsplit('.').next().unwrap_or_default() } else { name.as_str() };
    SENT.contains(&last) || last.starts_with(SENT_EACH_MONTH)
}

/// Whether there is a message, by the looks of it. A folder that cannot be read may hold some.
fn holds_mail(path: &Path) -> bool {
    if path.is_file() {
        return is_filled(path);
    }
    let holds = |path: &Path| match fs::read_dir(path) {
        Ok(inside) => {
            let hidden = |entry: &DirEntry| entry.file_name().as_bytes().starts_with(b".");
            let mut files = inside.flatten().filter(|entry| !hidden(entry) && !is_part_of_maildir(&entry.file_name()));
            files.next().is_some()
        }
        Err(_) => path.is_dir(),
    };
    // Those below it lie beside it in a Maildir++: `.Sent.2025`.
    let name = path.file_name().unwrap_or_default().as_bytes();
    let below = [name, b"."].concat();
    let beside = || {
        let around = path.parent().filter(|_| name.starts_with(b".")).map(entries).unwrap_or_default();
        around.into_iter().any(|entry| {
            entry.file_name().as_bytes().starts_with(&below)
                && ["cur", "new"].iter().any(|part| holds(&entry.path().join(part)))
        })
    };
    let parts = ["cur", "new"].map(|part| path.join(part));
    // Servers leave files of their own in a Maildir.
    let is_maildir = parts.iter().any(|part| part.is_dir());
    if is_maildir { parts.iter().any(|part| holds(part)) || beside() } else { holds(path) || beside() }
}

/// The inbox with what lies around it, and the inbox alone.
fn received(inbox: &Inbox, home: Option<&Path>, quarantine: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let maildir = |path: &Path| {
        let parts: Vec<PathBuf> =
            ["cur", "new"].iter().map(|part| path.join(part)).filter(|part| part.is_dir()).collect();
        let is_other = |entry: &DirEntry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with('.') && !is_sent(&name) && !is_of(quarantine, &entry.path())
        };
        let kept = || entries(path).iter().any(|entry| is_other(entry) && holds_mail(&entry.path()));
        let has_some = parts.iter().any(|part| holds_mail(part));
        let received = if has_some || kept() { vec![path.to_owned()] } else { Vec::new() };
        (received, if has_some { parts } else { Vec::new() })
    };
    match (inbox, home) {
        (Inbox::Maildir(path), _) => maildir(path),
        (Inbox::Mbox(path), home) => {
            let inbox: Vec<PathBuf> = Some(path).filter(|path| is_filled(path)).into_iter().cloned().collect();
            let trees = home.into_iter().flat_map(|home| TREES.map(|name| home.join(name)));
            let is_other = |entry: &DirEntry| {
                let path = entry.path();
                !is_of(quarantine, &path) && !is_sent(&entry.file_name().to_string_lossy()) && holds_mail(&path)
            };
            let trees = trees.filter(|tree| entries(tree).iter().any(is_other));
            (different(inbox.iter().cloned().chain(trees).collect(), quarantine), inbox)
        }
        (Inbox::Command(_), Some(home)) => maildir(&home.join("Maildir")),
        (Inbox::Command(_), None) => (Vec::new(), Vec::new()),
    }
}

/// Whether a folder is the quarantine or one of its own, such as the trash.
fn is_of(quarantine: &Path, path: &Path) -> bool {
    let below = [quarantine.as_os_str().as_bytes(), b"."].concat();
    path == quarantine || path.as_os_str().as_bytes().starts_with(&below)
}

/// The lists in a folder whose names say what they are for; a folder is one too where it holds a file for each address.
fn lists(folder: &Path) -> Vec<PathBuf> {
    let is_list = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let made =
            path.extension().is_some_and(|end| MADE_FROM_LISTS.iter().any(|one| end == *one)) || name.ends_with('~');
        let filled = is_filled(path) || !entries(path).is_empty();
        !made && filled && effect_of_name(&name).is_some()
    };
    entries(folder).into_iter().map(|entry| entry.path()).filter(|path| is_list(path)).collect()
}

fn holds_cards(folder: &Path, deep: usize) -> bool {
    let is_card = |path: &Path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("vcf")) && is_filled(path);
    let entries = entries(folder);
    entries.iter().any(|entry| is_card(&entry.path()))
        || deep > 0
            && entries.iter().any(|entry| {
                let hidden = entry.file_name().as_bytes().starts_with(b".");
                !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) && holds_cards(&entry.path(), deep - 1)
            })
}

fn is_filled(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|what| what.is_file() && what.len() > 0)
}

/// What is in a folder, in order; nothing where it cannot be read.
fn entries(folder: &Path) -> Vec<DirEntry> {
    let mut entries: Vec<DirEntry> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(DirEntry::file_name);
    entries
}

/// Each once, whatever links lead there; what lies in another one comes with it, and what is held is left out.
fn different(paths: Vec<PathBuf>, quarantine: &Path) -> Vec<PathBuf> {
    let whole: Vec<PathBuf> = paths.iter().map(|path| surroundings::real(path)).collect();
    let quarantine = surroundings::real(quarantine);
    let is_new = |at: usize| {
        let covers = |other: usize| whole[at].starts_with(&whole[other]) && (whole[at] != whole[other] || other < at);
        !whole[at].starts_with(&quarantine) && !(0..whole.len()).any(|other| other != at && covers(other))
    };
    (0..paths.len()).filter(|at| is_new(*at)).filter_map(|at| paths.get(at).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn put(&self, name: &str) {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }

        fn lore(&self, inbox: &str) -> Lore {
            let text = format!("[owner]\naddress = \"alice@example.org\"\n[inbox]\n{inbox}\n");
            let environment = Environment { home: Some(self.0.path().into()), ..Environment::default() };
            let config = Config::parse(&text, &self.0.path().join("config.toml"), &environment).unwrap();
            Lore::of(&config, &environment)
        }

        fn names(&self, paths: &[PathBuf]) -> Vec<String> {
            let names = paths.iter().map(|path| path.strip_prefix(self.0.path()).unwrap().display().to_string());
            names.collect()
        }
    }

    fn home(names: &[&str]) -> Home {
        let home = Home(tempfile::tempdir().unwrap());
        names.iter().for_each(|name| home.put(name));
        home
    }

    const MAILDIR: &str = "maildir = \"~/Maildir\"";
    const MBOX: &str = "mbox = \"~/inbox\"\n[quarantine]\nmaildir = \"~/mail/Held\"";

    #[test]
    fn sent_mail_is_found_by_the_names_it_goes_by() {
        for name in [
            "Maildir/.Sent/cur/1:2,S",
            "Maildir/.Sent Items/new/1",
            "Maildir/.Sent Messages/cur/1:2,S",
            "Maildir/.INBOX.Sent/cur/1:2,S",
            "Maildir/.[Gmail].Sent Mail/cur/1:2,S",
            "Maildir/Sent/cur/1:2,S",
            "mail/sent",
            "Mail/Sent",
            "mail/work/Sent/cur/1:2,S",
            "mail/work/[Gmail]/Sent Mail/cur/1:2,S",
            "mail/sent-mail",
            "mail/sent-mail-oct-2026",
            "sent-mail",
            "Sent",
            "mail/Sent/1",
        ] {
            let found = home(&[name]);
            let sent = found.names(&found.lore(MAILDIR).sent);
            assert!(sent.len() == 1 && name.starts_with(&sent[0]), "{name}: {sent:?}");
        }
        let only_below = home(&["Maildir/.Sent.2025/cur/1:2,S"]);
        fs::create_dir_all(only_below.0.path().join("Maildir/.Sent/cur")).unwrap();
        assert_eq!(only_below.names(&only_below.lore(MAILDIR).sent), ["Maildir/.Sent"]);
        for name in ["Maildir/.Held/cur/1", "Maildir/.Sent.2025/cur/1", "mail/Presents", "Maildir/.Unsent/cur/1"] {
            assert_eq!(home(&[name]).lore(MAILDIR).sent, Vec::<PathBuf>::new(), "{name}");
        }
    }

    #[test]
    fn what_is_empty_held_or_there_twice_is_not_offered() {
        let found = home(&["mail/Held/Sent/cur/1:2,S", "Sent"]);
        for folder in ["Maildir/.Sent/cur", "Maildir/.Sent/new", "Maildir/cur", ".contacts/home", ".qconfirm/ok"] {
            fs::create_dir_all(found.0.path().join(folder)).unwrap();
        }
        fs::write(found.0.path().join(".addressbook"), "").unwrap();
        fs::write(found.0.path().join(".muttrc"), "set record=~/Sent\n").unwrap();
        std::os::unix::fs::symlink(found.0.path().join("Sent"), found.0.path().join("sent")).unwrap();
        let lore = found.lore(MBOX);
        assert_eq!(found.names(&lore.sent), ["Sent"]);
        assert_eq!(Lore { sent: Vec::new(), ..lore }, Lore::default());
    }

    #[test]
    fn books_and_lists_are_found_where_their_programs_keep_them() {
        let found = home(&[
            ".contacts/home/1.vcf",
            ".local/share/contacts/README",
            ".addressbook",
            ".abook/addressbook",
            ".tmda/lists/whitelist",
            ".tmda/lists/whitelist.cdb",
            ".tmda/lists/blacklist",
            ".tmda/lists/pending",
            ".ask/whitelist.txt",
            ".ask/ask.log",
            ".qconfirm/ok/bob@example.net",
        ]);
        fs::create_dir_all(found.0.path().join(".config/khard")).unwrap();
        fs::write(found.0.path().join(".config/khard/khard.conf"), "path = ~/.contacts/home\n").unwrap();
        let lore = found.lore(MAILDIR);
        assert_eq!(found.names(&lore.books), [".addressbook", ".abook/addressbook", ".contacts"]);
        let lists: Vec<_> = lore.lists.iter().map(|(program, paths)| (*program, found.names(paths))).collect();
        let wanted: [(&str, &[&str]); 3] = [
            ("tmda", &[".tmda/lists/blacklist", ".tmda/lists/whitelist"]),
            ("ask", &[".ask/whitelist.txt"]),
            ("qconfirm", &[".qconfirm/ok"]),
        ];
        assert_eq!(
            lists,
            wanted.map(|(program, names)| (program, names.iter().map(|name| (*name).to_owned()).collect()))
        );
    }

    #[test]
    fn received_mail_is_the_inbox_with_what_is_kept() {
        let found = home(&["Maildir/cur/1:2,S", "Maildir/.Lists/cur/2:2,S"]);
        let lore = found.lore(MAILDIR);
        assert_eq!(found.names(&lore.received), ["Maildir"]);
        assert_eq!(found.names(&lore.inbox), ["Maildir/cur"]);
        let found = home(&["Maildir/.Lists/cur/2:2,S"]).lore(MAILDIR);
        assert_eq!((found.received.len(), found.inbox.len()), (1, 0));
        let found = home(&["Maildir/.Held/cur/2:2,S", "Maildir/.Held.Trash/cur/3:2,S", "Maildir/.Sent/cur/1:2,S"])
            .lore(MAILDIR);
        assert_eq!((found.received.len(), found.inbox.len()), (0, 0));
        let found = home(&["inbox", "mail/archive", "mail/Held/cur/1"]);
        let lore = found.lore(MBOX);
        assert_eq!(
            (found.names(&lore.received), found.names(&lore.inbox)),
            (vec!["inbox".into(), "mail".into()], vec!["inbox".into()])
        );
        let found = home(&["inbox", "mail/Held/cur/1", "mail/Held/.Trash/cur/1", "mail/sent-mail"]);
        assert_eq!(found.names(&found.lore(MBOX).received), ["inbox"]);
    }
}
