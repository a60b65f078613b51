//! OTLP metrics (`ExportMetricsServiceRequest` as protobuf) turned into Prometheus series, by the rules of
//! "Prometheus and OpenMetrics Compatibility" of the OpenTelemetry specification.

use std::collections::HashMap;

use super::{DecodeFault, Sink};
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::store::Metadata;
use crate::wire::{Field, Malformed, Reader, put_varint};

/// Running totals of series that are sent as differences. Keep one per organisation.
#[derive(Debug, Default)]
pub struct Totals {
    floats: HashMap<Labels, f64>,
    histograms: HashMap<Labels, Histogram>,
}

/// Series with differences that are remembered; beyond it all totals begin anew, which reads as a counter reset.
const MOST_TOTALS: usize = 200_000;

struct Context<'s> {
    sink: &'s mut dyn Sink,
    totals: &'s mut Totals,
    /// Labels from the resource: `job` and `instance`.
    target: Vec<(String, String)>,
}

/// What the points of a metric have in common.
struct Metric {
    name: String,
    is_delta: bool,
}

type Attributes = Vec<(String, String)>;

/// Reads a request that is not compressed (any more).
pub fn decode(body: &[u8], totals: &mut Totals, sink: &mut dyn Sink) -> Result<(), DecodeFault> {
    if totals.floats.len() + totals.histograms.len() > MOST_TOTALS {
        *totals = Totals::default();
    }
    let mut reader = Reader::new(body);
    while let Some((number, field)) = reader.field()? {
        if number == 1 {
            resource_metrics(field.message()?, totals, sink)?;
        }
    }
    Ok(())
}

/// The body of the answer to a request: empty, or how many points were refused and why.
pub fn answer(refused: u64, reason: &str) -> Vec<u8> {
    if refused == 0 {
        return Vec::new();
    }
    let mut partial = Vec::new();
    put_varint(&mut partial, 1 << 3);
    put_varint(&mut partial, refused);
    put_varint(&mut partial, 2 << 3 | 2);
    put_varint(&mut partial, reason.len() as u64);
    partial.extend_from_slice(reason.as_bytes());
    let mut out = Vec::with_capacity(partial.len() + 4);
    put_varint(&mut out, 1 << 3 | 2);
    put_varint(&mut out, partial.len() as u64);
    out.extend_from_slice(&partial);
    out
}

fn resource_metrics(message: Reader<'_>, totals: &mut Totals, sink: &mut dyn Sink) -> Result<(), Malformed> {
    let mut resource = Attributes::new();
    let mut reader = message;
    while let Some((number, field)) = reader.field()? {
        if number == 1 {
            let mut inner = field.message()?;
            while let Some((number, field)) = inner.field()? {
                if number == 1 {
                    resource.push(attribute(field.message()?, 0)?);
                }
            }
        }
    }
    let find = |key: &str| resource.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let job = match (find("service.namespace"), find("service.name")) {
        (Some(namespace), Some(name)) => Some(format!("{namespace}/{name}")),
        (_, name) => name,
    };
    let mut target = Attributes::new();
    target.extend(job.map(|job| ("job".to_owned(), job)));
    target.extend(find("service.instance.id").map(|id| ("instance".to_owned(), id)));
    let mut context = Context { sink, totals, target };
    let mut newest = 0;
    let mut reader = message;
    while let Some((number, field)) = reader.field()? {
        if number == 2 {
            let mut scope = field.message()?;
            while let Some((number, field)) = scope.field()? {
                if number == 2 {
                    metric(field.message()?, &mut context, &mut newest)?;
                }
            }
        }
    }
    let described: Attributes = resource
        .iter()
        .filter(|(k, _)| !["service.name", "service.namespace", "service.instance.id"].contains(&k.as_str()))
        .cloned()
        .collect();
    if newest > 0 && !context.target.is_empty() && !described.is_empty() {
        context.float("target_info", &described, &[], newest, 1.0, false);
    }
    Ok(())
}

