//! The store against Debian's prometheus and victoria-metrics, in one run on the same samples: 2,000 series × 10,000
//! points of realistic counters and gauges, and a churn case. Prints Markdown. `POINTS` sets another length, `SYSTEMS` a
//! part of `own,promd,prometheus,victoria,churn,million`.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "figures"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "parts/million.rs"]
mod million;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use common::{Dice, Labels, Server, escape, free_port, http, time_series, write_request};
use mainstay_metrics::api;
use mainstay_metrics::decode::remote_write;
use mainstay_metrics::promql::{self, Range};
use mainstay_metrics::store::{Options, Store};

const HOSTS: usize = 20;
const PER_HOST: usize = 100;
const START: i64 = 1_700_006_400_000;
const STEP: i64 = 15_000;
const BATCH_POINTS: usize = 20;

struct Made {
    labels: Labels,
    t: Vec<i64>,
    v: Vec<f64>,
}

/// Per host 40 % integer counters, 15 % CPU counters at 0.01, 20 % page-multiple bytes, 10 % percent at 0.01, 10 %
/// constants, 2.5 % noise, 2.5 % a filling disk; ±2 ms on 15 % of the times.
fn data(points: usize) -> Vec<Made> {
    let mut dice = Dice(42);
    let mut all = Vec::with_capacity(HOSTS * PER_HOST);
    for host in 0..HOSTS {
        let times: Vec<i64> = (0..points as i64)
            .map(|p| {
                let jitter = if dice.below(100) < 15 { dice.below(5) as i64 - 2 } else { 0 };
                START + p * STEP + host as i64 * 600 + jitter
            })
            .collect();
        for n in 0..PER_HOST {
            let (name, v) = values(n, points, &mut dice);
            let mut labels: Labels = [
                ("__name__", name),
                ("instance", &format!("host-{host}.example.net:9100")),
                ("job", "node"),
                ("device", &format!("dev{}", n % 10)),
                ("mode", &format!("m{}", n / 10)),
                ("dc", "west-1"),
            ]
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
            labels.sort();
            all.push(Made { labels, t: times.clone(), v });
        }
    }
    all
}

fn values(n: usize, points: usize, dice: &mut Dice) -> (&'static str, Vec<f64>) {
    let mut x = dice.unit() * 1e6;
    let rate = 5.0 + dice.unit() * 200.0;
    let poisson = |dice: &mut Dice| {
        // Normal approximation of a Poisson number.
        let normal = (0..12).map(|_| dice.unit()).sum::<f64>() - 6.0;
        (rate + rate.sqrt() * normal).round().max(0.0)
    };
    let name = match n {
        0..40 => "requests_total",
        40..55 => "cpu_seconds_total",
        55..75 => "memory_bytes",
        75..85 => "busy_percent",
        85..95 => "limit",
        95..97 => "noise",
        _ => "disk_used_bytes",
    };
    let v = (0..points)
        .map(|_| match n {
            0..40 => {
                x = x.round() + poisson(dice);
                x
            }
            40..55 => {
                x += (dice.below(1500)) as f64 / 100.0;
                x = (x * 100.0).round() / 100.0;
                x
            }
            55..75 => {
                x = (x + (dice.below(400) as f64 - 200.0)).max(1000.0).round();
                x * 4096.0
            }
            75..85 => (dice.below(10_000)) as f64 / 100.0,
            85..95 => 65_536.0,
            95..97 => dice.unit().sqrt() * 100.0,
            _ => {
                x += dice.below(300) as f64;
                x.round() * 4096.0
            }
        })
        .collect();
    (name, v)
}

/// The remote-write bodies, oldest samples first.
fn bodies(all: &[Made], points: usize) -> Vec<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    for from in (0..points).step_by(BATCH_POINTS) {
        let to = (from + BATCH_POINTS).min(points);
        for group in all.chunks(500) {
            let messages: Vec<Vec<u8>> = group
                .iter()
                .map(|m| {
                    let samples: Vec<_> =
                        m.t[from..to].iter().copied().zip(m.v[from..to].iter().copied()).collect();
                    time_series(&m.labels, &samples)
                })
                .collect();
            out.push((write_request(messages.iter().map(Vec::as_slice)), group.len() * (to - from)));
        }
    }
    out
}

