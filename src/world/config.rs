//! The configuration: one TOML file and the environment, read into values that cannot be wrong.
//!
//! Promises: every error names file, line and key and says the way out; an unknown key is an error; every default
//! is in this file and nowhere else. Never touches: the keys, the store, the mail.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use toml::Spanned;

use crate::mail::address::{Address, DELIMITERS, Domain};
use crate::origin::auth::{Method, Trust};
use crate::origin::envelope::Caller;
use crate::origin::score::{Points, ScoreField};
use crate::policy::template::Template;
use crate::policy::{AnswerDemand, Caps, ContentLevel, EnvelopeStyle, Mode, Owner, Policy, ScoreLimits, Style};

/// In `challenge.languages`: the language the message itself is written in.
const AUTO: &str = "auto";

/// The environment as far as this program reads it, taken once at the start.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `COUNTERSIGN_CONFIG`, or `--config` made whole.
    pub config: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, if absolute.
    pub config_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`, if absolute.
    pub data_home: Option<PathBuf>,
    /// What the mail system says about the envelope.
    pub caller: Caller,
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// The key file.
    pub keys: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// The quarantine, a Maildir.
    pub quarantine: PathBuf,
    /// Where mail goes that passes.
    pub inbox: Inbox,
    /// The mail system's sendmail.
    pub sendmail: PathBuf,
}

/// Where mail goes that passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbox {
    /// A program that takes the message on its standard input and answers 0 when it has it.
    Command(Vec<String>),
    /// A Maildir.
    Maildir(PathBuf),
}

/// The configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// What decides.
    pub policy: Policy,
    /// Where everything is.
    pub paths: Paths,
}

impl Environment {
    /// Reads the process's environment.
    #[must_use]
    pub fn read() -> Environment {
        let text = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let path = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let first = |names: &[&str]| names.iter().find_map(|name| text(name));
        let user = first(&["USER", "LOGNAME"]).unwrap_or_default();
        Environment {
            home: path("HOME"),
            config: std::env::var_os("COUNTERSIGN_CONFIG").filter(|text| !text.is_empty()).map(PathBuf::from),
            config_home: path("XDG_CONFIG_HOME"),
            data_home: path("XDG_DATA_HOME"),
            caller: Caller {
                return_path_line: text("RPLINE"),
                sender: text("SENDER"),
                recipient: text("RECIPIENT"),
                original_recipient: first(&["ORIGINAL_RECIPIENT", "ORIG_RECIPIENT"]),
                extension: first(&["EXTENSION", "EXT", "LOCAL_PART_SUFFIX"]),
                user: Some((user, rustix::process::getuid().as_raw())),
                ..Caller::default()
            },
        }
    }

    /// The configuration file this environment means.
    ///
    /// # Errors
    /// When nothing says where it is, or not by a whole path.
    pub fn config_file(&self) -> Result<PathBuf> {
        if let Some(path) = &self.config {
            // Another file for each caller, or none and so silently the usual one, is worse than an error.
            let shown = path.display();
            ensure!(
                path.is_absolute(),
                "COUNTERSIGN_CONFIG is {shown}; it must be a whole path, one that begins with /"
            );
            return Ok(path.clone());
        }
        let folder = match (&self.config_home, &self.home) {
            (Some(folder), _) => folder.clone(),
            (None, Some(home)) => home.join(".config"),
            (None, None) => bail!("HOME is not set; say where the configuration is with --config FILE"),
        };
        Ok(folder.join("countersign/config.toml"))
    }

    /// Where the store is when the configuration does not say.
    ///
    /// # Errors
    /// When HOME is not set.
    pub fn data_folder(&self) -> Result<PathBuf> {
        match (&self.data_home, &self.home) {
            (Some(folder), _) => Ok(folder.join("countersign")),
            (None, Some(home)) => Ok(home.join(".local/share/countersign")),
            (None, None) => bail!("HOME is not set, and the configuration does not say where the store is"),
        }
    }
}

impl Config {
    /// Reads the file that the environment means.
    ///
    /// # Errors
    /// Any that a person must mend; file, line and key are in the text.
    pub fn load(environment: &Environment) -> Result<Config> {
        let path = environment.config_file()?;
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}; `countersign init` makes one", path.display()))?;
        Config::parse(&text, &path, environment)
    }

    /// Reads a configuration from a text.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Config> {
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
            trust: Trust { scores: reader.score_fields(&file.score)?, ..reader.trust(&file.trust)? },
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
            languages: reader.languages(&file.challenge.languages)?,
            owner,
            host,
        };
        Ok(Config { policy, paths })
    }

    /// The challenge's texts, the user's own before the built-in ones. In the place of `auto` stands the language that
    /// was guessed for the message, if there is a text for it.
    ///
    /// # Errors
    /// Names the file that is wrong. The delivery path falls back to the built-in text then: a slip in a text must
    /// not stop mail.
    pub fn templates(&self, guess: Option<&str>) -> Result<Vec<Template>> {
        let codes = self.languages(guess);
        codes.iter().map(|code| self.template(code)).collect()
    }

    /// The built-in texts of the configured languages, English where there is none.
    #[must_use]
    pub fn built_in_templates(&self, guess: Option<&str>) -> Vec<Template> {
        let mut found: Vec<Template> =
            self.languages(guess).iter().filter_map(|code| Template::built_in(code)).collect();
        if found.is_empty() {
            found.extend(Template::built_in("en"));
        }
        found
    }

    fn languages(&self, guess: Option<&str>) -> Vec<String> {
        let known = |code: &&str| Template::is_built_in(code) || self.own_text(code).exists();
        let guess = guess.filter(known);
        let mut codes: Vec<String> = Vec::new();
        for code in &self.policy.languages {
            let code = if code == AUTO { guess } else { Some(code.as_str()) };
            codes.extend(code.filter(|code| !codes.iter().any(|known| known == code)).map(str::to_owned));
        }
        if codes.is_empty() {
            codes.push("en".to_owned());
        }
        codes
    }

    fn own_text(&self, code: &str) -> PathBuf {
        own_text(&self.paths.config, code)
    }

    fn template(&self, code: &str) -> Result<Template> {
        let path = self.own_text(code);
        let template = match std::fs::read_to_string(&path) {
            Ok(text) => Template::parse(code, &text).with_context(|| format!("{}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Template::built_in(code)
                .ok_or_else(|| anyhow!("there is no text for the language {code:?}; write {}", path.display()))?,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        if self.policy.style.answer == AnswerDemand::Word && !template.has("word") {
            bail!("{}: challenge.answer is \"word\", and the text does not say {{word}}", path.display());
        }
        Ok(template)
    }
}

/// The file as it is written. Its defaults are the program's defaults.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mode: ModeWord,
    owner: OwnerTable,
    #[serde(default)]
    inbox: InboxTable,
    #[serde(default)]
    quarantine: QuarantineTable,
    #[serde(default)]
    trust: TrustTable,
    #[serde(default)]
    score: ScoreTable,
    #[serde(default)]
    challenge: ChallengeTable,
    #[serde(default)]
    denied: DeniedTable,
    #[serde(default)]
    files: FilesTable,
}

#[derive(Clone, Copy)]
struct ModeWord(Mode);

impl Default for ModeWord {
    fn default() -> ModeWord {
        ModeWord(Mode::On)
    }
}

impl<'de> Deserialize<'de> for ModeWord {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<ModeWord, D::Error> {
        let word = String::deserialize(input)?;
        let mode = match word.as_str() {
            "on" => Mode::On,
            "observe" => Mode::Observe,
            "off" => Mode::Off,
            _ => return Err(serde::de::Error::custom("\"on\", \"observe\" or \"off\"")),
        };
        Ok(ModeWord(mode))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerTable {
    address: Spanned<String>,
    #[serde(default)]
    others: Vec<Spanned<String>>,
    name: Option<String>,
    #[serde(default)]
    delimiters: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct InboxTable {
    maildir: Option<Spanned<String>>,
    command: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct QuarantineTable {
    maildir: Option<Spanned<String>>,
    keep_days: Number,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TrustTable {
    authserv_ids: Vec<Spanned<String>>,
    methods: Vec<Spanned<String>>,
    gate: Option<Spanned<String>>,
    hops: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScoreTable {
    fields: Vec<Spanned<String>>,
    pass_below: Option<Spanned<f64>>,
    challenge_only_above: Option<Spanned<f64>>,
    hold_above: Option<Spanned<f64>>,
    discard_above: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ChallengeTable {
    days_between: Number,
    per_hour: Number,
    per_day: Number,
    languages: Vec<Spanned<String>>,
    breaker_alike: Number,
    alike_note: bool,
    content: Option<Spanned<String>>,
    answer: Option<Spanned<String>>,
    envelope: Option<Spanned<String>>,
    sendmail: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DeniedTable {
    discard: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FilesTable {
    keys: Option<Spanned<String>>,
    store: Option<Spanned<String>>,
}

type Number = Spanned<i64>;

fn number(value: i64) -> Number {
    Spanned::new(0..0, value)
}

impl Default for QuarantineTable {
    fn default() -> QuarantineTable {
        QuarantineTable { maildir: None, keep_days: number(30) }
    }
}

impl Default for TrustTable {
    fn default() -> TrustTable {
        let methods = ["dmarc", "dkim"].map(|word| Spanned::new(0..0, word.to_owned())).into();
        TrustTable { authserv_ids: Vec::new(), methods, gate: None, hops: number(1) }
    }
}

impl Default for ChallengeTable {
    fn default() -> ChallengeTable {
        ChallengeTable {
            days_between: number(7),
            per_hour: number(20),
            per_day: number(100),
            languages: [AUTO, "en"].map(|code| Spanned::new(0..0, code.to_owned())).into(),
            breaker_alike: number(5),
            alike_note: false,
            content: None,
            answer: None,
            envelope: None,
            sendmail: None,
            host: None,
        }
    }
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
            None => PathBuf::from("/usr/sbin/sendmail"),
        };
        Ok(Paths { config: self.path.to_owned(), keys, store, quarantine, inbox, sendmail })
    }

    fn inbox(&self, table: &InboxTable) -> Result<Inbox> {
        match (&table.maildir, &table.command) {
            (Some(_), Some(command)) => {
                Err(self.wrong("inbox.command", command, "not beside inbox.maildir: give one of them"))
            }
            (Some(text), None) => Ok(Inbox::Maildir(self.file("inbox.maildir", text)?)),
            (None, None) => Ok(Inbox::Maildir(self.default_maildir()?)),
            (None, Some(command)) => match command.get_ref().first() {
                Some(program) if program.starts_with('/') => Ok(Inbox::Command(command.get_ref().clone())),
                _ => Err(self.wrong("inbox.command", command, "a list that begins with the program's whole path")),
            },
        }
    }

    fn default_maildir(&self) -> Result<PathBuf> {
        let home = self.environment.home.as_ref();
        home.map(|home| home.join("Maildir"))
            .ok_or_else(|| anyhow!("{}: HOME is not set; give inbox.maildir as a whole path", self.path.display()))
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
        Ok(Trust { ids, methods, hops: usize::try_from(hops).unwrap_or(1), scores: Vec::new() })
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
        Ok(Style { content, answer, envelope, alike_note: table.alike_note })
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
fn own_text(config: &Path, code: &str) -> PathBuf {
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

/// The parser's own words, in the form `file:line: what`.
fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
    let what = error.message().replace('\n', " ");
    let key = if what.starts_with("missing field") { None } else { key_at(text, line) };
    anyhow!("{}:{line}: {}{what}", path.display(), key.map(|key| format!("{key}: ")).unwrap_or_default())
}

/// The key whose value stands on that line, counted from 1, or goes on there.
fn key_at(text: &str, line: usize) -> Option<String> {
    let (mut table, mut key) = (None, None);
    for line in text.lines().take(line).map(str::trim) {
        let bare =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let header = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = header.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|name| bare(name)) {
            (table, key) = (Some(name), None);
        } else if let Some((name, _)) = line.split_once('=').filter(|(name, _)| bare(name.trim())) {
            key = Some(name.trim());
        }
    }
    let key = key?;
    Some(table.map_or_else(|| key.to_owned(), |table| format!("{table}.{key}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config> {
        let environment = Environment { home: Some("/home/alice".into()), ..Environment::default() };
        Config::parse(text, Path::new("/etc/c.toml"), &environment)
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
            ("[owner]\naddress = \"a@b.c\"\n[denied]\ndiscard = \"yes\"\n", "4: denied.discard: invalid type"),
            ("[owner]\naddress = alice@example.org\n", "2: owner.address: "),
            ("[owner]\naddress = \"a@b.c\"\n[trust]\nmethods = [\"arc\"]\n", "/etc/c.toml:4: trust.methods: "),
            ("[owner]\naddress = \"a@b.c\"\n[trust]\nhops = -1\n", "/etc/c.toml:4: trust.hops: a number from 0 to 20"),
            ("[owner]\naddress = \"a@b.c\"\n[challenge]\nper_day = 99999\n", "/etc/c.toml:4: challenge.per_day: "),
            ("[owner]\naddress = \"a@b.c\"\n[inbox]\nmaildir = \"Mail\"\n", "/etc/c.toml:4: inbox.maildir: "),
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
    fn a_configuration_is_named_by_its_whole_path_or_not_at_all() {
        let of = |config: &str| {
            let environment =
                Environment { home: Some("/home/alice".into()), config: Some(config.into()), ..Environment::default() };
            environment.config_file()
        };
        assert_eq!(of("/etc/c.toml").unwrap(), PathBuf::from("/etc/c.toml"));
        for odd in ["c.toml", "./c.toml", "~/c.toml"] {
            assert!(of(odd).unwrap_err().to_string().contains("COUNTERSIGN_CONFIG"), "{odd}");
        }
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
            assert_eq!(facts.tokens.len(), 1, "{to}");
        }
        for other in "ab/%@ ".chars() {
            assert!(parse(&format!("[owner]\naddress = \"a@b.c\"\ndelimiters = \"{other}\"\n")).is_err());
        }
    }

    #[test]
    fn a_text_of_the_users_own_comes_first_and_a_bad_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let environment = Environment { home: Some(folder.path().into()), ..Environment::default() };
        let text = "[owner]\naddress = \"a@b.c\"\n[challenge]\nlanguages = [\"en\", \"xx\"]\n";
        let error = Config::parse(text, &path, &environment).unwrap_err().to_string();
        assert!(
            error.contains("config.toml:4: challenge.languages: ") && error.contains("challenge.xx.txt"),
            "{error}"
        );
        std::fs::write(folder.path().join("challenge.xx.txt"), "Subject: x\n\n{nobody}\n").unwrap();
        let config = Config::parse(text, &path, &environment).unwrap();
        let error = format!("{:#}", config.templates(None).unwrap_err());
        assert!(
            error.contains("challenge.xx.txt") && error.contains("line 3") && error.contains("{nobody}"),
            "{error}"
        );
        assert_eq!(config.built_in_templates(None).len(), 1);
    }

    #[test]
    fn the_guessed_language_stands_in_the_place_of_auto() {
        let of = |languages: &str, guess| {
            let config =
                parse(&format!("[owner]\naddress = \"a@b.c\"\n[challenge]\nlanguages = {languages}\n")).unwrap();
            config.templates(guess).unwrap().into_iter().map(|text| text.language).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("[\"auto\", \"en\"]", Some("de")), "de en");
        assert_eq!(of("[\"en\", \"auto\"]", Some("de")), "en de");
        assert_eq!(of("[\"auto\", \"en\"]", Some("en")), "en");
        assert_eq!(of("[\"auto\", \"en\"]", None), "en");
        assert_eq!(of("[\"auto\"]", None), "en");
        assert_eq!(of("[\"auto\", \"fr\"]", Some("xx")), "fr");
        assert_eq!(of("[\"en\"]", Some("de")), "en");
    }

    #[test]
    fn a_text_of_the_users_own_must_name_the_word_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let environment = Environment { home: Some(folder.path().into()), ..Environment::default() };
        let text = "[owner]\naddress = \"a@b.c\"\n[challenge]\nanswer = \"word\"\nlanguages = [\"xx\"]\n";
        std::fs::write(folder.path().join("challenge.xx.txt"), "Subject: x\n\nHello {owner}\n").unwrap();
        let config = Config::parse(text, &path, &environment).unwrap();
        assert!(config.templates(None).unwrap_err().to_string().contains("{word}"));
        std::fs::write(folder.path().join("challenge.xx.txt"), "Subject: x\n\nWrite {word}\n").unwrap();
        assert!(config.templates(None).is_ok());
    }
}
