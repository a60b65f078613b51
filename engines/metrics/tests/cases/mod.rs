//! Reads cases in the notation that `promtool test rules` and the PromQL documentation use for series
//! (`1+2x3 _ stale {{count:1 buckets:[1]}}`) and runs them against a store.

use mainstay_metrics::histogram::{CUSTOM_SCHEMA, Histogram, ResetHint};
use mainstay_metrics::labels::Labels;
use mainstay_metrics::matcher::MatchOp;
use mainstay_metrics::promql::{self, Answer, Experimental, Line, Options, Range};
use mainstay_metrics::sample::{Value, stale};
use mainstay_metrics::store::{self, Store};

/// One sample, or none.
pub type Place = Option<Value>;

/// Runs the text of a file of cases and returns what did not come out as it says.
pub fn run(text: &str) -> Vec<String> {
    let mut failed = Vec::new();
    let mut bench = Bench::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        let is_block = |line: &&str| line.starts_with([' ', '\t']) && !line.trim().is_empty();
        let block: Vec<&str> = lines[at..]
            .iter()
            .take_while(|l| is_block(l) || l.trim_start().starts_with('#'))
            .map(|l| l.trim())
            .filter(|l| !l.starts_with('#'))
            .collect();
        if let Some(step) = line.strip_prefix("load ") {
            let step = promql::lex::duration_ms(step.trim()).unwrap();
            for series in &block {
                bench.load(step, series);
            }
        } else if line.trim() == "clear" {
            bench = Bench::new();
        } else if let Some(case) = line.strip_prefix("eval ") {
            if let Err(reason) = bench.check(case, &block) {
                failed.push(format!("line {at}: {case}\n    {reason}"));
            }
        } else if !line.trim().is_empty() && !line.starts_with(['#', ' ', '\t']) {
            failed.push(format!("line {at} is not understood: {line}"));
        }
    }
    failed
}

struct Bench {
    _dir: tempfile::TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = store::Options {
            late_ms: i64::MAX / 4,
            durability: store::wal::Durability::System,
            ..store::Options::default()
        };
        let store = Store::open(dir.path(), options).unwrap();
        Self { _dir: dir, store }
    }

    fn load(&mut self, step: i64, series: &str) {
        let (labels, values) = split_series(series);
        let mut appender = self.store.appender();
        let id = appender.series(labels.pairs()).unwrap();
        for (i, value) in notation(values).into_iter().enumerate() {
            match value {
                Some(Value::Float(v)) => appender.float(id, i as i64 * step, v),
                Some(Value::Histogram(h)) => appender.histogram(id, i as i64 * step, (*h).clone()),
                None => {}
            }
        }
        let receipt = appender.commit().unwrap();
        assert!(receipt.refused == 0, "{series}: {:?}", receipt.reasons);
    }

    fn check(&self, case: &str, block: &[&str]) -> Result<(), String> {
        let (kind, rest) = case.split_once(' ').unwrap();
        let (mut wants, expected): (Vec<&str>, Vec<&str>) =
            block.iter().copied().partition(|l| l.starts_with("expect "));
        let mut words = rest.splitn(3, ' ');
        let options = Options { experimental: Experimental::Accepted, ..Options::default() };
        let (outcome, range) = if kind == "range" {
            // from A to B step C QUERY
            let parts: Vec<&str> = rest.splitn(7, ' ').collect();
            let time = |text: &str| if text == "0" { 0 } else { span(text) };
            let range = Range { start_ms: time(parts[1]), end_ms: time(parts[3]), step_ms: span(parts[5]) };
            (promql::range(&self.store, parts[6], range, &options), range)
        } else {
            let at = span(words.nth(1).unwrap());
            let query = words.next().unwrap();
            (promql::instant(&self.store, query, at, &options), Range::instant(at))
        };
        let outcome = match outcome {
            Ok(outcome) if wants.iter().any(|w| w.starts_with("expect fail")) => {
                return Err(format!("no error but {:?}", outcome.answer));
            }
            Ok(outcome) => outcome,
            Err(_) if wants.iter().any(|w| w.starts_with("expect fail")) => return Ok(()),
            Err(fault) => return Err(fault.to_string()),
        };
        let notes = &outcome.notes;
        for want in wants.drain(..) {
            let (what, message) =
                want["expect ".len()..].split_once("msg:").map_or((&want[7..], ""), |(a, b)| (a, b));
            let (list, is_wanted) = match what.trim() {
                "warn" => (&notes.warnings, true),
                "info" => (&notes.infos, true),
                "no_warn" => (&notes.warnings, false),
                "no_info" => (&notes.infos, false),
                _ => continue,
            };
            let message = message.trim();
            let is_there = if message.is_empty() {
                !list.is_empty()
            } else {
                list.iter().any(|n| n.starts_with(message))
            };
            if is_there != is_wanted {
                return Err(format!("{want}, but there are {:?} and {:?}", notes.warnings, notes.infos));
            }
        }
        compare(&outcome.answer, &expected, range)
    }
}

