//! What was promised, and what happened: policies and events as stored and exchanged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::moment::Moment;
use crate::problem::Problem;

/// Every policy and calendar the events name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// By name.
    #[serde(default)]
    pub calendars: BTreeMap<String, Calendar>,
    /// By name.
    pub policies: BTreeMap<String, Policy>,
}

/// One service level: a target per kind of clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// At most one per kind; a kind without one has no clock.
    pub targets: Vec<Target>,
    /// How changes are counted.
    #[serde(default)]
    pub replan: Replan,
}

/// What a change of calendar, policy or pause rules does to the time already used. The amount promised is
/// always that of the newest policy and priority, for the whole clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replan {
    /// Time before the change stays as it was counted then.
    #[default]
    FromChange,
    /// All time is counted anew, as if the newest rules had held from the start.
    FromStart,
}

/// A promise: so many minutes of a calendar's open time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What is promised.
    pub kind: TargetKind,
    /// Name of a calendar in the rules; left out the clock runs day and night.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// Minutes of business time per priority; `*` is for every priority that is not named.
    pub minutes: BTreeMap<String, u32>,
    /// States of the request in which this clock stands still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused_in: Vec<String>,
}

/// What a clock measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// From the creation to the first answer (or the resolution).
    FirstResponse,
    /// From each first unanswered message after the first answer to the next answer (or the resolution).
    NextResponse,
    /// From the creation to the resolution; a reopened request goes on where it stopped.
    Resolution,
}

impl TargetKind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::FirstResponse, Self::NextResponse, Self::Resolution];
}

/// Something that happened to a request. Any event may also set `state`, `priority`, `policy` and `calendar`;
/// they hold until the next event that sets them. `calendar` overrides the calendar of every target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When it happened.
    pub at: Moment,
    /// What happened.
    pub kind: EventKind,
    /// The new state, compared with `paused_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The new priority, looked up in `minutes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// The new policy, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The calendar instead of those of the targets, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
}

impl Event {
    /// An event that sets nothing.
    pub fn new(at: Moment, kind: EventKind) -> Self {
        Self { at, kind, state: None, priority: None, policy: None, calendar: None }
    }
}

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The request came in. Exactly one, and none before it.
    Created,
    /// Only state, priority, policy or calendar changed.
    Changed,
    /// The requester wrote.
    RequesterMessage,
    /// The desk answered in public.
    AgentReply,
    /// Ends the resolution clock, and those of unanswered messages.
    Resolved,
    /// The resolution clock goes on.
    Reopened,
}

impl Rules {
    /// Refuses targets that name no calendar of these rules, or two targets of one kind in a policy.
    pub fn check(&self) -> Result<(), Problem> {
        for (name, policy) in &self.policies {
            for (index, target) in policy.targets.iter().enumerate() {
                let place = format!("policies.{name}.targets[{index}]");
                if let Some(calendar) =
                    target.calendar.as_ref().filter(|name| !self.calendars.contains_key(*name))
                {
                    let message = format!("there is no calendar \"{calendar}\"");
                    return Err(Problem::new("calendar", message).of(&place));
                }
                if policy.targets[..index].iter().any(|earlier| earlier.kind == target.kind) {
                    return Err(
                        Problem::new("kind", "this policy has a target of that kind already").of(&place)
                    );
                }
            }
        }
        Ok(())
    }
}

impl Policy {
    pub(crate) fn target(&self, kind: TargetKind) -> Option<&Target> {
        self.targets.iter().find(|target| target.kind == kind)
    }
}

impl Target {
    /// Minutes for that priority.
    pub(crate) fn minutes_for(&self, priority: Option<&str>) -> Option<u32> {
        priority.and_then(|priority| self.minutes.get(priority)).or_else(|| self.minutes.get("*")).copied()
    }
}
