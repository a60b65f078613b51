//! Every comparator on any two texts: no panic, and the two directions agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_versions::Scheme;

fuzz_target!(|data: &str| {
    let (a, b) = data.split_once('\n').unwrap_or((data, data));
    for scheme in Scheme::ALL {
        let there = scheme.compare(a, b);
        assert_eq!(there.ok(), scheme.compare(b, a).ok().map(std::cmp::Ordering::reverse));
        if scheme.check(a).is_ok() && scheme.check(b).is_ok() {
            assert!(there.is_ok(), "{scheme}");
        }
    }
});
