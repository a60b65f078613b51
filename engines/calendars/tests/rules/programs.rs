//! The example programs as a user runs them: JSON in, JSON out, faults by field.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Next to this test's own binary, where cargo builds the examples before it runs tests.
fn program(name: &str) -> Option<PathBuf> {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: example {name} is not built; cargo test without --test builds it");
    None
}

fn run(name: &str, input: &str) -> Option<Output> {
    let mut child = Command::new(program(name)?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}

const SCHEDULE: &str = r#"{"name": "web", "zone": "Europe/Berlin", "layers": [{"name": "primary",
    "participants": ["ada", "bob"], "rotation": {"every": "week", "start": "2026-01-05T09:00"}}]}"#;

#[test]
fn programs_answer_and_name_faulty_fields() {
    let oncall = format!(r#"{{"schedule": {SCHEDULE}, "at": "2026-11-23T10:00:00+01:00"}}"#);
    let shifts = format!(
        r#"{{"schedule": {SCHEDULE}, "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}}"#
    );
    let sla = r#"{"policies": {"p": {"targets": [{"kind": "resolution", "minutes": {"*": 60}}]}},
        "events": [{"at": "2026-11-23T10:00:00Z", "kind": "created", "policy": "p"}], "now": "2026-11-23T10:30:00Z"}"#;
    let deadlines = r#"{"now": "2026-11-23T12:00:00Z", "anchors": {"aware": "2026-11-23T10:00:00Z"}}"#;
    for (name, input, pointer, expected) in [
        ("oncall", oncall.as_str(), "/on_call/0/person", serde_json::json!("ada")),
        ("shifts", &shifts, "/shifts/51/person", serde_json::json!("bob")),
        ("shifts", &shifts, "/fairness/loads/0/shifts", serde_json::json!(26)),
        ("sla", sla, "/clocks/0/elapsed_ms", serde_json::json!(1_800_000)),
        ("deadlines", deadlines, "/next", serde_json::json!("nis2.early_warning")),
    ] {
        let Some(output) = run(name, input) else { return };
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer.pointer(pointer), Some(&expected), "{name}");
    }
    for (name, input, message) in [
        ("oncall", oncall.replace("Berlin", "Berln"), "error: schedule.zone: "),
        ("shifts", shifts.replace("\"week\"", "\"fortnight\""), "error: schedule.layers[0].rotation.every: "),
        ("shifts", shifts.replace("2027-01-01T", "2127-01-01T"), "error: to: "),
        ("sla", sla.replace("\"p\"}]", "\"q\"}]"), "error: events[0].policy: "),
        ("deadlines", deadlines.replace("aware", "noticed"), "error: anchors"),
        ("deadlines", "{}".to_owned(), "error: missing field `now`"),
    ] {
        let Some(output) = run(name, &input) else { return };
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with(message) && text.lines().count() == 1, "{name}: {text}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn help_shows_the_shape_and_the_example_runs() {
    for name in ["oncall", "shifts", "sla", "deadlines"] {
        let Some(path) = program(name) else { return };
        let with = |option: &str| Command::new(&path).arg(option).output().unwrap();
        let help = String::from_utf8(with("--help").stdout).unwrap();
        assert!(help.contains("INPUT") && help.contains("OUTPUT") && help.contains("--example"), "{name}");
        let example = String::from_utf8(with("--example").stdout).unwrap();
        let output = run(name, &example).unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let wrong = with("--exmaple");
        assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(2), 0), "{name}");
    }
}

/// What people get wrong, and the words they are told. An input that is text is no JSON.
#[test]
fn every_fault_names_its_field_and_what_is_allowed() {
    let faults: Vec<serde_json::Value> = serde_json::from_str(include_str!("faults.json")).unwrap();
    for fault in &faults {
        let word = |name: &str| fault[name].as_str().unwrap();
        let input = fault["input"].as_str().map_or_else(|| fault["input"].to_string(), str::to_owned);
        let Some(output) = run(word("program"), &input) else { return };
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{fault}: {text}");
        let start = format!("error: {}", word("field"));
        let is_told = text.starts_with(&start) && text.contains(word("words")) && text.lines().count() == 1;
        assert!(is_told, "{fault}: {text}");
    }
}

#[test]
fn both_names_of_the_zone_and_any_offset_are_read() {
    let schedule = SCHEDULE.replace("\"zone\"", "\"time_zone\"");
    let input = format!(r#"{{"schedule": {schedule}, "at": "2026-11-23T10:00:00+05:45"}}"#);
    let Some(output) = run("oncall", &input) else { return };
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["at"], "2026-11-23T04:15:00Z");
    assert_eq!(answer["on_call"][0]["person"], "bob", "before Monday 09:00 in Berlin");
}
