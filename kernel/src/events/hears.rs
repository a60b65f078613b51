//! Who listens to what. A hearer runs in a transaction of its own together with the end of its job: exactly once.

use super::{Event, get};
use crate::id::EventId;
use crate::jobs::{Job, Next};
use crate::store::Tx;
use crate::{Cx, Fault};

/// The kind of job that carries an event to a hearer.
pub(crate) const KIND: &str = "events.hear";

/// A listener of the house.
#[derive(Clone, Copy, Debug)]
pub struct Hearer {
    /// Its lasting name, `room.what`.
    pub name: &'static str,
    /// A verb, or the beginning of verbs when it ends with a dot.
    pub verb: &'static str,
    pub hear: fn(&mut Tx<'_>, &Cx, &Event) -> Result<(), Fault>,
}

/// All listeners of this program.
#[derive(Debug, Default)]
pub struct Hears(Vec<Hearer>);

impl Hears {
    /// The listeners of all rooms together.
    pub fn new(hearers: Vec<Hearer>) -> Self {
        Self(hearers)
    }

    /// Who hears this verb.
    pub fn of(&self, verb: &str) -> impl Iterator<Item = &Hearer> {
        self.0.iter().filter(move |h| h.verb == verb || h.verb.ends_with('.') && verb.starts_with(h.verb))
    }

    /// Every listener, for `doctor events`.
    pub fn all(&self) -> &[Hearer] {
        &self.0
    }
}

/// Brings one event to one hearer.
pub(crate) fn deliver(tx: &mut Tx<'_>, cx: &Cx, job: &Job) -> Result<Next, Fault> {
    let name = job.payload["hearer"].as_str().unwrap_or_default();
    let id: EventId = job.payload["event"].as_str().unwrap_or_default().parse()?;
    // A hearer that this build no longer has heard enough.
    if let Some(hearer) = cx.hears.all().iter().find(|h| h.name == name) {
        let event = get(tx, cx.org, id)?;
        (hearer.hear)(tx, cx, &event)?;
    }
    Ok(Next::Done)
}
