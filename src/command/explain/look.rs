//! What own eyes see of a message, for a person: each signature, what was asked and answered, and what follows.
//!
//! Promises: all three methods are computed, whatever the configuration says; foreign text is fit to be shown. Never touches:
//! the allowance of deliveries, which a person's question does not spend.

use std::io::Read;
use std::net::IpAddr;

use anyhow::anyhow;
use serde::Serialize;

use super::page::{Page, WIDTH};
use crate::cli::ExplainArguments;
use crate::facts::Facts;
use crate::mail::address::Domain;
use crate::mail::display::one_line;
use crate::mail::head::Head;
use crate::operation::case::Case;
use crate::operation::installation::Installation;
use crate::operation::look::{self, Subject, Watch, Watched};
use crate::operation::trouble::Trouble;
use crate::origin::dkim::Checked;
use crate::origin::look::Report;
use crate::origin::question::{Answer, Answers, Finding, Question, Record};
use crate::origin::spf::Client;
use crate::world::allowance::PER_MESSAGE;
use crate::world::input::Incoming;
use crate::world::resolver::{Fault, QUESTION_LIMIT, Resolver};

/// What was seen.
#[derive(Debug, Serialize)]
pub struct LookShown {
    /// `pass`, `fail`, `none`, `temperror` or `permerror`, by RFC 6376, 8301 and 8463.
    pub dkim: &'static str,
    /// The same by RFC 7208; `softfail` counts as `fail`, `neutral` as `none`.
    pub spf: &'static str,
    /// The word of RFC 7208 itself; null where no client is known.
    pub spf_result: Option<&'static str>,
    /// The same by RFC 9989.
    pub dmarc: &'static str,
    /// What is proven of the author's domain, by the stricter rules that a challenge asks for.
    pub proven: Vec<&'static str>,
    /// Why a signature that is there does not count; a name each.
    pub refusals: Vec<&'static str>,
    /// Whether an answer is missing that may have proven more.
    pub unsettled: bool,
    /// Whether the author's domain takes no mail.
    pub takes_no_mail: bool,
    /// Every signature that was read.
    pub signatures: Vec<SignatureShown>,
    /// Every question with its answer.
    pub questions: Vec<QuestionShown>,
    /// How long it took.
    pub milliseconds: u64,
    #[serde(skip)]
    sentences: Vec<String>,
}

/// One signature.
#[derive(Debug, Serialize)]
pub struct SignatureShown {
    /// `d=`.
    pub domain: Option<String>,
    /// `s=`.
    pub selector: String,
    /// `a=`.
    pub algorithm: Option<&'static str>,
    /// What it comes to.
    pub result: &'static str,
    /// Why it does not pass.
    pub refusal: Option<&'static str>,
}

/// One question.
#[derive(Debug, Serialize)]
pub struct QuestionShown {
    /// Of which name.
    pub name: String,
    /// Which records.
    pub r#type: &'static str,
    /// `nxdomain`, `unsettled`, or the records.
    pub answer: String,
    /// Why it is not settled.
    pub fault: Option<&'static str>,
}

/// Reads the rest of the message past the start that the decision needs.
///
/// # Errors
/// When it cannot be read.
pub fn watch<R: Read>(start: &[u8], input: &mut Incoming<R>) -> anyhow::Result<Watched> {
    let mut watch = Watch::begin(start);
    input.copy_rest(&mut |piece| {
        watch.update(piece);
        Ok(())
    })?;
    Ok(watch.finish())
}

/// Looks, and takes down what was seen; what counts is in the report.
///
/// # Errors
/// When what the command line says is none.
pub fn look(
    installation: &Installation,
    arguments: &ExplainArguments,
    case: &Case,
    watched: &Watched,
    now: i64,
) -> Result<(LookShown, Report), Trouble> {
    let servers = look::servers(installation, &arguments.dns)?;
    let arrival = arguments.arrival.unwrap_or(now);
    let mut subject = Subject {
        client: client(arguments)?,
        sender: written_sender(arguments, &case.facts),
        ..Subject::of(installation, &case.facts, &case.standing, watched, arrival)
    };
    subject.scope.everything = true;
    let mut resolver = Resolver::new(&servers, PER_MESSAGE, QUESTION_LIMIT);
    let mut answers = Answers::default();
    let report = look::examine(installation, &subject, &mut resolver, &mut answers);
    let author = case.facts.sender.address();
    let proven = report.found.proven.iter().filter(|(domain, _)| author.is_some_and(|one| one.domain() == domain));
    let mut words: Vec<&'static str> = proven.flat_map(|(_, proofs)| proofs.list()).collect();
    words.dedup();
    let shown = LookShown {
        dkim: report.dkim.finding().name(),
        spf: report.spf.map_or(Finding::None, |result| result.finding()).name(),
        spf_result: report.spf.map(|result| result.name()),
        dmarc: report.dmarc.as_ref().map_or(Finding::None, |judgement| judgement.finding).name(),
        proven: words,
        refusals: report.refusals.iter().map(|refusal| refusal.name).collect(),
        unsettled: report.found.unsettled,
        takes_no_mail: report.found.takes_no_mail,
        signatures: report.dkim.signatures.iter().map(SignatureShown::of).collect(),
        questions: questions(&answers, resolver.faults()),
        milliseconds: u64::try_from(resolver.spent().as_millis()).unwrap_or(u64::MAX),
        sentences: report.refusals.iter().map(|refusal| refusal.sentence.to_owned()).collect(),
    };
    Ok((shown, report))
}

