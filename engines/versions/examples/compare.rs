//! Orders pairs of versions: `compare SCHEME`, then `a b` per line on standard input; one of `<`, `=`, `>`, `?` per line.
//!
//! The two versions stand between single tabs where a line has a tab, else between blanks.

use std::cmp::Ordering;
use std::io::{BufRead, BufWriter, Write};
use std::process::ExitCode;

use mainstay_versions::Scheme;

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        eprintln!("usage: compare SCHEME < pairs; schemes: {}", names());
        return ExitCode::from(2);
    };
    match name.parse() {
        Ok(scheme) => match answer(scheme) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn names() -> String {
    Scheme::ALL.iter().map(|scheme| scheme.name()).collect::<Vec<_>>().join(" ")
}

fn answer(scheme: Scheme) -> std::io::Result<()> {
    let mut output = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        writeln!(output, "{}", mark(scheme, &line))?;
    }
    output.flush()
}

/// What is no pair of texts has no order; bytes that are no text neither.
fn mark(scheme: Scheme, line: &[u8]) -> &'static str {
    let Ok(line) = std::str::from_utf8(line) else { return "?" };
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut words = line.split_ascii_whitespace();
    let pair =
        line.split_once('\t').or_else(|| words.next().zip(words.next()).filter(|_| words.next().is_none()));
    match pair.map(|(a, b)| scheme.compare(a, b)) {
        Some(Ok(Ordering::Less)) => "<",
        Some(Ok(Ordering::Equal)) => "=",
        Some(Ok(Ordering::Greater)) => ">",
        Some(Err(_)) | None => "?",
    }
}
