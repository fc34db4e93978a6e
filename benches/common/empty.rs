//! The empty Rust program that every cost is compared with.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds it in that folder, as a program of ours is built; what is missing, if that cannot be done.
pub fn build(folder: &Path) -> Result<PathBuf, String> {
    let (source, program) = (folder.join("empty.rs"), folder.join("empty"));
    std::fs::write(&source, "fn main() {}\n").map_err(|error| error.to_string())?;
    match Command::new("rustc").args(["-O", "--edition=2024", "-o"]).arg(&program).arg(&source).output() {
        Ok(output) if output.status.success() => Ok(program),
        Ok(output) => Err(format!("rustc: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(_) => Err("rustc is needed for the empty program".to_owned()),
    }
}
