//! `countersign sendmail`: mail on its way out, by a scripted sendmail that writes down what it is given.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use countersign::mail::address::Address;
use countersign::mail::content::TokenText;
use countersign::operation::own_mail::keys_of;
use countersign::origin::auth::Proofs;
use countersign::policy::fingerprint::Kind;
use countersign::policy::sent::Class;
use countersign::policy::standing::{Effect, Origin};
use countersign::policy::token::{Day, Token};
use countersign::world::clock;
use countersign::world::store::StoreFile;

use super::letter::{Letter, OWNER};
use super::strace;
use super::world::{Outcome, PROGRAM, World, header};

const MUTT: [&str; 4] = ["sendmail", "-oi", "-oem", "--"];

/// What the user writes, as a mail program hands it over.
const MAIL: &str = "From: Alice <alice@example.org>\nTo: Bob <bob@example.net>\nSubject: Tea\n\
    Message-ID: <1@example.org>\nDate: Sat, 21 Nov 2026 12:00:00 +0000\n\nHello Bob,\n\nat five?\n";

fn without_id() -> String {
    MAIL.replace("Message-ID: <1@example.org>\n", "")
}

fn to<'a>(recipients: &[&'a str]) -> Vec<&'a str> {
    [&MUTT[..], recipients].concat()
}

fn send(world: &World, message: impl Into<Vec<u8>>) -> Outcome {
    world.run(&to(&["bob@example.net"]), message)
}

/// The bytes that sendmail was given, in the order of the calls.
fn given(world: &World) -> Vec<Vec<u8>> {
    let mut calls: Vec<PathBuf> = fs::read_dir(world.path("sent")).unwrap().map(|e| e.unwrap().path()).collect();
    calls.sort();
    calls.iter().filter_map(|call| fs::read(call.join("message")).ok()).collect()
}

fn is_known(world: &World, who: &str) -> bool {
    world.entry(who).is_some_and(|entry| entry.effect == Effect::Allow && entry.origin == Origin::Sent)
}

fn row(world: &World, kind: Kind, text: &str) -> Option<Class> {
    world.store().sent(&keys_of(&world.installation(), kind, text)).unwrap().map(|row| row.class)
}

/// A sendmail that runs this shell.
fn real(world: &World, script: &str) {
    let path = world.path("real");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    world.configure(&format!("[challenge]\nsendmail = \"{}\"\n", path.display()));
}

#[test]
fn whoever_was_written_to_is_known_when_they_answer() {
    let world = World::new();
    let stranger = Letter::from("bob@example.net").field("Message-ID", "<first@example.net>");
    world.deliver(stranger.bytes()).is(0, 0, 1, 1);
    let outcome = world.run(&to(&["bob@example.net", "carol@example.com"]), MAIL);
    outcome.check("it is out", outcome.code == Some(0)).is_silent();
    assert!(is_known(&world, "bob@example.net") && is_known(&world, "carol@example.com"));
    assert_eq!(row(&world, Kind::MessageId, "1@example.org"), Some(Class::Private));
    let answer = Letter::from("bob@example.net").field("Message-ID", "<second@example.net>");
    let outcome = world.deliver(answer.bytes());
    outcome.check("his answer passes", outcome.after.inbox.len() == 1);
}

#[test]
fn the_end_is_sendmails_own_and_only_its_success_is_noted() {
    for code in [0, 1, 64, 65, 67, 70, 75, 78, 99, 127, 130, 255] {
        let world = World::new();
        world.sendmail_does(&format!("exit {code}"));
        let outcome = send(&world, without_id());
        outcome.check(&format!("it ends with {code}"), outcome.code == Some(code));
        outcome.check("sendmail's words are its own", outcome.stdout.is_empty() == (code == 0));
        assert_eq!(is_known(&world, "bob@example.net"), code == 0, "{code}");
    }
    for (does, code) in [("crash", 137), ("never-read", 75)] {
        let world = World::new();
        world.sendmail_does(does);
        let long = [without_id().into_bytes(), vec![b'x'; 5_000_000]].concat();
        for message in [without_id().into_bytes(), long] {
            let outcome = send(&world, message);
            outcome.check(does, outcome.code == Some(code));
            assert!(!is_known(&world, "bob@example.net"));
        }
    }
}

