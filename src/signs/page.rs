//! How a page of HTML is built: by a person's mail program, or by a designer for many; and what it hides.
//!
//! Promises: looks only at what stands before another message that is quoted or passed on: people pass on what
//! designers built. Linear in time, and bounded. Never touches: what the text means.

use crate::mail::address::Domain;
use crate::mail::html;

/// What the build of a page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// It was laid out for every kind of screen before its first word.
    pub designed: bool,
    /// Comments part the letters of its words.
    pub disguised: bool,
    /// A link shows another host than it leads to.
    pub false_link: bool,
    /// A picture to click at, and no word.
    pub picture: bool,
}

/// Most bytes of a page that are looked at.
const PAGE_LIMIT: usize = 256 * 1024;
/// Fewer letters and digits are no text.
const TEXT_NEEDED: usize = 16;
/// So many words that a comment parts are no accident.
const PARTED_WORDS: usize = 3;
/// So many points make a page designed. A sign that only designers write counts two, one that a person may write by
/// hand (a heading, a colour, a picture at the top) counts one.
const POINTS_NEEDED: usize = 4;
/// Most links that are compared.
const LINK_LIMIT: usize = 200;
/// Longest tag of a link with its text, in bytes.
const TAG_LIMIT: usize = 4 * 1024;
/// Longest text of a link that may be a host, in bytes.
const LINK_TEXT_LIMIT: usize = 300;

/// Looks at one page of whoever it is.
#[must_use]
pub fn look(source: &str) -> Page {
    look_for(source, None)
}

/// Looks at one page of an author at this domain: a link that leads there is none of a stranger, whatever it shows.
#[must_use]
pub fn look_for(source: &str, own: Option<&Domain>) -> Page {
    let source = &source[..source.floor_char_boundary(PAGE_LIMIT)];
    let page = before_another_message(&source.to_ascii_lowercase()).to_owned();
    let foreign = |target: &str| !own.is_some_and(|own| leads_to(target, own.as_str()));
    Page {
        designed: is_designed(&page[..html::text_start(&page)]),
        disguised: parted_words(&page) >= PARTED_WORDS,
        false_link: links(&page).take(LINK_LIMIT).any(|(target, shown)| misleads(target, shown) && foreign(target)),
        picture: is_picture(&page),
    }
}

/// Where mail programs begin what they quote or pass on, in lower case.
fn before_another_message(page: &str) -> &str {
    const STARTS: [&str; 12] = [
        "<blockquote",
        "gmail_quote",
        "moz-cite-prefix",
        "moz-forward-container",
        "yahoo_quoted",
        "divrplyfwdmsg",
        "appendonsend",
        "border-top:solid #b5c4df",
        "border-top:solid #e1e1e1",
        "olk_src_body_section",
        "forwarded message",
        "original message",
    ];
    let end = STARTS.iter().filter_map(|start| page.find(start)).min();
    &page[..end.unwrap_or(page.len())]
}

/// What designers write before the first word, so that every mail program shows the same (the guides of mailing
/// services: Mailchimp's and Campaign Monitor's on coding mail, Litmus, MJML). No mail program for people writes two.
fn is_designed(start: &str) -> bool {
    const SIGNS: [&[&str]; 11] = [
        &["name=\"viewport\"", "name='viewport'", "name=viewport"],
        &["@media"],
        &["mso-table-lspace", "mso-line-height-rule"],
        &["-ms-interpolation-mode"],
        &["text-size-adjust"],
        &[".externalclass", ".readmsgbody"],
        &["x-apple-disable-message-reformatting", "name=\"color-scheme\"", "name=\"format-detection\""],
        &["role=\"presentation\"", "role='presentation'"],
        &["fonts.googleapis.com"],
        &["cellpadding=\"0\"", "cellpadding='0'", "cellpadding=0"],
        &["max-width:600px", "max-width: 600px", "max-width:640px", "max-width: 640px"],
    ];
    const HINTS: [&[&str]; 8] = [
        &["<center", "align=\"center\"", "align=center", "text-align:center", "text-align: center"],
        &["auto;", "auto\"", " auto}"],
        &["border-radius", "box-shadow"],
        &["background-color", "bgcolor", "background:"],
        &["<h1", "<h2", "<h3", "<h4"],
        &["max-width"],
        &["<img src=\"http", "<img src='http", "<img src=\"//"],
        &["<noframes", "<thead><thead", "display:none", "display: none"],
    ];
    let count = |signs: &[&[&str]]| signs.iter().filter(|words| words.iter().any(|word| start.contains(word))).count();
    let column = usize::from(has_fixed_column(start));
    let in_link = usize::from(start.rfind("<a ").is_some_and(|open| !start[open..].contains("</a")));
    2 * (count(&SIGNS) + column) + count(&HINTS) + in_link >= POINTS_NEEDED
}

