//! Any bytes as a page of a scrape in protobuf, with and without classic buckets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::decode::protobuf::{Classic, parse};
use mainstay_metrics::decode::text::Item;

fuzz_target!(|page: &[u8]| {
    for classic in [Classic::Dropped, Classic::Kept] {
        let _ = parse(page, classic, &mut |item| {
            if let Item::Histogram { histogram, .. } = item
                && histogram.check().is_ok()
            {
                let _ = histogram.buckets();
            }
        });
    }
});
