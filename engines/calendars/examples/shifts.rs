//! The shifts of a range, with gaps and fairness, or as iCalendar: JSON on standard input.

#[path = "common/mod.rs"]
mod common;

use std::process::ExitCode;

use common::About;
use mainstay_calendars::calendar::Calendar;
use mainstay_calendars::ical::{Alarm, shift_feed};
use mainstay_calendars::moment::{Moment, Span};
use mainstay_calendars::oncall::fairness::Measure;
use mainstay_calendars::oncall::shifts::LONGEST_RANGE_MS;
use mainstay_calendars::oncall::{Board, Schedule};
use mainstay_calendars::problem::Problem;
use mainstay_calendars::zone::database_version;
use serde::Deserialize;
use serde_json::json;

const HELP: &str = r#"shifts: who is on call when, through a range

INPUT (JSON on standard input)
{
  "schedule": { … },                    as for the program oncall (see its --help)
  "from": "2026-01-01T00:00:00Z",       required
  "to": "2027-01-01T00:00:00Z",         required; at most 50 years later
  "person": "ada",                      optional: only this person's shifts
  "holidays": {"zone": "Europe/Berlin", "hours": [],
               "holidays": [{"date": "2026-12-25", "name": "Christmas"}]},  optional: a business calendar
                                        whose named days count as holidays in the fairness report
  "format": "json"                      json (default) | ical
}

OUTPUT, json
{ "from", "to",
  "shifts": [{"person", "from", "to"}],           a person's uninterrupted time, by start
  "stretches": [{"from", "to", "people": [name]}], the whole range without holes; [] is nobody
  "gaps": [{"from", "to"}],
  "fairness": {"coverage_percent", "balance_percent", "loads": [{"person", "total_ms", "shifts", "night_ms",
               "weekend_ms", "holiday_ms", "longest_ms", "short_rests": [{"from", "to"}]}]},
  "zone_database" }
OUTPUT, ical: the shifts as an iCalendar feed, DTSTAMP = "from".
An empty range has no shifts; shares of nothing are null. A reversed range is a fault."#;

const EXAMPLE: &str = r#"{
  "schedule": {
    "name": "web",
    "zone": "Europe/Berlin",
    "layers": [
      {"name": "primary", "participants": ["ada", "bob", "cy"], "rotation": {"every": "month", "start": "2026-01-31T09:00"}}
    ]
  },
  "from": "2026-01-01T00:00:00+01:00",
  "to": "2027-01-01T00:00:00+01:00",
  "holidays": {"zone": "Europe/Berlin", "hours": [], "holidays": [{"date": "2026-12-25", "name": "Christmas"}]}
}
"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    schedule: Schedule,
    from: Moment,
    to: Moment,
    #[serde(default)]
    person: Option<String>,
    #[serde(default)]
    holidays: Option<Calendar>,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Ical,
}

fn main() -> ExitCode {
    common::run(&About { help: HELP, example: EXAMPLE, option: None }, |input: &Input| {
        let board = Board::new(&input.schedule).map_err(|problem| problem.of("schedule"))?;
        let range = Span::new(input.from, input.to);
        if input.to < input.from {
            return Err(Problem::new("to", "lies before from"));
        }
        if range.length_ms() > LONGEST_RANGE_MS {
            return Err(Problem::new("to", "at most 50 years after from"));
        }
        let person = input.person.as_deref();
        if let Some(stranger) = person.filter(|person| !board.people().iter().any(|known| known == person)) {
            let known = board.people().join(", ");
            return Err(Problem::new(
                "person",
                format!("\"{stranger}\" is not in the schedule; there are: {known}"),
            ));
        }
        if let Format::Ical = input.format {
            let feed =
                shift_feed(&board, &input.schedule.name, person, range, &[Alarm { minutes_before: 30 }]);
            return Ok(feed.write(input.from));
        }
        let mut measure = Measure::european(input.schedule.zone.clone());
        measure.holidays.clone_from(&input.holidays);
        let is_wanted = |name: &str| person.is_none_or(|person| person == name);
        let shifts: Vec<_> =
            board.shifts(range).into_iter().filter(|shift| is_wanted(shift.person)).collect();
        common::json(&json!({
            "from": input.from,
            "to": input.to,
            "shifts": shifts,
            "stretches": board.stretches(range),
            "gaps": board.gaps(range),
            "fairness": board.fairness(range, &measure)?,
            "zone_database": database_version(),
        }))
    })
}
