//! Letters with a DKIM signature (RFC 6376, RFC 8463), as the mail system of a stranger makes them.
//!
//! Promises: relaxed in both forms, Ed25519 or RSA, the keys of every test; what is changed afterwards breaks it. The
//! verifier under test has no part in it.

use data_encoding::BASE64;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest, Sha256};

/// What a signature says, and of what.
#[derive(Clone, Debug)]
pub struct Signer {
    pub domain: String,
    pub fields: Vec<&'static str>,
    /// `t=`, seconds since 1970.
    pub at: Option<i64>,
    /// Further tags, each with its semicolon: `l=9; `.
    pub more: String,
    /// With the RSA key of so many bits: 2048 or 4096.
    pub rsa: Option<u16>,
}

impl Signer {
    pub fn of(domain: &str, at: i64) -> Signer {
        let fields = vec!["from", "to", "subject", "date", "message-id"];
        Signer { domain: domain.to_owned(), fields, at: Some(at), more: String::new(), rsa: None }
    }

    /// A zone's line with the key.
    pub fn key(&self) -> String {
        let (kind, key) = match self.rsa {
            Some(bits) => ("rsa", BASE64.encode(&subject_public_key(rsa_pair(bits).public_key().as_ref()))),
            None => ("ed25519", BASE64.encode(pair().public_key().as_ref())),
        };
        format!("s._domainkey.{} TXT v=DKIM1; k={kind}; p={key}\n", self.domain)
    }

    /// The message with the signature above its From field.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(message.to_vec()).expect("a text");
        let (head, body) = text.split_once("\n\n").expect("a body");
        [self.sign_head(head, &Sha256::digest(relaxed_body(body))), body.to_owned().into_bytes()].concat()
    }

    /// The head with the signature and the empty line behind it, for a body whose relaxed form has that hash.
    pub fn sign_head(&self, head: &str, body_hash: &[u8]) -> Vec<u8> {
        let at = self.at.map(|at| format!(" t={at};")).unwrap_or_default();
        let (kind, covered) = (if self.rsa.is_some() { "rsa" } else { "ed25519" }, self.fields.join(":"));
        let value = format!(
            " v=1; a={kind}-sha256; c=relaxed/relaxed; d={}; s=s;{at} {}h={covered};\n\tbh={}; b=",
            self.domain,
            self.more,
            BASE64.encode(body_hash)
        );
        let mut input = String::new();
        let mut left = fields(head);
        for name in &self.fields {
            // The lowest one first; one that is not there is nothing (RFC 6376 section 5.4.2).
            if let Some(at) = left.iter().rposition(|(known, _)| known.trim_end().eq_ignore_ascii_case(name)) {
                let (name, value) = left.remove(at);
                input.push_str(&format!("{}\r\n", relaxed(name.trim_end(), &value)));
            }
        }
        input.push_str(&relaxed("DKIM-Signature", &value));
        let signature = BASE64.encode(&self.signature(input.as_bytes()));
        let place = head.find("\nFrom:").map_or(0, |at| at + 1);
        format!("{}DKIM-Signature:{value}{signature}\n{}\n\n", &head[..place], &head[place..]).into_bytes()
    }

    fn signature(&self, text: &[u8]) -> Vec<u8> {
        // RFC 8463 section 3: the hash is what is signed.
        let Some(bits) = self.rsa else { return pair().sign(&Sha256::digest(text)).as_ref().to_vec() };
        let pair = rsa_pair(bits);
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).expect("a signature");
        signature
    }
}

/// A zone's line with an RSA key of so many bits, of which nobody knows the other half.
pub fn key_of(bits: usize, domain: &str) -> String {
    let modulus = [vec![0, 0x80], vec![0x5b; bits / 8 - 2], vec![1]].concat();
    let numbers = [der(2, &modulus), der(2, &[1, 0, 1])].concat();
    let key = BASE64.encode(&subject_public_key(&der(0x30, &numbers)));
    format!("s._domainkey.{domain} TXT v=DKIM1; k=rsa; p={key}\n")
}

/// The form of RFC 5280 section 4.1 in which RSA keys are published.
fn subject_public_key(key: &[u8]) -> Vec<u8> {
    const RSA: [u8; 15] = [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let bits = der(3, &[&[0], key].concat());
    der(0x30, &[&RSA[..], &bits].concat())
}

fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(value.len()).expect("a short value") {
        length @ 0..=127 => vec![length as u8],
        length => [&[0x82][..], &length.to_be_bytes()].concat(),
    };
    [&[tag], &length[..], value].concat()
}

fn rsa_pair(bits: u16) -> RsaKeyPair {
    let text = match bits {
        2048 => include_str!("../../fixtures/signer/rsa-2048.pk8.txt"),
        4096 => include_str!("../../fixtures/signer/rsa-4096.pk8.txt"),
        _ => panic!("there is no key of {bits} bits"),
    };
    let text: String = text.split_whitespace().collect();
    RsaKeyPair::from_pkcs8(&BASE64.decode(text.as_bytes()).expect("base64")).expect("a key")
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
