//! `keys`: made, rotated, written out for the backup, and read back.
//!
//! Promises: an existing key is never lost or overwritten; a key is shown only where the user sends it. Never
//! touches: the list entries; those are hashed anew when their senders next write.

use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;

use anyhow::Context;
use zeroize::Zeroizing;

use crate::cli::{KeysAction, KeysArguments};
use crate::exit::Ending;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::world::config::{Config, Environment};
use crate::world::secret::{self, Created, FILE_LIMIT, Purpose, SecretError};

/// Runs `keys`.
///
/// # Errors
/// What a person must mend; the key file is then as it was.
pub fn keys(arguments: &KeysArguments, environment: &Environment) -> Answer {
    // Gather.
    let path = key_file(environment)?;
    let config = |error: SecretError| Trouble::config(error.into());
    // Decide and perform.
    match &arguments.action {
        KeysAction::New => {
            let made = secret::create(&path).map_err(config)? == Created::New;
            let word = if made { "made" } else { "there already, and left as it is" };
            screen::out(&format!("{}: {word}\n", path.display()))?;
        }
        KeysAction::Rotate { purpose } => {
            let purpose = if purpose == "list" { Purpose::List } else { Purpose::Token };
            let id = secret::rotate(&path, purpose).map_err(config)?;
            screen::out(&format!(
                "The {purpose} key in use is now number {}; the older ones stay valid. The backup lacks it: make a new one.\n",
                id.number()
            ))?;
        }
        KeysAction::Export => {
            let text = secret::export(&path).map_err(config)?;
            if io::stdout().is_terminal() {
                screen::error("the keys are on your screen now; for a backup: countersign keys export > FILE");
            }
            screen::bytes(text.as_bytes())?;
        }
        KeysAction::Import => {
            let text = read_all(io::stdin().lock())?;
            let count = secret::import(&path, &text).map_err(config)?;
            screen::out(&format!("{count} new {} in {}\n", if count == 1 { "key" } else { "keys" }, path.display()))?;
        }
    }
    Ok(Ending::Done)
}

/// Where the configuration says; where it is missing, beside it. A backup is brought back before `init`, which would
/// make new keys.
fn key_file(environment: &Environment) -> Result<PathBuf, Trouble> {
    let file = environment.config_file().map_err(Trouble::config)?;
    if file.exists() {
        return Ok(Config::load(environment).map_err(Trouble::config)?.paths.keys);
    }
    Ok(file.with_file_name("keys"))
}

/// Standard input, at most one byte more than a key file may have: `import` says what is too long.
fn read_all(input: impl Read) -> Result<Zeroizing<String>, Trouble> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_LIMIT + 1));
    input.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.trim_ascii().is_empty() {
        return Err(Trouble::usage("nothing to read on standard input: countersign keys import < FILE".into()));
    }
    let text = std::str::from_utf8(&bytes);
    text.map(|text| Zeroizing::new(text.to_owned())).map_err(|_| Trouble::usage("the input is no key file".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_of_bounded_length_is_read() {
        assert_eq!(*read_all(&b"version 1\n"[..]).unwrap(), "version 1\n");
        assert_eq!(read_all(&b""[..]).unwrap_err().ending, Ending::Usage);
        assert_eq!(read_all(&b"\xff"[..]).unwrap_err().ending, Ending::Usage);
        assert_eq!(read_all(io::repeat(b'#')).unwrap().len(), FILE_LIMIT + 1);
    }

    #[test]
    fn without_a_configuration_the_keys_are_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment { config: Some(folder.path().join("config.toml")), ..Environment::default() };
        let run = |action| keys(&KeysArguments { action }, &environment);
        assert_eq!(run(KeysAction::Export).unwrap_err().ending, Ending::Config);
        assert_eq!(run(KeysAction::New).unwrap(), Ending::Done);
        assert!(secret::load(&folder.path().join("keys")).is_ok());
        let rotated = run(KeysAction::Rotate { purpose: "list".into() });
        assert_eq!(rotated.unwrap(), Ending::Done);
        assert_eq!(secret::load(&folder.path().join("keys")).unwrap().list.current().0.number(), 2);
    }
}
