//! The last three quarters of a year as the program sees them, and what became of each class.
//!
//! What takes months here takes a minute: the limits for an hour and a day are wide open, and no two messages count as
//! alike. The dates are those of the year that ends now, so that what was sent in it is remembered.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use countersign::world::clock;

use super::super::mail_system::QUICK;
use super::super::world::{PROGRAM, World};
use super::{Class, Event, Treatment, What, YEAR, year};

const SEED: u64 = 10;

/// How many messages of a class passed at once, were held in silence, and were asked about.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    passed: usize,
    held: usize,
    asked: usize,
    /// Of them those of which something else should have become.
    astray: usize,
}

/// What became of each class.
#[derive(Default)]
struct Ends(BTreeMap<Class, Counts>);

impl Counts {
    fn all(self) -> usize {
        self.passed + self.held + self.asked
    }
}

impl Ends {
    fn of(&self, is: impl Fn(Class) -> bool) -> Counts {
        self.0.iter().filter(|(class, _)| is(**class)).fold(Counts::default(), |sum, (_, one)| Counts {
            passed: sum.passed + one.passed,
            held: sum.held + one.held,
            asked: sum.asked + one.asked,
            astray: sum.astray + one.astray,
        })
    }

    fn share(part: usize, counts: Counts) -> f64 {
        100.0 * part as f64 / counts.all() as f64
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<16}{:>8}{:>8}{:>8}{:>8}{:>8}", "", "all", "passed", "held", "asked", "astray")?;
        let mut line = |name: &str, counts: Counts| {
            let Counts { passed, held, asked, astray } = counts;
            writeln!(out, "{name:<16}{:>8}{passed:>8}{held:>8}{asked:>8}{astray:>8}", counts.all())
        };
        for class in Class::ALL {
            line(&format!("{class:?}"), self.of(|one| one == class))?;
        }
        line("wanted", self.of(Class::is_wanted))
    }
}

/// A world in which a sendmail writes down whether it was given a challenge.
fn world() -> World {
    let world = World::with(QUICK);
    world.let_time_stand();
    let calls = world.path("calls");
    fs::write(&calls, "").unwrap();
    let script =
        format!("#!/bin/sh\ncase \" $* \" in *'<>'*) echo >> '{}' ;; esac\nexec cat > /dev/null\n", calls.display());
    fs::write(world.sendmail(), script).unwrap();
    fs::set_permissions(world.sendmail(), fs::Permissions::from_mode(0o755)).unwrap();
    world
}

fn run(world: &World, arguments: &[&str], input: &[u8]) -> i32 {
    let mut command = world.command(PROGRAM);
    let mut child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait().unwrap().code().expect("it ends by itself")
}

/// Lets it all happen; what the user sends goes through the program where it is `noted`.
fn play(world: &World, events: &[Event], noted: bool) -> Ends {
    let mut ends = Ends::default();
    let asked = || fs::metadata(world.path("calls")).unwrap().len();
    for event in events {
        match &event.what {
            What::Sent if noted => assert_eq!(run(world, &["sendmail", "-t", "-i"], &event.bytes), 0, "it goes on"),
            What::Sent => {}
            What::Allowed(list) => assert_eq!(run(world, &["allow", list], b""), 0, "{list} is allowed"),
            What::Received(class, wanted) => {
                let before = asked();
                let code = run(world, &["gate"], &event.bytes);
                let counts = ends.0.entry(*class).or_default();
                let (count, treatment) = match (code, asked() > before) {
                    (99, false) => (&mut counts.passed, Treatment::Passes),
                    (0, false) => (&mut counts.held, Treatment::Held),
                    (0, true) => (&mut counts.asked, Treatment::Challenged),
                    (code, _) => panic!("gate ends with {code}: {}", String::from_utf8_lossy(&event.bytes)),
                };
                *count += 1;
                counts.astray += usize::from(treatment != *wanted);
            }
        }
    }
    ends
}

/// The first quarter of the year, and the rest.
fn quarters() -> (Vec<Event>, Vec<Event>) {
    let start = clock::now() - YEAR;
    year(SEED, start).into_iter().partition(|event| event.at < start + YEAR / 4)
}

