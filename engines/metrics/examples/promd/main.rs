//! A small Prometheus over the library: remote-write and OTLP in, scraping, rules, PromQL out.
//!
//! `promd --data DIR --listen ADDR:PORT [--config FILE] [--lookback-closed]`
#![expect(clippy::disallowed_methods, reason = "a program of its own takes the time from the system")]

mod query;
mod scraping;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::{any, get, post};
use mainstay_metrics::decode::otlp::Totals;
use mainstay_metrics::promql;
use mainstay_metrics::rules::Rules;
use mainstay_metrics::store::{Options, Store};

/// What every request needs.
pub struct Promd {
    pub store: Store,
    pub options: promql::Options,
    pub totals: Mutex<Totals>,
    pub rules: Mutex<Rules>,
    pub targets: Mutex<serde_json::Value>,
    pub config: String,
    pub data: PathBuf,
}

pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

struct Arguments {
    data: PathBuf,
    listen: String,
    config: Option<PathBuf>,
    is_version_2: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments {
        data: "promd-data".into(),
        listen: "127.0.0.1:9099".into(),
        config: None,
        is_version_2: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--data" => found.data = value()?.into(),
            "--listen" => found.listen = value()?,
            "--config" => found.config = Some(value()?.into()),
            "--lookback-closed" => found.is_version_2 = true,
            _ => {
                return Err(format!(
                    "unknown argument {word}; promd --data DIR --listen ADDR:PORT [--config FILE]"
                ));
            }
        }
    }
    Ok(found)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let store = Store::open(&arguments.data, Options::default())?;
    for damage in store.damage() {
        eprintln!("damage: {} at byte {}: {}", damage.file.display(), damage.offset, damage.reason);
    }
    let config = match &arguments.config {
        Some(path) => std::fs::read_to_string(path)?,
        None => String::new(),
    };
    let options = promql::Options {
        is_version_2: arguments.is_version_2,
        experimental: promql::Experimental::Accepted,
        ..promql::Options::default()
    };
    let folder = arguments.config.as_ref().and_then(|p| p.parent()).map(PathBuf::from).unwrap_or_default();
    let rules = scraping::read_rules(&config, &folder, &arguments.data)?;
    let promd = Arc::new(Promd {
        store,
        options,
        totals: Mutex::default(),
        rules: Mutex::new(rules),
        targets: Mutex::default(),
        config,
        data: arguments.data.clone(),
    });
    scraping::start(&promd)?;
    maintain(promd.clone());
    let routes = Router::new()
        .route("/api/v1/write", post(write::remote_write))
        .route("/api/v1/otlp/v1/metrics", post(write::otlp))
        .route("/api/v1/{*path}", any(query::api))
        .route("/-/healthy", get(|| async { "promd is healthy.\n" }))
        .route("/-/ready", get(|| async { "promd is ready.\n" }))
        .route("/metrics", get(query::own_metrics))
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(promd);
    let listener = tokio::net::TcpListener::bind(&arguments.listen).await?;
    eprintln!("promd listens on {}", arguments.listen);
    axum::serve(listener, routes).await?;
    Ok(())
}

fn maintain(promd: Arc<Promd>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(5));
            if let Err(fault) = promd.store.maintain(now_ms()) {
                eprintln!("maintenance: {fault}");
            }
        }
    });
}
