//! The host a collector looks at: its files under a root folder, its /proc, and bounded ways to read both.
//!
//! A fixture is a folder with a host's files in it; there no program is ever run, and an absolute symbolic
//! link points inside the folder.

mod command;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

pub use command::{CommandFault, Spoken};

use crate::clock;

/// Files larger than this are never read whole unless the caller names a larger limit.
pub const USUAL_LIMIT_BYTES: u64 = 8 << 20;

/// How many symbolic links one path may pass, as in the kernel.
const MOST_LINKS: usize = 40;

/// Where a collector looks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
    proc_root: PathBuf,
    is_live: bool,
    now_ms: u64,
}

impl Host {
    /// The machine this process runs on, at this moment.
    pub fn live() -> Self {
        Self { root: "/".into(), proc_root: "/proc".into(), is_live: true, now_ms: clock::now_ms() }
    }

    /// A folder that holds a host's files (its `/proc` in `root/proc`), as of `now_ms`.
    /// No program is run for such a host.
    pub fn fixture(root: impl Into<PathBuf>, now_ms: u64) -> Self {
        let root = root.into();
        Self { proc_root: root.join("proc"), root, is_live: false, now_ms }
    }

    /// Whether this is the running machine, so that programs and sockets may be asked.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// The moment of this look, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Whether this look has root's rights. A fixture is looked at as if by root.
    pub fn is_root(&self) -> bool {
        !self.is_live || rustix::process::geteuid().is_root()
    }

    /// The place of an absolute path of the host in our own file system, symbolic links followed.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        if self.is_live {
            return path.as_ref().to_owned();
        }
        inside(&self.root, path.as_ref()).unwrap_or_else(|| self.root.join("..too many links"))
    }

    /// A place under `/proc`.
    pub fn proc(&self, path: impl AsRef<Path>) -> PathBuf {
        self.proc_root.join(path)
    }

    /// What is known about a file; a last symbolic link is followed.
    pub fn metadata(&self, path: impl AsRef<Path>) -> io::Result<Metadata> {
        fs::metadata(self.path(path))
    }

    /// Whether something is at this path.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.metadata(path).is_ok()
    }

    /// A whole file of at most [`USUAL_LIMIT_BYTES`].
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        self.read_limited(path, USUAL_LIMIT_BYTES)
    }

    /// A whole file of at most `limit_bytes`; a larger one is a fault of kind `FileTooLarge`, a thing that
    /// is no plain file one of kind `InvalidInput` (so that a pipe cannot hold us).
    pub fn read_limited(&self, path: impl AsRef<Path>, limit_bytes: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(limit_bytes + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("larger than {limit_bytes} bytes"),
            ));
        }
        Ok(bytes)
    }

    /// A file as text; bytes that are no UTF-8 become the replacement character.
    pub fn text(&self, path: impl AsRef<Path>) -> io::Result<String> {
        Ok(lossy(self.read(path)?))
    }

    /// A file under `/proc` as text.
    pub fn proc_text(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let mut bytes = Vec::new();
        File::open(self.proc(path))?.take(USUAL_LIMIT_BYTES).read_to_end(&mut bytes)?;
        Ok(lossy(bytes))
    }

    /// A plain file, opened for reading.
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(nonblock).open(self.path(path))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"));
        }
        Ok(file)
    }

    /// The names in a folder, sorted; names that are no UTF-8 are left out.
    pub fn list(&self, path: impl AsRef<Path>) -> io::Result<Vec<String>> {
        names(&self.path(path))
    }

    /// The numbers of all processes, rising.
    pub fn processes(&self) -> io::Result<Vec<u32>> {
        let mut ids: Vec<u32> = names(&self.proc_root)?.iter().filter_map(|name| name.parse().ok()).collect();
        ids.sort_unstable();
        Ok(ids)
    }
}

/// A fault in words a person can use: `/etc/shadow: readable by root only`.
pub fn reason(path: &str, fault: &io::Error) -> String {
    match fault.kind() {
        io::ErrorKind::NotFound => format!("{path} is not there"),
        io::ErrorKind::PermissionDenied => format!("{path} may not be read by this user"),
        _ => format!("{path}: {fault}"),
    }
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Resolves `path` as if `root` were `/`. `None` after too many links.
fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut waiting: Vec<PathBuf> = pieces(path);
    let mut at = PathBuf::new();
    let mut links = 0;
    while let Some(piece) = waiting.pop() {
        if piece.as_os_str() == ".." {
            at.pop();
            continue;
        }
        let Ok(target) = fs::read_link(root.join(&at).join(&piece)) else {
            at.push(piece);
            continue;
        };
        links += 1;
        if links > MOST_LINKS {
            return None;
        }
        if target.is_absolute() {
            at = PathBuf::new();
        }
        waiting.extend(pieces(&target));
    }
    Some(root.join(at))
}

/// The named pieces of a path, last first.
fn pieces(path: &Path) -> Vec<PathBuf> {
    let named = |piece: Component<'_>| match piece {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        _ => None,
    };
    path.components().rev().filter_map(named).collect()
}

#[cfg(test)]
mod tests;
