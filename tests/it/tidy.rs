//! The rules of the code, read from `src/` as text: which room may know which, who alone may touch what, and how a
//! file looks.
//!
//! Promises: every rule is shown to be able to fail, on a made-up text. Reads comments and strings as little as it can:
//! comments are left out, and so is the test module at a file's end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of `main.rs`.
const MAIN_LIMIT: usize = 60;
/// Most lines of a file without its tests: a longer one is about two things.
const FILE_LIMIT: usize = 600;
/// Most lines of a function: it fits on a screen.
const FUNCTION_LIMIT: usize = 60;

/// What a room may not know of, because the arrow would go up.
const ARROWS: [(&str, &[&str]); 10] = [
    ("mail/", &["origin", "signs", "facts", "policy", "world", "operation", "command", "cli", "exit", "report"]),
    ("origin/", &["signs", "facts", "policy", "world", "operation", "command", "cli", "exit", "report"]),
    ("signs/", &["origin", "facts", "policy", "world", "operation", "command", "cli", "exit", "report"]),
    ("facts.rs", &["policy", "world", "operation", "command", "cli", "exit", "report"]),
    ("policy/", &["world", "operation", "command", "cli", "exit", "report"]),
    ("world/", &["operation", "command", "cli", "exit", "report"]),
    ("operation/", &["command"]),
    ("cli.rs", &["mail", "origin", "signs", "facts", "policy", "world", "operation", "command", "exit", "report"]),
    ("exit.rs", &["mail", "origin", "signs", "facts", "policy", "world", "operation", "command"]),
    ("report.rs", &["policy", "world", "operation", "command", "cli", "exit"]),
];
/// The rooms that reach nothing outside the process.
const PURE: [&str; 5] = ["mail/", "origin/", "signs/", "facts.rs", "policy/"];

/// What reaches outside the process, and so may not stand in a pure room.
const EFFECTS: [&str; 16] = [
    "std::fs",
    "std::process",
    "std::env",
    "std::net",
    "std::os",
    "std::thread",
    "std::{",
    "SystemTime",
    "Instant",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "rusqlite",
    "rustix",
    "nix",
    "signal_hook",
];

/// Who alone may touch what. The times of files need no `SystemTime`: `MetadataExt` gives them in seconds.
const SOLE_USERS: [(&str, &[&str]); 16] = [
    ("jiff::", &["world/zone.rs"]),
    ("rusqlite", &["world/store/"]),
    ("SystemTime", &["world/clock.rs"]),
    ("hmac", &["policy/token.rs", "policy/fingerprint.rs"]),
    ("sha2", &["policy/token.rs", "policy/fingerprint.rs", "origin/dkim/body.rs", "origin/dkim/key.rs"]),
    ("ring::", &["origin/dkim/key.rs"]),
    ("mail_parser", &["mail/head.rs", "facts.rs"]),
    ("mailparse", &["mail/head.rs", "facts.rs"]),
    ("std::process", &["world/program.rs", "world/relay.rs"]),
    ("process::Command", &["world/program.rs", "world/relay.rs"]),
    ("domain::base", &["world/resolver/"]),
    ("rustix::net", &["world/resolver/"]),
    ("TcpListener", &[]),
    ("TcpStream", &["world/resolver/"]),
    ("ToSocketAddrs", &[]),
    ("UdpSocket", &["world/resolver/"]),
];

/// Of `std::process` this starts nothing.
const HARMLESS: [(&str, &[&str]); 3] = [
    ("std::process::ExitCode", &["main.rs", "exit.rs"]),
    ("std::process::exit", &["exit.rs"]),
    ("std::process::id", &["report.rs", "operation/", "command/", "world/"]),
];

/// What a mail must not die of, and what must not get into a bounce.
const FORBIDDEN: [&str; 12] = [
    ".unwrap()",
    ".expect(",
    "panic!",
    "unreachable!",
    "todo!",
    "unimplemented!",
    "dbg!",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "#[ignore",
];

