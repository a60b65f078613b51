//! The write-ahead log: what was acknowledged is on disk. Writers that arrive together share one fsync.
//!
//! A log is numbered files of frames: length (4 bytes), CRC-32 (4 bytes), payload. A checkpoint (`N.snap`) holds
//! everything from before file `N.wal` that is not in a partition yet, in the same frames.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::lock;

/// Length and checksum.
const HEADER: usize = 8;
/// A frame longer than this is damage, not data.
const LONGEST_FRAME: usize = 256 << 20;
/// Last frame of a complete checkpoint.
const END: &[u8] = b"end of checkpoint";

/// When a commit may be acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// After fsync; commits that wait together share one.
    Disk,
    /// After the bytes are with the operating system: survives the end of the process, and of the machine up to
    /// the last call of `Store::maintain`.
    System,
}

/// Bytes on disk that could not be used: where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub file: PathBuf,
    pub offset: u64,
    pub reason: String,
}

pub struct Wal {
    dir: PathBuf,
    durability: Durability,
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    file: Arc<File>,
    number: u64,
    /// Length of what is known to be written whole.
    len: u64,
    pending: Vec<u8>,
    submitted: u64,
    done: u64,
    is_writing: bool,
    /// Commits up to this number, since the last good one, failed and why.
    failed: Option<(u64, String)>,
    is_broken: bool,
}

impl Wal {
    /// Continues after the newest file of a folder. Old files are for [`replay`] to read first.
    pub fn open(dir: &Path, durability: Durability) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let number = numbered(dir, "wal")?.last().map_or(0, |n| n + 1);
        let file = Arc::new(create(&dir.join(name(number, "wal")))?);
        sync_dir(dir)?;
        let state = State {
            file,
            number,
            len: 0,
            pending: Vec::new(),
            submitted: 0,
            done: 0,
            is_writing: false,
            failed: None,
            is_broken: false,
        };
        Ok(Self { dir: dir.to_owned(), durability, state: Mutex::new(state), moved: Condvar::new() })
    }

    /// Writes one frame and returns when it is as durable as asked for.
    pub fn commit(&self, payload: &[u8]) -> io::Result<()> {
        let mut state = lock(&self.state);
        if state.is_broken {
            return Err(io::Error::other("the log could not be synced to disk; open the store again"));
        }
        put_frame(&mut state.pending, payload);
        state.submitted += 1;
        let mine = state.submitted;
        loop {
            if state.done >= mine {
                return match &state.failed {
                    Some((up_to, reason)) if mine <= *up_to => Err(io::Error::other(reason.clone())),
                    _ => Ok(()),
                };
            }
            if state.is_writing {
                state = self.moved.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
            } else {
                state = self.write_pending(state);
            }
        }
    }

    fn write_pending<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.is_writing = true;
        let bytes = std::mem::take(&mut state.pending);
        let (file, up_to, len) = (state.file.clone(), state.submitted, state.len);
        drop(state);
        let written = (&*file).write_all(&bytes);
        let synced = match (&written, self.durability) {
            (Ok(()), Durability::Disk) => file.sync_data(),
            _ => Ok(()),
        };
        let mut state = lock(&self.state);
        match (written, synced) {
            (Ok(()), Ok(())) => {
                state.len += bytes.len() as u64;
                // Earlier failures stay known to those who still wait: their numbers are below `done`.
            }
            (Err(fault), _) => {
                // A part of a frame must not stand before later ones.
                if file.set_len(len).is_err() {
                    state.is_broken = true;
                }
                state.failed = Some((up_to, format!("writing the log: {fault}")));
            }
            (_, Err(fault)) => {
                state.is_broken = true;
                state.failed = Some((u64::MAX, format!("syncing the log: {fault}")));
            }
        }
        state.done = up_to;
        state.is_writing = false;
        self.moved.notify_all();
        state
    }

    /// Makes everything durable that was acknowledged under [`Durability::System`].
    pub fn sync(&self) -> io::Result<()> {
        let file = lock(&self.state).file.clone();
        file.sync_data()
    }

    /// Bytes in the current file.
    pub fn bytes(&self) -> u64 {
        lock(&self.state).len
    }

    /// Starts a new file and returns its number.
    pub fn rotate(&self) -> io::Result<u64> {
        let mut state = lock(&self.state);
        while state.is_writing || !state.pending.is_empty() {
            if state.is_writing {
                state = self.moved.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
            } else {
                state = self.write_pending(state);
            }
        }
        state.file.sync_data()?;
        let number = state.number + 1;
        state.file = Arc::new(create(&self.dir.join(name(number, "wal")))?);
        sync_dir(&self.dir)?;
        state.number = number;
        state.len = 0;
        Ok(number)
    }

    /// Writes the checkpoint that makes all files before `number` unnecessary. Call [`Checkpoint::publish`] last.
    pub fn checkpoint(&self, number: u64) -> io::Result<Checkpoint> {
        let temporary = self.dir.join("checkpoint.tmp");
        let file = File::create(&temporary)?;
        let target = self.dir.join(name(number, "snap"));
        Ok(Checkpoint {
            out: BufWriter::with_capacity(1 << 20, file),
            temporary,
            target,
            dir: self.dir.clone(),
            number,
        })
    }
}

