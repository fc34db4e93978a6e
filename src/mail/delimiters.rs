//! The lines of a body that may delimit the parts of a multipart (RFC 2046 section 5.1.1), and which one does where the
//! header block does not say.
//!
//! Promises: one pass over the body, then each question costs a look into a table. Never touches: header fields, parts.

use std::collections::BTreeMap;

/// Longest boundary in octets. RFC 2046 section 5.1.1 allows 70; some programs write more.
pub const BOUNDARY_LIMIT: usize = 200;
/// Most lines that are tried where the boundary must be guessed.
const GUESS_LIMIT: usize = 64;

/// All lines of a body that begin with two hyphens.
#[derive(Clone, Debug, Default)]
pub struct Delimiters<'a> {
    body: &'a [u8],
    /// Where each line begins, and what stands behind its two hyphens.
    lines: Vec<(usize, &'a [u8])>,
    /// Where each of them stands for the last time.
    last: BTreeMap<&'a [u8], usize>,
}

impl<'a> Delimiters<'a> {
    /// Finds them.
    #[must_use]
    pub fn of(body: &'a [u8]) -> Delimiters<'a> {
        let mut found = Delimiters { body, ..Delimiters::default() };
        let mut at = 0;
        for line in body.split_inclusive(|&b| b == b'\n') {
            if let Some(rest) = line.strip_prefix(b"--") {
                let rest = rest.trim_ascii_end();
                if !rest.is_empty() && rest.len() <= BOUNDARY_LIMIT + 2 {
                    found.lines.push((at, rest));
                    found.last.insert(rest, at);
                }
            }
            at += line.len();
        }
        found
    }

    /// Whether a line from `start` on delimits parts with this boundary.
    #[must_use]
    pub fn used(&self, boundary: &[u8], start: usize) -> bool {
        let closing = [boundary, b"--"].concat();
        let stands = |line: &[u8]| self.last.get(line).is_some_and(|last| *last >= start);
        !boundary.is_empty() && boundary.len() <= BOUNDARY_LIMIT && (stands(boundary) || stands(&closing))
    }

    /// The boundary that the lines from `start` on look like: that of the first one which stands there again or has a
    /// Content- field behind it. A line that delimits a multipart outside (`outer`) ends the search.
    pub fn guess(&self, start: usize, outer: impl Fn(&[u8]) -> bool) -> Option<&'a [u8]> {
        let first = self.lines.partition_point(|(at, _)| *at < start);
        for (at, rest) in self.lines[first..].iter().take(GUESS_LIMIT) {
            if outer(rest) {
                return None;
            }
            let fits = rest.len() <= BOUNDARY_LIMIT && rest.iter().any(u8::is_ascii_alphanumeric);
            if fits && (self.used(rest, at + 1) || self.has_field_behind(*at)) {
                return Some(rest);
            }
        }
        None
    }

    fn has_field_behind(&self, at: usize) -> bool {
        let line = &self.body[at..];
        let next = line.iter().position(|&b| b == b'\n').map_or(&line[line.len()..], |end| &line[end + 1..]);
        next.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"Content-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_behind_the_start_is_used() {
        let lines = Delimiters::of(b"--a\nx\n--b--\n");
        assert!(lines.used(b"a", 0) && lines.used(b"b", 0) && lines.used(b"b", 6));
        assert!(!lines.used(b"a", 1) && !lines.used(b"b", 7) && !lines.used(b"", 0) && !lines.used(b"x", 0));
    }

    #[test]
    fn a_boundary_and_the_search_for_one_have_a_limit() {
        let guess = |body: &str| Delimiters::of(body.as_bytes()).guess(0, |_| false).is_some();
        let long = "b".repeat(BOUNDARY_LIMIT + 1);
        assert!(!guess(&format!("--{long}\n--{long}\n")) && guess("--b\n--b\n"));
        let many: String = (0..GUESS_LIMIT).map(|number| format!("--{number}x\n")).collect();
        assert!(!guess(&format!("{many}--b\n--b\n")));
    }
}
