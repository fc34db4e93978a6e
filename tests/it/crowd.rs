//! A small crowd: many processes on one installation, some of them killed, and what was not taken handed over again.
//!
//! Promises, when all is taken and `maintain` has run: every message is there once, in the inbox or in the quarantine;
//! a second copy is in the inbox only, and only of a message whose attempt was broken off; none is torn; nobody was asked
//! twice, and every challenge is whole; whoever answered is known, and has what was held from him; nothing is left in
//! `tmp/` but by who was killed; `doctor` is content.
//!
//! What is done, and to whom, comes from a seed; how the processes meet, does not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io::Write;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::chance::Chance;
use super::letter::Letter;
use super::mail_system::{Mail, QUICK, REFUSED, is_whole_challenge, look, settle, taken, world_with};
use super::world::{MBOX, PROGRAM, World, header};

/// How large a crowd.
#[derive(Clone, Copy, Debug)]
struct Size {
    at_once: usize,
    letters: usize,
    /// How many strangers write who can be asked; the limits of an hour allow a thousand.
    strangers: usize,
}

/// After so many attempts the mail system's next one is left in peace.
const DISTURBED_ATTEMPTS: usize = 4;
/// Of a hundred attempts so many are killed, if they last long enough.
const DISTURBED: u64 = 40;
const FRIENDS: usize = 10;
/// No process takes longer: 30 s for the store, 60 s for sendmail, and a machine with much to do.
const HANGS: Duration = Duration::from_secs(300);

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Somebody on the list.
    Known,
    /// A stranger without proof.
    Silent,
    /// A stranger who can be asked.
    Asked,
    /// The answer of one.
    Answer,
}

/// A message and what became of it so far.
struct Post {
    mail: Mail,
    sender: String,
    kind: Kind,
    /// By `gate`, and not by `deliver`.
    gate: bool,
    attempts: usize,
    /// Attempts that did not end with "taken".
    broken: usize,
    /// The code with which it was taken.
    taken: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    HandOver(usize),
    Maintain,
    Digest,
    /// A person releases something, and perhaps allows its sender.
    Release,
    /// Some of those who were asked answer.
    Answer,
}

/// What all threads share.
struct Shared {
    chance: Chance,
    queue: VecDeque<Job>,
    busy: usize,
    letters: Vec<Post>,
    answered: BTreeSet<String>,
    /// How long an undisturbed attempt has lasted of late.
    usual: Duration,
    killed: BTreeMap<&'static str, usize>,
    released: usize,
    faults: Vec<String>,
}

struct Crowd {
    world: World,
    /// What is released is copied and then taken away, so that who is killed in between leaves it in both places.
    is_copied: bool,
    shared: Mutex<Shared>,
}

impl Crowd {
    fn of(size: Size, configuration: &str, mut chance: Chance) -> Crowd {
        let world = world_with(&format!("{QUICK}{configuration}"));
        for friend in 0..FRIENDS {
            world.allow(&format!("friend{friend}@example.com"));
        }
        let letters: Vec<Post> = (0..size.letters).map(|number| Post::some(number, size, &mut chance)).collect();
        let mut queue: Vec<Job> = (0..letters.len()).map(Job::HandOver).collect();
        for (every, job) in [(12, Job::Answer), (20, Job::Release), (30, Job::Maintain), (40, Job::Digest)] {
            for _ in 0..size.letters / every {
                queue.insert(chance.below(queue.len()), job);
            }
        }
        let shared = Shared {
            chance,
            queue: queue.into(),
            busy: 0,
            letters,
            answered: BTreeSet::new(),
            usual: Duration::from_millis(100),
            killed: BTreeMap::new(),
            released: 0,
            faults: Vec::new(),
        };
        Crowd { world, is_copied: configuration == MBOX, shared: Mutex::new(shared) }
    }

    /// Works until nothing is left to do.
    fn work(&self) {
        loop {
            let next = {
                let mut shared = self.shared.lock().unwrap();
                let next = shared.queue.pop_front();
                shared.busy += usize::from(next.is_some());
                match next {
                    None if shared.busy == 0 => return,
                    next => next,
                }
            };
            match next {
                None => std::thread::sleep(Duration::from_millis(5)),
                Some(job) => {
                    self.perform(job);
                    self.shared.lock().unwrap().busy -= 1;
                }
            }
        }
    }

    fn perform(&self, job: Job) {
        match job {
            Job::HandOver(at) => self.hand_over(at),
            Job::Maintain => drop(self.command(&["maintain"], &[0, 75])),
            Job::Digest => drop(self.command(&["digest"], &[0, 75])),
            Job::Release => self.release(),
            Job::Answer => self.answer(),
        }
    }

