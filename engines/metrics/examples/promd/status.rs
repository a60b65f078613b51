//! What the server tells about itself: targets, status pages, own metrics.

use std::sync::{Arc, PoisonError};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_metrics::api::{self, Parameters};
use mainstay_metrics::scrape::span_text;
use serde_json::{Value as Json, json};
use serde_norway::Value as Yaml;

use crate::Promd;
use crate::scraping::{Watch, reload as read_again};

pub const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
const VERSION: &str = "3.8.0";
const SECRETS: [&str; 5] = ["password", "credentials", "bearer_token", "secrets", "client_secret"];

/// The data of `targets`.
pub fn targets(promd: &Promd, parameters: &Parameters) -> Json {
    let state = parameters.get("state").unwrap_or("any").to_ascii_lowercase();
    let pool = parameters.get("scrapePool").filter(|pool| !pool.is_empty());
    let is_wanted = |name: &str| pool.is_none_or(|pool| pool == name);
    let (mut active, mut dropped) = (Vec::new(), Vec::new());
    if matches!(state.as_str(), "" | "any" | "active") {
        let watches = promd.watches.lock().unwrap_or_else(PoisonError::into_inner);
        active.extend(watches.iter().filter(|w| is_wanted(&w.job.name)).map(|w| target(w)));
    }
    let setup = promd.setup.read().unwrap_or_else(PoisonError::into_inner);
    let mut counts = serde_json::Map::new();
    for job in setup.config.jobs.iter().filter(|job| is_wanted(&job.name)) {
        counts.insert(job.name.clone(), json!(job.dropped.len()));
        if matches!(state.as_str(), "" | "any" | "dropped") {
            dropped.extend(
                job.dropped
                    .iter()
                    .map(|labels| json!({ "discoveredLabels": labels, "scrapePool": job.name })),
            );
        }
    }
    json!({ "activeTargets": active, "droppedTargets": dropped, "droppedTargetCounts": counts })
}

fn target(watch: &Watch) -> Json {
    let last = watch.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let health = match (last.at_ms, &last.fault) {
        (0, _) => "unknown",
        (_, None) => "up",
        _ => "down",
    };
    let url = format!("{}://{}{}", watch.target.scheme, watch.target.address, watch.target.path);
    json!({
        "discoveredLabels": watch.target.discovered, "labels": watch.target.labels,
        "scrapePool": watch.job.name, "scrapeUrl": url, "globalUrl": url,
        "lastError": last.fault.unwrap_or_default(), "lastScrape": api::time_text(last.at_ms),
        "lastScrapeDuration": last.seconds, "health": health,
        "scrapeInterval": span_text(watch.job.interval_ms), "scrapeTimeout": span_text(watch.job.timeout_ms),
    })
}

/// The body of a page under `status/`, if the path is one.
pub fn about(promd: &Promd, path: &str) -> Option<Vec<u8>> {
    let setup = promd.setup.read().unwrap_or_else(PoisonError::into_inner);
    Some(match path {
        "status/buildinfo" => api::success(&json!({
            "version": VERSION, "revision": "", "branch": "", "buildUser": "", "buildDate": "",
            "goVersion": "", "application": "mainstay",
        })),
        "status/config" => api::success(&json!({ "yaml": without_secrets(&setup.text) })),
        "status/flags" => api::success(&json!({
            "storage.path": promd.arguments.data, "web.listen-address": promd.arguments.listen,
            "config.file": promd.arguments.config, "query.lookback-delta": span_text(promd.options.lookback_ms),
            "query.max-samples": promd.options.most_samples.to_string(),
        })),
        "status/runtimeinfo" => api::success(&json!({
            "startTime": api::time_text(promd.started_ms), "CWD": std::env::current_dir().unwrap_or_default(),
            "reloadConfigSuccess": setup.fault.is_none(), "lastConfigTime": api::time_text(setup.read_at_ms),
            "corruptionCount": promd.store.damage().len(),
            "timeSeriesCount": promd.store.status().series,
            "storageRetention": span_text(promd.store.options().raw_ms),
        })),
        "status/tsdb" => {
            let status = promd.store.status();
            promd.store.with_index(|index| api::status(&status, index))
        }
        "status/walreplay" => api::success(&json!({ "min": 0, "max": 0, "current": 0, "state": "done" })),
        _ => return None,
    })
}

/// The configuration as it is shown: whoever may look need not know the passwords. Comments are left out, as a password
/// may have been left in one.
fn without_secrets(text: &str) -> String {
    let Ok(mut yaml) = serde_norway::from_str::<Yaml>(text) else { return String::new() };
    hide(&mut yaml);
    serde_norway::to_string(&yaml).unwrap_or_default()
}

fn hide(yaml: &mut Yaml) {
    match yaml {
        Yaml::Sequence(list) => list.iter_mut().for_each(hide),
        Yaml::Mapping(mapping) => {
            for (name, value) in mapping.iter_mut() {
                let name = name.as_str().unwrap_or("");
                let is_key = name == "key" && value.as_str().is_some_and(|text| text.contains("PRIVATE KEY"));
                if is_key || SECRETS.contains(&name) && !value.is_null() {
                    *value = Yaml::String("<secret>".into());
                } else {
                    hide(value);
                }
            }
        }
        Yaml::Tagged(tagged) => hide(&mut tagged.value),
        _ => {}
    }
}

pub async fn reload(State(promd): State<Arc<Promd>>) -> Response {
    match tokio::task::spawn_blocking(move || read_again(&promd)).await {
        Ok(Ok(())) => StatusCode::OK.into_response(),
        Ok(Err(reason)) => {
            let text = format!("failed to reload config: {reason}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response(),
    }
}

pub async fn own_metrics(State(promd): State<Arc<Promd>>) -> Response {
    let status = promd.store.status();
    let damage = promd.store.damage().len() as u64;
    let rows = [
        ("promd_series", "gauge", "Series that are known.", status.series as u64),
        ("promd_head_bytes", "gauge", "Memory the newest samples take.", status.head_bytes as u64),
        ("promd_cache_bytes", "gauge", "Memory that decoded chunks take.", status.cache_bytes as u64),
        ("promd_disk_bytes", "gauge", "Size of the partitions on disk.", status.disk_bytes),
        ("promd_log_bytes", "gauge", "Size of the log's current file.", status.log_bytes),
        ("promd_samples_appended_total", "counter", "Samples taken in.", status.samples_appended),
        ("promd_damaged_places", "gauge", "Places on disk that could not be read.", damage),
        (
            "promd_start_time_seconds",
            "gauge",
            "When the process started.",
            u64::try_from(promd.started_ms / 1000).unwrap_or(0),
        ),
    ];
    let mut page = String::new();
    for (name, kind, help, value) in rows {
        page.extend([format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n")]);
    }
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], page).into_response()
}
