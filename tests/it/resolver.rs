//! The resolver against servers on loopback that do everything a bad one does: what is believed, how much is asked, and that
//! the time is kept.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use countersign::origin::question::{Answer, Answers, Name, Question, Record, RecordType};
use countersign::world::resolver::{Fault, MEMORY_LIMIT, QUESTION_LIMIT, RECORD_LIMIT, Resolver, Servers};
use rustix::time::{ClockId, clock_gettime};

use super::dns_server::{Behaviour, Server, Zone, closed_port};

const ZONE: &str = "
a.example TXT v=spf1 -all
a.example TXT second
a.example A 192.0.2.1
a.example AAAA 2001:db8::1
a.example MX 10 mx.a.example
a.example MX 20 .
b.a.example TXT below
1.2.0.192.in-addr.arpa PTR host.example
alias.example CNAME a.example
far.example CNAME alias.example
lost.example CNAME nowhere.example
none.example CNAME mx-only.example
mx-only.example MX 5 mx.a.example
silent.example TIMEOUT
";
const BUDGET: Duration = Duration::from_millis(1500);
/// What a loaded machine may need beyond what the program promises.
const SLACK: Duration = Duration::from_secs(1);

fn question(kind: RecordType, name: &str) -> Question {
    Question { name: Name::parse(name).unwrap(), kind }
}

fn txt(name: &str) -> Question {
    question(RecordType::Txt, name)
}

fn texts(texts: &[&str]) -> Answer {
    Answer::Records(texts.iter().map(|text| Record::Txt(text.as_bytes().to_vec())).collect())
}

/// What one look gave.
struct Look {
    resolver: Resolver,
    answers: Answers,
    time: Duration,
}

