//! What asks Prometheus servers also asks `promd`: `promtool query`, and the very requests of Grafana's Prometheus data
//! source (form-encoded POST, its parameters in their order, gzip, the pages its settings, editors and alert list look
//! at). No Grafana runs here: the shapes are those its source sends.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "numbers are made up"
)]

mod common;

use std::collections::BTreeSet;
use std::process::Command;

use common::{Server, http, time_series, write_request};
use serde_json::Value as Json;

const START: i64 = 1_700_000_000;
const STEP: i64 = 15;
const POINTS: i64 = 240;

/// Two hosts of a job, a classic histogram, metadata, an exemplar, rules.
fn start() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let rules = "groups:\n- name: g\n  interval: 1s\n  rules:\n  - {record: always, expr: vector(1)}\n  - {alert: Down, expr: vector(0) == 0, labels: {severity: page}, annotations: {summary: it is down}}\n";
    std::fs::write(dir.path().join("rules.yml"), rules).unwrap();
    std::fs::write(dir.path().join("promd.yml"), "rule_files: [rules.yml]\nglobal: {scrape_interval: 15s}\n")
        .unwrap();
    let server = Server::promd(&dir.path().join("data"), Some(&dir.path().join("promd.yml")));
    let series = |name: &str, more: &[(&str, &str)], f: &dyn Fn(i64) -> f64| {
        let mut labels: common::Labels = vec![("__name__".into(), name.into()), ("job".into(), "api".into())];
        labels.extend(more.iter().map(|(n, v)| ((*n).into(), (*v).into())));
        labels.sort();
        let samples: Vec<_> = (0..POINTS).map(|p| ((START + p * STEP) * 1000, f(p))).collect();
        time_series(&labels, &samples)
    };
    let mut all = Vec::new();
    for (n, host) in ["a", "b"].into_iter().enumerate() {
        all.push(series("http_requests_total", &[("instance", host)], &|p| (p * (n as i64 + 1) * 3) as f64));
        for (le, share) in [("0.1", 1), ("1", 2), ("+Inf", 3)] {
            let more = [("instance", host), ("le", le)];
            all.push(series("latency_seconds_bucket", &more, &|p| (p * share) as f64));
        }
    }
    let mut exemplar = Vec::new();
    let mut label = Vec::new();
    common::field(&mut label, 1, b"trace_id");
    common::field(&mut label, 2, b"4711");
    common::field(&mut exemplar, 1, &label);
    common::fixed64(&mut exemplar, 2, 0.25_f64.to_bits());
    common::uint(&mut exemplar, 3, (START as u64 + 600) * 1000);
    common::field(&mut all[0], 3, &exemplar);
    let mut metadata = Vec::new();
    common::uint(&mut metadata, 1, 1);
    common::field(&mut metadata, 2, b"http_requests_total");
    common::field(&mut metadata, 4, b"Requests by host.");
    let mut body =
        snap::raw::Decoder::new().decompress_vec(&write_request(all.iter().map(Vec::as_slice))).unwrap();
    common::field(&mut body, 3, &metadata);
    let body = snap::raw::Encoder::new().compress_vec(&body).unwrap();
    let (status, answer) =
        http(&server.address, "POST", "/api/v1/write", "Content-Encoding: snappy\r\n", &body).unwrap();
    assert_eq!(status, 204, "{}", String::from_utf8_lossy(&answer));
    (dir, server)
}

fn json((status, body): (u16, Vec<u8>)) -> Json {
    let text = String::from_utf8_lossy(&body);
    assert_eq!(status, 200, "{text}");
    let answer: Json = serde_json::from_slice(&body).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    assert_eq!(answer["status"], "success", "{text}");
    answer
}

/// As Grafana's backend posts: the form sorted by name, gzip taken.
fn post(server: &Server, path: &str, form: &str) -> Json {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\nAccept-Encoding: gzip\r\nUser-Agent: Grafana/12.0.0\r\nX-Grafana-Referer: x\r\n";
    let (status, head, body) =
        common::http_with_head(&server.address, "POST", path, headers, form.as_bytes());
    let body = if head.to_ascii_lowercase().contains("content-encoding: gzip") {
        mainstay_metrics::decode::gunzip(&body, 1 << 26).unwrap()
    } else {
        body
    };
    json((status, body))
}

