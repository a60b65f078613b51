//! A real Prometheus and `promd` scrape the same real programs (Prometheus itself, VictoriaMetrics, the node exporter):
//! the same series with the same labels come of it, and the same is said about the metrics.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers are made up"
)]

mod common;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Server, escape, free_port, http};
use serde_json::Value as Json;

fn get(address: &str, path: &str) -> Json {
    let (_, body) = http(address, "GET", path, "", b"").unwrap();
    serde_json::from_slice::<Json>(&body).unwrap()["data"].take()
}

/// The series of a job. Bounds are numbers here: Prometheus before 3 keeps them as the target writes them.
fn series(address: &str, job: &str) -> BTreeSet<String> {
    let found = get(address, &format!("/api/v1/series?match[]={}", escape(&format!("{{job=\"{job}\"}}"))));
    let text = |labels: &Json| {
        let labels = labels.as_object().unwrap().iter().map(|(name, value)| {
            let value = value.as_str().unwrap();
            let bound = (name == "le" || name == "quantile").then(|| value.parse::<f64>().ok()).flatten();
            format!("{name}={}", bound.map_or(value.to_owned(), |bound| bound.to_string()))
        });
        labels.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",")
    };
    found.as_array().unwrap().iter().map(text).collect()
}

fn metadata(address: &str) -> BTreeSet<String> {
    let all = get(address, "/api/v1/metadata");
    let lines = all.as_object().unwrap().iter();
    lines
        .flat_map(|(name, said)| said.as_array().unwrap().iter().map(move |said| format!("{name} {said}")))
        .collect()
}

/// The programs that are here, by job.
fn programs(dir: &std::path::Path) -> Vec<(&'static str, Server)> {
    let mut found = Vec::new();
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new("victoria-metrics");
    command
        .arg(format!("-storageDataPath={}", dir.join("victoria").display()))
        .arg(format!("-httpListenAddr={address}"));
    found.extend(Server::start(command, address, "/health").map(|server| ("victoria", server)));
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new("prometheus-node-exporter");
    command.arg(format!("--web.listen-address={address}"));
    found.extend(Server::start(command, address, "/metrics").map(|server| ("node", server)));
    found
}

#[test]
fn the_same_targets_give_the_same_series() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    if Command::new("prometheus").arg("--version").output().is_err() {
        println!("skipped: prometheus is not here");
        return;
    }
    let programs = programs(dir);
    let address = format!("127.0.0.1:{}", free_port());
    let mut config = "global: {scrape_interval: 2s, scrape_timeout: 2s}\nscrape_configs:\n".to_owned();
    let targets = programs.iter().map(|(job, server)| (*job, server.address.as_str()));
    let targets: Vec<_> = targets.chain([("prometheus", address.as_str())]).collect();
    for (job, address) in &targets {
        config.extend([format!("- {{job_name: {job}, static_configs: [{{targets: [\"{address}\"]}}]}}\n")]);
    }
    std::fs::write(dir.join("scrape.yml"), config).unwrap();
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", dir.join("scrape.yml").display()))
        .arg(format!("--storage.tsdb.path={}", dir.join("tsdb").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--log.level=error");
    let prometheus =
        Server::start(command, address.clone(), "/-/ready").expect("prometheus did not become ready");
    let promd = Server::promd(&dir.join("data"), Some(&dir.join("scrape.yml")));
    // Some series appear with the first scrapes only: both have to have seen the same pages.
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        std::thread::sleep(Duration::from_secs(2));
        let differences: Vec<String> = targets
            .iter()
            .flat_map(|(job, _)| {
                let (ours, theirs) = (series(&promd.address, job), series(&prometheus.address, job));
                let few = (ours.len() < 100).then(|| format!("{job}: only {} series", ours.len()));
                let wrong = ours.symmetric_difference(&theirs).map(|s| format!("{job}: {s}"));
                wrong.chain(few).collect::<Vec<_>>()
            })
            .chain(
                metadata(&promd.address)
                    .symmetric_difference(&metadata(&prometheus.address))
                    .map(|said| format!("said: {said}")),
            )
            .collect();
        if differences.is_empty() {
            println!("the same of {} programs", targets.len());
            return;
        }
        assert!(
            Instant::now() < end,
            "{} differences: {:?}",
            differences.len(),
            &differences[..differences.len().min(9)]
        );
    }
}
