//! The probes of `doctor --send-probe`, through mail systems that leave in, remove, refuse and lose.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::letter::AUTHSERV_ID;
use super::world::{MBOX, World};

/// A sendmail that puts what it gets, as `change` makes it, into the inbox below a Received field.
fn world(configuration: &str, change: &str) -> World {
    let world = World::with(configuration);
    let script = format!(
        "#!/bin/sh\nto=$5\nfile='{inbox}/new/'$(cat /proc/sys/kernel/random/uuid)\n{{ echo 'Received: from here'; cat; }} \
         | {{ {change}; }} > '{scratch}' && test -s '{scratch}' && cat '{scratch}' > \"$file\"\nexit 0\n",
        inbox = world.inbox().display(),
        scratch = world.path("made").display(),
    );
    fs::write(world.sendmail(), script).unwrap();
    fs::set_permissions(world.sendmail(), fs::Permissions::from_mode(0o755)).unwrap();
    world
}

/// What is found under that name.
fn found(world: &World, check: &str) -> Vec<Value> {
    findings(world).into_iter().filter(|one| one["check"] == check).collect()
}

/// All that is found.
fn findings(world: &World) -> Vec<Value> {
    let outcome = world.run(&["doctor", "--json", "--send-probe"], "");
    outcome.check("it ends with an answer", matches!(outcome.code, Some(0 | 78)));
    let text = String::from_utf8(outcome.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

#[test]
fn of_the_forged_fields_that_are_left_in_only_the_plain_one_is_believed() {
    let world = world("", "cat");
    let forged = found(&world, "forged field");
    assert_eq!(forged.len(), 1, "{forged:?}");
    assert_eq!(forged[0]["grade"], "warning");
    let said = forged[0]["said"].as_str().unwrap();
    assert!(said.starts_with("9 probes") && said.ends_with("believed: the plain one"), "{said}");
    let ways = forged[0]["way_out"].to_string();
    assert!(ways.contains("not tried: mail from outside"), "{ways}");
    let line = forged[0]["line"].as_str().unwrap();
    assert!(line.contains(&format!("smtp://{AUTHSERV_ID}:25")) && !line.contains('\n'), "{line}");
    assert_eq!(found(&world, "sub-address")[0]["grade"], "ok");
    // Its own probes are no mail that shows whether the server works, though nine have its field.
    let trust = found(&world, "trust");
    assert!(trust[0]["said"].as_str().unwrap().contains("not enough recent mail"), "{trust:?}");
    assert!(trust.iter().all(|one| one["grade"] != "ok"), "{trust:?}");
}

#[test]
fn they_are_seen_in_an_mbox_too() {
    let world = world(MBOX, "cat");
    let into_mbox = format!(
        "#!/bin/sh\n{{ echo \"From alice@example.org $(date -u '+%a %b %e %T %Y')\"; echo 'Received: from here'; cat; echo; }} >> '{}'\n",
        world.mbox().display()
    );
    fs::write(world.sendmail(), into_mbox).unwrap();
    let forged = found(&world, "forged field");
    assert!(forged[0]["said"].as_str().unwrap().starts_with("9 probes"), "{forged:?}");
    assert_eq!(found(&world, "sub-address")[0]["grade"], "ok");
}

#[test]
fn what_is_removed_is_not_called_good_for_mail_from_outside() {
    for (change, says) in [
        ("sed '/^Authentication-Results: /d'", "of none was left in"),
        // As OpenDKIM does: what it can parse.
        (
            "sed -z 's/\\nAuthentication-Results: [a-z.]*;\\s*dmarc=pass\\s*header.from=[a-z0-9.-]*;\\s*dkim=pass\\s*header.d=[a-z0-9.-]*\\n/\\n/'",
            "left in were",
        ),
    ] {
        let forged = found(&world("", change), "forged field");
        assert_eq!(forged[0]["grade"], "note", "{forged:?}");
        assert!(forged[0]["said"].as_str().unwrap().contains(says), "{change}: {forged:?}");
        assert!(forged[0]["way_out"].to_string().contains("not tried: mail from outside"), "{forged:?}");
    }
}

#[test]
fn a_sub_address_that_is_refused_is_seen() {
    let refuses = "case $to in *+*) cat > /dev/null ;; *) cat ;; esac";
    let world = world("", refuses);
    let all = findings(&world);
    let sub = all.iter().find(|one| one["check"] == "sub-address").unwrap();
    assert_eq!(sub["grade"], "warning");
    let said = sub["said"].as_str().unwrap();
    assert!(said.contains("alice+probe@example.org has not arrived"), "{said}");
    // What never comes shows nothing about signatures.
    assert!(all.iter().all(|one| one["check"] != "DKIM"), "{all:?}");
    assert_eq!(world.state().inbox.len(), 9);
}

#[test]
fn seen_a_sub_address_that_sendmail_refuses_was_a_probe_like_any() {
    let world = world("", "cat");
    let script = fs::read_to_string(world.sendmail()).unwrap();
    let refusing = "#!/bin/sh\ncase \"$*\" in *+*) echo '550 User unknown' >&2; exit 67 ;; esac\n";
    fs::write(world.sendmail(), script.replacen("#!/bin/sh\n", refusing, 1)).unwrap();
    let sub = found(&world, "sub-address");
    let said = sub[0]["said"].as_str().unwrap();
    assert!(said.contains("alice+probe@example.org is refused") && said.contains("550 User unknown"), "{said}");
    assert_eq!(sub[0]["grade"], "warning");
    assert!(found(&world, "probe").is_empty());
}

#[test]
fn without_a_server_only_the_sub_address_is_tried_and_without_either_the_signature() {
    let world = world("[trust]\nauthserv_ids = []\n", "cat");
    assert_eq!(found(&world, "sub-address")[0]["grade"], "ok");
    assert!(found(&world, "forged field").is_empty());
    world.configure("[trust]\nauthserv_ids = []\n[owner]\naddress = \"alice@example.org\"\n");
    let before = world.state().inbox.len();
    assert_eq!(found(&world, "DKIM").len(), 1);
    assert!(found(&world, "sub-address").is_empty());
    assert_eq!(world.state().inbox.len() - before, 2);
}

#[test]
fn what_a_challenge_is_signed_by_is_seen_in_the_copy_that_comes() {
    let signature = |domain: &str| {
        let tags =
            "v=1; a=rsa-sha256; c=simple/simple; h=From; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA;";
        format!("DKIM-Signature: {tags}\\n\\td={domain}; s=mail\\n")
    };
    let signed = |domains: &[&str]| {
        let fields: String = domains.iter().map(|domain| signature(domain)).collect();
        let world = world("", &format!("printf '{fields}'; cat"));
        found(&world, "DKIM").remove(0)
    };
    for (domains, grade, says) in [
        (&[] as &[&str], "warning", "your challenges leave unsigned: "),
        (&["example.org"], "ok", "challenges leave signed: d=example.org s=mail"),
        (&["isp.example"], "warning", "unsigned by example.org: only d=isp.example"),
        (&["isp.example", "example.org"], "ok", "d=example.org"),
        (&["example.com", "isp.example"], "warning", "only d=example.com, d=isp.example"),
    ] {
        let one = signed(domains);
        assert_eq!(one["grade"], grade, "{one}");
        assert!(one["said"].as_str().unwrap().contains(says), "{one}");
        assert!(!one["way_out"].as_array().unwrap().is_empty(), "{one}");
    }
}

#[test]
fn a_sendmail_that_takes_nothing_is_said_at_once() {
    let world = World::new();
    world.sendmail_does("exit 69");
    let probe = found(&world, "probe");
    assert!(probe[0]["said"].as_str().unwrap().contains("sendmail ended with 69"), "{probe:?}");
    assert_eq!(probe.len(), 1);
    assert_eq!(world.sent().len(), 1);
}
