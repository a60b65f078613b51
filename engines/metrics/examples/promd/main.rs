//! A small Prometheus over the library: remote-write and OTLP in, scraping, rules, PromQL out.
//!
//! `promd --data DIR --listen ADDR:PORT [--config FILE] [--retention SPAN] [--lookback-closed]`
//!
//! `SIGHUP` or `POST /-/reload` reads the configuration again. Samples are kept for ever unless `--retention 30d` says
//! otherwise; `--lookback-closed` computes as Prometheus 2 does.
#![expect(clippy::disallowed_methods, reason = "a program of its own takes the time from the system")]

mod connection;
mod fetch;
mod query;
mod scraping;
mod setup;
mod status;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::{any, get, post};
use mainstay_metrics::decode::otlp::Totals;
use mainstay_metrics::promql::{self, lex};
use mainstay_metrics::rules::Rules;
use mainstay_metrics::store::{Options, Store};

use scraping::Watch;
use setup::Setup;

/// What every request needs.
pub struct Promd {
    pub store: Store,
    pub options: promql::Options,
    pub totals: Mutex<Totals>,
    pub rules: Mutex<Rules>,
    pub watches: Mutex<Vec<Arc<Watch>>>,
    pub setup: RwLock<Setup>,
    pub arguments: Arguments,
    pub started_ms: i64,
}

/// What the command line says.
pub struct Arguments {
    pub data: PathBuf,
    pub listen: String,
    pub config: Option<PathBuf>,
    pub retention_ms: i64,
    pub is_version_2: bool,
}

const FOR_EVER_MS: i64 = 1000 * 366 * 24 * 3_600_000;

pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments {
        data: "promd-data".into(),
        listen: "127.0.0.1:9099".into(),
        config: None,
        retention_ms: FOR_EVER_MS,
        is_version_2: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--data" => found.data = value()?.into(),
            "--listen" => found.listen = value()?,
            "--config" => found.config = Some(value()?.into()),
            "--retention" => found.retention_ms = lex::duration_ms(&value()?)?,
            "--lookback-closed" => found.is_version_2 = true,
            _ => {
                return Err(format!(
                    "unknown argument {word}; promd --data DIR --listen ADDR:PORT [--config FILE] [--retention SPAN] [--lookback-closed]"
                ));
            }
        }
    }
    Ok(found)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments()?;
    let setup = Setup::read(arguments.config.as_deref(), now_ms())?;
    let defaults = Options::default();
    let store_options = Options {
        raw_ms: arguments.retention_ms,
        five_minutes_ms: defaults.five_minutes_ms.max(arguments.retention_ms),
        hour_ms: defaults.hour_ms.max(arguments.retention_ms),
        ..defaults
    };
    let store = Store::open(&arguments.data, store_options)?;
    for damage in store.damage() {
        eprintln!("damage: {} at byte {}: {}", damage.file.display(), damage.offset, damage.reason);
    }
    let options = promql::Options {
        is_version_2: arguments.is_version_2,
        experimental: promql::Experimental::Accepted,
        ..promql::Options::default()
    };
    let rules = scraping::restored_rules(&setup, &arguments.data)?;
    let promd = Arc::new(Promd {
        store,
        options,
        totals: Mutex::default(),
        rules: Mutex::new(rules),
        watches: Mutex::default(),
        setup: RwLock::new(setup),
        arguments,
        started_ms: now_ms(),
    });
    let listener = tokio::net::TcpListener::bind(&promd.arguments.listen).await?;
    scraping::start(&promd);
    maintain(promd.clone());
    reload_on_hangup(promd.clone())?;
    eprintln!("promd listens on {}", promd.arguments.listen);
    axum::serve(listener, routes(promd)).with_graceful_shutdown(end()).await?;
    Ok(())
}

fn routes(promd: Arc<Promd>) -> Router {
    Router::new()
        .route("/api/v1/write", post(write::remote_write))
        .route("/api/v1/otlp/v1/metrics", post(write::otlp))
        .route("/api/v1/{*path}", any(query::api))
        .route("/federate", get(query::federate))
        .route("/-/healthy", get(|| async { "promd is healthy.\n" }))
        .route("/-/ready", get(|| async { "promd is ready.\n" }))
        .route("/-/reload", post(status::reload).put(status::reload))
        .route("/metrics", get(status::own_metrics))
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(promd)
}

fn maintain(promd: Arc<Promd>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(5));
            // Whoever writes the past lives in it: days that are still being written are not over yet.
            let now = promd.store.status().newest.unwrap_or(i64::MIN).min(now_ms());
            if let Err(fault) = promd.store.maintain(now) {
                eprintln!("maintenance: {fault}");
            }
        }
    });
}

fn reload_on_hangup(promd: Arc<Promd>) -> std::io::Result<()> {
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Err(reason) = scraping::reload(&promd) {
                eprintln!("reload: {reason}; the old configuration stays");
            }
        }
    });
    Ok(())
}

async fn end() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
