//! `promd` scrapes a real Prometheus over HTTPS, with a client certificate and a password, in protobuf: also the native
//! histograms of its federation page. Whoever lacks one of these gets nothing and says why.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers are made up"
)]
#![expect(clippy::disallowed_methods, reason = "a scrape has the time of the system")]

mod common;
#[path = "../examples/promd/connection.rs"]
mod connection;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{Server, escape, field, free_port, http, time_series, uint, varint, write_request};
use connection::Connection;
use mainstay_metrics::scrape::{Pem, Tls};
use serde_json::Value as Json;

/// bcrypt of `letmein`.
const HASH: &str = "$2b$05$PaJpRAcnTLKEWSN4hHIj1eWpZcKOEcUfRmT1I/kW5GrCrGdx8psMq";
const BASIC: &str = "Authorization: Basic c2NyYXBlcjpsZXRtZWlu";

/// An authority, a certificate of the server, one of the client and one of somebody else, as files.
fn certificates(dir: &Path) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(dir.join("ca.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(authority, key);
    for name in ["prometheus.test", "scraper"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        std::fs::write(dir.join(format!("{name}.pem")), params.signed_by(&key, &issuer).unwrap().pem())
            .unwrap();
        std::fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    let stranger = rcgen::generate_simple_self_signed(vec!["stranger".to_owned()]).unwrap();
    std::fs::write(dir.join("stranger.pem"), stranger.cert.pem()).unwrap();
    std::fs::write(dir.join("stranger.key"), stranger.signing_key.serialize_pem()).unwrap();
}

struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Debian's Prometheus that speaks TLS only and asks who is there; nothing where it is not installed.
fn prometheus(dir: &Path, address: &str) -> Option<Ended> {
    if Command::new("prometheus").arg("--version").output().is_err() {
        println!("skipped: prometheus is not here");
        return None;
    }
    std::fs::write(dir.join("prometheus.yml"), "global: {}\n").unwrap();
    let web = format!(
        "tls_server_config: {{cert_file: prometheus.test.pem, key_file: prometheus.test.key, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem}}\nbasic_auth_users: {{scraper: {HASH}}}\n"
    );
    std::fs::write(dir.join("web.yml"), web).unwrap();
    let ended = Ended(
        Command::new("prometheus")
            .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
            .arg(format!("--web.config.file={}", dir.join("web.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .args([
                "--web.enable-remote-write-receiver",
                "--enable-feature=native-histograms",
                "--log.level=error",
            ])
            .spawn()
            .unwrap(),
    );
    for _ in 0..600 {
        if TcpStream::connect(address).is_ok() {
            return Some(ended);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("prometheus did not listen");
}

/// Status and body of a request over TLS.
fn https(dir: &Path, address: &str, head: &str, body: &[u8]) -> (String, Vec<u8>) {
    let tls = Tls {
        ca: Some(Pem::File(dir.join("ca.pem"))),
        certificate: Some((Pem::File(dir.join("scraper.pem")), Pem::File(dir.join("scraper.key")))),
        server_name: Some("prometheus.test".into()),
        ..Tls::default()
    };
    let mut connection =
        Connection::open(address, Some(&tls), Instant::now() + Duration::from_mins(1)).unwrap();
    let head = format!("{head} HTTP/1.0\r\nHost: {address}\r\n{BASIC}\r\nContent-Length: {}\r\n", body.len());
    let head = format!("{head}Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n\r\n");
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(body).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer.split_off(end + 4))
}

/// A remote-write message with one float and one native histogram of the time now.
fn histogram_body(now: i64) -> Vec<u8> {
    let labels =
        |name: &str| vec![("__name__".to_owned(), name.to_owned()), ("zone".to_owned(), "b".to_owned())];
    let mut series = time_series(&labels("latency_seconds"), &[]);
    let span = |offset: u64, length: u64| {
        let mut out = Vec::new();
        uint(&mut out, 1, offset << 1);
        uint(&mut out, 2, length);
        out
    };
    let mut h = Vec::new();
    uint(&mut h, 1, 9);
    common::fixed64(&mut h, 3, 12.75_f64.to_bits());
    uint(&mut h, 4, 1 << 1);
    common::fixed64(&mut h, 5, 0.001_f64.to_bits());
    uint(&mut h, 6, 1);
    field(&mut h, 11, &span(0, 2));
    field(&mut h, 11, &span(3, 1));
    let mut deltas = Vec::new();
    for delta in [8, 1, 3] {
        varint(&mut deltas, delta); // 4, -1 and -2 in zigzag: 4, 3, 1
    }
    field(&mut h, 12, &deltas);
    uint(&mut h, 15, now as u64);
    field(&mut series, 4, &h);
    let float = time_series(&labels("plain"), &[(now, 4.5)]);
    write_request([series.as_slice(), float.as_slice()].into_iter())
}

fn config(address: &str) -> String {
    let tls = |more: &str| format!("tls_config: {{{more}}}");
    let who = "ca_file: ca.pem, cert_file: scraper.pem, key_file: scraper.key, server_name: prometheus.test";
    let known = "basic_auth: {username: scraper, password_file: password}";
    let jobs = [
        ("good", "/metrics", tls(who), known),
        ("federate", "/federate", tls(who), known),
        (
            "unverified",
            "/metrics",
            tls("insecure_skip_verify: true, cert_file: scraper.pem, key_file: scraper.key"),
            known,
        ),
        (
            "misnamed",
            "/metrics",
            tls("ca_file: ca.pem, cert_file: scraper.pem, key_file: scraper.key"),
            known,
        ),
        (
            "mistrusted",
            "/metrics",
            tls(
                "ca_file: stranger.pem, cert_file: scraper.pem, key_file: scraper.key, server_name: prometheus.test",
            ),
            known,
        ),
        ("anonymous", "/metrics", tls("ca_file: ca.pem, server_name: prometheus.test"), known),
        (
            "stranger",
            "/metrics",
            tls(
                "ca_file: ca.pem, cert_file: stranger.pem, key_file: stranger.key, server_name: prometheus.test",
            ),
            known,
        ),
        ("wrong-password", "/metrics", tls(who), "basic_auth: {username: scraper, password: guess}"),
        ("plain", "/metrics", "scheme: http".to_owned(), known),
    ];
    let mut text = "global: { scrape_interval: 1s, scrape_timeout: 1s, scrape_native_histograms: true }\nscrape_configs:\n".to_owned();
    for (name, path, tls, who) in jobs {
        let more = if name == "federate" {
            ", honor_labels: true, params: {\"match[]\": ['{zone=\"b\"}']}"
        } else {
            ""
        };
        let scheme = if name == "plain" { "" } else { "scheme: https, " };
        writeln!(
            text,
            "- {{job_name: {name}, {scheme}metrics_path: {path}, {tls}, {who}{more}, static_configs: [{{targets: [\"{address}\"]}}]}}"
        )
        .unwrap();
    }
    text
}

fn query(address: &str, query: &str) -> Json {
    let path = format!("/api/v1/query?query={}", escape(query));
    let (_, body) = http(address, "GET", &path, "", b"").unwrap();
    serde_json::from_slice::<Json>(&body).unwrap()["data"]["result"].take()
}

/// The same but for the last digit of bounds: Prometheus has a table of them, we compute them.
fn is_close(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_close(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_close(a, b)))
        }
        (Json::String(a), Json::String(b)) => {
            let (a, b): (f64, f64) = (a.parse().unwrap(), b.parse().unwrap());
            (a - b).abs() <= 1e-15 * a.abs()
        }
        _ => a == b,
    }
}

#[test]
fn https_targets_are_scraped_by_whoever_may() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    certificates(dir);
    std::fs::write(dir.join("password"), "letmein\n").unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let Some(_prometheus) = prometheus(dir, &address) else { return };
    std::fs::write(dir.join("promd.yml"), config(&address)).unwrap();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    while !https(dir, &address, "GET /-/ready", b"").0.contains(" 200 ") {
        std::thread::sleep(Duration::from_millis(50));
    }
    let (head, _) = https(dir, &address, "POST /api/v1/write", &histogram_body(now()));
    assert!(head.contains(" 204 "), "{head}");
    let promd = Server::promd(&dir.join("data"), Some(&dir.join("promd.yml")));
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let is_done = query(&promd.address, "count(up)")[0]["value"][1] == "9"
            && query(&promd.address, "latency_seconds").as_array().is_some_and(|found| !found.is_empty());
        if is_done {
            break;
        }
        let (_, targets) = http(&promd.address, "GET", "/api/v1/targets", "", b"").unwrap();
        assert!(Instant::now() < deadline, "{}", String::from_utf8_lossy(&targets));
    }
    let (_, targets) = http(&promd.address, "GET", "/api/v1/targets", "", b"").unwrap();
    let targets: Json = serde_json::from_slice(&targets).unwrap();
    for target in targets["data"]["activeTargets"].as_array().unwrap() {
        let (job, fault) = (target["scrapePool"].as_str().unwrap(), target["lastError"].as_str().unwrap());
        let expected: &[&str] = match job {
            "good" | "federate" | "unverified" => &[""],
            "misnamed" => &["NotValidForName", "not valid for name"],
            "mistrusted" => &["UnknownIssuer", "invalid peer certificate"],
            "anonymous" => {
                &["CertificateRequired", "BadCertificate", "bad certificate", "certificate required"]
            }
            "stranger" => &[
                "UnknownCA",
                "UnknownCa",
                "BadCertificate",
                "bad certificate",
                "unknown ca",
                "unknown certificate authority",
            ],
            "wrong-password" => &["401"],
            _ => &["400"],
        };
        let fits = expected.iter().any(|e| if e.is_empty() { fault.is_empty() } else { fault.contains(e) });
        assert!(fits, "{job}: {fault:?}");
        assert_eq!(target["health"], if expected[0].is_empty() { "up" } else { "down" }, "{job}");
    }
    assert_eq!(query(&promd.address, "plain{zone=\"b\"}")[0]["value"][1], "4.5");
    // The histogram is the one Prometheus has, bucket by bucket.
    let (_, body) = https(dir, &address, "GET /api/v1/query?query=latency_seconds", b"");
    let theirs = serde_json::from_slice::<Json>(&body).unwrap()["data"]["result"][0]["histogram"][1].take();
    let ours = query(&promd.address, "latency_seconds")[0]["histogram"][1].take();
    assert_eq!((ours["count"].as_str(), ours["buckets"].as_array().map(Vec::len)), (Some("9"), Some(4)));
    assert!(is_close(&ours, &theirs), "{ours} against {theirs}");
    // Classic histograms come by protobuf too, with the bounds Prometheus gives them.
    let bounds = query(
        &promd.address,
        "count(prometheus_http_request_duration_seconds_bucket{job=\"good\",le=\"1.0\"}) > 0",
    );
    assert_eq!(bounds.as_array().map(Vec::len), Some(1), "{bounds}");
}
