//! The protobuf format of scrapes: `io.prometheus.client.MetricFamily`, each after its length. The only one that
//! carries native histograms.

use std::borrow::Cow;

use super::DecodeFault;
use super::protobuf_histogram::{Side, buckets, span};
use super::text::{Item, Pair, open_metrics_float};
use crate::histogram::{Histogram, ResetHint};
use crate::store::{Exemplar, Metadata};
use crate::wire::{Field, Malformed, Reader, unzigzag};

/// What becomes of the classic buckets of a histogram that has native ones too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Classic {
    #[default]
    Dropped,
    Kept,
    /// Only they count; native ones are passed over.
    Alone,
}

/// `MetricType`, by its number.
const KINDS: [&str; 6] = ["counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram"];
const SUMMARY: usize = 2;

/// Reads a whole page. At the first message that cannot be read it stops with an error, as a scrape then counts as
/// failed; what came before was handed out already.
pub fn parse(page: &[u8], classic: Classic, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), DecodeFault> {
    let mut reader = Reader::new(page);
    while !reader.is_empty() {
        let len = usize::try_from(reader.varint()?).map_err(|_| Malformed("a length"))?;
        family(reader.take(len)?, classic, sink)?;
    }
    Ok(())
}

fn family(message: &[u8], classic: Classic, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), Malformed> {
    let (mut name, mut metadata) = ("", Metadata { kind: KINDS[0].to_owned(), ..Metadata::default() });
    let mut kind = 0;
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => name = field.text()?,
            2 => metadata.help = field.text()?.to_owned(),
            3 => kind = usize::try_from(field.uint()?).unwrap_or(usize::MAX),
            5 => metadata.unit = field.text()?.to_owned(),
            _ => {}
        }
    }
    if name.is_empty() {
        return Err(Malformed("a metric family with a name"));
    }
    metadata.kind = (*KINDS.get(kind).ok_or(Malformed("a known type of metric"))?).to_owned();
    // The metrics may stand before what is said about them.
    let mut reader = Reader::new(message);
    let mut made = Metric { name, kind, classic, labels: Vec::new(), t: None };
    while let Some((number, field)) = reader.field()? {
        if number == 4 {
            made.read(field.message()?, sink)?;
        }
    }
    sink(Item::Metadata { metric: name, metadata: &metadata });
    Ok(())
}

/// One metric of a family on its way out.
struct Metric<'a> {
    name: &'a str,
    kind: usize,
    classic: Classic,
    labels: Vec<Pair<'a>>,
    t: Option<i64>,
}

impl<'a> Metric<'a> {
    fn read(&mut self, message: Reader<'a>, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), Malformed> {
        self.labels.clear();
        self.labels.push((Cow::Borrowed("__name__"), Cow::Borrowed(self.name)));
        self.t = None;
        let mut content = None;
        let mut reader = message;
        while let Some((number, field)) = reader.field()? {
            match number {
                1 => {
                    let (name, value) = super::remote_write::label(field.message()?)?;
                    self.labels.push((Cow::Borrowed(name), Cow::Borrowed(value)));
                }
                // No time at all is written as 0.
                6 => self.t = Some(field.int()?).filter(|t| *t != 0),
                2..=5 | 7 => content = Some((number, field.message()?)),
                _ => {}
            }
        }
        let wanted = [3, 2, 4, 5, 7, 7][self.kind];
        let Some((_, content)) = content.filter(|(number, _)| *number == wanted) else {
            return Err(Malformed("a metric with a value of its family's type"));
        };
        match self.kind {
            SUMMARY => self.summary(content, sink),
            0 | 1 | 3 => self.number(content, sink),
            _ => self.histogram(content, sink),
        }
    }

    fn number(&mut self, mut reader: Reader<'_>, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), Malformed> {
        let (mut value, mut exemplar) = (0.0, None);
        while let Some((number, field)) = reader.field()? {
            match (number, self.kind) {
                (1, _) => value = field.double()?,
                (2, 0) => exemplar = Some(read_exemplar(field.message()?)?),
                _ => {}
            }
        }
        let exemplar = exemplar.map(|(e, _)| e);
        sink(Item::Sample { labels: &self.labels, value, t: self.t, exemplar });
        Ok(())
    }

