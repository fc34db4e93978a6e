//! Which files and folders are looked at.
//!
//! Promises: what lies in the quarantine, and what mail programs keep as drafts, junk or waste, is never learned from; a file
//! is known again whatever a mail reader does to its flags. Never touches: what is in a file.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::policy::Owner;
use crate::policy::fingerprint::{Fingerprint, Kind};
use crate::policy::key::SecretKey;
use crate::world::store::ReadFile;

/// How IMAP servers and mail programs name the folders in which nothing is kept on purpose; in lower case. In a Maildir the
/// names are in modified UTF-7 (RFC 3501 section 5.1.3).
const UNWANTED: [&str; 33] = [
    "drafts",
    "draft",
    "entwürfe",
    "entw&apw-rfe",
    "brouillons",
    "borradores",
    "bozze",
    "concepten",
    "postponed",
    "postponed-msgs",
    "junk",
    "junk mail",
    "junk e-mail",
    "junk-e-mail",
    "junk email",
    "spam",
    "bulk mail",
    "courrier indésirable",
    "courrier ind&aok-sirable",
    "quarantine",
    "trash",
    "deleted messages",
    "deleted items",
    "papierkorb",
    "gelöschte elemente",
    "gel&apy-schte elemente",
    "gelöschte objekte",
    "gel&apy-schte objekte",
    "corbeille",
    "papelera",
    "cestino",
    "prullenbak",
    "wastebasket",
];

/// What was read before, and what is read now.
pub struct Folders<'k> {
    key: &'k SecretKey,
    /// Whose mail is looked for, in one text.
    whose: String,
    /// What the user named: that is looked at, whatever it is called.
    named: Vec<PathBuf>,
    quarantine: PathBuf,
    before: HashMap<Fingerprint, (u64, i64)>,
    /// The file that is read at the moment.
    pub now: Option<ReadFile>,
    /// How many are as they were.
    pub unchanged: u64,
}

impl<'k> Folders<'k> {
    /// For these folders, as [`whole`] names them; `before` are the files that need not be read again.
    #[must_use]
    pub fn new(
        key: &'k SecretKey,
        named: &[PathBuf],
        quarantine: &Path,
        before: HashMap<Fingerprint, (u64, i64)>,
    ) -> Folders<'k> {
        let quarantine = quarantine.canonicalize().unwrap_or_else(|_| quarantine.to_owned());
        Folders { key, whose: String::new(), named: named.to_vec(), quarantine, before, now: None, unchanged: 0 }
    }

    /// The same for mail that this person wrote: what was read for it is read again when the person has other addresses.
    #[must_use]
    pub fn written_by(mut self, owner: &Owner) -> Folders<'k> {
        for address in std::iter::once(&owner.primary).chain(&owner.others) {
            self.whose.push_str(&format!("{}\0", address.normal().as_str()));
        }
        self
    }

    /// Whether this file or folder is to be read.
    pub fn wants(&mut self, path: &Path, what: &Metadata) -> bool {
        if self.is_quarantine(path) {
            return false;
        }
        // The name of a message in a Maildir is no folder's, whatever the host in it is called.
        let names_folder = what.is_dir() || !is_in_maildir(path);
        if names_folder && is_unwanted(path) && !self.named.iter().any(|named| named == path) {
            return false;
        }
        if what.is_dir() {
            return true;
        }
        if flags(path).contains(['D', 'T']) {
            return false;
        }
        let file = self.read_file(path, what);
        let unchanged = self.before.get(&file.key) == Some(&(file.size, file.changed));
        self.unchanged += u64::from(unchanged);
        self.now = (!unchanged).then_some(file);
        !unchanged
    }

    fn is_quarantine(&self, path: &Path) -> bool {
        path == self.quarantine
            || path.as_os_str().as_bytes().starts_with(&[self.quarantine.as_os_str().as_bytes(), b"."].concat())
    }

    /// A message of a Maildir keeps its name up to the colon, in `new` and in `cur`, and its text for ever.
    fn read_file(&self, path: &Path, what: &Metadata) -> ReadFile {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let folder = path.parent().unwrap_or(path);
        let text = match (name.iter().rposition(|b| *b == b':'), folder.parent()) {
            (end, Some(maildir)) if is_in_maildir(path) => {
                [maildir.as_os_str().as_bytes(), b"/", &name[..end.unwrap_or(name.len())]].concat()
            }
            _ => path.as_os_str().as_bytes().to_vec(),
        };
        let changed = what.mtime().saturating_mul(1_000_000_000).saturating_add(what.mtime_nsec());
        let text = [self.whose.as_bytes(), &text].concat();
        ReadFile { key: Fingerprint::of(self.key, Kind::File, &text), size: what.len(), changed }
    }
}

