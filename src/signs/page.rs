//! How a page of HTML is built: by a person's mail program, or by a designer for many.
//!
//! Promises: looks only at what stands before another message that is quoted or passed on: people pass on what
//! designers built. Linear in time, and bounded. Never touches: what the text means.

use crate::mail::html;

/// Most bytes of a page that are looked at.
const PAGE_LIMIT: usize = 256 * 1024;
/// So many points make a page designed. A sign that only designers write counts two, one that a person may write by
/// hand (a heading, a colour, a picture at the top) counts one.
const POINTS_NEEDED: usize = 4;
/// Most widths that are looked at.
const WIDTH_LIMIT: usize = 200;

/// Whether a page was laid out for every kind of screen before its first word.
#[must_use]
pub fn is_designed(source: &str) -> bool {
    let source = &source[..source.floor_char_boundary(PAGE_LIMIT)];
    let page = source.to_ascii_lowercase();
    lays_out(own_start(&page))
}

/// Where mail programs begin what they quote or pass on, in lower case.
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
/// None of them is longer.
const START_LIMIT: usize = 24;

/// What stands before the first word, and before another message.
fn own_start(page: &str) -> &str {
    let word = html::text_start(page);
    // What begins behind the first word changes nothing.
    let near = &page[..page.ceil_char_boundary(word + START_LIMIT)];
    let found = STARTS.iter().filter(|start| near.contains(**start)).filter_map(|start| near.find(start));
    match found.min().filter(|at| *at < word) {
        Some(at) => &page[..html::text_start(&page[..at])],
        None => &page[..word],
    }
}

/// What designers write before the first word, so that every mail program shows the same (the guides of mailing
/// services: Mailchimp's and Campaign Monitor's on coding mail, Litmus, MJML). No mail program for people writes two.
fn lays_out(start: &str) -> bool {
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
    start.match_indices("width=").take(WIDTH_LIMIT).any(|(at, word)| {
        let value = start[at + word.len()..].trim_start_matches(['"', '\'']);
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        let end = value[digits..].starts_with(['"', '\'', ' ', '>']);
        end && digits == 3 && value[..digits].parse().is_ok_and(|width: u32| (500..=800).contains(&width))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_ends_where_a_word_or_another_message_begins() {
        for (page, start) in [
            ("<p>", "<p>"),
            ("<p><br>a<blockquote>", "<p><br>"),
            ("<p><div class=gmail_quote>a", "<p><div class="),
            ("<p>&nbsp;<!-- original message -->", "<p>&nbsp;<!-- "),
            ("<p>original message", "<p>"),
            ("\u{e9}<blockquote>", ""),
        ] {
            assert_eq!(own_start(page), start, "{page}");
        }
        assert!(STARTS.iter().all(|start| start.len() <= START_LIMIT));
    }

    #[test]
    fn hostile_pages_take_linear_time() {
        let start = std::time::Instant::now();
        for unit in ["<a ", "<a href=", "<a href=http:>", "<!--", "a<!---->", "width=", "width=6", "<", "<table ", "."]
        {
            let _ = is_designed(&unit.repeat(PAGE_LIMIT / unit.len() + 9));
        }
        assert!(start.elapsed().as_secs() < 20);
    }
}
