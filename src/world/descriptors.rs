//! What the caller left us: the file mode mask, the open descriptors and a signal that it ignores. Mail systems hand down whatever they
//! had: umask 0007, 0022 or 0077, up to ten descriptors of their own, a closed standard output (reference: the
//! callers' table).
//!
//! Promises: after [`settle`] nothing that is created can be read by others, and no program that is started
//! inherits more than its own standard input and output. Never touches: what the descriptors lead to.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::{FileType, Mode, OFlags};

/// Sets the file mode mask to 077, marks every descriptor from 3 upwards close-on-exec, and ends a caller's ignoring
/// of SIGCHLD: while that lasts the system reaps our programs itself, and how they ended is lost. A handler that does
/// nothing suffices; the programs that we start have the default again.
///
/// Marked, not closed: closing a descriptor that some library has opened meanwhile would let the next file take
/// its number. To be called first thing in `main`. Cannot fail: on a system that can do neither `close_range` nor
/// list its descriptors, all possible numbers are gone through.
pub fn settle() {
    rustix::process::umask(Mode::from_bits_truncate(0o077));
    close_fds::set_fds_cloexec(3, &[]);
    hear_of_children();
}

/// Ends a caller's ignoring of SIGCHLD, as [`settle`] does, and changes nothing else.
pub fn hear_of_children() {
    // If the system refuses, it is as it was.
    drop(signal_hook::flag::register(signal_hook::consts::SIGCHLD, Arc::new(AtomicBool::new(false))));
}

/// Whether the caller gave us no standard input. Then there is no message, which must be said and not be taken
/// for an empty one.
///
/// Before `main`, Rust's runtime opens the null device, for reading and writing, in place of a standard
/// descriptor that is closed; `< /dev/null` opens it for reading only.
#[must_use]
pub fn stdin_is_closed() -> bool {
    is_placeholder(std::io::stdin().as_fd())
}

/// Whether the caller gave us no standard output. What `filter` writes would vanish and its success would be a
/// lie.
#[must_use]
pub fn stdout_is_closed() -> bool {
    is_placeholder(std::io::stdout().as_fd())
}

/// A descriptor that cannot be asked is as good as closed.
fn is_placeholder(descriptor: impl AsFd) -> bool {
    let (Ok(status), Ok(flags)) = (rustix::fs::fstat(&descriptor), rustix::fs::fcntl_getfl(&descriptor)) else {
        return true;
    };
    FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice
        && flags & OFlags::RWMODE == OFlags::RDWR
        && rustix::fs::stat("/dev/null").is_ok_and(|null| null.st_rdev == status.st_rdev)
}

#[cfg(test)]
#[allow(clippy::print_stdout, clippy::print_stderr)] // what a process of its own reports to the test
mod tests {
    use std::fs::OpenOptions;
    use std::time::Duration;

    use super::*;
    use crate::world::program::output_of;

    /// Runs one test of this file again in a process of its own, behind shell redirections.
    fn run_alone(test: &str, redirections: &str) -> String {
        let program = std::env::current_exe().unwrap();
        let line = format!(
            "umask 022; COUNTERSIGN_ALONE=1 exec \"$0\" --exact --nocapture --test-threads 1 \
             world::descriptors::tests::{test} {redirections}"
        );
        let argv = ["/bin/sh".into(), "-c".into(), line.into(), program.into_os_string()];
        String::from_utf8(output_of(&argv, Duration::from_secs(60)).unwrap()).unwrap()
    }

    fn is_alone() -> bool {
        std::env::var_os("COUNTERSIGN_ALONE").is_some()
    }

    #[test]
    fn a_closed_input_is_not_an_empty_one() {
        if is_alone() {
            return println!("closed: {}", stdin_is_closed());
        }
        assert!(run_alone("a_closed_input_is_not_an_empty_one", "<&-").contains("closed: true"));
        assert!(run_alone("a_closed_input_is_not_an_empty_one", "< /dev/null").contains("closed: false"));
        assert!(run_alone("a_closed_input_is_not_an_empty_one", "< /dev/zero").contains("closed: false"));
    }

    #[test]
    fn a_closed_output_is_seen() {
        if is_alone() {
            return eprintln!("closed: {}", stdout_is_closed());
        }
        // Here standard error is what this test reads.
        assert!(run_alone("a_closed_output_is_seen", "3>&1 2>&3 3>&- >&-").contains("closed: true"));
        assert!(run_alone("a_closed_output_is_seen", "3>&1 2>&3 3>&- > /dev/null").contains("closed: false"));
    }

    #[test]
    fn a_started_program_inherits_nothing_and_files_are_private() {
        if is_alone() {
            let argv = ["/bin/sh", "-c", "for d in 5 9; do test -e /proc/self/fd/$d && echo left $d; done; umask"];
            let before = output_of(&argv.map(Into::into), Duration::from_secs(10)).unwrap();
            settle();
            let after = output_of(&argv.map(Into::into), Duration::from_secs(10)).unwrap();
            return println!("{} {}", before.escape_ascii(), after.escape_ascii());
        }
        let said = run_alone("a_started_program_inherits_nothing_and_files_are_private", "5</dev/null 9>/dev/null");
        assert!(said.contains("left 5\\nleft 9\\n0022\\n 0077\\n"), "{said}");
    }

    #[test]
    fn only_the_null_device_opened_both_ways_stands_for_a_closed_descriptor() {
        let opened = |path, write| OpenOptions::new().read(true).write(write).open(path).unwrap();
        assert!(is_placeholder(opened("/dev/null", true)));
        assert!(!is_placeholder(opened("/dev/null", false)));
        assert!(!is_placeholder(opened("/dev/zero", true)));
        assert!(!is_placeholder(tempfile::tempfile().unwrap()));
    }
}
