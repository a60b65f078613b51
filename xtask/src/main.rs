//! The house's own chores: `cargo xtask test`, `tidy`, `bench`. Each is one module; nothing here ships.

mod bench;
mod postgres;
mod test;
mod tidy;
mod tools;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask test            install what the tests need, then run everything
cargo xtask tidy            the rules of the house that the compiler does not check
cargo xtask bench [NAME…]   measure, and write the figures into docs/benchmarks.md";

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match chore(&words) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn chore(words: &[String]) -> Result<()> {
    std::env::set_current_dir(tools::root())?;
    match words.first().map(String::as_str) {
        Some("test") => test::run(),
        Some("tidy") => tidy::run(),
        Some("bench") => bench::run(&words[1..]),
        Some(other) => bail!("there is no chore named {other:?}\n\n{USAGE}"),
        None => bail!("which chore?\n\n{USAGE}"),
    }
}
