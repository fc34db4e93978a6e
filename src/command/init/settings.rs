//! What goes into a new configuration: what was given, what recent mail shows beyond doubt, and what else is proposed.
//!
//! Promises: takes nothing from old mail but an address that is beyond doubt; every key stands in the file. Never
//! touches: what is there already.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::InitArguments;
use crate::mail::address::{Address, DELIMITERS};
use crate::operation::arrival::{self, Arrival, Sight};
use crate::operation::checkup::refused_answers;
use crate::operation::evidence::{Evidence, Server};
use crate::operation::place::Place;
use crate::operation::screen;
use crate::operation::trouble::Trouble;
use crate::origin::auth::Trust;
use crate::origin::eyes::Look;
use crate::world::config::Environment;
use crate::world::maildir::Maildir;
use crate::world::surroundings;

/// The configuration file, every key with its comment.
const TEMPLATE: &str = include_str!("../../world/config/template.toml");
/// What delimiters are split at when an address is looked for and nobody has said any.
const USUAL_DELIMITER: &str = "+";

/// What goes into a new configuration.
pub(super) struct Settings {
    pub(super) addresses: Vec<Address>,
    pub(super) delimiters: String,
    /// What becomes of answers, where the mail system says otherwise about a delimiter that was given.
    pub(super) refused_answers: Option<String>,
    pub(super) inbox: Place,
    /// What says that this is the inbox, where the command line does not.
    pub(super) inbox_said_by: Option<String>,
    /// Where mail is held, if not in a folder of the inbox.
    pub(super) quarantine: Option<PathBuf>,
    pub(super) sendmail: PathBuf,
    pub(super) authserv_ids: Vec<String>,
    /// When the program looks by itself.
    pub(super) look: Look,
    /// The server that recent mail shows, for a line that believes nobody.
    pub(super) proposed: Option<Server>,
    /// Where the store is, if a mail system would not find it.
    pub(super) store: Option<PathBuf>,
}

/// The text of a new configuration.
pub(super) fn draft(
    arguments: &InitArguments,
    environment: &Environment,
    file: &Path,
) -> Result<(Settings, String), Trouble> {
    let (inbox, inbox_said_by) = inbox(arguments, environment)?;
    let postfix = surroundings::delimiters();
    let delimiters = match &arguments.delimiter {
        Some(text) => text.clone(),
        None => postfix.clone().filter(|text| text.chars().all(|c| DELIMITERS.contains(c))).unwrap_or_default(),
    };
    let splits_at = if delimiters.is_empty() { USUAL_DELIMITER } else { &delimiters };
    let evidence = Evidence::of(std::slice::from_ref(&inbox), &Trust::default(), splits_at);
    let sendmail = match &arguments.sendmail {
        Some(path) => surroundings::whole(path)?,
        None => surroundings::sendmail().unwrap_or_else(|| PathBuf::from("/usr/sbin/sendmail")),
    };
    // A mail system sets no XDG variable, and perhaps not even the HOME of this shell.
    let hidden = environment.data_home.is_some() || !is_usual_place(file, environment);
    let store =
        if hidden { Some(environment.data_folder().map_err(Trouble::config)?.join("countersign.db")) } else { None };
    let settings = Settings {
        addresses: addresses(arguments, &evidence)?,
        refused_answers: refused_answers(&delimiters, postfix.as_deref()),
        delimiters,
        quarantine: quarantine(&inbox, environment)?,
        inbox,
        inbox_said_by,
        sendmail,
        authserv_ids: arguments.authserv_id.clone(),
        look: look(arguments, &evidence)?,
        proposed: evidence.candidates().first().map(|server| (*server).clone()),
        store,
    };
    let text = fill(&settings)?;
    Ok((settings, text))
}

/// What was given; else it looks by itself where no server is named or seen that does.
fn look(arguments: &InitArguments, evidence: &Evidence) -> Result<Look, Trouble> {
    match &arguments.look {
        Some(word) => Look::parse(word)
            .ok_or_else(|| Trouble::usage(format!("--look {word}: \"off\", \"where-silent\" or \"always\""))),
        None if arguments.authserv_id.is_empty() && evidence.candidates().is_empty() => Ok(Look::WhereSilent),
        None => Ok(Look::Off),
    }
}