fn get(server: &Server, path: &str) -> Json {
    json(http(&server.address, "GET", path, "X-Grafana-Cache: private, max-age=300\r\n", b"").unwrap())
}

fn texts(list: &Json) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn the_data_source_is_tested_and_its_flavour_found() {
    let (_dir, server) = start();
    // "Save & test": 1+1 at the end of the first four seconds there were.
    let answer = post(&server, "/api/v1/query", "query=1%2B1&time=4");
    assert_eq!(answer["data"]["result"], serde_json::json!([4, "2"]));
    let about = get(&server, "/api/v1/status/buildinfo");
    assert!(about["data"]["version"].as_str().unwrap().starts_with("3."), "{about}");
    // Features would make it a Mimir.
    assert!(about["data"].get("features").is_none());
    for page in ["config", "flags", "runtimeinfo", "tsdb", "walreplay"] {
        assert!(get(&server, &format!("/api/v1/status/{page}"))["data"].is_object(), "{page}");
    }
    assert!(get(&server, "/api/v1/status/config")["data"]["yaml"].as_str().unwrap().contains("rules.yml"));
}

#[test]
fn panels_get_their_lines() {
    let (_dir, server) = start();
    let (from, to) = (START + 600, START + 1200);
    let form = format!(
        "end={to}&query=sum+by+%28instance%29+%28rate%28http_requests_total%7Bjob%3D%22api%22%7D%5B1m0s%5D%29%29&start={from}&step=15&timeout=60s"
    );
    let answer = post(&server, "/api/v1/query_range", &form);
    assert_eq!(answer["data"]["resultType"], "matrix");
    let lines = answer["data"]["result"].as_array().unwrap();
    assert_eq!(lines.len(), 2);
    for (line, (instance, rate)) in lines.iter().zip([("a", 0.2), ("b", 0.4)]) {
        assert_eq!(line["metric"]["instance"], instance);
        let values = line["values"].as_array().unwrap();
        assert_eq!(values.len(), 41);
        assert_eq!((values[0][0].as_i64(), values[40][0].as_i64()), (Some(from), Some(to)));
        let last: f64 = values[40][1].as_str().unwrap().parse().unwrap();
        assert!((last - rate).abs() < 1e-9, "{last} against {rate}");
    }
    // A step and times below a second, as Grafana formats them.
    let form = format!("end={to}.5&query=http_requests_total&start={from}.25&step=0.5");
    assert_eq!(post(&server, "/api/v1/query_range", &form)["data"]["result"].as_array().unwrap().len(), 2);
    let table =
        post(&server, "/api/v1/query", &format!("query=topk%281%2C+http_requests_total%29&time={to}.123"));
    assert_eq!(table["data"]["result"][0]["metric"]["instance"], "b");
    let form = format!(
        "end={to}&query=histogram_quantile%280.9%2C+sum+by+%28le%29+%28rate%28latency_seconds_bucket%5B5m%5D%29%29%29&start={from}&step=30"
    );
    assert_eq!(post(&server, "/api/v1/query_range", &form)["data"]["result"].as_array().unwrap().len(), 1);
    let form = format!("end={to}&query=http_requests_total&start={from}");
    let found = post(&server, "/api/v1/query_exemplars", &form);
    assert_eq!(found["data"][0]["exemplars"][0]["labels"]["trace_id"], "4711", "{found}");
    // What is wrong with a query is told with 400 and a text for the person who typed it.
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (status, body) =
        http(&server.address, "POST", "/api/v1/query", headers, b"query=rate%28x%29&time=4").unwrap();
    let refused: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &refused["errorType"]), (400, &Json::from("bad_data")));
    assert!(refused["error"].as_str().unwrap().contains("expected type range vector"), "{refused}");
}

