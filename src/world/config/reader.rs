//! From words to values.
//!
//! Promises: every error names file, line and key and says the way out; a value that was read cannot be wrong. Never
//! touches: the keys, the store, the mail.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use toml::Spanned;

use super::document::{AUTO, ChallengeTable, EyesTable, File, InboxTable, Number, OwnerTable, ScoreTable, TrustTable};
use super::environment::Environment;
use super::paths::{Inbox, Paths};
use super::syntax::{syntax, without_comments};
use crate::mail::address::{Address, DELIMITERS, Domain};
use crate::origin::auth::{Method, Trust};
use crate::origin::eyes::{Eyes, Look};
use crate::origin::score::{Points, ScoreField};
use crate::policy::template::Template;
use crate::policy::{AnswerDemand, Caps, ContentLevel, EnvelopeStyle, Owner, Policy, ScoreLimits, Style};
use crate::signs::list_id::ListId;
use crate::world::regular;
use crate::world::resolver::{Servers, ServersError};

/// The configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What decides.
    pub policy: Policy,
    /// Where everything is.
    pub paths: Paths,
    /// The resolvers that the user names.
    dns: Option<Servers>,
}

impl Config {
    /// Reads the file that the environment means.
    ///
    /// # Errors
    /// Any that a person must mend; file, line and key are in the text.
    pub fn load(environment: &Environment) -> Result<Config> {
        let path = environment.config_file()?;
        let text = regular::text(&path)
            .with_context(|| format!("cannot read {}; `countersign init` makes one", path.display()))?;
        Config::parse(&text, &path, environment)
    }

    /// Which program sends mail, whatever else is wrong with the file that the environment means; the usual one where it
    /// does not say.
    #[must_use]
    pub fn sendmail_alone(environment: &Environment) -> PathBuf {
        let said = || {
            let text = regular::text(&environment.config_file().ok()?).ok()?;
            let table: toml::Table = toml::from_str(&without_comments(&text)).ok()?;
            let said = table.get("challenge")?.get("sendmail")?.as_str()?.to_owned();
            let path = match said.strip_prefix("~/") {
                Some(rest) => environment.home.as_ref()?.join(rest),
                None => PathBuf::from(said),
            };
            path.is_absolute().then_some(path)
        };
        said().unwrap_or_else(usual_sendmail)
    }

    /// Reads a configuration from a text.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Config> {
        let text: &str = &without_comments(text);
        let file: File = toml::from_str(text).map_err(|error| syntax(path, text, &error))?;
        let reader = Reader { text, path, environment };
        let owner = reader.owner(&file.owner)?;
        let paths = reader.paths(&file)?;
        let host = match &file.challenge.host {
            Some(host) => reader.domain("challenge.host", host)?,
            None => owner.primary.domain().clone(),
        };
        let policy = Policy {
            mode: file.mode.0,
            trust: Trust {
                scores: reader.score_fields(&file.score)?,
                eyes: reader.eyes(&file.eyes)?,
                ..reader.trust(&file.trust)?
            },
            score: reader.score_limits(&file.score)?,
            caps: Caps {
                days_between: reader.range("challenge.days_between", &file.challenge.days_between, 1, 365)?,
                per_hour: reader.range("challenge.per_hour", &file.challenge.per_hour, 0, 1_000)?,
                per_day: reader.range("challenge.per_day", &file.challenge.per_day, 0, 10_000)?,
                breaker_alike: reader.range("challenge.breaker_alike", &file.challenge.breaker_alike, 0, 1_000)?,
            },
            style: reader.style(&file.challenge, &owner)?,
            retention_days: reader.range("quarantine.keep_days", &file.quarantine.keep_days, 1, 3_650)?,
            discard_denied: file.denied.discard,
            private_lists: reader.lists("replies.private_lists", &file.replies.private_lists)?,
            languages: reader.languages(&file.challenge.languages)?,
            owner,
            host,
        };
        Ok(Config { policy, paths, dns: reader.dns(&file.eyes)? })
    }

    /// Which resolvers are asked: those that the user names, else the system's.
    #[must_use]
    pub fn resolvers(&self) -> Servers {
        self.dns.clone().unwrap_or_else(Servers::of_system)
    }
}

