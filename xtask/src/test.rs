//! `cargo xtask test`: everything that has to hold, in the order in which it fails fastest.

use std::process::Command;

use anyhow::Result;

use crate::postgres::Postgres;
use crate::{tidy, tools};

/// (program, Debian package): the real parts that tests run on loopback.
const DEBIAN: &[(&str, &str)] = &[
    ("initdb", "postgresql"),
    // The server alone: no service is started with it.
    ("mariadbd", "mariadb-server-core"),
    ("chromium", "chromium"),
    ("npm", "npm"),
    ("sshd", "openssh-server"),
    ("ssh-keygen", "openssh-client"),
    ("ss", "iproute2"),
    ("rpm", "rpm"),
    ("dpkg-deb", "dpkg"),
    ("apt-ftparchive", "apt-utils"),
    ("python3", "python3"),
    ("prometheus", "prometheus"),
    ("postfix", "postfix"),
    ("dovecot", "dovecot-imapd"),
];

/// Python packages our answers are compared with.
const PYTHON: &[&str] = &["cvss==3.6", "icalendar==7.3.2", "python-dateutil==4.0.0", "vobject==0.9.9"];

/// Folders with tools for the browser, each with its lock file.
const NPM: &[&str] = &["face/tests/browser"];

/// Runs everything; the first failure ends it.
pub fn run() -> Result<()> {
    tools::debian(DEBIAN)?;
    for folder in NPM {
        tools::run(
            Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(folder),
        )?;
    }
    tools::run(&mut tools::cargo(&["fmt", "--all", "--check"]))?;
    tidy::run()?;
    let deny = tools::cargo_deny()?;
    tools::run(Command::new(deny).args(["--log-level", "error", "check", "bans", "licenses", "sources"]))?;
    // Tests may unwrap what they set up; what ships may not.
    let lints = ["--", "-D", "warnings"];
    tools::run(&mut tools::cargo(&[&["clippy", "--workspace", "--locked"], &lints[..]].concat()))?;
    let all = ["clippy", "--workspace", "--all-targets", "--locked"];
    tools::run(&mut tools::cargo(&[&all, &lints[..], &["-A", "clippy::unwrap_used"]].concat()))?;
    let postgres = Postgres::start()?;
    let python = tools::python(PYTHON)?;
    let tests = ["test", "--workspace", "--locked", "--no-fail-fast"];
    tools::run(
        tools::cargo(&tests).env("MAINSTAY_TEST_POSTGRES", postgres.url()).env("MAINSTAY_PYTHON", python),
    )
}
