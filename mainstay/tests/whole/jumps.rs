//! The clock is set, a day ahead and a day back, while the server runs.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mainstay::house::schemas;
use mainstay::server::{Server, Settings};
use mainstay::tls;
use mainstay_kernel::events::{self, Verdict};
use mainstay_kernel::store::testing::Scratch;
use mainstay_kernel::{Clock, args, sql};
use tokio::runtime::Runtime;

use super::folder;
use super::hosts::Host;
use super::post::Post;
use super::process::{get_json, invitation, send};

const DAY_MS: i64 = 86_400_000;

#[test]
fn a_clock_that_jumps_signs_nobody_out_calls_no_host_silent_and_holds_nothing_back_on_sqlite() {
    let data = folder("jumps");
    jump(&runtime(), &data, None);
    drop(std::fs::remove_dir_all(data));
}

#[test]
fn a_clock_that_jumps_signs_nobody_out_calls_no_host_silent_and_holds_nothing_back_on_postgresql() {
    let runtime = runtime();
    let Some(scratch) = runtime.block_on(Scratch::postgres(schemas())) else {
        println!("skipped: no PostgreSQL for tests");
        return;
    };
    let data = folder("jumps-postgres");
    jump(&runtime, &data, scratch.url().as_deref());
    runtime.block_on(scratch.remove());
    drop(std::fs::remove_dir_all(data));
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn jump(runtime: &Runtime, data: &Path, postgres: Option<&str>) {
    let _inside = runtime.enter();
    let clock = Clock::set_at(Clock::machine().now_ms());
    let settings = Settings {
        data: data.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        postgres: postgres.map(str::to_owned),
        tls: tls::Choice::ByAddress,
    };
    let server = runtime.block_on(Server::start(&settings, clock.clone())).unwrap();
    let cookie = sign_in(runtime, &server);
    let see = || get_json(server.address, "/api/v1/work", &cookie).is_some();
    let mut host = Host::start(server.address, &invitation(data, postgres), "quiet", data);
    until("the host has spoken", || {
        let assets = get_json(server.address, "/api/v1/assets", &cookie).unwrap();
        assets["items"].as_array().unwrap().iter().any(|asset| asset["name"] == "quiet")
    });
    std::thread::sleep(Duration::from_secs(1));
    runtime.block_on(host.halt());
    // A message that nobody takes now, to be tried again in five seconds.
    let mut post = runtime.block_on(Post::on(server.ground.clone(), None));
    post.refuses.store(true, Ordering::SeqCst);
    runtime.block_on(post.tell());
    until("the message was tried", || tries(runtime, &server) > 0);

    clock.forward(Duration::from_millis(DAY_MS.unsigned_abs()));
    // As long as the house takes to look for who is silent, twice.
    std::thread::sleep(Duration::from_secs(32));
    assert!(see(), "a day is not a week: the session lasts");
    assert_eq!(count(runtime, &server, "agent.silent"), 0, "we have not listened for ten minutes");
    until("the message was tried again", || tries(runtime, &server) > 1);

    clock.set(clock.now_ms() - 2 * DAY_MS);
    std::thread::sleep(Duration::from_secs(7));
    assert!(see(), "the session lasts");
    post.refuses.store(false, Ordering::SeqCst);
    // The pause before the third try is five minutes, whatever the clock said when it began.
    clock.forward(Duration::from_secs(400));
    until("the message arrives within its pause", || post.missing() == 0);
    let made = send(server.address, "POST", "/work/new", &cookie, "title=later&priority=2").unwrap();
    assert_eq!(made.status, 303, "{made:?}");
    whole(runtime, &server);
    drop((post, host));
    runtime.block_on(server.stop());
}

fn sign_in(runtime: &Runtime, server: &Server) -> String {
    let link = runtime.block_on(server.sign_in_link()).unwrap();
    let reply = send(server.address, "POST", &link[link.find("/in/").unwrap()..], "", "").unwrap();
    let cookie = reply.head.lines().find_map(|line| line.strip_prefix("set-cookie: ms=")).expect("a cookie");
    format!("ms={}", cookie.split(';').next().unwrap())
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not so: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn tries(runtime: &Runtime, server: &Server) -> i64 {
    let org = server.org;
    let ask = sql!(
        "SELECT CAST(COALESCE(MAX(attempts), 0) AS BIGINT) FROM notice_receipt WHERE org_id = $1 AND state = 'waiting'"
    );
    runtime.block_on(server.ground.db.read(move |tx| tx.one(ask, args![org], |row| row.get(0)))).unwrap()
}

fn count(runtime: &Runtime, server: &Server, verb: &'static str) -> i64 {
    let org = server.org;
    let ask = sql!("SELECT COUNT(*) FROM event WHERE org_id = $1 AND verb = $2");
    runtime
        .block_on(server.ground.db.read(move |tx| tx.one(ask, args![org, verb], |row| row.get(0))))
        .unwrap()
}

/// The chain holds, and grows in the order in which things happened.
fn whole(runtime: &Runtime, server: &Server) {
    let cx = server.ground.cx(server.org, "test");
    let verdict = runtime.block_on(server.ground.db.read(move |tx| events::verify(tx, &cx))).unwrap();
    assert!(matches!(verdict, Verdict::Whole { .. }), "{verdict:?}");
}
