//! The pages of `docs/` and the README say what the code does, where they list it.

use std::fs;
use std::path::Path;

use countersign::cli::Arguments;
use countersign::origin::dkim::DkimRefusal;
use countersign::origin::look::Strict;
use countersign::policy::gate::GateRefusal;
use countersign::policy::glossary::{Gloss, Group};
use countersign::policy::reason::Reason;
use countersign::signs::Sign;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_page_of_signs_lists_every_sign_with_kind_and_source() {
    let page = text("docs/signs.md");
    let (measured, all) = page.split_once("## All signs").unwrap();
    let signs = || Sign::all().filter(|sign| *sign != Sign::Former);
    let row = |sign: Sign| format!("| `{}` | {} | {} |", sign.name(), sign.kind().name(), sign.source());
    let missing: Vec<String> = signs().map(row).filter(|row| !all.lines().any(|line| line == row)).collect();
    assert!(missing.is_empty(), "docs/signs.md lacks\n{}", missing.join("\n"));
    assert_eq!(all.lines().filter(|line| line.starts_with("| `")).count(), signs().count(), "rows of signs");
    // What was measured are signs, and all that words or a page's build alone make.
    let rows: Vec<&str> = measured.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let weak = signs().filter(|sign| sign.name().ends_with("-text") || sign.name().ends_with("-subject"));
    for sign in weak.chain([Sign::DesignedPage]) {
        assert!(rows.contains(&sign.name()), "{} was not measured", sign.name());
    }
    assert_eq!(rows.len(), 9, "{rows:?}");
}

#[test]
fn the_readme_counts_the_signs() {
    let count = Sign::all().filter(|sign| *sign != Sign::Former).count();
    assert!(text("README.md").contains(&format!(" {count} named signs ")), "there are {count}");
    assert!(text("CHANGELOG.md").contains(&format!(" {count} named signs ")), "there are {count}");
}

#[test]
fn the_page_of_reasons_explains_every_reason_once_in_its_group() {
    let page = text("docs/reasons.md");
    let mut lines: Vec<(&str, &str)> = Vec::new();
    let mut heading = "";
    for line in page.lines() {
        heading = line.strip_prefix("## ").unwrap_or(heading);
        lines.extend(line.strip_prefix("* `").and_then(|rest| rest.split_once('`')).map(|(name, _)| (heading, name)));
    }
    let glossary = Reason::glossary();
    for Gloss { group, name, .. } in &glossary {
        let found: Vec<&str> = lines.iter().filter(|(_, own)| own == name).map(|(heading, _)| *heading).collect();
        assert_eq!(found, [group.heading()], "{name} stands once in docs/reasons.md, in its group");
    }
    assert_eq!(lines.len(), glossary.len(), "docs/reasons.md explains what is no reason");
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, Group::ALL.map(Group::heading));
    let wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 130).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn what_the_page_of_reasons_tells_people_to_type_is_there() {
    let page = text("docs/reasons.md");
    let spans: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let lines = spans.iter().filter_map(|span| span.strip_prefix("countersign "));
    let (mut seen, mut keys) = (0, 0);
    for line in lines {
        seen += 1;
        let words = std::iter::once("countersign").chain(line.split(' '));
        let parsed = <Arguments as clap::Parser>::try_parse_from(words);
        assert!(parsed.is_ok(), "{line}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
    }
    let template = text("src/world/config/template.toml");
    for span in spans {
        let Some((table, key)) = span.split(' ').next().unwrap().split_once('.') else { continue };
        if template.contains(&format!("[{table}]\n")) {
            keys += 1;
            let is_there = |line: &str| {
                let line = line.trim_start_matches(['#', ' ']);
                line.starts_with(&format!("{key} = ")) || line == format!("{{{table}.{key}}}")
            };
            assert!(template.lines().any(is_there), "{span}");
        }
    }
    assert!(seen >= 30 && keys >= 10, "{seen} lines and {keys} keys");
}

#[test]
fn the_page_of_own_eyes_names_every_refusal_and_reason() {
    let page = text("docs/own-eyes.md");
    let row = |name: &str, sentence: &str| format!("| `{name}` | {sentence} |");
    let strict = Strict::ALL.map(|strict| row(strict.name(), strict.sentence()));
    let refusals = DkimRefusal::ALL.map(|refusal| row(refusal.name(), refusal.sentence()));
    let rows: Vec<String> = strict.into_iter().chain(refusals).collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/own-eyes.md lacks {missing:#?}");
    assert_eq!(page.lines().filter(|line| line.starts_with("| `") && line.contains("` | ")).count(), rows.len() + 3);
    let reasons = [Reason::LookLater, Reason::ProvenLater, Reason::PinMissing];
    let gates = [GateRefusal::NoMailDomain, GateRefusal::NotProven].map(Reason::Gate);
    for reason in reasons.into_iter().chain(gates) {
        assert!(page.contains(&format!("`{}`", reason.name())), "{reason}");
    }
    for command in ["explain --look", "replay --look", "doctor --dns", "look_at_pinned"] {
        assert!(page.contains(command), "{command}");
    }
}

/// The keys of the configuration's template, with what it shows of each: what holds without it, behind a `#`.
fn template_keys() -> Vec<(String, Option<String>)> {
    let mut table = String::new();
    let mut keys = Vec::new();
    for line in text("src/world/config/template.toml").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name.to_owned();
        } else if let Some(name) = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            keys.push((name.to_owned(), None));
        } else if let Some((key, value)) = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = "))
            && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            let dot = if table.is_empty() { "" } else { "." };
            keys.push((format!("{table}{dot}{key}"), Some(value.to_owned())));
        }
    }
    keys
}

