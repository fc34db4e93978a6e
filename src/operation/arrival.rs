//! Where mail arrives for this user, as far as this machine shows it: what a digest and a released message must reach.
//!
//! Promises: says where each answer comes from; of two that differ it takes none; writes nothing. Never touches: what the
//! configuration of this program says.

use std::path::{Path, PathBuf};

use crate::facts::OWN_MARK;
use crate::mail::head::Head;
use crate::operation::place::{Place, place_of};
use crate::operation::rules::{Rules, SPOOL, Who, lines_that_count};
use crate::world::config::{Environment, Inbox};
use crate::world::surroundings;

/// Messages that are looked at to see whether somebody else's mail arrives at a place.
const LOOKED_AT: usize = 50;
/// Where mail readers and mail systems expect a Maildir.
const MAILDIRS: [&str; 2] = ["Maildir", ".maildir"];
/// The files in which a user says where mail goes, and who reads them.
const RULES: [&str; 2] = [PROCMAIL, ".mailfilter"];
const PROCMAIL: &str = ".procmailrc";

/// A place, and what says that mail arrives there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Where.
    pub place: Place,
    /// What says so, as part of a sentence.
    pub said_by: String,
}

/// What was seen in all.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What the user's own rules say, the last word of each file.
    rules: Vec<Sight>,
    /// What those rules say that call this program.
    calling: Vec<Sight>,
    /// Places where mail of somebody else lies.
    with_mail: Vec<Sight>,
    /// Rules for procmail that call this program and name no DEFAULT.
    without_default: Option<String>,
    /// What the mail system's configuration says.
    system: Vec<Sight>,
    /// Of the user's rules what decides and cannot be read, a sentence each.
    unread: Vec<String>,
    /// What was looked at and says nothing that can be used, a sentence each.
    pub aside: Vec<String>,
}

/// Where mail arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing says.
    Unknown,
    /// At one place.
    At(Sight),
    /// Two or more things say different places.
    Unclear(Vec<Sight>),
    /// The user's rules decide it, and cannot be read: a sentence each.
    Unread(Vec<String>),
}

impl Seen {
    /// Where mail arrives by all of this: what the user's rules say decides alone; else where mail lies; else the mail system's
    /// word.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        if !self.unread.is_empty() {
            return Arrival::Unread(self.unread.clone());
        }
        for sights in [&self.rules, &self.with_mail, &self.system] {
            match different(sights).as_slice() {
                [] => {}
                [one] => return Arrival::At((*one).clone()),
                many => return Arrival::Unclear(many.iter().map(|one| (*one).clone()).collect()),
            }
        }
        Arrival::Unknown
    }

    /// Where mail arrives instead of this inbox, if nothing says that it arrives there; for `doctor`.
    #[must_use]
    pub fn instead_of(&self, inbox: &Inbox) -> Option<Sight> {
        let own = Place::of(inbox)?;
        let says = |sights: &[Sight]| sights.iter().any(|sight| sight.place.is(&own));
        if !self.calling.is_empty() {
            // What passes goes where these say.
            return if says(&self.calling) { None } else { self.calling.first().cloned() };
        }
        let all = [&self.rules, &self.with_mail, &self.system];
        if all.into_iter().any(|sights| says(sights)) {
            return None;
        }
        self.with_mail.first().cloned()
    }

    /// Whether rules for procmail call this program and neither set a DEFAULT nor name this Maildir anywhere: what passes then
    /// goes into procmail's own inbox.
    #[must_use]
    pub fn leaves_to_procmail(&self, inbox: &Inbox) -> bool {
        let (Some(text), Inbox::Maildir(path)) = (&self.without_default, inbox) else { return false };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        !lines_that_count(text).any(|line| line.contains(&name))
    }

    /// Takes in what the user's file of that name says.
    fn rules_say(&mut self, name: &str, text: &str, who: Who<'_>) {
        let rules = Rules::read(text, who);
        self.aside.extend(rules.unread.iter().map(|file| format!("~/{name} includes {file}, which could not be read")));
        let calls = lines_that_count(text).any(|line| line.contains("countersign"));
        match rules.default() {
            Some(Ok(place)) => {
                let sight = Sight { place, said_by: format!("DEFAULT in ~/{name}") };
                self.calling.extend(calls.then(|| sight.clone()));
                self.rules.push(sight);
            }
            Some(Err(value)) => {
                self.unread.push(format!("DEFAULT in ~/{name} is {value}, which only its program can read"));
            }
            None if calls && name == PROCMAIL => self.without_default = Some(text.to_owned()),
            None => {}
        }
    }
}

