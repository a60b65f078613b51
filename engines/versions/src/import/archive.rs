//! From where records come: a file, a folder, a zip or a tar, plain or compressed. One document at a time is in memory.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use super::{Sink, read_document};

/// How much one document may hold once it is unpacked; more is damage, not a reason to fill the memory.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A document of its own (the Debian tracker's JSON has about 80 MB).
    pub file_bytes: u64,
    /// A document in an archive.
    pub entry_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { file_bytes: 1 << 30, entry_bytes: 64 << 20 }
    }
}

/// Reads everything under a path: a document, an archive, or a folder of both, in the order of names. Hidden files and
/// links out of a folder are left aside. What cannot be read is damage in the outcome.
///
/// # Errors
/// Only when the path itself cannot be opened.
pub fn read_path(path: &Path, limits: Limits, sink: &mut Sink<'_>) -> io::Result<()> {
    if path.is_dir() {
        return read_folder(path, limits, sink);
    }
    let before = (sink.outcome.records, sink.outcome.damaged);
    read_file(path, limits, sink)?;
    if (sink.outcome.records, sink.outcome.damaged) == before {
        // Somebody meant this file to be read; silence would look like a source without advisories.
        sink.outcome.damage(path.display().to_string(), "no record of any known format is in it");
    }
    Ok(())
}

fn read_folder(path: &Path, limits: Limits, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        let below = entry.path();
        let result = if kind.is_dir() {
            read_folder(&below, limits, sink)
        } else if kind.is_file() {
            read_file(&below, limits, sink)
        } else {
            continue;
        };
        if let Err(error) = result {
            sink.outcome.damage(below.display().to_string(), error);
        }
    }
    Ok(())
}

/// The format of a file is told by its first bytes.
fn read_file(path: &Path, limits: Limits, sink: &mut Sink<'_>) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    let length = read_up_to(&mut file, &mut magic)?;
    file.rewind()?;
    let name = path.display().to_string();
    match &magic[..length] {
        [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => read_zip(&name, file, limits, sink),
        [0x28, 0xB5, 0x2F, 0xFD] => match zstd::Decoder::new(file) {
            Ok(reader) => read_stream(name.trim_end_matches(".zst"), reader, limits, sink),
            Err(error) => sink.outcome.damage(name, error),
        },
        [0x1F, 0x8B, ..] => {
            let reader = flate2::read::MultiGzDecoder::new(BufReader::new(file));
            read_stream(name.trim_end_matches(".gz").trim_end_matches(".tgz"), reader, limits, sink);
        }
        [0xFD, b'7', b'z', b'X'] => {
            let reader = lzma_rust2::XzReader::new(BufReader::new(file), true);
            read_stream(name.trim_end_matches(".xz").trim_end_matches(".txz"), reader, limits, sink);
        }
        [b'B', b'Z', b'h', _] => {
            sink.outcome.damage(name, "compressed with bzip2, which is not read; unpack it first");
        }
        _ => read_stream(&name, file, limits, sink),
    }
    Ok(())
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// A tar has `ustar` in its first block; everything else is one document.
fn read_stream(name: &str, mut reader: impl Read, limits: Limits, sink: &mut Sink<'_>) {
    let mut head = [0; 512];
    let length = match read_up_to(&mut reader, &mut head) {
        Ok(length) => length,
        Err(error) => return sink.outcome.damage(name, error),
    };
    let all = io::Cursor::new(&head[..length]).chain(reader);
    if length == 512 && &head[257..262] == b"ustar" {
        return read_tar(name, all, limits, sink);
    }
    match read_limited(all, limits.file_bytes) {
        Ok(bytes) => read_document(name, &bytes, sink),
        Err(error) => sink.outcome.damage(name, error),
    }
}

fn read_limited(reader: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("more than {most} bytes")));
    }
    Ok(bytes)
}

fn read_tar(name: &str, reader: impl Read, limits: Limits, sink: &mut Sink<'_>) {
    let mut archive = tar::Archive::new(reader);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return sink.outcome.damage(name, error),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return sink.outcome.damage(name, format!("the archive breaks off: {error}")),
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match read_limited(entry, limits.entry_bytes) {
            Ok(bytes) => read_document(&path, &bytes, sink),
            Err(error) => sink.outcome.damage(path, error),
        }
    }
}

fn read_zip(name: &str, file: File, limits: Limits, sink: &mut Sink<'_>) {
    let mut archive = match zip::ZipArchive::new(BufReader::new(file)) {
        Ok(archive) => archive,
        Err(error) => return sink.outcome.damage(name, error),
    };
    for at in 0..archive.len() {
        let entry = match archive.by_index(at) {
            Ok(entry) => entry,
            Err(error) => {
                sink.outcome.damage(format!("{name}, entry {}", at + 1), error);
                continue;
            }
        };
        if !entry.is_file() {
            continue;
        }
        let path =
            entry.name().map_or_else(|_| format!("{name}, entry {}", at + 1), std::borrow::Cow::into_owned);
        match read_limited(entry, limits.entry_bytes) {
            Ok(bytes) => read_document(&path, &bytes, sink),
            Err(error) => sink.outcome.damage(path, error),
        }
    }
}
