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

/// What the local part of this address says, the most telling first; `None` for a name as people have.
#[must_use]
pub fn read(address: &Address) -> Option<LocalPart> {
    let local = folded(address);
    if is_confirm(&local) {
        Some(LocalPart::Confirm)
    } else if is_role(&local) {
        Some(LocalPart::Role)
    } else if is_no_reply(&local) {
        Some(LocalPart::NoReply)
    } else if is_verp(&local) {
        Some(LocalPart::Verp)
    } else {
        is_random(&local).then_some(LocalPart::Random)
    }
}

/// Whether a word that stands where a name should is that of a program that takes no answers: `no-reply`. Separators
/// count only where the words join, and then the first word must be a whole one: Eleanor Epley and Dino Replogle are
/// people.
#[must_use]
pub fn is_no_reply(local: &str) -> bool {
    let text = without_extension(local);
    // Read at every sender: the first byte leaves next to nothing to compare.
    text.bytes().enumerate().any(|(at, first)| {
        NO_REPLY.iter().filter(|words| words.as_bytes()[0] == first).any(|words| {
            let whole = at == 0 || text[..at].ends_with(is_separator);
            begins_with_words(&text[at..], words, whole)
        })
    })
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | ' ' | '\'')
}

/// Whether the text begins with these words, joined directly or, if that is allowed, by separators.
fn begins_with_words(text: &str, words: &str, separated: bool) -> bool {
    let mut rest = text;
    words.split('-').enumerate().all(|(number, word)| {
        if number > 0 && separated {
            rest = rest.trim_start_matches(is_separator);
        }
        rest.strip_prefix(word).map(|behind| rest = behind).is_some()
    })
}

/// The ways to say it, word by word: `do-not-reply`, `orders.noreply`, `ne_pas_repondre`.
const NO_REPLY: [&str; 24] = [
    "ala-vastaa",
    "do-not-respond",
    "don-t-reply",
    "geen-antwoord",
    "ikke-svar",
    "keine-antwort",
    "nao-responda",
    "nao-responder",
    "ne-odpovidej",
    "ne-pas-r\u{e9}pondre",
    "ne-pas-repondre",
    "nicht-antworten",
    "nicht-beantworten",
    "nie-odpowiadaj",
    "niet-beantwoorden",
    "no-repl",
    "no-reponse",
    "no-responda",
    "no-responder",
    "no-response",
    "non-rispondere",
    "not-reply",
    "svar-ikke",
    "svara-ej",
];

/// The local part in lower case, out of its BATV wrapping: `prvs=…=bounce-1@x` is a bounce address too.
fn folded(address: &Address) -> String {
    let normal = address.normal();
    normal.as_str().rsplit_once('@').map_or_else(String::new, |(local, _)| local.to_owned())
}