/// A checkpoint being written.
pub struct Checkpoint {
    out: BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
    dir: PathBuf,
    number: u64,
}

impl Checkpoint {
    pub fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        let mut frame = Vec::with_capacity(payload.len() + 8);
        put_frame(&mut frame, payload);
        self.out.write_all(&frame)
    }

    /// Makes the checkpoint valid and removes what it replaces.
    pub fn publish(mut self) -> io::Result<()> {
        self.write(END)?;
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.target)?;
        sync_dir(&self.dir)?;
        for extension in ["wal", "snap"] {
            for old in numbered(&self.dir, extension)?.into_iter().filter(|n| *n < self.number) {
                fs::remove_file(self.dir.join(name(old, extension)))?;
            }
        }
        Ok(())
    }
}

/// Hands every payload to `apply`, oldest first: the newest whole checkpoint, then the files after it. A torn end
/// is normal after a crash; anything else that cannot be read is returned as damage.
pub fn replay(dir: &Path, mut apply: impl FnMut(&[u8]) -> Result<(), String>) -> io::Result<Vec<Damage>> {
    let mut damage = Vec::new();
    if !dir.exists() {
        return Ok(damage);
    }
    let mut from = 0;
    for number in numbered(dir, "snap")?.into_iter().rev() {
        let path = dir.join(name(number, "snap"));
        if is_whole(&path)? {
            read_frames(&path, &mut apply, &mut damage)?;
            from = number;
            break;
        }
        damage.push(Damage { file: path, offset: 0, reason: "the checkpoint has no end".into() });
    }
    for number in numbered(dir, "wal")?.into_iter().filter(|n| *n >= from) {
        read_frames(&dir.join(name(number, "wal")), &mut apply, &mut damage)?;
    }
    Ok(damage)
}

fn is_whole(path: &Path) -> io::Result<bool> {
    let bytes = fs::read(path)?;
    Ok(bytes.ends_with(END))
}

fn read_frames(
    path: &Path,
    apply: &mut impl FnMut(&[u8]) -> Result<(), String>,
    damage: &mut Vec<Damage>,
) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let mut at = 0;
    let mut note = |at: usize, reason: String| {
        damage.push(Damage { file: path.to_owned(), offset: at as u64, reason });
    };
    while at < bytes.len() {
        if let Some(payload) = frame(&bytes[at..]) {
            if payload != END
                && let Err(reason) = apply(payload)
            {
                note(at, reason);
            }
            at += HEADER + payload.len();
            continue;
        }
        // A frame that was being written when the process ended, or damage: then more frames follow.
        match next_frame(&bytes, at + 1) {
            Some(next) => {
                note(at, format!("{} bytes of the log are damaged and were skipped", next - at));
                at = next;
            }
            None => break,
        }
    }
    Ok(())
}

/// The payload of the frame at the beginning of some bytes, if it is whole.
fn frame(bytes: &[u8]) -> Option<&[u8]> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let len = u32::from_le_bytes(header[..4].try_into().expect("four bytes")) as usize;
    let crc = u32::from_le_bytes(header[4..].try_into().expect("four bytes"));
    if len == 0 || len > LONGEST_FRAME {
        return None;
    }
    let payload = rest.get(..len)?;
    (crc32fast::hash(payload) == crc).then_some(payload)
}

/// Where the next whole frame begins. The search ends when it has cost too much.
fn next_frame(bytes: &[u8], from: usize) -> Option<usize> {
    let mut effort = 4_u64 << 30;
    for at in from..bytes.len().saturating_sub(HEADER) {
        let len = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        if len as usize > bytes.len() - at - HEADER {
            continue;
        }
        effort = effort.checked_sub(u64::from(len))?;
        if frame(&bytes[at..]).is_some() {
            return Some(at);
        }
    }
    None
}

fn put_frame(out: &mut Vec<u8>, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    out.extend_from_slice(payload);
}

pub(super) fn name(number: u64, extension: &str) -> String {
    format!("{number:010}.{extension}")
}

/// Numbers of the files with an extension, ascending.
pub(super) fn numbered(dir: &Path, extension: &str) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == extension) {
            numbers.extend(path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<u64>().ok()));
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create_new(true).append(true).open(path)
}
