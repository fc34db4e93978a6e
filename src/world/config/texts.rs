//! The challenge's texts: which languages are asked for, and the user's own before the built-in ones.
//!
//! Promises: an error names the file that is wrong. Never touches: the texts that are built in.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};

use super::document::AUTO;
use super::reader::{Config, own_text};
use crate::policy::AnswerDemand;
use crate::policy::template::Template;
use crate::world::regular;

impl Config {
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
        let template = match regular::text(&path) {
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

#[cfg(test)]
mod tests {
    use super::super::Environment;
    use super::super::reader::tests::parse;
    use super::*;

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
        std::fs::remove_file(folder.path().join("challenge.xx.txt")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("challenge.xx.txt"), 0o600.into()).unwrap();
        let error = format!("{:#}", config.templates(None).unwrap_err());
        assert!(error.contains("challenge.xx.txt") && error.contains("no regular file"), "{error}");
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
