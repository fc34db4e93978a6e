//! The programs beside a mail system that check mail and sign it: the lines that set them up, taken out of the very document
//! that users read and the tests run, and what Postfix's two lists of milters show.
//!
//! Promises: what is advised is what the document says. Never touches: the mail system's files.

use crate::mail::address::Domain;
use crate::world::surroundings;

/// The document, with a block for each file under the heading of each program.
const PAGE: &str = include_str!("../../../docs/install.md");
/// What stands in it for the user's domain and for the name of the mail server.
const DOMAIN: &str = "example.org";
const SERVER: &str = "mx.example.org";
/// Where Postfix is told of them.
const MAIN_CF: &str = "/etc/postfix/main.cf";
/// The setting without which nothing of what programs send is signed.
const LOCAL: &str = "non_smtpd_milters";
/// The port at which rspamd speaks to milters, as it is shipped.
const RSPAMD_PORT: &str = ":11332";

/// The program that checks and signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checker {
    /// opendkim, and opendmarc beside it.
    OpenDkim,
    /// rspamd.
    Rspamd,
}

impl Checker {
    /// The heading of its part of the document.
    fn title(self) -> &'static str {
        match self {
            Checker::OpenDkim => "opendkim and opendmarc",
            Checker::Rspamd => "rspamd",
        }
    }

    /// The files that it needs, in the order of the document.
    fn files(self) -> &'static [&'static str] {
        match self {
            Checker::OpenDkim => &["/etc/opendkim.conf", "/etc/opendmarc.conf", "/etc/opendmarc.nobody", MAIN_CF],
            Checker::Rspamd => {
                &["/etc/rspamd/local.d/milter_headers.conf", "/etc/rspamd/local.d/dkim_signing.conf", MAIN_CF]
            }
        }
    }

    /// Which of those lines make it sign.
    fn signs(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Checker::OpenDkim => {
                ("/etc/opendkim.conf", &["Mode ", "Domain ", "Selector ", "KeyFile ", "InternalHosts "])
            }
            Checker::Rspamd => ("/etc/rspamd/local.d/dkim_signing.conf", &["selector ", "path ", "sign_local "]),
        }
    }

    /// All of it, a step for each file.
    pub(super) fn set_up(self, domain: &Domain, server: &str) -> Vec<String> {
        let step = |file: &&str| format!("{file}: {}", lines(self, file, domain, server).join(" / "));
        self.files().iter().map(step).collect()
    }

    /// What it must be told, to sign for that domain.
    fn sign_for(self, domain: &Domain) -> String {
        let (file, names) = self.signs();
        let lines = lines(self, file, domain, SERVER);
        let lines: Vec<&str> =
            lines.iter().map(String::as_str).filter(|line| names.iter().any(|name| line.starts_with(name))).collect();
        let more = match self {
            Checker::OpenDkim => " (or a SigningTable that has it)",
            Checker::Rspamd => ", and the key at that path",
        };
        format!(
            "{} signs for {domain} by these lines in {file}{more}; here a / ends one: {}",
            self.short(),
            lines.join(" / ")
        )
    }

    fn short(self) -> &'static str {
        match self {
            Checker::OpenDkim => "opendkim",
            Checker::Rspamd => "rspamd",
        }
    }
}

/// The lines of the document for that file, with the user's names in them.
fn lines(checker: Checker, file: &str, domain: &Domain, server: &str) -> Vec<String> {
    let line = |line: &str| {
        // The server's name may hold what stands for the domain.
        let parts: Vec<String> = line.split(SERVER).map(|part| part.replace(DOMAIN, domain.as_str())).collect();
        parts.join(server)
    };
    block(PAGE, checker.title(), file).map(line).collect()
}

/// The lines of the block that stands behind the name of that file under that heading.
fn block<'p>(page: &'p str, title: &str, file: &str) -> impl Iterator<Item = &'p str> {
    let heading = format!("### {title}");
    let part = page.lines().skip_while(move |line| *line != heading).skip(1).take_while(|line| !line.starts_with("##"));
    let named = format!("`{file}`:");
    let behind = part.skip_while(move |line| !line.ends_with(&named)).skip_while(|line| !line.starts_with("```"));
    behind.skip(1).take_while(|line| !line.starts_with("```"))
}

/// To which programs Postfix gives mail before it takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Milters {
    /// What comes by SMTP (`smtpd_milters`).
    pub(super) smtp: String,
    /// What programs on this machine send (`non_smtpd_milters`).
    pub(super) local: String,
}

impl Milters {
    /// Those of Postfix on this machine; none without Postfix.
    #[must_use]
    pub fn seen() -> Option<Milters> {
        match surroundings::postconf(&["smtpd_milters", LOCAL])?.as_slice() {
            [smtp, local] => Some(Milters::of(smtp, local)),
            _ => None,
        }
    }

    /// By these two settings.
    #[must_use]
    pub fn of(smtp: &str, local: &str) -> Milters {
        // `$smtpd_milters` in the one stands for the other.
        let local = if matches!(local, "$smtpd_milters" | "${smtpd_milters}") { smtp } else { local };
        Milters { smtp: smtp.to_owned(), local: local.to_owned() }
    }