#[test]
fn editors_and_variables_find_names_and_values() {
    let (_dir, server) = start();
    let (from, to) = (START, START + 1200);
    let names = get(&server, &format!("/api/v1/label/__name__/values?limit=40000&start={from}&end={to}"));
    assert_eq!(texts(&names["data"]), BTreeSet::from(["http_requests_total", "latency_seconds_bucket"]));
    let values = get(
        &server,
        &format!(
            "/api/v1/label/instance/values?limit=40000&start={from}&end={to}&match%5B%5D=http_requests_total%7Bjob%3D%22api%22%7D"
        ),
    );
    assert_eq!(texts(&values["data"]), BTreeSet::from(["a", "b"]));
    // A UTF-8 name as the editor escapes it.
    assert_eq!(get(&server, "/api/v1/label/U__service_2e_name/values")["data"], serde_json::json!([]));
    let labels = post(
        &server,
        "/api/v1/labels",
        &format!("end={to}&limit=40000&match%5B%5D=latency_seconds_bucket&start={from}"),
    );
    assert_eq!(texts(&labels["data"]), BTreeSet::from(["__name__", "instance", "job", "le"]));
    let series = post(
        &server,
        "/api/v1/series",
        &format!("end={to}&limit=40000&match%5B%5D=%7B__name__%21%3D%22%22%7D&start={from}"),
    );
    assert_eq!(series["data"].as_array().unwrap().len(), 8);
    let series = post(
        &server,
        "/api/v1/series",
        &format!("end={to}&limit=3&match%5B%5D=%7B__name__%21%3D%22%22%7D&start={from}"),
    );
    assert_eq!(
        (series["data"].as_array().unwrap().len(), series["warnings"].as_array().map(Vec::len)),
        (3, Some(1))
    );
    let metadata = get(&server, "/api/v1/metadata?limit=40000");
    assert_eq!(metadata["data"]["http_requests_total"][0]["type"], "counter");
    assert_eq!(metadata["data"]["http_requests_total"][0]["help"], "Requests by host.");
    // What only takes GET says so, and Grafana asks again that way.
    let (status, _) = http(&server.address, "POST", "/api/v1/metadata", "", b"").unwrap();
    assert_eq!(status, 405);
}

#[test]
fn rules_and_alerts_are_listed() {
    let (_dir, server) = start();
    let mut firing = Json::Null;
    for _ in 0..100 {
        firing = get(&server, "/api/v1/alerts")["data"]["alerts"].take();
        if firing[0]["state"] == "firing" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!((&firing[0]["labels"]["alertname"], &firing[0]["state"]), (&"Down".into(), &"firing".into()));
    let rules = get(&server, "/api/v1/rules");
    let group = &rules["data"]["groups"][0];
    assert_eq!((&group["name"], group["rules"].as_array().unwrap().len()), (&Json::from("g"), 2));
    assert_eq!(group["rules"][1]["alerts"][0]["annotations"]["summary"], "it is down");
    let alerts = get(&server, "/api/v1/rules?type=alert");
    assert_eq!(alerts["data"]["groups"][0]["rules"].as_array().unwrap().len(), 1);
}

#[test]
fn promtool_asks_and_understands() {
    let (_dir, server) = start();
    if Command::new("promtool").arg("--version").output().is_err() {
        println!("skipped: promtool is not here");
        return;
    }
    let url = format!("http://{}", server.address);
    let run = |words: &[&str]| {
        let output = Command::new("promtool").arg("query").args(words).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    let (from, to) = ((START + 600).to_string(), (START + 1200).to_string());
    let text = run(&["instant", "--time", &to, &url, "http_requests_total"]);
    assert!(text.contains("http_requests_total{instance=\"b\", job=\"api\"} => 480 @"), "{text}");
    let text = run(&[
        "range",
        "--start",
        &from,
        "--end",
        &to,
        "--step",
        "60s",
        &url,
        "sum(rate(http_requests_total[1m]))",
    ]);
    assert_eq!(text.lines().filter(|line| line.contains(" @[")).count(), 11, "{text}");
    let text = run(&["series", "--start", &from, "--end", &to, "--match", "http_requests_total", &url]);
    assert_eq!(text.lines().filter(|line| line.contains("http_requests_total")).count(), 2, "{text}");
    let text = run(&["labels", "--start", &from, "--end", &to, &url, "instance"]);
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["a", "b"]);
}
