//! A home on a disk whose power may fail: what its system has promised to keep, and what it may have kept beside it.
//!
//! Promises: a file's bytes are safe after its fsync, a name in a folder, and that a name is gone, after an fsync of that
//! folder, and nothing else is; a change that this model does not know fails the test. It knows no database, and so works
//! for any number of them and for any journal that is written and not mapped.
//!
//! After a power cut each change since the last fsync may or may not be there: the bytes of a file in any selection, as
//! disks write in any order, the names of a folder in the order in which they were changed. A name that was moved may be
//! at both places; that it is at neither no file system in use does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::chance::Chance;
use super::strace::Call;

/// What stands for the bytes of a folder: its name is kept or lost as that of a file is, and all that is in it with that.
const FOLDER: &[u8] = b"\0a folder";

/// One file, whatever its names.
#[derive(Clone, Debug, Default)]
struct File {
    now: Vec<u8>,
    safe: Vec<u8>,
    since: Vec<Change>,
}

/// A change of a file that is not safe yet.
#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
}

/// A home.
#[derive(Clone, Debug)]
pub struct Disk {
    home: PathBuf,
    folders: BTreeSet<PathBuf>,
    files: Vec<File>,
    /// Names below the home, and which file they name.
    now: BTreeMap<PathBuf, usize>,
    safe: BTreeMap<PathBuf, usize>,
    /// Names that were made or taken away since, in order.
    since: Vec<Naming>,
    /// How far each thread has written in each open file.
    places: BTreeMap<(u32, i64), usize>,
    /// The open files, by thread and number, that are written at their ends only.
    appending: BTreeSet<(u32, i64)>,
}

/// A name that was made or taken away.
#[derive(Clone, Debug)]
struct Naming {
    name: PathBuf,
    file: Option<usize>,
    /// Of a name that is gone by a move: where it is now.
    moved_to: Option<PathBuf>,
}

impl Disk {
    /// A home as it is, with all that is in it safe; but for the configuration, which names the scratch folder.
    pub fn of(home: &Path) -> Disk {
        let mut disk = Disk {
            home: home.to_owned(),
            folders: BTreeSet::from([PathBuf::new()]),
            files: Vec::new(),
            now: BTreeMap::new(),
            safe: BTreeMap::new(),
            since: Vec::new(),
            places: BTreeMap::new(),
            appending: BTreeSet::new(),
        };
        disk.read(Path::new(""));
        disk.safe = disk.now.clone();
        disk
    }

