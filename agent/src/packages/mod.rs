//! Packages of this host: installed, waiting, running old code, changelogs.

use crate::Host;
use crate::wire::packages::{Changelogs, Inventory, Restarts, Updates};
use crate::wire::{Seen, Unseen};

/// Every installed package.
pub fn inventory(_host: &Host) -> Seen<Inventory> {
    Seen::not(Unseen::new("packages", "this agent cannot read packages yet"))
}

/// Every update that waits.
pub fn updates(_host: &Host) -> Seen<Updates> {
    Seen::not(Unseen::new("waiting updates", "this agent cannot read packages yet"))
}

/// Everything that runs old code.
pub fn restarts(_host: &Host) -> Seen<Restarts> {
    Seen::not(Unseen::new("restart needs", "this agent cannot read packages yet"))
}

/// What the newer changelog entries of these waiting packages say (the `ReadChangelogs` order).
pub fn changelogs(_host: &Host, _packages: &[String]) -> Seen<Changelogs> {
    Seen::not(Unseen::new("changelogs", "this agent cannot read packages yet"))
}