fn queries(points: usize) -> Vec<(&'static str, &'static str, Range)> {
    let end_ms = START + points as i64 * STEP - 120_000;
    let over = |steps: i64, step: i64| Range { start_ms: end_ms - (steps - 1) * step, end_ms, step_ms: step };
    vec![
        (
            "one gauge, 600 steps",
            "busy_percent{instance=\"host-3.example.net:9100\",device=\"dev7\"}",
            over(600, 60_000),
        ),
        (
            "sum by (instance)(rate) of 20 series, 600 steps",
            "sum by (instance) (rate(requests_total{device=\"dev3\",mode=\"m1\"}[5m]))",
            over(600, 60_000),
        ),
        ("sum(rate) of 800 series, 240 steps", "sum(rate(requests_total[5m]))", over(240, 15_000)),
        ("800 series raw, 240 steps", "requests_total", over(240, 15_000)),
        (
            "max_over_time[1h] of 40 series, 120 steps",
            "max_over_time(memory_bytes{device=~\"dev[12]\",mode=\"m6\"}[1h])",
            over(120, 300_000),
        ),
        ("topk(5, rate), 360 steps", "topk(5, rate(cpu_seconds_total[5m]))", over(360, 60_000)),
    ]
}

/// Milliseconds of the first of six times and of the best of the others.
fn timed<R>(mut f: impl FnMut() -> R) -> (f64, f64) {
    let mut once = || {
        let started = Instant::now();
        std::hint::black_box(f());
        started.elapsed().as_secs_f64() * 1000.0
    };
    (once(), (0..5).map(|_| once()).fold(f64::INFINITY, f64::min))
}

/// Resident memory of a process in MB.
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// CPU seconds a process has used.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn folder_bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => folder_bytes(&entry.path()),
            _ => entry.metadata().map_or(0, |m| m.len()),
        })
        .sum()
}

/// One column of the table.
#[derive(Default)]
struct Figures {
    name: String,
    ingest: f64,
    ingest_cpu: f64,
    bytes: f64,
    /// With rows of five minutes and of an hour, which only the own store makes.
    bytes_with_rows: f64,
    memory: f64,
    start_ms: f64,
    /// The first time and again.
    queries: Vec<(f64, f64)>,
}

fn own(dir: &Path, all: &[Made], bodies: &[(Vec<u8>, usize)], points: usize) -> Vec<Figures> {
    let total = (all.len() * points) as f64;
    // In process, without any protocol.
    let in_process = Store::open(&dir.join("plain"), Options::default()).unwrap();
    let before = cpu_seconds(std::process::id());
    let started = Instant::now();
    for from in (0..points).step_by(BATCH_POINTS) {
        let mut appender = in_process.appender();
        for made in all {
            let id = appender.series(&made.labels).unwrap();
            for i in from..(from + BATCH_POINTS).min(points) {
                appender.float(id, made.t[i], made.v[i]);
            }
        }
        appender.commit().unwrap();
    }
    let plain = Figures {
        name: "Mainstay, in process".into(),
        ingest: total / started.elapsed().as_secs_f64(),
        ingest_cpu: total / (cpu_seconds(std::process::id()) - before),
        ..Figures::default()
    };
    drop(in_process);
    // As remote-write bodies.
    let folder = dir.join("own");
    let store = Store::open(&folder, Options::default()).unwrap();
    let before = cpu_seconds(std::process::id());
    let started = Instant::now();
    for (body, _) in bodies {
        let mut appender = store.appender();
        remote_write::version_1(&remote_write::decompress(body, 1 << 26).unwrap(), &mut appender).unwrap();
        assert!(appender.commit().unwrap().is_complete());
    }
    let mut figures = Figures {
        name: "Mainstay, remote-write".into(),
        ingest: total / started.elapsed().as_secs_f64(),
        ingest_cpu: total / (cpu_seconds(std::process::id()) - before),
        ..Figures::default()
    };
    figures.memory = store.status().head_bytes as f64 / 1e6;
    store.compact_all().unwrap();
    let rows = folder_bytes(&folder.join("5m")) + folder_bytes(&folder.join("1h"));
    figures.bytes = (folder_bytes(&folder) - rows) as f64 / total;
    figures.bytes_with_rows = folder_bytes(&folder) as f64 / total;
    drop(store);
    let started = Instant::now();
    let store = Store::open(&folder, Options::default()).unwrap();
    figures.start_ms = started.elapsed().as_secs_f64() * 1000.0;
    let options = promql::Options::default();
    for (_, query, range) in queries(points) {
        figures.queries.push(timed(|| api::answer(&promql::range(&store, query, range, &options).unwrap())));
    }
    vec![plain, figures]
}

