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
    let data = std::env::temp_dir().join(format!("mainstay-browser-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&data));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["up", "--json", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(&data)
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
    drop(std::fs::remove_dir_all(&data));
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
}

fn missing(tools: &Path) -> Option<&'static str> {
    let chromium = std::env::var_os("CHROMIUM").map_or(PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !chromium.exists() {
        return Some("chromium");
    }
    (!tools.join("node_modules/playwright-core").exists()).then_some("playwright-core")
}
