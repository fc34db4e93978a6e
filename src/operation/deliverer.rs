//! Who delivers this user's mail, as the mail system's settings say: into which file the call of this program goes.
//!
//! Promises: says what shows it; where nothing shows it, nothing is said. Never touches: the mail system's files.

use std::path::Path;

use crate::mail::address::Address;
use crate::operation::forward::{Destination, destinations};
use crate::world::config::Environment;
use crate::world::surroundings;

/// The settings of Postfix that decide, in the order of [`Settings`].
const NAMES: [&str; 10] = [
    "mydestination",
    "virtual_mailbox_domains",
    "virtual_transport",
    "local_transport",
    "alias_maps",
    "mailbox_transport_maps",
    "mailbox_transport",
    "mailbox_command_maps",
    "mailbox_command",
    "home_mailbox",
];
/// Mail systems that call this program by a rule of their own: what shows them, and the file that has the rule.
const OTHERS: [(&str, &str, &str); 4] = [
    ("/usr/sbin/exim4", "Exim", "procmail-examples/exim.conf"),
    ("/usr/sbin/exim", "Exim", "procmail-examples/exim.conf"),
    ("/usr/sbin/smtpd", "OpenSMTPD", "procmail-examples/opensmtpd.conf"),
    ("/usr/local/sbin/smtpd", "OpenSMTPD", "procmail-examples/opensmtpd.conf"),
];
/// Programs that read rules of the user's.
const READERS: [(&str, Entry); 2] = [("procmail", Entry::Procmail), ("maildrop", Entry::Maildrop)];

/// The file of the user's that the call goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// `~/.forward`.
    Forward,
    /// `~/.mailfilter`.
    Maildrop,
    /// `~/.procmailrc`.
    Procmail,
}

impl Entry {
    /// Its name below the home.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Entry::Forward => ".forward",
            Entry::Maildrop => ".mailfilter",
            Entry::Procmail => ".procmailrc",
        }
    }
}

/// Who delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliverer {
    /// Where the call goes; none where no file of the user's is read.
    pub entry: Option<Entry>,
    /// What shows it, a sentence without its full stop.
    pub said: String,
}

/// What Postfix says, each `$name` worked out.
#[derive(Clone, Debug, Default)]
struct Settings {
    mydestination: String,
    virtual_domains: String,
    virtual_transport: String,
    local_transport: String,
    alias_maps: String,
    transport_maps: String,
    transport: String,
    command_maps: String,
    command: String,
    home_mailbox: String,
}

/// What the user's `.forward` gives mail to; nothing without one.
#[must_use]
pub fn forward_of(environment: &Environment) -> Vec<Destination> {
    let text = environment.home.as_ref().and_then(|home| surroundings::text_of(&home.join(Entry::Forward.file())));
    text.map_or(Vec::new(), |text| destinations(&text))
}

/// Who delivers mail for that address of this user, whose `.forward` says that; none where nothing shows it.
#[must_use]
pub fn seen(environment: &Environment, address: &Address, forward: &[Destination]) -> Option<Deliverer> {
    let user = environment.caller.user.as_ref().map_or(address.local(), |(name, _)| name);
    match surroundings::postconf_worked_out(&NAMES) {
        Some(values) => {
            Some(by_postfix(&Settings::of(values)?, user, address.domain().as_str(), forward, &surroundings::postmap))
        }
        None => OTHERS.iter().find(|(program, ..)| surroundings::is_executable(Path::new(program))).map(
            |(_, name, file)| {
                let said = format!("{name} delivers your mail, and calls countersign by a rule of its own: {file}");
                Deliverer { entry: None, said }
            },
        ),
    }
}

impl Settings {
    fn of(values: Vec<String>) -> Option<Settings> {
        let values: [String; NAMES.len()] = values.try_into().ok()?;
        let [mydestination, virtual_domains, virtual_transport, local_transport, alias_maps, own @ ..] = values;
        let [transport_maps, transport, command_maps, command, home_mailbox] = own;
        Some(Settings {
            mydestination,
            virtual_domains,
            virtual_transport,
            local_transport,
            alias_maps,
            transport_maps,
            transport,
            command_maps,
            command,
            home_mailbox,
        })
    }
}