/// Local parts of programs, and of roles at which nobody sent the message himself (RFC 3834 section 2, RFC 5230
/// section 4.6, RFC 2142; the local parts that list programs, monitoring and shops write from).
const ROLES: &[&str] = &[
    "abuse",
    "alert",
    "alerts",
    "amavis",
    "amavisd",
    "anacron",
    "angebote",
    "announce",
    "announcement",
    "announcements",
    "antivirus",
    "apache",
    "arpwatch",
    "asterisk",
    "auto",
    "auto-confirm",
    "auto-reply",
    "autoconfirm",
    "automailer",
    "automated",
    "automatic",
    "autoreply",
    "autoresponder",
    "aviso",
    "avisos",
    "backuppc",
    "benachrichtigung",
    "benachrichtigungen",
    "bestellbestaetigung",
    "bildirim",
    "biuletyn",
    "boletim",
    "boletin",
    "bot",
    "bugzilla",
    "buildbot",
    "bulten",
    "clamav",
    "commits",
    "confirm",
    "confirmation",
    "confirmations",
    "confluence",
    "copier",
    "cron",
    "daemon",
    "deals",
    "digest",
    "discourse",
    "dmarc",
    "dmarc-report",
    "dmarc-reports",
    "dmarcreport",
    "dmarcreports",
    "dokuwiki",
    "double-bounce",
    "drupal",
    "echo",
    "einvoice",
    "enews",
    "enewsletter",
    "ezmlm",
    "fail2ban",
    "fax2mail",
    "faxserver",
    "form-submission",
    "form-submissions",
    "ftpmail",
    "gerrit",
    "gitea",
    "gitlab",
    "grafana",
    "groups-noreply",
    "helpdesk",
    "hirlevel",
    "hostmaster",
    "httpd",
    "icinga",
    "icinga2",
    "infolettre",
    "infomail",
    "invitations",
    "invoices",
    "invoicing",
    "jenkins",
    "jira",
    "joomla",
    "list-server",
    "listmaster",
    "listproc",
    "lists",
    "listserv",
    "logcheck",
    "logwatch",
    "lyris",
    "magento",
    "mail-daemon",
    "mailbot",
    "mailchimp",
    "maildaemon",
    "mailer",
    "mailer-daemon",
    "mailer_daemon",
    "mailerdaemon",
    "mailing",
    "mailinglist",
    "mailings",
    "mailman",
    "mailscanner",
    "mailshot",
    "maiser",
    "majordomo",
    "marketing",
    "mdadm",
    "mediawiki",
    "meldungen",
    "monit",
    "monitor",
    "monitoring",
    "moodle",
    "munin",
    "nagios",
    "netdata",
    "news",
    "nextcloud",
    "nieuwsbrief",
    "nobody",
    "noc",
    "notice",
    "notices",
    "notifica",
    "notificacao",
    "notificacion",
    "notificaciones",
    "notificacoes",
    "notification",
    "notifications",
    "notifiche",
    "notifier",
    "notify",
    "nyhedsbrev",
    "nyhetsbrev",
    "ofertas",
    "oferte",
    "oferty",
    "offers",
    "offres",
    "order-confirmation",
    "order-update",
    "orders",
    "orderstatus",
    "phabricator",
    "phpbb",
    "postmaster",
    "powiadomienia",
    "prestashop",
    "prometheus",
    "promo",
    "promos",
    "promotion",
    "promotions",
    "quarantine",
    "rassylka",
    "receipts",
    "redmine",
    "reminder",
    "reminders",
    "robot",
    "root",
    "scan-to-mail",
    "scan2mail",
    "scanner",
    "scantomail",
    "security-alert",
    "service-desk",
    "servicedesk",
    "ship-confirm",
    "shipment",
    "shipment-tracking",
    "shipping-confirmation",
    "shopware",
    "smartd",
    "smartlist",
    "smtp-relay",
    "sonarqube",
    "statements",
    "status-update",
    "subscribe",
    "subscriptions",
    "survey",
    "surveys",
    "svn",
    "sympa",
    "system",
    "system-administrator",
    "tickets",
    "tls-reports",
    "tlsrpt",
    "trac",
    "tracking",
    "typo3",
    "unsubscribe",
    "updates",
    "uucp",
    "uutiskirje",
    "vbulletin",
    "verification",
    "verify",
    "virusalert",
    "voicemail",
    "watchdog",
    "webform",
    "webmaster-noreply",
    "woocommerce",
    "wordpress",
    "www-data",
    "wwwrun",
    "zabbix",
];

/// Words that mark a role also as one of several words: `weekly.newsletter`, `account-notifications`.
const ROLE_WORDS: [&str; 14] = [
    "alerts",
    "automailer",
    "autoreply",
    "autoresponder",
    "bounces",
    "mailings",
    "newsletter",
    "newsletters",
    "notification",
    "notifications",
    "notify",
    "promotions",
    "robot",
    "unsubscribe",
];

/// Words at the start that bounce addresses of lists have, followed by anything but a letter.
const ROLE_STARTS: [&str; 5] = ["owner-", "bounce", "bounces", "return", "returns"];

/// Ends that addresses of list programs have.
const ROLE_ENDS: [&str; 8] = ["-owner", "-request", "-bounces", "-bounce", "-admin", "-errors", "-relay", "-confirm"];

