//! The server killed again and again while everything goes on: people write, agents report and carry out plans, notices
//! go out. Afterwards nothing that was acknowledged is lost, nobody got anything twice, and what is shown is true.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cluster;
use super::hosts::Host;
use super::post::Post;
use super::process::{Process, get_json, invitation, post_json, send};
use super::{Acknowledged, rounds, write_until_gone};

const HOSTS: usize = 3;
/// A lease of a job that was under way runs out after a minute, one of an order after two.
const CALM: Duration = Duration::from_secs(200);

/// Everything that goes on beside the server.
struct Storm<'d> {
    data: &'d Path,
    postgres: Option<&'d str>,
    at: SocketAddr,
    hosts: Vec<Arc<Host>>,
    known: Acknowledged,
    post: Post,
}

/// Tells the story; a line of figures at the end.
pub fn survive(data: &Path, postgres: Option<&str>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let first = Process::start_at(at, data, postgres);
    first.sign_in();
    let hosts = (0..HOSTS).map(|n| {
        let token = invitation(data, postgres);
        Arc::new(Host::start(at, &token, &format!("host-{n}"), data))
    });
    let hosts: Vec<_> = hosts.collect();
    let post = runtime.block_on(Post::beside(data, postgres));
    first.kill();
    let mut storm = Storm { data, postgres, at, hosts, known: Acknowledged::default(), post };
    for round in 0..rounds() {
        storm.round(&runtime, round);
    }
    storm.calm(&runtime);
    for host in storm.hosts {
        runtime.block_on(Arc::into_inner(host).expect("nobody else holds it").stop());
    }
}

impl Storm<'_> {
    fn round(&mut self, runtime: &tokio::runtime::Runtime, round: u32) {
        let server = Process::start_at(self.at, self.data, self.postgres);
        let cookie = server.sign_in();
        for writer in 0..4 {
            write_until_gone(&server, &cookie, writer, round, &self.known);
        }
        let planner = {
            let (hosts, at) = (self.hosts.clone(), self.at);
            std::thread::spawn(move || while plan(at, &cookie, &hosts).is_some() {})
        };
        for _ in 0..3 {
            runtime.block_on(self.post.tell());
        }
        // Another moment in every round.
        std::thread::sleep(Duration::from_millis(200 + u64::from(round) * 97 % 700));
        server.kill();
        planner.join().unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }

    /// The server stays; when all is done, everything is compared.
    fn calm(&self, runtime: &tokio::runtime::Runtime) {
        let server = Process::start_at(self.at, self.data, self.postgres);
        let cookie = server.sign_in();
        let begun = Instant::now();
        while !self.is_calm(&cookie) {
            assert!(begun.elapsed() < CALM, "after {CALM:?} it is not calm: {}", self.unrest(&cookie));
            std::thread::sleep(Duration::from_millis(500));
        }
        for (number, title) in self.known.lock().unwrap().iter() {
            let reply = send(self.at, "GET", &format!("/work/{number}"), &cookie, "").unwrap();
            assert_eq!(reply.status, 200, "#{number} was acknowledged and is lost");
            assert!(reply.body.contains(title.as_str()), "#{number} is not {title}");
        }
        let plans = self.compare_hosts(&cookie);
        let repeats = self.post.compare();
        let reports = runtime.block_on(self.post.reports());
        // Until what happened last is sealed.
        std::thread::sleep(Duration::from_secs(25));
        runtime.block_on(self.post.ground.db.close());
        server.kill();
        self.check();
        println!(
            "{} kills: {} acknowledged writes, none lost; {reports} reports of agents; {plans} plans ended, none carried out twice; {} notices, none lost, {repeats} sent again under their own id",
            rounds(),
            self.known.lock().unwrap().len(),
            self.post.told
        );
    }

    /// What the product and the engine themselves say of the data.
    fn check(&self) {
        for part in [&[][..], &["verify"]] {
            let said = self.doctor(part);
            assert!(said.status.success(), "doctor {part:?}: {said:?}");
            let lines = String::from_utf8_lossy(&said.stdout).into_owned();
            assert!(!lines.contains("WARN"), "doctor {part:?}: {lines}");
            println!("doctor {part:?}: {} lines, all ok", lines.lines().count());
        }
        if let Some(url) = self.postgres {
            println!("pg_amcheck: {}", cluster::check(url));
        }
    }

    fn doctor(&self, part: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.arg("doctor").arg("--data").arg(self.data);
        if let Some(url) = self.postgres {
            command.args(["--postgres", url]);
        }
        command.args(part).output().unwrap()
    }

    fn is_calm(&self, cookie: &str) -> bool {
        self.unrest(cookie).is_empty()
    }

    /// What is still under way, in words.
    fn unrest(&self, cookie: &str) -> String {
        let mut unrest = Vec::new();
        for host in &self.hosts {
            let wrong = findings(self.at, cookie, &host.name)
                .filter(|found| is_open(found) != (host.number("installed") != host.number("offered")));
            if wrong.is_none() {
                continue;
            }
            unrest.push(format!("{} shows {}", host.name, wrong.unwrap_or_default()));
        }
        let plans = get_json(self.at, "/api/v1/plans?limit=200", cookie).unwrap_or_default();
        for plan in plans["items"].as_array().into_iter().flatten() {
            if ["simulating", "approved", "running"].iter().any(|state| plan["state"] == *state) {
                unrest.push(format!("plan {} is {}", plan["number"], plan["state"]));
            }
        }
        let missing = self.post.missing();
        if missing > 0 {
            unrest.push(format!("{missing} notices have not arrived"));
        }
        unrest.join("; ")
    }

    /// Every host's finding says what is so, and came and went no more often than it was so; every order ran once.
    fn compare_hosts(&self, cookie: &str) -> usize {
        for host in &self.hosts {
            for task in ["simulate_packages", "keep_old", "apply_packages"] {
                let mut ran = host.carried_out(task);
                let count = ran.len();
                ran.sort();
                ran.dedup();
                assert_eq!(ran.len(), count, "{}: an order to {task} was carried out twice", host.name);
            }
            let offers = i64::from(host.number("offered")) - 1;
            let found = findings(self.at, cookie, &host.name).expect("the server answers");
            let times = found["times_opened"].as_i64().unwrap();
            assert!(times <= offers, "{}: opened {times} times for {offers} updates", host.name);
            let applied = i64::try_from(host.carried_out("apply_packages").len()).unwrap();
            let gone = times - i64::from(is_open(&found));
            assert!(gone <= applied, "{}: gone {gone} times, installed {applied} times", host.name);
        }
        let mut ended = 0;
        let mut at = "/api/v1/plans?limit=200".to_owned();
        loop {
            let page = get_json(self.at, &at, cookie).unwrap();
            ended += page["items"].as_array().unwrap().iter().filter(|plan| plan["state"] == "done").count();
            let Some(next) = page["next"].as_str() else { return ended };
            at = format!("/api/v1/plans?limit=200&after={next}");
        }
    }
}

