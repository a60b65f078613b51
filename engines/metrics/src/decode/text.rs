//! The text formats of scrapes: Prometheus 0.0.4 and OpenMetrics 1.0, also with quoted UTF-8 names.

use std::borrow::Cow;

use super::DecodeFault;
use crate::histogram::Histogram;
use crate::store::{Exemplar, Metadata};

/// A label's name and value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Which of the two formats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Times in milliseconds.
    Prometheus,
    /// Times in seconds, exemplars, `# EOF` at the end.
    OpenMetrics,
}

impl Format {
    pub fn of_content_type(content_type: &str) -> Self {
        if content_type.trim_start().starts_with("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }
}

/// One line's content. Labels come with the metric's name as `__name__`, in the order of the line.
pub enum Item<'a> {
    Sample {
        labels: &'a [Pair<'a>],
        value: f64,
        t: Option<i64>,
        exemplar: Option<Exemplar>,
    },
    /// Only from protobuf.
    Histogram {
        labels: &'a [Pair<'a>],
        histogram: Histogram,
        t: Option<i64>,
        exemplars: Vec<Exemplar>,
    },
    Metadata {
        metric: &'a str,
        metadata: &'a Metadata,
    },
}

/// Reads a whole exposition. At the first line that cannot be read it stops with an error, as a scrape then counts as
/// failed; what came before was handed out already.
pub fn parse(text: &str, format: Format, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), DecodeFault> {
    let mut family = (String::new(), Metadata::default());
    let mut ended = false;
    for (number, line) in text.lines().enumerate() {
        let fail = |reason: &str| DecodeFault::Line(number + 1, reason.to_owned());
        let line = line.trim_start_matches([' ', '\t']).trim_end_matches('\r');
        if ended {
            return Err(fail("nothing may follow # EOF"));
        }
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            if format == Format::OpenMetrics && comment == " EOF" {
                ended = true;
                continue;
            }
            describe(comment, &mut family, sink);
            continue;
        }
        let mut cursor = Cursor { rest: line };
        let (mut labels, value, t, exemplar) = cursor.sample(format).map_err(fail)?;
        settle_bound(&mut labels, &family);
        sink(Item::Sample { labels: &labels, value, t, exemplar });
    }
    if !family.0.is_empty() {
        sink(Item::Metadata { metric: &family.0, metadata: &family.1 });
    }
    if format == Format::OpenMetrics && !ended {
        return Err(DecodeFault::Line(text.lines().count() + 1, "data does not end with # EOF".into()));
    }
    Ok(())
}

fn describe(comment: &str, family: &mut (String, Metadata), sink: &mut dyn FnMut(Item<'_>)) {
    let mut words = comment.trim_start().splitn(3, [' ', '\t']);
    let (Some(keyword), Some(metric)) = (words.next(), words.next()) else { return };
    if !["TYPE", "HELP", "UNIT"].contains(&keyword) {
        return;
    }
    let rest = words.next().unwrap_or("").trim_start();
    let metric = metric.trim_matches('"');
    if family.0 != metric {
        if !family.0.is_empty() {
            sink(Item::Metadata { metric: &family.0, metadata: &family.1 });
        }
        *family = (metric.to_owned(), Metadata { kind: "unknown".into(), ..Metadata::default() });
    }
    match keyword {
        "TYPE" if rest == "untyped" => family.1.kind = "unknown".into(),
        "TYPE" => family.1.kind = rest.to_owned(),
        "UNIT" => family.1.unit = rest.to_owned(),
        _ => family.1.help = rest.replace("\\n", "\n").replace("\\\\", "\\"),
    }
}

/// Bounds are written as `1.0` whatever the target writes, so that both formats name the same series.
fn settle_bound(labels: &mut [Pair<'_>], (family, metadata): &(String, Metadata)) {
    let bound = match metadata.kind.as_str() {
        "histogram" | "gaugehistogram" => "le",
        "summary" => "quantile",
        _ => return,
    };
    let is_of_family = labels.iter().any(|(name, value)| name == "__name__" && value.starts_with(family));
    for (name, value) in labels.iter_mut().filter(|(name, _)| is_of_family && name == bound) {
        if let Ok(v) = value.parse::<f64>() {
            let settled = open_metrics_float(v);
            if *value != settled {
                (*name, *value) = (Cow::Borrowed(bound), Cow::Owned(settled));
            }
        }
    }
}

/// A float as OpenMetrics writes bounds: never without a point or an exponent.
pub(super) fn open_metrics_float(v: f64) -> String {
    let size = v.abs();
    if v.is_finite() && v != 0.0 && !(1e-4..1e6).contains(&size) {
        return crate::api::with_exponent(v);
    }
    let text = crate::api::float(v);
    if v.is_finite() && !text.contains('.') { format!("{text}.0") } else { text }
}

struct Cursor<'a> {
    rest: &'a str,
}

type Parsed<'a> = (Vec<Pair<'a>>, f64, Option<i64>, Option<Exemplar>);

