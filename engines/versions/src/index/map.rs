//! The bytes of an index: mapped from a file, or in memory.

use std::fs::File;
use std::io;

/// Bytes that stay where they are.
pub(super) enum Bytes {
    /// Given by the caller.
    Owned(Vec<u8>),
    /// Mapped from a file.
    Mapped(memmap2::Mmap),
}

impl Bytes {
    /// Maps a file for reading.
    #[expect(unsafe_code, reason = "a mapping is the only way to open an index without reading it")]
    pub(super) fn map(file: &File) -> io::Result<Self> {
        // SAFETY: an index file is written under another name, renamed into place and never changed or cut afterwards
        // (`Builder::write`), so the bytes below the mapping stay the same for as long as it lives.
        Ok(Bytes::Mapped(unsafe { memmap2::Mmap::map(file)? }))
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Owned(bytes) => bytes,
            Bytes::Mapped(map) => map,
        }
    }
}
