//! Small C programs that stand beside ours, built where a bench runs.
//!
//! They are C because a measuring program must not be measured along: a process that is started inherits the peak
//! memory of its parent, and what is counted of a stand-in should be next to nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a challenge is given to.
pub const SENDMAIL: &str = include_str!("sendmail.c");

/// Builds `text` as `folder/name`, linked statically; what is missing, if that cannot be done.
pub fn build(folder: &Path, name: &str, text: &str) -> Result<PathBuf, String> {
    let (source, program) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&source, text).map_err(|error| error.to_string())?;
    let output = Command::new("cc").args(["-O2", "-Wall", "-static", "-o"]).arg(&program).arg(&source).output();
    match output {
        Ok(output) if output.status.success() => Ok(program),
        Ok(output) => Err(format!("cc: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(_) => Err("a C compiler is needed (Debian: gcc, libc6-dev)".to_owned()),
    }
}