#[test]
fn sendmail_speaks_for_itself() {
    let world = World::new();
    real(&world, "cat > /dev/null; echo out; echo error >&2; exit 3");
    let outcome = send(&world, MAIL);
    assert_eq!((outcome.code, outcome.stdout, outcome.stderr), (Some(3), b"out\n".to_vec(), b"error\n".to_vec()));
}

#[test]
fn the_message_goes_on_byte_for_byte() {
    let world = World::new();
    let crlf = MAIL.replace('\n', "\r\n");
    let long = |byte: u8| [MAIL.as_bytes(), &vec![byte; 5_000_000]].concat();
    let messages: Vec<Vec<u8>> = vec![
        MAIL.into(),
        crlf.into(),
        MAIL.trim_end().into(),
        format!("From alice@example.org Sat Nov 21 12:00:00 2026\n{MAIL}").into(),
        [MAIL.as_bytes(), b"\0\xff\x80\xe9 caf\xc3\xa9\r\r\n\n\n.\n..\nFrom x\n"].concat(),
        long(b'x'),
        long(b'\n'),
        long(0),
        b"".to_vec(),
        b"\n".to_vec(),
        b"no header block at all\n".to_vec(),
        b"\nbody\n".to_vec(),
        b"From: alice@example.org\nTo: bob@example.net".to_vec(),
        without_id().replace("Subject: Tea\n", "Subject: Tea\nstray line\n").into(),
        without_id().replace("Subject: Tea\n", "Subject: T\0ea\n").into(),
        without_id().replace("Subject: Tea\n", "Subject : Tea\n").into(),
        format!(" \n{}", without_id()).into(),
        format!("folded\n{}", without_id()).into(),
        without_id().replace("Alice <alice@example.org>", "Mallory <mallory@example.com>").into(),
        format!("Auto-Submitted: auto-replied\n{}", without_id()).into(),
        format!("Resent-To: bob@example.net\n{}", without_id()).into(),
        format!("Message-ID:\n{}", without_id()).into(),
        format!("message-id : <x y>\n{}", without_id()).into(),
        format!("Received: from evil.example by mx.example.org with ESMTP; x\n{}", without_id()).into(),
    ];
    for (number, message) in messages.into_iter().enumerate() {
        let outcome = send(&world, message.clone());
        outcome.check("it is out", outcome.code == Some(0) && outcome.drained).is_silent();
        let given = given(&world);
        assert_eq!(given.len(), number + 1);
        let added = message.starts_with(b"From: alice@example.org\nTo: bob@example.net");
        let seen = given.last().unwrap();
        assert!(*seen == message || added && seen.ends_with(&message), "message {number}\n{outcome}");
    }
}

#[test]
fn a_message_id_is_added_where_there_is_none_and_the_answer_to_it_can_be_known_by_it() {
    let world = World::new();
    let mbox_line = "From alice@example.org Sat Nov 21 12:00:00 2026\n";
    for (line_end, before) in [("\n", ""), ("\r\n", ""), ("\n", mbox_line), ("\n", ">From alice Sat\n")] {
        let message = format!("{before}{}", without_id().replace('\n', line_end));
        send(&world, message.clone());
        let given = String::from_utf8(given(&world).pop().unwrap()).unwrap();
        let rest = given.strip_prefix(before).unwrap();
        let (field, rest) = rest.split_once(line_end).unwrap();
        assert_eq!(format!("{before}{rest}"), message);
        let id = field.strip_prefix("Message-ID: <").and_then(|rest| rest.strip_suffix('>')).unwrap();
        let token = id.strip_prefix("cs.").and_then(|rest| rest.strip_suffix("@example.org")).unwrap();
        let token = Token::read(&TokenText::parse(token).unwrap());
        let owner = Address::parse(OWNER).unwrap().normal();
        let ring = &world.installation().keys.token;
        assert_eq!(token.verify_sent(ring, &owner, Day::of(clock::now())), Ok(Class::Private));
        assert_eq!(row(&world, Kind::MessageId, id), Some(Class::Private));
    }
    // A long one too, of which the rest is not in memory.
    let long = [without_id().into_bytes(), vec![b'x'; 3_000_000]].concat();
    send(&world, long.clone());
    let given = given(&world).pop().unwrap();
    assert!(given.starts_with(b"Message-ID: <cs.") && given.ends_with(&long) && given.len() < long.len() + 100);
}