impl Look {
    fn at(servers: &[SocketAddr], budget: Duration, questions: &[Question]) -> Look {
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let servers = Servers::parse(&names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let mut look = Look {
            resolver: Resolver::new(&servers, budget, QUESTION_LIMIT),
            answers: Answers::default(),
            time: Duration::ZERO,
        };
        look.ask(questions);
        look
    }

    fn of(server: &Server, questions: &[Question]) -> Look {
        Look::at(&[server.address], BUDGET, questions)
    }

    /// Asks once more within the same look. Whatever the servers do, the time is kept and every question has its answer.
    fn ask(&mut self, questions: &[Question]) {
        let begun = Instant::now();
        self.resolver.ask(questions, &mut self.answers);
        self.time = begun.elapsed();
        assert!(self.resolver.spent() < BUDGET.max(Duration::from_secs(2)) + SLACK, "{:?}", self.resolver.spent());
        assert!(self.resolver.spent() + Duration::from_millis(50) >= self.time);
        assert!(questions.iter().all(|question| self.answers.get(question).is_some()));
        assert!(self.resolver.asked() <= QUESTION_LIMIT);
    }

    #[track_caller]
    fn says(&self, question: &Question, answer: &Answer) {
        assert_eq!(self.answers.get(question), Some(answer), "{question}: {:?}", self.resolver.faults());
    }

    #[track_caller]
    fn is_unsettled(&self, question: &Question, fault: Fault) {
        self.says(question, &Answer::Unsettled);
        assert_eq!(self.resolver.faults(), [(question.clone(), fault)]);
    }
}

fn honest() -> Server {
    Server::start(Zone::text(ZONE), &[Behaviour::Honest])
}

/// A server that does this, whatever it is asked, asked for one text.
fn asked_for_a_text(behaviours: &[Behaviour]) -> (Server, Look) {
    let server = Server::start(Zone::text(ZONE), behaviours);
    let look = Look::of(&server, &[txt("a.example")]);
    (server, look)
}

#[test]
fn a_dead_server_is_asked_three_times_and_costs_the_budget() {
    let (server, look) = asked_for_a_text(&[]);
    look.is_unsettled(&txt("a.example"), Fault::NoAnswer);
    assert!(look.resolver.is_dead() && look.resolver.asked() == 1);
    assert!(look.time >= BUDGET, "{:?}", look.time);
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn garbage_is_no_answer() {
    let (_server, look) = asked_for_a_text(&[Behaviour::Garbage]);
    look.is_unsettled(&txt("a.example"), Fault::BadRecords);
}

#[test]
fn an_answer_with_another_number_or_question_is_none() {
    for behaviour in [Behaviour::WrongId, Behaviour::WrongQuestion] {
        let (_server, look) = asked_for_a_text(&[behaviour]);
        look.is_unsettled(&txt("a.example"), Fault::NoAnswer);
        assert!(look.resolver.is_dead(), "{behaviour:?}: that was no answer");
    }
}

#[test]
fn after_wrong_answers_the_right_one_is_still_taken() {
    let (server, look) = asked_for_a_text(&[Behaviour::WrongId, Behaviour::WrongQuestion, Behaviour::Honest]);
    look.says(&txt("a.example"), &texts(&["v=spf1 -all", "second"]));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn records_of_other_names_are_not_believed_and_no_sign_that_there_are_none() {
    for kind in [RecordType::Txt, RecordType::A, RecordType::Mx] {
        let server = Server::start(Zone::text(ZONE), &[Behaviour::Lies]);
        let look = Look::of(&server, &[question(kind, "a.example")]);
        look.is_unsettled(&question(kind, "a.example"), Fault::BadRecords);
    }
}

#[test]
fn a_server_that_cannot_tell_is_asked_once() {
    for (behaviour, fault) in [
        (Behaviour::ServerFailure, Fault::ServerFailure),
        (Behaviour::Refers, Fault::Refused),
        (Behaviour::Refuses, Fault::Refused),
        (Behaviour::Lies, Fault::BadRecords),
    ] {
        let (server, look) = asked_for_a_text(&[behaviour]);
        look.is_unsettled(&txt("a.example"), fault);
        assert!(!look.resolver.is_dead(), "it did answer");
        assert_eq!(server.asked().len(), 1);
        assert!(look.time < BUDGET, "{:?}", look.time);
    }
}

#[test]
fn the_next_server_is_asked_at_once_where_one_cannot_tell() {
    for behaviour in [Behaviour::ServerFailure, Behaviour::Refers, Behaviour::Refuses, Behaviour::Lies] {
        let (bad, good) = (Server::start(Zone::default(), &[behaviour]), honest());
        let look = Look::at(&[bad.address, good.address], Duration::from_secs(5), &[txt("b.a.example")]);
        look.says(&txt("b.a.example"), &texts(&["below"]));
        assert!(look.time < Duration::from_millis(900), "{:?}", look.time);
    }
}

#[test]
fn a_closed_port_is_dead_and_neither_waited_for_nor_asked_without_end() {
    let before = clock_gettime(ClockId::ThreadCPUTime);
    let look = Look::at(&[closed_port()], BUDGET, &[txt("a.example"), txt("b.example")]);
    let after = clock_gettime(ClockId::ThreadCPUTime);
    for name in ["a.example", "b.example"] {
        look.says(&txt(name), &Answer::Unsettled);
    }
    assert_eq!(look.resolver.faults()[0].1, Fault::Refused);
    assert!(look.resolver.is_dead());
    // Three attempts, two waits.
    assert!(look.time >= BUDGET / 5 * 2 && look.time < BUDGET, "{:?}", look.time);
    let spent = Duration::try_from(after).unwrap() - Duration::try_from(before).unwrap();
    assert!(spent < Duration::from_millis(100), "it spins: {spent:?}");
}

#[test]
fn the_next_server_is_asked_at_once_where_a_port_is_closed() {
    let good = honest();
    let look = Look::at(&[closed_port(), good.address], Duration::from_secs(5), &[txt("b.a.example")]);
    look.says(&txt("b.a.example"), &texts(&["below"]));
    assert!(look.time < Duration::from_millis(900), "{:?}", look.time);
}

#[test]
fn behind_a_dead_server_the_next_one_answers_and_is_asked_first_from_then_on() {
    let (dead, good) = (Server::start(Zone::default(), &[]), honest());
    let mut look = Look::at(&[dead.address, good.address], BUDGET, &[txt("a.example"), txt("b.a.example")]);
    look.says(&txt("b.a.example"), &texts(&["below"]));
    assert!(look.time >= BUDGET / 5, "{:?}", look.time);
    look.ask(&[txt("other.example")]);
    look.says(&txt("other.example"), &Answer::NoName);
    assert!(look.time < BUDGET / 5, "{:?}", look.time);
    assert_eq!(dead.asked().len(), 2);
}

#[test]
fn a_late_answer_counts_until_the_time_is_over() {
    let server = Server::start(Zone::text(ZONE), &[Behaviour::Slow(Duration::from_millis(800))]);
    let look = Look::of(&server, &[txt("b.a.example")]);
    look.says(&txt("b.a.example"), &texts(&["below"]));
    let late = Server::start(Zone::text(ZONE), &[Behaviour::Slow(BUDGET + SLACK)]);
    let look = Look::of(&late, &[txt("b.a.example")]);
    look.is_unsettled(&txt("b.a.example"), Fault::NoAnswer);
}

#[test]
fn all_questions_of_a_round_are_asked_at_once() {
    let server = Server::start(Zone::text(ZONE), &[Behaviour::Slow(Duration::from_millis(200))]);
    let questions: Vec<Question> = (0..40).map(|at| txt(&format!("n{at}.example"))).collect();
    let look = Look::at(&[server.address], Duration::from_secs(2), &questions);
    questions.iter().for_each(|question| look.says(question, &Answer::NoName));
    assert!(look.time < Duration::from_millis(200 * 10), "{:?}", look.time);
    assert_eq!(look.resolver.asked(), 40);
}

#[test]
fn the_budget_is_that_of_all_rounds() {
    let server = Server::start(Zone::default(), &[]);
    let mut look = Look::of(&server, &[txt("a.example")]);
    let asked = server.asked().len();
    look.ask(&[txt("b.example")]);
    look.says(&txt("b.example"), &Answer::Unsettled);
    assert!(look.time < Duration::from_millis(200), "{:?}", look.time);
    assert_eq!((look.resolver.asked(), server.asked().len()), (1, asked));
}

#[test]
fn more_questions_than_are_allowed_are_not_asked() {
    let server = honest();
    let questions: Vec<Question> = (0..QUESTION_LIMIT + 6).map(|at| txt(&format!("n{at}.example"))).collect();
    let look = Look::of(&server, &questions);
    assert_eq!(look.resolver.asked(), QUESTION_LIMIT);
    let refused: Vec<_> =
        questions[QUESTION_LIMIT..].iter().map(|one| (one.clone(), Fault::TooManyQuestions)).collect();
    assert_eq!(look.resolver.faults(), refused);
    let mut what: Vec<String> = server.asked().into_iter().map(|asked| asked.what).collect();
    what.sort();
    what.dedup();
    assert_eq!(what.len(), QUESTION_LIMIT);
}

#[test]
fn neither_time_nor_number_can_be_had_above_the_limits() {
    let server = honest();
    let servers = Servers::parse(&[&server.address.to_string()]).unwrap();
    let mut resolver = Resolver::new(&servers, Duration::from_secs(60), 1000);
    let questions: Vec<Question> = (0..100).map(|at| txt(&format!("n{at}.example"))).collect();
    resolver.ask(&questions, &mut Answers::default());
    assert_eq!((resolver.asked(), resolver.faults().len()), (QUESTION_LIMIT, 36));
    let mut none = Resolver::new(&servers, Duration::ZERO, 8);
    let mut answers = Answers::default();
    none.ask(&questions[..1], &mut answers);
    assert_eq!((answers.get(&questions[0]), none.asked(), none.is_dead()), (Some(&Answer::Unsettled), 0, false));
}

#[test]
fn what_was_answered_and_what_is_asked_twice_is_asked_once() {
    let server = honest();
    let mut look = Look::of(&server, &[txt("a.example"), txt("a.example")]);
    look.ask(&[txt("a.example")]);
    assert_eq!((look.resolver.asked(), server.asked().len()), (1, 1));
    look.ask(&[]);
    assert!(!look.resolver.is_dead());
}

#[test]
fn aliases_that_lead_in_a_circle_are_no_answer() {
    let (server, look) = asked_for_a_text(&[Behaviour::AliasLoop]);
    look.is_unsettled(&txt("a.example"), Fault::AliasLoop);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn aliases_that_lead_out_of_every_answer_are_followed_thrice() {
    let zone: String = (0..9).map(|at| format!("n{at}.example CNAME n{}.example\n", at + 1)).collect();
    let server = Server::start(Zone::text(&(zone + "n9.example TXT here\n")), &[Behaviour::AliasAlone]);
    let look = Look::of(&server, &[txt("n0.example")]);
    look.is_unsettled(&txt("n0.example"), Fault::AliasLoop);
    assert_eq!((look.resolver.asked(), server.asked().len()), (4, 4));
    let look = Look::of(&server, &[txt("n6.example")]);
    look.says(&txt("n6.example"), &texts(&["here"]));
    assert_eq!(look.resolver.asked(), 4);
}

#[test]
fn an_alias_is_not_followed_beyond_the_number_of_questions() {
    let server = Server::start(Zone::text("a.example CNAME b.example\nb.example TXT x"), &[Behaviour::AliasAlone]);
    let mut resolver = Resolver::new(&Servers::parse(&[&server.address.to_string()]).unwrap(), BUDGET, 1);
    let mut answers = Answers::default();
    resolver.ask(&[txt("a.example")], &mut answers);
    assert_eq!(answers.get(&txt("a.example")), Some(&Answer::Unsettled));
    assert_eq!(resolver.faults(), [(txt("a.example"), Fault::TooManyQuestions)]);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_text_of_64_kb_and_a_thousand_records_are_over_the_limits() {
    for (behaviour, fault) in [
        (Behaviour::LongText(64_000), Fault::TooLong),
        (Behaviour::LongText(17_000), Fault::TooLong),
        (Behaviour::Many(1000), Fault::TooManyRecords),
        (Behaviour::Many(RECORD_LIMIT + 1), Fault::TooManyRecords),
    ] {
        let (server, look) = asked_for_a_text(&[behaviour]);
        look.is_unsettled(&txt("a.example"), fault);
        assert_eq!(server.asked().iter().map(|asked| asked.stream).collect::<Vec<_>>(), [false, true], "{behaviour:?}");
        assert!(look.time < BUDGET, "{:?}", look.time);
    }
}

#[test]
fn what_is_just_within_the_limits_comes_over_a_stream() {
    let (server, look) = asked_for_a_text(&[Behaviour::LongText(16_000)]);
    look.says(&txt("a.example"), &texts(&[&"x".repeat(16_000)]));
    assert!(server.asked().iter().any(|asked| asked.stream));
    let (_server, look) = asked_for_a_text(&[Behaviour::Many(RECORD_LIMIT)]);
    assert_eq!(look.answers.get(&txt("a.example")).unwrap().records().unwrap().len(), RECORD_LIMIT);
}

#[test]
fn all_answers_together_have_a_limit() {
    let server = Server::start(Zone::default(), &[Behaviour::LongText(15_000)]);
    let questions: Vec<Question> = (0..QUESTION_LIMIT).map(|at| txt(&format!("n{at}.example"))).collect();
    let look = Look::at(&[server.address], Duration::from_secs(2), &questions);
    let settled = look.answers.iter().filter(|(_, answer)| **answer != Answer::Unsettled).count();
    assert!(settled > 0 && settled * 15_000 <= MEMORY_LIMIT, "{settled}");
    assert!(look.resolver.faults().iter().all(|(_, fault)| *fault == Fault::TooLong), "{:?}", look.resolver.faults());
}

#[test]
fn after_truncation_the_answer_comes_over_a_stream() {
    let (server, look) = asked_for_a_text(&[Behaviour::Truncates]);
    look.says(&txt("a.example"), &texts(&["v=spf1 -all", "second"]));
    assert_eq!(server.asked().iter().map(|asked| asked.stream).collect::<Vec<_>>(), [false, true]);
    assert_eq!(look.resolver.asked(), 1);
}

#[test]
fn a_stream_that_gives_nothing_useful_ends_with_the_budget() {
    for (behaviour, fault) in [
        (Behaviour::SlowStream(Duration::from_millis(400)), Fault::NoAnswer),
        (Behaviour::TruncatesAlways, Fault::TooLong),
        (Behaviour::BreaksOff, Fault::Refused),
    ] {
        let (server, look) = asked_for_a_text(&[behaviour]);
        look.is_unsettled(&txt("a.example"), fault);
        assert!(server.asked().iter().filter(|asked| asked.stream).count() <= 3, "{behaviour:?}");
    }
}

#[test]
fn an_old_server_is_asked_again_without_what_it_does_not_understand() {
    let (server, look) = asked_for_a_text(&[Behaviour::Old]);
    look.says(&txt("a.example"), &texts(&["v=spf1 -all", "second"]));
    assert_eq!(server.asked().iter().map(|asked| asked.extended).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_server_that_never_understands_is_asked_twice() {
    let (server, look) = asked_for_a_text(&[Behaviour::NeverUnderstands]);
    look.is_unsettled(&txt("a.example"), Fault::NotUnderstood);
    assert_eq!((server.asked().len(), look.resolver.asked(), look.resolver.is_dead()), (2, 1, false));
}

#[test]
fn every_attempt_has_a_number_and_a_port_of_its_own() {
    let server = honest();
    let questions: Vec<Question> = (0..30).map(|at| txt(&format!("n{at}.example"))).collect();
    Look::of(&server, &questions);
    let distinct = |mut numbers: Vec<u16>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    };
    let asked = server.asked();
    // All are open at once, so no port comes twice; of 30 numbers two are the same once in 150 times.
    assert_eq!(distinct(asked.iter().map(|asked| asked.port).collect()), asked.len());
    assert!(distinct(asked.iter().map(|asked| asked.id).collect()) > 25);
}

#[test]
fn no_program_that_is_started_has_a_socket() {
    let server = Server::start(Zone::text(ZONE), &[Behaviour::SlowStream(Duration::from_millis(50))]);
    let address = server.address;
    let look = thread::spawn(move || Look::at(&[address], BUDGET, &[txt("a.example")]));
    let mut seen = 0;
    while !look.is_finished() {
        for entry in fs::read_dir("/proc/self/fd").unwrap().flatten() {
            let is_socket = fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
            let status = fs::read_to_string(format!("/proc/self/fdinfo/{}", entry.file_name().to_string_lossy()));
            let flags = status
                .ok()
                .and_then(|text| Some(text.lines().find_map(|line| line.strip_prefix("flags:"))?.trim().to_owned()));
            if let Some(flags) = flags.filter(|_| is_socket) {
                seen += 1;
                assert!(i64::from_str_radix(&flags, 8).unwrap() & 0o2_000_000 != 0, "{entry:?} is left open: {flags}");
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
    look.join().unwrap();
    assert!(seen > 0 && server.asked().iter().any(|asked| asked.stream));
}

#[test]
fn what_the_dns_says_is_given_as_it_is() {
    let server = honest();
    let (a, aaaa) = (question(RecordType::A, "a.example"), question(RecordType::Aaaa, "A.EXAMPLE."));
    let (mx, ptr) = (question(RecordType::Mx, "a.example"), question(RecordType::Ptr, "1.2.0.192.in-addr.arpa"));
    let look = Look::of(
        &server,
        &[a.clone(), aaaa.clone(), mx.clone(), ptr.clone(), txt("alias.example"), txt("far.example")],
    );
    look.says(&a, &Answer::Records(vec![Record::A([192, 0, 2, 1].into())]));
    look.says(&aaaa, &Answer::Records(vec![Record::Aaaa("2001:db8::1".parse().unwrap())]));
    let host = Name::parse("mx.a.example");
    look.says(
        &mx,
        &Answer::Records(vec![Record::Mx { preference: 10, host }, Record::Mx { preference: 20, host: None }]),
    );
    look.says(&ptr, &Answer::Records(vec![Record::Ptr(Name::parse("host.example"))]));
    look.says(&txt("alias.example"), &texts(&["v=spf1 -all", "second"]));
    look.says(&txt("far.example"), &texts(&["v=spf1 -all", "second"]));
    assert_eq!((look.resolver.asked(), look.resolver.faults().len(), look.resolver.is_dead()), (6, 0, false));
}

#[test]
fn a_name_that_is_not_there_differs_from_one_without_such_records_and_from_silence() {
    let server = honest();
    let (none, silent) = (question(RecordType::Ptr, "a.example"), txt("silent.example"));
    let look =
        Look::of(&server, &[txt("x.example"), txt("lost.example"), txt("none.example"), none.clone(), silent.clone()]);
    look.says(&txt("x.example"), &Answer::NoName);
    look.says(&txt("lost.example"), &Answer::NoName);
    look.says(&txt("none.example"), &Answer::Records(vec![]));
    look.says(&none, &Answer::Records(vec![]));
    look.is_unsettled(&silent, Fault::ServerFailure);
}

#[test]
fn letters_have_no_case() {
    let (_server, look) = asked_for_a_text(&[Behaviour::Shouts]);
    look.says(&txt("a.example"), &texts(&["v=spf1 -all", "second"]));
    let (_server, look) = asked_for_a_text(&[Behaviour::NoName]);
    look.says(&txt("a.example"), &Answer::NoName);
}

#[test]
fn a_server_may_have_an_address_of_ipv6() {
    let Some(server) = Server::start_at(Ipv6Addr::LOCALHOST.into(), Zone::text(ZONE), &[Behaviour::Truncates]) else {
        println!("NOT RUN: this host has no ::1");
        return;
    };
    let look = Look::of(&server, &[txt("b.a.example")]);
    look.says(&txt("b.a.example"), &texts(&["below"]));
}

#[test]
fn a_zone_reads_alike_as_text_and_as_json() {
    let json = r#"{"A.example.": [["TXT", ["one", "two"]], ["MX", [10, "mx.example"]], ["A", "192.0.2.1"]], "s.example": ["TIMEOUT"]}"#;
    let server = Server::start(Zone::json(json), &[Behaviour::Honest]);
    let mx = question(RecordType::Mx, "a.example");
    let look = Look::of(&server, &[txt("a.example"), mx.clone(), txt("s.example")]);
    look.says(&txt("a.example"), &texts(&["onetwo"]));
    look.says(&mx, &Answer::Records(vec![Record::Mx { preference: 10, host: Name::parse("mx.example") }]));
    look.is_unsettled(&txt("s.example"), Fault::ServerFailure);
}