impl<'a> Cursor<'a> {
    fn sample(&mut self, format: Format) -> Result<Parsed<'a>, &'static str> {
        let mut labels = Vec::with_capacity(12);
        let name_len =
            self.rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b':').count();
        if name_len > 0 {
            let (name, rest) = self.rest.split_at(name_len);
            if name.as_bytes()[0].is_ascii_digit() {
                return Err("a metric name begins with a digit");
            }
            labels.push((Cow::Borrowed("__name__"), Cow::Borrowed(name)));
            self.rest = rest;
        }
        self.blanks();
        if self.eat('{') {
            self.labels(&mut labels)?;
        }
        if labels.first().is_none_or(|(name, _)| name != "__name__") {
            return Err("a sample has no metric name");
        }
        let value = self.number()?;
        let t = match self.word() {
            "" => None,
            text if format == Format::OpenMetrics => {
                let seconds: f64 = text.parse().map_err(|_| "a timestamp is no number")?;
                Some((seconds * 1000.0).round() as i64)
            }
            text => Some(text.parse().map_err(|_| "a timestamp is no whole number of milliseconds")?),
        };
        self.blanks();
        let exemplar =
            if format == Format::OpenMetrics && self.eat('#') { Some(self.exemplar(t)?) } else { None };
        self.blanks();
        if !self.rest.is_empty() {
            return Err("something follows the sample");
        }
        Ok((labels, value, t, exemplar))
    }

    fn labels(&mut self, out: &mut Vec<Pair<'a>>) -> Result<(), &'static str> {
        loop {
            self.blanks();
            if self.eat('}') {
                return Ok(());
            }
            let name = if self.rest.starts_with('"') {
                let name = self.quoted()?;
                self.blanks();
                if self.rest.starts_with([',', '}']) {
                    out.insert(0, (Cow::Borrowed("__name__"), name));
                    self.eat(',');
                    continue;
                }
                name
            } else {
                let len = self.rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                if len == 0 {
                    return Err("a label name was expected");
                }
                let (name, rest) = self.rest.split_at(len);
                self.rest = rest;
                Cow::Borrowed(name)
            };
            self.blanks();
            if !self.eat('=') {
                return Err("\"=\" was expected after a label name");
            }
            self.blanks();
            let value = self.quoted()?;
            out.push((name, value));
            self.blanks();
            if !self.eat(',') && !self.rest.starts_with('}') {
                return Err("\",\" or \"}\" was expected after a label");
            }
        }
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, &'static str> {
        let body = self.rest.strip_prefix('"').ok_or("a quoted text was expected")?;
        let end = body.find(['"', '\\']).ok_or("a quoted text does not end")?;
        if body.as_bytes()[end] == b'"' {
            self.rest = &body[end + 1..];
            return Ok(Cow::Borrowed(&body[..end]));
        }
        let mut out = String::new();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &body[at + 1..];
                    return Ok(Cow::Owned(out));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, c @ ('"' | '\\'))) => out.push(c),
                    Some((_, c)) => {
                        out.push('\\');
                        out.push(c);
                    }
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err("a quoted text does not end")
    }

    fn exemplar(&mut self, t: Option<i64>) -> Result<Exemplar, &'static str> {
        self.blanks();
        if !self.eat('{') {
            return Err("an exemplar begins with its labels");
        }
        let mut labels = Vec::new();
        self.labels(&mut labels)?;
        let value = self.number()?;
        let t = match self.word() {
            "" => t.unwrap_or(0),
            text => (text.parse::<f64>().map_err(|_| "an exemplar's timestamp is no number")? * 1000.0)
                .round() as i64,
        };
        let labels = labels.into_iter().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        Ok(Exemplar { t, value, labels })
    }

    fn number(&mut self) -> Result<f64, &'static str> {
        match self.word() {
            "" => Err("a value was expected"),
            "NaN" | "nan" => Ok(f64::from_bits(crate::sample::NAN_BITS)),
            word => word.parse().map_err(|_| "a value is no number"),
        }
    }

    fn word(&mut self) -> &'a str {
        self.blanks();
        if self.rest.starts_with('#') {
            return "";
        }
        let end = self.rest.find([' ', '\t']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, format: Format) -> Result<Vec<String>, DecodeFault> {
        let mut out = Vec::new();
        parse(text, format, &mut |item| match item {
            Item::Sample { labels, value, t, exemplar } => {
                let labels: Vec<_> = labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
                let exemplar = exemplar.map(|e| format!(" # {:?} {} {}", e.labels, e.value, e.t));
                out.push(format!("{} {value} {t:?}{}", labels.join(","), exemplar.unwrap_or_default()));
            }
            Item::Histogram { .. } => out.push("a histogram".to_owned()),
            Item::Metadata { metric, metadata } => {
                out.push(format!("{metric}: {}, {}", metadata.kind, metadata.help));
            }
        })?;
        Ok(out)
    }

    #[test]
    fn bounds_are_written_alike_whatever_the_target_writes() {
        let text = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2500000\"} 1\nh_bucket{le=\"+Inf\"} 1\nother{le=\"1\"} 1\n";
        let expected = [
            "__name__=h_bucket,le=1.0 1 None",
            "__name__=h_bucket,le=2.5e+06 1 None",
            "__name__=h_bucket,le=+Inf 1 None",
            "__name__=other,le=1 1 None",
        ];
        assert_eq!(lines(text, Format::Prometheus).unwrap()[..4], expected);
        let expected = ["__name__=s,quantile=1.0 1 None"];
        assert_eq!(
            lines("# TYPE s summary\ns{quantile=\"1\"} 1", Format::Prometheus).unwrap()[..1],
            expected
        );
    }

    #[test]
    fn both_formats_with_their_corners() {
        let text = "# HELP a what\\nit is\n# TYPE a counter\na{x=\"1\\\"\\\\\\n\", y = \"\" ,} 1e3 5\n\n a_b  +Inf\nc NaN\n{\"d.e\",\"f g\"=\"h\"} 2\n# odd comment";
        let expected = [
            "__name__=a,x=1\"\\\n,y= 1000 Some(5)",
            "__name__=a_b inf None",
            "__name__=c NaN None",
            "__name__=d.e,f g=h 2 None",
            "a: counter, what\nit is",
        ];
        assert_eq!(lines(text, Format::Prometheus).unwrap(), expected);
        let text = "a_bucket{le=\"1\"} 4 1.5 # {id=\"x\"} 0.5 1.25\n# EOF\n";
        let expected = ["__name__=a_bucket,le=1 4 Some(1500) # [(\"id\", \"x\")] 0.5 1250"];
        assert_eq!(lines(text, Format::OpenMetrics).unwrap(), expected);
        for bad in ["a", "a{", "a{x} 1", "a{x=\"} 1", "1a 2", "{x=\"1\"} 2", "a 1 2 3", "a x"] {
            assert!(lines(bad, Format::Prometheus).is_err(), "{bad}");
        }
        assert!(lines("a 1\n", Format::OpenMetrics).is_err());
    }
}
