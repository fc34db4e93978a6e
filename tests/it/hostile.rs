//! Time: what a stranger may send is read in linear time. A quadratic reader needs minutes for what `fixtures/format/hostile.txt`
//! repeats.

use std::time::Duration;

use countersign::mail::bare_answer::says_nothing;
use countersign::mail::body::Body;
use countersign::mail::content::{look, tokens_in_ids, tokens_in_text};
use countersign::mail::delimiters::Delimiters;
use countersign::mail::executable;
use countersign::mail::fold::{Parameterised, decode_words};
use countersign::mail::head::{Head, VALUE_LIMIT};
use countersign::mail::parts::parts;
use countersign::mail::quotation::{lines_above_copy, own_lines};
use countersign::mail::recipients::recipients;
use countersign::mail::{encoding, html};
use rustix::time::{ClockId, clock_gettime};

use super::questions::{check, text};

/// What reading one of them may take, without optimisation and on a slow machine.
const UNIT_LIMIT: Duration = Duration::from_secs(4);
/// What all of them may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What the thread itself has used, however busy the machine is.
fn used() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap(), now.tv_nsec.try_into().unwrap())
}

/// Reads the unit repeated to this size; one that is longer stands alone.
fn timed(unit: &[u8], size: usize, read: impl Fn(&[u8])) -> String {
    let all = unit.repeat((size / unit.len()).max(1));
    let before = used();
    read(&all);
    let used = used() - before;
    if used < UNIT_LIMIT { "in time".to_owned() } else { format!("in {used:?}") }
}

fn quotation(unit: &[u8]) -> String {
    timed(unit, 256 * 1024, |all| drop((own_lines(text(all)), lines_above_copy(text(all), true))))
}

fn answer(unit: &[u8]) -> String {
    timed(unit, 256 * 1024, |all| {
        for all in [text(all).to_owned(), format!("---a---\n{}", text(all)), format!("2026 10:00:\n{}", text(all))] {
            for all in [&all, &format!("{all}†")] {
                let _ = says_nothing(all, all.match_indices('†').map(|(at, token)| at..at + token.len()));
            }
        }
    })
}

fn field(unit: &[u8]) -> String {
    timed(unit, VALUE_LIMIT, |all| {
        assert!(!decode_words(all).is_empty());
        drop(Parameterised::parse(all));
    })
}

fn named(unit: &[u8]) -> String {
    timed(unit, 1_000_000, |all| {
        assert!(recipients(all, 50).len() <= 50);
        assert!(recipients(&[b"\"", all, b"\"a(", all, b")"].concat(), 50).len() <= 50);
    })
}

fn page(unit: &[u8]) -> String {
    timed(unit, 256 * 1024, |all| {
        assert!(html::to_text(text(all)).len() <= all.len() * 3);
        assert!(!html::shows_more_than_text(text(all)));
    })
}

fn encoded(unit: &[u8]) -> String {
    timed(unit, 1_000_000, |all| {
        assert!(encoding::base64(all).len() <= all.len() && encoding::quoted_printable(all).len() <= all.len());
        assert!(!encoding::text(all, Some(b"iso-2022-jp")).is_empty() || unit.starts_with(b"\x1b"));
        drop((encoding::text(all, Some(b"utf-7")), encoding::text(all, None)));
    })
}

fn delimiters(unit: &[u8]) -> String {
    timed(unit, 256 * 1024, |all| {
        let lines = Delimiters::of(all);
        for _ in 0..100 {
            assert!(!lines.used(b"x", 0));
            assert!(lines.guess(0, |_| false).is_none_or(|boundary| boundary.starts_with(b"a")));
        }
    })
}

fn body(unit: &[u8]) -> String {
    let fields = [
        "Content-Type: multipart/mixed; boundary=b",
        "Content-Type: text/html",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Type: text/html; charset=utf-16be",
    ];
    let read = |field: &str| {
        timed(unit, 270_000, |all| {
            let message = format!("{field}\n\n{}", text(all));
            let head = Head::read(message.as_bytes());
            drop(look(&Body::read(&head, &message.as_bytes()[head.body..])));
            drop((tokens_in_text(&message), tokens_in_ids(&message)));
        })
    };
    fields.map(read).into_iter().find(|said| said != "in time").unwrap_or_else(|| "in time".to_owned())
}

fn ids(unit: &[u8]) -> String {
    timed(unit, 1_000_000, |all| assert_eq!(tokens_in_ids(text(all)), []))
}

fn files(message: &[u8]) -> String {
    timed(&[b"Content-Type: ", message].concat(), 0, |message| {
        let head = Head::read(message);
        drop(executable::look(&parts(&head, &message[head.body..])));
    })
}

#[test]
fn hostile_texts_take_linear_time() {
    let before = used();
    check(
        "hostile.txt",
        &[
            ("quotation", quotation),
            ("answer", answer),
            ("field's value", field),
            ("recipients", named),
            ("page", page),
            ("encoded bytes", encoded),
            ("delimiters", delimiters),
            ("body of every type", body),
            ("Message-IDs", ids),
            ("message with this Content-Type, and files in its body", files),
        ],
    );
    assert!(used() - before < LIMIT);
}