fn client(arguments: &ExplainArguments) -> Result<Option<Client>, Trouble> {
    let Some(text) = &arguments.client else { return Ok(None) };
    let ip: IpAddr =
        text.parse().map_err(|_| Trouble::usage(format!("--client {text}: {}", anyhow!("no IP address"))))?;
    Ok(Some(Client { ip, helo: arguments.helo.clone() }))
}

/// The envelope sender as it is written, for SPF: also one to which this program would not write.
fn written_sender(arguments: &ExplainArguments, facts: &Facts) -> Option<(String, String)> {
    let return_path = || Head::read(facts.start()).first("Return-Path").map(|field| field.text());
    let text = arguments.message.sender.clone().or_else(return_path)?;
    let (local, domain) = text.trim().trim_start_matches('<').trim_end_matches('>').rsplit_once('@')?;
    let domain = Domain::parse(domain).map_or(domain.to_owned(), |domain| domain.as_str().to_owned());
    Some((local.to_owned(), domain))
}

fn questions(answers: &Answers, faults: &[(Question, Fault)]) -> Vec<QuestionShown> {
    let fault =
        |asked: &Question| faults.iter().find(|(question, _)| question == asked).map(|(_, fault)| fault.words());
    let shown = answers.iter().map(|(question, answer)| QuestionShown {
        name: question.name.to_string(),
        r#type: question.kind.name(),
        answer: answer_words(answer),
        fault: fault(question),
    });
    shown.collect()
}

fn answer_words(answer: &Answer) -> String {
    match answer {
        Answer::NoName => "nxdomain".to_owned(),
        Answer::Unsettled => "unsettled".to_owned(),
        Answer::Records(records) if records.is_empty() => "no such records".to_owned(),
        Answer::Records(records) => one_line(&records.iter().map(record_words).collect::<Vec<_>>().join(" | "), WIDTH),
    }
}

fn record_words(record: &Record) -> String {
    let named = |name: &Option<_>| name.as_ref().map_or(".".to_owned(), ToString::to_string);
    match record {
        Record::A(ip) => ip.to_string(),
        Record::Aaaa(ip) => ip.to_string(),
        Record::Mx { preference, host } => format!("{preference} {}", named(host)),
        Record::Ptr(host) => named(host),
        Record::Txt(text) => one_line(&String::from_utf8_lossy(text), WIDTH),
    }
}

impl SignatureShown {
    fn of(checked: &Checked) -> SignatureShown {
        SignatureShown {
            domain: checked.domain.as_ref().map(ToString::to_string),
            selector: checked.selector.clone(),
            algorithm: checked.algorithm.map(|algorithm| algorithm.name()),
            result: checked.finding.name(),
            refusal: checked.refusal.map(|refusal| refusal.name()),
        }
    }
}

impl LookShown {
    /// What own eyes say, and what they do not take for good.
    pub(super) fn in_short(&self, page: &mut Page) {
        let proven = if self.proven.is_empty() { "nothing".to_owned() } else { self.proven.join(", ") };
        let spf = self.spf_result.unwrap_or("none");
        let missing = if self.unsettled { "; an answer is missing, and it may be different later" } else { "" };
        let asked = format!("{} questions, {} ms", self.questions.len(), self.milliseconds);
        let seen = format!("dkim={}, spf={spf}, dmarc={}", self.dkim, self.dmarc);
        page.row("own eyes", &format!("proven: {proven}; {seen} ({asked}){missing}"));
        page.lines("does not count", self.sentences.iter().cloned());
        if self.takes_no_mail {
            page.row("takes mail", "no: nobody there could be asked");
        }
    }

    pub(super) fn columns(&self, page: &mut Page) {
        page.heading("Own eyes");
        let signature = |one: &SignatureShown| {
            let domain = one.domain.as_deref().unwrap_or("no domain");
            let why = one.refusal.map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{}{why}: {domain}, {}, {}", one.result, one.selector, one.algorithm.unwrap_or("unknown algorithm"))
        };
        page.list("signatures", self.signatures.iter().map(signature), "none");
        let question = |one: &QuestionShown| {
            let why = one.fault.map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{} {}: {}{why}", one.r#type, one.name, one.answer)
        };
        page.lines("asked", self.questions.iter().map(question));
        page.row("dkim", self.dkim);
        page.row("spf", self.spf_result.unwrap_or("none: no client is known (--client IP --helo NAME)"));
        page.row("dmarc", self.dmarc);
        page.lines("does not count", self.sentences.iter().cloned());
        page.row("proven", if self.proven.is_empty() { "nothing".to_owned() } else { self.proven.join(", ") }.as_str());
        if self.unsettled {
            page.row("", "an answer is missing; it may be different later");
        }
        if self.takes_no_mail {
            page.row("takes mail", "no: nobody there could be asked");
        }
        page.row("questions", &format!("{}, {} ms", self.questions.len(), self.milliseconds));
    }
}
