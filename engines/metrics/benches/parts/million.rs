//! A million series that are all written to, and what they take in memory.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use mainstay_metrics::store::{Limits, Options, Store};

use super::common::Labels;
use super::{START, STEP, resident};

const PODS: usize = 10_000;
const PER_POD: usize = 100;

/// Labels of a series of a cluster: a hundred of each pod, eleven labels each.
fn pod_labels(pod: usize, n: usize) -> Labels {
    let (node, app) = (pod / 50, pod / 20);
    [
        ("__name__", format!("container_metric_{}_total", n / 4)),
        ("app", format!("app-{app}")),
        ("cluster", "west-1".into()),
        ("code", ["200", "404", "500", "503"][n % 4].into()),
        ("container", format!("main-{}", app % 3)),
        ("instance", format!("10.0.{}.{}:9100", node / 250, node % 250)),
        ("job", "kubelet".into()),
        ("namespace", format!("team-{}", app % 40)),
        ("node", format!("node-{node}.example.net")),
        ("pod", format!("app-{app}-5d8f7c9b4d-{pod:05x}")),
        ("uid", format!("6f1c2b3a-0000-4000-8000-{pod:012x}")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// A million series that all are written to: what they take in memory.
pub fn run(dir: &Path) {
    let limits = Limits { series: 2 * PODS * PER_POD, ..Limits::default() };
    let store = Store::open(&dir.join("million"), Options { limits, ..Options::default() }).unwrap();
    let before = resident(std::process::id());
    let mut text = format!("Million: {} series of eleven labels", PODS * PER_POD);
    let started = Instant::now();
    for point in 0..16_i64 {
        for pods in (0..PODS).collect::<Vec<_>>().chunks(100) {
            let mut appender = store.appender();
            for (pod, n) in pods.iter().flat_map(|pod| (0..PER_POD).map(move |n| (*pod, n))) {
                let id = appender.series(&pod_labels(pod, n)).unwrap();
                appender.float(id, START + point * STEP, (point * 3 + n as i64) as f64);
            }
            appender.commit().unwrap();
        }
        if matches!(point, 0 | 3 | 15) {
            store.maintain(START + point * STEP).unwrap();
            let (all, heads) =
                (resident(std::process::id()) - before, store.status().head_bytes as f64 / 1e6);
            let each = all * 1_048_576.0 / (PODS * PER_POD) as f64;
            write!(
                text,
                "; with {} samples each {heads:.0} MB of samples, process {all:.0} MB, {each:.0} bytes a series",
                point + 1
            )
            .unwrap();
        }
    }
    let rate = (16 * PODS * PER_POD) as f64 / started.elapsed().as_secs_f64();
    println!("{text}; {:.0} k samples/s in, labels made anew each time.", rate / 1000.0);
}
