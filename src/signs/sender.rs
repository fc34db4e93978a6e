//! What the part of an address before the `@` says about who sits behind it: a role, a program, a list, one message
//! of many.
//!
//! Promises: names alone, never a dictionary of people; a name that people carry is no sign. Linear in time. Never
//! touches: whether such an address may pass (that is `policy`).

use crate::mail::address::Address;

/// What a local part says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalPart {
    /// It takes the answers to challenges of TMDA and its kin.
    Confirm,
    /// It says that it takes no answers.
    NoReply,
    /// A long random text, made for one message.
    Random,
    /// A role at which nobody sent the message himself, or a program.
    Role,
    /// It holds the address of a recipient: one of many messages (VERP).
    Verp,
}

/// A question to a local part.
type Rule = fn(&str) -> bool;

/// What the local part of this address says, the most telling first; `None` for a name as people have.
#[must_use]
pub fn read(address: &Address) -> Option<LocalPart> {
    let folded = folded(address);
    let local = without_tmda_tag(&folded);
    let rules: [(Rule, LocalPart); 5] = [
        (is_confirm, LocalPart::Confirm),
        (is_role, LocalPart::Role),
        (is_no_reply, LocalPart::NoReply),
        (is_verp, LocalPart::Verp),
        (is_random, LocalPart::Random),
    ];
    rules.into_iter().find(|(matches, _)| matches(local)).map(|(_, says)| says)
}

/// Whether the address is one from which mail systems send bounces (RFC 5321 section 4.5.1, RFC 3834 section 2).
#[must_use]
pub fn is_mail_system(address: &Address) -> bool {
    let folded = folded(address);
    MAIL_SYSTEMS.iter().any(|words| is_words(without_extension(&folded), words))
}

const MAIL_SYSTEMS: [&str; 3] = ["mail-daemon", "mailer-daemon", "post-master"];

/// Whether a word that stands where a name should is that of a program that takes no answers: `no-reply`. Separators
/// count only where the words join, and then the first word must be a whole one: Eleanor Epley and Dino Replogle are
/// people.
#[must_use]
pub fn is_no_reply(local: &str) -> bool {
    let text = without_extension(local);
    // Read at every sender: the first byte leaves next to nothing to compare.
    text.bytes().enumerate().any(|(at, first)| {
        let alike = NO_REPLY.iter().filter(|line| line.as_bytes()[0] == first);
        alike.flat_map(|line| line.split(' ')).any(|words| {
            let whole = at == 0 || text[..at].ends_with(is_separator);
            behind_words(&text[at..], words, whole).is_some()
        })
    })
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | ' ' | '\'' | '\u{2019}')
}

/// What follows these words at the start of the text, joined directly or, if that is allowed, by separators.
fn behind_words<'t>(text: &'t str, words: &str, separated: bool) -> Option<&'t str> {
    words.split('-').enumerate().try_fold(text, |rest, (number, word)| {
        let joined = number > 0 && separated;
        let rest = if joined { rest.trim_start_matches(is_separator) } else { rest };
        rest.strip_prefix(word)
    })
}

/// Whether the text is these words and nothing else, however they are joined: `mailer_daemon`, `MailerDaemon`.
fn is_words(text: &str, words: &str) -> bool {
    behind_words(text, words, true).is_some_and(str::is_empty)
}

/// The ways to say it, word by word, the last one up to where its endings differ: `do-not-reply`, `orders.noreply`,
/// `ne_pas_repondre`. All of a line begin alike.
const NO_REPLY: [&str; 7] = [
    "ala-vastaa",
    "do-not-answer do-not-repl do-not-respon don-t-answer don-t-repl don-t-respon",
    "geen-antwoord",
    "ikke-svar",
    "keine-antwort",
    "n\u{e3}o-respond nao-respond ne-odpovidej ne-pas-r\u{e9}pondre ne-pas-repondre nicht-antworten nicht-beantworten \
     nie-odpowiadaj niet-beantwoorden no-repl no-reponse no-respon non-rispondere not-reply",
    "svar-ikke svara-ej",
];

/// The local part in lower case, out of its BATV wrapping: `prvs=…=bounce-1@x` is a bounce address too.
fn folded(address: &Address) -> String {
    address.plain_local()
}

/// Local parts of programs, and of roles at which nobody sent the message himself (RFC 3834 section 2, RFC 5230
/// section 4.6, RFC 2142; the local parts that list programs, monitoring and shops write from), word by word. All of a
/// line begin alike.
const ROLES: &[&str] = &[
    "abuse alert alerts amavis amavisd anacron angebote announce announcement announcements antivirus apache",
    "arpwatch asterisk auto auto-confirm auto-mailer auto-reply auto-responder automated automatic aviso avisos",
    "backuppc benachrichtigung benachrichtigungen bestellbestaetigung bildirim biuletyn boletim boletin bot",
    "bugzilla buildbot bulten",
    "clamav commits confirm confirmation confirmations confluence copier cron",
    "daemon deals digest discourse dmarc dmarc-report dmarc-reports dokuwiki double-bounce drupal",
    "e-invoice e-news e-newsletter echo ezmlm",
    "fail2ban fax-server fax2mail form-submission form-submissions ftpmail",
    "gerrit gitea gitlab grafana",
    "help-desk hirlevel host-master httpd",
    "icinga icinga2 infolettre infomail invitations invoices invoicing",
    "jenkins jira joomla",
    "list-master list-proc list-serv list-server lists logcheck logwatch lyris",
    "magento mail-bot mail-scanner mailchimp mailer mailing mailing-list mailings mailman mailshot maiser majordomo",
    "marketing mdadm mediawiki meldungen monit monitor monitoring moodle munin",
    "nagios netdata news nextcloud nieuwsbrief nobody noc notice notices notifica notificacao notificacion",
    "notificaciones notificacoes notification notifications notifiche notifier notify nyhedsbrev nyhetsbrev",
    "ofertas oferte oferty offers offres order-confirmation order-status order-update orders owner",
    "phabricator phpbb powiadomienia prestashop prometheus promo promos promotion promotions",
    "quarantine",
    "rassylka receipts redmine reminder reminders robot root",
    "scan-to-mail scan2mail scanner security-alert service-desk ship-confirm shipment shipment-tracking",
    "shipping-confirmation shopware smartd smartlist smtp-relay sonarqube statements status-update subscribe",
    "subscriptions survey surveys svn sympa system system-administrator",
    "tickets tls-reports tls-rpt trac tracking typo3",
    "unsubscribe updates uucp uutiskirje",
    "vbulletin verification verify virus-alert voice-mail",
    "watchdog web-form woocommerce wordpress www-data wwwrun",
    "zabbix",
];

