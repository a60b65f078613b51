//! Who is on call at a moment, and why: JSON on standard input, JSON on standard output.

#[path = "common/mod.rs"]
mod common;

use std::process::ExitCode;

use common::About;
use mainstay_calendars::moment::{DAY_MS, Moment};
use mainstay_calendars::oncall::{Board, Schedule};
use mainstay_calendars::zone::database_version;
use serde::Deserialize;
use serde_json::json;

const HELP: &str = r#"oncall: who is on call at a moment, and why

INPUT (JSON on standard input)
{
  "schedule": {
    "name": "web",                      required
    "zone": "Europe/Berlin",            IANA name, default UTC
    "layers": [{                        required; from the lowest to the topmost
      "name": "primary",                required
      "mode": "replace",                replace (default) | add | beside | only
      "participants": ["ada", ["bob", "cy"], []],   required; each a name or a list (an empty one: a turn of
                                        nobody); no participants: the layer has nobody, which is a gap
      "rotation": {                     left out: all participants together
        "every": "week",                hour | day | week | month
        "length": 1,                    default 1
        "start": "2026-01-05T09:00",    first hand-over on the layer's wall clock
        "on_for_minutes": 480,          optional: only the first part of each turn
        "first": 0                      who has the first turn, default 0
      },
      "restrictions": [                 left out: always; []: never
        {"days": ["mon", "tue"], "from": "18:00", "to": "08:00"},
        {"days": ["fri"], "from": "18:00", "to": "08:00", "to_day": "mon"}
      ],
      "zone": "Asia/Tokyo",             default: the schedule's
      "restrictions_zone": "UTC",       default: the layer's zone
      "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z",      optional
      "changes": [{"at": "2026-03-01T00:00:00Z", "participants": ["bob", "dee"]}]
    }],
    "overrides": [{"from": "…Z", "to": "…Z", "kind": "replace",             add | remove | replace
                   "person": "dee", "instead_of": "ada"}],
    "temporary": [{"name": "move", "from": "…Z", "to": "…Z",
                   "shifts": [{"person": "eve", "from": "…Z", "to": "…Z"}]}]
  },
  "at": "2026-11-23T09:00:00Z"          required; any RFC 3339 offset
}

OUTPUT
{ "at", "on_call": [{"person", "because": [text, …]}], "next_change": {"at", "before", "after"} | null
  (within 400 days), "gaps_90_days": [{"from", "to"}], "description": [text, …], "zone_database" }"#;

const EXAMPLE: &str = r#"{
  "schedule": {
    "name": "web",
    "zone": "Europe/Berlin",
    "layers": [
      {"name": "primary", "participants": ["ada", "bob", "cy"], "rotation": {"every": "week", "start": "2026-01-05T09:00"}},
      {"name": "night", "participants": ["dee", "eve"], "rotation": {"every": "day", "start": "2026-01-05T20:00"},
       "restrictions": [{"from": "20:00", "to": "08:00"}]}
    ],
    "overrides": [
      {"from": "2026-11-24T09:00:00+01:00", "to": "2026-11-24T17:00:00+01:00", "kind": "replace", "person": "bob", "instead_of": "ada"}
    ]
  },
  "at": "2026-11-24T10:00:00+01:00"
}
"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    schedule: Schedule,
    at: Moment,
}

fn main() -> ExitCode {
    common::run(&About { help: HELP, example: EXAMPLE, option: None }, |input: &Input| {
        let board = Board::new(&input.schedule).map_err(|problem| problem.of("schedule"))?;
        let ahead = mainstay_calendars::moment::Span::new(input.at, input.at.plus_ms(90 * DAY_MS));
        common::json(&json!({
            "at": input.at,
            "on_call": board.oncall(input.at),
            "next_change": board.next_change(input.at, 400 * DAY_MS),
            "gaps_90_days": board.gaps(ahead),
            "description": board.describe(input.at),
            "zone_database": database_version(),
        }))
    })
}