/// In the order in which Postfix goes: the domain's transport, aliases, `.forward`, the user's transport, command, mailbox
/// (local(8), postconf(5)).
fn by_postfix(
    settings: &Settings,
    user: &str,
    domain: &str,
    forward: &[Destination],
    look_up: &dyn Fn(&str, &str) -> Option<String>,
) -> Deliverer {
    let in_maps =
        |key: &str, maps: &str| words(maps).filter(|word| is_table(word)).find_map(|table| look_up(key, table));
    let lists =
        |list: &str| words(list).any(|word| word.eq_ignore_ascii_case(domain)) || in_maps(domain, list).is_some();
    let nothing =
        "reads neither ~/.forward nor the rules of procmail and maildrop: docs/install.md has a call by Sieve";
    if !lists(&settings.mydestination) && lists(&settings.virtual_domains) {
        let said = format!(
            "Postfix hands mail for {domain} to {} (virtual_transport), which {nothing}",
            settings.virtual_transport
        );
        return Deliverer { entry: None, said };
    }
    if !settings.local_transport.starts_with("local") && !settings.local_transport.is_empty() {
        let said =
            format!("Postfix hands your mail to {} (local_transport), which {nothing}", settings.local_transport);
        return Deliverer { entry: None, said };
    }
    if let Some(alias) =
        in_maps(user, &settings.alias_maps).filter(|alias| alias.trim_start_matches('"').starts_with('|'))
    {
        let said = format!("an alias of Postfix's gives your mail to {alias}, before anything of yours is read");
        return Deliverer { entry: reader(&alias), said };
    }
    if let Some(first) = forward.first() {
        return by_forward(first, forward);
    }
    let of_user = |maps: &str, name: &'static str, value: &str| match in_maps(user, maps) {
        Some(own) => (own, format!("{name}_maps")),
        None => (value.to_owned(), name.to_owned()),
    };
    let (transport, by) = of_user(&settings.transport_maps, "mailbox_transport", &settings.transport);
    if !transport.is_empty() {
        let said = format!(
            "Postfix hands your mail to {transport} ({by}), so neither procmail nor maildrop runs; it reads ~/.forward before \
             that, and what passes then goes into your inbox past your Sieve rules. To keep those: procmail-examples/dovecot-gate.sieve"
        );
        return Deliverer { entry: Some(Entry::Forward), said };
    }
    let (command, by) = of_user(&settings.command_maps, "mailbox_command", &settings.command);
    by_command(&command, &by, &settings.home_mailbox)
}

fn by_forward(first: &Destination, forward: &[Destination]) -> Deliverer {
    let read = forward.iter().find_map(|one| {
        let (name, entry) = READERS.iter().find(|(name, _)| one.leads_to(&[name]))?;
        Some(Deliverer { entry: Some(*entry), said: format!("your ~/.forward hands your mail to {name}") })
    });
    read.unwrap_or_else(|| {
        let (Destination::Program(name) | Destination::Other(name)) = first;
        let said = format!("your ~/.forward comes before all else, and gives your mail to {name}");
        Deliverer { entry: Some(Entry::Forward), said }
    })
}

fn by_command(command: &str, by: &str, home_mailbox: &str) -> Deliverer {
    if command.is_empty() {
        let into =
            if home_mailbox.is_empty() { "your mailbox in the spool".to_owned() } else { format!("~/{home_mailbox}") };
        let said = format!("Postfix itself delivers your mail, into {into}, and reads ~/.forward first");
        return Deliverer { entry: Some(Entry::Forward), said };
    }
    let entry = reader(command);
    let name = READERS.iter().find(|(_, other)| Some(*other) == entry).map(|(name, _)| *name);
    let mut said = format!("Postfix hands your mail to {} ({by} = {command})", name.unwrap_or("a program of its own"));
    if entry == Some(Entry::Procmail) && !(command.contains(" -t") && command.contains("-a")) {
        said.push_str(
            "; better is mailbox_command = /usr/bin/procmail -t -a \"$EXTENSION\" || exit 75 in main.cf, for without -t a full \
             disk becomes a bounce",
        );
    }
    if entry.is_none() {
        said.push_str(", so neither procmail nor maildrop runs; it reads ~/.forward before that");
    }
    Deliverer { entry: entry.or(Some(Entry::Forward)), said }
}

/// Whose rules that line of shell has read.
fn reader(command: &str) -> Option<Entry> {
    READERS.iter().find(|(name, _)| command.contains(name)).map(|(_, entry)| *entry)
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t']).filter(|word| !word.is_empty())
}

