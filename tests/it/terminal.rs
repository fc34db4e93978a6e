//! A terminal at which somebody types.
//!
//! Promises: the program has it for standard input and standard error; all that it shows there is read.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Runs a command at a terminal at which these answers are typed: its code, its standard output, and what is on the screen.
pub fn run(mut command: Command, answers: &str) -> (Option<i32>, String, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = PathBuf::from(OsString::from_vec(ptsname(&terminal, Vec::new()).unwrap().into_bytes()));
    let open = || Stdio::from(OpenOptions::new().read(true).write(true).open(&name).unwrap());
    let mut screen = File::from(terminal);
    command.stdin(open()).stderr(open());
    let child = command.spawn().unwrap();
    // This side's own ends, without which the screen has an end.
    drop(command);
    screen.write_all(answers.as_bytes()).unwrap();
    let reader = thread::spawn(move || {
        let mut seen = Vec::new();
        let mut part = [0; 4_096];
        // The last program that had the terminal open is gone: EIO.
        while let Ok(count @ 1..) = screen.read(&mut part) {
            seen.extend_from_slice(&part[..count]);
        }
        String::from_utf8(seen).unwrap()
    });
    let ran = child.wait_with_output().unwrap();
    (ran.status.code(), String::from_utf8(ran.stdout).unwrap(), reader.join().unwrap())
}
