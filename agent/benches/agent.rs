//! What the first look at this machine costs, beside the tools people use for the same questions, in one run.
//! Prints Markdown. Give `--quick` to leave out lynis, which takes minutes.

use std::process::{Command, Stdio};
use std::time::Instant;

/// What one run took, processor milliseconds, wall milliseconds, peak memory KiB.
struct Cost {
    cpu_ms: u64,
    wall_ms: u64,
    peak_kib: Option<u64>,
}

fn main() {
    if std::env::args().any(|word| word == "look") {
        let facts = mainstay_agent::collect_all(&mainstay_agent::Host::live());
        println!("{}", facts.looks().iter().map(|looked| looked.content.get().len()).sum::<usize>());
        println!("{}", peak_kib("self").unwrap_or(0));
        return;
    }
    let is_quick = std::env::args().any(|word| word == "--quick");
    let own = std::env::current_exe().expect("a running program has a path");
    println!("| what | CPU | wall | peak RSS |\n|---|---|---|---|");
    row("mainstay agent, all collectors", measure(own.to_str().expect("cargo's paths are text"), &["look"]));
    row("apt-get -s dist-upgrade", measure("apt-get", &["-s", "-o", "Debug::NoLocking=1", "dist-upgrade"]));
    row("needrestart -b -r l", measure("needrestart", &["-b", "-r", "l"]));
    if !is_quick {
        row("lynis audit system --quick", measure("lynis", &["audit", "system", "--quick", "--no-colors"]));
    }
    println!("\n| collector | CPU ms | wall ms | bytes sent | not seen |\n|---|---|---|---|---|");
    for looked in mainstay_agent::collect_all(&mainstay_agent::Host::live()).looks() {
        let content: serde_json::Value = serde_json::from_str(looked.content.get()).unwrap_or_default();
        let unseen = content["unseen"].as_array().map_or(0, Vec::len);
        println!(
            "| {} | {:.1} | {:.1} | {} | {unseen} |",
            looked.section,
            milliseconds(looked.took.cpu_us),
            milliseconds(looked.took.wall_us),
            looked.content.get().len()
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of one run, printed with one digit")]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1000.0
}

fn row(what: &str, cost: Option<Cost>) {
    match cost {
        Some(cost) => {
            let peak = cost.peak_kib.map_or("?".to_owned(), |kib| format!("{} MB", kib / 1024));
            println!("| {what} | {} ms | {} ms | {peak} |", cost.cpu_ms, cost.wall_ms);
        }
        None => println!("| {what} | not here | | |"),
    }
}

/// `None` when the program is not installed. The processor time of ended children comes from `/proc`.
fn measure(program: &str, arguments: &[&str]) -> Option<Cost> {
    let (cpu_before, begun) = (children_ms(), Instant::now());
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .ok()?;
    let id = child.id().to_string();
    let mut peak = None;
    loop {
        peak = peak_kib(&id).or(peak).max(peak);
        if child.try_wait().ok()?.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let wall_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Some(Cost { cpu_ms: children_ms().saturating_sub(cpu_before), wall_ms, peak_kib: peak })
}

/// Processor time of all ended children, from ticks of 10 ms.
fn children_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let tick = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    (tick(13) + tick(14)) * 10
}

/// Highest resident memory of a process so far.
fn peak_kib(id: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
