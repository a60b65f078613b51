//! The whole product as processes: killed at any moment, several on one database, refused where it must be.

#![expect(clippy::unwrap_used, reason = "what a test sets up may fail it")]

mod cluster;
mod hosts;
mod jumps;
mod patching;
mod post;
mod process;
mod several;
mod storm;
mod trouble;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use mainstay::house::schemas;
use mainstay_kernel::store::testing::Scratch;
use process::{Process, send};

/// How often the server is killed in one story; `MAINSTAY_CRASH_ROUNDS=200` for the long run.
fn rounds() -> u32 {
    std::env::var("MAINSTAY_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mainstay-whole-{name}-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    folder
}

/// Number → title of everything that was acknowledged.
type Acknowledged = Arc<Mutex<BTreeMap<u64, String>>>;

/// Writes until the server goes away; remembers only what it answered for.
fn write_until_gone(server: &Process, cookie: &str, writer: u32, round: u32, known: &Acknowledged) {
    let (to, cookie, known) = (server.address, cookie.to_owned(), known.clone());
    std::thread::spawn(move || {
        for count in 0.. {
            let title = format!("r{round}-w{writer}-{count}");
            let Some(reply) = send(to, "POST", "/work/new", &cookie, &format!("title={title}&priority=2"))
            else {
                return;
            };
            let Some(number) = reply.head.lines().find_map(|line| line.strip_prefix("location: /work/"))
            else {
                return;
            };
            let earlier = known.lock().unwrap().insert(number.parse().unwrap(), title);
            assert!(earlier.is_none(), "number {number} was given twice");
        }
    });
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_on_sqlite() {
    let data = folder("sqlite");
    storm::survive(&data, None);
    drop(std::fs::remove_dir_all(data));
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_on_postgresql() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(scratch) = runtime.block_on(Scratch::postgres(schemas())) else {
        println!("skipped: no PostgreSQL for tests");
        return;
    };
    let data = folder("postgres");
    storm::survive(&data, scratch.url().as_deref());
    runtime.block_on(scratch.remove());
    drop(std::fs::remove_dir_all(data));
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_says_why() {
    let data = folder("twice");
    let server = Process::start(&data, None);
    let second = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["up", "--no-agent", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use by another mainstay"), "{said}");
    let line = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["add-host", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&line.stdout).contains("--token mse_"),
        "a host is invited beside the server"
    );
    assert!(server.resident_kb() > 0);
    server.kill();
    drop(std::fs::remove_dir_all(data));
}
