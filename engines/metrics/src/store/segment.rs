//! Files of chunks. While a partition is filled, chunks are appended as they are sealed (`.chunks`); when it is
//! over, one sorted file with an index replaces them (`.sorted`), and memory holds only every 64th entry of it.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cache::Cache;
use super::index::SeriesId;
use super::wal::Damage;

const MAGIC: [u8; 2] = *b"mc";
const HEADER: usize = 32;
const ENTRY: usize = 32;
const FOOTER: usize = 32;
const FOOTER_MAGIC: [u8; 8] = *b"msorted1";
const SPARSE: usize = 64;

/// Numbers for opened files, none of which is given twice while the process lives.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// What a chunk holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Kind {
    Floats = 1,
    Histograms = 2,
    Rollup = 3,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Floats, Self::Histograms, Self::Rollup].into_iter().find(|k| *k as u8 == byte)
    }
}

/// A chunk in memory.
#[derive(Debug)]
pub struct Chunk {
    pub series: SeriesId,
    pub kind: Kind,
    /// First and last time in it.
    pub t0: i64,
    pub t1: i64,
    pub count: u32,
    pub bytes: Vec<u8>,
}

/// Where a chunk is in its file.
#[derive(Clone, Copy, Debug)]
pub struct ChunkRef {
    pub series: SeriesId,
    pub kind: Kind,
    pub t0: i64,
    pub t1: i64,
    pub count: u32,
    pub offset: u64,
    /// Of the payload, without the header.
    pub len: u32,
}

/// Blocks of the indexes of sorted files that were read lately.
pub type Blocks = Cache<Vec<ChunkRef>>;

/// One file of chunks, opened.
pub struct Segment {
    pub path: PathBuf,
    pub number: u64,
    /// Of this opening of the file, for caches.
    pub id: u64,
    pub bytes: u64,
    file: File,
    directory: Directory,
}

enum Directory {
    Memory(HashMap<SeriesId, Vec<ChunkRef>>),
    Sparse { start: u64, entries: usize, firsts: Vec<SeriesId> },
}

impl Segment {
    /// Starts a file to append to.
    pub fn create(path: &Path, number: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create_new(true).read(true).append(true).open(path)?;
        Ok(Self::opened(path, number, 0, file, Directory::Memory(HashMap::new())))
    }

