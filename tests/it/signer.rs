//! Letters with a DKIM signature (RFC 6376, RFC 8463), as the mail system of a stranger makes them.
//!
//! Promises: relaxed in both forms, Ed25519, the key of every test; what is changed afterwards breaks it. The verifier under test
//! has no part in it.

use data_encoding::BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};

/// What a signature says, and of what.
#[derive(Clone, Debug)]
pub struct Signer {
    pub domain: String,
    pub fields: Vec<&'static str>,
    /// `t=`, seconds since 1970.
    pub at: Option<i64>,
}

impl Signer {
    pub fn of(domain: &str, at: i64) -> Signer {
        let fields = vec!["from", "to", "subject", "date", "message-id"];
        Signer { domain: domain.to_owned(), fields, at: Some(at) }
    }

    /// A zone's line with the key.
    pub fn key(&self) -> String {
        format!(
            "s._domainkey.{} TXT v=DKIM1; k=ed25519; p={}\n",
            self.domain,
            BASE64.encode(pair().public_key().as_ref())
        )
    }

    /// The message with the signature above the first field that it covers.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(message.to_vec()).expect("a text");
        let (head, body) = text.split_once("\n\n").expect("a body");
        let at = self.at.map(|at| format!(" t={at};")).unwrap_or_default();
        let body_hash = BASE64.encode(&Sha256::digest(relaxed_body(body)));
        let covered = self.fields.join(":");
        let value = format!(
            " v=1; a=ed25519-sha256; c=relaxed/relaxed; d={}; s=s;{at} h={covered};\n\tbh={body_hash}; b=",
            self.domain
        );
        let mut input = String::new();
        for name in &self.fields {
            let field = fields(head).into_iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let (name, value) = field.unwrap_or_else(|| panic!("no field {name}"));
            input.push_str(&relaxed(&name, &value));
            input.push_str("\r\n");
        }
        input.push_str(&relaxed("DKIM-Signature", &value));
        // RFC 8463 section 3: the hash is what is signed.
        let signature = BASE64.encode(pair().sign(&Sha256::digest(input)).as_ref());
        let place = head.find("\nFrom:").map_or(0, |at| at + 1);
        format!("{}DKIM-Signature:{value}{signature}\n{}\n\n{body}", &head[..place], &head[place..]).into_bytes()
    }
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key")
}

fn fields(head: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in head.lines() {
        match (line.starts_with([' ', '\t']), found.last_mut()) {
            (true, Some((_, value))) => value.push_str(&format!("\n{line}")),
            _ => found.extend(line.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()))),
        }
    }
    found
}

fn relaxed(name: &str, value: &str) -> String {
    let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    format!("{}:{value}", name.to_ascii_lowercase())
}

fn relaxed_body(body: &str) -> String {
    let line = |line: &str| {
        let words = line.trim_end_matches([' ', '\t']);
        let mut out = String::new();
        for c in words.chars() {
            match c {
                ' ' | '\t' if out.ends_with(' ') => {}
                ' ' | '\t' => out.push(' '),
                c => out.push(c),
            }
        }
        out + "\r\n"
    };
    let whole: String = body.lines().map(line).collect();
    let kept = whole.trim_end_matches("\r\n");
    if kept.is_empty() { String::new() } else { format!("{kept}\r\n") }
}
