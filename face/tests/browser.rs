//! The gallery in a real browser: axe, both themes, phone and desk, keys, live updates, and no script at all.
//! Needs Chromium, node, and the tools of `tests/browser/package.json` (`npm ci --ignore-scripts` there).

#![expect(clippy::unwrap_used, reason = "what a test sets up may fail it")]

#[path = "../examples/gallery/asset.rs"]
mod asset;
#[path = "../examples/gallery/home.rs"]
mod home;
#[path = "../examples/gallery/incident.rs"]
mod incident;
#[path = "../examples/gallery/pages.rs"]
mod pages;
#[path = "../examples/gallery/public.rs"]
mod public;
#[path = "../examples/gallery/states.rs"]
mod states;
#[path = "../examples/gallery/work.rs"]
mod work;

use std::path::{Path, PathBuf};
use std::time::Duration;

use mainstay_face::live::{Change, Hub};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_clean_in_both_themes_on_phone_and_desk() {
    told("walk.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_live_updates_and_plain_forms_do_what_they_say() {
    told("act.mjs").await;
}

/// Runs a script against a gallery of its own; what it prints is the fault.
async fn told(script: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    if let Some(missing) = missing(&folder) {
        println!("skipped: {missing} is not here");
        return;
    }
    let hub = Hub::new("test", 200);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, pages::routes(hub.clone())).into_future());
    let ticking = tokio::spawn(async move {
        for number in 0_u32.. {
            tokio::time::sleep(Duration::from_millis(500)).await;
            work::TICKS.store(number + 1, std::sync::atomic::Ordering::Relaxed);
            hub.publish(Change::new("alder", "output.812", number.to_string()));
            hub.publish(Change::new("alder", "work", number.to_string()));
        }
    });
    let output = Command::new("node").arg(folder.join(script)).arg(&base).output().await.unwrap();
    server.abort();
    ticking.abort();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

fn missing(folder: &Path) -> Option<&'static str> {
    let chromium = std::env::var_os("CHROMIUM").map_or(PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !chromium.exists() {
        return Some("chromium");
    }
    if !folder.join("node_modules/playwright-core").exists() {
        return Some("playwright-core (run `npm ci --ignore-scripts` in face/tests/browser)");
    }
    let has_node = std::process::Command::new("node").arg("--version").output().is_ok();
    (!has_node).then_some("node")
}
