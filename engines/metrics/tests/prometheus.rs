//! The same samples by remote-write to Debian's Prometheus and to a store, then several hundred generated queries:
//! the answers must agree. Prometheus 2.42 counts the left end of a range, so the store is asked to do so too.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "numbers are made up"
)]

mod common;
mod queries;

use std::collections::BTreeMap;

use common::{Dice, Server, escape, http, time_series, write_request};
use mainstay_metrics::api;
use mainstay_metrics::decode::remote_write;
use mainstay_metrics::promql::{self, Range};
use mainstay_metrics::store::{Options, Store};
use serde_json::Value as Json;

const START: i64 = 1_700_000_000_000;
const POINTS: i64 = 480;

fn labels(name: &str, more: &[(&str, &str)]) -> common::Labels {
    let mut all: common::Labels = vec![("__name__".into(), name.into())];
    all.extend(more.iter().map(|(n, v)| ((*n).into(), (*v).into())));
    all.sort();
    all
}

/// Counters with resets, gauges, gaps, staleness markers, NaN, infinities, classic histograms, constants.
fn data() -> Vec<(common::Labels, Vec<(i64, f64)>)> {
    let mut dice = Dice(7);
    let mut out = Vec::new();
    for i in 0..12_u64 {
        let (job, instance) = (["api", "db", "web"][(i % 3) as usize], format!("host-{}:9100", i / 3));
        let mode = ["user", "system"][(i % 2) as usize];
        let more = [("job", job), ("instance", instance.as_str()), ("mode", mode)];
        let (mut counter, mut gauge) = (1e6 + dice.unit() * 1e6, 100.0 * dice.unit());
        let (mut counters, mut gauges, mut levels) = (Vec::new(), Vec::new(), Vec::new());
        for p in 0..POINTS {
            let t = START + p * 15_000 + (i as i64 * 137) % 4000;
            counter += (dice.below(40)) as f64;
            if dice.below(150) == 0 {
                counter = dice.below(20) as f64;
            }
            gauge += dice.unit() * 4.0 - 2.0;
            if dice.below(20) != 0 {
                counters.push((t, counter));
            }
            let odd = match dice.below(90) {
                0 => f64::NAN,
                1 => f64::INFINITY,
                2 => f64::from_bits(0x7ff0_0000_0000_0002),
                _ => gauge,
            };
            if p < 300 || i != 5 {
                gauges.push((t, if i % 4 == 3 { odd } else { gauge }));
            }
            levels.push((t, (dice.below(4)) as f64));
        }
        out.push((labels("requests_total", &more), counters));
        out.push((labels("load", &more), gauges));
        out.push((labels("level", &more[..2]), levels.clone()));
        if i < 4 {
            out.push((
                labels("build_info", &[("job", job), ("version", "1.2.3"), ("instance", &instance)]),
                levels.iter().map(|(t, _)| (*t, 1.0)).collect(),
            ));
            let mut totals = [0.0; 6];
            let mut series = vec![Vec::new(); 6];
            for p in 0..POINTS {
                for b in 0..6 {
                    let grown = dice.below(5) as f64;
                    for total in &mut totals[b..] {
                        *total += grown;
                    }
                }
                for b in 0..6 {
                    series[b].push((START + p * 15_000, totals[b]));
                }
            }
            for (samples, le) in series.into_iter().zip(["0.1", "0.5", "1", "2.5", "10", "+Inf"]) {
                out.push((
                    labels("latency_seconds_bucket", &[("job", job), ("instance", &instance), ("le", le)]),
                    samples,
                ));
            }
        }
    }
    out
}

fn result_map(result: &Json) -> BTreeMap<String, Vec<(String, String)>> {
    let point = |p: &Json| {
        (p[0].to_string().trim_end_matches(".0").to_owned(), p[1].as_str().unwrap_or("").to_owned())
    };
    let Some(list) = result.as_array() else { return BTreeMap::new() };
    if list.first().is_some_and(|first| !first.is_object()) {
        return BTreeMap::from([(String::new(), vec![point(result)])]);
    }
    list.iter()
        .map(|line| {
            let points = match line.get("values") {
                Some(values) => values.as_array().unwrap().iter().map(point).collect(),
                None => vec![point(&line["value"])],
            };
            (line["metric"].to_string(), points)
        })
        .collect()
}

fn is_close(a: &str, b: &str) -> bool {
    let (Ok(x), Ok(y)) = (a.parse::<f64>(), b.parse::<f64>()) else { return a == b };
    a == b
        || x.is_nan() && y.is_nan()
        || (x - y).abs() <= 1e-9 * x.abs().max(y.abs())
        || (x - y).abs() < 1e-12
}

