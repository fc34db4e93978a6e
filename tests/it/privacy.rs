//! What somebody finds who steals the store: numbers and keyed hashes.
//!
//! A whole conversation is held first, so that every table has rows; then the file is read, as rows and as bytes.

use std::fs;

use countersign::policy::token::Purpose;

use super::letter::Letter;
use super::world::World;

/// Words that must not be in the store, in any form that can be read without the key.
const PEOPLE: [&str; 8] = [
    "xanthippe",
    "marginalia.example",
    "quodlibet",
    "zymurgy.example",
    "jabberwock",
    "vorpalblade.example",
    "bandersnatch",
    "Wonderland",
];

fn conversation() -> World {
    let world = World::new();
    let sent = world.challenge("xanthippe@marginalia.example");
    world.deliver(Letter::answer(&sent, "xanthippe@marginalia.example").bytes()).is(0, 1, 1, 1);
    world.deliver(Letter::from("xanthippe@marginalia.example").bytes()).is(0, 2, 1, 1);
    world.deliver(Letter::from("quodlibet@zymurgy.example").unproven().bytes()).is(0, 2, 2, 1);
    world.challenge("bandersnatch@zymurgy.example");
    let token = world.token(Purpose::Confirm, 77, 0, "jabberwock@vorpalblade.example");
    let answer = Letter::bare_answer("jabberwock@vorpalblade.example").body(&format!("> cr-{token}\n"));
    world.deliver(answer.bytes()).is(0, 2, 4, 2);
    let token = world.token(Purpose::NotMe, 78, 0, "jabberwock@zymurgy.example");
    let to = format!("alice+n{token}@example.org");
    let answer = Letter::bare_answer("jabberwock@zymurgy.example").delivered_to(&to).field("To", &to);
    world.deliver(answer.body("It was not me, by the vorpalblade.\n").bytes()).is(0, 2, 5, 2);
    world.deny("@vorpalblade.example");
    world.deny("list:bandersnatch.zymurgy.example");
    world.deliver(Letter::from("jabberwock@vorpalblade.example").bytes());
    world.configure("mode = \"observe\"");
    world.deliver(Letter::from("bandersnatch@zymurgy.example").bytes());
    let mail =
        "From: alice@example.org\nTo: jabberwock@marginalia.example\nMessage-ID: <vorpalblade@example.org>\n\nHello.\n";
    world.run(&["sendmail", "-oi", "--", "jabberwock@marginalia.example"], mail);
    fs::write(world.path("galumphing"), mail).unwrap();
    world.run(&["learn", "--sent", &world.path("galumphing").display().to_string()], "");
    world.configure("mode = \"on\"");
    world.deliver(Letter::from("jabberwock@marginalia.example").bytes());
    world
}