fn metric(message: Reader<'_>, context: &mut Context<'_>, newest: &mut i64) -> Result<(), Malformed> {
    let (mut name, mut help, mut unit) = ("", "", "");
    let mut data = None;
    let mut reader = message;
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => name = field.text()?,
            2 => help = field.text()?,
            3 => unit = field.text()?,
            5 | 7 | 9 | 10 | 11 => data = Some((number, field.message()?)),
            _ => {}
        }
    }
    let Some((kind, data)) = data else { return Ok(()) };
    let (mut temporality, mut is_monotonic) = (0, false);
    let mut reader = data;
    while let Some((number, field)) = reader.field()? {
        match number {
            2 => temporality = field.uint()?,
            3 => is_monotonic = field.uint()? != 0,
            _ => {}
        }
    }
    let prometheus_kind = match kind {
        7 if is_monotonic => "counter",
        9 | 10 => "histogram",
        11 => "summary",
        _ => "gauge",
    };
    let metric = Metric { name: metric_name(name, unit, prometheus_kind), is_delta: temporality == 1 };
    let metadata =
        Metadata { kind: prometheus_kind.to_owned(), help: help.to_owned(), unit: unit.to_owned() };
    context.sink.metadata(&metric.name, metadata);
    let mut reader = data;
    while let Some((number, field)) = reader.field()? {
        if number != 1 {
            continue;
        }
        let t = match kind {
            5 | 7 => number_point(field.message()?, &metric, context)?,
            9 => histogram_point(field.message()?, &metric, context)?,
            10 => exponential_point(field.message()?, &metric, context)?,
            _ => summary_point(field.message()?, &metric, context)?,
        };
        *newest = t.max(*newest);
    }
    Ok(())
}

fn number_point(
    mut reader: Reader<'_>,
    metric: &Metric,
    context: &mut Context<'_>,
) -> Result<i64, Malformed> {
    let (mut t, mut value, mut attributes) = (0, None, Attributes::new());
    while let Some((number, field)) = reader.field()? {
        match number {
            3 => t = milliseconds(field)?,
            4 => value = Some(field.double()?),
            6 => value = Some(field.int()? as f64),
            7 => attributes.push(attribute(field.message()?, 0)?),
            8 if field.uint()? & 1 == 1 => value = Some(crate::sample::stale()),
            _ => {}
        }
    }
    if let Some(value) = value {
        context.float(&metric.name, &attributes, &[], t, value, metric.is_delta);
    }
    Ok(t)
}

fn histogram_point(
    mut reader: Reader<'_>,
    metric: &Metric,
    context: &mut Context<'_>,
) -> Result<i64, Malformed> {
    let (mut t, mut count, mut sum, mut attributes) = (0, 0.0, None, Attributes::new());
    let (mut counts, mut bounds) = (Vec::new(), Vec::new());
    while let Some((number, field)) = reader.field()? {
        match number {
            3 => t = milliseconds(field)?,
            4 => count = field.uint()? as f64,
            5 => sum = Some(field.double()?),
            6 => field.each(true, |v| counts.push(v))?,
            7 => field.each(true, |v| bounds.push(f64::from_bits(v)))?,
            9 => attributes.push(attribute(field.message()?, 0)?),
            _ => {}
        }
    }
    let mut total = 0_u64;
    let bucket = format!("{}_bucket", metric.name);
    for (bound, in_bucket) in bounds.iter().zip(&counts) {
        total = total.saturating_add(*in_bucket);
        let le = crate::api::float(*bound);
        context.float(&bucket, &attributes, &[("le", &le)], t, total as f64, metric.is_delta);
    }
    context.float(&bucket, &attributes, &[("le", "+Inf")], t, count, metric.is_delta);
    context.float(&format!("{}_count", metric.name), &attributes, &[], t, count, metric.is_delta);
    if let Some(sum) = sum {
        context.float(&format!("{}_sum", metric.name), &attributes, &[], t, sum, metric.is_delta);
    }
    Ok(t)
}

