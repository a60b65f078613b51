//! Server time and weight of pages, through the real router in this process.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use mainstay::door::{self, Peer};
use mainstay::server::Server;
use mainstay_face::Door;
use mainstay_face::headers::Transport;
use mainstay_face::live::Hub;
use mainstay_kernel::access::Rights;
use mainstay_kernel::people::sign_in;
use mainstay_kernel::{Clock, Who, session};
use tower::ServiceExt as _;

use crate::{Engine, at, seed};

const TIMES: usize = 150;
const AT_ONCE: usize = 8;

/// A signed-in owner at the router.
#[derive(Clone)]
pub struct Reader {
    routes: Router,
    cookie: String,
}

impl Reader {
    pub async fn of(server: &Server) -> Self {
        let (ground, owner, org) = (&server.ground, server.owner, server.org);
        let cx = ground.call(org, Who::Person { id: owner, name: "Owner".into() }, Rights::default());
        let from = sign_in::From { device: "bench".into(), address: "127.0.0.1".into() };
        let (_, cookie) = ground.db.write(move |tx| session::open(tx, &cx, owner, &from)).await.unwrap();
        let at = Door::new(ground.clone(), Hub::new("bench", 64), Transport::Plain);
        let peer = Peer(SocketAddr::from(([127, 0, 0, 1], 4000)));
        Self { routes: door::routes(at).layer(MockConnectInfo(peer)), cookie: format!("ms={cookie}") }
    }

    /// One page: how long, and its bytes as they go out.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (Duration, Vec<u8>) {
        let mut request =
            Request::get(path).header(header::COOKIE, &self.cookie).header(header::HOST, "bench");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let begun = Instant::now();
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes().to_vec();
        let took = begun.elapsed();
        assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&bytes));
        (took, bytes)
    }
}

pub async fn measure(engine: &Engine) {
    let server = Server::start(&seed::settings(engine), Clock::machine()).await.unwrap();
    let reader = Reader::of(&server).await;
    println!(
        "{} assets, {} work items, {} findings. Server time of one asker after another, and of {AT_ONCE} at once, with gzip:\n",
        seed::ASSETS,
        seed::WORK,
        seed::FINDINGS
    );
    println!(
        "| page | p50 ms | p95 ms | p50 of {AT_ONCE} | p95 of {AT_ONCE} | kB | kB with gzip |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    for (what, paths) in asked(&reader).await {
        row(&reader, what, &paths).await;
    }
    println!();
    weights(&reader).await;
    server.stop().await;
}

/// What a browser loads beside a page, once, and a list page itself, as they go over the wire.
async fn weights(reader: &Reader) {
    let packed = [("accept-encoding", "gzip, br"), ("sec-fetch-site", "same-origin")];
    let (_, plain) = reader.get("/findings", &[]).await;
    let (_, small) = reader.get("/findings", &packed).await;
    let page = String::from_utf8_lossy(&plain).into_owned();
    let kb = |bytes: usize| u32::try_from(bytes).map_or(0.0, f64::from) / 1e3;
    println!(
        "What a page weighs, compressed as a browser gets it:\n\n| what | budget kB | kB | kB plain |\n|---|---:|---:|---:|"
    );
    for (what, most, mark) in [("script", 40, "src=\""), ("CSS", 20, "rel=\"stylesheet\" href=\"")] {
        let (mut packed_bytes, mut plain_bytes) = (0, 0);
        let addresses = page.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
        for address in addresses.filter(|address| address.starts_with('/')) {
            packed_bytes += reader.get(address, &packed).await.1.len();
            plain_bytes += reader.get(address, &[]).await.1.len();
        }
        assert!(packed_bytes > 0, "the page has {what}");
        println!("| {what} | {most} | {:.1} | {:.1} |", kb(packed_bytes), kb(plain_bytes));
    }
    println!("| a list page (findings) | 30 | {:.1} | {:.1} |\n", kb(small.len()), kb(plain.len()));
}