    /// One attempt of the mail system; what is not taken is put back into the queue.
    fn hand_over(&self, at: usize) {
        let (command, bytes, disturb) = {
            let mut shared = self.shared.lock().unwrap();
            let disturb = shared.letters[at].attempts < DISTURBED_ATTEMPTS;
            let letter = &mut shared.letters[at];
            letter.attempts += 1;
            (if letter.gate { "gate" } else { "deliver" }, letter.mail.bytes.clone(), disturb)
        };
        let status = self.run(&[command], &bytes, disturb);
        let mut shared = self.shared.lock().unwrap();
        let is_taken = |code: i32| code == 0 || code == 99 && command == "gate";
        match status.code() {
            Some(code) if is_taken(code) => shared.letters[at].taken = Some(code),
            code => {
                shared.letters[at].broken += 1;
                if !matches!(code, None | Some(75)) || shared.letters[at].attempts > DISTURBED_ATTEMPTS + 3 {
                    let id = &shared.letters[at].mail.id;
                    let fault = format!("{command} of {id} ended with {status}");
                    shared.faults.push(fault);
                }
                let end = shared.queue.len().min(20);
                let place = shared.chance.below(end + 1);
                if shared.letters[at].attempts < DISTURBED_ATTEMPTS + 10 {
                    shared.queue.insert(place, Job::HandOver(at));
                }
            }
        }
    }

    /// A command for people or for cron, which may be killed too. True if it did what it was asked.
    fn command(&self, arguments: &[&str], codes: &[i32]) -> bool {
        let status = self.run(arguments, b"", true);
        if status.code().is_some_and(|code| !codes.contains(&code)) {
            self.shared.lock().unwrap().faults.push(format!("{} ended with {status}", arguments.join(" ")));
        }
        status.success()
    }