    /// What has to be done so that challenges leave signed for that domain, a step each.
    pub(super) fn ways_to_sign(&self, domain: &Domain) -> Vec<String> {
        if !self.local.is_empty() {
            return vec![checker_of(&self.local).sign_for(domain)];
        }
        if !self.smtp.is_empty() {
            let signer = checker_of(&self.smtp);
            return vec![format!("in main.cf: {}", self.missing_line()), signer.sign_for(domain)];
        }
        let main_cf = |checker: Checker| lines(checker, MAIN_CF, domain, SERVER).join(" / ");
        let step = |checker: Checker| format!("{}; in {MAIN_CF}: {}", checker.sign_for(domain), main_cf(checker));
        vec![
            "let opendkim or rspamd sign; docs/install.md has all of it".to_owned(),
            step(Checker::OpenDkim),
            format!("or {}", step(Checker::Rspamd)),
        ]
    }

    /// The line that gives what programs send to what checks mail by SMTP: to opendkim alone where it is among others, for
    /// opendmarc would judge the user's own mail.
    fn missing_line(&self) -> String {
        let named =
            block(PAGE, Checker::OpenDkim.title(), MAIN_CF).find(|line| line.starts_with(LOCAL)).unwrap_or(LOCAL);
        let port = named.rsplit(':').next().unwrap_or_default();
        let mut milters = self.smtp.split([',', ' ']).filter(|milter| !milter.is_empty());
        match milters.find(|milter| milter.rsplit(':').next() == Some(port)) {
            Some(signer) => format!("{LOCAL} = {signer}"),
            None => format!("{LOCAL} = $smtpd_milters"),
        }
    }
}

fn checker_of(milters: &str) -> Checker {
    let is_rspamd = milters.contains(RSPAMD_PORT) || milters.contains("rspamd");
    if is_rspamd { Checker::Rspamd } else { Checker::OpenDkim }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> Domain {
        Domain::parse("example.net").unwrap()
    }

    #[test]
    fn the_document_has_every_file_and_what_makes_each_program_sign() {
        for checker in [Checker::OpenDkim, Checker::Rspamd] {
            for file in checker.files() {
                assert!(block(PAGE, checker.title(), file).count() > 0, "{file} under {}", checker.title());
            }
            let (_, names) = checker.signs();
            let said = checker.sign_for(&domain());
            assert!(names.iter().all(|name| said.contains(name)), "{said}");
            assert!(!said.contains(DOMAIN), "{said}");
            // None is cut where it is shown.
            let steps = checker.set_up(&domain(), "mx.example.net");
            assert!(steps.iter().all(|step| step.chars().count() < 500 && !step.contains(DOMAIN)), "{steps:?}");
        }
        let text = Checker::OpenDkim.set_up(&domain(), "mail.example.org").join("\n");
        for needed in
            ["Socket inet:8891@", "AuthservID mail.example.org ", "AlwaysAddARHeader yes", "Socket inet:8893@"]
        {
            assert!(text.contains(needed), "{needed}: {text}");
        }
        let text = Checker::Rspamd.set_up(&domain(), "mx.example.net").join("\n");
        for needed in ["use = [\"authentication-results\"];", "skip_local = false;", "sign_local = true;"] {
            assert!(text.contains(needed), "{needed}: {text}");
        }
    }

    #[test]
    fn a_block_belongs_to_its_heading_and_its_file() {
        let page = "### one\n`a`:\n\n```\n1\n```\n`b`:\n```sh\n2\n3\n```\n### two\nIn `a`:\n\n```\n4\n```\n## end\n`c`:\n```\n5\n```\n";
        let of = |title: &str, file: &str| block(page, title, file).collect::<Vec<_>>();
        assert_eq!((of("one", "a"), of("one", "b"), of("two", "a")), (vec!["1"], vec!["2", "3"], vec!["4"]));
        for (title, file) in [("one", "c"), ("two", "b"), ("two", "c"), ("three", "a")] {
            assert!(of(title, file).is_empty(), "{title} {file}");
        }
    }

    #[test]
    fn the_missing_line_names_the_one_that_signs() {
        for (smtp, line) in [
            ("inet:localhost:8891", "= inet:localhost:8891"),
            ("inet:127.0.0.1:8891, inet:127.0.0.1:8893", "= inet:127.0.0.1:8891"),
            ("inet:127.0.0.1:8893 inet:[::1]:8891", "= inet:[::1]:8891"),
            ("inet:localhost:11332", "= $smtpd_milters"),
            ("unix:/run/opendkim/opendkim.sock", "= $smtpd_milters"),
        ] {
            let ways = Milters::of(smtp, "").ways_to_sign(&domain());
            assert!(
                ways[0].starts_with("in main.cf: non_smtpd_milters =") && ways[0].ends_with(line),
                "{smtp}: {ways:?}"
            );
            let signer = if smtp.contains("11332") { "sign_local = true;" } else { "InternalHosts 127.0.0.1" };
            assert!(ways.len() == 2 && ways[1].contains(signer), "{ways:?}");
        }
        // Where nothing is missing from the list, the program is to blame; where there is none, both are proposed.
        for (local, signer) in [("$smtpd_milters", "rspamd signs"), ("inet:localhost:8891", "opendkim signs")] {
            let ways = Milters::of("inet:localhost:11332", local).ways_to_sign(&domain());
            assert!(ways.len() == 1 && ways[0].starts_with(signer), "{ways:?}");
        }
        for (smtp, local) in [("", ""), ("", "$smtpd_milters")] {
            let ways = Milters::of(smtp, local).ways_to_sign(&domain());
            assert!(ways.len() == 3 && ways[1].contains(LOCAL) && ways[2].contains(RSPAMD_PORT), "{ways:?}");
        }
    }
}
