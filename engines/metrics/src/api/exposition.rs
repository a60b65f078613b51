//! Samples as a page that can be scraped (Prometheus text format 0.0.4): what `federate` answers.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::float;
use crate::labels::{Labels, METRIC_NAME, is_plain_label_name, is_plain_metric_name, quoted};
use crate::promql::Line;
use crate::sample::Value;
use crate::store::Metadata;

/// Writes the first point of each line with its time, metric by metric. The format has no native histograms: these
/// are left out.
pub fn exposition(lines: &[Line], metadata: &BTreeMap<String, Vec<Metadata>>) -> String {
    let mut by_metric: BTreeMap<&str, BTreeMap<&Labels, (i64, f64)>> = BTreeMap::new();
    for line in lines {
        if let Some((t, Value::Float(v))) = line.points.first() {
            by_metric.entry(line.labels.name()).or_default().insert(&line.labels, (*t, *v));
        }
    }
    let mut page = String::new();
    for (metric, series) in by_metric {
        let kind = metadata.get(metric).and_then(|m| m.first()).map_or("untyped", |m| m.kind.as_str());
        let kind =
            if matches!(kind, "counter" | "gauge" | "histogram" | "summary") { kind } else { "untyped" };
        let shown = if is_plain_metric_name(metric) { metric.to_owned() } else { quoted(metric) };
        put(&mut page, format_args!("# TYPE {shown} {kind}\n"));
        for (labels, (t, v)) in series {
            put_series(&mut page, labels);
            put(&mut page, format_args!(" {} {t}\n", float(v)));
        }
    }
    page
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a text cannot fail");
}

fn put_series(page: &mut String, labels: &Labels) {
    let metric = labels.name();
    let mut parts: Vec<String> = Vec::new();
    if is_plain_metric_name(metric) {
        page.push_str(metric);
    } else {
        parts.push(quoted(metric));
    }
    for (name, value) in labels.iter().filter(|(name, _)| *name != METRIC_NAME) {
        let name = if is_plain_label_name(name) { name.to_owned() } else { quoted(name) };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        parts.push(format!("{name}=\"{value}\""));
    }
    if !parts.is_empty() {
        put(page, format_args!("{{{}}}", parts.join(",")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::text::{Format, Item, parse};

    #[test]
    fn a_page_can_be_read_back() {
        let labels = [
            Labels::from_pairs([("__name__", "a_total"), ("x", "1\"\\\n2")]),
            Labels::from_pairs([("__name__", "d.e"), ("f g", "h")]),
        ];
        let lines: Vec<Line> =
            labels.iter().map(|l| Line { labels: l.clone(), points: vec![(5, Value::Float(1.5))] }).collect();
        let page = exposition(&lines, &BTreeMap::new());
        let mut back = Vec::new();
        parse(&page, Format::Prometheus, &mut |item| {
            if let Item::Sample { labels, value, t, .. } = item {
                back.push((
                    Labels::from_pairs(labels.iter().map(|(n, v)| (n.as_ref(), v.as_ref()))),
                    value,
                    t,
                ));
            }
        })
        .unwrap();
        assert_eq!(back, labels.map(|l| (l, 1.5, Some(5))));
        assert!(page.starts_with("# TYPE a_total untyped\n"), "{page}");
    }
}
