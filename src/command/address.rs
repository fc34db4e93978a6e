//! `address`: signed sub-addresses of the user.
//!
//! Promises: changes nothing; what it prints is good for as long as the key is in the key file.

use anyhow::anyhow;

use crate::cli::{AddressAction, AddressArguments};
use crate::exit::Ending;
use crate::operation::installation::Installation;
use crate::operation::screen;
use crate::operation::trouble::{Answer, Trouble};
use crate::policy::tagged::{Tag, TagKind};
use crate::policy::token::Day;
use crate::world::config::Environment;

/// Runs `address`.
///
/// # Errors
/// What a person must mend.
pub fn address(arguments: &AddressArguments, environment: &Environment) -> Answer {
    // Gather.
    let installation = Installation::open(environment)?;
    let owner = &installation.config.policy.owner;
    let delimiter = owner.delimiters.chars().next().ok_or_else(|| {
        Trouble::config(anyhow!(
            "owner.delimiters is empty, so no mail to a sub-address of yours arrives; say in the configuration at which \
             character your mail system splits {} (Postfix: postconf recipient_delimiter)",
            owner.primary
        ))
    })?;
    // Decide.
    let AddressAction::Sent = arguments.action;
    let tag = Tag::mint(&installation.keys.token, TagKind::Sent, Day::LAST, &owner.primary.normal(), "");
    let local = format!("{}{delimiter}{tag}", owner.primary.local());
    let address = owner.primary.with_local(&local).map_err(|_| {
        Trouble::config(anyhow!("{} is too long for a signed sub-address: 38 characters before the @", owner.primary))
    })?;
    // Perform.
    screen::out(&format!("{address}\n"))?;
    Ok(Ending::Done)
}
