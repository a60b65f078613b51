//! A writer is killed with SIGKILL again and again, at any step, also while it checkpoints, compacts and removes old
//! days. Whatever it was told is stored must be there afterwards.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::float_cmp,
    reason = "numbers are made up"
)]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::Dice;
use mainstay_metrics::sample::Samples;
use mainstay_metrics::store::rollup::Column;
use mainstay_metrics::store::{Options, Store};

const SERIES: usize = 40;
const STEP: i64 = 15_000;

fn value(series: usize, point: i64) -> f64 {
    (series as i64 * 1_000_003 + point * 7) as f64 / 100.0
}

/// What the child does: commits one point of every series at a time and says so, with maintenance in between.
#[test]
fn writer() {
    let Ok(dir) = std::env::var("KILLED_STORE") else { return };
    let store = Store::open(Path::new(&dir), Options::default()).unwrap();
    let mut point = 1 + newest(&store);
    println!("\nbegins {point}");
    loop {
        let mut appender = store.appender();
        for series in 0..SERIES {
            let (name, churned) = (format!("{series}"), format!("{}", point / 2000));
            let id = appender
                .series(&[("__name__", "killed"), ("churned", churned.as_str()), ("n", name.as_str())])
                .unwrap();
            appender.float(id, point * STEP, value(series, point));
        }
        appender.commit().unwrap();
        println!("acked {point}");
        match point % 211 {
            17 => drop(store.maintain(point * STEP).unwrap()),
            90 => store.checkpoint().unwrap(),
            150 if point % 5 == 0 => store.compact_all().unwrap(),
            _ => {}
        }
        point += 1;
    }
}

fn newest(store: &Store) -> i64 {
    let mut samples = Samples::default();
    let mut newest = 0;
    for series in store.select(&[mainstay_metrics::matcher::Matcher::equal("n", "0")]) {
        store.read(series.id, 0, i64::MAX, Column::Last, &mut samples, &mut |_| {});
        newest = newest.max(samples.t.last().map_or(0, |t| t / STEP));
    }
    newest
}

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|v| v.parse().ok()).unwrap_or(8);
    let dir = tempfile::tempdir().unwrap();
    let mut dice = Dice(std::process::id().into());
    let mut acked = 0_i64;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["writer", "--exact", "--nocapture"])
            .env("KILLED_STORE", dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = 40 + dice.below(400) as i64;
        let mut seen = 0;
        while seen < wanted {
            let line = lines.next().expect("the writer ended by itself").unwrap();
            if let Some(point) = line.strip_prefix("acked ") {
                acked = point.parse().unwrap();
                seen += 1;
            }
        }
        std::thread::sleep(Duration::from_micros(dice.below(20_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(point) = line.strip_prefix("acked ").and_then(|p| p.parse().ok()) {
                acked = point;
            }
        }
        check(dir.path(), acked, round);
    }
    println!("{rounds} kills, {acked} points of {SERIES} series acknowledged, none lost");
}

fn check(dir: &Path, acked: i64, round: u64) {
    let store = Store::open(dir, Options::default()).unwrap();
    assert!(store.damage().is_empty(), "round {round}: {:?}", store.damage());
    let mut found = vec![vec![false; acked as usize + 1]; SERIES];
    let mut samples = Samples::default();
    for selected in store.select(&[mainstay_metrics::matcher::Matcher::equal("__name__", "killed")]) {
        let series: usize = selected.labels.get("n").parse().unwrap();
        store.read(selected.id, 0, i64::MAX, Column::Last, &mut samples, &mut |_| {});
        for (t, v) in samples.t.iter().zip(&samples.v) {
            let point = t / STEP;
            assert_eq!(*v, value(series, point), "round {round}, series {series}, point {point}");
            if point <= acked {
                found[series][point as usize] = true;
            }
        }
    }
    for (series, points) in found.iter().enumerate() {
        let lost = points.iter().skip(1).position(|found| !found);
        assert_eq!(lost, None, "round {round}: series {series} lost a point of {acked}");
    }
}