#[test]
fn what_many_may_read_is_public_and_no_list_is_a_person() {
    let world = World::with("[replies]\nprivate_lists = [\"team.example.net\"]\n");
    world.allow("list:users.example.net");
    world.run(&to(&["users@example.net", "bob@example.net"]), MAIL.replace(": Tea", ": The garden party"));
    assert!(is_known(&world, "bob@example.net") && world.entry("users@example.net").is_none());
    assert_eq!(row(&world, Kind::MessageId, "1@example.org"), Some(Class::Public));
    assert_eq!(row(&world, Kind::Topic, "the garden party"), None);
    let second = MAIL.replace("<1@", "<2@").replace(": Tea", ": The garden party");
    world.run(&to(&["team@example.net"]), second);
    assert_eq!(row(&world, Kind::MessageId, "2@example.org"), Some(Class::Private));
    assert!(row(&world, Kind::Topic, "the garden party").is_some() && world.entry("team@example.net").is_none());
    world.run(&to(&["users@example.net"]), without_id());
    let added = header(&given(&world).pop().unwrap(), "Message-ID").unwrap();
    let token = TokenText::parse(&added["<cs.".len()..][..32]).unwrap();
    let owner = Address::parse(OWNER).unwrap().normal();
    let today = Day::of(clock::now());
    assert_eq!(Token::read(&token).verify_sent(&world.installation().keys.token, &owner, today), Ok(Class::Public));
}

#[test]
fn with_t_the_fields_name_the_recipients() {
    let world = World::new();
    let fields = "To: Bob <bob@example.net>,\n \"C, D\" <carol@example.com>\nCc: friends: dave@example.net, Eve\n\
        \t<eve@example.net>;\nBcc: (hidden) frank@example.net\nbcc: grace@example.net\n";
    let message = MAIL.replace("To: Bob <bob@example.net>\n", fields);
    let outcome = world.run(&["sendmail", "-t", "-oi"], message.clone());
    outcome.check("it is out", outcome.code == Some(0));
    assert_eq!(given(&world), [message.into_bytes()]);
    assert_eq!(outcome.after.sent[0].argv, ["-t", "-oi"]);
    for who in ["bob@example.net", "carol@example.com", "dave@example.net", "eve@example.net", "frank@example.net"] {
        assert!(is_known(&world, who), "{who}");
    }
    assert!(is_known(&world, "grace@example.net") && world.entry(OWNER).is_none());
}

#[test]
fn without_t_whom_the_fields_name_it_does_not_go_to() {
    let world = World::new();
    world.run(&to(&["bob@example.net"]), MAIL.replace("Subject:", "Cc: carol@example.com\nSubject:"));
    assert!(is_known(&world, "bob@example.net") && world.entry("carol@example.com").is_none());
}

#[test]
fn what_stands_behind_a_lone_dot_teaches_nothing_where_sendmail_may_stop_there() {
    let message = MAIL.replace("Subject:", ".\nCc: carol@example.com\nSubject:");
    for (arguments, known) in [(&["sendmail", "-t"][..], false), (&["sendmail", "-t", "-i"], true)] {
        let world = World::new();
        world.run(arguments, message.clone());
        assert_eq!(given(&world), [message.clone().into_bytes()]);
        assert_eq!(is_known(&world, "carol@example.com"), known, "{arguments:?}");
    }
}

#[test]
fn what_teaches_nothing_leaves_everything_as_it_was() {
    let world = World::new();
    for message in [
        format!("Auto-Submitted: auto-replied\n{MAIL}"),
        format!("Precedence: bulk\n{MAIL}"),
        format!("X-CR-Challenge: v=1\n{MAIL}"),
        format!("Resent-To: bob@example.net\n{MAIL}"),
        format!("Received: from evil.example by mx.example.org with ESMTP; x\n{MAIL}"),
        MAIL.replace("alice@example.org", "mallory@example.com"),
        MAIL.replace("From:", "X-From:"),
    ] {
        send(&world, message);
    }
    world.run(&["sendmail", "-f", "<>", "bob@example.net"], MAIL);
    world.run(&["sendmail", "-f", "bob@example.net", "root"], MAIL);
    world.run(&["sendmail", "--unknown", "bob@example.net"], MAIL);
    world.configure("mode = \"off\"\n");
    send(&world, MAIL);
    assert_eq!(given(&world).len(), 11);
    assert_eq!(world.entry("bob@example.net"), None);
    world.configure("");
    world.deny("bob@example.net");
    send(&world, MAIL);
    assert_eq!(world.entry("bob@example.net").map(|entry| entry.effect), Some(Effect::Deny));
}

