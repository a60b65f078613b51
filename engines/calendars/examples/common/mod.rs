//! What the example programs share: JSON in, JSON out, faults that name the field.

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use mainstay_calendars::problem::{Problem, from_json};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a program says about itself.
pub struct About {
    pub help: &'static str,
    /// An input that can be run as it is.
    pub example: &'static str,
    /// One more option and what it prints.
    pub option: Option<(&'static str, Answer)>,
}

/// What is printed, or what is wrong.
type Answer = fn() -> Result<String, Problem>;

const ENDING: &str = "
OPTIONS
  --help       this text
  --example    an input to start from: PROGRAM --example | PROGRAM

A point in time is RFC 3339 with Z or an offset (2026-11-23T09:00:00+01:00); a wall-clock time has none
(2026-11-23T09:00) and its zone, an IANA name, stands beside it. Unknown fields are refused.
A faulty input is one line on standard error, \"error: FIELD: WHAT\", and exit code 2.";

/// Anything that serialises is an answer.
pub fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|fault| Problem::new("", fault.to_string()))
}

/// Reads one JSON value from standard input, answers on standard output.
pub fn run<T: DeserializeOwned>(
    about: &About,
    answer: impl FnOnce(&T) -> Result<String, Problem>,
) -> ExitCode {
    match (std::env::args().nth(1).as_deref(), about.option) {
        (None, _) => {}
        (Some("--help" | "-h"), _) => return print(&format!("{}\n{ENDING}\n", about.help)),
        (Some("--example"), _) => return print(about.example),
        (Some(given), Some((option, print_it))) if given == option => return answered(print_it()),
        (Some(other), _) => {
            eprintln!(
                "error: {other}: no such option; the input comes on standard input, --help shows its shape"
            );
            return ExitCode::from(2);
        }
    }
    if std::io::stdin().is_terminal() {
        eprintln!("reading JSON from standard input; --help shows its shape");
    }
    let mut text = String::new();
    let input = match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => from_json::<T>(&text),
        Err(fault) => Err(Problem::new("", format!("standard input: {fault}"))),
    };
    answered(input.and_then(|input| answer(&input)))
}

fn answered(answer: Result<String, Problem>) -> ExitCode {
    match answer {
        Ok(text) => print(&text),
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

/// A reader that goes away early is no fault.
fn print(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