    /// A sample whose name goes on after the family's, with one label more.
    fn part(
        &mut self,
        suffix: &str,
        label: Option<(&'static str, f64)>,
        (value, exemplar): (f64, Option<Exemplar>),
        sink: &mut dyn FnMut(Item<'_>),
    ) {
        self.labels[0].1 = Cow::Owned(format!("{}{suffix}", self.name));
        let len = self.labels.len();
        self.labels.extend(label.map(|(name, v)| (Cow::Borrowed(name), Cow::Owned(open_metrics_float(v)))));
        sink(Item::Sample { labels: &self.labels, value, t: self.t, exemplar });
        self.labels.truncate(len);
        self.labels[0].1 = Cow::Borrowed(self.name);
    }

    fn summary(&mut self, mut reader: Reader<'_>, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), Malformed> {
        let (mut count, mut sum, mut quantiles) = (0, 0.0, Vec::new());
        while let Some((number, field)) = reader.field()? {
            match number {
                1 => count = field.uint()?,
                2 => sum = field.double()?,
                3 => {
                    let (mut quantile, mut message) = ((0.0, 0.0), field.message()?);
                    while let Some((number, field)) = message.field()? {
                        match number {
                            1 => quantile.0 = field.double()?,
                            2 => quantile.1 = field.double()?,
                            _ => {}
                        }
                    }
                    quantiles.push(quantile);
                }
                _ => {}
            }
        }
        self.part("_count", None, (count as f64, None), sink);
        self.part("_sum", None, (sum, None), sink);
        for (quantile, value) in quantiles {
            self.part("", Some(("quantile", quantile)), (value, None), sink);
        }
        Ok(())
    }

    fn histogram(&mut self, reader: Reader<'_>, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), Malformed> {
        let mut read = Both::read(reader)?;
        let is_native = self.classic != Classic::Alone && read.is_native();
        if is_native {
            let mut histogram = std::mem::take(&mut read.native);
            histogram.count = read.count;
            histogram.sum = read.sum;
            histogram.positive = buckets(std::mem::take(&mut read.positive))?;
            histogram.negative = buckets(std::mem::take(&mut read.negative))?;
            if KINDS[self.kind] == "gaugehistogram" {
                histogram.hint = ResetHint::Gauge;
            }
            let mut exemplars = std::mem::take(&mut read.exemplars);
            if exemplars.is_empty() {
                exemplars.extend(read.buckets.iter().filter_map(|b| b.exemplar.clone()));
            }
            // Those of native histograms are told apart by their time.
            let exemplars: Vec<_> =
                exemplars.into_iter().filter(|(_, has_time)| *has_time).map(|(e, _)| e).collect();
            sink(Item::Histogram { labels: &self.labels, histogram, t: self.t, exemplars });
        }
        if !is_native || self.classic == Classic::Kept && !read.buckets.is_empty() {
            self.classic(read, sink);
        }
        Ok(())
    }

    fn classic(&mut self, read: Both, sink: &mut dyn FnMut(Item<'_>)) {
        self.part("_count", None, (read.count, None), sink);
        self.part("_sum", None, (read.sum, None), sink);
        let mut has_last = false;
        for bucket in read.buckets {
            has_last |= bucket.upper == f64::INFINITY;
            let exemplar = bucket.exemplar.map(|(e, _)| e);
            self.part("_bucket", Some(("le", bucket.upper)), (bucket.count, exemplar), sink);
        }
        if !has_last {
            self.part("_bucket", Some(("le", f64::INFINITY)), (read.count, None), sink);
        }
    }
}

/// An exemplar, and whether it came with a time.
type Timed = (Exemplar, bool);

struct Bucket {
    upper: f64,
    count: f64,
    exemplar: Option<Timed>,
}

/// A histogram as it is sent: native and classic buckets in one message.
#[derive(Default)]
struct Both {
    count: f64,
    sum: f64,
    buckets: Vec<Bucket>,
    native: Histogram,
    positive: Side,
    negative: Side,
    exemplars: Vec<Timed>,
}

impl Both {
    fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        let mut h = Self::default();
        let (mut float_count, mut float_zero) = (0.0, 0.0);
        while let Some((number, field)) = reader.field()? {
            match number {
                1 => h.count = field.uint()? as f64,
                2 => h.sum = field.double()?,
                3 => h.buckets.push(read_bucket(field.message()?)?),
                4 => float_count = field.double()?,
                5 => h.native.schema = i32::try_from(field.sint()?).map_err(|_| Malformed("a schema"))?,
                6 => h.native.zero_threshold = field.double()?,
                7 => h.native.zero_count = field.uint()? as f64,
                8 => float_zero = field.double()?,
                9 => h.negative.spans.push(span(field.message()?)?),
                10 => deltas(field, &mut h.negative)?,
                11 => counts(field, &mut h.negative)?,
                12 => h.positive.spans.push(span(field.message()?)?),
                13 => deltas(field, &mut h.positive)?,
                14 => counts(field, &mut h.positive)?,
                16 => h.exemplars.push(read_exemplar(field.message()?)?),
                _ => {}
            }
        }
        if float_count > 0.0 {
            h.count = float_count;
        }
        if float_zero > 0.0 {
            h.native.zero_count = float_zero;
        }
        Ok(h)
    }

    /// An empty native histogram has a span of no length, so that it is known as one.
    fn is_native(&self) -> bool {
        let has_spans = !self.positive.spans.is_empty() || !self.negative.spans.is_empty();
        has_spans || self.native.zero_threshold > 0.0 || self.native.zero_count > 0.0
    }
}

fn deltas(field: Field<'_>, side: &mut Side) -> Result<(), Malformed> {
    field.each(false, |v| side.deltas.push(unzigzag(v)))
}

fn counts(field: Field<'_>, side: &mut Side) -> Result<(), Malformed> {
    field.each(true, |v| side.counts.push(f64::from_bits(v)))
}

fn read_bucket(mut reader: Reader<'_>) -> Result<Bucket, Malformed> {
    let mut bucket = Bucket { upper: 0.0, count: 0.0, exemplar: None };
    let mut float_count = 0.0;
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => bucket.count = field.uint()? as f64,
            2 => bucket.upper = field.double()?,
            3 => bucket.exemplar = Some(read_exemplar(field.message()?)?),
            4 => float_count = field.double()?,
            _ => {}
        }
    }
    if float_count > 0.0 {
        bucket.count = float_count;
    }
    Ok(bucket)
}