/// What was given, else what is beyond doubt, else a proposal to type.
fn addresses(arguments: &InitArguments, evidence: &Evidence) -> Result<Vec<Address>, Trouble> {
    if arguments.address.is_empty()
        && let Some(address) = evidence.address()
    {
        return Ok(vec![address.clone()]);
    }
    if arguments.address.is_empty() {
        screen::out(&proposals(evidence))?;
        let text = "which address is yours? Say it so: countersign init --address you@example.org";
        return Err(Trouble::usage(text.into()));
    }
    let parse =
        |text: &String| Address::parse(text).map_err(|error| Trouble::usage(format!("--address {text}: {error}")));
    arguments.address.iter().map(parse).collect()
}

/// Lines to copy. Anybody can write an address into a message, so only those that no shell would act on.
fn proposals(evidence: &Evidence) -> String {
    let harmless = |text: &String| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "@.+-_=".contains(c))
    };
    let texts: Vec<String> = evidence.proposals().into_iter().map(Address::to_string).filter(harmless).collect();
    if texts.is_empty() {
        return String::new();
    }
    let mut out = match evidence.messages {
        1 => "The one message in your inbox is for these; perhaps one is you:\n\n".to_owned(),
        count => format!("The newest {count} messages of your inbox are for these; perhaps one is you:\n\n"),
    };
    for text in texts {
        out.push_str(&format!("    countersign init --address {text}\n"));
    }
    out
}

/// What was given, else where mail arrives, and what says so.
fn inbox(arguments: &InitArguments, environment: &Environment) -> Result<(Place, Option<String>), Trouble> {
    if let Some(path) = &arguments.maildir {
        return Ok((Place::Maildir(surroundings::whole(path)?), None));
    }
    if let Some(path) = &arguments.mbox {
        return Ok((Place::Mbox(surroundings::whole(path)?), None));
    }
    if environment.home.is_none() {
        let said = "HOME is not set; say where your inbox is: --maildir FOLDER or --mbox FILE";
        return Err(Trouble::usage(said.into()));
    }
    let seen = arrival::look(environment, None);
    let aside = |text: &String| format!("{text}. ");
    let aside: String = seen.aside.iter().map(aside).collect();
    match seen.arrival() {
        Arrival::At(Sight { place, said_by }) if aside.is_empty() => Ok((place, Some(said_by))),
        Arrival::At(Sight { place, said_by }) => {
            Ok((place, Some(format!("{said_by}. {}", aside.trim_end_matches(". ")))))
        }
        Arrival::Unread(sentences) => Err(Trouble::config(anyhow!(
            "your mail rules decide where your mail arrives: {}. Say it: --maildir FOLDER, or --mbox FILE",
            sentences.join(". ")
        ))),
        Arrival::Unclear(sights) => {
            let named = sights.iter().map(|sight| format!("{} ({})", sight.place, sight.said_by));
            let options: Vec<String> = sights.iter().map(|sight| sight.place.option()).collect();
            Err(Trouble::config(anyhow!(
                "your mail may arrive in {}. {aside}Say which of them you read: {}",
                named.collect::<Vec<_>>().join(", or in "),
                options.join(", or ")
            )))
        }
        Arrival::Unknown => Err(Trouble::config(anyhow!(
            "nothing here says where your mail arrives: your mail rules name no DEFAULT, there is no mail in ~/Maildir, \
             ~/.maildir, $MAIL or /var/mail, and neither Postfix nor Dovecot says it. {aside}Say it: --maildir FOLDER \
             (~/Maildir is usual), or --mbox FILE"
        ))),
    }
}

/// Beside an mbox nothing can be held: a Maildir then, where readers of mbox files keep their folders.
fn quarantine(inbox: &Place, environment: &Environment) -> Result<Option<PathBuf>, Trouble> {
    match (inbox, &environment.home) {
        (Place::Maildir(_), _) => Ok(None),
        (Place::Mbox(_), None) => {
            Err(Trouble::usage("HOME is not set, and with --mbox mail is held in your home".into()))
        }
        (Place::Mbox(_), Some(home)) => {
            let (usual, other) = (home.join("mail"), home.join("Mail"));
            Ok(Some(if !usual.is_dir() && other.is_dir() { other } else { usual }.join("Held")))
        }
    }
}

/// Whether a mail system's call, which sets HOME and nothing else, finds that configuration.
pub(super) fn is_usual_place(file: &Path, environment: &Environment) -> bool {
    environment.home.as_ref().is_some_and(|home| file == home.join(".config/countersign/config.toml"))
}

/// Puts the settings into the template. Each stands on a line of its own.
fn fill(settings: &Settings) -> Result<String, Trouble> {
    let mut out = String::with_capacity(TEMPLATE.len() + 256);
    for line in TEMPLATE.lines() {
        let name = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) => out.push_str(&setting(name, settings)?),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out)
}