fn span(text: &str) -> i64 {
    if text == "0" { 0 } else { promql::lex::duration_ms(text).unwrap() }
}

fn compare(answer: &Answer, expected: &[&str], range: Range) -> Result<(), String> {
    let lines: Vec<Line> = match answer {
        Answer::Vector(lines) | Answer::Matrix(lines) => lines.clone(),
        Answer::Scalar(points) => {
            let points = points.iter().map(|(t, v)| (*t, Value::Float(*v))).collect();
            vec![Line { labels: Labels::empty(), points }]
        }
        Answer::Text(..) => return Ok(()),
    };
    let mut wanted: Vec<(Labels, Vec<Place>)> = Vec::new();
    for text in expected {
        if text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
            || *text == "NaN"
            || *text == "Inf"
        {
            wanted.push((Labels::empty(), notation(text)));
        } else {
            let (labels, values) = split_series(text);
            wanted.push((labels, notation(values)));
        }
    }
    wanted.retain(|(_, values)| values.iter().any(Option::is_some));
    if wanted.len() != lines.len() {
        return Err(format!("{} series instead of {}: {lines:?}", lines.len(), wanted.len()));
    }
    for (labels, values) in wanted {
        let Some(line) = lines.iter().find(|l| l.labels == labels) else {
            return Err(format!("{labels} is missing in {lines:?}"));
        };
        for (step, value) in values.iter().enumerate() {
            let t = range.start_ms + step as i64 * range.step_ms;
            let found = line.points.iter().find(|(at, _)| *at == t).map(|(_, v)| v);
            if !is_same(value.as_ref(), found) {
                return Err(format!("{labels} at {t}: {found:?} instead of {value:?}"));
            }
        }
    }
    Ok(())
}

fn near(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-9)
}

fn is_same(wanted: Option<&Value>, found: Option<&Value>) -> bool {
    match (wanted, found) {
        (None, None) => true,
        (Some(Value::Float(a)), Some(Value::Float(b))) => near(*a, *b),
        (Some(Value::Histogram(a)), Some(Value::Histogram(b))) => {
            let (a, b) = ((**a).clone().compacted(), (**b).clone().compacted());
            let sides = |a: &[(i32, f64)], b: &[(i32, f64)]| {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.0 == y.0 && near(x.1, y.1))
            };
            a.schema == b.schema
                && near(a.count, b.count)
                && near(a.sum, b.sum)
                && near(a.zero_count, b.zero_count)
                && sides(&a.positive, &b.positive)
                && sides(&a.negative, &b.negative)
                && a.bounds == b.bounds
        }
        _ => false,
    }
}

fn split_series(text: &str) -> (Labels, &str) {
    // The labels end where braces and quotes are closed.
    let (mut depth, mut in_quotes, mut end) = (0, false, text.len());
    for (i, c) in text.char_indices() {
        match c {
            '"' => in_quotes = !in_quotes,
            '{' if !in_quotes => depth += 1,
            '}' if !in_quotes => depth -= 1,
            c if c.is_whitespace() && depth == 0 && !in_quotes => {
                end = i;
                break;
            }
            _ => {}
        }
    }
    let (name, rest) = (text[..end].trim(), &text[end..]);
    if name == "{}" {
        return (Labels::empty(), rest);
    }
    let name = name.strip_suffix("{}").unwrap_or(name);
    let matchers = match promql::parse(name, Experimental::Accepted) {
        Ok(promql::ast::Expr::Vector(selector)) => selector.matchers,
        other => panic!("{name}: {other:?}"),
    };
    assert!(matchers.iter().all(|m| m.op == MatchOp::Equal));
    (Labels::from_pairs(matchers.into_iter().map(|m| (m.name, m.value))), rest)
}