fn read_exemplar(mut reader: Reader<'_>) -> Result<Timed, Malformed> {
    let mut exemplar = Exemplar { t: 0, value: 0.0, labels: Vec::new() };
    let mut has_time = false;
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => {
                let (name, value) = super::remote_write::label(field.message()?)?;
                exemplar.labels.push((name.to_owned(), value.to_owned()));
            }
            2 => exemplar.value = field.double()?,
            3 => {
                let (mut seconds, mut nanos, mut time) = (0_i64, 0_i64, field.message()?);
                while let Some((number, field)) = time.field()? {
                    match number {
                        1 => seconds = field.int()?,
                        2 => nanos = field.int()?,
                        _ => {}
                    }
                }
                exemplar.t = seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000);
                has_time = true;
            }
            _ => {}
        }
    }
    Ok((exemplar, has_time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{put_varint, zigzag};

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, number << 3 | 2);
        put_varint(&mut out, content.len() as u64);
        out.extend_from_slice(content);
        out
    }

    fn double(number: u64, v: f64) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, number << 3 | 1);
        out.extend_from_slice(&v.to_le_bytes());
        out
    }

    fn uint(number: u64, v: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, number << 3);
        put_varint(&mut out, v);
        out
    }

    fn page(name: &str, kind: u64, metric: &[u8]) -> Vec<u8> {
        // What is said about the family stands last on purpose.
        let message =
            [field(4, metric), field(1, name.as_bytes()), field(2, b"what it is"), uint(3, kind)].concat();
        let mut out = Vec::new();
        put_varint(&mut out, message.len() as u64);
        [out, message].concat()
    }

    fn lines(page: &[u8], classic: Classic) -> Result<Vec<String>, DecodeFault> {
        let mut out = Vec::new();
        let text = |labels: &[Pair<'_>]| {
            labels.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(",")
        };
        parse(page, classic, &mut |item| match item {
            Item::Sample { labels, value, t, exemplar } => {
                let exemplar = exemplar.map(|e| format!(" # {} {}", e.value, e.t)).unwrap_or_default();
                out.push(format!("{} {value} {t:?}{exemplar}", text(labels)));
            }
            Item::Histogram { labels, histogram, t, exemplars } => {
                let h = crate::api::histogram_text(&histogram);
                out.push(format!("{} {h} {t:?} {}", text(labels), exemplars.len()));
            }
            Item::Metadata { metric, metadata } => {
                out.push(format!("{metric}: {}, {}", metadata.kind, metadata.help));
            }
        })?;
        Ok(out)
    }

    #[test]
    fn counters_summaries_and_their_exemplars() {
        let label = field(1, &[field(1, b"x"), field(2, b"1")].concat());
        let time = [uint(1, 7), uint(2, 250_000_000)].concat();
        let exemplar = [double(2, 0.5), field(3, &time)].concat();
        let counter = [label.clone(), field(3, &[double(1, 3.0), field(2, &exemplar)].concat())].concat();
        let expected = ["__name__=a_total,x=1 3 None # 0.5 7250", "a_total: counter, what it is"];
        assert_eq!(lines(&page("a_total", 0, &counter), Classic::Dropped).unwrap(), expected);
        let quantile = [double(1, 0.99), double(2, 4.0)].concat();
        let summary = field(4, &[uint(1, 2), double(2, 6.5), field(3, &quantile)].concat());
        let expected = [
            "__name__=s_count 2 Some(9)",
            "__name__=s_sum 6.5 Some(9)",
            "__name__=s,quantile=0.99 4 Some(9)",
            "s: summary, what it is",
        ];
        assert_eq!(
            lines(&page("s", 2, &[summary, uint(6, 9)].concat()), Classic::Dropped).unwrap(),
            expected
        );
    }

    #[test]
    fn a_histogram_is_native_classic_or_both() {
        let bucket = [uint(1, 3), double(2, 1.0)].concat();
        let classic = [uint(1, 5), double(2, 7.5), field(3, &bucket)].concat();
        let expected_classic = [
            "__name__=h_count 5 None",
            "__name__=h_sum 7.5 None",
            "__name__=h_bucket,le=1.0 3 None",
            "__name__=h_bucket,le=+Inf 5 None",
        ];
        let all = lines(&page("h", 4, &field(7, &classic)), Classic::Dropped).unwrap();
        assert_eq!(all[..4], expected_classic);
        let positive = [
            field(12, &[uint(1, zigzag(0)), uint(2, 2)].concat()),
            field(
                13,
                &[3_i64, -1]
                    .iter()
                    .flat_map(|d| {
                        let mut o = Vec::new();
                        put_varint(&mut o, zigzag(*d));
                        o
                    })
                    .collect::<Vec<_>>(),
            ),
            double(6, 0.001),
        ]
        .concat();
        let both = field(7, &[classic, positive].concat());
        let native = "__name__=h {count:5, sum:7.5, (0.5,1]:3, (1,2]:2} None 0";
        let found = lines(&page("h", 4, &both), Classic::Dropped).unwrap();
        assert_eq!(found, [native, "h: histogram, what it is"]);
        let found = lines(&page("h", 4, &both), Classic::Kept).unwrap();
        assert_eq!((found[0].as_str(), &found[1..5]), (native, &expected_classic.map(str::to_owned)[..]));
        let found = lines(&page("h", 4, &both), Classic::Alone).unwrap();
        assert_eq!(found[..4], expected_classic);
        let empty = field(7, &field(12, &[]));
        assert!(lines(&page("h", 4, &empty), Classic::Dropped).unwrap()[0].contains("{count:0, sum:0}"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let gauge = field(2, &double(1, 1.0));
        assert!(lines(&page("g", 0, &gauge), Classic::Dropped).is_err(), "a gauge in a counter's family");
        assert!(lines(&page("", 1, &gauge), Classic::Dropped).is_err());
        assert!(lines(&page("g", 9, &gauge), Classic::Dropped).is_err());
        let whole = page("g", 1, &gauge);
        for cut in 1..whole.len() {
            assert!(lines(&whole[..cut], Classic::Dropped).is_err(), "cut at {cut}");
        }
    }
}