#[test]
fn the_code_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = rust_files(&root.join("src"));
    assert!(files.len() > 40, "only {} files were found", files.len());
    let mut faults = Vec::new();
    for file in files {
        let path = file.strip_prefix(root.join("src")).unwrap().to_string_lossy().into_owned();
        faults.extend(faults_of(&path, &fs::read_to_string(&file).unwrap()));
    }
    let run = fs::read_to_string(root.join("tests/run")).unwrap();
    for file in rust_files(&root.join("tests/it")) {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        faults.extend(looks(&path, &text));
        faults.extend(never_run(&path, &text, &run));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_files_know_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |file: PathBuf| {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        (path, fs::read_to_string(&file).unwrap())
    };
    let files: Vec<(String, String)> = rust_files(&root).into_iter().map(read).collect();
    let circles = circles(&files);
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn every_file_of_tests_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut unlisted = Vec::new();
    let mut folders = vec![(folder.clone(), folder.join("main.rs"))];
    while let Some((folder, list)) = folders.pop() {
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            if is_rust && path != list || path.is_dir() {
                names.push(path.file_stem().unwrap().to_string_lossy().into_owned());
            }
            if path.is_dir() {
                folders.push((path.clone(), path.join("mod.rs")));
            }
        }
        let text = fs::read_to_string(&list).unwrap();
        unlisted.extend(
            not_listed(&text, names.into_iter()).into_iter().map(|name| format!("{name} in {}", list.display())),
        );
    }
    assert!(unlisted.is_empty(), "not listed: {unlisted:?}");
}

/// Everything that is wrong with one file of `src/`.
fn faults_of(path: &str, text: &str) -> Vec<String> {
    let mut faults = looks(path, text);
    let code = code(text);
    for (number, line) in &code {
        let mut say = |what: String| faults.push(format!("src/{path}:{number}: {what}"));
        let absolute = absolute(path, line);
        arrows(path, &absolute).into_iter().for_each(&mut say);
        effects(path, &absolute).into_iter().for_each(&mut say);
        sole_users(path, &absolute).into_iter().for_each(&mut say);
        if path != "main.rs" {
            FORBIDDEN.iter().filter(|word| has(line, word)).for_each(|word| say(format!("{word} outside tests")));
        }
    }
    if code.len() > FILE_LIMIT {
        faults.push(format!("src/{path}: {} lines without its tests, more than {FILE_LIMIT}", code.len()));
    }
    faults.extend(long_functions(&code).into_iter().map(|what| format!("src/{path}:{what}")));
    faults
}

/// What is wrong with a file's look.
fn looks(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let first = text.lines().find(|line| !line.starts_with("#!["));
    if !first.is_some_and(|line| line.starts_with("//! ")) {
        faults.push(format!("{path}: it does not open with //! and what it promises"));
    }
    if path == "main.rs" && text.lines().count() > MAIN_LIMIT {
        faults.push(format!("{path}: more than {MAIN_LIMIT} lines"));
    }
    for (number, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            faults.push(format!("{path}:{}: blanks at the end", number + 1));
        }
        // With a reason `never_run` looks at it. Written apart so that this line is not one.
        let ignored = line.trim_start().strip_prefix(concat!("#[", "ignore"));
        if ignored.is_some_and(|rest| !path.starts_with("tests/it/") || !rest.starts_with(" = ")) {
            faults.push(format!("{path}:{}: an ignored test", number + 1));
        }
    }
    if !text.ends_with('\n') || text.ends_with("\n\n") {
        faults.push(format!("{path}: it does not end with one line end"));
    }
    faults
}

/// The ignored tests of a file of `tests/it/` that `tests/run` does not call by their names.
fn never_run(path: &str, text: &str, run: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let module = path.trim_start_matches("tests/it/").trim_end_matches(".rs").replace('/', "::");
    let mut faults = Vec::new();
    for (number, _) in lines.iter().enumerate().filter(|(_, line)| line.starts_with(concat!("#[", "ignore"))) {
        let name = lines[number..].iter().find_map(|line| line.strip_prefix("fn ")?.split('(').next());
        let name = format!("{module}::{}", name.unwrap_or_default());
        if !run.split_whitespace().any(|word| word == name) {
            faults.push(format!("{path}:{}: an ignored test, and tests/run does not call {name}", number + 1));
        }
    }
    faults
}