/// What differs, if anything.
fn compare(ours: &Json, theirs: &Json) -> Option<String> {
    if ours["status"] != theirs["status"] {
        return Some(format!(
            "ours {} {} / theirs {} {}",
            ours["status"], ours["error"], theirs["status"], theirs["error"]
        ));
    }
    if ours["status"] == "error" {
        return (ours["errorType"] != theirs["errorType"])
            .then(|| format!("ours {} / theirs {}", ours["errorType"], theirs["errorType"]));
    }
    if ours["data"]["resultType"] != theirs["data"]["resultType"] {
        return Some("result types differ".into());
    }
    let (ours, theirs) = (result_map(&ours["data"]["result"]), result_map(&theirs["data"]["result"]));
    if let Some(missing) = theirs.keys().find(|k| !ours.contains_key(*k)) {
        return Some(format!("{} of ours, {} of theirs; missing {missing}", ours.len(), theirs.len()));
    }
    for (labels, mine) in &ours {
        let Some(other) = theirs.get(labels) else { return Some(format!("too much: {labels}")) };
        if mine.len() != other.len() {
            return Some(format!("{labels}: {} points against {}", mine.len(), other.len()));
        }
        for (a, b) in mine.iter().zip(other) {
            if a.0 != b.0 || !is_close(&a.1, &b.1) {
                return Some(format!("{labels}: {a:?} against {b:?}"));
            }
        }
    }
    None
}

fn ours(store: &Store, query: &str, range: Option<Range>, at: i64) -> Json {
    let options = promql::Options { is_version_2: true, ..promql::Options::default() };
    let result = match range {
        Some(range) => promql::range(store, query, range, &options),
        None => promql::instant(store, query, at, &options),
    };
    let body = match result {
        Ok(outcome) => api::answer(&outcome),
        Err(fault) => api::failure(&fault).body,
    };
    serde_json::from_slice(&body).unwrap()
}

fn run(count: usize, seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::prometheus(dir.path()) else { return };
    let store =
        Store::open(&dir.path().join("store"), Options { late_ms: i64::MAX / 4, ..Options::default() })
            .unwrap();
    let series = data();
    // By time: Prometheus takes nothing that is more than an hour behind.
    for slice in 0..=POINTS / 60 {
        let span = START + slice * 900_000..START + (slice + 1) * 900_000;
        let messages: Vec<Vec<u8>> = series
            .iter()
            .map(|(labels, samples)| {
                let inside: Vec<_> = samples.iter().copied().filter(|(t, _)| span.contains(t)).collect();
                time_series(labels, &inside)
            })
            .collect();
        let body = write_request(messages.iter().map(Vec::as_slice));
        let (status, answer) = http(
            &server.address,
            "POST",
            "/api/v1/write",
            "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n",
            &body,
        )
        .unwrap();
        assert!(status < 300, "{status} {}", String::from_utf8_lossy(&answer));
        let mut appender = store.appender();
        remote_write::version_1(&remote_write::decompress(&body, 1 << 24).unwrap(), &mut appender).unwrap();
        assert!(appender.commit().unwrap().is_complete());
        if slice == POINTS / 120 {
            // Queries then read sorted files, appended ones and heads.
            store.compact_all().unwrap();
        }
    }
    let mut dice = Dice(seed);
    let mut failed = Vec::new();
    let mut answered = 0;
    let fixed = queries::fixed();
    for i in 0..count + fixed.len() {
        let query = fixed.get(i).map_or_else(|| queries::generate(&mut dice, 3), |q| (*q).to_owned());
        let is_range = i % 3 != 0;
        let at = START + 1_800_000 + dice.below(5_400_000) as i64;
        let step = [15_000, 60_000, 300_000, 37_000][dice.below(4) as usize];
        let range = Range { start_ms: at, end_ms: at + step * 20, step_ms: step };
        let path = if is_range {
            format!(
                "/api/v1/query_range?query={}&start={}&end={}&step={}",
                escape(&query),
                at as f64 / 1000.0,
                range.end_ms as f64 / 1000.0,
                step as f64 / 1000.0
            )
        } else {
            format!("/api/v1/query?query={}&time={}", escape(&query), at as f64 / 1000.0)
        };
        let (_, body) = http(&server.address, "GET", &path, "", b"").unwrap();
        let theirs: Json = serde_json::from_slice(&body).unwrap();
        let mine = ours(&store, &query, is_range.then_some(range), at);
        answered += usize::from(theirs["data"]["result"].as_array().is_some_and(|r| !r.is_empty()));
        if let Some(difference) = compare(&mine, &theirs) {
            failed
                .push(format!("{query}\n    at {at} step {}: {difference}", if is_range { step } else { 0 }));
        }
    }
    println!("{} queries, {answered} with a result, {} differ", count + fixed.len(), failed.len());
    assert!(failed.is_empty(), "{} of {} differ:\n{}", failed.len(), count + fixed.len(), failed.join("\n"));
    assert!(answered * 2 > count, "only {answered} of {count} queries had a result");
}

#[test]
fn answers_agree_with_a_real_prometheus() {
    run(400, 1);
}

#[test]
#[ignore = "a long run; give the number of queries in QUERIES and a seed in SEED"]
fn many_answers_agree_with_a_real_prometheus() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    run(number("QUERIES", 5_000) as usize, number("SEED", 2));
}