/// One line of the configuration; with a `#` where the default holds, and an example then.
fn setting(name: &str, settings: &Settings) -> Result<String, Trouble> {
    let (_, key) = name.split_once('.').unwrap_or(("", name));
    let set = |value: String| Ok(format!("{key} = {value}"));
    let example = |value: &str| Ok(format!("# {key} = {value}"));
    let texts = |addresses: &[Address]| quoted_list(addresses.iter().map(Address::to_string));
    let proposed = settings.proposed.as_ref();
    match name {
        "owner.address" => set(quoted(&settings.addresses.first().map(Address::to_string).unwrap_or_default())),
        "owner.others" => set(texts(settings.addresses.get(1..).unwrap_or_default())),
        "owner.delimiters" => set(quoted(&settings.delimiters)),
        "inbox.maildir" => match &settings.inbox {
            Place::Maildir(path) => set(quoted_path(path)?),
            Place::Mbox(_) => example("\"~/Maildir\""),
        },
        "inbox.mbox" => match &settings.inbox {
            Place::Mbox(path) => set(quoted_path(path)?),
            Place::Maildir(_) => example("\"/var/mail/alice\""),
        },
        "quarantine.maildir" => match (&settings.quarantine, &settings.inbox) {
            (Some(path), _) => set(quoted_path(path)?),
            (None, Place::Maildir(path)) => example(&quoted_path(Maildir::at(path).folder("Held").path())?),
            (None, Place::Mbox(_)) => example("\"~/mail/Held\""),
        },
        "trust.authserv_ids" if !settings.authserv_ids.is_empty() => {
            set(quoted_list(settings.authserv_ids.iter().cloned()))
        }
        "trust.authserv_ids" => {
            let id = proposed.map_or("mx.example.org", |server| &server.id);
            example(&quoted_list([id.to_owned()]))
        }
        "trust.methods" => match proposed.filter(|server| server.methods.len() == 1) {
            Some(server) => example(&quoted_list(server.methods.iter().map(|method| method.name().to_owned()))),
            None => example("[\"dmarc\", \"dkim\"]"),
        },
        "eyes.look" if settings.look == Look::Off => example(&quoted(Look::Off.name())),
        "eyes.look" => set(quoted(settings.look.name())),
        "challenge.sendmail" => set(quoted_path(&settings.sendmail)?),
        "challenge.host" => example(&quoted(settings.addresses.first().map_or("", |one| one.domain().as_str()))),
        "files.keys" => example("\"~/.config/countersign/keys\""),
        "files.store" => match &settings.store {
            Some(path) => set(quoted_path(path)?),
            None => example("\"~/.local/share/countersign/countersign.db\""),
        },
        _ => Err(anyhow!("the template names {name}, which nobody fills in").into()),
    }
}

/// A text as TOML writes it; a JSON text is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn quoted_list(texts: impl IntoIterator<Item = String>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(&text)).collect();
    format!("[{}]", texts.join(", "))
}

