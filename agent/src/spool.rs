//! What was seen and not yet acknowledged: an append-only file with a checksum on each line.
//!
//! A line is sixteen hex digits of SHA-256, a blank, JSON. The first line is the head (spool id, next
//! number, hashes last sent), every other one an item. A half-written last line is cut off and its number
//! used again, for nothing is sent before it is on disk. When a line in the middle is damaged it is left out
//! and every section is sent whole again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::collect::{Looked, text::hex};
use crate::disk;
use crate::wire::{Item, Section};

/// Rewriting the file is worth it when this much of it is acknowledged.
const MOST_ACKNOWLEDGED_BYTES: u64 = 1 << 20;
const CHECK_DIGITS: usize = 16;

/// The spool on disk; in memory only where each item stands.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    file: File,
    end: u64,
    limit_bytes: u64,
    head: Head,
    places: Vec<Place>,
    dropped: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Head {
    spool_id: String,
    next_seq: u64,
    /// Section → hash of the content last put into the spool.
    hashes: HashMap<Section, String>,
}

#[derive(Clone, Debug)]
struct Place {
    seq: u64,
    section: Section,
    is_changed: bool,
    offset: u64,
    length: usize,
}

impl Spool {
    /// Opens the spool at `path`, or makes one. `limit_bytes` bounds the file.
    pub fn open(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let mut read = Loaded::from(bytes.as_slice());
        if read.head.spool_id.is_empty() {
            read.head.spool_id = disk::random_hex(8)?;
            read.head.hashes.clear();
        }
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut spool = Self {
            path: path.to_owned(),
            file,
            end: read.end,
            limit_bytes,
            head: read.head,
            places: read.places,
            dropped: read.damaged,
        };
        if read.is_fresh || read.damaged > 0 {
            spool.rewrite(|_| true)?;
        } else {
            spool.file.set_len(spool.end)?;
        }
        Ok(spool)
    }

    /// Puts a look in: whole when its content changed, otherwise as "looked again, the same". On disk when
    /// this returns.
    pub fn append(&mut self, looked: Looked) -> io::Result<()> {
        let is_changed = self.head.hashes.get(&looked.section) != Some(&looked.hash);
        let item = Item {
            seq: self.head.next_seq,
            at_ms: looked.at_ms,
            section: looked.section,
            hash: looked.hash,
            content: is_changed.then_some(looked.content),
            took: looked.took,
        };
        let line = line(&item)?;
        if self.end + line.len() as u64 > self.limit_bytes {
            self.let_go()?;
        }
        self.file.seek(SeekFrom::Start(self.end))?;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if let Err(fault) = written {
            // A full disk: what was half written must not stand before the next line.
            let _ = self.file.set_len(self.end);
            return Err(fault);
        }
        self.places.push(Place {
            seq: item.seq,
            section: item.section.clone(),
            is_changed,
            offset: self.end,
            length: line.len(),
        });
        self.end += line.len() as u64;
        self.head.next_seq += 1;
        self.head.hashes.insert(item.section, item.hash);
        Ok(())
    }

    /// The oldest items, together at most `most_bytes` (one at least), as the JSON of each.
    pub fn oldest(&mut self, most: usize, most_bytes: usize) -> io::Result<Vec<Item>> {
        let (mut items, mut bytes) = (Vec::new(), 0);
        for place in self.places.iter().take(most) {
            bytes += place.length;
            if bytes > most_bytes && !items.is_empty() {
                break;
            }
            let mut buffer = vec![0; place.length];
            self.file.seek(SeekFrom::Start(place.offset))?;
            self.file.read_exact(&mut buffer)?;
            items
                .push(checked(&buffer).ok_or_else(|| io::Error::other("the spool changed under the agent"))?);
        }
        Ok(items)
    }

    /// Forgets what the server has. `acked` beyond our own numbers means that an older spool was lost: then
    /// numbering goes on above it and everything is sent whole.
    pub fn acknowledge(&mut self, acked: u64) -> io::Result<()> {
        if acked >= self.head.next_seq {
            self.head.next_seq = acked + 1;
            self.head.hashes.clear();
            self.places.clear();
            return self.rewrite(|_| true);
        }
        let before = self.places.len();
        self.places.retain(|place| place.seq > acked);
        let kept: u64 = self.places.iter().map(|place| place.length as u64).sum();
        let is_all = self.places.is_empty() && before > 0;
        if is_all || self.end.saturating_sub(kept) > MOST_ACKNOWLEDGED_BYTES {
            return self.rewrite(|_| true);
        }
        Ok(())
    }