/// What is asked for, each with several addresses that differ.
async fn asked(reader: &Reader) -> Vec<(&'static str, Vec<String>)> {
    let mut asked = vec![("Home", vec!["/".to_owned()])];
    for (name, deep, first) in [
        ("work, open, first page", "work, open, page 200", "/work?which=open"),
        ("work, mine", "", "/work?which=mine"),
        ("work, all, first page", "work, all, page 200", "/work?which=all"),
        ("assets, first page", "assets, page 100", "/assets"),
        ("findings, first page", "findings, page 200", "/findings"),
    ] {
        asked.push((name, vec![first.to_owned()]));
        if !deep.is_empty() {
            let pages = if deep.ends_with("100") { 100 } else { 200 };
            asked.push((deep, vec![walk(reader, first, pages).await]));
        }
    }
    let finding = link(reader, "/findings", "/findings/fnd_").await;
    let asset = link(reader, "/assets", "/assets/ast_").await;
    asked.push(("one work item", (0..50).map(|n| format!("/work/{}", 1 + n * 19_997)).collect()));
    asked.push(("one finding", vec![finding]));
    asked.push(("one asset", vec![asset.clone()]));
    asked.push(("findings of one asset (API)", vec![format!("/api/v1/findings?asset={}", &asset[8..])]));
    asked.push(("findings of one rule (API)", vec!["/api/v1/findings?rule=hygiene.sshd".to_owned()]));
    asked.push(("findings that are gone (API)", vec!["/api/v1/findings?state=gone".to_owned()]));
    asked.push(("audit", vec!["/settings/audit".to_owned()]));
    let words =
        ["bacor", "cordel", "delfen", "fengra", "grahol", "holin", "injor", "jorkel", "kellum", "lummer"];
    asked.push((
        "search, two words",
        words.windows(2).map(|two| format!("/find?q=ba{}+{}", two[0], two[1])).collect(),
    ));
    asked.push((
        "search, two frequent words",
        vec!["/find?q=bababa+bababa".into(), "/find?q=restarted+phone".into()],
    ));
    asked
}

/// The address of a page far behind the first, by following the list.
async fn walk(reader: &Reader, first: &str, pages: usize) -> String {
    let mut at = first.to_owned();
    for _ in 1..pages {
        let (_, page) = reader.get(&at, &[]).await;
        let page = String::from_utf8_lossy(&page).into_owned();
        let Some(place) = page.find("after=") else { return at };
        let start = page[..place].rfind('"').unwrap() + 1;
        let end = place + page[place..].find('"').unwrap();
        at = page[start..end].replace("&amp;", "&");
    }
    at
}

/// The first address in a page that begins so.
async fn link(reader: &Reader, page: &str, begins: &str) -> String {
    let (_, bytes) = reader.get(page, &[]).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let start = text.find(begins).expect("the list has such a link");
    let end = start + text[start..].find(['"', '?', '#']).unwrap();
    text[start..end].to_owned()
}

async fn row(reader: &Reader, what: &str, paths: &[String]) {
    let packed = [("accept-encoding", "gzip"), ("sec-fetch-site", "same-origin")];
    let mut alone = Vec::new();
    for turn in 0..TIMES {
        alone.push(reader.get(&paths[turn % paths.len()], &packed).await.0);
    }
    let mut tasks = Vec::new();
    for task in 0..AT_ONCE {
        let (reader, paths) = (reader.clone(), paths.to_vec());
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            for turn in 0..TIMES / AT_ONCE * 2 {
                took.push(reader.get(&paths[(turn + task) % paths.len()], &packed).await.0);
            }
            took
        }));
    }
    let mut together = Vec::new();
    for task in tasks {
        together.extend(task.await.unwrap());
    }
    let (_, plain) = reader.get(&paths[0], &[]).await;
    let (_, small) = reader.get(&paths[0], &packed).await;
    let kb = |bytes: &[u8]| u32::try_from(bytes.len()).map_or(0.0, f64::from) / 1e3;
    println!(
        "| {what} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
        at(&mut alone, 50),
        at(&mut alone, 95),
        at(&mut together, 50),
        at(&mut together, 95),
        kb(&plain),
        kb(&small)
    );
}
