//! What the log says: new series, samples, exemplars and metadata of one commit.

use std::sync::Arc;

use super::index::SeriesId;
use crate::histogram::Histogram;
use crate::sample::{Value, is_hole};
use crate::store::chunk::{put_histogram, read_histogram};
use crate::store::{Exemplar, Metadata};
use crate::wire::{Malformed, Reader, put_text, put_varint, unzigzag, zigzag};

const SERIES: u8 = 1;
const FLOATS: u8 = 2;
const HISTOGRAM: u8 = 3;
const EXEMPLAR: u8 = 4;
const METADATA: u8 = 5;
const NEXT_ID: u8 = 6;

/// One entry of the log, read back.
pub enum Entry<'a> {
    Series(SeriesId, Vec<(&'a str, &'a str)>),
    Sample(SeriesId, i64, Value),
    Exemplar(SeriesId, Exemplar),
    Metadata(&'a str, Metadata),
    /// Series numbers below this were given.
    NextId(SeriesId),
}

/// Writes entries into the payload of a frame.
#[derive(Default)]
pub struct Journal {
    out: Vec<u8>,
    floats: Vec<(SeriesId, i64, f64)>,
}

impl Journal {
    pub fn is_empty(&self) -> bool {
        self.out.is_empty() && self.floats.is_empty()
    }

    /// Size of the payload so far, roughly.
    pub fn len(&self) -> usize {
        self.out.len() + self.floats.len() * 12
    }

    pub fn series<N: AsRef<str>, V: AsRef<str>>(&mut self, id: SeriesId, labels: &[(N, V)]) {
        self.out.push(SERIES);
        put_varint(&mut self.out, id.into());
        put_varint(&mut self.out, labels.len() as u64);
        for (name, value) in labels {
            put_text(&mut self.out, name.as_ref());
            put_text(&mut self.out, value.as_ref());
        }
    }

    pub fn sample(&mut self, id: SeriesId, t: i64, value: &Value) {
        match value {
            Value::Float(v) => self.floats.push((id, t, *v)),
            Value::Histogram(h) => {
                self.out.push(HISTOGRAM);
                put_varint(&mut self.out, id.into());
                put_varint(&mut self.out, zigzag(t));
                put_histogram(h, None, &mut self.out);
            }
        }
    }

    pub fn exemplar(&mut self, id: SeriesId, exemplar: &Exemplar) {
        self.out.push(EXEMPLAR);
        put_varint(&mut self.out, id.into());
        put_varint(&mut self.out, zigzag(exemplar.t));
        self.out.extend_from_slice(&exemplar.value.to_le_bytes());
        put_varint(&mut self.out, exemplar.labels.len() as u64);
        for (name, value) in &exemplar.labels {
            put_text(&mut self.out, name);
            put_text(&mut self.out, value);
        }
    }

    pub fn metadata(&mut self, metric: &str, metadata: &Metadata) {
        self.out.push(METADATA);
        for text in [metric, &metadata.kind, &metadata.help, &metadata.unit] {
            put_text(&mut self.out, text);
        }
    }

    pub fn next_id(&mut self, id: SeriesId) {
        self.out.push(NEXT_ID);
        put_varint(&mut self.out, id.into());
    }

    /// The payload; the journal is empty again.
    pub fn take(&mut self) -> Vec<u8> {
        let mut out = std::mem::take(&mut self.out);
        if !self.floats.is_empty() {
            out.push(FLOATS);
            put_varint(&mut out, self.floats.len() as u64);
            let (mut last_id, mut last_t) = (0, 0);
            for (id, t, v) in self.floats.drain(..) {
                put_varint(&mut out, zigzag(i64::from(id) - last_id));
                put_varint(&mut out, zigzag(t.wrapping_sub(last_t)));
                out.extend_from_slice(&v.to_le_bytes());
                (last_id, last_t) = (id.into(), t);
            }
        }
        out
    }
}

/// Reads a payload entry by entry.
pub fn read(payload: &[u8], mut f: impl FnMut(Entry<'_>)) -> Result<(), Malformed> {
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        match reader.byte()? {
            SERIES => {
                let id = read_id(&mut reader)?;
                let labels = read_pairs(&mut reader)?;
                f(Entry::Series(id, labels));
            }
            FLOATS => {
                let (mut id, mut t) = (0_i64, 0_i64);
                for _ in 0..reader.varint()? {
                    id = id.wrapping_add(reader.zigzag()?);
                    t = t.wrapping_add(reader.zigzag()?);
                    let v = f64::from_le_bytes(reader.array()?);
                    let series = SeriesId::try_from(id).map_err(|_| Malformed("a series number"))?;
                    if !is_hole(v) {
                        f(Entry::Sample(series, t, Value::Float(v)));
                    }
                }
            }
            HISTOGRAM => {
                let id = read_id(&mut reader)?;
                let t = unzigzag(reader.varint()?);
                let histogram: Histogram = read_histogram(&mut reader, None)?;
                f(Entry::Sample(id, t, Value::Histogram(Arc::new(histogram))));
            }
            EXEMPLAR => {
                let id = read_id(&mut reader)?;
                let t = reader.zigzag()?;
                let value = f64::from_le_bytes(reader.array()?);
                let labels = read_pairs(&mut reader)?;
                let labels = labels.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                f(Entry::Exemplar(id, Exemplar { t, value, labels }));
            }
            METADATA => {
                let metric = read_text(&mut reader)?;
                let mut text = || read_text(&mut reader).map(str::to_owned);
                let metadata = Metadata { kind: text()?, help: text()?, unit: text()? };
                f(Entry::Metadata(metric, metadata));
            }
            NEXT_ID => f(Entry::NextId(read_id(&mut reader)?)),
            _ => return Err(Malformed("a known entry of the log")),
        }
    }
    Ok(())
}

fn read_id(reader: &mut Reader<'_>) -> Result<SeriesId, Malformed> {
    SeriesId::try_from(reader.varint()?).map_err(|_| Malformed("a series number"))
}

fn read_text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Malformed> {
    let len = usize::try_from(reader.varint()?).map_err(|_| Malformed("a length"))?;
    std::str::from_utf8(reader.take(len)?).map_err(|_| Malformed("UTF-8"))
}

fn read_pairs<'a>(reader: &mut Reader<'a>) -> Result<Vec<(&'a str, &'a str)>, Malformed> {
    let mut pairs = Vec::new();
    for _ in 0..reader.varint()? {
        pairs.push((read_text(reader)?, read_text(reader)?));
    }
    Ok(pairs)
}
