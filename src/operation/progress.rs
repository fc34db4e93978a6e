//! How far a long run is, in one line that is written over.
//!
//! Promises: only on a terminal, at most five times a second, and gone when the run is over. Never touches: standard
//! output.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::world::archive;

const EVERY: Duration = Duration::from_millis(200);
const WIDTH: u64 = 24;

/// The line.
pub struct Progress {
    /// Bytes read so far; the reader adds to it.
    pub read: Arc<AtomicU64>,
    /// Bytes in all; 0 where nobody looks.
    total: u64,
    messages: u64,
    began: Instant,
    drawn: Option<Instant>,
    wanted: bool,
}

impl Progress {
    /// For reading these archives.
    #[must_use]
    pub fn of(paths: &[PathBuf]) -> Progress {
        let wanted = io::stderr().is_terminal();
        let total = if wanted { archive::size(paths) } else { 0 };
        Progress { read: Arc::default(), total, messages: 0, began: Instant::now(), drawn: None, wanted }
    }

    /// One message more.
    pub fn step(&mut self) {
        self.messages += 1;
        if self.wanted && self.drawn.unwrap_or(self.began).elapsed() >= EVERY {
            self.drawn = Some(Instant::now());
            let read = self.read.load(Ordering::Relaxed);
            let line = line(read, self.total, self.messages, self.began.elapsed().as_secs());
            drop(write!(io::stderr(), "\r\u{1b}[K{line}"));
        }
    }

    /// Takes the line away, before something else is written.
    pub fn clear(&mut self) {
        if self.drawn.take().is_some() {
            drop(write!(io::stderr(), "\r\u{1b}[K"));
        }
    }
}

fn line(read: u64, total: u64, messages: u64, seconds: u64) -> String {
    let (read, total) = (read.min(total), total.max(1));
    let full = read * WIDTH / total;
    let bar: String = (0..WIDTH).map(|at| if at < full { '#' } else { '.' }).collect();
    // Shown once it is more than a guess.
    let left = (seconds >= 2 && read > 0).then(|| seconds * (total - read) / read);
    let left = left.map_or(String::new(), |left| match left {
        0..=59 => format!(", {left} s left"),
        _ => format!(", {} min left", left.div_ceil(60)),
    });
    format!("[{bar}] {:>3} %  {} {}{left}", read * 100 / total, group(messages), plural(messages, "message"))
}

/// `1,234,567`.
#[must_use]
pub fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The word, with an `s` unless there is one.
#[must_use]
pub fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// `1 person`, `1,234 people`.
#[must_use]
pub fn people(count: u64) -> String {
    format!("{} {}", group(count), if count == 1 { "person" } else { "people" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_divides_by_nothing_and_never_exceeds_the_whole() {
        assert_eq!(line(0, 0, 1, 0), "[........................]   0 %  1 message");
        assert_eq!(line(50, 100, 1_000, 10), "[############............]  50 %  1,000 messages, 10 s left");
        assert_eq!(line(1, 100, 2, 10), "[........................]   1 %  2 messages, 17 min left");
        assert_eq!(line(200, 100, 2, 1), "[########################] 100 %  2 messages");
    }
}