    /// Leaves out one item the server will never take; its section is sent whole next time.
    pub fn leave_out(&mut self, seq: u64) -> io::Result<()> {
        if let Some(place) = self.places.iter().find(|place| place.seq == seq) {
            self.head.hashes.remove(&place.section.clone());
            self.dropped += 1;
        }
        self.rewrite(|place| place.seq != seq)
    }

    /// The next look at these sections is sent whole.
    pub fn forget(&mut self, sections: &[Section]) -> io::Result<()> {
        for section in sections {
            self.head.hashes.remove(section);
        }
        self.rewrite(|_| true)
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn id(&self) -> &str {
        &self.head.spool_id
    }

    /// How many items had to go since the last call of [`Spool::told_dropped`].
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The server heard of that many dropped items.
    pub fn told_dropped(&mut self, count: u64) {
        self.dropped = self.dropped.saturating_sub(count);
    }

    /// Full: of each section its newest content and its newest look stay.
    fn let_go(&mut self) -> io::Result<()> {
        let mut newest: HashMap<(Section, bool), u64> = HashMap::new();
        for place in &self.places {
            newest.insert((place.section.clone(), place.is_changed), place.seq);
        }
        let before = self.places.len();
        self.rewrite(|place| newest.get(&(place.section.clone(), place.is_changed)) == Some(&place.seq))?;
        self.dropped += (before - self.places.len()) as u64;
        Ok(())
    }

    /// Writes head and kept items anew, whole or not at all.
    fn rewrite(&mut self, keep: impl Fn(&Place) -> bool) -> io::Result<()> {
        let mut bytes = line(&self.head)?;
        let mut places = Vec::new();
        for place in self.places.iter().filter(|place| keep(place)) {
            let start = bytes.len();
            bytes.resize(start + place.length, 0);
            self.file.seek(SeekFrom::Start(place.offset))?;
            self.file.read_exact(&mut bytes[start..])?;
            places.push(Place { offset: start as u64, ..place.clone() });
        }
        disk::replace(&self.path, &bytes)?;
        self.file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        (self.end, self.places) = (bytes.len() as u64, places);
        Ok(())
    }
}

/// What a file of lines holds.
struct Loaded {
    head: Head,
    places: Vec<Place>,
    end: u64,
    damaged: u64,
    is_fresh: bool,
}

impl From<&[u8]> for Loaded {
    fn from(bytes: &[u8]) -> Self {
        let mut loaded = Self {
            head: Head { next_seq: 1, ..Head::default() },
            places: Vec::new(),
            end: 0,
            damaged: 0,
            is_fresh: true,
        };
        let mut offset = 0_u64;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let start = offset;
            offset += line.len() as u64;
            if !line.ends_with(b"\n") {
                break; // half written: never sent, made again
            }
            if let Some(head) = checked::<Head>(line).filter(|_| start == 0) {
                (loaded.head, loaded.is_fresh) = (head, false);
            } else if let Some(item) = checked::<Item>(line) {
                loaded.places.push(Place {
                    seq: item.seq,
                    section: item.section.clone(),
                    is_changed: item.content.is_some(),
                    offset: start,
                    length: line.len(),
                });
                loaded.head.next_seq = loaded.head.next_seq.max(item.seq + 1);
                loaded.head.hashes.insert(item.section, item.hash);
            } else {
                loaded.damaged += 1;
            }
            loaded.end = offset;
        }
        if loaded.damaged > 0 {
            loaded.head.hashes.clear();
        }
        loaded
    }
}

fn line<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(value)?;
    let mut line = hex(&Sha256::digest(&json)).as_bytes()[..CHECK_DIGITS].to_vec();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

fn checked<T: serde::de::DeserializeOwned>(line: &[u8]) -> Option<T> {
    let json = line.strip_suffix(b"\n")?.get(CHECK_DIGITS + 1..)?;
    let is_whole = hex(&Sha256::digest(json)).as_bytes()[..CHECK_DIGITS] == line[..CHECK_DIGITS];
    is_whole.then(|| serde_json::from_slice(json).ok()).flatten()
}

#[cfg(test)]
mod tests;
