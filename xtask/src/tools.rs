//! Running other programs, and bringing in the ones the tests need.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The workspace folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// Runs a command, says which, and fails with its words when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let words = format!("{} {}", command.get_program().display(), arguments(command));
    println!("\n$ {words}");
    let status = command.status().with_context(|| format!("{words}: could not be started"))?;
    if !status.success() {
        bail!("{words}: ended with {status}");
    }
    Ok(())
}

fn arguments(command: &Command) -> String {
    command.get_args().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// `cargo`, the one that runs us.
pub fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words);
    command
}

/// A Python that has these packages, in a virtual environment below `target`.
pub fn python(packages: &[&str]) -> Result<PathBuf> {
    let folder = root().join("target/python");
    let python = folder.join("bin/python");
    if !python.is_file() {
        // Debian keeps what makes environments in a package of its own, without a program to look for.
        let can_make = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
        if !can_make.is_ok_and(|output| output.status.success()) {
            install(&["python3-venv"])?;
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(&python).args(install).args(packages))?;
    Ok(python)
}

/// Where a program lies: `PATH`, cargo's own folder, and the places Debian keeps servers in.
pub fn find(program: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
    folders.extend(
        ["/usr/sbin", "/sbin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"].map(Into::into),
    );
    folders.push(root().join("target/tools/bin"));
    folders.into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Installs the Debian packages of the programs that are missing; `wanted` is (program, package).
pub fn debian(wanted: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> =
        wanted.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn install(missing: &[&str]) -> Result<()> {
    let line = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    let Some(apt) = as_root() else {
        bail!("the tests need programs that are not here; as root, run: {line}");
    };
    run(apt("apt-get").args(["update", "--quiet"]))?;
    run(apt("apt-get").args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(missing))
        .with_context(|| format!("install them by hand and run again: {line}"))
}

/// How to start a program as root here, if there is a way that asks nobody.
fn as_root() -> Option<fn(&str) -> Command> {
    fn direct(program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
    fn sudo(program: &str) -> Command {
        let mut command = Command::new("sudo");
        command.args(["--non-interactive", "DEBIAN_FRONTEND=noninteractive", program]);
        command
    }
    if is_root() {
        return Some(direct);
    }
    let allowed = Command::new("sudo").args(["--non-interactive", "true"]).output();
    allowed.is_ok_and(|o| o.status.success()).then_some(sudo as fn(&str) -> Command)
}

/// Whether this process is root.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0")
}

/// `cargo deny`, built into target/tools when the machine has none.
pub fn cargo_deny() -> Result<PathBuf> {
    if let Some(found) = find("cargo-deny") {
        return Ok(found);
    }
    let folder = root().join("target/tools");
    run(cargo(&["install", "cargo-deny", "--locked", "--quiet", "--root"]).arg(&folder))?;
    Ok(folder.join("bin/cargo-deny"))
}
