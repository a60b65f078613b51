//! Any text as a rule file, as a configuration and as a template of an alert.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::labels::Labels;
use mainstay_metrics::rules::{Context, expand};

fuzz_target!(|text: &str| {
    let _ = mainstay_metrics::rules::Group::read("f", text, 60_000);
    let _ = mainstay_metrics::scrape::Config::read(text, std::path::Path::new("/nonexistent"));
    let labels = Labels::from_pairs([("instance", "web-7:9100")]);
    let query = |_: &str| Ok(vec![(Labels::empty(), 1.5)]);
    let context = Context { labels: &labels, value: 1.25, external_labels: &BTreeMap::new(), query: &query };
    let _ = expand(text, &context);
});