/// A column as wide as designers make it for mail: 500 to 800 points.
fn has_fixed_column(start: &str) -> bool {
    start.match_indices("width=").take(LINK_LIMIT).any(|(at, word)| {
        let value = start[at + word.len()..].trim_start_matches(['"', '\'']);
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        let end = value[digits..].starts_with(['"', '\'', ' ', '>']);
        end && digits == 3 && value[..digits].parse().is_ok_and(|width: u32| (500..=800).contains(&width))
    })
}

/// How many comments stand between two letters: `v<!-- x -->iagra` (SpamAssassin's rules on obfuscation).
fn parted_words(page: &str) -> usize {
    let bytes = page.as_bytes();
    let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let mut count = 0;
    let mut at = 0;
    while let Some(found) = page[at..].find("<!--") {
        let start = at + found;
        let Some(length) = page[start..].find("-->") else { break };
        at = start + length + 3;
        count += usize::from(letter(start.checked_sub(1)) && letter(Some(at)));
    }
    count
}

/// The links of a page: where each leads to, and what it shows, still as HTML.
fn links(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.match_indices("<a ").filter_map(|(at, _)| {
        let rest = &page[at..page.floor_char_boundary(at + TAG_LIMIT)];
        let (tag, inner) = rest.split_once('>')?;
        let target = tag.split_once("href=")?.1.trim_start_matches(['"', '\'', ' ']);
        let target = target.split(['"', '\'', ' ']).next().unwrap_or_default();
        let shown = &inner[..inner.floor_char_boundary(LINK_TEXT_LIMIT)];
        Some((target, shown.split("</a").next().unwrap_or_default()))
    })
}

/// Whether the shown text is an address of the web, and the target holds its domain nowhere. Gateways that look at
/// every link (Microsoft, Proofpoint, Barracuda) put the first target into the one they write.
fn misleads(target: &str, shown: &str) -> bool {
    let target = target.trim();
    if !target.starts_with("http:") && !target.starts_with("https:") {
        return false;
    }
    let text = html::to_text(shown);
    let text = text.trim();
    let plain = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = plain.or_else(|| text.starts_with("www.").then_some(text)) else { return false };
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let named = host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    named && !target.contains(registered(host))
}