/// The flags in a Maildir's file name: `D` for a draft, `T` for what is deleted, `R` for what was answered.
#[must_use]
pub fn flags(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default()
}

/// One name for each: another way to the same place is the same place. What is not there keeps its name and is named later.
#[must_use]
pub fn whole(named: &[PathBuf]) -> Vec<PathBuf> {
    named.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect()
}

/// With the folders below those of a Maildir++, which lie beside them: `.Sent.2025` is below `.Sent`.
#[must_use]
pub fn with_subfolders(named: &[PathBuf]) -> Vec<PathBuf> {
    let (named, mut all) = (whole(named), Vec::new());
    for path in &named {
        all.push(path.clone());
        let name = path.file_name().unwrap_or_default().as_bytes();
        let (Some(around), true) = (path.parent(), name.starts_with(b".") && name.len() > 1) else { continue };
        let prefix = [name, b"."].concat();
        let Ok(entries) = std::fs::read_dir(around) else { continue };
        let beside = entries.flatten().filter(|entry| entry.file_name().as_bytes().starts_with(&prefix));
        let mut below: Vec<PathBuf> = beside.map(|entry| entry.path()).filter(|path| !is_unwanted(path)).collect();
        below.sort();
        all.extend(below.into_iter().filter(|path| !named.contains(path)));
    }
    all
}

fn is_in_maildir(file: &Path) -> bool {
    matches!(file.parent().and_then(Path::file_name).map(OsStrExt::as_bytes), Some(b"cur" | b"new"))
}

