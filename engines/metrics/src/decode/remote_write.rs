//! Remote-write 1.0 (`prometheus.WriteRequest`) and 2.0 (`io.prometheus.write.v2.Request`).

use super::{DecodeFault, Sink, metric_kind, protobuf_histogram};
use crate::histogram::Histogram;
use crate::store::{Exemplar, Metadata};
use crate::wire::{Malformed, Reader};

/// Undoes snappy's block compression, up to a length.
pub fn decompress(body: &[u8], most_bytes: usize) -> Result<Vec<u8>, DecodeFault> {
    let len =
        snap::raw::decompress_len(body).map_err(|_| DecodeFault::Compression("snappy's block format"))?;
    if len > most_bytes {
        return Err(DecodeFault::TooLong(len, most_bytes));
    }
    snap::raw::Decoder::new()
        .decompress_vec(body)
        .map_err(|_| DecodeFault::Compression("snappy's block format"))
}

/// Samples of one series, collected before its labels are known for sure.
#[derive(Default)]
struct Pending {
    floats: Vec<(i64, f64)>,
    histograms: Vec<(i64, Histogram)>,
    exemplars: Vec<Exemplar>,
}

impl Pending {
    fn deliver(&mut self, labels: &[(&str, &str)], sink: &mut dyn Sink) {
        match sink.series(labels) {
            Ok(id) => {
                for (t, v) in self.floats.drain(..) {
                    sink.float(id, t, v);
                }
                for (t, h) in self.histograms.drain(..) {
                    sink.histogram(id, t, h);
                }
                for exemplar in self.exemplars.drain(..) {
                    sink.exemplar(id, exemplar);
                }
            }
            Err(reason) => {
                sink.refuse((self.floats.len() + self.histograms.len()) as u64, reason);
                self.floats.clear();
                self.histograms.clear();
                self.exemplars.clear();
            }
        }
    }
}

/// Reads a decompressed request of version 1.0.
pub fn version_1(body: &[u8], sink: &mut dyn Sink) -> Result<(), DecodeFault> {
    let mut reader = Reader::new(body);
    let mut labels: Vec<(&str, &str)> = Vec::with_capacity(32);
    let mut pending = Pending::default();
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => {
                labels.clear();
                let mut series = field.message()?;
                while let Some((number, field)) = series.field()? {
                    match number {
                        1 => labels.push(label(field.message()?)?),
                        2 => pending.floats.push(sample(field.message()?)?),
                        3 => pending.exemplars.push(exemplar(field.message()?)?),
                        4 => pending.histograms.push(protobuf_histogram::read(field.message()?)?),
                        _ => {}
                    }
                }
                pending.deliver(&labels, sink);
            }
            3 => {
                let (mut metric, mut metadata, mut message) = ("", Metadata::default(), field.message()?);
                metadata.kind = metric_kind(0).to_owned();
                while let Some((number, field)) = message.field()? {
                    match number {
                        1 => metadata.kind = metric_kind(field.uint()?).to_owned(),
                        2 => metric = field.text()?,
                        4 => metadata.help = field.text()?.to_owned(),
                        5 => metadata.unit = field.text()?.to_owned(),
                        _ => {}
                    }
                }
                sink.metadata(metric, metadata);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads a decompressed request of version 2.0, in which texts are interned.
pub fn version_2(body: &[u8], sink: &mut dyn Sink) -> Result<(), DecodeFault> {
    let mut symbols = Vec::new();
    let mut reader = Reader::new(body);
    while let Some((number, field)) = reader.field()? {
        if number == 4 {
            symbols.push(field.text()?);
        }
    }
    let mut reader = Reader::new(body);
    let mut labels = Vec::with_capacity(32);
    let mut pending = Pending::default();
    while let Some((number, field)) = reader.field()? {
        if number != 5 {
            continue;
        }
        labels.clear();
        let mut metadata = None;
        let mut series = field.message()?;
        while let Some((number, field)) = series.field()? {
            match number {
                1 => pairs(field.bytes()?, &symbols, &mut labels)?,
                2 => pending.floats.push(sample(field.message()?)?),
                3 => pending.histograms.push(protobuf_histogram::read(field.message()?)?),
                4 => pending.exemplars.push(interned_exemplar(field.message()?, &symbols)?),
                5 => metadata = Some(interned_metadata(field.message()?, &symbols)?),
                _ => {}
            }
        }
        if let Some(metadata) = metadata {
            let name = labels.iter().find(|(n, _)| *n == "__name__").map_or("", |(_, v)| *v);
            let family = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .filter(|_| matches!(metadata.kind.as_str(), "histogram" | "summary" | "gaugehistogram"));
            sink.metadata(family.unwrap_or(name), metadata);
        }
        pending.deliver(&labels, sink);
    }
    Ok(())
}

pub(super) fn label(mut reader: Reader<'_>) -> Result<(&str, &str), Malformed> {
    let (mut name, mut value) = ("", "");
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => name = field.text()?,
            2 => value = field.text()?,
            _ => {}
        }
    }
    Ok((name, value))
}

fn sample(mut reader: Reader<'_>) -> Result<(i64, f64), Malformed> {
    let (mut t, mut v) = (0, 0.0);
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => v = field.double()?,
            2 => t = field.int()?,
            _ => {}
        }
    }
    Ok((t, v))
}

fn exemplar(mut reader: Reader<'_>) -> Result<Exemplar, Malformed> {
    let mut exemplar = Exemplar { t: 0, value: 0.0, labels: Vec::new() };
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => {
                let (name, value) = label(field.message()?)?;
                exemplar.labels.push((name.to_owned(), value.to_owned()));
            }
            2 => exemplar.value = field.double()?,
            3 => exemplar.t = field.int()?,
            _ => {}
        }
    }
    Ok(exemplar)
}

fn interned_exemplar(mut reader: Reader<'_>, symbols: &[&str]) -> Result<Exemplar, Malformed> {
    let mut exemplar = Exemplar { t: 0, value: 0.0, labels: Vec::new() };
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => {
                let mut labels = Vec::new();
                pairs(field.bytes()?, symbols, &mut labels)?;
                exemplar.labels.extend(labels.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())));
            }
            2 => exemplar.value = field.double()?,
            3 => exemplar.t = field.int()?,
            _ => {}
        }
    }
    Ok(exemplar)
}

fn interned_metadata(mut reader: Reader<'_>, symbols: &[&str]) -> Result<Metadata, Malformed> {
    let mut metadata = Metadata { kind: metric_kind(0).to_owned(), ..Metadata::default() };
    while let Some((number, field)) = reader.field()? {
        match number {
            1 => metadata.kind = metric_kind(field.uint()?).to_owned(),
            3 => metadata.help = symbol(field.uint()?, symbols)?.to_owned(),
            4 => metadata.unit = symbol(field.uint()?, symbols)?.to_owned(),
            _ => {}
        }
    }
    Ok(metadata)
}

fn pairs<'a>(packed: &[u8], symbols: &[&'a str], out: &mut Vec<(&'a str, &'a str)>) -> Result<(), Malformed> {
    let mut reader = Reader::new(packed);
    while !reader.is_empty() {
        out.push((symbol(reader.varint()?, symbols)?, symbol(reader.varint()?, symbols)?));
    }
    Ok(())
}

fn symbol<'a>(at: u64, symbols: &[&'a str]) -> Result<&'a str, Malformed> {
    usize::try_from(at)
        .ok()
        .and_then(|at| symbols.get(at))
        .copied()
        .ok_or(Malformed("a symbol that was sent"))
}
