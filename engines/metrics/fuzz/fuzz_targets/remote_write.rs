//! Any bytes as a remote-write request of both versions, compressed and not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_metrics::decode::{Counted, remote_write};

fuzz_target!(|bytes: &[u8]| {
    let _ = remote_write::version_1(bytes, &mut Counted::default());
    let _ = remote_write::version_2(bytes, &mut Counted::default());
    if let Ok(body) = remote_write::decompress(bytes, 1 << 20) {
        let _ = remote_write::version_1(&body, &mut Counted::default());
    }
});