/// `1 2+1x3 _x2 stale {{…}}+{{…}}x5`.
pub fn notation(text: &str) -> Vec<Place> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if rest.starts_with("{{") {
            rest = histograms(rest, &mut out).trim_start();
            continue;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        floats(&rest[..end], &mut out);
        rest = rest[end..].trim_start();
    }
    out
}

fn floats(word: &str, out: &mut Vec<Place>) {
    if let Some(times) = word.strip_prefix('_') {
        let times = times.strip_prefix('x').map_or(1, |t| t.parse().unwrap());
        out.extend(std::iter::repeat_n(None, times));
        return;
    }
    if word == "stale" {
        out.push(Some(Value::Float(stale())));
        return;
    }
    let (series, times) = match word.rsplit_once('x') {
        Some((series, times)) => (series, times.parse::<usize>().unwrap()),
        None => (word, 0),
    };
    // The sign of the step stands behind the first number, unless it belongs to an exponent.
    let split = series
        .char_indices()
        .skip(1)
        .find(|(i, c)| (*c == '+' || *c == '-') && !series[..*i].ends_with(['e', 'E']));
    let (first, step) = match split {
        Some((i, _)) => (&series[..i], series[i..].parse::<f64>().unwrap()),
        None => (series, 0.0),
    };
    let first: f64 = first.parse().unwrap_or_else(|_| panic!("{word}"));
    out.extend((0..=times).map(|i| Some(Value::Float(first + step * i as f64))));
}

fn histograms<'a>(text: &'a str, out: &mut Vec<Place>) -> &'a str {
    let end = text.find("}}").unwrap() + 2;
    let first = histogram(&text[2..end - 2]);
    let mut rest = &text[end..];
    let mut step = None;
    if rest.starts_with(['+', '-']) && rest[1..].starts_with("{{") {
        let end = rest.find("}}").unwrap() + 2;
        step = Some((histogram(&rest[3..end - 2]), rest.starts_with('-')));
        rest = &rest[end..];
    }
    let mut times = 0;
    if let Some(digits) = rest.strip_prefix('x') {
        let len = digits.bytes().take_while(u8::is_ascii_digit).count();
        times = digits[..len].parse().unwrap();
        rest = &digits[len..];
    }
    let mut current = first;
    for i in 0..=times {
        if i > 0
            && let Some((step, is_minus)) = &step
        {
            let hint = current.hint;
            if *is_minus {
                current.sub(step).unwrap()
            } else {
                current.add(step).unwrap()
            };
            current.hint = hint;
        }
        out.push(Some(Value::Histogram(std::sync::Arc::new(current.clone()))));
    }
    rest
}

fn histogram(text: &str) -> Histogram {
    let mut h = Histogram::default();
    let (mut positive, mut negative, mut offset, mut n_offset) = (Vec::new(), Vec::new(), 0, 0);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':').unwrap();
        let end = if after.starts_with('[') {
            after.find(']').unwrap() + 1
        } else {
            after.find(' ').unwrap_or(after.len())
        };
        let value = &after[..end];
        rest = after[end..].trim_start();
        let list = || value.trim_matches(['[', ']']).split_whitespace().map(|v| v.parse().unwrap()).collect();
        let number = || value.parse::<f64>().unwrap();
        match key {
            "schema" => h.schema = value.parse().unwrap(),
            "sum" => h.sum = number(),
            "count" => h.count = number(),
            "z_bucket" => h.zero_count = number(),
            "z_bucket_w" => h.zero_threshold = number(),
            "custom_values" => h.bounds = list(),
            "buckets" => positive = list(),
            "n_buckets" => negative = list(),
            "offset" => offset = value.parse().unwrap(),
            "n_offset" => n_offset = value.parse().unwrap(),
            "counter_reset_hint" => {
                h.hint = match value {
                    "gauge" => ResetHint::Gauge,
                    "reset" => ResetHint::Reset,
                    "not_reset" => ResetHint::NotReset,
                    _ => ResetHint::Unknown,
                }
            }
            _ => panic!("{key}"),
        }
    }
    let side = |counts: Vec<f64>, offset: i32| {
        counts
            .into_iter()
            .enumerate()
            .map(|(i, c)| (i as i32 + offset, c))
            .filter(|(_, c)| *c != 0.0)
            .collect()
    };
    h.positive = side(positive, offset);
    h.negative = side(negative, n_offset);
    debug_assert!(h.schema != CUSTOM_SCHEMA || negative_is_empty(&h));
    h
}

fn negative_is_empty(h: &Histogram) -> bool {
    h.negative.is_empty()
}