/// Looks at the user's rules, at the usual places and one more, and at the mail system's configuration.
#[must_use]
pub fn look(environment: &Environment, also: Option<Place>) -> Seen {
    let mut seen = Seen::default();
    let Some(home) = &environment.home else { return seen };
    let name = environment.caller.user.as_ref().map_or("", |(name, _)| name);
    // It becomes a part of paths.
    let who = Who { home, name: if name.contains('/') || name.starts_with('.') { "" } else { name } };
    for name in RULES {
        match surroundings::written_by_hand(&home.join(name)) {
            Ok(Some(text)) => seen.rules_say(name, &text, who),
            Ok(None) => {}
            Err(error) => seen.unread.push(format!("~/{name} cannot be read: {error}")),
        }
    }
    let spool = (!who.name.is_empty()).then(|| Path::new(SPOOL).join(who.name));
    let usual = MAILDIRS.map(|name| home.join(name)).into_iter().chain(environment.mail.clone()).chain(spool);
    let usual = usual.map(|path| if path.is_dir() { Place::Maildir(path) } else { Place::Mbox(path) });
    let ruled: Vec<Place> = seen.rules.iter().map(|sight| sight.place.clone()).collect();
    for place in also.into_iter().chain(usual).chain(ruled) {
        if has_mail(&place) {
            seen.with_mail.push(Sight { place, said_by: "mail that lies there".to_owned() });
        }
    }
    // Asked last: it starts two programs.
    if seen.rules.is_empty() && seen.with_mail.is_empty() {
        postfix(who, &mut seen);
    }
    seen
}

/// One of each place.
fn different(sights: &[Sight]) -> Vec<&Sight> {
    let mut found: Vec<&Sight> = Vec::new();
    for sight in sights {
        if !found.iter().any(|other| other.place.is(&sight.place)) {
            found.push(sight);
        }
    }
    found
}

/// Whether mail lies there that this program did not write or release itself.
fn has_mail(place: &Place) -> bool {
    place.newest(LOOKED_AT).iter().any(|start| !is_ours(start))
}

fn is_ours(start: &[u8]) -> bool {
    let head = Head::read(start);
    let released = |text: &str| text.starts_with("hold") || text.starts_with("challenge");
    head.first(OWN_MARK).is_some() || head.first("X-Countersign-Verdict").is_some_and(|field| released(&field.text()))
}

/// What Postfix says, and Dovecot where Postfix hands the mail on to it.
fn postfix(who: Who<'_>, seen: &mut Seen) {
    let names = ["home_mailbox", "mailbox_command", "mailbox_transport", "mail_spool_directory"];
    let Some(values) = surroundings::postconf(&names) else { return dovecot(who, seen) };
    let [home_mailbox, command, transport, spool] = values.as_slice() else { return };
    if !transport.is_empty() || command.contains("dovecot-lda") || command.contains("dovecot/deliver") {
        let name = if transport.is_empty() { "mailbox_command" } else { "mailbox_transport" };
        seen.aside.push(format!("Postfix's {name} is {}", if transport.is_empty() { command } else { transport }));
        return dovecot(who, seen);
    }
    if !command.is_empty() {
        // It goes by its user's rules, which say nothing, or by its own default, the spool.
        seen.aside.push(format!("Postfix's mailbox_command is {command}"));
    }
    let is_home = command.is_empty() && !home_mailbox.is_empty();
    let place = match is_home {
        true => place_of(home_mailbox, who.home),
        false if who.name.is_empty() => None,
        false => spool_of(spool, who),
    };
    let said_by = format!("Postfix's {}", if is_home { "home_mailbox" } else { "mail_spool_directory" });
    seen.system.extend(place.map(|place| Sight { place, said_by }));
}

