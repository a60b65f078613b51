//! Live updates: a hub that says *what changed*, and one event stream per open page.
//!
//! A change has a topic (`work`, `asset.ast_01h`) and the id of what changed. It reaches every listener of the
//! same organisation that asked for the topic and may know of it. Listeners hear the name alone and fetch what shows it,
//! each with their own rights.
//!
//! Nothing is lost over a short break: every message carries an id, the last few hundred changes are kept, and a
//! listener that comes back with `Last-Event-ID` gets what it missed. Where that is no longer kept it gets the
//! event `missed`, and the page fetches its regions anew.

mod hub;
mod stream;

pub use hub::{Change, Hub};
pub use stream::{Listener, Topics, listen};

#[cfg(test)]
mod tests;
