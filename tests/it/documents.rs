//! The pages of `docs/` and the README say what the code does, where they list it.

use std::fs;
use std::path::Path;

use countersign::origin::dkim::DkimRefusal;
use countersign::origin::look::Strict;
use countersign::policy::gate::GateRefusal;
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