fn is_role(local: &str) -> bool {
    let base = without_extension(local);
    let starts = |word: &&str| {
        local
            .strip_prefix(*word)
            .is_some_and(|rest| word.ends_with('-') || !rest.starts_with(|c: char| c.is_alphabetic()))
    };
    ROLES.contains(&base)
        || ROLE_STARTS.iter().any(starts)
        || ROLE_ENDS.iter().any(|word| base.ends_with(word))
        || base.split(['-', '_', '.']).any(|word| ROLE_WORDS.contains(&word))
        || base.starts_with("newsletter")
        // From which Exchange sends its reports: `MicrosoftExchange329e71ec…`.
        || base.starts_with("microsoftexchange")
        || local.contains("-return-")
        || local.contains("+bounces")
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

    fn of(local: &str) -> Option<LocalPart> {
        read(&Address::parse(&format!("{local}@x.org")).unwrap())
    }

    #[test]
    fn names_as_people_have_say_nothing() {
        for local in [
            "bob",
            "bob+news",
            "bob+confirm",
            "returning.officer",
            "bouncer",
            "owner",
            "newsome",
            "admin",
            "root.beer",
            "ownership",
            "request",
            "noah.reply",
            "noel.reply",
            "eleanor.epley",
            "dino.replogle",
            "scott.reply",
            "info",
            "office",
            "sales",
            "support",
            "mail",
            "a.very.long.name.of.a.person",
            "maria-magdalena.von-und-zu",
            "srs0+abc=tt=x.org=bob.smith",
            "prvs=4321abcdef=bob",
            "bob=x",
            "systems",
            "alerte",
            "confirmed-bachelor",
            "robotham",
            "abbot",
            "alistair",
            "tracy",
            "monika",
            "scanlon",
            "moodley",
            "conf.2026",
            "notker",
            "echols",
            "scanner.darkly",
            "monitorings",
            "fax",
        ] {
            assert_eq!(of(local), None, "{local}");
        }
    }

    #[test]
    fn roles_and_programs_are_known() {
        for local in [
            "mailer-daemon",
            "Postmaster",
            "root",
            "owner-friends",
            "bounce",
            "bounces+12-ab",
            "bounce_x",
            "return-5",
            "friends-owner",
            "friends-request",
            "friends-bounces",
            "friends-bounces+bob=x.org",
            "friends-admin",
            "friends-return-17-bob=x.org",
            "friends+bounces-2",
            "newsletter",
            "newsletter+bob",
            "newsletterxy",
            "weekly.newsletter",
            "account-notifications",
            "prvs=4321abcdef=bounce-1",
            "www-data",
            "majordomo",
            "double-bounce",
            "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e",
            "orders",
            "helpdesk",
            "abuse",
            "hostmaster",
            "virusalert",
            "amavis",
            "fail2ban",
            "dmarc-reports+x",
            "scan2mail",
            "echo",
            "gerrit",
            "notificaciones",
            "nieuwsbrief",
            "Listmaster",
        ] {
            assert_eq!(of(local), Some(LocalPart::Role), "{local}");
        }
    }

    #[test]
    fn those_that_take_no_answers_are_known_in_many_languages() {
        for local in [
            "noreply",
            "no-reply",
            "No_Reply",
            "do.not.reply",
            "donotreply+17",
            "orders-noreply",
            "noreply-de",
            "nicht-antworten",
            "ne-pas-repondre",
            "no-responder",
            "non-rispondere",
            "nao-responda",
            "notreply",
            "shop_do_not-reply",
            "don't-reply",
            "ordersnoreply",
        ] {
            assert_eq!(of(local), Some(LocalPart::NoReply), "{local}");
        }
    }

    #[test]
    fn names_beside_the_address_are_read_the_same_way() {
        for name in ["eleanor epley", "dino replogle", "no\u{eb}l", "scott reply"] {
            assert!(!is_no_reply(name), "{name}");
        }
        for name in ["no reply", "shop - no-reply", "please do not reply", "don't reply", "no"] {
            assert_eq!(is_no_reply(name), name != "no", "{name}");
        }
    }

    #[test]
    fn addresses_made_for_one_message_are_known() {
        assert_eq!(of("friends-17-bob=example.org"), Some(LocalPart::Verp));
        assert_eq!(of("0102018a1b2c3d4e-5f60-000000"), Some(LocalPart::Random));
        for local in ["bob-confirm-accept.1047.f00d", "bob+confirm+17", "bob-confirm.1047.f00d.x"] {
            assert_eq!(of(local), Some(LocalPart::Confirm), "{local}");
        }
    }
}
