//! Any bytes as an OTLP request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::decode::Counted;
use mainstay_metrics::decode::otlp::{Totals, decode};

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(bytes, &mut Totals::default(), &mut Counted::default());
});
