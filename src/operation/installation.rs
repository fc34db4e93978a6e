//! One user's installation: configuration and keys, read once, and the doors to the rest.
//!
//! Promises: nothing is opened that the command at hand does not need. Never touches: a message.

use anyhow::ensure;

use crate::operation::trouble::Trouble;
use crate::policy::key::Keys;
use crate::world::config::{Config, Environment, Inbox};
use crate::world::maildir::Maildir;
use crate::world::secret;
use crate::world::sendmail::{SENDMAIL_LIMIT, Sendmail};
use crate::world::store::{Store, StoreProblem};

/// Configuration and keys.
pub struct Installation {
    /// The configuration.
    pub config: Config,
    /// The keys.
    pub keys: Keys,
}

impl Installation {
    /// Reads both.
    ///
    /// # Errors
    /// What a person must mend.
    pub fn open(environment: &Environment) -> Result<Installation, Trouble> {
        let config = Config::load(environment).map_err(Trouble::config)?;
        let keys = secret::load(&config.paths.keys).map_err(|error| Trouble::config(error.into()))?;
        Ok(Installation { config, keys })
    }

    /// The same for what a person can do with held mail whatever has become of the keys: where they cannot be read, keys
    /// that have signed nothing stand in for them, so no seal holds and nobody is known; and why.
    ///
    /// # Errors
    /// Of the configuration alone.
    pub fn open_without_keys(environment: &Environment) -> Result<(Installation, Option<Trouble>), Trouble> {
        let config = Config::load(environment).map_err(Trouble::config)?;
        match secret::load(&config.paths.keys) {
            Ok(keys) => Ok((Installation { config, keys }, None)),
            Err(error) => {
                let keys = secret::unused().map_err(|error| Trouble::config(error.into()))?;
                Ok((Installation { config, keys }, Some(Trouble::config(error.into()))))
            }
        }
    }

    /// The store.
    ///
    /// # Errors
    /// [`StoreProblem`]
    pub fn store(&self) -> Result<Store, StoreProblem> {
        Store::open(&self.config.paths.store)
    }

    /// The quarantine.
    #[must_use]
    pub fn quarantine(&self) -> Maildir {
        Maildir::at(&self.config.paths.quarantine)
    }

    /// Where lies for a while what was thrown away.
    #[must_use]
    pub fn trash(&self) -> Maildir {
        trash(&self.config)
    }

    /// The trash, made when it is first needed or was deleted.
    ///
    /// # Errors
    /// As [`Installation::ready_quarantine`].
    pub fn ready_trash(&self) -> anyhow::Result<Maildir> {
        self.ready_quarantine()?;
        let trash = self.trash();
        if !trash.exists() {
            trash.create()?;
        }
        Ok(trash)
    }

    /// Makes the parts that a trash lacks, if there is one: a backup may leave out folders in which nothing lay, and what lies
    /// in the others would be taken for gone.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn mend_trash(&self) -> anyhow::Result<()> {
        let trash = self.trash();
        if trash.path().is_dir() && !trash.exists() { trash.create() } else { Ok(()) }
    }

    /// The quarantine, made anew if a mail reader has deleted it or a part of it: all strangers' mail would wait for
    /// it until it bounces.
    ///
    /// # Errors
    /// It cannot be made. Where the folder around it is missing, or the inbox that it belongs to, a disk is not
    /// mounted, and a folder in its place would vanish under it later.
    pub fn ready_quarantine(&self) -> anyhow::Result<Maildir> {
        let quarantine = self.quarantine();
        if quarantine.exists() {
            return Ok(quarantine);
        }
        let around = quarantine.path().parent().unwrap_or(quarantine.path());
        let mounted = match &self.config.paths.inbox {
            Inbox::Maildir(inbox) if inbox == around => Maildir::at(inbox).exists(),
            _ => around.is_dir(),
        };
        ensure!(mounted, "there is no {}, so its folders are not made", around.display());
        quarantine.create()?;
        Ok(quarantine)
    }

    /// The mail system's sendmail.
    #[must_use]
    pub fn sendmail(&self) -> Sendmail {
        Sendmail { program: self.config.paths.sendmail.clone(), time_limit: SENDMAIL_LIMIT }
    }
}

/// The trash of a configuration: the folder `Trash` of the quarantine, beside it in a Maildir++ (`.Held.Trash`), and inside it
/// where the quarantine is a Maildir of its own (`Held/.Trash`).
#[must_use]
pub fn trash(config: &Config) -> Maildir {
    Maildir::at(&config.paths.quarantine).folder("Trash")
}
