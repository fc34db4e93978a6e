//! The program under strace: what it asks of the system, and a failure or a kill at one of these calls.
//!
//! Promises: a call is read as strace 6 writes it, and a line that cannot be read fails the test; only the process that
//! was started is disturbed, and none that it starts.

use std::fs;

use super::world::{Outcome, World};

/// Every call that changes a file or a folder, starts a program or ends one. The question mark: not every machine has it.
pub const CHANGES: &str = "?open,openat,?openat2,?creat,write,writev,pwrite64,?pwritev,?pwritev2,?sendfile,?sendfile64,\
    ?copy_file_range,ftruncate,?ftruncate64,truncate,?fallocate,?msync,fsync,fdatasync,?sync,?syncfs,?sync_file_range,\
    lseek,?link,linkat,?symlink,symlinkat,?rename,?renameat,renameat2,?unlink,unlinkat,?rmdir,?mkdir,mkdirat,execve,\
    exit_group";

/// One call of the system.
#[derive(Clone, Debug)]
pub struct Call {
    /// Of the thread that made it.
    pub thread: u32,
    /// Its name.
    pub name: String,
    /// What stands between the brackets.
    pub arguments: String,
    /// What it gave; none if it failed or never returned.
    pub result: Option<i64>,
}

/// What is done to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this error, and has done nothing.
    Error(&'static str),
    /// The process is killed before the call is made.
    Kill,
}

impl Call {
    /// An argument as it was written, by its place.
    pub fn argument(&self, place: usize) -> &str {
        arguments(&self.arguments).get(place).copied().unwrap_or_default()
    }

    /// The text of an argument in quotes.
    pub fn text(&self, place: usize) -> Vec<u8> {
        let quoted = self.argument(place).strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        unescaped(quoted.unwrap_or_else(|| panic!("no whole text at {place}: {}({}", self.name, self.arguments)))
    }

    /// The path of an open file, from `3</path>`.
    pub fn path(&self, place: usize) -> &str {
        self.argument(place).split_once('<').map_or("", |(_, path)| path.trim_end_matches('>'))
    }

    /// A number.
    pub fn number(&self, place: usize) -> usize {
        self.argument(place)
            .parse()
            .unwrap_or_else(|_| panic!("no number at {place}: {}({}", self.name, self.arguments))
    }
}

/// Records the calls of the process alone, all of them.
pub fn calls(world: &World, command: &str, input: &[u8]) -> (Outcome, Vec<Call>) {
    let outcome =
        world.shell(&format!("exec strace -o '{}' -y -qq -e signal=none \"$P\" {command}", file(world)), input);
    (outcome, read(world, false))
}

/// Records what the process, and all that it starts, changes; whole, with every byte.
pub fn changes(world: &World, command: &str, input: &[u8]) -> (Outcome, Vec<Call>) {
    let options = format!("-f -y -qq -s 4194304 -e signal=none -e trace={CHANGES}");
    let outcome = world.shell(&format!("exec strace -o '{}' {options} \"$P\" {command}", file(world)), input);
    (outcome, read(world, true))
}

/// Runs it with a fault at one call, the `nth` of its name, counted from 1; whether the fault happened.
pub fn disturbed(
    world: &World,
    command: &str,
    input: &[u8],
    (name, nth, fault): (&str, usize, Fault),
) -> (Outcome, bool) {
    let what = match fault {
        Fault::Error(error) => format!("error={error}"),
        Fault::Kill => "signal=SIGKILL".to_owned(),
    };
    let options = format!("-qq -e signal=none -e trace={name} -e inject={name}:{what}:when={nth}");
    let outcome = world.shell(&format!("exec strace -o '{}' {options} \"$P\" {command}", file(world)), input);
    let happened = match fault {
        Fault::Error(_) => fs::read_to_string(file(world)).unwrap().contains("(INJECTED)"),
        Fault::Kill => outcome.signal == Some(9),
    };
    (outcome, happened)
}

