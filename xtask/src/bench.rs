//! `cargo xtask bench`: runs the bench programs and keeps their figures, with machine and date, in docs/benchmarks.md.
//!
//! A bench program is a `[[bench]]` with `harness = false` that prints Markdown; it is found by its file name.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::postgres::Postgres;
use crate::tools;

const PAGE: &str = "docs/benchmarks.md";

/// Runs the named benches, or all of them.
pub fn run(names: &[String]) -> Result<()> {
    let all = all()?;
    for name in names {
        if !all.iter().any(|(_, bench)| bench == name) {
            let known: Vec<&str> = all.iter().map(|(_, bench)| bench.as_str()).collect();
            bail!("no bench is named {name:?}; there are: {}", known.join(", "));
        }
    }
    // Benches that compare engines find the server here; without one they say that they did not measure it.
    let postgres = Postgres::start().inspect_err(|error| eprintln!("no PostgreSQL: {error:#}")).ok();
    for (package, bench) in all.iter().filter(|(_, bench)| names.is_empty() || names.contains(bench)) {
        let output = tools::cargo(&["bench", "--quiet", "--package", package, "--bench", bench])
            .envs(postgres.as_ref().map(|server| ("MAINSTAY_TEST_POSTGRES", server.url())))
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("bench {bench}"))?;
        if !output.status.success() {
            bail!("bench {bench} ended with {}", output.status);
        }
        let text = String::from_utf8(output.stdout)?;
        println!("{text}");
        keep(bench, &text)?;
    }
    Ok(())
}

/// Every `benches/NAME.rs` of the workspace, with its package.
fn all() -> Result<Vec<(String, String)>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*/benches/*.rs"])
        .output()?;
    let mut found = Vec::new();
    for path in String::from_utf8(listed.stdout)?.lines() {
        let (folder, file) = path.split_once("/benches/").context("listed by this pattern")?;
        if file.contains('/') {
            continue; // a module of a bench, not a bench
        }
        let manifest = std::fs::read_to_string(format!("{folder}/Cargo.toml"))?;
        let package = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
            .with_context(|| format!("{folder}/Cargo.toml has no name"))?;
        found.push((package.to_owned(), file.trim_end_matches(".rs").to_owned()));
    }
    Ok(found)
}

/// Replaces the section of one bench in the page.
fn keep(bench: &str, text: &str) -> Result<()> {
    let page = std::fs::read_to_string(PAGE).unwrap_or_else(|_| "# Benchmarks\n".to_owned());
    let (open, close) = (format!("<!-- bench {bench} -->"), format!("<!-- end {bench} -->"));
    let mut section = format!("{open}\n## {bench}\n\n");
    write!(section, "{}\n\n{}\n{close}", machine()?, text.trim())?;
    let page = match (page.find(&open), page.find(&close)) {
        (Some(from), Some(to)) => format!("{}{section}{}", &page[..from], &page[to + close.len()..]),
        _ => format!("{}\n\n{section}\n", page.trim_end()),
    };
    Ok(std::fs::write(PAGE, page)?)
}

/// What was measured on: day, processor, cores, memory, system.
fn machine() -> Result<String> {
    let shell = "date -u +%Y-%m-%d; grep -m1 'model name' /proc/cpuinfo | cut -d: -f2; nproc; \
        awk '/MemTotal/ {printf \"%.0f GiB\\n\", $2/1048576}' /proc/meminfo; . /etc/os-release; echo $PRETTY_NAME";
    let output = Command::new("sh").args(["-c", shell]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let facts: Vec<&str> = text.lines().map(str::trim).collect();
    let [day, processor, cores, memory, system] = facts[..] else {
        bail!("this machine could not be described: {text}")
    };
    Ok(format!("{day}, {processor}, {cores} cores, {memory}, {system}."))
}