/// The numbered lines of code: without comments and without the test module, which stands at the end.
fn code(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let is_attribute = |line: &str| line.starts_with("#[");
    let test_module = |at: &usize| {
        let below = lines[*at..].iter().find(|line| !is_attribute(line));
        lines[*at] == "#[cfg(test)]" && below.is_some_and(|line| line.contains("mod "))
    };
    let end = (0..lines.len()).find(test_module).unwrap_or(lines.len());
    let without_comment = |line: &str| match line.trim_start().starts_with("//") {
        true => String::new(),
        false => line.split(" // ").next().unwrap_or_default().to_owned(),
    };
    lines[..end].iter().enumerate().map(|(at, line)| (at + 1, without_comment(line))).collect()
}

/// The line with paths that lead up written from the root of the crate.
fn absolute(path: &str, line: &str) -> String {
    if path.ends_with("/mod.rs") {
        line.replace("super::", "crate::")
    } else {
        line.replace("super::super::", "crate::")
    }
}

fn arrows(path: &str, line: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (room, above) in ARROWS.iter().filter(|(room, _)| path.starts_with(room)) {
        let up = above.iter().filter(|name| has(line, &format!("crate::{name}")));
        faults.extend(up.map(|name| format!("{room} knows {name}: the arrow goes up")));
    }
    if line.contains("crate::{") {
        faults.push("crate::{…} hides which way the arrow goes".into());
    }
    if path.starts_with("world/") && line.trim_start().starts_with("use ") {
        for leaf in imported_functions(line) {
            faults.push(format!("world/ uses {leaf} of a pure room, and may use their types only"));
        }
    }
    faults
}

/// What `use` of a pure room brings in that is no type and no constant.
fn imported_functions(line: &str) -> Vec<String> {
    let rooms = ["policy", "mail", "origin", "signs", "facts"];
    let Some(at) = rooms.iter().find_map(|room| line.find(&format!("crate::{room}::"))) else { return Vec::new() };
    let names = line[at..].trim_end_matches(';').split(['{', '}', ',']).map(str::trim);
    let leaves = names.filter(|name| !name.is_empty() && !name.ends_with("::"));
    let leaf = |name: &str| name.rsplit("::").next().unwrap_or_default().to_owned();
    leaves.map(leaf).filter(|leaf| leaf.starts_with(|c: char| c.is_lowercase())).collect()
}

fn effects(path: &str, line: &str) -> Vec<String> {
    if !PURE.iter().any(|room| path.starts_with(room)) {
        return Vec::new();
    }
    EFFECTS.iter().filter(|word| has(line, word)).map(|word| format!("{word} in a pure room")).collect()
}

fn sole_users(path: &str, line: &str) -> Vec<String> {
    let allowed =
        |files: &[&str]| files.iter().any(|file| path == *file || (file.ends_with('/') && path.starts_with(file)));
    let harmless = HARMLESS.iter().filter(|(_, files)| allowed(files));
    let line = harmless.fold(line.to_owned(), |line, (word, _)| line.replace(word, ""));
    let wrong = SOLE_USERS.iter().filter(|(word, files)| has(&line, word) && !allowed(files));
    let place = |files: &[&str]| if files.is_empty() { "tests".to_owned() } else { files.join(" and ") };
    wrong.map(|(word, files)| format!("{word} outside {}", place(files))).collect()
}

/// Whether the word stands there as a whole: `rusqlite` in `rusqlite::Error` and not in `rusqlites`.
fn has(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part) && word.starts_with(part);
        let behind = line[at + word.len()..].chars().next().is_some_and(part) && word.ends_with(part);
        !before && !behind
    })
}

/// Functions that do not fit on a screen. rustfmt closes a function at the depth at which it began.
fn long_functions(code: &[(usize, String)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, (number, line)) in code.iter().enumerate() {
        let body = line.trim_start();
        let begins = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "pub const fn ", "const fn "];
        if !begins.iter().any(|word| body.starts_with(word)) {
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - body.len()]);
        let length = code[at..].iter().position(|(_, line)| *line == end).map_or(0, |lines| lines + 1);
        if length > FUNCTION_LIMIT && !line.ends_with('}') {
            faults.push(format!("{number}: a function of {length} lines"));
        }
    }
    faults
}

