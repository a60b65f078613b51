//! Where this house is found from outside: the beginning of every link in a message.

use serde::{Deserialize, Serialize};

use crate::access::{MANAGE_SETTINGS, Right};
use crate::id::OrgId;
use crate::settings::{self, Setting};
use crate::store::Tx;
use crate::{Cx, Fault, outbound};

/// What stands before `/findings/…` in a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddressSetting {
    /// `https://mainstay.example.org`, without a slash at the end; empty while nothing is known.
    pub url: String,
    /// A person said so; what a server noted at its start gives way to that.
    pub is_given: bool,
}

impl Setting for AddressSetting {
    const NAME: &'static str = "kernel.address";

    fn right() -> &'static Right {
        &MANAGE_SETTINGS
    }

    fn check(&self) -> Result<(), Fault> {
        outbound::check_url(&self.url).map_err(|_| {
            Fault::invalid("address", "malformed", "write it like https://mainstay.example.org")
        })?;
        if self.url.ends_with('/') || self.url.contains(['?', '#']) {
            return Err(Fault::invalid(
                "address",
                "malformed",
                "end it with the name or port, without a slash",
            ));
        }
        Ok(())
    }
}

/// A server started at this address: it is used while nobody gave another.
pub fn started_at(tx: &mut Tx<'_>, cx: &Cx, url: &str) -> Result<(), Fault> {
    let now = settings::get::<AddressSetting>(tx, cx.org)?;
    if now.value.is_given || now.value.url == url {
        return Ok(());
    }
    let noted = AddressSetting { url: url.to_owned(), is_given: false };
    settings::set(tx, cx, now.revision, &noted).map(drop)
}

/// The whole address of a path, for a message; empty while the house does not know where it is.
pub fn link(tx: &mut Tx<'_>, org: OrgId, path: &str) -> Result<String, Fault> {
    let url = settings::get::<AddressSetting>(tx, org)?.value.url;
    Ok(if url.is_empty() { url } else { format!("{url}{path}") })
}