fn exponential_point(
    mut reader: Reader<'_>,
    metric: &Metric,
    context: &mut Context<'_>,
) -> Result<i64, Malformed> {
    let (mut t, mut scale, mut attributes, mut h) = (0, 0_i64, Attributes::new(), Histogram::default());
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => attributes.push(attribute(field.message()?, 0)?),
            3 => t = milliseconds(field)?,
            4 => h.count = field.uint()? as f64,
            5 => h.sum = field.double()?,
            6 => scale = field.sint()?,
            7 => h.zero_count = field.uint()? as f64,
            8 => h.positive = exponential_buckets(field.message()?)?,
            9 => h.negative = exponential_buckets(field.message()?)?,
            14 => h.zero_threshold = field.double()?,
            _ => {}
        }
    }
    if !(-4..=64).contains(&scale) {
        return Ok(t); // coarser than Prometheus can hold
    }
    // Finer scales are merged down to the finest schema.
    h.schema = scale as i32;
    if scale > 8 {
        h = h.at_schema(8);
    }
    context.histogram(&metric.name, &attributes, t, h, metric.is_delta);
    Ok(t)
}

fn exponential_buckets(mut reader: Reader<'_>) -> Result<Vec<(i32, f64)>, Malformed> {
    let (mut offset, mut counts) = (0, Vec::new());
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => offset = field.sint()?,
            2 => field.each(false, |v| counts.push(v as f64))?,
            _ => {}
        }
    }
    let mut out = Vec::with_capacity(counts.len());
    for (i, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0.0) {
        // OTLP's bucket 0 is (1, base], Prometheus' bucket 1.
        let index = offset.saturating_add(i as i64).saturating_add(1);
        out.push((i32::try_from(index).map_err(|_| Malformed("a bucket index"))?, count));
    }
    Ok(out)
}

fn summary_point(
    mut reader: Reader<'_>,
    metric: &Metric,
    context: &mut Context<'_>,
) -> Result<i64, Malformed> {
    let (mut t, mut count, mut sum, mut attributes) = (0, 0.0, 0.0, Attributes::new());
    let mut quantiles = Vec::new();
    while let Some((number, field)) = reader.field()? {
        match number {
            3 => t = milliseconds(field)?,
            4 => count = field.uint()? as f64,
            5 => sum = field.double()?,
            6 => {
                let (mut q, mut value, mut inner) = (0.0, 0.0, field.message()?);
                while let Some((number, field)) = inner.field()? {
                    match number {
                        1 => q = field.double()?,
                        2 => value = field.double()?,
                        _ => {}
                    }
                }
                quantiles.push((q, value));
            }
            7 => attributes.push(attribute(field.message()?, 0)?),
            _ => {}
        }
    }
    for (q, value) in quantiles {
        context.float(&metric.name, &attributes, &[("quantile", &crate::api::float(q))], t, value, false);
    }
    context.float(&format!("{}_count", metric.name), &attributes, &[], t, count, false);
    context.float(&format!("{}_sum", metric.name), &attributes, &[], t, sum, false);
    Ok(t)
}

impl Context<'_> {
    fn labels(&self, name: &str, attributes: &Attributes, more: &[(&str, &str)]) -> Labels {
        let own = attributes.iter().map(|(n, v)| (label_name(n), v.clone()));
        let target = self.target.iter().cloned();
        let more = more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let name = [("__name__".to_owned(), name.to_owned())];
        Labels::from_pairs(own.chain(target).chain(more).chain(name))
    }

    fn float(
        &mut self,
        name: &str,
        attributes: &Attributes,
        more: &[(&str, &str)],
        t: i64,
        value: f64,
        is_delta: bool,
    ) {
        let labels = self.labels(name, attributes, more);
        let pairs: Vec<(&str, &str)> = labels.iter().collect();
        match self.sink.series(&pairs) {
            Ok(id) => {
                let value = if is_delta && !crate::sample::is_stale(value) {
                    let total = self.totals.floats.entry(labels.clone()).or_default();
                    *total += value;
                    *total
                } else {
                    value
                };
                self.sink.float(id, t, value);
            }
            Err(reason) => self.sink.refuse(1, reason),
        }
    }

    fn histogram(&mut self, name: &str, attributes: &Attributes, t: i64, h: Histogram, is_delta: bool) {
        let labels = self.labels(name, attributes, &[]);
        let pairs: Vec<(&str, &str)> = labels.iter().collect();
        match self.sink.series(&pairs) {
            Ok(id) => {
                let h = if is_delta {
                    let total = self.totals.histograms.entry(labels.clone()).or_insert_with(|| Histogram {
                        schema: h.schema,
                        zero_threshold: h.zero_threshold,
                        ..Histogram::default()
                    });
                    total.add(&h).ok();
                    total.clone()
                } else {
                    h
                };
                self.sink.histogram(id, t, h);
            }
            Err(reason) => self.sink.refuse(1, reason),
        }
    }
}

