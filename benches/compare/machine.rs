//! What the figures were measured on, in Markdown.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign::mail::compose;

/// Machine, system, versions and date; `scratch` is where the mailboxes lie.
pub fn describe(scratch: &Path, programs: &[(&str, Option<&Path>)]) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split([':', '=']).nth(1).unwrap_or("unknown").trim().trim_matches('"').to_owned()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ");
    let memory: u64 = value(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or_default();
    let lines = [
        ("date", compose::date(i64::try_from(now).unwrap())),
        ("commit", said("git", &["describe", "--always", "--dirty", "--exclude=*"])),
        ("processor", format!("{}, {cores} cores", value(&read("/proc/cpuinfo"), "model name"))),
        ("memory", format!("{} MB", memory >> 10)),
        ("file system", file_system(scratch)),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("system", value(&read("/etc/os-release"), "PRETTY_NAME")),
        ("load at the start", load),
    ];
    let mut text = "| | |\n| --- | --- |\n".to_owned();
    lines.iter().for_each(|(name, value)| text.push_str(&format!("| {name} | {value} |\n")));
    for tool in ["rustc", "cc", "valgrind", "strace"] {
        text.push_str(&format!("| {tool} | {} |\n", said(tool, &["--version"])));
    }
    for (package, _) in programs.iter().filter(|(_, path)| path.is_some()) {
        text.push_str(&format!("| {package} | {} |\n", said("dpkg-query", &["-W", "-f=${Version}", package])));
    }
    text
}

/// The first line of what a program says.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// The type of the file system that a folder is on, and its device.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).filter(|fields| fields.len() > 3);
    let under = fields.filter(|fields| folder.starts_with(fields[1]));
    // Of those mounted at the same place the last one counts.
    let deepest = under.enumerate().max_by_key(|(at, fields)| (fields[1].len(), *at));
    deepest.map_or("unknown".to_owned(), |(_, fields)| format!("{} ({})", fields[2], fields[3]))
}
