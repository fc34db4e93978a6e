//! The gate against an oracle that knows nothing of it: `fixtures/gate/table.tsv`, written by hand from each message, the
//! RFCs and the rules of the gate, says which trusted results there are and who may be asked.
//!
//! Promises: a challenge that the table does not allow fails, and so does one that the table wants and that is not sent;
//! a fixture without a row fails, and a row without a fixture. With no server trusted, no fixture is challenged. The
//! table is never rewritten from what the program says: there is no `UPDATE=1` here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::envelopes;
use super::fixture;
use super::letter::{AUTHSERV_ID, OWNER};
use super::world::{Outcome, World, each};

/// The archive whose messages have a row each.
const ARCHIVE: &str = "replay/mail.mbox";

/// Whom the table lets be asked.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Nobody,
    Must(String),
    May(String),
}

/// One line of the table.
#[derive(Clone, Debug)]
struct Row {
    fixture: String,
    setting: String,
    /// By method: the domains that are proven, or nothing where the table leaves it open.
    proven: [(&'static str, Option<Vec<String>>); 3],
    envelope: String,
    from: String,
    asked: Asked,
    reason: String,
}

#[test]
fn every_fixture_has_a_row() {
    let rows = table();
    let named: BTreeSet<String> = rows.iter().map(|row| row.fixture.clone()).collect();
    let keys: BTreeSet<(&str, &str)> = rows.iter().map(|row| (row.fixture.as_str(), row.setting.as_str())).collect();
    assert_eq!(keys.len(), rows.len(), "a fixture stands twice with the same setting");
    let mut there: BTreeSet<String> = BTreeSet::new();
    for (folder, extension) in [("gate", "eml"), ("messages", "eml"), ("envelopes", "txt")] {
        there.extend(fixture::files(folder, extension).iter().map(|path| fixture::name(path)));
    }
    there.extend((1..=archive().len()).map(|number| format!("{ARCHIVE}#{number}")));
    assert_eq!(named.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "rows without a fixture");
    assert_eq!(there.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "fixtures without a row");
    for (what, fewest, found) in [
        ("ask nobody", 200, rows.iter().filter(|row| row.asked == Asked::Nobody).count()),
        ("ask somebody", 80, rows.iter().filter(|row| matches!(row.asked, Asked::Must(_))).count()),
        ("have a setting of their own", 20, rows.iter().filter(|row| row.setting != "-").count()),
    ] {
        assert!(found >= fewest, "only {found} rows {what}");
    }
}

#[test]
fn the_default_configuration_asks_whom_the_table_names() {
    let world = World::new();
    each(messages(|row| row.setting == "-"), |row| {
        let id = ["--authserv-id", AUTHSERV_ID];
        let outcome = world.run(&[&BARE[..], &id, &[&path(&row)]].concat(), "");
        row.check(&asked(&outcome), &outcome);
    });
}

#[test]
fn each_setting_asks_whom_the_table_names() {
    let worlds = worlds();
    each(messages(|row| row.setting != "-"), |row| {
        let outcome = worlds[&row.setting].run(&["replay", "--json", &path(&row)], "");
        row.check(&asked(&outcome), &outcome);
    });
}

#[test]
fn what_is_sent_goes_to_whom_the_table_names() {
    each(messages(|row| row.fixture.starts_with("gate/")), |row| {
        let world = World::with(&row.trust());
        let outcome = world.deliver(fs::read(path(&row)).unwrap());
        outcome.check(&row.fixture, outcome.code == Some(0));
        row.check(&sent(&outcome), &outcome);
    });
}

#[test]
fn every_caller_has_those_asked_whom_the_table_names() {
    each(rows(|row| row.fixture.starts_with("envelopes/")), |row| {
        let outcome = envelopes::without_a_token(&fixture::root().join(&row.fixture));
        row.check(&sent(&outcome), &outcome);
    });
}

#[test]
fn an_archive_has_those_asked_whom_the_table_names() {
    let outcome = World::new().run(&[&BARE[..], &["--authserv-id", AUTHSERV_ID, &root(ARCHIVE)]].concat(), "");
    let lines = lines(&outcome);
    each(rows(|row| row.fixture.starts_with(ARCHIVE)), |row| {
        let number: usize = row.fixture.rsplit_once('#').unwrap().1.parse().unwrap();
        row.check(&challenged(&lines[number - 1]), &outcome);
    });
}

#[test]
fn the_facts_are_those_of_the_table() {
    let worlds = worlds();
    each(messages(|_| true), |row| {
        let outcome = worlds[&row.setting].run(&["explain", "--json", &path(&row)], "");
        let facts = lines(&outcome).remove(0)["facts"].clone();
        let address = facts["envelope_sender"].as_str().filter(|_| facts["envelope"] == "known");
        let known = address.or(facts["envelope"].as_str()).unwrap_or_default().to_owned();
        let sender = facts["sender"].as_str().unwrap_or("-").to_owned();
        for (what, wanted, found) in [("envelope sender", &row.envelope, known), ("From", &row.from, sender.clone())] {
            row.say(&format!("{what} is {found}"), wanted == "?" || *wanted == found, &outcome);
        }
        // What is proven is told of the sender's domain; where there is no sender, nothing can be.
        let Some((_, domain)) = sender.rsplit_once('@').filter(|_| !matches!(row.asked, Asked::May(_))) else { return };
        let proofs = words(&facts["proofs"]);
        for (method, domains) in &row.proven {
            let Some(domains) = domains else { continue };
            let wanted = domains.iter().any(|known| known == domain);
            // SPF is not even read unless the user has said that it counts.
            let wanted = wanted && (*method != "spf" || row.setting == "gate=spf");
            row.say(&format!("{method} proves {domain}: {}", !wanted), proofs.contains(*method) == wanted, &outcome);
        }
    });
}

#[test]
fn with_no_server_trusted_nobody_is_asked() {
    let everything = root("");
    let world = World::with("[trust]\nauthserv_ids = []\n");
    let spf = World::with("[trust]\nauthserv_ids = []\ngate = \"spf\"\nhops = 20\n");
    for outcome in [
        world.run(&[&BARE[..], &[&everything]].concat(), ""),
        world.run(&["replay", "--json", &everything], ""),
        spf.run(&["replay", "--json", &everything], ""),
    ] {
        assert!(lines(&outcome).len() > 400, "all fixtures are read");
        outcome.check("nobody is asked", asked(&outcome).is_empty());
    }
    each(messages(|row| row.fixture.starts_with("gate/") && row.asked != Asked::Nobody), |row| {
        let world = World::with("[trust]\nauthserv_ids = []\n");
        let outcome = world.deliver(fs::read(path(&row)).unwrap());
        outcome.check(&row.fixture, outcome.code == Some(0) && sent(&outcome).is_empty());
    });
}

/// A dry run that knows the user's address and nothing else: no list, no keys.
const BARE: [&str; 6] = ["replay", "--json", "--address", OWNER, "--delimiter", "+"];

impl Row {
    /// Fails unless those asked are those of the table.
    #[track_caller]
    fn check(&self, asked: &[String], outcome: &Outcome) {
        let good = match &self.asked {
            Asked::Nobody => asked.is_empty(),
            Asked::Must(address) => asked == [address.as_str()],
            Asked::May(address) => asked.is_empty() || asked == [address.as_str()],
        };
        self.say(&format!("asked are {asked:?}"), good, outcome);
    }

    #[track_caller]
    fn say(&self, found: &str, good: bool, outcome: &Outcome) {
        let Row { fixture, setting, asked, reason, .. } = self;
        assert!(good, "{fixture} ({setting}): {found}; the table says {asked:?}: {reason}\n{outcome}");
    }

    /// The table of the configuration that the setting stands for.
    fn trust(&self) -> String {
        let quoted = |list: &str| list.split(',').map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ");
        let (ids, other) = match self.setting.split_once('=') {
            None => (AUTHSERV_ID, String::new()),
            Some(("ids", ids)) => (ids, String::new()),
            Some(("hops", number)) => (AUTHSERV_ID, format!("hops = {number}\n")),
            Some(("methods", list)) => (AUTHSERV_ID, format!("methods = [{}]\n", quoted(list))),
            Some(("gate", word)) => (AUTHSERV_ID, format!("gate = \"{word}\"\n")),
            Some(_) => panic!("{}: setting {}", self.fixture, self.setting),
        };
        format!("[trust]\nauthserv_ids = [{}]\n{other}", quoted(ids))
    }
}

/// The whole table. A line that is no row fails.
fn table() -> Vec<Row> {
    let text = fixture::text(&fixture::root().join("gate/table.tsv"));
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let heading = "fixture\tsetting\tdmarc\tdkim\tspf\tenvelope\tfrom\tasked\treason";
    assert_eq!(lines.next(), Some(heading), "the heading of the table");
    lines.map(row).collect()
}

#[track_caller]
fn row(line: &str) -> Row {
    let Ok([fixture, setting, dmarc, dkim, spf, envelope, from, asked, reason]) =
        <[&str; 9]>::try_from(line.split('\t').collect::<Vec<_>>())
    else {
        panic!("not nine columns: {line}")
    };
    let domains = |text: &str| match text {
        "?" => None,
        "-" => Some(Vec::new()),
        _ => Some(text.split(' ').map(str::to_owned).collect()),
    };
    let asked = match (asked, asked.strip_prefix("may ")) {
        ("no", _) => Asked::Nobody,
        (_, Some(address)) => Asked::May(address.to_owned()),
        (address, None) => Asked::Must(address.to_owned()),
    };
    assert!(asked == Asked::Nobody || line.contains('@'), "{line}");
    assert!(!reason.is_empty(), "no reason: {line}");
    Row {
        fixture: fixture.to_owned(),
        setting: setting.to_owned(),
        proven: [("dmarc", domains(dmarc)), ("dkim", domains(dkim)), ("spf", domains(spf))],
        envelope: envelope.to_owned(),
        from: from.to_owned(),
        asked,
        reason: reason.to_owned(),
    }
}

fn rows(wanted: impl Fn(&Row) -> bool) -> Vec<Row> {
    table().into_iter().filter(|row| wanted(row)).collect()
}

/// For each setting a world in which it holds, for dry runs, which change nothing in it.
fn worlds() -> BTreeMap<String, World> {
    let settings: BTreeMap<String, String> = table().iter().map(|row| (row.setting.clone(), row.trust())).collect();
    settings.into_iter().map(|(setting, trust)| (setting, World::with(&trust))).collect()
}

/// Rows of single messages.
fn messages(wanted: impl Fn(&Row) -> bool) -> Vec<Row> {
    rows(|row| row.fixture.ends_with(".eml") && wanted(row))
}

/// The messages of the archive, as the program counts them.
fn archive() -> Vec<Value> {
    lines(&World::new().run(&[&BARE[..], &[&root(ARCHIVE)]].concat(), ""))
}

fn root(name: &str) -> String {
    fixture::root().join(name).display().to_string()
}

fn path(row: &Row) -> String {
    root(&row.fixture)
}

fn lines(outcome: &Outcome) -> Vec<Value> {
    outcome.check("it ran", outcome.code == Some(0));
    let text = String::from_utf8(outcome.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// Whom a line of JSON says would be asked.
fn challenged(line: &Value) -> Vec<String> {
    assert_eq!(line["verdict"] == "challenge", line["challenge_to"].is_string(), "{line}");
    line["challenge_to"].as_str().map(str::to_owned).into_iter().collect()
}

/// Whom a dry run would have asked.
fn asked(outcome: &Outcome) -> Vec<String> {
    lines(outcome).iter().flat_map(challenged).collect()
}

/// Whom `sendmail` was told to write to.
fn sent(outcome: &Outcome) -> Vec<String> {
    outcome.after.sent.iter().map(|sent| sent.argv[4].clone()).collect()
}

fn words(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