#[test]
fn everything_but_a_submission_is_sendmails_alone() {
    for line in [
        &["-bs"][..],
        &["-bp"],
        &["-bi"],
        &["-q"],
        &["-q30m"],
        &["-bv", "bob@example.net"],
        &["-V"],
        &["-I"],
        &["-bd"],
        &["--version"],
        &["--help", "--"],
        &["deliver"],
        &["bob@example.net", "-t"],
        &[],
        &["-z", "bob@example.net"],
    ] {
        let world = World::new();
        let arguments = [&["sendmail"], line].concat();
        let outcome = world.run(&arguments, without_id());
        outcome.check("sendmail answers", outcome.code == Some(0)).is_silent();
        assert_eq!(outcome.after.sent.len(), 1, "{line:?}");
        assert_eq!(outcome.after.sent[0].argv, line, "{line:?}");
        let untouched = line == ["deliver"] || given(&world) == [without_id().into_bytes()];
        assert!(untouched && world.entry("bob@example.net").is_none(), "{line:?}");
    }
}

#[test]
fn a_link_of_that_name_is_sendmail() {
    let world = World::new();
    let link = world.path("bin-sendmail");
    fs::create_dir(&link).unwrap();
    let link = link.join("sendmail");
    symlink(PROGRAM, &link).unwrap();
    let outcome = world.shell(&format!("{} -oi -- bob@example.net", link.display()), without_id());
    outcome.check("it is out", outcome.code == Some(0)).is_silent();
    assert!(is_known(&world, "bob@example.net"));
    assert_eq!(outcome.after.sent[0].argv, ["-oi", "--", "bob@example.net"]);
}

#[test]
fn a_circle_ends_with_78_and_says_so() {
    let world = World::new();
    let link = world.path("link");
    symlink(PROGRAM, &link).unwrap();
    world.configure(&format!("[challenge]\nsendmail = \"{}\"\n", link.display()));
    for line in [&["sendmail", "bob@example.net"][..], &["sendmail", "-bp"], &["sendmail", "-z"]] {
        let outcome = world.run(line, MAIL);
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        outcome.check("it ends", outcome.code == Some(78) && said.contains("[challenge] sendmail"));
    }
    // A script that leads back, in one step and in two.
    for script in ["exec \"$P\" sendmail \"$@\"", "/bin/sh -c '\"$P\" sendmail \"$@\"' x \"$@\""] {
        for line in ["bob@example.net", "-bp", "-z"] {
            let world = World::new();
            real(&world, &format!("echo once >> {}; P={PROGRAM}; export P\n{script}", world.path("calls").display()));
            let outcome = world.run(&["sendmail", line], MAIL);
            let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
            outcome.check("it ends", outcome.code == Some(78) && said.contains("leads back"));
            assert_eq!(fs::read_to_string(world.path("calls")).unwrap(), "once\n");
            assert!(!is_known(&world, "bob@example.net"));
        }
    }
}

#[test]
fn a_sendmail_that_is_not_there_is_said() {
    let world = World::new();
    world.configure("[challenge]\nsendmail = \"/nothing/here\"\n");
    for line in [&["sendmail", "bob@example.net"][..], &["sendmail", "-bp"]] {
        let outcome = world.run(line, MAIL);
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        outcome.check("what to do is said", outcome.code == Some(78) && said.contains("/nothing/here"));
    }
}

/// A world that is harmed, whose log is heard. The mail is out as it came, nothing is printed, and one line is in the log.
fn harmed(harm: impl FnOnce(&mut World)) {
    let mut world = World::new();
    let log = UnixDatagram::bind(world.path("log")).unwrap();
    log.set_nonblocking(true).unwrap();
    world.set("COUNTERSIGN_TEST_LOG", world.path("log"));
    harm(&mut world);
    let outcome = send(&world, MAIL);
    outcome.check("it is out", outcome.code == Some(0)).is_silent();
    assert_eq!(given(&world), [MAIL.as_bytes()]);
    let mut line = [0; 2000];
    let count = log.recv(&mut line).expect("a line in the log");
    let line = String::from_utf8_lossy(&line[..count]).into_owned();
    assert!(
        line.contains("sent mail is not noted") || line.contains("a bug: panic at src/operation/outgoing.rs"),
        "{line}"
    );
    assert!(log.recv(&mut [0; 2000]).is_err(), "a second line");
}