fn file(world: &World) -> String {
    world.path("strace").display().to_string()
}

fn read(world: &World, with_threads: bool) -> Vec<Call> {
    // Foreign bytes are escaped, so it is text.
    parse(&fs::read_to_string(file(world)).unwrap(), with_threads)
}

/// Reads what strace wrote. A call during which another thread made one stands on two lines, and counts as made at its
/// end.
fn parse(text: &str, with_threads: bool) -> Vec<Call> {
    let mut open: Vec<(u32, String)> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let (thread, line) = match with_threads {
            true => line.split_once(' ').map_or((0, line), |(id, rest)| (id.parse().unwrap(), rest.trim_start())),
            false => (0, line),
        };
        if line.starts_with("---") || line.starts_with("+++") {
            continue;
        }
        if let Some(begun) = line.strip_suffix(" <unfinished ...>") {
            open.push((thread, begun.to_owned()));
        } else if let Some(rest) = line.strip_prefix("<... ") {
            let at = open.iter().position(|(of, _)| *of == thread).unwrap_or_else(|| panic!("never begun: {line}"));
            let rest = rest.split_once(" resumed>").unwrap_or_else(|| panic!("strace wrote: {line}")).1;
            found.push(call(thread, &format!("{}{rest}", open.remove(at).1)));
        } else {
            found.push(call(thread, line));
        }
    }
    // Begun and never ended: the process died in it, or it was the end itself.
    found.extend(open.into_iter().map(|(thread, begun)| call(thread, &format!("{begun}) = ?"))));
    found
}

fn call(thread: u32, line: &str) -> Call {
    let parts = || {
        let (name, rest) = line.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(" = ")?;
        let result = result.split([' ', '<']).next()?;
        let result = match result.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok(),
            None => result.parse().ok(),
        };
        let arguments = arguments.trim_end().trim_end_matches(')').to_owned();
        Some(Call { thread, name: name.to_owned(), arguments, result: result.filter(|number| *number >= 0) })
    };
    parts().unwrap_or_else(|| panic!("strace wrote: {line}"))
}

/// The arguments, cut at the commas that are in no text, list or structure.
fn arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth -= 1,
            ',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[start..].trim());
    found
}

/// The bytes behind the escapes of C.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes().peekable();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next().expect("something behind a backslash") {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 11,
            b'f' => 12,
            b'x' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            first @ b'0'..=b'7' => {
                let mut number = u32::from(first - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = bytes.peek().copied() else { break };
                    number = number * 8 + u32::from(digit - b'0');
                    bytes.next();
                }
                u8::try_from(number).unwrap()
            }
            other => other,
        });
    }
    out
}

#[test]
fn what_strace_writes_is_read() {
    let text = "7  pwrite64(3</a/b.db>, \"a\\0\\1772\\\"\\n, x\", 9, 4096 <unfinished ...>\n\
        8  execve(\"/s\", [\"/s\", \"-i, x\"], 0x7ffc /* 3 vars */) = 0\n\
        7  <... pwrite64 resumed>) = 9\n\
        7  unlink(\"/a/b\") = -1 ENOENT (No such file or directory)\n\
        7  openat(AT_FDCWD</x>, \"/a\", O_RDONLY|O_CLOEXEC) = 5</a>\n\
        9  +++ exited with 0 +++\n\
        7  exit_group(0)                           = ?\n";
    let calls = parse(text, true);
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["execve", "pwrite64", "unlink", "openat", "exit_group"]);
    assert_eq!(calls[0].argument(1), "[\"/s\", \"-i, x\"]");
    assert_eq!((calls[1].path(0), calls[1].number(3), calls[1].result), ("/a/b.db", 4096, Some(9)));
    assert_eq!(calls[1].text(1), b"a\0\x7f2\"\n, x");
    assert_eq!((calls[2].result, calls[3].result, calls[4].result), (None, Some(5), None));
    assert_eq!(calls[4].argument(0), "0");
}
