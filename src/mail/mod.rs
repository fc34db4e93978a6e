//! The format: bytes to fields, addresses, parts and text, and back. Pure: no file, process, environment, clock or database
//! is touched here, and a damaged message is never an error: what is wrong with it is itself a fact.

pub mod addition;
pub mod address;
pub mod attachments;
pub mod bare_answer;
pub mod beginning;
pub mod body;
pub mod compose;
pub mod contacts;
pub mod content;
pub mod delimiters;
pub mod display;
pub mod earlier;
pub mod encoding;
pub mod executable;
pub mod fold;
pub mod head;
pub mod html;
pub mod language;
pub mod letters;
pub mod media;
pub mod migration;
pub mod name_address;
pub mod parts;
pub mod quotation;
pub mod recipients;
pub mod sendmail_call;
pub mod shape;
pub mod text_lines;

/// Whether the word is one of a list that blanks part.
fn is_listed(list: &str, word: &str) -> bool {
    let (bytes, end) = (list.as_bytes(), list.len());
    let whole = |at: usize| {
        let behind = at + word.len();
        (at == 0 || bytes[at - 1] == b' ') && (behind == end || bytes[behind] == b' ')
    };
    !word.is_empty() && !word.contains(' ') && list.match_indices(word).any(|(at, _)| whole(at))
}
