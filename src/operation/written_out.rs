//! A held message written out anew, where its file cannot simply be moved: it is packed, its block has lost its seal, or
//! a command wants it.
//!
//! Promises: what is written is plain and whole, or an error; a block without its seal leaves the quarantine under another
//! name, so that nothing takes it for this program's word. Never touches: the file itself.

use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::Context;

use crate::mail::head::{HEAD_LIMIT, Head};
use crate::policy::foreign_marks::ForeignMarks;
use crate::world::maildir::{Claimed, Maildir};

/// What is read at once: the largest header block, and ours with what mail programs may have put on top of it.
const START_LIMIT: u64 = 2 * HEAD_LIMIT as u64;

/// Puts it into another Maildir, under a name that nobody has.
///
/// # Errors
/// It cannot be read to its end, or not be stored; then nothing is in the other Maildir but, at worst, a whole copy.
pub fn deliver(claimed: &Claimed, sealed: bool, target: &Maildir) -> anyhow::Result<()> {
    let mut draft = target.draft()?;
    write((claimed.open()?, claimed.original()), sealed, &[], &mut |piece| draft.write(piece))?;
    draft.commit_unique().map(|_| ())
}

/// Writes the message of that file, without the fields of these names; `sealed` says whether its block has its seal.
///
/// # Errors
/// It cannot be read to its end: the error names the file. Or it cannot be written.
pub fn write(
    (mut message, path): (impl Read, &Path),
    sealed: bool,
    left_out: &[&str],
    put: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read {}", path.display());
    let mut start = Vec::new();
    (&mut message).take(START_LIMIT).read_to_end(&mut start).with_context(unreadable)?;
    let mut marks = None;
    if !sealed {
        let (renamed, begun) = ForeignMarks::begin(&start, &Head::read(&start));
        start = renamed;
        marks = Some(begun);
    }
    let mut at = 0;
    for field in Head::read(&start).fields.iter().filter(|field| left_out.iter().any(|name| field.is(name))) {
        put(&start[at..field.start])?;
        at = field.end;
    }
    put(&start[at..])?;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let piece = match message.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => &chunk[..count],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).with_context(unreadable),
        };
        match &mut marks {
            Some(marks) => put(&marks.rest(piece))?,
            None => put(piece)?,
        }
    }
    marks.map_or(Ok(()), |marks| put(&marks.end()))
}
