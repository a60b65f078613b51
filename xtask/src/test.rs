//! `cargo xtask test`: everything that has to hold, in the order in which it fails fastest.

use std::process::Command;

use anyhow::Result;

use crate::postgres::Postgres;
use crate::{tidy, tools};

/// (program, Debian package): the real parts that tests run on loopback.
const DEBIAN: &[(&str, &str)] =
    &[("initdb", "postgresql"), ("chromium", "chromium"), ("sshd", "openssh-server"), ("ss", "iproute2")];

/// Runs everything; the first failure ends it.
pub fn run() -> Result<()> {
    tools::debian(DEBIAN)?;
    tools::run(&mut tools::cargo(&["fmt", "--all", "--check"]))?;
    tidy::run()?;
    tools::run(Command::new(tools::cargo_deny()?).args([
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))?;
    tools::run(&mut tools::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    let postgres = Postgres::start()?;
    tools::run(
        tools::cargo(&["test", "--workspace", "--locked", "--quiet"])
            .env("MAINSTAY_TEST_POSTGRES", postgres.url()),
    )
}
