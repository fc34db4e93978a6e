//! The checks of `doctor`, one function a part of the set-up: what is found, how bad it is, and the way out.
//!
//! Promises: only looks (a file made in `tmp/` to see whether one can be is gone again); no check hides another.
//! Never touches: mail, printing.

mod caller;
mod challenges;
mod checkers;
mod eyes;
mod files;
mod finding;
mod lore;
mod machine;
mod signature;
mod trust;

use crate::operation::evidence::Evidence;
use crate::operation::place::Place;
use crate::report::{self, chain};
use crate::world::config::{Config, Environment};

pub use challenges::ask_about_challenges;
pub use checkers::Milters;
pub use finding::{Finding, Grade};
pub use machine::refused_answers;
pub use signature::{Signed, of_probe};

/// Every check, in the order in which one would mend.
#[must_use]
pub fn examine(config: &Config, environment: &Environment, now: i64) -> Vec<Finding> {
    let inbox = Place::of(&config.paths.inbox);
    let places: Vec<Place> = [Place::Maildir(config.paths.quarantine.clone())].into_iter().chain(inbox).collect();
    let evidence = Evidence::of(&places, &config.policy.trust, &config.policy.owner.delimiters);
    let mut found = vec![
        files::configuration(config),
        files::keys(config),
        machine::clock(now),
        files::store(config),
        files::inbox(config),
    ];
    found.extend(machine::arrival(config, environment));
    found.extend(machine::believed(config, now));
    found.extend(files::maildir("quarantine", &config.paths.quarantine));
    found.extend(files::trash(config));
    found.extend(files::one_move(config));
    found.extend(files::open_to_others(config, environment));
    found.extend(files::disks(config));
    found.push(machine::sendmail(config));
    found.push(texts(config));
    found.push(trust::addresses(config, &evidence));
    found.push(machine::delimiter(config));
    found.extend(trust::trust(config, &evidence));
    found.extend(trust::unchecked_pins(config));
    found.extend(eyes::eyes(config));
    found.extend(eyes::spoiled(config));
    found.extend(trust::stopped_results(config));
    found.push(machine::log(report::is_heard()));
    found.push(files::rows_and_files(config));
    found.extend(lore::unlearned(config, environment));
    found.extend(caller::calls(config, environment));
    found
}