#[test]
fn no_trouble_of_ours_keeps_the_mail_back() {
    harmed(|world| {
        let sendmail = world.sendmail();
        world.set("COUNTERSIGN_TEST_SENDMAIL", sendmail);
        fs::remove_file(world.config_file()).unwrap();
    });
    harmed(|world| {
        let sendmail = world.sendmail();
        world.set("COUNTERSIGN_TEST_SENDMAIL", sendmail);
        fs::write(world.config_file(), "no [ toml").unwrap();
    });
    // What is wrong elsewhere in the file does not hide which program sends.
    harmed(|world| {
        let text = fs::read_to_string(world.config_file()).unwrap();
        fs::write(world.config_file(), format!("unknown = 1\n{text}")).unwrap();
    });
    harmed(|world| fs::remove_file(world.key_file()).unwrap());
    harmed(|world| world.write_keys("nonsense\n"));
    for file in [StoreFile::List, StoreFile::Messages] {
        let path = |world: &World| file.of(&world.store_file());
        harmed(|world| fs::remove_file(path(world)).unwrap());
        harmed(|world| fs::write(path(world), vec![b'x'; 20_000]).unwrap());
        harmed(|world| {
            fs::remove_file(path(world)).unwrap();
            fs::create_dir(path(world)).unwrap();
        });
    }
    harmed(|world| world.set("COUNTERSIGN_TEST_PANIC", "look"));
    harmed(|world| world.set("COUNTERSIGN_TEST_PANIC", "note"));
}

#[test]
fn a_store_that_somebody_else_has_is_not_waited_for() {
    for lock in ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"] {
        for file in [StoreFile::List, StoreFile::Messages] {
            harmed(|world| {
                let other = rusqlite::Connection::open(file.of(&world.store_file())).unwrap();
                other.execute_batch(lock).unwrap();
                // Held until the run is over, and beyond.
                std::mem::forget(other);
            });
        }
    }
}

#[test]
fn a_message_id_is_public_where_nobody_can_look_up_the_lists() {
    let world = World::new();
    fs::remove_file(world.list_file()).unwrap();
    send(&world, without_id());
    let added = header(&given(&world).pop().unwrap(), "Message-ID").unwrap();
    let token = TokenText::parse(&added["<cs.".len()..][..32]).unwrap();
    let owner = Address::parse(OWNER).unwrap().normal();
    let today = Day::of(clock::now());
    assert_eq!(Token::read(&token).verify_sent(&world.installation().keys.token, &owner, today), Ok(Class::Public));
}

#[test]
fn sendmail_has_the_callers_surroundings_and_nothing_of_ours() {
    let world = World::new();
    let seen = world.path("seen");
    let script = format!(
        "{{ umask; pwd; env | grep -v '^_=\\|^SHLVL=\\|^OLDPWD=\\|^PWD=' | sort; ls /proc/$$/fd; }} > {}; cat > /dev/null",
        seen.display()
    );
    real(&world, &script);
    let mut seen_by = Vec::new();
    for program in ["$P sendmail", &world.path("real").display().to_string()] {
        let line = format!("umask 027; X='a b' {program} -oi -- bob@example.net 7</dev/null");
        let outcome = world.shell(&line, MAIL);
        outcome.check("it is out", outcome.code == Some(0));
        seen_by.push(fs::read_to_string(&seen).unwrap());
    }
    let ours = seen_by[0].replace("COUNTERSIGN_SENDMAIL=1\n", "");
    assert_eq!(ours, seen_by[1]);
    assert!(ours.starts_with("0027\n") && ours.contains("X=a b\n") && ours.contains("\n7\n"), "{ours}");
}

#[test]
fn without_standard_input_there_is_no_message() {
    let world = World::new();
    let outcome = world.shell("$P sendmail bob@example.net <&-", "");
    outcome.check("nothing is sent", outcome.code == Some(64) && outcome.after.sent.is_empty());
}

