//! What a person would notice: tables of cases for every part of the crate.

mod algebra;
mod business;
mod deadlines;
mod feeds;
mod imports;
mod oncall;
mod programs;
mod recurrence;
mod sla;
mod windows;

use std::io::Write;
use std::process::{Command, Stdio};

use mainstay_calendars::moment::{Moment, Span};

/// A moment from its RFC 3339 text.
fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn span(from: &str, to: &str) -> Span {
    Span::new(at(from), at(to))
}

/// Runs a Python script that needs these modules, with that text on its standard input; `None`, said plainly,
/// when Python or one of them is not here. `MAINSTAY_PYTHON` names another interpreter.
fn python(modules: &[&str], script: &str, input: &str) -> Option<String> {
    let python = std::env::var("MAINSTAY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for module in modules {
        let found =
            Command::new(&python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            println!("skipped: {python} with module {module} is not here");
            return None;
        }
    }
    let mut child = Command::new(&python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the Python script failed");
    Some(String::from_utf8(output.stdout).unwrap())
}