/// Words that mark a role also as one of several words: `weekly.newsletter`, `account-notifications`.
const ROLE_WORDS: &str = "alerts automailer autoreply autoresponder bounces helpdesk mailings newsletter newsletters notification \
     notifications notify promotions robot servicedesk unsubscribe";

/// Words at the start that bounce addresses of lists have, followed by anything but a letter.
const ROLE_STARTS: [&str; 5] = ["owner-", "bounce", "bounces", "return", "returns"];

/// Ends that addresses of list programs have.
const ROLE_ENDS: [&str; 8] = ["-owner", "-request", "-bounces", "-bounce", "-admin", "-errors", "-relay", "-confirm"];

/// What list programs write behind the `+` of a list's address (mlmmj, Mailman): `friends+owner`.
const LIST_COMMANDS: [&str; 6] = ["bounce", "bounces", "confsub", "owner", "request", "unsubscribe"];

fn is_role(local: &str) -> bool {
    let base = without_extension(local);
    let command = local[base.len()..].trim_start_matches('+').split(['-', '+', '=']).next().unwrap_or_default();
    let starts = |word: &&str| {
        local
            .strip_prefix(*word)
            .is_some_and(|rest| word.ends_with('-') || !rest.starts_with(|c: char| c.is_alphabetic()))
    };
    let alike = ROLES.iter().filter(|line| line.as_bytes().first() == base.as_bytes().first());
    alike.flat_map(|line| line.split_ascii_whitespace()).chain(MAIL_SYSTEMS).any(|role| is_words(base, role))
        || ROLE_STARTS.iter().any(starts)
        || ROLE_ENDS.iter().any(|word| base.ends_with(word))
        || LIST_COMMANDS.contains(&command)
        || base.split(['-', '_', '.']).any(|word| ROLE_WORDS.split_ascii_whitespace().any(|role| role == word))
        || base.starts_with("newsletter")
        // From which Exchange sends its reports: `MicrosoftExchange329e71ec…`.
        || base.starts_with("microsoftexchange")
        || local.contains("-return-")
        || local.contains("+bounces")
}

/// TMDA's addresses of a person for a time, a purpose or a correspondent, without what it adds: `bob-dated-1234567890.f00d17`,
/// `bob-keyword-shop.f00d17`, `bob+sender+f00d17` are bob.
fn without_tmda_tag(local: &str) -> &str {
    let user = ["dated", "keyword", "sender"].iter().find_map(|word| {
        let at = local.rfind(word)?;
        let user = local[..at].strip_suffix(['-', '+']).filter(|user| !user.is_empty())?;
        let tag = local[at + word.len()..].strip_prefix(['-', '+'])?;
        let hash = tag.rsplit('.').next().unwrap_or_default();
        let whole = (*word == "sender") == (hash.len() == tag.len());
        (whole && hash.len() >= 6 && hash.bytes().all(|b| b.is_ascii_hexdigit())).then_some(user)
    });
    user.unwrap_or(local)
}

/// `bob-confirm-accept.1047.f00d@x` (TMDA), `bob+confirm-17@x`: a keyword between separators, and more behind it.
fn is_confirm(local: &str) -> bool {
    ["-confirm", "+confirm", "-confirm-accept", "-conf", "+conf"].iter().any(|word| {
        local.match_indices(word).any(|(at, _)| {
            let rest = &local[at + word.len()..];
            at > 0 && rest.starts_with(['-', '+', '.', '=']) && rest.bytes().any(|b| b.is_ascii_digit())
        })
    })
}

/// `list-17-user=example.org`: the recipient's address behind the last separator. SRS looks alike and is a person's
/// address that a forwarder rewrote.
fn is_verp(local: &str) -> bool {
    let Some((before, domain)) = local.rsplit_once('=') else { return false };
    let top = domain.rsplit_once('.').map_or("", |(host, top)| if host.is_empty() { "" } else { top });
    let name = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_lowercase());
    name && before.contains(['-', '+']) && !local.starts_with("srs0") && !local.starts_with("srs1")
}

/// At least 24 characters, half of them hexadecimal, six of them digits: `0102018a…-000000`. No name is like that.
fn is_random(local: &str) -> bool {
    let count = local.chars().count();
    let hexadecimal = local.bytes().filter(u8::is_ascii_hexdigit).count();
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    count >= 24 && hexadecimal * 2 >= count && digits >= 6
}

fn without_extension(local: &str) -> &str {
    match local.find('+') {
        Some(at) if at > 0 => &local[..at],
        _ => local,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_line_begin_with_one_letter() {
        for line in ROLES.iter().chain(&NO_REPLY) {
            assert!(line.split(' ').all(|role| !role.is_empty() && role.as_bytes()[0] == line.as_bytes()[0]), "{line}");
        }
    }
}