/// Whether a folder, or an mbox, is of those in which nothing is kept on purpose.
fn is_unwanted(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if name.starts_with('.') {
        // `.Trash.2025` lies beside `.Trash` in a Maildir++, and would not be looked at if it lay in it.
        return name.split('.').any(|part| UNWANTED.contains(&part));
    }
    let last = name
        .rsplit('.')
        .find(|part| !matches!(*part, "" | "sbd" | "mbox" | "gz" | "bz2" | "xz" | "zst"))
        .unwrap_or_default();
    UNWANTED.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(paths: &[&str], flags_of: &str) -> Vec<bool> {
        let scratch = tempfile::tempdir().unwrap();
        let key = SecretKey::new([7; 32]);
        let quarantine = scratch.path().join(".Held");
        std::fs::create_dir(&quarantine).unwrap();
        let mut folders = Folders::new(&key, &[scratch.path().join("Trash")], &quarantine, HashMap::new());
        paths
            .iter()
            .map(|path| {
                let path = scratch.path().join(format!("{path}{flags_of}"));
                std::fs::create_dir_all(&path).unwrap();
                folders.wants(&path, &std::fs::metadata(&path).unwrap())
            })
            .collect()
    }

    #[test]
    fn where_nothing_is_kept_on_purpose_is_not_looked_at() {
        let good = wanted(&["Sent", ".Sent.2025", "sent-mail", "Trash", ".INBOX", "mail/Sent.sbd", "junkyard"], "");
        assert_eq!(good, [true; 7], "and what was named is looked at");
        let bad = ["Drafts", ".Drafts", ".INBOX.Junk", "Junk.sbd", "mail/Trash", ".Held", ".Held.Allow", "x/Spam"];
        assert_eq!(wanted(&bad, ""), [false; 8]);
        let bad = [".Trash.2025", ".INBOX.Junk.Old", ".Entw&APw-rfe", "Entwürfe", ".Junk E-mail", "mail/postponed"];
        assert_eq!(wanted(&bad, ""), [false; 6]);
    }

    #[test]
    fn an_mbox_is_named_as_a_folder_is_and_a_message_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let key = SecretKey::new([7; 32]);
        let named = scratch.path().join("named/Drafts");
        let mut folders = Folders::new(&key, &[named], Path::new("/q"), HashMap::new());
        let mut wanted = |name: &str| {
            let path = scratch.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            folders.wants(&path, &std::fs::metadata(&path).unwrap())
        };
        for name in
            ["mail/sent-mail", "mail/Sent.gz", "named/Drafts", "box/new/17.M1P2.spam", "box/cur/17.M1.trash:2,S"]
        {
            assert!(wanted(name), "{name}");
        }
        for name in
            ["mail/Drafts", "mail/postponed-msgs", "mail/Junk", "mail/Trash.mbox", "mail/Spam.gz", "x.sbd/Trash"]
        {
            assert!(!wanted(name), "{name}");
        }
    }

    #[test]
    fn a_message_is_known_again_by_its_name_up_to_the_flags() {
        let scratch = tempfile::tempdir().unwrap();
        let key = SecretKey::new([7; 32]);
        let mut folders = Folders::new(&key, &[], Path::new("/q"), HashMap::new());
        let mut read = |name: &str| {
            let path = scratch.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            folders.wants(&path, &std::fs::metadata(&path).unwrap()).then(|| folders.now.unwrap().key)
        };
        let first = read("new/17.M1P2.host").unwrap();
        assert_eq!(read("cur/17.M1P2.host:2,S"), Some(first));
        assert_ne!(read("cur/18.M1P2.host:2,S"), Some(first));
        assert_eq!(read("cur/19.M1P2.host:2,DS"), None, "a draft");
        assert_eq!(read("cur/20.M1P2.host:2,ST"), None, "deleted");
        assert_ne!(read("mbox:1"), read("mbox:2"), "only a Maildir's names end so");
    }

    #[test]
    fn a_file_that_is_as_it_was_is_passed_over() {
        let scratch = tempfile::tempdir().unwrap();
        let (key, path) = (SecretKey::new([7; 32]), scratch.path().join("mbox"));
        std::fs::write(&path, "x").unwrap();
        let what = std::fs::metadata(&path).unwrap();
        let mut folders = Folders::new(&key, &[], Path::new("/q"), HashMap::new());
        assert!(folders.wants(&path, &what));
        let file = folders.now.unwrap();
        let before = HashMap::from([(file.key, (file.size, file.changed))]);
        let mut folders = Folders::new(&key, &[], Path::new("/q"), before.clone());
        assert!(!folders.wants(&path, &what) && folders.unchanged == 1 && folders.now.is_none());
        std::fs::write(&path, "xy").unwrap();
        let mut folders = Folders::new(&key, &[], Path::new("/q"), before);
        assert!(folders.wants(&path, &std::fs::metadata(&path).unwrap()));
    }

    #[test]
    fn folders_below_one_of_a_maildir_lie_beside_it() {
        let scratch = tempfile::tempdir().unwrap();
        for name in [".Sent", ".Sent.2024", ".Sent.2025", ".Sent.Trash", ".Sentimental", "Sent", "Sent.x"] {
            std::fs::create_dir(scratch.path().join(name)).unwrap();
        }
        let of = |name: &str| -> Vec<String> {
            let found = with_subfolders(&[scratch.path().join(name)]);
            found.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(of(".Sent"), [".Sent", ".Sent.2024", ".Sent.2025"]);
        assert_eq!(of("Sent"), ["Sent"]);
    }
}