fn texts(config: &Config) -> Finding {
    match config.templates(None) {
        Ok(_) => Finding::good("texts", &format!("challenges in {}", config.policy.languages.join(", "))),
        Err(error) => {
            Finding::wrong("texts", &format!("{}; challenges go out with the built-in text instead", chain(&error)))
                .way("mend that file, or take the language out of challenge.languages")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::machine::log;
    use super::trust::unchecked_pins;
    use super::*;
    use crate::cli::InitArguments;
    use crate::command::init::set_up;
    use crate::policy::fingerprint::{Fingerprint, Kind};
    use crate::policy::key::SecretKey;
    use crate::policy::sent::Class;
    use crate::world::secret;
    use crate::world::store::{SentRow, Store};

    struct Home {
        folder: tempfile::TempDir,
    }

    impl Home {
        fn new() -> Home {
            let home = Home { folder: tempfile::tempdir().unwrap() };
            let arguments = InitArguments {
                address: vec!["alice@example.org".into()],
                maildir: Some(home.at("Maildir")),
                mbox: None,
                sendmail: Some("/bin/sh".into()),
                authserv_id: vec!["mx.example.org".into()],
                delimiter: Some("+".into()),
                ..InitArguments::default()
            };
            set_up(&arguments, home.environment()).unwrap();
            home
        }

        fn at(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        fn environment(&self) -> Environment {
            Environment { home: Some(self.folder.path().into()), ..Environment::default() }
        }

        fn configure(&self, from: &str, to: &str) {
            let path = self.at(".config/countersign/config.toml");
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from}");
            fs::write(&path, text.replace(from, to)).unwrap();
        }

        fn mail(&self, count: usize, head: &str) {
            for number in 0..count {
                fs::write(self.at(&format!("Maildir/new/{number}")), format!("{head}\n\nbody\n")).unwrap();
            }
        }

        fn examine(&self) -> Vec<Finding> {
            let config = Config::load(&self.environment()).unwrap();
            examine(&config, &self.environment(), 1_795_262_400)
        }
    }

    #[test]
    fn seen_nothing_was_said_of_what_others_can_write() {
        for (path, is_file) in [
            (".local/share/countersign/countersign.db", true),
            (".local/share/countersign/countersign-list.db", true),
            (".local/share/countersign", false),
            (".local", false),
            (".config", false),
            ("Maildir", false),
            ("Maildir/.Held", false),
            ("Maildir/.Held/new", false),
            ("Maildir/tmp", false),
            ("", false),
        ] {
            let home = Home::new();
            assert!(!home.examine().iter().any(|finding| finding.check == "rights"), "{path}");
            for (mode, grade) in [(0o666, Grade::Wrong), (0o660, Grade::Warning)] {
                let mode = if is_file { mode } else { mode | 0o111 };
                fs::set_permissions(home.at(path), Permissions::from_mode(mode)).unwrap();
                let found = worst(&home.examine(), "rights");
                assert_eq!(found.grade, grade, "{path} {mode:o}: {found:?}");
                assert!(found.said.contains(path.trim_end_matches('/')), "{found:?}");
            }
        }
    }

    #[test]
    fn seen_tmp_on_another_disk_was_called_well() {
        let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
        for (maildir, check) in [("Maildir", "inbox"), ("Maildir/.Held", "quarantine")] {
            let home = Home::new();
            let tmp = home.at(maildir).join("tmp");
            if crate::world::surroundings::same_disk(elsewhere.path(), &tmp) == Some(true) {
                panic!("/dev/shm is on the disk of {}: this test needs two", tmp.display());
            }
            fs::remove_dir(&tmp).unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), &tmp).unwrap();
            let found = worst(&home.examine(), check);
            assert!(found.grade == Grade::Wrong && found.said.contains("another file system"), "{found:?}");
        }
    }

    fn worst(found: &[Finding], check: &str) -> Finding {
        found.iter().filter(|finding| finding.check == check).max_by_key(|finding| finding.grade).unwrap().clone()
    }

    const MAIL: &str = "Delivered-To: alice@example.org\nReceived: x\nAuthentication-Results: mx.example.org;\n \
        dkim=pass header.d=example.net; dmarc=pass header.from=example.net\nTo: alice@example.org";

    #[test]
    fn a_good_set_up_is_good() {
        let home = Home::new();
        home.mail(12, MAIL);
        fs::write(home.at(".forward"), "\"|/usr/local/bin/countersign deliver || exit 75\"\n").unwrap();
        let found = home.examine();
        for finding in &found {
            // Scratch folders may lie anywhere, also on a small disk.
            let about_disk = finding.said.contains("are left at") || finding.said.contains("over a network");
            // Nor does a log run everywhere.
            let accepted = finding.grade == Grade::Good || about_disk || finding.check == "log";
            assert!(accepted, "{finding:?}");
        }
        assert!(found.len() >= 13, "{}", found.len());
    }

    #[test]
    fn sent_mail_is_spoken_of_until_something_was_learned() {
        let home = Home::new();
        let said = |home: &Home| home.examine().into_iter().find(|finding| finding.check == "sent mail");
        assert_eq!(said(&home), None, "there is none");
        fs::create_dir_all(home.at("Maildir/.Sent Items/cur")).unwrap();
        fs::write(home.at("Maildir/.Sent Items/cur/1.a:2,S"), "x").unwrap();
        let found = said(&home).unwrap();
        assert_eq!(found.grade, Grade::Note);
        let line = format!("countersign learn --sent '{}'", home.at("Maildir/.Sent Items").display());
        assert_eq!(found.line, Some(line));
        let mut store = Store::open(&Config::load(&home.environment()).unwrap().paths.store).unwrap();
        let key = Fingerprint::of(&SecretKey::new([7; 32]), Kind::MessageId, b"x");
        let row = SentRow { key, at: 1, class: Class::Private };
        store.note_sent(&[row], &[]).unwrap();
        assert_eq!(said(&home), None);
    }

    type Breaking = fn(&Home);

    #[test]
    fn every_broken_part_is_named_with_its_way_out() {
        let cases: [(&str, Grade, &str, Breaking); 26] = [
            ("configuration", Grade::Wrong, "others can write", |home| {
                fs::set_permissions(home.at(".config/countersign/config.toml"), Permissions::from_mode(0o622)).unwrap();
            }),
            ("configuration", Grade::Warning, "off", |home| home.configure("# mode = \"on\"", "mode = \"off\"")),
            ("configuration", Grade::Note, "observe", |home| home.configure("# mode = \"on\"", "mode = \"observe\"")),
            ("keys", Grade::Wrong, "chmod 600", |home| {
                fs::set_permissions(home.at(".config/countersign/keys"), Permissions::from_mode(0o644)).unwrap();
            }),
            ("keys", Grade::Wrong, "no key file", |home| fs::remove_file(home.at(".config/countersign/keys")).unwrap()),
            ("store", Grade::Wrong, "maintain --rebuild", |home| {
                fs::remove_file(home.at(".local/share/countersign/countersign.db")).unwrap();
            }),
            ("store", Grade::Wrong, "maintain --rebuild", |home| {
                fs::write(home.at(".local/share/countersign/countersign.db"), "no database at all".repeat(99)).unwrap();
            }),
            ("store", Grade::Wrong, "maintain --rebuild", |home| {
                fs::write(home.at(".local/share/countersign/countersign.db"), "").unwrap();
            }),
            ("inbox", Grade::Wrong, "countersign init", |home| fs::remove_dir_all(home.at("Maildir/new")).unwrap()),
            ("quarantine", Grade::Wrong, "countersign init", |home| {
                fs::remove_dir(home.at("Maildir/.Held/tmp")).unwrap()
            }),
            ("sendmail", Grade::Warning, "no challenge", |home| home.configure("\"/bin/sh\"", "\"/nothing/sendmail\"")),
            ("sendmail", Grade::Warning, "no challenge", |home| home.configure("\"/bin/sh\"", "\"/etc/passwd\"")),
            ("sendmail", Grade::Warning, "is this program", |home| {
                std::os::unix::fs::symlink(std::env::current_exe().unwrap(), home.at("sendmail")).unwrap();
                home.configure("\"/bin/sh\"", &format!("\"{}\"", home.at("sendmail").display()));
            }),
            ("texts", Grade::Wrong, "{nobody}", |home| {
                fs::write(home.at(".config/countersign/challenge.en.txt"), "Subject: x\n\n{nobody}\n").unwrap();
            }),
            ("texts", Grade::Wrong, "challenge.xx.txt", |home| {
                fs::write(home.at(".config/countersign/challenge.xx.txt"), "no subject").unwrap();
                home.configure("# languages = [\"auto\", \"en\"]", "languages = [\"xx\"]");
            }),
            ("addresses", Grade::Warning, "owner.others", |home| {
                home.mail(12, &MAIL.replace("To: alice@example.org", "To: info@example.org"));
            }),
            ("delimiter", Grade::Note, "delimiters = \"+\"", |home| {
                home.configure("delimiters = \"+\"", "delimiters = \"\"")
            }),
            ("trust", Grade::Warning, "opendmarc", |home| home.configure("authserv_ids = [\"mx.example.org\"]", "")),
            ("trust", Grade::Warning, "12 of 12 recent messages have a field of other.example", |home| {
                home.mail(12, &MAIL.replace("mx.example.org", "other.example"));
            }),
            ("trust", Grade::Warning, "12 of them have one below 2 Received fields", |home| {
                home.mail(12, &MAIL.replace("Received: x", "Received: x\nReceived: y"));
            }),
            ("trust", Grade::Note, "hops = 0 in the part [trust] is enough", |home| {
                home.mail(12, &format!("{}\nReceived: y", MAIL.replace("Received: x\n", "")));
            }),
            ("trust", Grade::Warning, "methods = [\"dkim\"]", |home| {
                home.mail(12, &MAIL.replace("; dmarc=pass header.from=example.net", ""));
            }),
            ("trust", Grade::Warning, "2 recent messages are signed", |home| {
                let signed = "Received: x\nDKIM-Signature: v=1; d=example.net";
                let unread = MAIL.replace("dkim=pass header.d=example.net; dmarc=pass", "dmarc=fail");
                home.mail(2, &unread.replace("Received: x", signed));
            }),
            ("trust", Grade::Note, "not enough recent mail", |_| {}),
            ("mail system", Grade::Wrong, "exit 75", |home| {
                fs::write(home.at(".forward"), "|/usr/local/bin/countersign deliver\n").unwrap();
            }),
            ("mail system", Grade::Note, "countersign init", |home| {
                fs::write(home.at(".procmailrc"), "# countersign is not called here\n").unwrap();
            }),
        ];
        for (check, grade, wanted, destroy) in cases {
            let home = Home::new();
            destroy(&home);
            let found = worst(&home.examine(), check);
            let text = format!("{} {}", found.said, found.way_out.join(" "));
            assert_eq!(found.grade, grade, "{check}: {text}");
            assert!(text.contains(wanted), "{check}: {wanted:?} is not in {text:?}");
        }
    }

    #[test]
    fn a_pin_that_nobody_looks_at_is_said() {
        use crate::origin::auth::Proofs;
        use crate::policy::fingerprint::{Fingerprint, Kind};
        use crate::policy::standing::{Effect, Entry, Origin};
        let home = Home::new();
        let config = Config::load(&home.environment()).unwrap();
        let keys = secret::load(&config.paths.keys).unwrap();
        let (id, key) = keys.list.current();
        let enter = |name: &str, effect, pin| {
            let entry = Entry { effect, pin, origin: Origin::Confirmed, added: 1 };
            let under = Fingerprint::of(key, Kind::Address, name.as_bytes());
            Store::open(&config.paths.store).unwrap().put_entry((id, under), Kind::Address, &entry, &[]).unwrap();
        };
        enter("a@b.c", Effect::Allow, Proofs::NONE);
        enter("b@b.c", Effect::Deny, Proofs::DKIM);
        assert_eq!(unchecked_pins(&config), None);
        enter("c@b.c", Effect::Allow, Proofs::DKIM);
        assert_eq!(unchecked_pins(&config), None, "somebody looks at it");
        home.configure("authserv_ids = [\"mx.example.org\"]", "");
        let found = home.examine().into_iter().find(|finding| finding.said.contains("pinned")).unwrap();
        assert!(found.grade == Grade::Warning && found.said.starts_with("1 of"), "{found:?}");
        for (from, to, wanted) in [
            ("# look = \"off\"", "look = \"where-silent\"", Some("look_at_pinned = true")),
            ("# look_at_pinned = false", "look_at_pinned = true", Some("but for a signature that is wrong")),
            ("look = \"where-silent\"", "look = \"always\"", None),
        ] {
            home.configure(from, to);
            let found = unchecked_pins(&Config::load(&home.environment()).unwrap());
            let text = found.as_ref().map(|found| format!("{} {}", found.said, found.way_out.join(" ")));
            assert_eq!(found.map(|found| found.grade), wanted.map(|_| Grade::Note), "{to}");
            assert!(wanted.is_none_or(|wanted| text.as_ref().is_some_and(|text| text.contains(wanted))), "{text:?}");
        }
    }

    #[test]
    fn a_log_that_goes_nowhere_is_said() {
        assert_eq!(log(true).grade, Grade::Good);
        assert!(log(false).grade == Grade::Warning && log(false).said.contains("/dev/log"));
        assert_eq!(Home::new().examine().iter().filter(|finding| finding.check == "log").count(), 1);
    }

    #[test]
    fn a_wrong_clock_is_seen() {
        let home = Home::new();
        let config = Config::load(&home.environment()).unwrap();
        for now in [-1, 0, 1_700_000_000, 5_000_000_000] {
            let found = worst(&examine(&config, &home.environment(), now), "clock");
            assert_eq!(found.grade, Grade::Wrong, "{now}");
        }
    }

    #[test]
    fn a_held_file_that_the_store_does_not_know_is_counted() {
        use crate::origin::auth::Proofs;
        use crate::policy::block::Block;
        use crate::policy::fingerprint::{Fingerprint, Kind};
        use crate::policy::reason::Reason;
        use crate::policy::token::HeldId;
        use crate::policy::verdict::Verdict;
        let home = Home::new();
        let config = Config::load(&home.environment()).unwrap();
        let keys = secret::load(&config.paths.keys).unwrap();
        let block = Block {
            id: HeldId::parse("0123456789"),
            verdict: Verdict::Hold,
            reason: Reason::NotAddressed,
            recipient: config.policy.owner.primary.clone(),
            sender: None,
            proofs: Proofs::NONE,
            received: 1_795_262_400,
        };
        let message = Fingerprint::of(keys.list.current().1, Kind::Message, b"x");
        let bytes = [block.open(None).seal(Some(message), &keys.token), b"From: a@b.c\n\nx\n".to_vec()].concat();
        fs::write(home.at("Maildir/.Held/new").join(message.hex()), bytes).unwrap();
        let found = worst(&home.examine(), "held mail");
        assert_eq!(found.grade, Grade::Warning, "{found:?}");
        assert!(found.said.contains("1 of them unknown") && found.way_out[0].contains("countersign maintain"));
    }
}