/// Whether a link of the web leads to a host of this domain: it, one below it, or the one that it is below. What stands
/// before an `@` is no host, and browsers read `\\` as `/`.
fn leads_to(target: &str, own: &str) -> bool {
    let Some((_, rest)) = target.split_once("://") else { return false };
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
    let below =
        |inner: &str, outer: &str| inner.strip_suffix(outer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    host.contains('.') && (below(host, own) || below(own, host))
}

/// The name that somebody registered, roughly: the label before the ending, or before `co.uk`, `com.br` and their like.
fn registered(host: &str) -> &str {
    let mut labels = host.rsplit('.').skip(1);
    match (labels.next(), labels.next()) {
        (Some(short), Some(name)) if short.len() <= 3 && name != "www" => name,
        (Some(name), _) => name,
        (None, _) => host,
    }
}

fn is_picture(page: &str) -> bool {
    let shows = links(page)
        .take(LINK_LIMIT)
        .any(|(target, shown)| target.starts_with("http") && shown.contains("<img") && shown.contains("http"));
    shows && html::to_text(page).chars().filter(|c| c.is_alphanumeric()).count() < TEXT_NEEDED
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str =
        "<head><meta name=\"viewport\" content=\"width=device-width\"><style>@media print{}</style></head>";

    #[test]
    fn what_mail_programs_build_is_no_design() {
        for page in [
            "",
            "<p>Hello</p>",
            "<html><head><meta name=\"viewport\" content=\"width=device-width\"></head><body>Hello</body></html>",
            "<head><meta name=Generator content=\"Microsoft Word 15\"><style>@page WordSection1 {}</style></head>Hello",
            "<div dir=\"ltr\">Hello<br><table cellpadding=\"0\" role=\"presentation\" width=\"600\"><tr><td>Bob</table></div>",
            "<body style=\"word-wrap: break-word; -webkit-nbsp-mode: space\">Hello</body>",
            "<table width=\"600\"><tr><td>a</td></tr></table>",
            "<table width=\"100%\" cellpadding=\"0\"><tr><td>a</td></tr></table>",
            "<body bgcolor=\"#ffffff\"><h1 align=\"center\">My birthday</h1>",
            "<p style=\"text-align:center\"><img src=\"https://x.example/logo.png\"></p><p>Dear Alice</p>",
            "<a href=\"https://x.example/\">https://x.example/</a>",
        ] {
            assert_eq!(look(page), Page::default(), "{page}");
        }
    }

    #[test]
    fn what_is_passed_on_is_not_the_senders_build() {
        for start in ["<blockquote>", "<div class=\"gmail_quote\">", "<p>---------- Forwarded message ---------</p>"] {
            let page = format!("<p>Look!</p>{start}{DESIGN}<a href=\"http://x.example\">https://y.example</a>");
            assert_eq!(look(&page), Page::default(), "{start}");
            assert_eq!(look(&format!("{start}{DESIGN}Buy")), Page::default(), "{start}");
        }
    }

    #[test]
    fn a_page_laid_out_for_every_screen_is_designed() {
        for page in [
            &format!("<html>{DESIGN}<body>Buy</body></html>"),
            "<TABLE WIDTH=\"600\" CELLPADDING=\"0\"><tr><td>Buy</td></tr></TABLE>",
            "<style>table{mso-table-lspace:0pt} body{-webkit-text-size-adjust:100%}</style>Buy",
            "<center><a href=\"http://x.example\"><h2 style=\"background-color:red\">Win</h2></a>",
        ] {
            assert!(look(page).designed, "{page}");
        }
    }

    #[test]
    fn words_parted_by_comments_are_disguised() {
        let disguised = |page: &str| look(page).disguised;
        assert!(!disguised("a <!-- x --> b <!--[if mso]>c<![endif]--> d<!-- y --><p>e <!-- z -->f"));
        assert!(!disguised("a<!--x-->b c<!--y-->d"), "twice may be an accident");
        assert!(!disguised("a<!--x"));
        assert!(disguised("ch<!--x-->eap me<!--y-->ds on<!-- z -->line"));
    }

    #[test]
    fn a_link_that_shows_another_host_is_false() {
        let misleads = |target: &str, shown: &str| look(&format!("<a href=\"{target}\">{shown}</a>")).false_link;
        for (target, shown) in [
            ("https://www.x.example/a", "https://www.x.example/a"),
            ("https://shop.x.example/a", "www.x.example"),
            ("https://x.example/a", "here"),
            ("https://x.example/a", "the file notes.txt"),
            ("mailto:bob@x.example", "www.y.example"),
            ("https://gate.test/?url=https%3A%2F%2Fwww.y.example%2F", "https://www.y.example/"),
            ("https://y.co.uk/", "www.y.co.uk"),
            ("#top", "www.y.example"),
        ] {
            assert!(!misleads(target, shown), "{target} {shown}");
        }
        for (target, shown) in [
            ("http://evil.test/x", "https://www.bank.example/login"),
            ("http://192.0.2.7/~u/", "<b>www.bank.example</b>"),
            ("https://evil.test/", "HTTP://bank.co.uk"),
        ] {
            assert!(misleads(target, shown), "{target} {shown}");
        }
    }

    #[test]
    fn a_link_to_the_authors_own_domain_is_not_false() {
        let own = Domain::parse("mail.x.example").unwrap();
        let misleads = |target: &str| {
            look_for(&format!("<a href=\"{target}\">https://www.y.example/login</a>"), Some(&own)).false_link
        };
        for target in [
            "https://mail.x.example/?to=1",
            "https://click.mail.x.example:8080/a",
            "http://X.example./",
            "https://www.x.example/17",
            "https://bob@mail.x.example/",
        ] {
            assert!(!misleads(target), "{target}");
        }
        for target in [
            "https://mail.x.example@evil.test/",
            "https://evil.test\\@mail.x.example/",
            "https://evil.test/mail.x.example",
            "https://evil.test?mail.x.example",
            "https://mail.x.example.evil.test/",
            "https://notmail.x.example/",
            "https://example/",
        ] {
            assert!(misleads(target), "{target}");
        }
        let page = "<a href=\"https://mail.x.example/\">https://www.y.example/</a>";
        assert!(look(page).false_link, "whose it is must be known");
    }

    #[test]
    fn a_picture_to_click_at_is_no_letter() {
        let link = "<a href=\"http://x.test/\"><img src=\"http://x.test/a.jpg\"></a>";
        assert!(look(&format!("<body>{link}<br></body>")).picture);
        assert!(!look(&format!("<p>Here is what I saw on my way home.</p>{link}")).picture);
        assert!(!look("<a href=\"http://x.test/\"><img src=\"cid:1\"></a>").picture);
        assert!(!look("<img src=\"http://x.test/a.jpg\">").picture);
    }

    #[test]
    fn hostile_pages_take_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["<a ", "<a href=", "<a href=http:>", "<!--", "a<!---->", "width=", "width=6", "<", "<table ", "."]
        {
            let _ = look(&unit.repeat(PAGE_LIMIT / unit.len() + 9));
            let _ = look(&format!("<a href=http:>www.{}", unit.repeat(PAGE_LIMIT / unit.len())));
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
