//! What can be seen of the machine around an installation: this program's own file, the mail system's settings, the
//! newest mail, disks.
//!
//! Promises: only looks; never fails because something is not there. Never touches: what any of it means.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::fs::Access;

use super::maildir::Maildir;
use super::{program, regular, relay};

/// How long `postconf` may take; it takes milliseconds.
const POSTCONF_LIMIT: Duration = Duration::from_secs(5);
/// Most bytes of a message's head that are read; one of 8 KiB is long.
const HEAD_READ: usize = 64 * 1024;
/// Most columns of a line.
pub const COLUMNS_LIMIT: usize = 1_000;
/// Where systems keep sendmail, the usual place first.
const SENDMAILS: [&str; 4] =
    ["/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/sendmail", "/usr/local/sbin/sendmail"];
/// File systems that lie on another machine, by the number that Linux gives them (statfs(2)).
#[cfg(target_os = "linux")]
const NETWORKS: [(u32, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x7375_7245, "Coda"),
    (0x0bd0_0bd0, "Lustre"),
];

/// What is left on a file system for this user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes.
    pub bytes: u64,
    /// Files; none where the file system does not count them.
    pub files: Option<u64>,
}

/// The file of this running program, whole and without symbolic links.
///
/// # Errors
/// The system does not say.
pub fn program() -> Result<PathBuf> {
    std::env::current_exe().context("the system does not say where this program is")
}

/// The path made whole from the current folder.
///
/// # Errors
/// An empty path, or a current folder that is gone.
pub fn whole(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot tell where {} is", path.display()))
}

/// What Postfix on this machine splits addresses at, which may be nothing; none without Postfix.
#[must_use]
pub fn delimiters() -> Option<String> {
    postconf(&["recipient_delimiter"])?.pop()
}

/// Settings of Postfix on this machine, in that order; none without Postfix, or if it does not answer.
#[must_use]
pub fn postconf(names: &[&str]) -> Option<Vec<String>> {
    postconf_with("-h", names)
}

/// The same with what each `$name` in them stands for.
#[must_use]
pub fn postconf_worked_out(names: &[&str]) -> Option<Vec<String>> {
    postconf_with("-xh", names)
}

fn postconf_with(option: &str, names: &[&str]) -> Option<Vec<String>> {
    let argv: Vec<_> =
        [of_postfix("postconf")?.into(), option.into()].into_iter().chain(names.iter().map(Into::into)).collect();
    let said = String::from_utf8(program::output_of(&argv, POSTCONF_LIMIT).ok()?).ok()?;
    let values: Vec<String> = said.lines().map(|line| line.trim().to_owned()).collect();
    (values.len() == names.len()).then_some(values)
}

/// What a table of Postfix (`type:name`) has for that key; none where it has nothing, or cannot be read.
#[must_use]
pub fn postmap(key: &str, table: &str) -> Option<String> {
    // A key that is read from standard input, or an option.
    if key.starts_with('-') || key.is_empty() {
        return None;
    }
    let argv = [of_postfix("postmap")?.into(), "-q".into(), key.into(), table.into()];
    let said = String::from_utf8(program::output_of(&argv, POSTCONF_LIMIT).ok()?).ok()?;
    Some(said.trim().to_owned()).filter(|value| !value.is_empty())
}

fn of_postfix(name: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/local/sbin"]
        .map(|folder| Path::new(folder).join(name))
        .into_iter()
        .find(|path| is_executable(path))
}

/// Where Dovecot on this machine keeps mail; none without Dovecot, or where it says it in another way (2.4).
#[must_use]
pub fn dovecot_mail_location() -> Option<String> {
    let program = ["/usr/bin/doveconf", "/usr/local/bin/doveconf"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| is_executable(path))?;
    let said = program::output_of(&[program.into(), "-h".into(), "mail_location".into()], POSTCONF_LIMIT).ok()?;
    Some(String::from_utf8(said).ok()?.trim().to_owned())
}

/// The sendmail of this machine, if one is in a usual place. A link of that name that leads to this program sends nothing.
#[must_use]
pub fn sendmail() -> Option<PathBuf> {
    SENDMAILS.iter().map(PathBuf::from).find(|path| is_executable(path) && !relay::is_this_program(path))
}

/// How many columns lines may have, where the user said so (`COLUMNS`).
#[must_use]
pub fn columns() -> Option<usize> {
    let said: usize = std::env::var("COLUMNS").ok()?.parse().ok()?;
    Some(said.clamp(40, COLUMNS_LIMIT))
}

/// The user's zone as the variable says (`TZ`), for a program that is started without the others.
#[must_use]
pub fn zone() -> Option<OsString> {
    std::env::var_os("TZ")
}

/// Whether that file is there and this user may run it.
#[must_use]
pub fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