    fn read(&mut self, folder: &Path) {
        for entry in fs::read_dir(self.home.join(folder)).unwrap().map(Result::unwrap) {
            let name = folder.join(entry.file_name());
            if is_passing(&name) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                if !name.ends_with(".config") {
                    self.hold_folder();
                    self.now.insert(name.clone(), self.files.len() - 1);
                    self.folders.insert(name.clone());
                    self.read(&name);
                }
            } else {
                let bytes = fs::read(entry.path()).unwrap();
                self.files.push(File { now: bytes.clone(), safe: bytes, since: Vec::new() });
                self.now.insert(name, self.files.len() - 1);
            }
        }
    }

    fn hold_folder(&mut self) {
        self.files.push(File { now: FOLDER.to_vec(), safe: FOLDER.to_vec(), since: Vec::new() });
    }

    /// The same home under another path.
    pub fn moved_to(mut self, home: &Path) -> Disk {
        self.home = home.to_owned();
        self
    }

    /// Every name with its bytes, as they are while the power is there.
    pub fn whole(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.now.iter().map(|(name, file)| (name.clone(), self.files[*file].now.clone())).collect()
    }

    /// What a power cut leaves for certain: nothing that is not safe.
    pub fn safe(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        reached(self.safe.iter().map(|(name, file)| (name.clone(), self.files[*file].safe.clone())).collect())
    }

    /// What a power cut may leave: the same, and some of the rest.
    pub fn left_by(&self, chance: &mut Chance) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut names = self.safe.clone();
        let mut lengths: BTreeMap<&Path, usize> = BTreeMap::new();
        for naming in &self.since {
            *lengths.entry(above(&naming.name)).or_default() += 1;
        }
        // In each folder the first so many.
        lengths.values_mut().for_each(|length| *length = chance.below(*length + 1));
        for naming in &self.since {
            let left = lengths.get_mut(above(&naming.name)).unwrap();
            if *left == 0 {
                continue;
            }
            *left -= 1;
            match &naming.moved_to {
                Some(target) if !names.contains_key(target) => {}
                _ => naming.make(&mut names),
            }
        }
        let contents: Vec<Vec<u8>> = self.files.iter().map(|file| file.left_by(chance)).collect();
        reached(names.into_iter().map(|(name, file)| (name, contents[file].clone())).collect())
    }

    /// How much is not safe: changes of files that have a name, and of names.
    pub fn unsafe_changes(&self) -> usize {
        self.since.len() + self.now.values().map(|file| self.files[*file].since.len()).sum::<usize>()
    }

    /// Puts this into another home, in the place of all but the configuration.
    pub fn put(&self, content: &BTreeMap<PathBuf, Vec<u8>>, home: &Path) {
        for entry in fs::read_dir(home).unwrap().map(Result::unwrap) {
            if entry.file_name() != ".config" {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
        for (name, bytes) in content {
            if bytes == FOLDER {
                fs::create_dir(home.join(name)).unwrap();
                continue;
            }
            let mut file =
                fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(home.join(name)).unwrap();
            std::io::Write::write_all(&mut file, bytes).unwrap();
        }
    }

    /// Makes the change that a call has made.
    pub fn apply(&mut self, call: &Call) {
        let Some(result) = call.result else { return };
        match call.name.as_str() {
            "open" | "openat" | "creat" => self.opened(call, result),
            "write" => self.written(call, result, None),
            "pwrite64" => self.written(call, result, Some(call.number(3))),
            "lseek" => drop(self.places.insert((call.thread, descriptor(call)), result as usize)),
            "ftruncate" => self.cut(call, call.number(1)),
            "fsync" | "fdatasync" => self.synced(call),
            "link" => self.linked(call, 0, 1),
            "linkat" => self.linked(call, 1, 3),
            "rename" => self.renamed(call, 0, 1),
            "renameat" | "renameat2" => self.renamed(call, 1, 3),
            "unlink" => self.removed(call, 0),
            "unlinkat" => self.removed(call, 1),
            "mkdir" => self.made_folder(call, 0),
            "mkdirat" => self.made_folder(call, 1),
            "execve" | "exit_group" => {}
            // Whatever else is traced changes something, and is of no concern only where it happens outside of the home.
            other => assert!(
                !call.arguments.contains(&self.home.display().to_string()),
                "unknown: {other}({})",
                call.arguments
            ),
        }
    }

    /// The name below the home, if it is in there.
    fn name(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.home)
            .ok()
            .filter(|name| !name.starts_with(".config") && !is_passing(name))
            .map(Path::to_owned)
    }

    /// The path of an argument; one that is not whole belongs to a folder that is open.
    fn named(&self, call: &Call, place: usize) -> Option<PathBuf> {
        let path = PathBuf::from(String::from_utf8(call.text(place)).unwrap());
        assert!(path.is_absolute() || !call.arguments.contains(&self.home.display().to_string()), "{}", call.arguments);
        self.name(&path)
    }

    /// The file that is open under that number; none outside of the home, or where it has no name any more.
    fn open_file(&self, call: &Call) -> Option<usize> {
        self.name(Path::new(call.path(0))).and_then(|name| self.now.get(&name).copied())
    }

    fn opened(&mut self, call: &Call, number: i64) {
        let place = usize::from(call.name == "openat");
        self.places.insert((call.thread, number), 0);
        let Some(name) = self.named(call, place) else { return };
        let flags = call.argument(place + 1);
        assert!(!flags.contains("O_TMPFILE"), "unknown: {}", call.arguments);
        match flags.contains("O_APPEND") {
            true => self.appending.insert((call.thread, number)),
            false => self.appending.remove(&(call.thread, number)),
        };
        let file = match self.now.get(&name) {
            _ if self.folders.contains(&name) => return,
            Some(file) => *file,
            None => {
                assert!(flags.contains("O_CREAT"), "a file that was not there is opened: {}", call.arguments);
                self.files.push(File::default());
                self.set(name, Some(self.files.len() - 1), None);
                self.files.len() - 1
            }
        };
        if flags.contains("O_TRUNC") {
            self.files[file].change(Change::Cut(0));
        }
    }

    fn written(&mut self, call: &Call, count: i64, place: Option<usize>) {
        let Some(file) = self.open_file(call) else { return };
        let bytes = call.text(1)[..count as usize].to_vec();
        let at = match place {
            Some(place) => place,
            None if self.appending.contains(&(call.thread, descriptor(call))) => self.files[file].now.len(),
            None => {
                let place = self.places.entry((call.thread, descriptor(call))).or_default();
                *place += bytes.len();
                *place - bytes.len()
            }
        };
        self.files[file].change(Change::Write(at, bytes));
    }

    fn cut(&mut self, call: &Call, length: usize) {
        if let Some(file) = self.open_file(call) {
            self.files[file].change(Change::Cut(length));
        }
    }

    fn synced(&mut self, call: &Call) {
        let Some(name) = self.name(Path::new(call.path(0))) else { return };
        if self.folders.contains(&name) {
            for naming in self.since.iter().filter(|naming| above(&naming.name) == name) {
                naming.make(&mut self.safe);
            }
            self.since.retain(|naming| above(&naming.name) != name);
        } else if let Some(file) = self.now.get(&name) {
            let file = &mut self.files[*file];
            file.safe = file.now.clone();
            file.since.clear();
        }
    }

    fn made_folder(&mut self, call: &Call, place: usize) {
        if let Some(name) = self.named(call, place) {
            self.hold_folder();
            self.set(name.clone(), Some(self.files.len() - 1), None);
            self.folders.insert(name);
        }
    }

    fn linked(&mut self, call: &Call, from: usize, to: usize) {
        let (Some(from), Some(to)) = (self.named(call, from), self.named(call, to)) else { return };
        let file = self.now[&from];
        self.set(to, Some(file), None);
    }

    fn renamed(&mut self, call: &Call, from: usize, to: usize) {
        let (Some(from), Some(to)) = (self.named(call, from), self.named(call, to)) else { return };
        let file = self.now[&from];
        self.set(to.clone(), Some(file), None);
        self.set(from, None, Some(to));
    }

    fn removed(&mut self, call: &Call, place: usize) {
        if let Some(name) = self.named(call, place) {
            self.set(name, None, None);
        }
    }

    fn set(&mut self, name: PathBuf, file: Option<usize>, moved_to: Option<PathBuf>) {
        let naming = Naming { name, file, moved_to };
        naming.make(&mut self.now);
        self.since.push(naming);
    }
}

