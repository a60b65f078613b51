//! Answers as JSON. Large ones are written straight into bytes.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::json_float as float;
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::promql::{Answer, Fault, Line, Notes, Outcome};
use crate::sample::Value;
use crate::store::index::Index;
use crate::store::{Exemplar, Metadata, Status};

/// An answer that is no success: HTTP status and body.
pub struct Failure {
    pub status: u16,
    pub body: Vec<u8>,
}

/// What is told about the work behind a result when somebody asks.
pub(super) struct Stats {
    pub seconds: f64,
}

/// The body for the result of `query` or `query_range`.
pub fn answer(outcome: &Outcome) -> Vec<u8> {
    answer_with(outcome, None)
}

pub(super) fn answer_with(outcome: &Outcome, stats: Option<Stats>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 12);
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":\"");
    match &outcome.answer {
        Answer::Scalar(points) if points.len() == 1 => {
            out.extend_from_slice(b"scalar\",\"result\":[");
            put_time(&mut out, points[0].0);
            out.push(b',');
            put_text(&mut out, &super::float(points[0].1));
            out.push(b']');
        }
        Answer::Scalar(points) => {
            out.extend_from_slice(b"matrix\",\"result\":[{\"metric\":{},\"values\":[");
            put_list(&mut out, points, |out, (t, v)| put_float_point(out, *t, *v));
            out.extend_from_slice(b"]}]");
        }
        Answer::Text(t, text) => {
            out.extend_from_slice(b"string\",\"result\":[");
            put_time(&mut out, *t);
            out.push(b',');
            put_text(&mut out, text);
            out.push(b']');
        }
        Answer::Vector(lines) => {
            out.extend_from_slice(b"vector\",\"result\":[");
            put_list(&mut out, lines, |out, line| {
                out.extend_from_slice(b"{\"metric\":");
                put_labels(out, &line.labels);
                if let Some((t, value)) = line.points.first() {
                    let key: &[u8] =
                        if matches!(value, Value::Float(_)) { b",\"value\":" } else { b",\"histogram\":" };
                    out.extend_from_slice(key);
                    put_point(out, *t, value);
                }
                out.push(b'}');
            });
            out.push(b']');
        }
        Answer::Matrix(lines) => {
            out.extend_from_slice(b"matrix\",\"result\":[");
            put_list(&mut out, lines, |out, line| {
                out.extend_from_slice(b"{\"metric\":");
                put_labels(out, &line.labels);
                put_points(out, line, true);
                put_points(out, line, false);
                out.push(b'}');
            });
            out.push(b']');
        }
    }
    if let Some(stats) = stats {
        put_stats(&mut out, outcome, &stats);
    }
    out.push(b'}');
    put_notes(&mut out, &outcome.notes);
    out.push(b'}');
    out
}

fn put_stats(out: &mut Vec<u8>, outcome: &Outcome, stats: &Stats) {
    let timings = json!({ "evalTotalTime": stats.seconds, "execTotalTime": stats.seconds });
    let samples = json!({ "totalQueryableSamples": outcome.samples, "peakSamples": outcome.peak_samples });
    out.extend_from_slice(b",\"stats\":");
    out.extend_from_slice(json!({ "timings": timings, "samples": samples }).to_string().as_bytes());
}

/// The body for any other data.
pub fn success(data: &Json) -> Vec<u8> {
    json!({ "status": "success", "data": data }).to_string().into_bytes()
}

/// Status and body for a query that failed, as Prometheus chooses them.
pub fn failure(fault: &Fault) -> Failure {
    let (status, kind) = match fault {
        Fault::Parse { .. } | Fault::Invalid(_) => (400, "bad_data"),
        Fault::Execution(_) | Fault::TooManySamples => (422, "execution"),
        Fault::Timeout => (503, "timeout"),
        Fault::Cancelled => (499, "canceled"),
    };
    error(status, kind, &fault.to_string())
}

/// Status and body of any other error.
pub fn error(status: u16, kind: &str, reason: &str) -> Failure {
    let body = json!({ "status": "error", "errorType": kind, "error": reason });
    Failure { status, body: body.to_string().into_bytes() }
}