/// Each circle of files that know each other, as `a -> b -> a`. `mod x;` alone is no knowledge: a room lists its files.
fn circles(files: &[(String, String)]) -> Vec<String> {
    let names: Vec<String> = files.iter().map(|(path, _)| module(path)).collect();
    let known: Vec<BTreeSet<usize>> = files.iter().map(|(path, text)| knows(path, text, &names)).collect();
    let mut found = BTreeSet::new();
    for start in 0..files.len() {
        // The shortest way back to where it began.
        let mut ways = vec![vec![start]];
        let mut seen = BTreeSet::new();
        while let Some(at) = ways.iter().position(|way| way.len() == ways.iter().map(Vec::len).min().unwrap()) {
            let way = ways.swap_remove(at);
            for next in &known[*way.last().unwrap()] {
                if *next == start {
                    let least = way.iter().position(|one| Some(one) == way.iter().min()).unwrap();
                    let circle = way.iter().cycle().skip(least).take(way.len() + 1);
                    found.insert(circle.map(|one| files[*one].0.as_str()).collect::<Vec<_>>().join(" -> "));
                } else if seen.insert(*next) {
                    ways.push([way.as_slice(), &[*next]].concat());
                }
            }
        }
    }
    found.into_iter().collect()
}

/// `mail/mod.rs` is `crate::mail`, `mail/head.rs` is `crate::mail::head`.
fn module(path: &str) -> String {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    format!("crate::{}", path.replace('/', "::"))
}

/// Which of the modules a file names in its code, by their places.
fn knows(path: &str, text: &str, names: &[String]) -> BTreeSet<usize> {
    let own = module(path);
    let parent = |of: &str| of.rsplit_once("::").map(|(parent, _)| parent.to_owned()).unwrap_or_default();
    let mut code = code(text).into_iter().map(|(_, line)| line + " ").collect::<String>();
    code = code.replace("super::super::", &format!("{}::", parent(&parent(&own))));
    code = code.replace("super::", &format!("{}::", parent(&own)));
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c)).unwrap_or(rest.len());
        let heads = rest[..end].trim_end_matches(':');
        let group =
            rest[end..].strip_prefix('{').and_then(|group| group.split_once('}')).map_or("", |(group, _)| group);
        let leaves = group.split([',', '{']).map(str::trim).filter(|leaf| !leaf.is_empty() && *leaf != "self");
        let all = leaves.map(|leaf| format!("{heads}::{leaf}")).chain(group.is_empty().then(|| heads.to_owned()));
        for path in all.chain(group.contains("self").then(|| heads.to_owned())) {
            let is = |name: &str| path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"));
            // The longest one: `crate::policy::Caps` is of `policy/mod.rs`.
            let best = (0..names.len()).filter(|at| is(&names[*at])).max_by_key(|at| names[*at].len());
            found.extend(best.filter(|at| names[*at] != own));
        }
    }
    // What a room's own file takes from one of its files: `pub use problem::StoreProblem;`.
    let children = (0..names.len()).filter(|at| path.ends_with("/mod.rs") && parent(&names[*at]) == own);
    found.extend(children.filter(|at| {
        let leaf = format!("{}::", names[*at].rsplit("::").next().unwrap_or_default());
        code.match_indices(&leaf)
            .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)))
    }));
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn not_listed(main: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let listed = |name: &str| main.lines().any(|line| line == format!("mod {name};"));
    names.filter(|name| name != "main" && !listed(name)).collect()
}

