//! iCalendar: what Python's parsers make of a feed, and what we make of foreign files.

use mainstay_calendars::ical::{
    Alarm, Entry, Feed, Limits, Todo, TodoState, holidays, read, shift_feed, window_feed,
};
use mainstay_calendars::window::Window;
use mainstay_calendars::zone::Zone;
use proptest::prelude::*;

use crate::{at, span};

fn feed() -> Feed {
    let summary = "Prüfung; Bänder, \"Kassetten\" \\ und\nzweite Zeile: 🔧 ".to_owned() + &"lang ".repeat(30);
    Feed {
        name: "Rufbereitschaft, Süd".to_owned(),
        entries: vec![Entry {
            identity: vec!["one".to_owned()],
            span: span("2026-03-29T00:30:00Z", "2026-03-29T02:30:00Z"),
            summary: summary.clone(),
            description: String::new(),
            alarms: vec![Alarm { minutes_before: 30 }],
        }],
        todos: vec![Todo {
            identity: vec!["two".to_owned()],
            due: at("2026-12-31T23:00:00Z"),
            summary,
            description: "text".to_owned(),
            state: TodoState::Done { at: at("2026-12-01T10:00:00Z") },
            priority: 1,
            alarms: vec![Alarm { minutes_before: 1440 }],
        }],
    }
}

const SCRIPT: &str = r"
import sys, json, icalendar, vobject
text = sys.stdin.buffer.read()
calendar = icalendar.Calendar.from_ical(text)
events = [[str(e['UID']), e.decoded('DTSTART').isoformat(), e.decoded('DTEND').isoformat(), str(e['SUMMARY']), len(e.walk('VALARM'))] for e in calendar.walk('VEVENT')]
todos = [[str(t['UID']), t.decoded('DUE').isoformat(), str(t['SUMMARY']), str(t['STATUS'])] for t in calendar.walk('VTODO')]
errors = [str(x) for c in calendar.walk() for x in getattr(c, 'errors', [])]
other = vobject.readOne(text.decode('utf-8'))
other.validate(raiseException=True)
second = [[e.uid.value, e.dtstart.value.isoformat(), e.dtend.value.isoformat(), e.summary.value] for e in getattr(other, 'vevent_list', [])]
second_todos = [[t.uid.value, t.summary.value] for t in getattr(other, 'vtodo_list', [])]
print(json.dumps([events, todos, errors, second, second_todos]))
";

fn parsed(text: &str) -> Option<serde_json::Value> {
    let output = crate::python(&["icalendar", "vobject"], SCRIPT, text)?;
    Some(serde_json::from_str(&output).unwrap())
}

#[test]
fn python_parsers_read_what_was_written() {
    let feed = feed();
    let text = feed.write(at("2026-11-23T09:00:00Z"));
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "folded, CRLF only");
    let Some(found) = parsed(&text) else { return };
    let event = &found[0][0];
    assert_eq!(event[3].as_str().unwrap(), feed.entries[0].summary);
    assert_eq!((event[1].as_str(), event[4].as_i64()), (Some("2026-03-29T00:30:00+00:00"), Some(1)));
    assert_eq!(found[1][0][2].as_str().unwrap(), feed.todos[0].summary);
    assert_eq!(found[1][0][1].as_str(), Some("2026-12-31T23:00:00+00:00"));
    assert_eq!(found[2], serde_json::json!([]), "no errors");
    assert_eq!(found[3][0][3].as_str().unwrap(), feed.entries[0].summary);
    assert_eq!(found[4][0][1].as_str().unwrap(), feed.todos[0].summary);
}

#[test]
fn a_year_of_shifts_is_read_by_python_with_stable_uids() {
    let board = crate::oncall::board(
        r#"{"name": "Süd", "zone": "Europe/Berlin", "layers": [{"name": "p", "participants": ["ada", "bob"],
            "rotation": {"every": "week", "start": "2026-01-05T09:00"}}]}"#,
    );
    let range = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let uids = |feed: &Feed| {
        let text = feed.write(at("2026-11-23T09:00:00Z"));
        text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let feed = shift_feed(&board, "sch_1", None, range, &[]);
    let mut sorted = uids(&feed);
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 52, "every shift its own UID");
    let longer = shift_feed(&board, "sch_1", None, span("2026-01-01T00:00:00Z", "2027-06-01T00:00:00Z"), &[]);
    assert_eq!(uids(&feed), uids(&longer)[..52], "the same shifts keep their UID");
    assert!(feed.entries.last().unwrap().description.contains("the feed ends here"));
    let window: Window =
        serde_json::from_str(r#"{"start": "2026-01-04T01:00", "minutes": 60, "rule": "FREQ=MONTHLY"}"#)
            .unwrap();
    let windows = window_feed("patches", "win_1", &window.occurrences(range, &[]));
    assert_eq!(windows.entries.len(), 12);
    let Some(found) = parsed(&feed.write(at("2026-11-23T09:00:00Z"))) else { return };
    assert_eq!(found[0].as_array().unwrap().len(), 52);
    assert_eq!(found[3].as_array().unwrap().len(), 52);
}

