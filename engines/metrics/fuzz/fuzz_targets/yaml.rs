//! Any text as a rule file and as a scrape configuration.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = mainstay_metrics::rules::Group::read("f", text, 60_000);
    let _ = mainstay_metrics::scrape::Config::read(text);
});