fn peer(
    name: &str,
    server: Server,
    folder: &Path,
    bodies: &[(Vec<u8>, usize)],
    points: usize,
    restart: &dyn Fn() -> Option<Server>,
) -> Figures {
    let total = bodies.iter().map(|(_, n)| *n).sum::<usize>() as f64;
    let headers = "Content-Encoding: snappy\r\nContent-Type: application/x-protobuf\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n";
    let started = Instant::now();
    for (body, _) in bodies {
        let (status, answer) = http(&server.address, "POST", "/api/v1/write", headers, body).unwrap();
        assert!(status < 300, "{name}: {status} {}", String::from_utf8_lossy(&answer));
    }
    let mut figures =
        Figures { name: name.into(), ingest: total / started.elapsed().as_secs_f64(), ..Figures::default() };
    figures.ingest_cpu = total / cpu_seconds(server.pid()).max(0.01);
    figures.memory = resident(server.pid());
    let is_own = name == OVER_HTTP;
    if is_own {
        let _ = http(&server.address, "POST", "/api/v1/admin/tsdb/compact", "", b"");
    } else {
        let _ = http(&server.address, "GET", "/internal/force_flush", "", b"");
        let _ = http(&server.address, "POST", "/api/v1/admin/tsdb/snapshot?skip_head=false", "", b"");
    }
    for (_, query, range) in queries(points) {
        let path = format!(
            "/api/v1/query_range?nocache=1&query={}&start={}&end={}&step={}",
            escape(query),
            range.start_ms as f64 / 1000.0,
            range.end_ms as f64 / 1000.0,
            range.step_ms as f64 / 1000.0
        );
        figures.queries.push(timed(|| {
            let (status, body) = http(&server.address, "GET", &path, "", b"").unwrap();
            assert!(status == 200 && body.len() > 300, "{name}: {query}: {}", String::from_utf8_lossy(&body));
        }));
    }
    // Prometheus keeps the newest hours in its log; a snapshot has them as blocks.
    let snapshots = folder.join("snapshots");
    let measured = if name.starts_with("Prometheus") { &snapshots } else { folder };
    let all = folder_bytes(measured) as f64;
    figures.bytes = all / total;
    if is_own {
        let rows = folder_bytes(&folder.join("5m")) + folder_bytes(&folder.join("1h"));
        figures.bytes = (all - rows as f64) / total;
        figures.bytes_with_rows = all / total;
    }
    server.kill();
    let started = Instant::now();
    if restart().is_some() {
        figures.start_ms = started.elapsed().as_secs_f64() * 1000.0;
    }
    figures
}

fn start_prometheus(dir: &Path) -> Option<Server> {
    let address = format!("127.0.0.1:{}", free_port());
    std::fs::write(dir.join("p.yml"), "global: {}\n").ok()?;
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", dir.join("p.yml").display()))
        .arg(format!("--storage.tsdb.path={}", dir.join("prometheus").display()))
        .arg(format!("--web.listen-address={address}"))
        .args([
            "--web.enable-remote-write-receiver",
            "--web.enable-admin-api",
            "--storage.tsdb.retention.time=100y",
            "--log.level=error",
        ]);
    Server::start(command, address, "/-/ready")
}

fn start_victoria(dir: &Path) -> Option<Server> {
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new("victoria-metrics");
    command
        .arg(format!("-storageDataPath={}", dir.join("victoria").display()))
        .arg(format!("-httpListenAddr={address}"))
        .args(["-retentionPeriod=100y", "-search.disableCache", "-loggerLevel=ERROR"]);
    Server::start(command, address, "/health")
}

/// Series that live for ten minutes each: what churn costs.
fn churn(dir: &Path) {
    let store = Store::open(&dir.join("churn"), Options::default()).unwrap();
    let (lives, series) = (50_i64, 2_000);
    let started = Instant::now();
    for life in 0..lives {
        for point in 0..40 {
            let mut appender = store.appender();
            for s in 0..series {
                let (pod, life) = (format!("pod-{s}"), format!("{life}"));
                let id = appender
                    .series(&[("__name__", "churned_total"), ("life", life.as_str()), ("pod", pod.as_str())])
                    .unwrap();
                appender.float(
                    id,
                    START + (life.parse::<i64>().unwrap_or(0) * 40 + point) * STEP,
                    (point * s) as f64,
                );
            }
            appender.commit().unwrap();
        }
        store.maintain(START + life * 40 * STEP).unwrap();
    }
    let seconds = started.elapsed().as_secs_f64();
    let status = store.status();
    let started = Instant::now();
    let range = Range { start_ms: START, end_ms: START + lives * 40 * STEP, step_ms: 300_000 };
    promql::range(&store, "sum(rate(churned_total[5m]))", range, &promql::Options::default()).unwrap();
    println!(
        "\nChurn: {} series of 40 points each: {:.0} samples/s in, {:.0} MB in heads, process {:.0} MB; sum(rate) over all of them {:.0} ms.",
        status.series,
        (lives * 40 * series) as f64 / seconds,
        status.head_bytes as f64 / 1e6,
        resident(std::process::id()),
        started.elapsed().as_secs_f64() * 1000.0
    );
}