/// Whether this user may write that file, or make files in that folder.
#[must_use]
pub fn is_writable(path: &Path) -> bool {
    let wanted = if path.is_dir() { Access::WRITE_OK | Access::EXEC_OK } else { Access::WRITE_OK };
    rustix::fs::access(path, wanted).is_ok()
}

/// The heads of the newest messages of a Maildir, newest first, at most `limit`; none if it is not there. One that
/// cannot be read is passed over.
#[must_use]
pub fn newest(maildir: &Maildir, limit: usize) -> Vec<Vec<u8>> {
    let Ok(entries) = maildir.entries() else { return Vec::new() };
    // Only the newest so far are kept, however many there are; the oldest of them is on top.
    let mut newest = BinaryHeap::new();
    for entry in entries.filter_map(Result::ok) {
        let Ok(Some(status)) = entry.status() else { continue };
        newest.push((Reverse(status.modified), entry));
        if newest.len() > limit {
            newest.pop();
        }
    }
    newest.into_sorted_vec().iter().filter_map(|(_, entry)| entry.head(HEAD_READ).ok().flatten()).collect()
}

/// The text of a regular file of the user's; none if there is none, or it has more than a megabyte.
#[must_use]
pub fn text_of(path: &Path) -> Option<String> {
    regular::bytes(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The same where it matters that there is one: none if there is nothing of that name.
///
/// # Errors
/// It is no regular file, cannot be read, or has more than a megabyte.
pub fn written_by_hand(path: &Path) -> std::io::Result<Option<String>> {
    match regular::bytes(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        bytes => Ok(Some(String::from_utf8_lossy(&bytes?).into_owned())),
    }
}

/// The names of the files in a folder, in order; none if it is not there.
#[must_use]
pub fn names_in(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = files.filter_map(|file| file.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The path without symbolic links, as far as it is there.
#[must_use]
pub fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What is left where that file or folder is.
///
/// # Errors
/// It is not there, or the system does not say.
pub fn room(path: &Path) -> Result<Room> {
    let said = rustix::fs::statvfs(path).with_context(|| format!("cannot ask about the disk of {}", path.display()))?;
    let files = (said.f_files > 0).then_some(said.f_favail);
    Ok(Room { bytes: said.f_bavail.saturating_mul(said.f_frsize), files })
}

/// The kind of network file system that this file or folder is on; none for a disk of this machine.
#[must_use]
pub fn network(path: &Path) -> Option<&'static str> {
    #[cfg(target_os = "linux")]
    {
        // The field's type differs between machines; the numbers all fit 32 bits.
        let kind = u32::try_from(rustix::fs::statfs(path).ok()?.f_type & 0xffff_ffff).ok()?;
        NETWORKS.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// Whether both are on one file system, so that a move between them is one rename; none if one is not there.
#[must_use]
pub fn same_disk(one: &Path, other: &Path) -> Option<bool> {
    let device = |path: &Path| std::fs::metadata(path).ok().map(|status| status.dev());
    Some(device(one)? == device(other)?)
}

/// The rights others than the owner have in that file, as the lower six bits of its mode; none if it is not there.
#[must_use]
pub fn rights_of_others(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|status| status.mode() & 0o077)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_no_error() {
        let nothing = Path::new("/nothing/of/the/kind");
        assert!(newest(&Maildir::at(nothing), 10).is_empty());
        assert!(room(nothing).is_err());
        assert_eq!((network(nothing), same_disk(nothing, nothing), rights_of_others(nothing)), (None, None, None));
        assert!(!is_executable(nothing) && !is_executable(Path::new("/")) && !is_executable(Path::new("/etc/passwd")));
    }

    #[test]
    fn a_disk_of_this_machine_has_room_and_is_its_own() {
        let scratch = tempfile::tempdir().unwrap();
        assert!(room(scratch.path()).unwrap().bytes > 0);
        assert_eq!(same_disk(scratch.path(), scratch.path()), Some(true));
        if Path::new("/proc/self").exists() {
            assert_eq!(same_disk(scratch.path(), Path::new("/proc")), Some(false));
        }
    }

    #[test]
    fn the_newest_messages_come_first_and_no_more_than_asked_for() {
        let scratch = tempfile::tempdir().unwrap();
        let maildir = Maildir::at(scratch.path());
        maildir.create().unwrap();
        for (name, age) in [("old", 300), ("new", 100), ("middle", 200)] {
            let path = scratch.path().join("cur").join(format!("{name}:2,S"));
            std::fs::write(&path, format!("X: {name}\n\n")).unwrap();
            let time = std::time::SystemTime::now() - Duration::from_secs(age);
            std::fs::File::open(&path).unwrap().set_modified(time).unwrap();
        }
        let texts: Vec<_> = newest(&maildir, 2).into_iter().map(|head| String::from_utf8(head).unwrap()).collect();
        assert_eq!(texts, ["X: new\n\n", "X: middle\n\n"]);
    }
}
