//! The real program is killed with SIGKILL again and again while samples come by remote-write over loopback, while it
//! seals, compacts, rolls up and shortens its log. What it answered with 2xx must be there afterwards, once and
//! unchanged. `MAINSTAY_CRASH_ROUNDS` sets how often.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers are made up"
)]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Dice, Server, escape, http, time_series, write_request};
use mainstay_metrics::matcher::Matcher;
use mainstay_metrics::sample::Samples;
use mainstay_metrics::store::rollup::Column;
use mainstay_metrics::store::{Options, Store};
use serde_json::Value as Json;

const SERIES: usize = 16;
const POINTS: i64 = 24;
const STEP: i64 = 15_000;
const START: i64 = 1_700_006_400_000;
/// Every so many batches one is held back and sent after the next, as a late one.
const LATE: i64 = 7;
const HEADERS: &str = "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n";

fn value(series: usize, point: i64) -> f64 {
    (series as i64 * 1_000_003 + point * 7) as f64 / 100.0
}

fn time(series: usize, point: i64) -> i64 {
    START + point * STEP + series as i64 * 37
}

fn body(batch: i64) -> Vec<u8> {
    let messages: Vec<Vec<u8>> = (0..SERIES)
        .map(|series| {
            // Half of the series are other ones after a while.
            let life = if series % 2 == 0 { 0 } else { batch / 300 };
            let labels =
                [("__name__", "killed".to_owned()), ("life", life.to_string()), ("n", series.to_string())];
            let labels: common::Labels = labels.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            let points = batch * POINTS..(batch + 1) * POINTS;
            let samples: Vec<_> = points.map(|p| (time(series, p), value(series, p))).collect();
            time_series(&labels, &samples)
        })
        .collect();
    write_request(messages.iter().map(Vec::as_slice))
}

/// The order in which batches are sent: of every seven the fifth after the sixth.
fn batch_of(turn: i64) -> i64 {
    match turn % LATE {
        4 => turn + 1,
        5 => turn - 1,
        _ => turn,
    }
}

/// Sends from a turn on until the server is gone; the first turn without an acknowledgement.
fn send(address: &str, first: i64, is_over: &AtomicBool) -> i64 {
    let mut turn = first;
    while !is_over.load(Ordering::Relaxed) {
        match http(address, "POST", "/api/v1/write", HEADERS, &body(batch_of(turn))) {
            Ok((status, _)) if (200..300).contains(&status) => turn += 1,
            Ok((503, _)) => std::thread::sleep(Duration::from_millis(20)),
            Ok((status, answer)) if status != 0 => panic!("{status}: {}", String::from_utf8_lossy(&answer)),
            _ => break, // gone, perhaps in the middle of the answer
        }
    }
    turn
}

#[test]
fn nothing_acknowledged_over_http_is_lost() {
    let rounds = std::env::var("MAINSTAY_CRASH_ROUNDS").ok().and_then(|v| v.parse().ok()).unwrap_or(5);
    let dir = tempfile::tempdir().unwrap();
    let mut dice = Dice(std::process::id().into());
    let (mut turn, mut compactions) = (0, 0);
    for round in 0..rounds {
        let server = Server::promd(dir.path(), None);
        look(&server.address, turn, round);
        let is_over = AtomicBool::new(false);
        let address = server.address.clone();
        // Mostly amid writing, sometimes soon after the start.
        let soon = round % 4 == 0;
        let lives =
            Duration::from_micros(if soon { dice.below(60_000) } else { 100_000 + dice.below(900_000) });
        let pause = Duration::from_micros(1000 + dice.below(60_000));
        let first = turn;
        (turn, compactions) = std::thread::scope(|scope| {
            let sender = scope.spawn(|| send(&address, first, &is_over));
            let compacter = scope.spawn(|| {
                let mut done = 0;
                while round % 3 != 1 && !is_over.load(Ordering::Relaxed) {
                    std::thread::sleep(pause);
                    done += i32::from(http(&address, "POST", "/api/v1/admin/tsdb/compact", "", b"").is_ok());
                }
                done
            });
            std::thread::sleep(lives);
            server.kill();
            is_over.store(true, Ordering::Relaxed);
            (sender.join().unwrap(), compactions + compacter.join().unwrap())
        });
    }
    check(dir.path(), turn);
    let samples = turn * POINTS * SERIES as i64;
    println!("{rounds} kills, {compactions} compactions, {samples} samples acknowledged, none lost");
    assert!(turn > i64::from(rounds), "only {turn} batches were taken");
}

/// Batches that were certainly acknowledged before a turn, whatever their order.
fn whole(turn: i64) -> i64 {
    if turn % LATE == 5 { turn - 1 } else { turn }
}

/// As a person sees it who asks the started server.
fn look(address: &str, turn: i64, round: i32) {
    let batches = whole(turn);
    if batches == 0 {
        return;
    }
    let end = time(SERIES, batches * POINTS) as f64 / 1000.0;
    let query = format!("sum(count_over_time(killed[{}s]))", batches * POINTS * STEP / 1000 + 3600);
    let path = format!("/api/v1/query?query={}&time={end}", escape(&query));
    let (_, answer) = http(address, "GET", &path, "", b"").unwrap();
    let answer: Json = serde_json::from_slice(&answer).unwrap();
    let found: i64 = answer["data"]["result"][0]["value"][1].as_str().map_or(0, |v| v.parse().unwrap());
    let expected = batches * POINTS * SERIES as i64;
    // What was in flight at the kill may be there too.
    let most = expected + 2 * POINTS * SERIES as i64;
    assert!((expected..=most).contains(&found), "round {round}: {found} samples of {expected}: {answer}");
}

fn check(dir: &Path, turn: i64) {
    let store = Store::open(dir, Options::default()).unwrap();
    assert!(store.damage().is_empty(), "{:?}", store.damage());
    let mut found = vec![vec![0_u8; (turn + LATE) as usize * POINTS as usize]; SERIES];
    let mut samples = Samples::default();
    for selected in store.select(&[Matcher::equal("__name__", "killed")]) {
        let series: usize = selected.labels.get("n").parse().unwrap();
        store.read(selected.id, i64::MIN, i64::MAX, Column::Last, &mut samples, &mut |_| {});
        for (t, v) in samples.t.iter().zip(&samples.v) {
            let point = (t - START) / STEP;
            assert_eq!(
                (time(series, point), value(series, point)),
                (*t, *v),
                "series {series}, point {point}"
            );
            found[series][point as usize] += 1;
        }
    }
    for sent in 0..turn {
        for point in batch_of(sent) * POINTS..(batch_of(sent) + 1) * POINTS {
            for (series, points) in found.iter().enumerate() {
                let times = points[point as usize];
                assert_eq!(times, 1, "series {series} has point {point} of the acknowledged {times} times");
            }
        }
    }
}