#[test]
fn who_is_told_to_end_sends_no_part_of_a_message() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT, rustix::process::Signal::HUP] {
        let world = World::new();
        let (begun, sent) = (world.path("begun"), world.path("whole"));
        real(
            &world,
            &format!("trap '' TERM INT HUP; touch {}; cat > /dev/null; touch {}", begun.display(), sent.display()),
        );
        // Whoever runs the tests in the background has them ignored, and then they are for the program too.
        let mut command = world.command("env");
        command.args(["--default-signal=TERM,INT,HUP", PROGRAM]).args(to(&["bob@example.net"]));
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&[MAIL.as_bytes(), &vec![b'x'; 1_000_000]].concat()).unwrap();
        while !begun.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let ended = child.wait().unwrap();
        assert_eq!(ended.signal(), Some(signal.as_raw()));
        drop(stdin);
        // It was killed, so it never comes to that.
        let outcome = world.shell("sleep 0.3", "");
        assert!(!sent.exists() && world.entry("bob@example.net").is_none(), "{outcome}");
    }
}

#[test]
#[ignore = "needs strace; tests/run calls it"]
fn a_message_that_breaks_off_never_ends_for_the_one_who_reads_it() {
    let world = World::new();
    let (ended, mail) = (world.path("ended"), world.path("mail"));
    // It writes what it counted as soon as its input ends, and what is killed writes nothing.
    real(&world, &format!("exec dd of=/dev/null bs=64k 2> {}", ended.display()));
    fs::write(&mail, [MAIL.as_bytes(), &vec![b'x'; 1_000_000]].concat()).unwrap();
    let command = format!("sendmail -oi bob@example.net < {}", mail.display());
    let (outcome, calls) = strace::calls(&world, &command, b"");
    outcome.check("undisturbed it is out", outcome.code == Some(0) && fs::metadata(&ended).unwrap().len() > 0);
    let near_end = calls.iter().filter(|call| call.name == "read").count() - 5;
    let faults =
        format!("-e inject=read:error=EIO:when={near_end}+ -e inject=?kill,?pidfd_send_signal:delay_enter=300000");
    let outcome = world.shell(&format!("exec strace -o /dev/null -qq -e signal=none {faults} \"$P\" {command}"), "");
    outcome.check("it is not sent", outcome.code == Some(75));
    assert_eq!(fs::read_to_string(&ended).unwrap(), "");
}

#[test]
fn a_caller_who_ignores_signals_goes_on_ignoring_them() {
    let world = World::new();
    let line = "trap '' HUP CHLD; $P sendmail -oi bob@example.net";
    real(&world, "kill -HUP $$; cat > /dev/null; exit 5");
    let outcome = world.shell(line, MAIL);
    outcome.check("sendmail ignores it too", outcome.code == Some(5));
}

#[test]
fn a_gigabyte_takes_no_memory() {
    let world = World::new();
    let seen = world.path("seen");
    real(&world, &format!("wc -c > {}", seen.display()));
    let count = 300_000_000;
    fs::write(world.path("mail"), MAIL).unwrap();
    let line = format!(
        "{{ cat {}; head -c {count} /dev/zero; }} | (ulimit -v 100000; exec $P sendmail -oi bob@example.net)",
        world.path("mail").display()
    );
    let outcome = world.shell(&line, "");
    outcome.check("it is out", outcome.code == Some(0));
    let seen: usize = fs::read_to_string(&seen).unwrap().trim().parse().unwrap();
    assert_eq!(seen, count + MAIL.len());
    assert!(is_known(&world, "bob@example.net"));
}

#[test]
fn its_own_help_is_read_without_sendmail() {
    let world = World::new();
    for line in [&["sendmail", "--help"][..], &["help", "sendmail"]] {
        let outcome = world.run(line, "");
        let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
        outcome.check("it is ours", outcome.code == Some(0) && said.contains("set sendmail = \"countersign sendmail"));
        assert!(outcome.after.sent.is_empty());
    }
    let mut command = world.command(PROGRAM);
    command.args(["--config", &world.config_file().display().to_string(), "sendmail", "bob@example.net"]);
    command.env_remove("HOME").stdin(Stdio::null());
    assert!(command.status().unwrap().success());
    assert_eq!(world.sent().len(), 1);
    assert_eq!(world.entry("bob@example.net").map(|entry| entry.pin), None::<Proofs>);
}
