//! Archives: tar, zip, gzip, zstd, whole or broken.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_versions::import::{Limits, Sink, read_path};

fuzz_target!(|data: &[u8]| {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), data).unwrap();
    let limits = Limits { file_bytes: 1 << 20, entry_bytes: 1 << 20 };
    read_path(file.path(), limits, &mut Sink::new(&mut |_| {})).unwrap();
});