/// `hash:/etc/aliases`; what asks another program or server is left alone, for it may ask for a password or take its time.
fn is_table(word: &str) -> bool {
    let local = ["btree", "cdb", "hash", "inline", "lmdb", "pcre", "regexp", "static", "texthash"];
    word.split_once(':').is_some_and(|(kind, _)| local.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(settings: &Settings, forward: &str) -> (Option<Entry>, String) {
        let tables = |key: &str, table: &str| match (key, table) {
            ("alice", "hash:/commands") => Some("/usr/bin/maildrop -d alice".to_owned()),
            ("alice", "hash:/transports") => Some("lmtp:unix:private/dovecot-lmtp".to_owned()),
            ("alice", "hash:/piped") => Some("\"|/usr/bin/procmail -a x\"".to_owned()),
            ("alice", "hash:/other") => Some("bob".to_owned()),
            ("example.org", "hash:/domains") => Some("x".to_owned()),
            ("alice" | "example.org", "ldap:/x" | "mysql:/x") => panic!("it asked a server"),
            _ => None,
        };
        let found = by_postfix(settings, "alice", "example.org", &destinations(forward), &tables);
        (found.entry, found.said)
    }

    fn local() -> Settings {
        Settings {
            mydestination: "mx.example.org, Example.ORG, localhost".into(),
            local_transport: "local:mx.example.org".into(),
            virtual_transport: "virtual".into(),
            alias_maps: "hash:/etc/aliases, ldap:/x".into(),
            ..Settings::default()
        }
    }

    #[test]
    fn the_order_is_that_of_postfix() {
        let command = |text: &str| Settings { command: text.into(), ..local() };
        let lmtp = Settings { transport: "lmtp:inet:127.0.0.1:24".into(), ..command("/usr/bin/procmail") };
        for (settings, forward, entry, says) in [
            (local(), "", Some(Entry::Forward), "itself delivers your mail, into your mailbox in the spool"),
            (Settings { home_mailbox: "Maildir/".into(), ..local() }, "", Some(Entry::Forward), "into ~/Maildir/"),
            (
                command("/usr/bin/procmail -t -a \"$EXTENSION\" || exit 75"),
                "",
                Some(Entry::Procmail),
                "to procmail (mailbox",
            ),
            (
                command("/usr/bin/maildrop -d \"$USER\""),
                "",
                Some(Entry::Maildrop),
                "to maildrop (mailbox_command = /usr",
            ),
            (command("/usr/lib/dovecot/dovecot-lda"), "", Some(Entry::Forward), "neither procmail nor maildrop"),
            (lmtp.clone(), "", Some(Entry::Forward), "lmtp:inet:127.0.0.1:24 (mailbox_transport)"),
            (lmtp, "\"|/usr/bin/procmail\"", Some(Entry::Procmail), "your ~/.forward hands your mail to procmail"),
            (
                command("/usr/bin/procmail"),
                "bob@example.net",
                Some(Entry::Forward),
                "gives your mail to bob@example.net",
            ),
            (command("/usr/bin/procmail"), "# nothing", Some(Entry::Procmail), "without -t"),
            (
                Settings { command_maps: "hash:/commands".into(), ..command("/usr/bin/procmail") },
                "",
                Some(Entry::Maildrop),
                "mailbox_command_maps = /usr/bin/maildrop",
            ),
            (
                Settings { transport_maps: "hash:/transports".into(), ..command("/usr/bin/procmail") },
                "",
                Some(Entry::Forward),
                "private/dovecot-lmtp (mailbox_transport_maps)",
            ),
            (
                Settings { alias_maps: "hash:/piped".into(), ..local() },
                "",
                Some(Entry::Procmail),
                "an alias of Postfix's",
            ),
            (Settings { alias_maps: "hash:/other".into(), ..local() }, "", Some(Entry::Forward), "itself delivers"),
        ] {
            let (found, said) = by(&settings, forward);
            assert!(found == entry && said.contains(says), "{says}: {found:?} {said}");
        }
        let (_, said) = by(&command("/usr/bin/procmail -t -a \"$EXTENSION\" || exit 75"), "");
        assert!(!said.contains("better"), "{said}");
    }

    #[test]
    fn where_no_file_of_the_users_is_read_none_is_named() {
        let lmtp = Settings { virtual_transport: "lmtp:unix:private/dovecot-lmtp".into(), ..local() };
        for (settings, says) in [
            (
                Settings { mydestination: "localhost".into(), virtual_domains: "example.org".into(), ..lmtp.clone() },
                "virtual",
            ),
            (
                Settings {
                    mydestination: "localhost".into(),
                    virtual_domains: "mysql:/x hash:/domains".into(),
                    ..lmtp.clone()
                },
                "virtual_transport",
            ),
            (Settings { local_transport: "lmtp:inet:localhost:24".into(), ..local() }, "(local_transport)"),
        ] {
            let (found, said) = by(&settings, "\"|/usr/bin/procmail\"");
            assert!(found.is_none() && said.contains(says) && said.contains("docs/install.md"), "{said}");
        }
        // A domain that is both is local (postconf(5) warns of it).
        assert!(by(&Settings { virtual_domains: "example.org".into(), ..lmtp }, "").0.is_some());
    }
}