/// Learns from what lies in the user's folders: what was sent, what was kept, and what was thrown among the junk.
fn learn(world: &World, events: &[Event]) {
    let folders = ["Sent", "Archive", "Archive/.Junk"].map(|name| world.home().join(name));
    for folder in &folders {
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
    }
    for (number, event) in events.iter().enumerate() {
        let folder = match &event.what {
            What::Sent => &folders[0],
            What::Received(class, _) if class.is_wanted() => &folders[1],
            What::Received(..) => &folders[2],
            What::Allowed(_) => continue,
        };
        fs::write(folder.join("cur").join(format!("{}.{number}.home:2,S", event.at)), &event.bytes).unwrap();
    }
    let [sent, archive, _] = folders.map(|folder| folder.display().to_string());
    assert_eq!(run(world, &["learn", "--sent", &sent], b""), 0, "it learns from what was sent");
    assert_eq!(run(world, &["learn", "--inbox", &archive, "--yes"], b""), 0, "it learns from what was kept");
}

/// Both runs beside each other, the one that learned first.
fn beside(learned: &Ends, unlearned: &Ends) -> String {
    let lines = learned.to_string();
    let pairs = lines.lines().zip(unlearned.to_string().lines().map(str::to_owned).collect::<Vec<_>>());
    pairs.map(|(one, other)| format!("{one}   |{}\n", other.get(16..).unwrap_or_default())).collect()
}

#[test]
#[ignore = "thousands of processes; tests/run calls it, on a disk in memory"]
fn learned_from_its_first_quarter_a_year_passes_but_for_strangers_and_machines() {
    let (first, rest) = quarters();
    // Without learning every third message says as much, in a third of the time.
    let third = |(number, event): (usize, &Event)| {
        (number % 3 == 0 || matches!(event.what, What::Allowed(_))).then(|| event.clone())
    };
    let some: Vec<Event> = rest.iter().enumerate().filter_map(third).collect();
    let (learned, unlearned) = std::thread::scope(|scope| {
        let unlearned = scope.spawn(|| play(&world(), &some, false));
        let world = world();
        learn(&world, &first);
        (play(&world, &rest, true), unlearned.join().unwrap())
    });
    let table = beside(&learned, &unlearned);
    println!("learned | not learned, of every third message\n{table}");
    check_unlearned(&unlearned, &table);
    let wanted = learned.of(Class::is_wanted);
    assert!(wanted.all() > 5_000 && Ends::share(wanted.passed, wanted) >= 83.0, "{table}");
    let forged = learned.of(|class| class == Class::Forged);
    assert!(forged.all() > 400 && forged.passed == 0, "{table}");
    let strangers = learned.of(|class| class == Class::FirstContact);
    assert!(strangers.all() > 100 && Ends::share(strangers.asked, strangers) >= 95.0, "{table}");
    let others = learned.of(|class| class != Class::FirstContact);
    assert!(Ends::share(others.asked, others) <= 0.5, "{table}");
}

fn check_unlearned(ends: &Ends, table: &str) {
    let strangers = ends.of(|class| class == Class::FirstContact);
    assert!(Ends::share(strangers.asked, strangers) >= 95.0, "{table}");
    // Of what machines and spammers send only that is asked about which nothing tells from a person's letter.
    let machines = ends.of(|class| matches!(class, Class::Transactional | Class::Forged | Class::Spam));
    assert!(machines.all() > 500 && machines.asked > 0 && machines.astray == 0, "{table}");
    let forged = ends.of(|class| class == Class::Forged);
    assert!(forged.all() > 100 && forged.passed == 0, "{table}");
    // What learning mends: whoever answers the user is asked or held.
    let known = ends.of(|class| matches!(class, Class::Known | Class::Elsewhere));
    assert!(known.all() > 500 && known.passed == 0, "{table}");
    // The list that the user allows passes, and no other one.
    let lists = ends.of(|class| class == Class::List);
    assert!(lists.passed > 0 && lists.passed < lists.all() / 10, "{table}");
}
