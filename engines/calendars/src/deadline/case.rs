//! What is known about one incident: anchors, facts, reports sent, calendars of the place.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::calendar::Calendar;
use crate::deadline::pack::{Anchor, Pack, known_facts};
use crate::moment::Moment;
use crate::problem::Problem;
use crate::zone::Zone;

/// Name of the case's calendar that counts business days and weekends where a rule names none: the public
/// holidays of the place. Without it they are Monday to Friday.
pub const WORKING_DAYS: &str = "working_days";

/// The facts of one incident that its clocks depend on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// On whose wall clock days and months count, where the pack names no zone of its own.
    #[serde(default, alias = "time_zone")]
    pub zone: Zone,
    /// When things happened. `year_end` and `previous_report` are worked out, not given.
    pub anchors: BTreeMap<Anchor, Moment>,
    /// Facts that hold, such as `high_risk`.
    #[serde(default)]
    pub facts: Vec<String>,
    /// When reports were sent, by the id of their clock, in the order of time.
    #[serde(default)]
    pub reports: BTreeMap<String, Vec<Moment>>,
    /// Calendars by the names the packs use; [`WORKING_DAYS`] is for the rules that name none.
    #[serde(default)]
    pub calendars: BTreeMap<String, Calendar>,
}

impl Case {
    /// Whether the packs understand all of it: refuses anchors that are worked out, facts that no clock asks for
    /// and reports of clocks that are in none of them, as slips of whoever wrote it. [`deadlines`] itself takes
    /// such a case, since an old one may name what newer packs no longer have.
    ///
    /// [`deadlines`]: crate::deadline::deadlines
    pub fn check(&self, packs: &[Pack]) -> Result<(), Problem> {
        let given = |anchor: &Anchor| self.anchors.contains_key(anchor);
        if let Some(anchor) = [Anchor::YearEnd, Anchor::PreviousReport].into_iter().find(given) {
            let field = format!("anchors.{}", anchor.name());
            return Err(Problem::new(field, "is worked out (from discovered, from reports); leave it out"));
        }
        let known = known_facts(packs);
        if let Some(place) = self.facts.iter().position(|fact| !known.contains(fact.as_str())) {
            let known: Vec<&str> = known.into_iter().collect();
            let message =
                format!("no pack asks for \"{}\"; there are: {}", self.facts[place], known.join(", "));
            return Err(Problem::new(format!("facts[{place}]"), message));
        }
        let is_known = |id: &str| packs.iter().flat_map(|pack| &pack.clocks).any(|rule| rule.id == id);
        match self.reports.keys().find(|id| !is_known(id)) {
            Some(id) => Err(Problem::new(format!("reports.{id}"), "no pack has a clock of that id")),
            None => Ok(()),
        }
    }
}