fn quoted_path(path: &Path) -> Result<String, Trouble> {
    path.to_str().map(quoted).ok_or_else(|| Trouble::usage(format!("{} is no Unicode text", path.display())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::world::config::Config;

    fn settings() -> Settings {
        Settings {
            addresses: ["alice@example.org", "\"a\\\"{b}\"@example.com"].map(|a| Address::parse(a).unwrap()).to_vec(),
            delimiters: "+".into(),
            refused_answers: None,
            inbox: Place::Maildir("/home/al \"ice\\/Maildir".into()),
            inbox_said_by: None,
            quarantine: None,
            sendmail: "/usr/sbin/sendmail".into(),
            authserv_ids: vec!["mx.example.org".into()],
            look: Look::Off,
            proposed: None,
            store: Some("/data/countersign.db".into()),
        }
    }

    #[test]
    fn addresses_are_proposed_in_words_that_fit_their_number() {
        let seen = |messages, address: &str| Evidence {
            messages,
            delivered_for: vec![(Address::parse(address).unwrap(), messages)],
            ..Evidence::default()
        };
        let line = "\n\n    countersign init --address alice@example.org\n";
        assert!(proposals(&seen(1, "alice@example.org")).starts_with("The one message in your inbox is for these;"));
        let two = proposals(&seen(2, "alice@example.org"));
        assert!(two.starts_with("The newest 2 messages of") && two.ends_with(line), "{two}");
        assert_eq!(proposals(&seen(1, "a`b@example.org")), "", "a shell would act on it");
        assert_eq!(proposals(&Evidence::default()), "");
    }

    fn parse(text: &str) -> anyhow::Result<Config> {
        let environment = Environment { home: Some("/home/alice".into()), ..Environment::default() };
        Config::parse(text, Path::new("/home/alice/.config/countersign/config.toml"), &environment)
    }

    /// The keys that the configuration knows, as its own complaint about an unknown one lists them.
    fn known_keys(table: &str) -> BTreeSet<String> {
        let text = if table.is_empty() { "zzz = 1\n".to_owned() } else { format!("[{table}]\nzzz = 1\n") };
        let said = parse(&text).unwrap_err().to_string();
        let (_, names) = said.split_once("expected").unwrap_or_else(|| panic!("{said}"));
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_key_of_the_configuration_stands_in_it_under_a_comment() {
        let text = fill(&settings()).unwrap();
        let mut checked = 0;
        for table in known_keys("") {
            let is_table = text.contains(&format!("\n[{table}]\n"));
            let keys = if is_table { known_keys(&table) } else { BTreeSet::from([table.clone()]) };
            let part = if is_table { text.split(&format!("\n[{table}]\n")).nth(1).unwrap() } else { &text };
            let part = part.split("\n[").next().unwrap();
            for key in keys {
                let line = part.lines().position(|l| l.trim_start_matches("# ").starts_with(&format!("{key} = ")));
                let line = line.unwrap_or_else(|| panic!("{table}.{key} is not in the template"));
                let above = part.lines().take(line).collect::<Vec<_>>();
                let comment = above.iter().rev().find(|l| !l.contains(" = ")).unwrap_or(&"");
                assert!(comment.starts_with("# "), "{table}.{key} has no comment");
                checked += 1;
            }
        }
        assert!(checked > 15, "{checked}");
    }

    #[test]
    fn what_is_filled_in_is_read_back() {
        let text = fill(&settings()).unwrap();
        let config = parse(&text).unwrap();
        assert_eq!(config.policy.owner.primary.to_string(), "alice@example.org");
        assert_eq!(config.policy.owner.others, settings().addresses[1..]);
        assert_eq!(Place::of(&config.paths.inbox), Some(settings().inbox));
        assert_eq!(config.paths.store, PathBuf::from("/data/countersign.db"));
        assert_eq!(config.policy.trust.ids, ["mx.example.org"]);
    }

    #[test]
    fn an_mbox_stands_in_it_with_its_quarantine() {
        let inbox = Place::Mbox("/var/mail/alice".into());
        let quarantine = Some(PathBuf::from("/home/alice/mail/Held"));
        let text = fill(&Settings { inbox: inbox.clone(), quarantine: quarantine.clone(), ..settings() }).unwrap();
        let config = parse(&text).unwrap();
        assert_eq!(Place::of(&config.paths.inbox), Some(inbox));
        assert_eq!(Some(config.paths.quarantine), quarantine);
    }

    #[test]
    fn what_is_commented_out_is_the_default() {
        let inbox = Place::Maildir("/home/alice/Maildir".into());
        let given = Settings { inbox, store: None, ..settings() };
        let text = fill(&given).unwrap();
        let not_a_default = [
            "# command",
            "# mbox",
            "# dns",
            "# name",
            "# authserv_ids",
            "# pass_below",
            "# challenge_only",
            "# hold_above",
            "# discard_above",
        ];
        let mut opened = String::new();
        for line in text.lines() {
            let is_key = line.strip_prefix("# ").is_some_and(|rest| {
                rest.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            });
            let opens = is_key && !not_a_default.iter().any(|start| line.starts_with(start));
            opened.push_str(if opens { &line[2..] } else { line });
            opened.push('\n');
        }
        let (before, after) = (parse(&text).unwrap(), parse(&opened).unwrap());
        assert_ne!(text, opened);
        assert_eq!(format!("{:?}", before.policy), format!("{:?}", after.policy));
        assert_eq!(before.paths, after.paths);
    }

    #[test]
    fn no_shell_acts_on_a_proposal() {
        let named = |text: &str| (Address::parse(text).unwrap(), 9);
        let odd = ["$(id)@x.org", "\"a b\"@x.org", "-x@x.org", "a`id`@x.org", "a'b@x.org", "a|b@x.org", "a&b@x.org"];
        let odd = odd.iter().filter(|text| Address::parse(text).is_ok());
        let delivered_for: Vec<_> = odd.map(|text| named(text)).collect();
        assert!(delivered_for.len() > 3);
        let mut evidence = Evidence { messages: 9, delivered_for, ..Evidence::default() };
        assert_eq!(proposals(&evidence), "");
        evidence.delivered_for.insert(0, named("alice+x@example.org"));
        assert_eq!(proposals(&evidence).matches('@').count(), 1);
    }
}