impl Naming {
    fn make(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self.file {
            Some(file) => names.insert(self.name.clone(), file),
            None => names.remove(&self.name),
        };
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.make(&mut self.now);
        self.since.push(change);
    }

    fn left_by(&self, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.safe.clone();
        for change in &self.since {
            if chance.percent(50) {
                change.make(&mut bytes);
            }
        }
        bytes
    }
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(at, piece) => {
                bytes.resize(bytes.len().max(at + piece.len()), 0);
                bytes[*at..at + piece.len()].copy_from_slice(piece);
            }
            Change::Cut(length) => bytes.resize(*length, 0),
        }
    }
}

/// What is in folders whose own names are there.
fn reached(mut content: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    // A folder stands in front of what is in it.
    let mut there = BTreeSet::from([PathBuf::new()]);
    content.retain(|name, bytes| {
        let reached = there.contains(above(name));
        if reached && bytes == FOLDER {
            there.insert(name.clone());
        }
        reached
    });
    content
}

/// The index of a write-ahead log is mapped memory with a name: after a power cut it is made anew, whatever it holds.
fn is_passing(name: &Path) -> bool {
    name.to_string_lossy().ends_with("-shm")
}

fn above(name: &Path) -> &Path {
    name.parent().unwrap_or(Path::new(""))
}

