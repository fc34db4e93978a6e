//! The environment as far as this program reads it.
//!
//! Promises: a path is whole or it is no path. Never touches: the configuration file.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use crate::origin::envelope::Caller;

/// The environment as far as this program reads it, taken once at the start.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `MAIL`: where the user's mail readers look, if that is a whole path.
    pub mail: Option<PathBuf>,
    /// `COUNTERSIGN_CONFIG`, or `--config` made whole.
    pub config: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, if absolute.
    pub config_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`, if absolute.
    pub data_home: Option<PathBuf>,
    /// What the mail system says about the envelope.
    pub caller: Caller,
}

impl Environment {
    /// Reads the process's environment.
    #[must_use]
    pub fn read() -> Environment {
        let text = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let path = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let first = |names: &[&str]| names.iter().find_map(|name| text(name));
        let user = first(&["USER", "LOGNAME"]).unwrap_or_default();
        Environment {
            home: path("HOME"),
            mail: path("MAIL"),
            config: std::env::var_os("COUNTERSIGN_CONFIG").filter(|text| !text.is_empty()).map(PathBuf::from),
            config_home: path("XDG_CONFIG_HOME"),
            data_home: path("XDG_DATA_HOME"),
            caller: Caller {
                return_path_line: text("RPLINE"),
                sender: text("SENDER"),
                recipient: text("RECIPIENT"),
                original_recipient: first(&["ORIGINAL_RECIPIENT", "ORIG_RECIPIENT"]),
                extension: first(&["EXTENSION", "EXT", "LOCAL_PART_SUFFIX"]),
                user: Some((user, rustix::process::getuid().as_raw())),
                ..Caller::default()
            },
        }
    }

    /// The configuration file this environment means.
    ///
    /// # Errors
    /// When nothing says where it is, or not by a whole path.
    pub fn config_file(&self) -> Result<PathBuf> {
        if let Some(path) = &self.config {
            // Another file for each caller, or none and so silently the usual one, is worse than an error.
            let shown = path.display();
            ensure!(
                path.is_absolute(),
                "COUNTERSIGN_CONFIG is {shown}; it must be a whole path, one that begins with /"
            );
            return Ok(path.clone());
        }
        let folder = match (&self.config_home, &self.home) {
            (Some(folder), _) => folder.clone(),
            (None, Some(home)) => home.join(".config"),
            (None, None) => bail!("HOME is not set; say where the configuration is with --config FILE"),
        };
        Ok(folder.join("countersign/config.toml"))
    }

    /// Where the store is when the configuration does not say.
    ///
    /// # Errors
    /// When HOME is not set.
    pub fn data_folder(&self) -> Result<PathBuf> {
        match (&self.data_home, &self.home) {
            (Some(folder), _) => Ok(folder.join("countersign")),
            (None, Some(home)) => Ok(home.join(".local/share/countersign")),
            (None, None) => bail!("HOME is not set, and the configuration does not say where the store is"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_named_by_its_whole_path_or_not_at_all() {
        let of = |config: &str| {
            let environment =
                Environment { home: Some("/home/alice".into()), config: Some(config.into()), ..Environment::default() };
            environment.config_file()
        };
        assert_eq!(of("/etc/c.toml").unwrap(), PathBuf::from("/etc/c.toml"));
        for odd in ["c.toml", "./c.toml", "~/c.toml"] {
            assert!(of(odd).unwrap_err().to_string().contains("COUNTERSIGN_CONFIG"), "{odd}");
        }
    }
}
