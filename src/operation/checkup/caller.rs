//! The check of who calls this program, and of what keeps it from being called.
//!
//! Promises: only looks. Never touches: the mail system's files.

use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::operation::deliverer::{self, Deliverer};
use crate::operation::forward::Destination;
use crate::operation::rules::lines_that_count;
use crate::world::config::{Config, Environment};
use crate::world::surroundings;

/// Where a call of this program may stand, below the home.
const CALLERS: [&str; 6] = [".procmailrc", ".mailfilter", ".forward", ".courier", ".dovecot.sieve", ".qmail"];
/// The rules that a `.forward` may go to instead of this program, and who reads them.
const RULES: [(&str, &str); 2] = [(".procmailrc", "procmail"), (".mailfilter", "maildrop")];
/// Where Sendmail's restricted shell looks for programs (smrsh(8)): Debian, Fedora, BSD.
const RESTRICTED: [&str; 3] = ["/etc/mail/smrsh", "/etc/smrsh", "/usr/libexec/sm.bin"];
/// Programs that call this one and that AppArmor may confine.
const CONFINED: [&str; 5] = ["procmail", "maildrop", "dovecot-lda", "dovecot/lmtp", "postfix/local"];

/// Whether anything calls this program, and what would keep it from being called.
pub(super) fn calls(config: &Config, environment: &Environment) -> Vec<Finding> {
    let Some(home) = &environment.home else {
        return vec![Finding::note("mail system", "HOME is not set: nothing to look at")];
    };
    let forward = deliverer::forward_of(environment);
    let deliverer = deliverer::seen(environment, &config.policy.owner.primary, &forward);
    let mut found = vec![called(home, config, environment, deliverer.as_ref())];
    let calling = RULES.iter().filter(|(name, _)| !calls_in(home, name).is_empty());
    let called_by: Vec<(&str, &str)> = calling.copied().collect();
    let programs: Vec<&str> = called_by.iter().map(|(_, program)| *program).chain(["countersign"]).collect();
    found.extend(passed_by(&forward, &called_by, &programs));
    if forward.iter().any(|one| one.leads_to(&programs)) {
        found.extend(beside(&forward, &programs));
        found.extend(surroundings::postconf(&["allow_mail_to_commands"]).and_then(|values| postfix_forbids(&values)));
        let sendmail = surroundings::text_of(Path::new("/etc/mail/sendmail.cf")).unwrap_or_default();
        found.extend(restricted_shell(&sendmail, &RESTRICTED.map(PathBuf::from)));
    }
    found.extend(confinement(Path::new("/etc/apparmor.d")));
    found
}

/// That rules call this program, and a `.forward` hands mail on before anybody reads them (local(8)).
fn passed_by(forward: &[Destination], called_by: &[(&str, &str)], programs: &[&str]) -> Option<Finding> {
    let (name, program) = called_by.first().filter(|_| !forward.is_empty())?;
    // `\user` goes on to the mail system's own delivery, which reads the rules.
    let is_own = |one: &Destination| matches!(one, Destination::Other(other) if other.starts_with('\\'));
    if forward.iter().any(|one| one.leads_to(programs) || is_own(one)) {
        return None;
    }
    let said =
        format!("~/.forward gives mail to somebody else, so ~/{name}, which calls this program, is perhaps never read");
    let way = format!("take ~/.forward away, or let it call {program}, with || exit 75 behind it");
    Some(Finding::warning("mail system", &said).way(way))
}

/// What a `.forward` gives every message to, beside this program or who calls it: it is asked for none of them.
fn beside(forward: &[Destination], programs: &[&str]) -> Option<Finding> {
    let name = |one: &Destination| match one {
        ours if ours.leads_to(programs) => None,
        Destination::Program(line) => Some((line.clone(), line.contains("vacation"))),
        Destination::Other(other) => Some((other.clone(), false)),
    };
    let others: Vec<(String, bool)> = forward.iter().filter_map(name).collect();
    if let Some((vacation, _)) = others.iter().find(|(_, is_vacation)| *is_vacation) {
        let said =
            format!("~/.forward also calls {vacation}: it answers strangers whose mail is held, and forged senders");
        return Some(Finding::wrong("mail system", &said).way(
            "take it out of .forward; let procmail or maildrop call it behind the gate, where only mail comes that passes",
        ));
    }
    let names: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
    let said = format!("~/.forward also gives every message to {}, held or not", names.join(", "));
    (!names.is_empty())
        .then(|| Finding::warning("mail system", &said).way("leave the call of this program alone in it"))
}

