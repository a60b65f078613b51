//! What senders speak: remote-write 1.0 and 2.0, OTLP, the text and protobuf formats of scrapes. Everything is read in place and
//! handed to a [`Sink`]; nothing that is sent makes a decoder panic or take memory out of proportion.

pub mod otlp;
pub mod protobuf;
mod protobuf_histogram;
pub mod remote_write;
pub mod text;

use std::io::Read;

use crate::histogram::Histogram;
use crate::store::index::SeriesId;
use crate::store::{Appender, Exemplar, Metadata, Refusal};
use crate::wire::Malformed;

/// Where decoded samples go.
pub trait Sink {
    fn series(&mut self, labels: &[(&str, &str)]) -> Result<SeriesId, Refusal>;
    fn float(&mut self, id: SeriesId, t: i64, value: f64);
    fn histogram(&mut self, id: SeriesId, t: i64, histogram: Histogram);
    fn exemplar(&mut self, id: SeriesId, exemplar: Exemplar);
    fn metadata(&mut self, metric: &str, metadata: Metadata);
    /// Samples that cannot go anywhere because their series was refused.
    fn refuse(&mut self, samples: u64, reason: Refusal);
}

impl Sink for Appender<'_> {
    fn series(&mut self, labels: &[(&str, &str)]) -> Result<SeriesId, Refusal> {
        Appender::series(self, labels)
    }

    fn float(&mut self, id: SeriesId, t: i64, value: f64) {
        Appender::float(self, id, t, value);
    }

    fn histogram(&mut self, id: SeriesId, t: i64, histogram: Histogram) {
        Appender::histogram(self, id, t, histogram);
    }

    fn exemplar(&mut self, id: SeriesId, exemplar: Exemplar) {
        Appender::exemplar(self, id, exemplar);
    }

    fn metadata(&mut self, metric: &str, metadata: Metadata) {
        Appender::metadata(self, metric, metadata);
    }

    fn refuse(&mut self, samples: u64, reason: Refusal) {
        Appender::refuse(self, samples, reason);
    }
}

/// Why a request was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the body is not compressed with {0}")]
    Compression(&'static str),
    #[error("the body would be {0} bytes, which is more than {1}")]
    TooLong(usize, usize),
    #[error("line {0}: {1}")]
    Line(usize, String),
}

/// Undoes gzip, up to a length.
pub fn gunzip(body: &[u8], most_bytes: usize) -> Result<Vec<u8>, DecodeFault> {
    let mut out = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(body).take(most_bytes as u64 + 1);
    reader.read_to_end(&mut out).map_err(|_| DecodeFault::Compression("gzip"))?;
    if out.len() > most_bytes {
        return Err(DecodeFault::TooLong(out.len(), most_bytes));
    }
    Ok(out)
}

/// The kinds of metrics by their number in remote-write.
pub(crate) fn metric_kind(number: u64) -> &'static str {
    match number {
        1 => "counter",
        2 => "gauge",
        3 => "histogram",
        4 => "gaugehistogram",
        5 => "summary",
        6 => "info",
        7 => "stateset",
        _ => "unknown",
    }
}

/// A sink that only counts: for tests and fuzzing.
#[derive(Debug, Default)]
pub struct Counted {
    pub series: u32,
    pub samples: u64,
    pub exemplars: u64,
    pub metadata: u64,
}

impl Sink for Counted {
    fn series(&mut self, _: &[(&str, &str)]) -> Result<SeriesId, Refusal> {
        self.series = self.series.wrapping_add(1);
        Ok(self.series)
    }

    fn float(&mut self, _: SeriesId, _: i64, _: f64) {
        self.samples += 1;
    }

    fn histogram(&mut self, _: SeriesId, _: i64, histogram: Histogram) {
        if histogram.check().is_ok() {
            self.samples += 1;
        }
    }

    fn exemplar(&mut self, _: SeriesId, _: Exemplar) {
        self.exemplars += 1;
    }

    fn metadata(&mut self, _: &str, _: Metadata) {
        self.metadata += 1;
    }

    fn refuse(&mut self, _: u64, _: Refusal) {}
}