/// The number of an open file, from `3</path>`.
fn descriptor(call: &Call) -> i64 {
    call.argument(0).split('<').next().and_then(|number| number.parse().ok()).expect("the number of an open file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &str, result: i64) -> Call {
        Call { thread: 1, name: name.to_owned(), arguments: arguments.to_owned(), result: Some(result) }
    }

    fn home() -> (tempfile::TempDir, Disk) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("new")).unwrap();
        fs::create_dir_all(folder.path().join("tmp")).unwrap();
        fs::write(folder.path().join("new/old"), "old").unwrap();
        let disk = Disk::of(folder.path()).moved_to(Path::new("/h"));
        (folder, disk)
    }

    fn names(content: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<String> {
        let files = content.iter().filter(|(_, bytes)| *bytes != FOLDER);
        files.map(|(name, bytes)| format!("{}={}", name.display(), String::from_utf8_lossy(bytes))).collect()
    }

    #[test]
    fn bytes_are_safe_after_their_own_fsync_and_names_after_that_of_the_folder() {
        let (_folder, mut disk) = home();
        disk.apply(&call("openat", "AT_FDCWD</>, \"/h/tmp/a\", O_WRONLY|O_CREAT|O_EXCL, 0600", 3));
        disk.apply(&call("write", "3</h/tmp/a>, \"one\", 3", 3));
        disk.apply(&call("write", "3</h/tmp/a>, \"two\", 3", 3));
        disk.apply(&call("linkat", "AT_FDCWD</>, \"/h/tmp/a\", AT_FDCWD</>, \"/h/new/a\", 0", 0));
        assert_eq!(names(&disk.safe()), ["new/old=old"]);
        disk.apply(&call("fsync", "4</h/new>", 0));
        assert_eq!(names(&disk.safe()), ["new/a=", "new/old=old"], "a name without its bytes");
        disk.apply(&call("fsync", "3</h/tmp/a>", 0));
        disk.apply(&call("pwrite64", "3</h/tmp/a>, \"ONE\", 3, 0", 3));
        assert_eq!(names(&disk.safe()), ["new/a=onetwo", "new/old=old"]);
        disk.apply(&call("unlink", "\"/h/new/old\"", 0));
        assert_eq!(names(&disk.safe()), ["new/a=onetwo", "new/old=old"], "it comes back");
        assert_eq!(names(&disk.whole()), ["new/a=ONEtwo", "tmp/a=ONEtwo"]);
        disk.apply(&call("fdatasync", "4</h/new>", 0));
        assert_eq!(names(&disk.safe()), ["new/a=onetwo"]);
        assert_eq!(disk.unsafe_changes(), 3, "the name in tmp, and the last write under each of its names");
    }

    #[test]
    fn a_new_folder_is_lost_with_all_that_is_in_it_until_its_own_name_is_safe() {
        let (_folder, mut disk) = home();
        disk.apply(&call("mkdir", "\"/h/new/a\", 0700", 0));
        disk.apply(&call("mkdir", "\"/h/new/a/b\", 0700", 0));
        disk.apply(&call("openat", "AT_FDCWD</>, \"/h/new/a/b/c\", O_WRONLY|O_CREAT|O_EXCL, 0600", 3));
        for folder in ["/h/new/a/b", "/h/new/a"] {
            disk.apply(&call("fsync", &format!("4<{folder}>"), 0));
            assert_eq!(names(&disk.safe()), ["new/old=old"]);
        }
        disk.apply(&call("fsync", "4</h/new>", 0));
        assert_eq!(names(&disk.safe()), ["new/a/b/c=", "new/old=old"]);
        assert_eq!(disk.safe().values().filter(|bytes| *bytes == FOLDER).count(), 4);
        let other = tempfile::tempdir().unwrap();
        disk.put(&disk.safe(), other.path());
        assert!(other.path().join("new/a/b/c").is_file() && other.path().join("tmp").is_dir());
    }

    #[test]
    fn the_index_of_a_log_is_not_kept() {
        let (_folder, mut disk) = home();
        for name in ["a.db-wal", "a.db-shm"] {
            disk.apply(&call("openat", &format!("AT_FDCWD</>, \"/h/new/{name}\", O_RDWR|O_CREAT, 0600"), 3));
            disk.apply(&call("pwrite64", &format!("3</h/new/{name}>, \"x\", 1, 0"), 1));
        }
        assert_eq!(names(&disk.whole()), ["new/a.db-wal=x", "new/old=old"]);
    }

    #[test]
    fn a_power_cut_may_leave_any_part_of_the_rest() {
        let (_folder, mut disk) = home();
        disk.apply(&call("pwrite64", "3</h/new/old>, \"X\", 1, 0", 1));
        disk.apply(&call("pwrite64", "3</h/new/old>, \"Y\", 1, 2", 1));
        disk.apply(&call("renameat2", "AT_FDCWD</>, \"/h/new/old\", AT_FDCWD</>, \"/h/tmp/old\", RENAME_NOREPLACE", 0));
        let mut chance = Chance::seeded("a power cut");
        let left: BTreeSet<Vec<String>> = (0..500).map(|_| names(&disk.left_by(&mut chance))).collect();
        // Four contents, and the name here, there, or at both places.
        assert_eq!(left.len(), 4 * 3);
    }

    #[test]
    #[should_panic(expected = "unknown: writev")]
    fn what_it_does_not_know_it_does_not_pass_over() {
        let (_folder, mut disk) = home();
        disk.apply(&call("writev", "3</h/new/old>, [{iov_base=\"a\", iov_len=1}], 1", 1));
    }
}
