//! The pages of `docs/` and the README say what the code does, where they list it.

use std::fs;
use std::path::Path;

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