/// One turn of the person who sees plans through; nothing when the server is gone.
fn plan(at: SocketAddr, cookie: &str, hosts: &[Arc<Host>]) -> Option<()> {
    let plans = get_json(at, "/api/v1/plans?limit=20", cookie)?;
    let assets = get_json(at, "/api/v1/assets", cookie)?;
    for host in hosts {
        let assets = assets["items"].as_array()?;
        let Some(asset) = assets.iter().find(|asset| asset["name"] == host.name.as_str()) else { continue };
        let newest = plans["items"].as_array()?.iter().find(|plan| plan["asset"] == asset["id"]);
        match newest.map_or("none", |plan| plan["state"].as_str().unwrap_or("none")) {
            "ready" => {
                let path = format!("/api/v1/plans/{}/approve", newest?["id"].as_str()?);
                post_json(at, &path, cookie, &json!({ "hash": newest?["simulation_hash"] }))?;
            }
            // Something new is offered once the last plan has been seen through; until the host has told of it a plan
            // is refused.
            "none" | "done" | "failed" | "cancelled" if !host.offer_next() => {
                let wish = json!({ "asset": asset["id"], "which": "security" });
                post_json(at, "/api/v1/plans", cookie, &wish)?;
            }
            _ => {}
        }
    }
    std::thread::sleep(Duration::from_millis(40));
    Some(())
}

/// The finding about waiting updates of a host, whatever its state; `null` before there is one.
fn findings(at: SocketAddr, cookie: &str, host: &str) -> Option<Value> {
    for state in ["open", "planned", "gone"] {
        let path = format!("/api/v1/findings?rule=patches.update_waiting&state={state}");
        let page = get_json(at, &path, cookie)?;
        let found = page["items"].as_array()?.iter().find(|finding| finding["asset_name"] == host);
        if let Some(found) = found {
            return Some(found.clone());
        }
    }
    Some(Value::Null)
}

fn is_open(finding: &Value) -> bool {
    finding["state"] == "open" || finding["state"] == "planned"
}