#[test]
fn every_rule_can_fail() {
    let cases = [
        ("mail/x.rs", "use crate::policy::Policy;", "the arrow goes up"),
        ("mail/x.rs", "use super::super::world::store::Store;", "the arrow goes up"),
        ("mail/mod.rs", "use super::command::run;", "the arrow goes up"),
        ("mail/x.rs", "let x = crate::report::note(1);", "the arrow goes up"),
        ("policy/x.rs", "use crate::world::clock;", "the arrow goes up"),
        ("policy/x.rs", "use crate::command::run;", "the arrow goes up"),
        ("world/x.rs", "use crate::command::run;", "the arrow goes up"),
        ("world/x.rs", "use crate::exit::Ending;", "the arrow goes up"),
        ("cli.rs", "use crate::world::Store;", "the arrow goes up"),
        ("exit.rs", "use crate::command::run;", "the arrow goes up"),
        ("report.rs", "use crate::command::run;", "the arrow goes up"),
        ("command/x.rs", "use crate::{mail::x, world::y};", "hides which way"),
        ("world/x.rs", "use crate::policy::verdict::judge;", "types only"),
        ("world/x.rs", "use crate::mail::display::{SHOWN_LIMIT, one_line};", "types only"),
        ("mail/x.rs", "let x = std::fs::read(p);", "pure room"),
        ("mail/x.rs", "use std::{fs, io};", "pure room"),
        ("policy/x.rs", "let x = std::env::var(\"HOME\");", "pure room"),
        ("policy/x.rs", "use std::process::Command;", "pure room"),
        ("policy/x.rs", "let now = SystemTime::now();", "pure room"),
        ("mail/x.rs", "let now = Instant::now();", "pure room"),
        ("policy/x.rs", "use rusqlite::Connection;", "pure room"),
        ("policy/x.rs", "let x = io::stdin().lock();", "pure room"),
        ("world/x.rs", "use rusqlite::Connection;", "rusqlite outside"),
        ("command/x.rs", "use rusqlite::Connection;", "rusqlite outside"),
        ("world/x.rs", "use std::process::Stdio;", "std::process outside"),
        ("command/x.rs", "std::process::exit(1);", "std::process outside"),
        ("main.rs", "std::process::exit(1);", "std::process outside"),
        ("mail/x.rs", "let n = std::process::id();", "pure room"),
        ("world/x.rs", "use std::time::SystemTime;", "SystemTime outside"),
        ("policy/x.rs", "use hmac::Mac;", "hmac outside"),
        ("world/x.rs", "use sha2::Sha256;", "sha2 outside"),
        ("mail/x.rs", "use mail_parser::Message;", "mail_parser outside"),
        ("command/x.rs", "mailparse::addrparse(x)", "mailparse outside"),
        ("world/x.rs", "use std::net::UdpSocket;", "UdpSocket outside"),
        ("command/x.rs", "let x = std::net::TcpStream::connect(y);", "TcpStream outside"),
        ("world/resolver/x.rs", "use std::net::TcpListener;", "TcpListener outside"),
        ("world/resolver/x.rs", "use std::net::ToSocketAddrs;", "ToSocketAddrs outside"),
        ("world/relay.rs", "use rustix::net::socket;", "rustix::net outside"),
        ("origin/x.rs", "use domain::base::Message;", "domain::base outside"),
        ("world/x.rs", "let x = y.unwrap();", ".unwrap() outside"),
        ("world/x.rs", "let x = y.expect(\"z\");", ".expect( outside"),
        ("world/x.rs", "panic!(\"x\")", "panic! outside"),
        ("world/x.rs", "unreachable!()", "unreachable! outside"),
        ("world/x.rs", "todo!()", "todo! outside"),
        ("world/x.rs", "unimplemented!()", "unimplemented! outside"),
        ("world/x.rs", "dbg!(x)", "dbg! outside"),
        ("world/x.rs", "println!(\"x\")", "println! outside"),
        ("world/x.rs", "eprintln!(\"x\")", "eprintln! outside"),
        ("world/x.rs", "print!(\"x\")", "print! outside"),
        ("world/x.rs", "eprint!(\"x\")", "eprint! outside"),
        ("world/x.rs", concat!("#[", "ignore]"), "an ignored test"),
        ("world/x.rs", "let x = 1; ", "blanks at the end"),
        ("world/x.rs", "let x = 1;\t", "blanks at the end"),
    ];
    for (path, line, fault) in cases {
        let found = faults_of(path, &format!("//! X.\n{line}\n"));
        assert!(found.iter().any(|found| found.contains(fault)), "{path}: {line}: {found:?}");
    }
    let ignored = concat!("    #[", "ignore = \"slow\"]\n    fn a() {}\n");
    assert!(looks("world/x.rs", ignored).iter().any(|fault| fault.contains("an ignored test")));
    assert!(looks("tests/it/x.rs", concat!("#[", "ignore]")).iter().any(|fault| fault.contains("an ignored test")));
    for run in ["x::b", "x::ab", "y::a", ""] {
        assert_eq!(never_run("tests/it/x.rs", ignored, run).len(), 1, "{run}");
    }
    assert_eq!(never_run("tests/it/x.rs", ignored, "test x::a x::b"), Vec::<String>::new());
    for (path, text, fault) in [
        ("world/x.rs", "use std::fs;\n".to_owned(), "does not open with"),
        ("world/x.rs", "//! X.".to_owned(), "one line end"),
        ("world/x.rs", "//! X.\n\n".to_owned(), "one line end"),
        ("main.rs", format!("//! X.\n{}", "let x = 1;\n".repeat(60)), "more than 60 lines"),
        ("world/x.rs", format!("//! X.\n{}", "let x = 1;\n".repeat(600)), "601 lines without its tests"),
        ("world/x.rs", format!("//! X.\npub fn x() {{\n{}}}\n", "    x();\n".repeat(60)), "a function of 62 lines"),
    ] {
        let found = faults_of(path, &text);
        assert!(found.iter().any(|found| found.contains(fault)), "{fault}: {found:?}");
    }
    let file = |path: &str, text: &str| (path.to_owned(), format!("//! X.\n{text}\n"));
    let (a, b) = (file("mail/a.rs", "use super::b::X;"), file("mail/b.rs", "let x = crate::mail::c::y();"));
    let c = file("mail/c.rs", "use crate::mail::{a, d::Z};");
    assert_eq!(circles(&[a.clone(), b.clone(), c]), ["mail/a.rs -> mail/b.rs -> mail/c.rs -> mail/a.rs"]);
    let no = file(
        "mail/c.rs",
        "// use super::a;\nuse super::super::signs::a;\n#[cfg(test)]\nmod tests {\n    use super::a::X;\n}",
    );
    assert_eq!(circles(&[a, b, no]), Vec::<String>::new());
    let room = [file("mail/mod.rs", "pub mod a;\nuse b::X;"), file("mail/a.rs", "use super::Y;\nuse crate::mail::Z;")];
    assert_eq!(circles(&room), Vec::<String>::new());
    for by in ["use crate::mail::a::X;", "pub use a::{X, Y};", "let x = a::y();"] {
        let room = [file("mail/mod.rs", by), file("mail/a.rs", "use super::Y;")];
        assert_eq!(circles(&room), ["mail/mod.rs -> mail/a.rs -> mail/mod.rs"], "{by}");
    }
    assert_eq!(not_listed("mod a;\nmod main2;\n", ["a", "b", "main"].map(str::to_owned).into_iter()), ["b"]);
}

