//! `procmail-examples/dovecot-user`: what it does for mail users whose homes cannot be used. The rest is in `tests/system`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use super::world::each;

/// Runs it where Dovecot says that everybody's home is that one, and gives it ten seconds.
fn run(home: &str, words: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let doveadm = folder.path().join("doveadm");
    fs::write(&doveadm, format!("#!/bin/sh\ncase $* in *'*') echo nobody ;; *) echo '{home}' ;; esac\n")).unwrap();
    fs::set_permissions(&doveadm, fs::Permissions::from_mode(0o755)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("procmail-examples/dovecot-user");
    let mut command = Command::new("timeout");
    command.args(["10", "sh"]).arg(script).args(words);
    command.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display())).output().unwrap()
}

#[test]
fn who_has_no_home_is_refused_by_name_and_passed_over_among_all() {
    each(["", "mail", "/", "/nothing/of/the/kind"], |home| {
        let one = run(home, &["nobody", "maintain"]);
        let said = String::from_utf8_lossy(&one.stderr).into_owned();
        assert!(one.status.code() == Some(1) && said.contains("nobody"), "{home:?}: {one:?}");
        let all = run(home, &["--all", "maintain"]);
        assert!(all.status.success() && all.stderr.is_empty(), "{home:?}: {all:?}");
    });
}
