//! Why a command could not be done, and whose turn it is: the table from errors to endings.
//!
//! Promises: one place decides. Never touches: exit codes (`exit.rs`), printing.

use crate::exit::Ending;
use crate::world::secret::SecretError;
use crate::world::store::StoreProblem;

/// An error with the ending it means for a person; in the delivery path all of them mean later.
#[derive(Debug)]
pub struct Trouble {
    /// Whose turn it is.
    pub ending: Ending,
    /// What happened.
    pub error: anyhow::Error,
}

/// What a command gives back.
pub type Answer = Result<Ending, Trouble>;

impl Trouble {
    /// Something a person must mend in the set-up.
    #[must_use]
    pub fn config(error: anyhow::Error) -> Trouble {
        Trouble { ending: Ending::Config, error }
    }

    /// A command line that makes no sense.
    #[must_use]
    pub fn usage(text: String) -> Trouble {
        Trouble { ending: Ending::Usage, error: anyhow::Error::msg(text) }
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(text: String) -> Trouble {
        Trouble { ending: Ending::No, error: anyhow::Error::msg(text) }
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Trouble {
        let in_store = error.downcast_ref::<StoreProblem>().map(of_store);
        let in_keys = error.downcast_ref::<SecretError>().map(|_| Ending::Config);
        Trouble { ending: in_store.or(in_keys).unwrap_or(Ending::Later), error }
    }
}

impl From<StoreProblem> for Trouble {
    fn from(problem: StoreProblem) -> Trouble {
        Trouble { ending: of_store(&problem), error: problem.into() }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble { ending: Ending::Later, error: error.into() }
    }
}

fn of_store(problem: &StoreProblem) -> Ending {
    match problem {
        StoreProblem::Busy | StoreProblem::Machine(_) => Ending::Later,
        StoreProblem::Corrupt | StoreProblem::Missing | StoreProblem::Newer(_) => Ending::Config,
    }
}