fn milliseconds(field: Field<'_>) -> Result<i64, Malformed> {
    Ok((field.uint()? / 1_000_000) as i64)
}

fn attribute(mut reader: Reader<'_>, depth: usize) -> Result<(String, String), Malformed> {
    let (mut key, mut value) = (String::new(), String::new());
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => key = field.text()?.to_owned(),
            2 => value = any_value(field.message()?, depth)?,
            _ => {}
        }
    }
    Ok((key, value))
}

fn any_value(mut reader: Reader<'_>, depth: usize) -> Result<String, Malformed> {
    if depth > 8 {
        return Err(Malformed("an attribute that is not nested deeper than 8 levels"));
    }
    let mut out = String::new();
    while let Some((number, field)) = reader.field()? {
        out = match number {
            1 => field.text()?.to_owned(),
            2 => (field.uint()? != 0).to_string(),
            3 => field.int()?.to_string(),
            4 => crate::api::float(field.double()?),
            5 | 6 => {
                let (mut parts, mut inner) = (Vec::new(), field.message()?);
                while let Some((_, field)) = inner.field()? {
                    parts.push(if number == 5 {
                        any_value(field.message()?, depth + 1)?
                    } else {
                        let (k, v) = attribute(field.message()?, depth + 1)?;
                        format!("{k}={v}")
                    });
                }
                parts.join(",")
            }
            _ => String::new(),
        };
    }
    Ok(out)
}

fn label_name(name: &str) -> String {
    let mut out: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "key_");
    }
    out
}

/// `http.server.duration` in `s` → `http_server_duration_seconds`, counters with `_total`.
fn metric_name(name: &str, unit: &str, kind: &str) -> String {
    let clean = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut parts = clean(name);
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let main = unit_word(main.trim());
    if !main.is_empty() && !main.contains(['{', '}']) && !parts.iter().any(|p| p == main) {
        parts.extend(clean(main));
    }
    let per = unit_word(per.trim()).trim_end_matches('s');
    if !per.is_empty() && !per.contains(['{', '}']) && !parts.iter().any(|p| p == per) {
        parts.push("per".to_owned());
        parts.extend(clean(per));
    }
    if unit == "1" && kind == "gauge" && !parts.iter().any(|p| p == "ratio") {
        parts.push("ratio".to_owned());
    }
    if kind == "counter" {
        parts.retain(|p| p != "total");
        parts.push("total".to_owned());
    }
    let mut out = parts.join("_");
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

fn unit_word(unit: &str) -> &str {
    match unit {
        "1" => "",
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_unit_and_kind() {
        for (name, unit, kind, expected) in [
            ("http.server.duration", "s", "histogram", "http_server_duration_seconds"),
            ("requests", "1", "counter", "requests_total"),
            ("system.cpu.utilization", "1", "gauge", "system_cpu_utilization_ratio"),
            ("network.io", "By/s", "gauge", "network_io_bytes_per_second"),
            ("queue.size", "{items}", "gauge", "queue_size"),
        ] {
            assert_eq!(metric_name(name, unit, kind), expected);
        }
    }
}