/// The body of `series`.
pub(super) fn series(found: &[Labels], is_cut: bool) -> Vec<u8> {
    let mut out = b"{\"status\":\"success\",\"data\":[".to_vec();
    put_list(&mut out, found, put_labels);
    out.push(b']');
    put_notes(&mut out, &cut_notes(is_cut));
    out.push(b'}');
    out
}

fn cut_notes(is_cut: bool) -> Notes {
    let mut notes = Notes::default();
    if is_cut {
        notes.truncated();
    }
    notes
}

/// The body of `labels` and `label/…/values`.
pub(super) fn label_list(names: &[String], is_cut: bool) -> Vec<u8> {
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    out.extend_from_slice(json!(names).to_string().as_bytes());
    put_notes(&mut out, &cut_notes(is_cut));
    out.push(b'}');
    out
}

/// The body of `metadata`.
pub(super) fn metadata(all: &BTreeMap<String, Vec<Metadata>>) -> Vec<u8> {
    let data: serde_json::Map<String, Json> = all
        .iter()
        .map(|(metric, versions)| {
            let versions: Vec<Json> =
                versions.iter().map(|m| json!({ "type": m.kind, "help": m.help, "unit": m.unit })).collect();
            (metric.clone(), Json::Array(versions))
        })
        .collect();
    success(&Json::Object(data))
}

/// The body of `query_exemplars`.
pub(super) fn exemplars(found: &[(Labels, Vec<Exemplar>)]) -> Vec<u8> {
    let data: Vec<Json> = found
        .iter()
        .map(|(labels, exemplars)| {
            let series: BTreeMap<_, _> = labels.iter().collect();
            let exemplars: Vec<Json> = exemplars
                .iter()
                .map(|e| {
                    let labels: BTreeMap<_, _> = e.labels.iter().map(|(n, v)| (n, v)).collect();
                    json!({ "labels": labels, "value": float(e.value), "timestamp": e.t as f64 / 1000.0 })
                })
                .collect();
            json!({ "seriesLabels": series, "exemplars": exemplars })
        })
        .collect();
    success(&json!(data))
}

/// The body of `status/tsdb`.
pub fn status(status: &Status, index: &Index) -> Vec<u8> {
    let (by_name, labels) = (index.series_by_value("__name__"), index.cardinality());
    let mut by_pair: Vec<(String, u64)> = Vec::new();
    for (name, _, _) in &labels {
        let most = index.series_by_value(name).into_iter().take(10);
        by_pair.extend(most.map(|(value, count)| (format!("{name}={value}"), count)));
    }
    by_pair.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let pair = |name: &str, value: u64| json!({ "name": name, "value": value });
    let names: Vec<Json> = by_name.iter().take(10).map(|(n, count)| pair(n, *count)).collect();
    let values: Vec<Json> = labels.iter().take(10).map(|(n, values, _)| pair(n, *values as u64)).collect();
    let pairs: Vec<Json> = by_pair.iter().take(10).map(|(n, count)| pair(n, *count)).collect();
    success(&json!({
        "headStats": {
            "numSeries": status.series,
            "numLabelPairs": labels.iter().map(|(_, values, _)| values).sum::<usize>(),
            "chunkCount": status.chunks,
            "minTime": status.oldest.unwrap_or(0),
            "maxTime": status.newest.unwrap_or(0),
        },
        "seriesCountByMetricName": names,
        "labelValueCountByLabelName": values,
        "memoryInBytesByLabelName": [],
        "seriesCountByLabelValuePair": pairs,
        "mainstay": {
            "headBytes": status.head_bytes,
            "diskBytes": status.disk_bytes,
            "logBytes": status.log_bytes,
            "samplesAppended": status.samples_appended,
        },
    }))
}

fn put_notes(out: &mut Vec<u8>, notes: &Notes) {
    for (key, texts) in [("warnings", &notes.warnings), ("infos", &notes.infos)] {
        if !texts.is_empty() {
            out.extend_from_slice(format!(",{key:?}:").as_bytes());
            out.extend_from_slice(json!(texts).to_string().as_bytes());
        }
    }
}

