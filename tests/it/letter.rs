//! Letters as tests write them: the lines a mail system puts on top, the fields, the body.
//!
//! Promises: [`Letter::from`] is a stranger whom the gate lets be asked; every method changes one thing about it.

use super::world::Sent;

/// The user's address in every test.
pub const OWNER: &str = "alice@example.org";
/// The mail system whose findings are believed in every test.
pub const AUTHSERV_ID: &str = "mx.example.org";
/// The Subject of a challenge in English, without its token.
pub const SUBJECT: &str = "Auto: please reply so that your message is delivered";

/// One message.
#[derive(Clone, Debug)]
pub struct Letter {
    return_path: Option<String>,
    delivered_to: Option<String>,
    results: Option<String>,
    fields: Vec<(String, String)>,
    body: String,
}

impl Letter {
    /// A letter from a person at a proven domain, written to the user.
    pub fn from(address: &str) -> Letter {
        let domain = address.rsplit_once('@').expect("an address").1;
        let mut letter = Letter {
            return_path: Some(address.to_owned()),
            delivered_to: Some(OWNER.to_owned()),
            results: None,
            fields: Vec::new(),
            body: "Hello Alice,\n\nwe met in Wonderland.\n".to_owned(),
        };
        let id = format!("<{}.{}@{domain}>", address.len(), address.replace(['@', '+', '='], "."));
        for (name, value) in [
            (
                "Received",
                format!(
                    "from out.{domain} (out.{domain} [192.0.2.7])\n\tby mx.example.org with ESMTPS id 4B1\n\tfor <{OWNER}>; Sat, 21 Nov 2026 12:00:00 +0000"
                ),
            ),
            ("From", address.to_owned()),
            ("To", OWNER.to_owned()),
            ("Subject", "Tea at five".to_owned()),
            ("Date", "Sat, 21 Nov 2026 12:00:00 +0000".to_owned()),
            ("Message-ID", id),
        ] {
            letter.fields.push((name.to_owned(), value));
        }
        letter.proven(&format!("dmarc=pass header.from={domain}; dkim=pass header.d={domain}"))
    }

    /// An answer to a challenge, as a mail program writes it when "Reply" and "Send" are pressed.
    pub fn answer(challenge: &Sent, from: &str) -> Letter {
        let to = challenge.field("Reply-To").or_else(|| challenge.field("From")).expect("somebody to answer to");
        let to = to.rsplit_once('<').map_or(to.clone(), |(_, inner)| inner.trim_end_matches('>').to_owned());
        let id = challenge.field("Message-ID").expect("a Message-ID");
        let quoted: String = challenge.body().lines().map(|line| format!("> {line}\n")).collect();
        Letter::from(from)
            .delivered_to(&to)
            .field("To", &to)
            .field("Subject", &format!("Re: {}", challenge.field("Subject").expect("a Subject")))
            .field("In-Reply-To", &id)
            .field("References", &id)
            .field("Message-ID", &format!("<answer.{}>", from))
            .body(&format!("On Sat, 21 Nov 2026 Alice wrote:\n{quoted}"))
    }

    /// An answer that says nothing and carries the token nowhere yet: where its Subject has one, it is cut off.
    pub fn bare_answer(from: &str) -> Letter {
        let subject = format!("Re: {SUBJECT}");
        Letter::from(from).field("Message-ID", &format!("<bare.{}>", from)).field("Subject", &subject).body("")
    }

    /// The envelope sender; `""` and `"<>"` are the null one.
    pub fn envelope(mut self, address: &str) -> Letter {
        self.return_path = Some(address.trim_matches(['<', '>']).to_owned());
        self
    }

    /// No mail system says who sent it.
    pub fn without_envelope(mut self) -> Letter {
        self.return_path = None;
        self
    }

    /// The address it was delivered for.
    pub fn delivered_to(mut self, address: &str) -> Letter {
        self.delivered_to = Some(address.to_owned());
        self
    }

    /// What the trusted mail system found out.
    pub fn proven(mut self, results: &str) -> Letter {
        self.results = Some(results.to_owned());
        self
    }

    /// The trusted mail system has looked for a signature, and there is none.
    pub fn unsigned(self) -> Letter {
        self.proven("dkim=none")
    }

    /// The trusted mail system says nothing.
    pub fn unproven(mut self) -> Letter {
        self.results = None;
        self
    }

    /// Sets a field, in place of the first one of that name.
    pub fn field(mut self, name: &str, value: &str) -> Letter {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some(field) => field.1 = value.to_owned(),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Adds a field, whether there is one of that name or not.
    pub fn also(mut self, name: &str, value: &str) -> Letter {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes all fields of that name.
    pub fn without(mut self, name: &str) -> Letter {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// Sets the body.
    pub fn body(mut self, text: &str) -> Letter {
        self.body = text.to_owned();
        self
    }

    /// As the mail system hands it over.
    pub fn bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        if let Some(address) = &self.return_path {
            text.push_str(&format!("Return-Path: <{address}>\n"));
        }
        if let Some(address) = &self.delivered_to {
            text.push_str(&format!("X-Original-To: {address}\nDelivered-To: {address}\n"));
        }
        if let Some(results) = &self.results {
            text.push_str(&format!("Authentication-Results: {AUTHSERV_ID};\n\t{}\n", results.replace("; ", ";\n\t")));
        }
        for (name, value) in &self.fields {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        text.push_str(&self.body);
        text.into_bytes()
    }

    /// What the sender's side handed over: without the lines of this delivery.
    pub fn handed_over(&self) -> Vec<u8> {
        let mut bare = self.clone();
        (bare.return_path, bare.delivered_to) = (None, None);
        bare.bytes()
    }
}