const HOLIDAYS: &str = "\u{feff}BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20201225\r\n\
    DTEND;VALUE=DATE:20201227\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20271225\r\nSUMMARY:Weihnachten\\, beide\r\n  Tage\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:2\r\nDTSTART;TZID=\"Europe/Berlin\":20261231T180000\r\nDURATION:PT6H\r\nSUMMARY:party\r\n\
    BEGIN:VALARM\r\nDTSTART:broken\r\nEND:VALARM\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:3\r\nDTSTART;VALUE=DATE:20260601\r\nSTATUS:CANCELLED\r\nSUMMARY:off\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:4\r\nDTSTART:tomorrow\r\nSUMMARY:broken\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:5\r\nDTSTART;VALUE=DATE:20260401\r\nSUMMARY:spring\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;VALUE=DATE:20281225\r\nDTSTART;VALUE=DATE:20281220\r\nSUMMARY:early\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn a_holiday_feed_is_read_within_limits() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let range = span("2026-01-01T00:00:00Z", "2029-01-01T00:00:00Z");
    let (found, skipped) = holidays(HOLIDAYS, &berlin, range, Limits::default()).unwrap();
    let days: Vec<String> = found
        .iter()
        .map(|day| format!("{} {:?} {}", day.date, day.last.map(|last| last.to_string()), day.name))
        .collect();
    assert_eq!(
        days,
        [
            "2026-04-01 None spring",
            "2026-12-25 Some(\"2026-12-26\") Weihnachten, beide Tage",
            "2028-12-20 None early"
        ]
    );
    assert_eq!(skipped.len(), 2, "{skipped:?}");
    let party = read(HOLIDAYS, &berlin, range, Limits::default()).unwrap().events;
    assert!(party.iter().any(|event| event.span == span("2026-12-31T17:00:00Z", "2026-12-31T23:00:00Z")));
    let tight = Limits { most_events: 3, ..Limits::default() };
    assert!(read(HOLIDAYS, &berlin, range, tight).is_err());
    assert!(read("hello", &berlin, range, Limits::default()).is_err());
    let flood = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20000101T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n";
    let few = Limits { most_occurrences: 100, ..Limits::default() };
    assert!(read(flood, &berlin, range, few).is_err(), "an endless rule meets the limit");
}

#[test]
fn what_was_written_is_read_back() {
    let feed = feed();
    let text = feed.write(at("2026-11-23T09:00:00Z"));
    let range = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let events = read(&text, &Zone::utc(), range, Limits::default()).unwrap().events;
    assert_eq!((events[0].span, &events[0].summary), (feed.entries[0].span, &feed.entries[0].summary));
}

proptest! {
    #[test]
    fn any_summary_survives(summary in "[^\\p{C}]{0,200}") {
        let mut feed = feed();
        feed.entries[0].summary = summary.clone();
        let text = feed.write(at("2026-11-23T09:00:00Z"));
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
        let range = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let events = read(&text, &Zone::utc(), range, Limits::default()).unwrap().events;
        prop_assert_eq!(&events[0].summary, &summary);
    }

    #[test]
    fn no_file_breaks_the_reader(lines in prop::collection::vec(
        "(BEGIN:VEVENT|END:VEVENT|DTSTART:20260101|DTEND:2026010[0-9]|RRULE:FREQ=DAILY;COUNT=[0-9]|DURATION:P[0-9TDHMS]{0,6}|[A-Z;=:\", ]{0,20})", 0..20)
    ) {
        let text = format!("BEGIN:VCALENDAR\n{}", lines.join("\n"));
        let range = span("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z");
        let _ = read(&text, &Zone::utc(), range, Limits::default());
    }
}