    /// Runs the program and perhaps kills it on the way.
    fn run(&self, arguments: &[&str], input: &[u8], disturb: bool) -> ExitStatus {
        let (moment, signal) = {
            let mut shared = self.shared.lock().unwrap();
            let within = (shared.usual.as_micros() as usize * 3 / 2).max(1_000);
            let moment = Duration::from_micros(shared.chance.below(within) as u64);
            let signal = if shared.chance.percent(60) { Signal::KILL } else { Signal::TERM };
            let does = shared.chance.percent(DISTURBED) && disturb;
            (does.then_some(moment), signal)
        };
        let began = Instant::now();
        let mut command = self.world.command(PROGRAM);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        std::thread::scope(|scope| {
            // Who is killed does not read it.
            scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(input)));
            if let Some(moment) = moment
                && still_runs_after(&mut child, moment)
            {
                kill_process(Pid::from_child(&child), signal).unwrap();
                let name = if signal == Signal::KILL { "SIGKILL" } else { "SIGTERM" };
                *self.shared.lock().unwrap().killed.entry(name).or_default() += 1;
            }
            let status = self.end_of(&mut child, arguments);
            if moment.is_none() {
                let mut shared = self.shared.lock().unwrap();
                shared.usual = (shared.usual * 7 + began.elapsed()) / 8;
            }
            status
        })
    }

    /// Waits for the end of a process; one that hangs is a fault, and killed.
    fn end_of(&self, child: &mut Child, arguments: &[&str]) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if began.elapsed() > HANGS {
                self.shared.lock().unwrap().faults.push(format!("{} hangs", arguments.join(" ")));
                child.kill().unwrap();
                return child.wait().unwrap();
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    /// A person releases a message that the mail system has been told of.
    fn release(&self) {
        let files = fs::read_dir(self.world.quarantine().join("new")).unwrap().flatten();
        let held: Vec<Vec<u8>> = files.filter_map(|file| fs::read(file.path()).ok()).collect();
        let (id, allow) = {
            let mut shared = self.shared.lock().unwrap();
            let ids: BTreeSet<&str> =
                shared.letters.iter().filter(|of| of.taken.is_some()).map(|of| of.mail.id.as_str()).collect();
            let is_known = |bytes: &&Vec<u8>| header(bytes, "Message-ID").is_some_and(|id| ids.contains(id.as_str()));
            let numbers: Vec<String> =
                held.iter().filter(is_known).filter_map(|bytes| header(bytes, "X-Countersign-Id")).collect();
            if numbers.is_empty() {
                return;
            }
            let number = shared.chance.one(&numbers).clone();
            (number, shared.chance.percent(30))
        };
        let done = match allow {
            true => self.command(&["release", "--allow", &id], &[0, 1, 75]),
            false => self.command(&["release", &id], &[0, 1, 75]),
        };
        self.shared.lock().unwrap().released += usize::from(done);
    }

    /// Some of those who were asked and have the whole question write an answer.
    fn answer(&self) {
        for (to, challenge) in taken(&self.world) {
            let mut shared = self.shared.lock().unwrap();
            if !is_whole_challenge(&challenge) || shared.answered.contains(&to) || !shared.chance.percent(30) {
                continue;
            }
            let text = format!("Yes, I wrote that.\n> cr-{}\n", challenge.token());
            let mail = Mail::of(Letter::answer(&challenge, &to).body(&text), &format!("answer.{to}"));
            let gate = shared.chance.percent(40);
            let at = shared.letters.len();
            shared.letters.push(Post::new(mail, to.clone(), Kind::Answer, gate));
            shared.answered.insert(to);
            let end = shared.queue.len().min(20);
            let place = shared.chance.below(end + 1);
            shared.queue.insert(place, Job::HandOver(at));
        }
    }

    /// Everything that is not as it must be in the end.
    fn faults(self) -> Vec<String> {
        // Twice: what the first finds without a row it asks about, and sendmail may refuse that once.
        for _ in 0..2 {
            settle(&self.world);
            let code = self.world.run(&["maintain"], "").code;
            assert_eq!(code, Some(0), "`maintain` does not end well");
        }
        settle(&self.world);
        let shared = self.shared.into_inner().unwrap();
        let mails: Vec<&Mail> = shared.letters.iter().map(|letter| &letter.mail).collect();
        let found = look(&self.world, &mails);
        let mut faults = shared.faults;
        faults.extend(found.faults.iter().cloned());
        let senders: BTreeSet<&str> = shared.letters.iter().map(|letter| letter.sender.as_str()).collect();
        let on_list: BTreeSet<&str> = senders.into_iter().filter(|sender| self.world.entry(sender).is_some()).collect();
        let (mut doubles, killed) = (0, shared.killed.values().sum::<usize>());
        for letter in &shared.letters {
            let (mut inbox, mut held) = found.copies(&letter.mail.id);
            // What is never let in comes into the inbox by a release alone, however often it was handed over.
            let handed_in = if letter.kind == Kind::Silent { 0 } else { letter.broken };
            if self.is_copied && (inbox > 0 && held > 0 || inbox > 1 + handed_in) {
                doubles += 1;
                (inbox, held) = if held > 0 { (inbox, 0) } else { (inbox - 1, 0) };
            }
            faults.extend(letter.fault((inbox, held), on_list.contains(letter.sender.as_str())));
        }
        if doubles > killed {
            faults.push(format!("{doubles} are in both places, and {killed} were killed"));
        }
        let again = self.world.run(&["maintain", "--dry-run"], "");
        if again.code != Some(0) || !again.stdout.is_empty() {
            faults.push(format!("`maintain` has not mended all: {}", String::from_utf8_lossy(&again.stdout)));
        }
        let listed = String::from_utf8(self.world.run(&["held", "--json"], "").stdout).unwrap();
        if listed.lines().count() != found.files_held {
            faults.push(format!("{} are listed, and {} files are held", listed.lines().count(), found.files_held));
        }
        let doctor = self.world.run(&["doctor"], "");
        if doctor.code != Some(0) {
            faults.push(format!("`doctor` is not content: {}", String::from_utf8_lossy(&doctor.stdout)));
        }
        if doctor.after.drafts > killed {
            faults.push(format!("{} drafts are left by {killed} who were killed", doctor.after.drafts));
        }
        faults.extend(faults_of_challenges(&self.world));
        faults
    }
}

impl Post {
    fn new(mail: Mail, sender: String, kind: Kind, gate: bool) -> Post {
        Post { mail, sender, kind, gate, attempts: 0, broken: 0, taken: None }
    }

    /// A letter of somebody, at random.
    fn some(number: usize, size: Size, chance: &mut Chance) -> Post {
        let kind = *chance.one(&[Kind::Known, Kind::Silent, Kind::Asked, Kind::Asked]);
        let sender = match kind {
            Kind::Known => format!("friend{}@example.com", chance.below(FRIENDS)),
            Kind::Silent => format!("silent{}@example.net", chance.below(size.strangers)),
            Kind::Asked | Kind::Answer => {
                let number = chance.below(size.strangers);
                let name = if number.is_multiple_of(9) { REFUSED } else { "asked" };
                format!("{name}{number}@example.net")
            }
        };
        let lines = *chance.one(&[1, 1, 10, 100, 2_000]);
        let letter = Letter::from(&sender).body(&format!("Letter {number} of one of the crowd.\n").repeat(lines));
        let letter = if kind == Kind::Silent { letter.unproven() } else { letter };
        Post::new(Mail::of(letter, &format!("{number}.crowd@example.net")), sender, kind, chance.percent(40))
    }

