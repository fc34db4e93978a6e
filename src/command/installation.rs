//! One user's installation: configuration and keys, read once, and the doors to the rest.
//!
//! Promises: nothing is opened that the command at hand does not need. Never touches: a message.

use std::time::Duration;

use super::trouble::Trouble;
use crate::policy::key::Keys;
use crate::world::config::{Config, Environment};
use crate::world::maildir::Maildir;
use crate::world::secret;
use crate::world::sendmail::Sendmail;
use crate::world::store::{Store, StoreProblem};

/// How long sendmail may take before it is killed (design, section 3). Postfix's hangs for ever where its queue
/// cannot be written (measured).
pub const SENDMAIL_LIMIT: Duration = Duration::from_secs(60);

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

    /// The mail system's sendmail.
    #[must_use]
    pub fn sendmail(&self) -> Sendmail {
        Sendmail { program: self.config.paths.sendmail.clone(), time_limit: SENDMAIL_LIMIT }
    }
}
