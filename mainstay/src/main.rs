//! `mainstay`: one word, then what to do.

use std::process::ExitCode;

use clap::Parser;
use mainstay::cli::{Command, run};

fn main() -> ExitCode {
    mainstay::memory::give_back();
    run(Command::parse())
}