    /// What is wrong with where its copies are: in the inbox and in the quarantine.
    fn fault(&self, (inbox, held): (usize, usize), allowed: bool) -> Option<String> {
        // With `gate` the caller has what passes.
        let inbox = inbox + usize::from(self.taken == Some(99));
        let what = if self.taken.is_none() {
            "it was never taken"
        } else if inbox + held == 0 {
            "it is lost"
        } else if held > 1 {
            "it is held twice"
        } else if inbox + held > 1 + self.broken {
            "it is there more often than it was handed over"
        } else if inbox + held > 1 && held > 0 {
            "it is held, and in the inbox too"
        } else if matches!(self.kind, Kind::Known | Kind::Answer) && held > 0 {
            "it should have passed"
        } else if self.kind == Kind::Silent && inbox > 1 && !allowed {
            // One whose sender was allowed with another letter passes when it is handed over again.
            "it was released twice"
        } else if self.kind == Kind::Answer && !allowed {
            "its sender is not on the list"
        } else if self.kind == Kind::Asked && held > 0 && self.broken == 0 && allowed {
            "its sender is on the list, and it is held"
        } else {
            return None;
        };
        let Post { mail, sender, kind, attempts, broken, .. } = self;
        Some(format!(
            "{} of {sender}, {kind:?}, {attempts} attempts, {broken} broken, {inbox} in the inbox, {held} held: {what}",
            mail.id
        ))
    }
}

fn still_runs_after(child: &mut Child, time: Duration) -> bool {
    std::thread::sleep(time);
    child.try_wait().unwrap().is_none()
}

fn faults_of_challenges(world: &World) -> Vec<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for (to, sent) in taken(world) {
        if !is_whole_challenge(&sent) {
            faults.push(format!("{to} was sent a torn challenge of {} bytes", sent.message.len()));
        }
        *times.entry(to).or_default() += 1;
    }
    faults.extend(
        times.iter().filter(|(_, times)| **times > 1).map(|(to, times)| format!("{to} was asked {times} times")),
    );
    faults
}

/// Lets a crowd do its work, and fails with everything that is wrong in the end.
#[track_caller]
fn gather(size: Size, configuration: &str) {
    let crowd = Crowd::of(size, configuration, Chance::seeded("a crowd"));
    let began = Instant::now();
    std::thread::scope(|scope| (0..size.at_once).for_each(|_| drop(scope.spawn(|| crowd.work()))));
    let (attempts, answers, released, killed) = {
        let shared = crowd.shared.lock().unwrap();
        let attempts: usize = shared.letters.iter().map(|letter| letter.attempts).sum();
        (attempts, shared.answered.len(), shared.released, shared.killed.clone())
    };
    settle(&crowd.world);
    let asked: BTreeSet<String> = taken(&crowd.world).into_iter().map(|(to, _)| to).collect();
    let strangers: BTreeSet<String> = {
        let shared = crowd.shared.lock().unwrap();
        let of_kind = shared.letters.iter().filter(|letter| letter.kind == Kind::Asked);
        of_kind.map(|letter| letter.sender.clone()).collect()
    };
    println!(
        "{attempts} attempts for {} letters, killed {killed:?}, {} of {} strangers asked, {answers} answers, \
         {released} released, in {} s",
        size.letters,
        asked.len(),
        strangers.len(),
        began.elapsed().as_secs()
    );
    let faults = crowd.faults();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    // A crowd in which nothing happens shows nothing.
    assert!(
        killed.len() == 2 && answers > 0 && released > 0 && asked.len() * 2 > strangers.len(),
        "too little happened"
    );
}

#[test]
fn sixteen_at_once() {
    gather(Size { at_once: 16, letters: 240, strangers: 60 }, "");
}

#[test]
fn sixteen_at_once_whose_inbox_is_an_mbox() {
    gather(Size { at_once: 16, letters: 240, strangers: 60 }, MBOX);
}

#[test]
#[ignore = "takes many minutes; tests/run --long calls it"]
fn sixty_four_at_once() {
    gather(Size { at_once: 64, letters: 5_000, strangers: 800 }, "");
}

#[test]
#[ignore = "takes many minutes; tests/run --long calls it"]
fn sixty_four_at_once_whose_inbox_is_an_mbox() {
    gather(Size { at_once: 64, letters: 3_000, strangers: 500 }, MBOX);
}