/// Where mail systems put it; where a test puts it, not in a release build.
fn usual_sendmail() -> PathBuf {
    #[cfg(debug_assertions)]
    if let Some(path) = std::env::var_os("COUNTERSIGN_TEST_SENDMAIL") {
        return path.into();
    }
    PathBuf::from("/usr/sbin/sendmail")
}

/// Turns words into values, and says where a wrong one stands.
struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    environment: &'a Environment,
}

impl Reader<'_> {
    fn owner(&self, table: &OwnerTable) -> Result<Owner> {
        let others = table.others.iter().map(|text| self.address("owner.others", text)).collect::<Result<_>>()?;
        let delimiters = match &table.delimiters {
            Some(text) => self.delimiters(text)?,
            None => String::new(),
        };
        Ok(Owner {
            primary: self.address("owner.address", &table.address)?,
            others,
            name: table.name.clone(),
            delimiters,
        })
    }

    fn delimiters(&self, text: &Spanned<String>) -> Result<String> {
        let good = text.get_ref().chars().all(|c| DELIMITERS.contains(c));
        if good {
            Ok(text.get_ref().clone())
        } else {
            let all: Vec<String> = DELIMITERS.chars().map(|c| format!("\"{c}\"")).collect();
            Err(self.wrong("owner.delimiters", text, &format!("of {}, or \"\" for none", all.join(" "))))
        }
    }

    fn paths(&self, file: &File) -> Result<Paths> {
        let inbox = self.inbox(&file.inbox)?;
        let quarantine = match (&file.quarantine.maildir, &inbox) {
            (Some(text), _) => self.file("quarantine.maildir", text)?,
            (None, Inbox::Maildir(root)) => root.join(".Held"),
            (None, Inbox::Command(_)) => self.default_maildir()?.join(".Held"),
            (None, Inbox::Mbox(_)) => self.home("quarantine.maildir")?.join("mail/Held"),
        };
        let files = &file.files;
        let keys = match &files.keys {
            Some(text) => self.file("files.keys", text)?,
            None => self.path.with_file_name("keys"),
        };
        let store = match &files.store {
            Some(text) => self.file("files.store", text)?,
            None => self.environment.data_folder()?.join("countersign.db"),
        };
        let sendmail = match &file.challenge.sendmail {
            Some(text) => self.file("challenge.sendmail", text)?,
            None => usual_sendmail(),
        };
        Ok(Paths { config: self.path.to_owned(), keys, store, quarantine, inbox, sendmail })
    }

    fn inbox(&self, table: &InboxTable) -> Result<Inbox> {
        const ONE: &str = "alone: give one of maildir, mbox and command";
        match (&table.maildir, &table.mbox, &table.command) {
            (Some(_), _, Some(command)) | (_, Some(_), Some(command)) => Err(self.wrong("inbox.command", command, ONE)),
            (Some(_), Some(mbox), None) => Err(self.wrong("inbox.mbox", mbox, ONE)),
            (Some(text), None, None) => Ok(Inbox::Maildir(self.file("inbox.maildir", text)?)),
            (None, Some(text), None) => Ok(Inbox::Mbox(self.file("inbox.mbox", text)?)),
            (None, None, None) => Ok(Inbox::Maildir(self.default_maildir()?)),
            (None, None, Some(command)) => match command.get_ref().first() {
                Some(program) if program.starts_with('/') => Ok(Inbox::Command(command.get_ref().clone())),
                _ => Err(self.wrong("inbox.command", command, "a list that begins with the program's whole path")),
            },
        }
    }

    fn default_maildir(&self) -> Result<PathBuf> {
        Ok(self.home("inbox.maildir")?.join("Maildir"))
    }

    /// The home, in which that key's default lies.
    fn home(&self, key: &str) -> Result<&Path> {
        let home = self.environment.home.as_deref();
        home.ok_or_else(|| anyhow!("{}: HOME is not set; give {key} as a whole path", self.path.display()))
    }

    fn trust(&self, table: &TrustTable) -> Result<Trust> {
        let mut methods = Vec::new();
        for word in &table.methods {
            let method = Method::parse(word.get_ref()).filter(|method| *method != Method::Spf);
            let wanted = "\"dmarc\" or \"dkim\"; for SPF see trust.gate";
            methods.push(method.ok_or_else(|| self.wrong("trust.methods", word, wanted))?);
        }
        // Only who opts in believes SPF at all: it must not reach a rule by accident.
        match table.gate.as_ref().map(|word| (word, word.get_ref().as_str())) {
            None | Some((_, "domain")) => {}
            Some((_, "spf")) => methods.push(Method::Spf),
            Some((word, _)) => return Err(self.wrong("trust.gate", word, "\"domain\" or \"spf\"")),
        }
        let mut ids = Vec::new();
        for id in &table.authserv_ids {
            // What has `=` is a result: Microsoft writes fields without an id, and anybody can write such a field.
            let good = !id.get_ref().is_empty()
                && id.get_ref().bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b'='));
            if !good {
                return Err(self.wrong(
                    "trust.authserv_ids",
                    id,
                    "the first word of your Authentication-Results fields",
                ));
            }
            ids.push(id.get_ref().to_ascii_lowercase());
        }
        let hops = self.range("trust.hops", &table.hops, 0, 20)?;
        Ok(Trust { ids, methods, hops: usize::try_from(hops).unwrap_or(1), ..Trust::default() })
    }

    fn eyes(&self, table: &EyesTable) -> Result<Eyes> {
        let look = match &table.look {
            None => Look::default(),
            Some(word) => Look::parse(word.get_ref())
                .ok_or_else(|| self.wrong("eyes.look", word, "\"off\", \"where-silent\" or \"always\""))?,
        };
        let methods = match &table.methods {
            None => Eyes::default().methods,
            Some(words) => self.methods_of_eyes(words)?,
        };
        Ok(Eyes { look, methods, look_at_pinned: table.look_at_pinned })
    }

    fn methods_of_eyes(&self, words: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<Method>> {
        let mut methods = Vec::new();
        for word in words.get_ref() {
            let method = Method::parse(word.get_ref()).filter(|method| *method != Method::Dmarc);
            let wanted = "\"dkim\" or \"spf\"; DMARC follows from these";
            methods.push(method.ok_or_else(|| self.wrong("eyes.methods", word, wanted))?);
        }
        // SPF alone says nothing of who wrote a message.
        let has_dkim = methods.contains(&Method::Dkim);
        has_dkim
            .then_some(methods)
            .ok_or_else(|| self.wrong("eyes.methods", words, "[\"dkim\"] or [\"dkim\", \"spf\"]"))
    }

    fn dns(&self, table: &EyesTable) -> Result<Option<Servers>> {
        let Some(words) = &table.dns else { return Ok(None) };
        let texts: Vec<&str> = words.get_ref().iter().map(|word| word.get_ref().as_str()).collect();
        let wrong = |error: ServersError| {
            let is_meant =
                |word: &&Spanned<String>| matches!(&error, ServersError::NotAnAddress(text) if text == word.get_ref());
            match words.get_ref().iter().find(is_meant) {
                Some(word) => self.wrong("eyes.dns", word, &error.to_string()),
                None => self.wrong("eyes.dns", words, &error.to_string()),
            }
        };
        Servers::parse(&texts).map(Some).map_err(wrong)
    }

    /// The fields of the spam filter, all of one scale: a limit is a number on that scale.
    fn score_fields(&self, table: &ScoreTable) -> Result<Vec<ScoreField>> {
        let mut fields: Vec<ScoreField> = Vec::new();
        for word in &table.fields {
            let named = ScoreField::named(word.get_ref());
            if named.is_empty() {
                return Err(self.wrong("score.fields", word, &score_words()));
            }
            if fields.first().is_some_and(|first| first.scale() != named[0].scale()) {
                return Err(self.wrong("score.fields", word, "the fields of one filter: each counts on its own scale"));
            }
            fields.extend(named.into_iter().filter(|field| !fields.contains(field)).collect::<Vec<_>>());
        }
        Ok(fields)
    }

    /// The limits, which must not contradict each other.
    fn score_limits(&self, table: &ScoreTable) -> Result<ScoreLimits> {
        let rows = [
            ("score.pass_below", &table.pass_below),
            ("score.challenge_only_above", &table.challenge_only_above),
            ("score.hold_above", &table.hold_above),
            ("score.discard_above", &table.discard_above),
        ];
        let mut values = [None; 4];
        let mut below: Option<(&str, Points)> = None;
        for ((key, number), value) in rows.into_iter().zip(&mut values) {
            let Some(number) = number else { continue };
            if table.fields.is_empty() {
                return Err(self.wrong(key, number, "needs score.fields, else no score is believed"));
            }
            let bounded = Some(number.get_ref()).filter(|number| (-1_000.0..=1_000.0).contains(*number));
            let points = bounded.and_then(|number| Points::parse(&format!("{number:.6}")));
            let points = points.ok_or_else(|| self.wrong(key, number, "a number from -1000 to 1000"))?;
            if let Some((other, limit)) = below.filter(|(_, limit)| *limit > points) {
                return Err(self.wrong(key, number, &format!("not below {other}, which is {limit}")));
            }
            below = Some((key, points));
            *value = Some(points);
        }
        let [pass_below, challenge_only_above, hold_above, discard_above] = values;
        Ok(ScoreLimits { pass_below, challenge_only_above, hold_above, discard_above })
    }

    fn style(&self, table: &ChallengeTable, owner: &Owner) -> Result<Style> {
        let content = match word_of(&table.content) {
            None | Some("normal") => ContentLevel::Normal,
            Some("minimal") => ContentLevel::Minimal,
            Some("full") => ContentLevel::Full,
            Some(_) => return Err(self.wrong_word("content", &table.content, "\"minimal\", \"normal\" or \"full\"")),
        };
        let answer = match word_of(&table.answer) {
            None | Some("reply") => AnswerDemand::Reply,
            Some("word") => AnswerDemand::Word,
            Some(_) => return Err(self.wrong_word("answer", &table.answer, "\"reply\" or \"word\"")),
        };
        let envelope = match word_of(&table.envelope) {
            None | Some("null") => EnvelopeStyle::Null,
            Some("tagged") if !owner.delimiters.is_empty() => EnvelopeStyle::Tagged,
            Some("tagged") => {
                return Err(self.wrong_word("envelope", &table.envelope, "\"null\", since owner.delimiters is empty"));
            }
            Some(_) => return Err(self.wrong_word("envelope", &table.envelope, "\"null\" or \"tagged\"")),
        };
        let too_fast = self.range("challenge.too_fast", &table.too_fast, 0, 3_600)?;
        Ok(Style { content, answer, too_fast, envelope, alike_note: table.alike_note })
    }

    fn wrong_word(&self, key: &str, value: &Option<Spanned<String>>, wanted: &str) -> anyhow::Error {
        match value {
            Some(value) => self.wrong(&format!("challenge.{key}"), value, wanted),
            None => anyhow!("{}: challenge.{key}: {wanted}", self.path.display()),
        }
    }

    fn languages(&self, words: &[Spanned<String>]) -> Result<Vec<String>> {
        let good =
            |word: &str| (2..=12).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match words.iter().find(|word| !good(word.get_ref())) {
            Some(word) => Err(self.wrong("challenge.languages", word, "\"auto\" or codes such as \"en\" or \"de\"")),
            None if words.is_empty() => bail!("{}: challenge.languages names no language", self.path.display()),
            None => words.iter().map(|word| self.language(word)).collect(),
        }
    }

    /// A language that has a text, the user's own or a built-in one.
    fn language(&self, word: &Spanned<String>) -> Result<String> {
        let code = word.get_ref();
        let own = own_text(self.path, code);
        // One that cannot be looked at is for `templates` to complain about: the built-in text is sent then.
        if code != AUTO && !Template::is_built_in(code) && matches!(own.try_exists(), Ok(false)) {
            let wanted = format!("there is no text for {code:?}; write {}, or leave it out", own.display());
            return Err(self.wrong("challenge.languages", word, &wanted));
        }
        Ok(code.clone())
    }

    fn address(&self, key: &str, text: &Spanned<String>) -> Result<Address> {
        Address::parse(text.get_ref()).map_err(|error| self.wrong(key, text, &error.to_string()))
    }

    fn domain(&self, key: &str, text: &Spanned<String>) -> Result<Domain> {
        Domain::parse(text.get_ref()).map_err(|error| self.wrong(key, text, &error.to_string()))
    }

    fn lists(&self, key: &str, ids: &[Spanned<String>]) -> Result<Vec<ListId>> {
        let parse = |id: &Spanned<String>| {
            let read = ListId::new(id.get_ref()).filter(|list| list.as_str().len() == id.get_ref().len());
            read.ok_or_else(|| self.wrong(key, id, "a list is written as in the angle brackets of its List-Id field"))
        };
        ids.iter().map(parse).collect()
    }

    fn range(&self, key: &str, value: &Number, low: i64, high: i64) -> Result<u32> {
        match u32::try_from(*value.get_ref()) {
            Ok(small) if (low..=high).contains(value.get_ref()) => Ok(small),
            _ => Err(self.wrong(key, value, &format!("a number from {low} to {high}"))),
        }
    }

    /// A whole path, or one that begins with `~/`. A relative one would mean another file for each caller.
    fn file(&self, key: &str, text: &Spanned<String>) -> Result<PathBuf> {
        let path = text.get_ref();
        if path.starts_with('/') {
            return Ok(PathBuf::from(path));
        }
        match (path.strip_prefix("~/"), &self.environment.home) {
            (Some(rest), Some(home)) => Ok(home.join(rest)),
            (Some(_), None) => Err(self.wrong(key, text, "a whole path, since HOME is not set")),
            (None, _) => Err(self.wrong(key, text, "a path that begins with / or ~/")),
        }
    }

    fn wrong<T>(&self, key: &str, value: &Spanned<T>, wanted: &str) -> anyhow::Error {
        let line = self.text[..value.span().start.min(self.text.len())].matches('\n').count() + 1;
        anyhow!("{}:{line}: {key}: {wanted}", self.path.display())
    }
}