const OVER_HTTP: &str = "Mainstay (promd)";

/// The example program, if it was built beside this one.
fn start_promd(dir: &Path) -> Option<Server> {
    let here = std::env::current_exe().ok()?;
    let program = here.parent()?.parent()?.join("examples/promd");
    if !program.exists() {
        return None;
    }
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new(program);
    command.args(["--listen", &address, "--data"]).arg(dir.join("promd"));
    Server::start(command, address, "/-/ready")
}

type Start = fn(&Path) -> Option<Server>;

fn main() {
    let points = std::env::var("POINTS").ok().and_then(|p| p.parse().ok()).unwrap_or(10_000);
    let systems =
        std::env::var("SYSTEMS").unwrap_or_else(|_| "own,promd,prometheus,victoria,churn,million".into());
    let is_wanted = |name: &str| systems.split(',').any(|s| s == name);
    let dir = tempfile::tempdir().unwrap();
    let all = data(points);
    let bodies = bodies(&all, points);
    println!(
        "{} series × {points} points, {BATCH_POINTS} points of 500 series per remote-write request.\n",
        all.len()
    );
    let mut columns = Vec::new();
    if is_wanted("own") {
        columns.extend(own(dir.path(), &all, &bodies, points));
    }
    drop(all);
    let peers: [(&str, &str, Start); 3] = [
        (OVER_HTTP, "promd", start_promd),
        ("Prometheus (Debian)", "prometheus", start_prometheus),
        ("VictoriaMetrics (Debian)", "victoria", start_victoria),
    ];
    for (name, folder, start) in peers.into_iter().filter(|(_, folder, _)| is_wanted(folder)) {
        match start(dir.path()) {
            Some(server) => {
                let folder = dir.path().join(folder);
                columns.push(peer(name, server, &folder, &bodies, points, &|| start(dir.path())));
            }
            None => println!("skipped: {name} is not here"),
        }
    }
    print_table(&columns, points);
    println!(
        "\nMemory counts the heads where the store runs in this process, else the whole server. Queries: the best of five times, in brackets the first time."
    );
    if is_wanted("churn") {
        churn(dir.path());
    }
    if systems == "million" {
        million::run(dir.path());
    } else if is_wanted("million") {
        // In a process of its own, whose memory nothing else has grown.
        let here = std::env::current_exe().unwrap();
        let output = Command::new(here).env("SYSTEMS", "million").env("POINTS", "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        println!(
            "\n{}",
            text.lines().filter(|line| line.starts_with("Million")).collect::<Vec<_>>().join("\n")
        );
    }
}

fn print_table(columns: &[Figures], points: usize) {
    let row = |name: &str, f: &dyn Fn(&Figures) -> String| {
        let cells: Vec<String> = columns.iter().map(f).collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    let or_none = |v: f64, text: String| if v == 0.0 { "–".to_owned() } else { text };
    row("", &|c| c.name.clone());
    println!("|---|{}", "---|".repeat(columns.len()));
    row("samples/s, wall", &|c| format!("{:.0} k", c.ingest / 1000.0));
    row("samples per CPU second", &|c| format!("{:.0} k", c.ingest_cpu / 1000.0));
    row("bytes per sample on disk, everything", &|c| or_none(c.bytes, format!("{:.3}", c.bytes)));
    row("the same with roll-ups (5 min and 1 h)", &|c| {
        or_none(c.bytes_with_rows, format!("{:.3}", c.bytes_with_rows))
    });
    row("memory after ingest, MB", &|c| or_none(c.memory, format!("{:.0}", c.memory)));
    row("cold start, ms", &|c| or_none(c.start_ms, format!("{:.0}", c.start_ms)));
    for (i, (name, _, _)) in queries(points).iter().enumerate() {
        let figures = |c: &Figures| {
            c.queries.get(i).map_or("–".to_owned(), |(first, again)| format!("{again:.1} ({first:.1})"))
        };
        row(&format!("{name}, ms"), &figures);
    }
}