    /// Opens an appended file. What cannot be read at its end is cut off, damage inside is skipped; both are named.
    pub fn open_appended(path: &Path, number: u64, damage: &mut Vec<Damage>) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let bytes = fs::read(path)?;
        let (found, end) = scan(path, &bytes, damage);
        if end < bytes.len() {
            file.set_len(end as u64)?;
        }
        let mut map: HashMap<SeriesId, Vec<ChunkRef>> = HashMap::new();
        for chunk in found {
            map.entry(chunk.series).or_default().push(chunk);
        }
        Ok(Self::opened(path, number, end as u64, file, Directory::Memory(map)))
    }

    /// Opens a sorted file; with a damaged index its chunks are found by reading through it.
    pub fn open_sorted(path: &Path, number: u64, damage: &mut Vec<Damage>) -> io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        if let Some(directory) = read_sparse(&file, bytes)? {
            Ok(Self::opened(path, number, bytes, file, directory))
        } else {
            let reason = "the index of the file is damaged; its chunks were searched one by one".to_owned();
            damage.push(Damage { file: path.to_owned(), offset: bytes, reason });
            let (found, _) = scan(path, &fs::read(path)?, &mut Vec::new());
            let mut map: HashMap<SeriesId, Vec<ChunkRef>> = HashMap::new();
            for chunk in found {
                map.entry(chunk.series).or_default().push(chunk);
            }
            Ok(Self::opened(path, number, bytes, file, Directory::Memory(map)))
        }
    }

    fn opened(path: &Path, number: u64, bytes: u64, file: File, directory: Directory) -> Self {
        let id = OPENED.fetch_add(1, Ordering::Relaxed);
        Self { path: path.to_owned(), number, id, bytes, file, directory }
    }

    /// Appends chunks and syncs them. Afterwards they are found by [`Segment::refs`].
    pub fn append(&mut self, chunks: &[&Chunk]) -> io::Result<()> {
        let Directory::Memory(map) = &mut self.directory else {
            return Err(io::Error::other("a sorted file is not appended to"));
        };
        let mut buffer = Vec::new();
        let mut refs = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            refs.push(put_record(&mut buffer, chunk, self.bytes));
        }
        if let Err(fault) = self.file.write_all(&buffer).and_then(|()| self.file.sync_data()) {
            self.file.set_len(self.bytes)?;
            return Err(fault);
        }
        self.bytes += buffer.len() as u64;
        for chunk in refs {
            map.entry(chunk.series).or_default().push(chunk);
        }
        Ok(())
    }

    pub fn is_sorted(&self) -> bool {
        matches!(self.directory, Directory::Sparse { .. })
    }

    /// The chunks of one series, as far as they touch a span of time.
    pub fn refs(
        &self,
        series: SeriesId,
        (from, to): (i64, i64),
        blocks: &Blocks,
        out: &mut Vec<ChunkRef>,
    ) -> io::Result<()> {
        match &self.directory {
            Directory::Memory(map) => {
                let found = map.get(&series).into_iter().flatten();
                out.extend(found.filter(|c| c.t1 >= from && c.t0 <= to));
            }
            Directory::Sparse { start, entries, firsts } => {
                // The first entry of the series may stand in the block before the first that begins with it.
                let mut block = firsts.partition_point(|first| *first < series).saturating_sub(1);
                while block < firsts.len() && firsts[block] <= series {
                    let refs = self.block(*start, *entries, block, blocks)?;
                    let first = refs.partition_point(|chunk| chunk.series < series);
                    let of_series = refs[first..].iter().take_while(|chunk| chunk.series == series);
                    out.extend(of_series.filter(|chunk| chunk.t1 >= from && chunk.t0 <= to));
                    block += 1;
                }
            }
        }
        Ok(())
    }

    /// All chunks, in the order of series where the file is sorted.
    pub fn all_refs(&self) -> io::Result<Vec<ChunkRef>> {
        match &self.directory {
            Directory::Memory(map) => Ok(map.values().flatten().copied().collect()),
            Directory::Sparse { start, entries, firsts } => {
                let mut all = Vec::with_capacity(*entries);
                for block in 0..firsts.len() {
                    all.extend(self.read_block(*start, *entries, block)?);
                }
                Ok(all)
            }
        }
    }

    /// Reads a chunk into a buffer; its payload after the checksum was compared.
    pub fn read<'b>(&self, chunk: &ChunkRef, record: &'b mut Vec<u8>) -> Result<&'b [u8], Damage> {
        let damage = |reason: String| Damage { file: self.path.clone(), offset: chunk.offset, reason };
        record.resize(HEADER + chunk.len as usize, 0);
        self.file.read_exact_at(record, chunk.offset).map_err(|fault| damage(fault.to_string()))?;
        let crc = u32::from_le_bytes(record[4..8].try_into().expect("four bytes"));
        if record[..2] != MAGIC || crc32fast::hash(&record[8..]) != crc {
            return Err(damage(format!("a chunk of series {} does not match its checksum", chunk.series)));
        }
        Ok(&record[HEADER..])
    }

    /// A block of the index, from memory where it was read lately.
    fn block(
        &self,
        start: u64,
        entries: usize,
        block: usize,
        blocks: &Blocks,
    ) -> io::Result<Arc<Vec<ChunkRef>>> {
        let place = (self.id, block as u64);
        if let Some(refs) = blocks.get(place) {
            return Ok(refs);
        }
        let refs = Arc::new(self.read_block(start, entries, block)?);
        blocks.put(place, refs.clone(), refs.capacity() * size_of::<ChunkRef>());
        Ok(refs)
    }

    fn read_block(&self, start: u64, entries: usize, block: usize) -> io::Result<Vec<ChunkRef>> {
        let first = block * SPARSE;
        let count = SPARSE.min(entries - first);
        let mut bytes = vec![0; count * ENTRY];
        self.file.read_exact_at(&mut bytes, start + (first * ENTRY) as u64)?;
        Ok(bytes.chunks_exact(ENTRY).filter_map(read_entry).collect())
    }
}

/// A sorted file being written; chunks come in the order of series, then of time.
pub struct SortedWriter {
    out: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
    bytes: u64,
    index: Vec<u8>,
}

impl SortedWriter {
    pub fn create(path: &Path) -> io::Result<Self> {
        let temporary = path.with_extension("tmp");
        let out = BufWriter::with_capacity(1 << 20, File::create(&temporary)?);
        Ok(Self { out, temporary, path: path.to_owned(), bytes: 0, index: Vec::new() })
    }

    pub fn push(&mut self, chunk: &Chunk) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(HEADER + chunk.bytes.len());
        let entry = put_record(&mut buffer, chunk, self.bytes);
        self.out.write_all(&buffer)?;
        self.bytes += buffer.len() as u64;
        put_entry(&mut self.index, &entry);
        Ok(())
    }

    /// Writes the index and gives the file its name.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.index)?;
        let mut footer = Vec::with_capacity(FOOTER);
        footer.extend_from_slice(&FOOTER_MAGIC);
        footer.extend_from_slice(&self.bytes.to_le_bytes());
        footer.extend_from_slice(&((self.index.len() / ENTRY) as u64).to_le_bytes());
        footer.extend_from_slice(&crc32fast::hash(&self.index).to_le_bytes());
        footer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
        self.out.write_all(&footer)?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        super::wal::sync_dir(self.path.parent().expect("a file stands in a folder"))
    }
}