/// Postfix starts no program from a `.forward` unless it is allowed there (local(8)).
fn postfix_forbids(values: &[String]) -> Option<Finding> {
    let allowed = values.first()?;
    if allowed.split([',', ' ']).any(|word| word == "forward") {
        return None;
    }
    let said =
        format!("Postfix's allow_mail_to_commands is {allowed:?}: it bounces what a .forward gives to a program");
    Some(Finding::wrong("mail system", &said).way("postconf -e 'allow_mail_to_commands = alias, forward'"))
}

/// Sendmail with its restricted shell starts only what lies in one folder, by its bare name.
fn restricted_shell(configuration: &str, folders: &[PathBuf]) -> Option<Finding> {
    let mailer = configuration.lines().find(|line| line.starts_with("Mprog"))?;
    if !mailer.contains("smrsh") || folders.iter().any(|folder| folder.join("countersign").exists()) {
        return None;
    }
    let folder = folders.iter().find(|folder| folder.is_dir()).or(folders.first())?;
    let said = "Sendmail's restricted shell (smrsh) does not know this program: mail for it bounces";
    Some(Finding::wrong("mail system", said).way(format!("ln -s /usr/local/bin/countersign {}/", folder.display())))
}

/// AppArmor keeps a confined program from starting others that its profile does not name.
fn confinement(profiles: &Path) -> Option<Finding> {
    for file in surroundings::names_in(profiles) {
        let Some(text) = surroundings::text_of(&profiles.join(&file)) else { continue };
        let local = surroundings::text_of(&profiles.join("local").join(&file)).unwrap_or_default();
        let is_off = profiles.join("disable").join(&file).exists() || text.contains("flags=(complain");
        let begins = |line: &str| line.trim_end().ends_with('{') && CONFINED.iter().any(|name| line.contains(name));
        if is_off || !text.lines().any(begins) || [&text, &local].iter().any(|text| text.contains("countersign")) {
            continue;
        }
        let said = format!("AppArmor confines a program that may call this one ({})", profiles.join(&file).display());
        let line = "/usr/local/bin/countersign Ux,";
        return Some(
            Finding::note("mail system", &said).way(format!("if that is your case, write {line} into local/{file}")),
        );
    }
    None
}

/// Where it is called.
fn called(home: &Path, config: &Config, environment: &Environment, deliverer: Option<&Deliverer>) -> Finding {
    let mut found = Vec::new();
    for name in CALLERS {
        let calls = calls_in(home, name);
        let unguarded = |line: &&String| line.contains(" deliver") && !line.contains("exit 75");
        if let (".forward", Some(_)) = (name, calls.iter().find(unguarded)) {
            return Finding::wrong(
                "mail system",
                "~/.forward calls deliver without || exit 75: a crash bounces the mail",
            )
            .way("copy the line that countersign init prints");
        }
        found.extend((!calls.is_empty()).then(|| format!("~/{name}")));
    }
    if found.is_empty() {
        let finding = Finding::note("mail system", "neither .procmailrc nor .mailfilter nor .forward calls it");
        let finding = deliverer.iter().fold(finding, |finding, deliverer| finding.way(&deliverer.said));
        return finding.way(
            "countersign init prints the lines; or the mail system calls it by itself (Exim, OpenSMTPD, Dovecot)",
        );
    }
    if let Some(finding) = deliverer.and_then(|deliverer| never_read(&found, deliverer)) {
        return finding;
    }
    let usual = home.join(".config/countersign/config.toml");
    if config.paths.config != usual && environment.config.is_some() {
        return Finding::note("mail system", &format!("called in {}", found.join(", ")))
            .way(format!("see that the call says --config {}", config.paths.config.display()));
    }
    Finding::good("mail system", &format!("called in {}", found.join(", ")))
}

/// That only rules call this program which the mail system has nobody read.
fn never_read(found: &[String], deliverer: &Deliverer) -> Option<Finding> {
    let entry = deliverer.entry?;
    let of_rules = |file: &String| RULES.iter().any(|(name, _)| *file == format!("~/{name}"));
    if found.iter().any(|file| *file == format!("~/{}", entry.file()) || !of_rules(file)) {
        return None;
    }
    let said = format!("{} calls it, and nobody seems to read that: {}", found.join(" and "), deliverer.said);
    Some(Finding::warning("mail system", &said).way("countersign init prints the lines for the right place"))
}

