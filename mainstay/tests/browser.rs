//! Every page of the product in a real browser, on what this very machine shows: axe, both themes, phone and desk,
//! without script, by keys. Needs Chromium, node, and the tools of face/tests/browser.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn every_page_is_clean_on_this_machine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tools = root.join("face/tests/browser");
    if let Some(missing) = missing(&tools) {
        println!("skipped: {missing} is not here");
        return;
    }
    let place = std::env::temp_dir().join(format!("mainstay-browser-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&place));
    std::fs::create_dir_all(&place).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        // As people start it: with a folder below where they stand.
        .args(["up", "--json", "--listen", &format!("127.0.0.1:{port}"), "--data", "data"])
        .current_dir(&place)
        // What this machine's apt would fetch from outside fails at once.
        .envs([("http_proxy", "http://127.0.0.1:9"), ("https_proxy", "http://127.0.0.1:9")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let minute: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(minute["sections"].as_object().unwrap().len() >= 15, "the first minute tells of every section");
    let link = minute["sign_in"].as_str().unwrap();
    let said =
        Command::new("node").arg(root.join("mainstay/tests/browser/walk.mjs")).arg(link).output().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let orders = std::fs::read_dir(place.join("data/agent/orders")).unwrap();
    let begun = orders.filter(|order| order.as_ref().unwrap().path().join("started").exists()).count();
    drop(std::fs::remove_dir_all(&place));
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
    let waits = minute["conclusion"].as_str().unwrap().contains("security update");
    assert!(begun > 0 || !waits, "the agent was asked to read changelogs, and began nothing");
}

fn missing(tools: &Path) -> Option<&'static str> {
    let chromium = std::env::var_os("CHROMIUM").map_or(PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !chromium.exists() {
        return Some("chromium");
    }
    (!tools.join("node_modules/playwright-core").exists()).then_some("playwright-core")
}