/// Where the user's own text of the challenge in a language is.
pub(super) fn own_text(config: &Path, code: &str) -> PathBuf {
    config.with_file_name(format!("challenge.{code}.txt"))
}

fn word_of(value: &Option<Spanned<String>>) -> Option<&str> {
    value.as_ref().map(|word| word.get_ref().as_str())
}

/// What `score.fields` may name.
fn score_words() -> String {
    let mut filters: Vec<&str> = ScoreField::ALL.iter().map(|field| field.filter()).collect();
    filters.sort_unstable();
    filters.dedup();
    let names: Vec<&str> = ScoreField::ALL.iter().map(|field| field.name()).collect();
    format!("a filter ({}) or a field ({})", filters.join(", "), names.join(", "))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::origin::envelope::Caller;
    use crate::policy::Mode;

    /// The configuration that this text is for a user at /home/alice.
    pub(in crate::world::config) fn parse(text: &str) -> Result<Config> {
        let environment = Environment { home: Some("/home/alice".into()), ..Environment::default() };
        Config::parse(text, Path::new("/etc/c.toml"), &environment)
    }

    #[test]
    fn what_is_no_file_of_a_sensible_size_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let load = |path: &Path| {
            let environment = Environment { config: Some(path.to_owned()), ..Environment::default() };
            format!("{:#}", Config::load(&environment).unwrap_err())
        };
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), 0o600.into()).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        std::fs::write(at("large"), "#".repeat(1_000_001)).unwrap();
        for (name, why) in [
            ("fifo", "no regular file"),
            ("zero", "no regular file"),
            ("folder", "no regular file"),
            ("large", "larger than 1 MB"),
            ("nothing", "No such file"),
        ] {
            let said = load(&at(name));
            assert!(said.contains(why) && said.contains(name), "{said}");
        }
    }

    #[test]
    fn three_lines_are_a_configuration() {
        let config = parse("[owner]\naddress = \"alice@example.org\"\n").unwrap();
        assert_eq!(config.policy.mode, Mode::On);
        assert!(config.policy.trust.ids.is_empty());
        assert_eq!(config.paths.inbox, Inbox::Maildir("/home/alice/Maildir".into()));
        assert_eq!(config.paths.quarantine, PathBuf::from("/home/alice/Maildir/.Held"));
        assert_eq!(config.paths.keys, PathBuf::from("/etc/keys"));
        assert_eq!(config.paths.store, PathBuf::from("/home/alice/.local/share/countersign/countersign.db"));
    }

    #[test]
    fn every_error_names_file_line_and_key() {
        let cases = [
            ("", "missing field `owner`"),
            ("[owner]\naddress = \"alice\"\n", "/etc/c.toml:2: owner.address: "),
            ("mode = \"of\"\n[owner]\naddress = \"a@b.c\"\n", "/etc/c.toml:1: mode: \"on\""),
            ("[owner]\naddress = \"a@b.c\"\nadress = 1\n", "/etc/c.toml:3: owner.adress: unknown field `adress`"),
            (
                "[owner]\naddress = \"a@b.c\"\n# [x]\n[challenge]\nper_day = \"one\"\n",
                "5: challenge.per_day: invalid type",
            ),
            ("[owner]\naddress = \"a@b.c\"\nothers = [\n  1,\n]\n", "4: owner.others: invalid type"),
            ("[owner] # me\naddress = 1\n", "2: owner.address: invalid type"),
            ("mode = 1\n[owner]\naddress = \"a@b.c\"\n", "1: mode: invalid type"),
            (
                "[owner]\naddress = \"a@b.c\"\n[replies]\nprivate_lists = [\"a b\"]\n",
                "4: replies.private_lists: a list is written",
            ),
            ("[owner]\naddress = \"a@b.c\"\n[denied]\ndiscard = \"yes\"\n", "4: denied.discard: invalid type"),
            ("[owner]\naddress = alice@example.org\n", "2: owner.address: "),
            ("[owner]\naddress = \"a@b.c\"\n[trust]\nmethods = [\"arc\"]\n", "/etc/c.toml:4: trust.methods: "),
            ("[owner]\naddress = \"a@b.c\"\n[trust]\nhops = -1\n", "/etc/c.toml:4: trust.hops: a number from 0 to 20"),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\nper_day = 99999\n", "/etc/c.toml:4: challenge.per_day: "),
            ("[owner]\naddress = \"a@b.c\"\n[inbox]\nmaildir = \"Mail\"\n", "/etc/c.toml:4: inbox.maildir: "),
            ("[owner]\naddress = \"a@b.c\"\n[inbox]\nmbox = \"a\"\n", "/etc/c.toml:4: inbox.mbox: "),
            (
                "[owner]\naddress = \"a@b.c\"\n[inbox]\nmaildir = \"~/a\"\nmbox = \"~/b\"\n",
                "/etc/c.toml:5: inbox.mbox: alone",
            ),
            (
                "[owner]\naddress = \"a@b.c\"\n[inbox]\ncommand = [\"/a\"]\nmbox = \"~/b\"\n",
                "/etc/c.toml:4: inbox.command: alone",
            ),
            ("[owner]\naddress = \"a@b.c\"\n[inbox]\ncommand = [\"procmail\"]\n", "/etc/c.toml:4: inbox.command: "),
            ("[owner]\naddress = \"a@b.c\"\ndelimiters = \"ab\"\n", "/etc/c.toml:3: owner.delimiters: of \"+\" "),
            (
                "[owner]\naddress = \"a@b.c\"\n[score]\nfields = [\"X-Span\"]\n",
                "/etc/c.toml:4: score.fields: a filter (",
            ),
            (
                "[owner]\naddress = \"a@b.c\"\n[score]\nfields = [\"rspamd\", \"bogofilter\"]\n",
                "/etc/c.toml:4: score.fields: the fields of one filter",
            ),
            (
                "[owner]\naddress = \"a@b.c\"\n[score]\nhold_above = 5\n",
                "/etc/c.toml:4: score.hold_above: needs score.fields",
            ),
            (
                "[owner]\naddress = \"a@b.c\"\n[score]\nfields = [\"rspamd\"]\nhold_above = nan\n",
                "/etc/c.toml:5: score.hold_above: a number from -1000 to 1000",
            ),
            (
                "[owner]\naddress = \"a@b.c\"\n[score]\nfields = [\"rspamd\"]\npass_below = 1001\n",
                "/etc/c.toml:5: score.pass_below: a number from -1000 to 1000",
            ),
            (
                "[owner]\naddress = \"a@b.c\"\n[score]\nfields = [\"rspamd\"]\nhold_above = 1\npass_below = 2.5\n",
                "/etc/c.toml:5: score.hold_above: not below score.pass_below, which is 2.5",
            ),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\ncontent = \"all\"\n", "/etc/c.toml:4: challenge.content: "),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\nanswer = \"no\"\n", "/etc/c.toml:4: challenge.answer: "),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\nenvelope = \"<>\"\n", "/etc/c.toml:4: challenge.envelope: "),
            (
                "[owner]\naddress = \"a@b.c\"\ndelimiters = \"\"\n[challenge]\nenvelope = \"tagged\"\n",
                "owner.delimiters is empty",
            ),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\ntoo_fast = -1\n", "/etc/c.toml:4: challenge.too_fast: "),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\ntoo_fast = 3601\n", "a number from 0 to 3600"),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\ntoo_fast = \"5\"\n", "/etc/c.toml:4: "),
            (
                "[owner]\naddress = \"a@b.c\"\n[challenge]\nbreaker_alike = -1\n",
                "/etc/c.toml:4: challenge.breaker_alike: ",
            ),
            ("[owner\n", "/etc/c.toml:1: "),
        ];
        for (text, wanted) in cases {
            let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(wanted), "{text:?} gave {error:?}");
        }
    }

    #[test]
    fn every_error_of_own_eyes_names_the_line_that_is_wrong_and_what_to_write() {
        let many = format!("dns = [{}]", "\"::1\", ".repeat(9));
        for (text, wanted) in [
            ("look = \"on\"", "4: eyes.look: \"off\", \"where-silent\" or \"always\""),
            ("look = true", "4: eyes.look: invalid type"),
            ("lok = \"off\"", "4: eyes.lok: unknown field"),
            ("methods = \"dkim\"", "4: eyes.methods: invalid type"),
            ("\nmethods = []", "5: eyes.methods: [\"dkim\"] or [\"dkim\", \"spf\"]"),
            ("methods = [\n\"spf\"\n]", "4: eyes.methods: [\"dkim\"] or [\"dkim\", \"spf\"]"),
            ("methods = [\n\"dkim\",\n\"dmarc\"]", "6: eyes.methods: \"dkim\" or \"spf\"; DMARC follows"),
            ("\ndns = []", "5: eyes.dns: no DNS server is named; leave dns out for those of the system"),
            ("dns = \"::1\"", "4: eyes.dns: invalid type"),
            ("dns = [\n\"::1\",\n\"localhost\",\n]", "6: eyes.dns: \"localhost\" is no address of a DNS server; write"),
            (many.as_str(), "4: eyes.dns: 9 DNS servers are named; 8 may be"),
            ("look_at_pinned = \"yes\"", "4: eyes.look_at_pinned: invalid type"),
        ] {
            let error = parse(&format!("[owner]\naddress = \"a@b.c\"\n[eyes]\n{text}\n")).err();
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(&format!("/etc/c.toml:{wanted}")), "{text:?} gave {error:?}");
        }
    }

    #[test]
    fn a_filter_stands_for_all_its_fields_and_limits_are_exact() {
        let text = "[owner]\naddress = \"a@b.c\"\n[score]\nfields = [\"SpamAssassin\", \"x-spam-status\"]\n\
            pass_below = -0.5\nhold_above = 5\n";
        let policy = parse(text).unwrap().policy;
        assert_eq!(policy.trust.scores.len(), 4);
        let limits =
            ScoreLimits { pass_below: Points::parse("-0.5"), hold_above: Points::parse("5"), ..ScoreLimits::default() };
        assert_eq!(policy.score, limits);
        assert!(parse("[owner]\naddress = \"a@b.c\"\n").unwrap().policy.trust.scores.is_empty());
    }

    #[test]
    fn spf_is_believed_only_by_who_opts_in() {
        let with = |line: &str| parse(&format!("[owner]\naddress = \"a@b.c\"\n[trust]\n{line}\n"));
        for line in ["", "gate = \"domain\"", "methods = [\"dkim\"]"] {
            assert!(!with(line).unwrap().policy.trust.methods.contains(&Method::Spf), "{line}");
        }
        assert!(with("gate = \"spf\"").unwrap().policy.trust.methods.contains(&Method::Spf));
        for line in ["gate = \"SPF\"", "gate = true", "methods = [\"spf\"]", "authserv_ids = [\"spf=pass\"]"] {
            assert!(with(line).is_err(), "{line}");
        }
    }

    #[test]
    fn without_home_every_path_must_be_whole() {
        let parse = |text: &str| Config::parse(text, Path::new("/c.toml"), &Environment::default());
        assert!(parse("[owner]\naddress = \"a@b.c\"\n").is_err());
        let whole = "[owner]\naddress = \"a@b.c\"\n[inbox]\nmaildir = \"/m\"\n[files]\nstore = \"/s\"\n";
        assert_eq!(parse(whole).unwrap().paths.quarantine, PathBuf::from("/m/.Held"));
        assert!(Environment::default().config_file().is_err());
    }

    #[test]
    fn every_delimiter_that_may_be_configured_is_one_at_which_tokens_are_looked_for() {
        use crate::facts::Facts;
        use crate::origin::auth::Trust;
        for delimiter in DELIMITERS.chars() {
            let text = format!("[owner]\naddress = \"a@b.c\"\ndelimiters = \"{delimiter}\"\n");
            assert!(parse(&text).is_ok(), "{delimiter}");
            let to = format!("a{delimiter}c12em04hmasw91nfkhj1hrff3tfhqc0hz@b.c");
            let mail = format!("From: x@y.z\nTo: {to}\n\nx\n");
            let facts = Facts::read(mail.as_bytes(), &Caller::default(), &Trust::default());
            assert_eq!(facts.tokens().len(), 1, "{to}");
        }
        for other in "ab/%@ ".chars() {
            assert!(parse(&format!("[owner]\naddress = \"a@b.c\"\ndelimiters = \"{other}\"\n")).is_err());
        }
    }
}
