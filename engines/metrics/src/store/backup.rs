//! A copy of a store while it runs.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::rollup::Resolution;
use super::{Store, lock, read};

impl Store {
    /// Copies the store to an empty folder from which it can be opened. Everything acknowledged before the call is
    /// in it. Writers wait only while the newest samples are copied in memory.
    pub fn back_up(&self, target: &Path) -> io::Result<()> {
        fs::create_dir_all(target)?;
        if fs::read_dir(target)?.next().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the target folder of the backup is not empty",
            ));
        }
        self.checkpoint()?;
        let _writing = lock(&self.writing); // no file is replaced or removed meanwhile
        for resolution in Resolution::ALL {
            for partition in read(self.level(resolution)).values() {
                for (path, len) in read(partition).files() {
                    copy(&self.dir, &path, len, target)?;
                }
            }
        }
        for folder in ["series", "wal"] {
            for entry in fs::read_dir(self.dir.join(folder))? {
                let path = entry?.path();
                if path.extension().is_some_and(|e| e == "wal" || e == "snap") {
                    // A frame that is written meanwhile may be cut: it is not acknowledged yet or newer than the call.
                    copy(&self.dir, &path, u64::MAX, target)?;
                }
            }
        }
        Ok(())
    }
}

fn copy(from: &Path, path: &Path, len: u64, to: &Path) -> io::Result<()> {
    let relative = path.strip_prefix(from).map_err(io::Error::other)?;
    let target = to.join(relative);
    fs::create_dir_all(target.parent().expect("a file stands in a folder"))?;
    let mut input = File::open(path)?.take(len);
    let mut output = File::create(&target)?;
    io::copy(&mut input, &mut output)?;
    output.flush()?;
    output.sync_all()
}
