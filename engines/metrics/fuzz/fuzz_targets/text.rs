//! Any text as a page of a scrape, in both formats.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::decode::text::{Format, parse};

fuzz_target!(|text: &str| {
    let _ = parse(text, Format::Prometheus, &mut |_| {});
    let _ = parse(text, Format::OpenMetrics, &mut |_| {});
});
