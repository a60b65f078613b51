//! The regulator clocks of an incident: JSON on standard input, JSON on standard output.

#[path = "common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::process::ExitCode;

use common::About;
use mainstay_calendars::calendar::Calendar;
use mainstay_calendars::deadline::{Anchor, Case, Pack, deadlines, next_due, shipped};
use mainstay_calendars::moment::Moment;
use mainstay_calendars::zone::{Zone, database_version};
use serde::Deserialize;
use serde_json::json;

const HELP: &str = r#"deadlines: every running clock of one incident, earliest first

INPUT (JSON on standard input)
{
  "now": "2026-11-23T12:00:00Z",        required
  "zone": "Europe/Berlin",              on whose wall clock days and months count, default UTC
  "anchors": {"aware": "2026-11-20T10:00:00Z", "classified": "…Z"},     required; of occurred, detected, aware,
                                        classified, materiality_determined, discovered, paid_ransom, fixed, handled
  "facts": ["high_risk", "hipaa"],      what holds, as the packs ask in needs and unless; one that no pack asks
                                        for is a fault, which lists them all
  "reports": {"dora.initial": ["2026-11-20T12:00:00Z"]},                what was sent, by clock id
  "calendars": {"banking": { … }},      business calendars (shape: see sla --help) by the names the packs use;
                                        "working_days" (public holidays) for the rules that name none
  "packs": [{                           left out: those shipped with this library (not legal advice);
                                        --packs prints them: GDPR, NIS2, DORA, CRA, SEC, HIPAA, US states, …
    "id": "my-contract", "title": "Contract with ACME", "version": "1", "enabled": true,
    "calendars": {},                    calendars of the pack's own, by name
    "clocks": [{
      "id": "acme.notice", "title": "Notice", "recipient": "ACME",
      "anchor": "aware",                one of the above, year_end, or previous_report (then "after": clock id)
      "amount": 2, "unit": "business_days",        minutes | hours | calendar_days | business_days | weeks | months
                                        | without_delay (no amount, no due)
      "zone": "America/New_York",       default: that of the case
      "ends": "end_of_day",             end_of_day (default) | same_time | "17:30"; not for minutes and hours
      "calendar": "banking",            default: Monday to Friday
      "cap": {"anchor": "detected", "amount": 5, "unit": "calendar_days", "unless_started_later": false},
      "weekend": {"roll": "forward", "ends": "12:00"},                     forward | backward
      "repeats": false, "until": "handled",
      "needs": [], "unless": [],
      "basis": "§ 7", "source": "contract 12/2025", "valid_from": "2026-01-01", "valid_to": "2026-12-31",
      "verified": true
    }]
  }]
}

OUTPUT
{ "now", "next": clock id | null,
  "deadlines": [{"id", "pack", "pack_version", "title", "recipient",
    "state": waiting | running | overdue | met | late | not_applicable, "cycle", "started", "due", "reported",
    "used_percent", "marks": [{"percent", "at"}], "because": [text, …], "basis", "source", "verified"}],
  "zone_database" }
The day of the anchor itself is not counted; what is sent at "due" is in time."#;

const EXAMPLE: &str = r#"{
  "now": "2026-11-22T12:00:00Z",
  "zone": "Europe/Berlin",
  "anchors": {"aware": "2026-11-20T10:00:00Z", "classified": "2026-11-20T13:00:00Z"},
  "facts": ["high_risk"],
  "reports": {"dora.initial": ["2026-11-20T15:30:00Z"]}
}
"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    now: Moment,
    #[serde(default, alias = "time_zone")]
    zone: Zone,
    anchors: BTreeMap<Anchor, Moment>,
    #[serde(default)]
    facts: Vec<String>,
    #[serde(default)]
    reports: BTreeMap<String, Vec<Moment>>,
    #[serde(default)]
    calendars: BTreeMap<String, Calendar>,
    #[serde(default)]
    packs: Option<Vec<Pack>>,
}

fn main() -> ExitCode {
    common::run(
        &About { help: HELP, example: EXAMPLE, option: Some(("--packs", || common::json(&shipped()))) },
        |input: &Input| {
            let case = Case {
                zone: input.zone.clone(),
                anchors: input.anchors.clone(),
                facts: input.facts.clone(),
                reports: input.reports.clone(),
                calendars: input.calendars.clone(),
            };
            let packs = input.packs.clone().unwrap_or_else(shipped);
            case.check(&packs)?;
            let clocks = deadlines(&packs, &case, input.now)?;
            common::json(&json!({
                "now": input.now,
                "next": next_due(&clocks).map(|clock| clock.id),
                "deadlines": clocks,
                "zone_database": database_version(),
            }))
        },
    )
}
