//! Any bytes as a chunk, and any numbers through a chunk and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::sample::Samples;
use mainstay_metrics::store::chunk::{Effort, decode, decode_histograms, encode};
use mainstay_metrics::store::rollup::{Column, Rows};

fuzz_target!(|bytes: &[u8]| {
    let mut out = Samples::default();
    let _ = decode(bytes, &mut out);
    let _ = decode_histograms(bytes, &mut Samples::default());
    let _ = Rows::decode(bytes, Column::Mean, &mut Samples::default());
    let (mut t, mut v) = (Vec::new(), Vec::new());
    for (i, chunk) in bytes.chunks_exact(9).enumerate() {
        t.push(i as i64 * 1000 + i64::from(chunk[0]));
        v.push(f64::from_le_bytes(chunk[1..].try_into().unwrap()));
    }
    if !t.is_empty() {
        let mut back = Samples::default();
        decode(&encode(&t, &v, Effort(4)), &mut back).unwrap();
        assert_eq!(back.t, t);
        assert!(back.v.iter().zip(&v).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
});