#[test]
fn every_value_of_the_store_is_a_number_or_a_key() {
    let world = conversation();
    let store = world.database();
    let names = |sql: &str| -> Vec<String> {
        let mut query = store.prepare(sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables = names("SELECT name FROM sqlite_master WHERE type = 'table'");
    assert!(tables.len() >= 5, "{tables:?}");
    assert!(names("SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger')").is_empty());
    for table in tables {
        let rows: i64 = store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(rows > 0, "the conversation leaves a row in {table}");
        for column in names(&format!("SELECT name FROM pragma_table_info('{table}')")) {
            let kinds =
                names(&format!("SELECT DISTINCT type FROM pragma_table_info('{table}') WHERE name = '{column}'"));
            assert!(kinds == ["INTEGER"] || kinds == ["BLOB"], "{table}.{column} is {kinds:?}");
            let wrong = format!(
                "SELECT count(*) FROM {table} WHERE typeof({column}) NOT IN ('integer', 'null') \
                 AND NOT (typeof({column}) = 'blob' AND length({column}) = 16)"
            );
            let wrong: i64 = store.query_row(&wrong, [], |row| row.get(0)).unwrap();
            assert_eq!(wrong, 0, "{table}.{column} holds something else than a number or a key of 16 bytes");
        }
    }
}

#[test]
fn no_correspondent_can_be_read_from_the_files() {
    let world = conversation();
    let mut searched = 0;
    for entry in fs::read_dir(world.store_file().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        searched += bytes.len();
        for person in PEOPLE {
            assert_eq!(form_of(&bytes, person), None, "{person} in {}", path.display());
        }
    }
    assert!(searched > 10_000, "only {searched} bytes were searched");
    // The same search finds them where they are meant to be.
    let held = world.state().held.concat();
    assert_eq!(form_of(&held, "quodlibet"), Some("clear"));
}

#[cfg(debug_assertions)]
#[test]
fn no_correspondent_can_be_read_from_the_log() {
    let mut world = World::new();
    let log = std::os::unix::net::UnixDatagram::bind(world.path("log")).unwrap();
    log.set_nonblocking(true).unwrap();
    world.set("COUNTERSIGN_TEST_LOG", world.path("log"));
    world.sendmail_does("name");
    let letter = Letter::from("xanthippe@marginalia.example");
    world.deliver(letter.bytes()).is(0, 0, 1, 1);
    assert_eq!(world.run(&["deliver", "--xanthippe"], letter.bytes()).code, Some(75));
    assert_eq!(world.run(&["deliver", "xanthippe@marginalia.example"], letter.bytes()).code, Some(75));
    world.set("COUNTERSIGN_TEST_PANIC", "1");
    assert_eq!(world.deliver(letter.bytes()).code, Some(75));
    let mut lines = Vec::new();
    let mut line = [0; 2000];
    while let Ok(count) = log.recv(&mut line) {
        lines.push(String::from_utf8(line[..count].to_vec()).unwrap());
    }
    let all = lines.join("\n");
    assert!(lines.len() >= 5 && all.contains("sendmail ended with 67: <name> User <name> unknown at <name>"), "{all}");
    assert!(all.contains("UnknownArgument") && all.contains("panic at src/"), "{all}");
    for person in PEOPLE {
        assert_eq!(form_of(all.as_bytes(), person), None, "{person} in {all}");
    }
}

#[test]
fn every_form_of_a_word_is_found() {
    let word = "xanthippe";
    let upper = data_encoding::HEXUPPER.encode(word.as_bytes());
    let lower = data_encoding::HEXLOWER.encode(word.as_bytes());
    let wide: Vec<u8> = word.bytes().flat_map(|byte| [byte, 0]).collect();
    assert_eq!(form_of(b"a Xanthippe b", word), Some("clear"));
    assert_eq!(form_of(upper.as_bytes(), word), Some("hexadecimal"));
    assert_eq!(form_of(lower.as_bytes(), word), Some("hexadecimal"));
    assert_eq!(form_of(&wide, word), Some("UTF-16"));
    for before in ["", "a", "ab", "abc"] {
        let text = data_encoding::BASE64.encode(format!("{before}{word}@x.org").as_bytes());
        assert_eq!(form_of(text.as_bytes(), word), Some("base64"), "{before}");
    }
    let reversed: String = word.chars().rev().collect();
    assert_eq!(form_of(reversed.as_bytes(), word), Some("backwards"));
    assert_eq!(form_of(b"nobody", word), None);
}

/// In which form the bytes hold the word, if in any.
fn form_of(bytes: &[u8], word: &str) -> Option<&'static str> {
    let lower = bytes.to_ascii_lowercase();
    let word = word.to_ascii_lowercase();
    let has = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let wide: Vec<u8> = word.bytes().flat_map(|byte| [byte, 0]).collect();
    let reversed: Vec<u8> = word.bytes().rev().collect();
    let hexadecimal = data_encoding::HEXLOWER.encode(word.as_bytes());
    // What stands before decides on which of three places a character begins; the ends are mixed with the neighbours.
    let base64 = (0..3).any(|before| {
        let text = data_encoding::BASE64_NOPAD.encode(format!("{}{word}", "\0".repeat(before)).as_bytes());
        has(bytes, &text.as_bytes()[[0, 2, 3][before]..text.len() - 1])
    });
    [
        (has(&lower, word.as_bytes()), "clear"),
        (has(&lower, hexadecimal.as_bytes()), "hexadecimal"),
        (has(&lower, &wide), "UTF-16"),
        (has(&lower, &reversed), "backwards"),
        (base64, "base64"),
    ]
    .into_iter()
    .find_map(|(found, form)| found.then_some(form))
}