/// The user's own in `mail_spool_directory`: an mbox, or with a slash at the end of that a Maildir (postconf(5)).
fn spool_of(spool: &str, who: Who<'_>) -> Option<Place> {
    let slash = if spool.ends_with('/') { "/" } else { "" };
    place_of(&format!("{}{slash}", Path::new(spool).join(who.name).display()), who.home)
}

/// What Dovecot says.
fn dovecot(who: Who<'_>, seen: &mut Seen) {
    let Some(location) = surroundings::dovecot_mail_location().filter(|text| !text.is_empty()) else { return };
    match location_of(&location, who) {
        Some(place) => seen.system.push(Sight { place, said_by: "Dovecot's mail_location".to_owned() }),
        None if who.name.is_empty() => {
            seen.aside.push(format!("Dovecot's mail_location is {location}, and USER is not set"))
        }
        None => seen.aside.push(format!("Dovecot's mail_location is {location}, into which only Dovecot can deliver")),
    }
}

/// `maildir:~/Maildir`, `mbox:~/mail:INBOX=/var/mail/%u`.
fn location_of(location: &str, who: Who<'_>) -> Option<Place> {
    let (kind, rest) = location.split_once(':')?;
    let mut parts = rest.split(':');
    let (path, mut others) = (parts.next()?, parts);
    let inbox = others.find_map(|part| part.strip_prefix("INBOX="));
    let whole = |text: &str| {
        let known = !who.name.is_empty() || !["%u", "%n"].iter().any(|name| text.contains(name));
        let text = text.replace("%u", who.name).replace("%n", who.name).replace("%h", &who.home.display().to_string());
        let path = text.strip_prefix("~/").map_or_else(|| PathBuf::from(&text), |rest| who.home.join(rest));
        (known && path.is_absolute() && !text.contains('%')).then_some(path)
    };
    match kind {
        "maildir" => whole(inbox.unwrap_or(path)).map(Place::Maildir),
        "mbox" => whole(inbox?).map(Place::Mbox),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::place::tests::{maildir, mbox_at};
    use crate::operation::rules::tests::who;
    use crate::world::maildir::Maildir;

    #[test]
    fn what_the_rules_include_is_read_too() {
        let home = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
        let environment = Environment { home: Some(home.path().into()), ..Environment::default() };
        let place = |name: &str| Place::Mbox(home.path().join(name));
        put("vars", "DEFAULT=$HOME/inner\n");
        put("circle", "INCLUDERC=circle\n");
        for (rules, wanted, aside) in [
            ("INCLUDERC=$HOME/vars\n", Some("inner"), 0),
            ("PMDIR=$HOME\nINCLUDERC=$PMDIR/vars\nDEFAULT=outer\n", Some("outer"), 0),
            ("include \"vars\"\n", Some("inner"), 0),
            ("INCLUDERC=$NOBODY/rules\nDEFAULT=outer\n", Some("outer"), 1),
            ("INCLUDERC=circle\nDEFAULT=outer\n", Some("outer"), 1),
            ("INCLUDERC=nothing\n", None, 0),
        ] {
            put(".procmailrc", rules);
            let seen = look(&environment, None);
            let found = seen.rules.first().map(|sight| sight.place.clone());
            let said = seen.aside.iter().filter(|said| said.contains("includes")).count();
            assert_eq!((found, said), (wanted.map(place), aside), "{rules}: {:?}", seen.aside);
        }
    }

    #[test]
    fn rules_that_cannot_be_read_decide_all_the_same() {
        let unread = |make: &dyn Fn(&Path)| {
            let home = tempfile::tempdir().unwrap();
            let maildir = Maildir::at(home.path().join("Maildir"));
            maildir.create().unwrap();
            std::fs::write(maildir.path().join("new/1"), "From: a@b.c\n\nx\n").unwrap();
            make(&home.path().join(".procmailrc"));
            let environment = Environment { home: Some(home.path().into()), ..Environment::default() };
            matches!(look(&environment, None).arrival(), Arrival::Unread(said) if said.len() == 1)
        };
        assert!(!unread(&|_| {}) && !unread(&|path| std::fs::write(path, "").unwrap()));
        assert!(unread(&|path| std::fs::write(path, "DEFAULT=`pick`\n").unwrap()));
        assert!(unread(&|path| std::fs::write(path, "#".repeat(1_000_001)).unwrap()));
        assert!(unread(&|path| std::os::unix::fs::symlink(".procmailrc", path).unwrap()));
        assert!(unread(&|path| rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap()));
    }

    #[test]
    fn a_users_name_leads_nowhere_else_and_a_spool_with_a_slash_has_maildirs() {
        let home = Path::new("/home/alice");
        assert_eq!(spool_of("/var/spool/mail", who(home)), Some(mbox_at("/var/spool/mail/alice")));
        assert_eq!(spool_of("/var/spool/mail/", who(home)), Some(maildir("/var/spool/mail/alice")));
        let folder = tempfile::tempdir().unwrap();
        let mut environment = Environment { home: Some(folder.path().into()), ..Environment::default() };
        for name in ["../x", ".", "..", "a/b", ""] {
            environment.caller.user = Some((name.to_owned(), 1));
            let arrival = look(&environment, None).arrival();
            assert!(!matches!(&arrival, Arrival::At(sight) if sight.place.to_string().contains(SPOOL)), "{arrival:?}");
        }
    }

    #[test]
    fn what_dovecot_says_is_read() {
        let home = Path::new("/home/alice");
        for (location, place) in [
            ("maildir:~/Maildir", Some(maildir("/home/alice/Maildir"))),
            ("maildir:%h/mail:LAYOUT=fs", Some(maildir("/home/alice/mail"))),
            ("maildir:/srv/%n/mail:INBOX=/srv/%n/inbox", Some(maildir("/srv/alice/inbox"))),
            ("mbox:~/mail:INBOX=/var/mail/%u", Some(mbox_at("/var/mail/alice"))),
            ("mbox:~/mail", None),
            ("mdbox:~/mdbox", None),
            ("maildir:/srv/%d/%n", None),
            ("maildir:relative", None),
            ("nonsense", None),
        ] {
            assert_eq!(location_of(location, who(home)), place, "{location}");
        }
    }

    #[test]
    fn two_that_differ_are_both_named_and_rules_decide_alone() {
        let sight = |place: &Place| Sight { place: place.clone(), said_by: "x".into() };
        let (one, other) = (maildir("/a/Maildir"), mbox_at("/b/alice"));
        let seen = |rules: &[&Place], with_mail: &[&Place], system: &[&Place]| {
            let sights = |places: &[&Place]| places.iter().map(|place| sight(place)).collect::<Vec<_>>();
            Seen { rules: sights(rules), with_mail: sights(with_mail), system: sights(system), ..Seen::default() }
        };
        for (found, wanted) in [
            (seen(&[], &[], &[]), Arrival::Unknown),
            (seen(&[&one], &[&other], &[&other]), Arrival::At(sight(&one))),
            (seen(&[], &[&other], &[&one]), Arrival::At(sight(&other))),
            (seen(&[], &[&other, &other], &[]), Arrival::At(sight(&other))),
            (seen(&[], &[], &[&one]), Arrival::At(sight(&one))),
            (seen(&[], &[&one, &other], &[&one]), Arrival::Unclear(vec![sight(&one), sight(&other)])),
            (seen(&[&one, &other], &[], &[]), Arrival::Unclear(vec![sight(&one), sight(&other)])),
        ] {
            assert_eq!(found.arrival(), wanted);
        }
        let inbox = Inbox::Maildir("/a/Maildir".into());
        for (found, instead) in [
            (seen(&[], &[], &[]), None),
            (seen(&[], &[&other], &[]), Some(&other)),
            (seen(&[], &[&other, &one], &[]), None),
            // Rules that nobody goes by any more say nothing against an inbox in which mail lies.
            (seen(&[&other], &[&one], &[]), None),
            (Seen { calling: vec![sight(&other)], ..seen(&[&other], &[&one], &[]) }, Some(&other)),
            (Seen { calling: vec![sight(&one)], ..seen(&[&one], &[&other], &[]) }, None),
            (seen(&[&one], &[&other], &[]), None),
            (seen(&[], &[], &[&other]), None),
        ] {
            assert_eq!(found.instead_of(&inbox).map(|sight| sight.place), instead.cloned());
        }
        assert_eq!(seen(&[&other], &[], &[]).instead_of(&Inbox::Command(vec!["/x".into()])), None);
    }

    #[test]
    fn rules_that_call_it_and_name_no_inbox_leave_it_to_procmail() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(home.path().into()), ..Environment::default() };
        let leaves = |rules: &str, inbox: &Inbox| {
            std::fs::write(home.path().join(".procmailrc"), rules).unwrap();
            look(&environment, None).leaves_to_procmail(inbox)
        };
        let maildir = Inbox::Maildir(home.path().join("Maildir"));
        let call = ":0 W\n| /usr/local/bin/countersign gate\n";
        assert!(leaves(call, &maildir) && leaves(&format!("# Maildir\n{call}"), &maildir));
        assert!(!leaves(&format!("DEFAULT=$HOME/Maildir/\n{call}"), &maildir));
        assert!(!leaves(&format!("{call}:0\n$HOME/Maildir/\n"), &maildir), "a recipe of theirs delivers there");
        assert!(!leaves(":0\n* ^List-Id\nlists/\n", &maildir), "they do not call it");
        assert!(!leaves(call, &Inbox::Mbox("/var/mail/alice".into())));
        assert!(!leaves(call, &Inbox::Command(vec!["/x".into()])));
    }

    #[test]
    fn what_this_program_wrote_itself_is_no_mail_that_arrives() {
        let home = tempfile::tempdir().unwrap();
        let at = Maildir::at(home.path().join("Maildir"));
        at.create().unwrap();
        let place = Place::Maildir(at.path().to_owned());
        let environment = Environment { home: Some(home.path().into()), ..Environment::default() };
        let put = |name: &str, text: &str| std::fs::write(at.path().join("new").join(name), text).unwrap();
        assert!(!has_mail(&place));
        put("a", "X-Countersign-Own: x\nFrom: a@b.c\n\n");
        put("b", "X-Countersign-Verdict: hold; reason=x\nFrom: a@b.c\n\n");
        put("c", "Return-Path: <a@b.c>\nX-Countersign-Verdict: challenge; reason=x\n\n");
        assert!(!has_mail(&place) && look(&environment, None).with_mail.is_empty());
        put("d", "X-Countersign-Verdict: pass; reason=x\nFrom: a@b.c\n\n");
        assert!(has_mail(&place));
        let inbox = home.path().join("inbox");
        let with_mail = |text: &str| {
            std::fs::write(&inbox, text).unwrap();
            has_mail(&Place::Mbox(inbox.clone()))
        };
        let line = "From a@b.c Sat Nov 21 12:00:00 2026\n";
        assert!(!with_mail("") && !with_mail(&format!("{line}X-Countersign-Own: x\n\n")));
        assert!(with_mail(&format!("{line}X-Countersign-Own: x\n\n\n{line}Subject: y\n\n")));
        assert!(matches!(look(&environment, None).arrival(), Arrival::At(sight) if sight.place == place));
    }
}