#[test]
fn what_is_allowed_is_not_blamed() {
    let cases = [
        ("policy/x.rs", "use crate::mail::address::Address;"),
        ("policy/x.rs", "let x = super::super::mail::head::Field::text;"),
        ("world/x.rs", "use crate::policy::{Caps, fingerprint::Kind};"),
        ("world/x.rs", "use crate::mail::head::HEAD_LIMIT;"),
        ("world/store/x.rs", "use rusqlite::Connection;"),
        ("world/program.rs", "use std::process::{Child, Command};"),
        ("world/resolver/x.rs", "use std::net::{TcpStream, UdpSocket};"),
        ("world/x.rs", "use std::net::IpAddr;"),
        ("world/relay.rs", "use std::os::unix::net::UnixStream;"),
        ("exit.rs", "std::process::exit(75);"),
        ("report.rs", "let n = std::process::id();"),
        ("main.rs", "use std::process::ExitCode;"),
        ("facts.rs", "use mail_parser::MessageParser;"),
        ("policy/token.rs", "use hmac::Mac;"),
        ("world/x.rs", "let x = y.unwrap_or_default();"),
        ("world/x.rs", "// never panic!, never x.unwrap()"),
        ("world/x.rs", "/// See `rusqlite`."),
        ("world/x.rs", "#[cfg(test)]\n#[allow(clippy::panic)]\nmod tests {\n    use rusqlite::Connection;\n}"),
        ("policy/x.rs", "#[cfg(test)]\npub(crate) mod tests {\n    panic!(\"x\")\n}"),
    ];
    for (path, line) in cases {
        assert_eq!(faults_of(path, &format!("//! X.\n{line}\n")), Vec::<String>::new(), "{path}: {line}");
    }
    let long = format!("//! X.\n{}#[cfg(test)]\nmod tests {{\n{}}}\n", "let x = 1;\n".repeat(599), "x\n".repeat(600));
    assert_eq!(faults_of("world/x.rs", &long), Vec::<String>::new());
}
