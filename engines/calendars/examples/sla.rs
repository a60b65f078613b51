//! Events of a request to SLA clocks with their explanation: JSON on standard input, JSON on standard output.

#[path = "common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::process::ExitCode;

use common::About;
use mainstay_calendars::calendar::Calendar;
use mainstay_calendars::moment::Moment;
use mainstay_calendars::sla::{Event, Policy, Rules, clocks};
use mainstay_calendars::zone::database_version;
use serde::Deserialize;
use serde_json::json;

const HELP: &str = r#"sla: the clocks of a request, with the intervals that ran, were paused or closed, and why

INPUT (JSON on standard input)
{
  "calendars": {                        by name; optional
    "office": {
      "zone": "Europe/Berlin",          IANA name, default UTC
      "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}],
                                        days left out: every day; to not after from: the next day;
                                        equal: 24 h; "to_day": "mon" for windows of several days
      "holidays": [{"date": "2026-12-25", "last": "2026-12-26", "name": "Christmas", "yearly": true},
                   {"date": "2026-12-24", "name": "Christmas Eve", "from": "12:00", "to": "24:00"}],
      "exceptions": [{"date": "2026-11-28", "name": "stocktaking", "hours": [{"from": "10:00", "to": "14:00"}]}]
    }
  },
  "policies": {                         by name; required
    "gold": {
      "replan": "from_change",          from_change (default) | from_start
      "targets": [{
        "kind": "first_response",       first_response | next_response | resolution
        "calendar": "office",           left out: day and night
        "minutes": {"high": 60, "*": 240},          business minutes by priority, * for all others
        "paused_in": ["waiting"]        states in which the clock stands still
      }]
    }
  },
  "events": [                           any order; put in the order of time; one created, the first
    {"at": "2026-11-23T08:00:00Z", "kind": "created", "policy": "gold", "priority": "high", "state": "new"},
    {"at": "…Z", "kind": "changed", "state": "waiting"}
                                        kind: created | changed | requester_message | agent_reply | resolved
                                        | reopened; any event may set state, priority, policy, calendar
  ],
  "now": "2026-11-23T12:00:00Z"         required
}

OUTPUT
{ "now", "clocks": [{ "kind", "cycle", "state": running | paused | closed | met | missed | breached | no_target,
    "policy", "priority", "calendar", "started", "stopped", "target_ms", "elapsed_ms", "remaining_ms",
    "used_percent", "due", "breached", "marks": [{"percent": 50 | 75 | 90 | 100, "at"}],
    "intervals": [{"from", "to", "kind": ran | paused | closed | stopped, "why", "open_ms"}] }],
  "zone_database" }
The open_ms of the intervals that ran sum to elapsed_ms."#;

const EXAMPLE: &str = r#"{
  "calendars": {
    "office": {
      "zone": "Europe/Berlin",
      "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}],
      "holidays": [{"date": "2026-12-25", "last": "2026-12-26", "name": "Christmas"}]
    }
  },
  "policies": {
    "gold": {
      "targets": [
        {"kind": "first_response", "calendar": "office", "minutes": {"high": 60, "*": 240}},
        {"kind": "resolution", "calendar": "office", "minutes": {"*": 960}, "paused_in": ["waiting"]}
      ]
    }
  },
  "events": [
    {"at": "2026-12-23T14:00:00Z", "kind": "created", "policy": "gold", "priority": "high", "state": "new"},
    {"at": "2026-12-23T14:40:00Z", "kind": "agent_reply", "state": "waiting"},
    {"at": "2026-12-24T10:00:00Z", "kind": "requester_message", "state": "open"}
  ],
  "now": "2026-12-28T09:00:00Z"
}
"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(default)]
    calendars: BTreeMap<String, Calendar>,
    policies: BTreeMap<String, Policy>,
    events: Vec<Event>,
    now: Moment,
}

fn main() -> ExitCode {
    common::run(&About { help: HELP, example: EXAMPLE, option: None }, |input: &Input| {
        let rules = Rules { calendars: input.calendars.clone(), policies: input.policies.clone() };
        rules.check()?;
        common::json(&json!({
            "now": input.now,
            "clocks": clocks(&rules, &input.events, input.now)?,
            "zone_database": database_version(),
        }))
    })
}