/// The lines of that file in the home that call this program.
fn calls_in(home: &Path, name: &str) -> Vec<String> {
    let text = surroundings::text_of(&home.join(name)).unwrap_or_default();
    lines_that_count(&text).filter(|line| line.contains("countersign")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Grade;
    use super::*;
    use crate::operation::deliverer::Entry;
    use crate::operation::forward::destinations;

    #[test]
    fn what_stands_beside_the_call_is_named() {
        let of = |text: &str| {
            beside(&destinations(text), &["procmail", "countersign"]).map(|finding| (finding.grade, finding.said))
        };
        assert_eq!(of("\"|countersign deliver || exit 75\""), None);
        assert_eq!(of("\"|IFS=' ' && exec /usr/bin/procmail -f- || exit 75 #alice\""), None);
        assert!(of("\"|/usr/bin/procmail\", \\alice").unwrap().1.contains("\\alice"));
        let (grade, said) = of("\"|countersign deliver || exit 75\", \"|/usr/bin/vacation alice\"").unwrap();
        assert!(grade == Grade::Wrong && said.contains("vacation alice"), "{said}");
        for other in ["\\alice", "bob@example.net", "/home/alice/copy", "\"|other\""] {
            let (grade, said) = of(&format!("\"|countersign deliver || exit 75\"\n{other}\n")).unwrap();
            assert!(grade == Grade::Warning && said.contains(other.trim_matches(['"', '|'])), "{said}");
        }
    }

    #[test]
    fn rules_that_nobody_reads_are_named() {
        let of = |found: &[&str], entry: Option<Entry>| {
            let found: Vec<String> = found.iter().map(|&name| name.to_owned()).collect();
            never_read(&found, &Deliverer { entry, said: "Postfix does it".into() }).map(|finding| finding.said)
        };
        assert!(of(&["~/.mailfilter"], Some(Entry::Procmail)).unwrap().contains("Postfix does it"));
        assert!(of(&["~/.procmailrc"], Some(Entry::Forward)).is_some());
        for (found, entry) in [
            (&["~/.procmailrc"] as &[&str], Some(Entry::Procmail)),
            (&["~/.procmailrc", "~/.mailfilter"], Some(Entry::Maildrop)),
            (&["~/.dovecot.sieve"], Some(Entry::Forward)),
            (&["~/.mailfilter", "~/.forward"], Some(Entry::Procmail)),
            (&["~/.procmailrc"], None),
        ] {
            assert_eq!(of(found, entry), None, "{found:?}");
        }
    }

    #[test]
    fn rules_that_a_forward_passes_by_are_named() {
        let rules = (".procmailrc", "procmail");
        let of = |text: &str, called_by: &[(&str, &str)]| {
            passed_by(&destinations(text), called_by, &["procmail", "countersign"]).is_some()
        };
        assert!(of("bob@example.net\n", &[rules]) && of("/home/alice/copy\n", &[rules]));
        for text in
            ["", "# nothing\n", "\"|/usr/bin/procmail\"", "\"|countersign deliver || exit 75\"", "|procmail, x@y.z"]
        {
            assert!(!of(text, &[rules]), "{text}");
        }
        assert!(!of("bob@example.net\n", &[]));
    }

    #[test]
    fn what_starts_no_programs_is_named() {
        let forbids = |text: &str| postfix_forbids(&[text.to_owned()]).is_some();
        assert!(forbids("alias") && forbids("") && forbids("alias, include"));
        assert!(!forbids("alias, forward") && !forbids("forward") && postfix_forbids(&[]).is_none());
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().join("none"), folder.path().to_owned()];
        let with = "Mprog,\t\tP=/usr/lib/sm.bin/smrsh, F=lsDFMoqeu9\n";
        let said = restricted_shell(with, &folders).unwrap();
        assert_eq!(said.way_out, [format!("ln -s /usr/local/bin/countersign {}/", folder.path().display())]);
        assert_eq!(restricted_shell("Mprog,\t\tP=/bin/sh, F=lsDFMoqeu9\n", &folders), None);
        assert_eq!(restricted_shell("", &folders), None);
        std::fs::write(folder.path().join("countersign"), "").unwrap();
        assert_eq!(restricted_shell(with, &folders), None);
    }

    #[test]
    fn a_profile_that_does_not_know_this_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(confinement(&folder.path().join("none")), None);
        put("usr.bin.man", "/usr/bin/man {\n  /usr/bin/procmail r,\n}\n");
        put("other", "profile procmail-like /x flags=(complain) {\n}\n");
        assert_eq!(confinement(folder.path()), None);
        put("usr.lib.dovecot.lmtp", "/usr/lib/dovecot/lmtp {\n}\n");
        assert!(confinement(folder.path()).unwrap().said.contains("usr.lib.dovecot.lmtp"));
        put("local/usr.lib.dovecot.lmtp", "/usr/local/bin/countersign Ux,\n");
        assert_eq!(confinement(folder.path()), None);
        put("usr.bin.procmail", "/usr/bin/procmail {\n}\n");
        assert!(confinement(folder.path()).is_some());
        put("disable/usr.bin.procmail", "");
        assert_eq!(confinement(folder.path()), None);
    }
}