/// The rows of the page of the configuration: key and default.
fn page_keys() -> Vec<(String, String)> {
    let mut table = String::new();
    let mut keys = Vec::new();
    for line in text("docs/configuration.md").lines() {
        if let Some(rest) = line.strip_prefix("## `[") {
            table = rest.split(']').next().unwrap().to_owned();
        } else if let Some(rest) = line.strip_prefix("| `") {
            let (key, rest) = rest.split_once("` | ").unwrap();
            let dot = if table.is_empty() { "" } else { "." };
            keys.push((format!("{table}{dot}{key}"), rest.split(" | ").next().unwrap().to_owned()));
        }
    }
    keys
}

#[test]
fn the_page_of_the_configuration_has_every_key_with_its_default() {
    let (template, page) = (template_keys(), page_keys());
    assert!(template.len() > 30, "{template:?}");
    let names = |keys: &mut dyn Iterator<Item = &String>| {
        let mut names: Vec<String> = keys.cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&mut page.iter().map(|(key, _)| key)), names(&mut template.iter().map(|(key, _)| key)));
    // A dash: nothing is done without it, and the template shows an example.
    let wrong: Vec<_> = template
        .iter()
        .filter_map(|(key, shown)| Some((key, shown.as_ref()?)))
        .filter(|(key, shown)| {
            let (_, default) = page.iter().find(|(name, _)| name == *key).unwrap();
            *default != format!("`{shown}`") && default != "–"
        })
        .collect();
    assert!(wrong.is_empty(), "docs/configuration.md has other defaults of {wrong:?}");
}

/// What is linked from a page, as paths from the top.
fn links(page: &str) -> Vec<(String, Option<String>)> {
    let folder = Path::new(page).parent().unwrap();
    let text = text(page);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://"));
    local
        .map(|target| {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.to_owned() } else { folder.join(file).display().to_string() };
            (path, Some(anchor.to_owned()).filter(|anchor| !anchor.is_empty()))
        })
        .collect()
}

/// The name by which a heading is linked.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn what_a_page_links_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned(), "procmail-examples/README.md".to_owned()];
    let in_docs =
        fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    pages.extend(in_docs.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")));
    let mut count = 0;
    for page in &pages {
        for (path, wanted) in links(page) {
            assert!(root.join(&path).exists(), "{page} links to {path}, which is not there");
            if let Some(wanted) = wanted {
                let found = text(&path).lines().any(|line| line.starts_with('#') && anchor(line) == wanted);
                assert!(found, "{page} links to {path}#{wanted}, and there is no such heading");
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count} links");
    // Who looks for a page finds it from the first one.
    let readme = links("README.md");
    let lost: Vec<&String> = pages
        .iter()
        .filter(|page| page.starts_with("docs/") && !readme.iter().any(|(path, _)| path == *page))
        .collect();
    assert!(lost.is_empty(), "README.md does not lead to {lost:?}");
}

#[test]
fn the_readme_is_the_way_in_and_no_more() {
    let lines = text("README.md").lines().count();
    assert!(lines <= 150, "README.md has {lines} lines");
}

#[test]
fn the_pictures_are_what_the_program_writes() {
    let readme = text("README.md");
    let challenge = text("fixtures/outgoing/challenge-english.eml");
    let (_, challenge) = challenge.split_once("\n\n").unwrap();
    let digest = text("fixtures/outgoing/digest-of-7.txt");
    for (what, picture) in [("a challenge", challenge), ("a digest", &digest)] {
        assert!(
            readme.contains(&format!("```\n{}\n```\n", picture.trim_end())),
            "README.md shows no such picture of {what}"
        );
    }
    assert!(text("docs/everyday.md").contains(digest.trim_end()), "docs/everyday.md shows another digest");
}
