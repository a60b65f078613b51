//! What the example programs share: JSON in, JSON out, faults that name the field.

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use mainstay_calendars::problem::{Problem, from_json};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Anything that serialises is an answer.
pub fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|fault| Problem::new("", fault.to_string()))
}

/// Reads one JSON value from standard input, answers on standard output. `--help` prints the help. A faulty
/// input is one line on standard error, `error: FIELD: WHAT`, and exit code 2.
pub fn run<T: DeserializeOwned>(help: &str, answer: impl FnOnce(&T) -> Result<String, Problem>) -> ExitCode {
    if let Some(argument) = std::env::args().nth(1) {
        let is_help = argument == "--help" || argument == "-h";
        println!("{help}");
        return if is_help { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    if std::io::stdin().is_terminal() {
        eprintln!("reading JSON from standard input; --help shows its shape");
    }
    let mut text = String::new();
    let input = match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => from_json::<T>(&text),
        Err(fault) => Err(Problem::new("", format!("standard input: {fault}"))),
    };
    match input.and_then(|input| answer(&input)) {
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