fn put_list<T>(out: &mut Vec<u8>, items: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        put(out, item);
    }
}

/// The floats or the histograms of a line, if it has any.
fn put_points(out: &mut Vec<u8>, line: &Line, is_float: bool) {
    let mut is_first = true;
    for (t, value) in &line.points {
        if matches!(value, Value::Float(_)) != is_float {
            continue;
        }
        let open: &[u8] = match (is_first, is_float) {
            (false, _) => b",",
            (true, true) => b",\"values\":[",
            (true, false) => b",\"histograms\":[",
        };
        is_first = false;
        out.extend_from_slice(open);
        put_point(out, *t, value);
    }
    if !is_first {
        out.push(b']');
    }
}

fn put_point(out: &mut Vec<u8>, t: i64, value: &Value) {
    match value {
        Value::Float(v) => put_float_point(out, t, *v),
        Value::Histogram(h) => {
            out.push(b'[');
            put_time(out, t);
            out.push(b',');
            put_histogram(out, h);
            out.push(b']');
        }
    }
}

fn put_float_point(out: &mut Vec<u8>, t: i64, v: f64) {
    out.push(b'[');
    put_time(out, t);
    out.extend_from_slice(b",\"");
    put_float(out, v);
    out.extend_from_slice(b"\"]");
}

fn put_float(out: &mut Vec<u8>, v: f64) {
    let size = v.abs();
    if v.fract() == 0.0 && size < 1e15 && (v != 0.0 || v.is_sign_positive()) {
        if v < 0.0 {
            out.push(b'-');
        }
        put_integer(out, size as u64);
    } else if (1e-5..1e15).contains(&size) {
        // Between these JSON's shortest form has no exponent.
        serde_json::to_writer(out, &v).expect("writing a number to memory cannot fail");
    } else {
        out.extend_from_slice(float(v).as_bytes());
    }
}

fn put_integer(out: &mut Vec<u8>, mut v: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (v % 10) as u8;
        v /= 10;
        if v == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Seconds with up to three digits.
fn put_time(out: &mut Vec<u8>, ms: i64) {
    if ms < 0 {
        out.push(b'-');
    }
    let (seconds, rest) = (ms.unsigned_abs() / 1000, (ms.unsigned_abs() % 1000) as u32);
    put_integer(out, seconds);
    if rest > 0 {
        let digits = [rest / 100, rest / 10 % 10, rest % 10].map(|digit| b'0' + digit as u8);
        let len = 3 - digits.iter().rev().take_while(|digit| **digit == b'0').count();
        out.push(b'.');
        out.extend_from_slice(&digits[..len]);
    }
}

fn put_histogram(out: &mut Vec<u8>, h: &Histogram) {
    let buckets: Vec<Json> = h
        .buckets()
        .iter()
        .map(|b| {
            // 0: open left, 1: open right, 2: open both, 3: closed both.
            let boundaries = match (b.lower_inclusive, b.upper_inclusive) {
                (false, true) => 0,
                (true, false) => 1,
                (false, false) => 2,
                (true, true) => 3,
            };
            json!([boundaries, float(b.lower), float(b.upper), float(b.count)])
        })
        .collect();
    let mut json = json!({ "count": float(h.count), "sum": float(h.sum) });
    if !buckets.is_empty() {
        json["buckets"] = Json::Array(buckets);
    }
    out.extend_from_slice(json.to_string().as_bytes());
}

fn put_labels(out: &mut Vec<u8>, labels: &Labels) {
    out.push(b'{');
    for (i, (name, value)) in labels.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        put_text(out, name);
        out.push(b':');
        put_text(out, value);
    }
    out.push(b'}');
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing a text to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_short() {
        for (v, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (15.0, "15"),
            (-1.25, "-1.25"),
            (1e-5, "0.00001"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000"),
            (1e21, "1e+21"),
            (123_456_789.125, "123456789.125"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            let mut out = Vec::new();
            put_float(&mut out, v);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
        for (ms, expected) in
            [(0, "0"), (1_700_000_000_250, "1700000000.25"), (-1_005, "-1.005"), (70, "0.07")]
        {
            let mut out = Vec::new();
            put_time(&mut out, ms);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