fn put_record(out: &mut Vec<u8>, chunk: &Chunk, base: u64) -> ChunkRef {
    let at = out.len();
    let len = chunk.bytes.len() as u32;
    out.extend_from_slice(&MAGIC);
    out.push(chunk.kind as u8);
    out.push(0);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&chunk.series.to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&chunk.t0.to_le_bytes());
    out.extend_from_slice(&((chunk.t1 - chunk.t0) as u32).to_le_bytes());
    out.extend_from_slice(&chunk.count.to_le_bytes());
    out.extend_from_slice(&chunk.bytes);
    let crc = crc32fast::hash(&out[at + 8..]);
    out[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
    let Chunk { series, kind, t0, t1, count, .. } = *chunk;
    ChunkRef { series, kind, t0, t1, count, offset: base + at as u64, len }
}

/// Finds the records in the bytes of a file, and where they end.
fn scan(path: &Path, bytes: &[u8], damage: &mut Vec<Damage>) -> (Vec<ChunkRef>, usize) {
    let mut found = Vec::new();
    let (mut at, mut end) = (0, 0);
    let mut bad_since = None;
    let mut note = |from: usize, reason: &str| {
        damage.push(Damage { file: path.to_owned(), offset: from as u64, reason: reason.into() });
    };
    while at + HEADER <= bytes.len() {
        if let Some(chunk) = read_record(bytes, at) {
            if let Some(from) = bad_since.take() {
                note(from, "bytes between chunks are damaged and were skipped");
            }
            at += HEADER + chunk.len as usize;
            end = at;
            found.push(chunk);
        } else {
            bad_since.get_or_insert(at);
            let rest = &bytes[at + 1..];
            at = rest.windows(2).position(|w| w == MAGIC).map_or(bytes.len(), |next| at + 1 + next);
        }
    }
    if end < bytes.len() {
        note(end, "the end of the file holds no whole chunk and was cut off");
    }
    (found, end)
}

fn read_record(bytes: &[u8], at: usize) -> Option<ChunkRef> {
    let header = &bytes[at..at + HEADER];
    let u32_at = |i: usize| u32::from_le_bytes(header[i..i + 4].try_into().expect("four bytes"));
    let len = u32_at(12);
    let end = at.checked_add(HEADER)?.checked_add(len as usize)?;
    if header[..2] != MAGIC || end > bytes.len() || crc32fast::hash(&bytes[at + 8..end]) != u32_at(4) {
        return None;
    }
    let t0 = i64::from_le_bytes(header[16..24].try_into().expect("eight bytes"));
    Some(ChunkRef {
        series: u32_at(8),
        kind: Kind::from_byte(header[2])?,
        t0,
        t1: t0.checked_add(u32_at(24).into())?,
        count: u32_at(28),
        offset: at as u64,
        len,
    })
}

/// series, length, t0, span, offset and kind in one word, count: 32 bytes.
fn put_entry(out: &mut Vec<u8>, chunk: &ChunkRef) {
    out.extend_from_slice(&chunk.series.to_le_bytes());
    out.extend_from_slice(&chunk.len.to_le_bytes());
    out.extend_from_slice(&chunk.t0.to_le_bytes());
    out.extend_from_slice(&((chunk.t1 - chunk.t0) as u32).to_le_bytes());
    out.extend_from_slice(&(chunk.offset << 8 | chunk.kind as u64).to_le_bytes());
    out.extend_from_slice(&chunk.count.to_le_bytes());
}

fn read_entry(entry: &[u8]) -> Option<ChunkRef> {
    let u32_at = |i: usize| u32::from_le_bytes(entry[i..i + 4].try_into().expect("four bytes"));
    let u64_at = |i: usize| u64::from_le_bytes(entry[i..i + 8].try_into().expect("eight bytes"));
    let t0 = u64_at(8) as i64;
    Some(ChunkRef {
        series: u32_at(0),
        len: u32_at(4),
        t0,
        t1: t0.checked_add(u32_at(16).into())?,
        offset: u64_at(20) >> 8,
        kind: Kind::from_byte(u64_at(20) as u8)?,
        count: u32_at(28),
    })
}

fn read_sparse(file: &File, bytes: u64) -> io::Result<Option<Directory>> {
    if bytes < FOOTER as u64 {
        return Ok(None);
    }
    let mut footer = [0; FOOTER];
    file.read_exact_at(&mut footer, bytes - FOOTER as u64)?;
    let u64_at = |i: usize| u64::from_le_bytes(footer[i..i + 8].try_into().expect("eight bytes"));
    let crc = u32::from_le_bytes(footer[24..28].try_into().expect("four bytes"));
    let own_crc = u32::from_le_bytes(footer[28..].try_into().expect("four bytes"));
    if footer[..8] != FOOTER_MAGIC || crc32fast::hash(&footer[..28]) != own_crc {
        return Ok(None);
    }
    let (start, entries) = (u64_at(8), u64_at(16) as usize);
    let mut index = vec![0; entries * ENTRY];
    file.read_exact_at(&mut index, start)?;
    if crc32fast::hash(&index) != crc {
        return Ok(None);
    }
    let firsts = index
        .chunks(SPARSE * ENTRY)
        .map(|block| u32::from_le_bytes(block[..4].try_into().expect("four bytes")))
        .collect();
    Ok(Some(Directory::Sparse { start, entries, firsts }))
}
