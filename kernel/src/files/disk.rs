//! The folder of bytes: `sha256/ab/cd/…`, filled by writing aside, syncing and renaming.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::{Digest, Kept, store};
use crate::store::Db;
use crate::{Clock, Fault, id};

const CHUNK_BYTES: usize = 64 << 10;
/// Taking in stops while the disk has less than this left: the database needs it more.
const LEAST_FREE_BYTES: u64 = 256 << 20;
const LOOK_AT_DISK_EVERY: u64 = 32 << 20;
/// Bytes this young may belong to a use case that has not committed yet.
const YOUNG: Duration = Duration::from_hours(24);

/// The folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Files(Arc<PathBuf>);

impl Files {
    /// Uses this folder; makes it when it is missing, readable by its owner only.
    ///
    /// # Errors
    /// `Conflict` (`files_unusable`) with the reason.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let make = || -> io::Result<()> {
            fs::create_dir_all(folder.join("sha256"))?;
            fs::create_dir_all(folder.join("incoming"))?;
            File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
            use_only(folder)
        };
        make().map_err(|error| {
            let detail = format!("the folder {} cannot be used: {error}; check its owner", folder.display());
            Fault::conflict("files_unusable", detail)
        })?;
        Ok(Self(Arc::new(folder.to_path_buf())))
    }

    /// Takes bytes in to their end; when this answers they are on disk, and stay for a day even if nothing holds them.
    ///
    /// # Errors
    /// `Invalid` on `file` (`too_long`) beyond `most_bytes`, `Away` when the disk is full; nothing stays then.
    pub async fn take_in(
        &self,
        reader: &mut (dyn AsyncRead + Send + Unpin),
        most_bytes: u64,
    ) -> Result<Kept, Fault> {
        let aside = self.0.join("incoming").join(id::letters(&id::random::<16>()));
        let taken = self.write_aside(&aside, reader, most_bytes).await;
        let (digest, size) = match taken {
            Ok(taken) => taken,
            Err(fault) => {
                drop(tokio::fs::remove_file(&aside).await);
                return Err(fault);
            }
        };
        let (own, from) = (self.clone(), aside.clone());
        let placed =
            tokio::task::spawn_blocking(move || own.place(&from, digest)).await.map_err(Fault::broken)?;
        if let Err(error) = placed {
            drop(tokio::fs::remove_file(&aside).await);
            return Err(fault(&error));
        }
        Ok(Kept { digest, size_bytes: i64::try_from(size).unwrap_or(i64::MAX) })
    }

    /// Opens bytes for reading; ask [`super::held`] first whether the caller may have them.
    ///
    /// # Errors
    /// `NotFound` when they are not here.
    pub async fn read(&self, digest: Digest) -> Result<tokio::fs::File, Fault> {
        match tokio::fs::File::open(self.path(digest)).await {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fault::NotFound { what: "file" }),
            Err(error) => Err(Fault::broken(error)),
        }
    }

    /// Whether the bytes still are what their name says: for `doctor`.
    pub async fn is_whole(&self, digest: Digest) -> Result<bool, Fault> {
        let (mut file, mut hash, mut chunk) = (self.read(digest).await?, Sha256::new(), vec![0; CHUNK_BYTES]);
        loop {
            match file.read(&mut chunk).await.map_err(Fault::broken)? {
                0 => return Ok(Digest(hash.finalize().into()) == digest),
                count => hash.update(&chunk[..count]),
            }
        }
    }

    /// Removes bytes that no organisation has a row for and that are older than a day, and what broken-off uploads
    /// left; answers how many. Run it daily, after [`super::sweep`] of every organisation.
    pub async fn sweep(&self, db: &Db, clock: &Clock) -> Result<u64, Fault> {
        let own = self.clone();
        let now_ms = clock.now_ms();
        let old = tokio::task::spawn_blocking(move || own.old(now_ms)).await.map_err(Fault::broken)?;
        let (incoming, digests) = old.map_err(Fault::broken)?;
        let mut count = 0;
        for path in incoming {
            count += u64::from(tokio::fs::remove_file(path).await.is_ok());
        }
        for some in digests.chunks(500) {
            let names: Vec<String> = some.iter().map(Digest::to_string).collect();
            let list = serde_json::to_string(&names).map_err(Fault::broken)?;
            let known = db.read(move |tx| store::known(tx, &list)).await?;
            let gone: Vec<Digest> =
                some.iter().filter(|digest| !known.contains(&digest.to_string())).copied().collect();
            let own = self.clone();
            let removed = tokio::task::spawn_blocking(move || own.remove(&gone, now_ms))
                .await
                .map_err(Fault::broken)?;
            count += removed.map_err(Fault::broken)?;
        }
        Ok(count)
    }

    async fn write_aside(
        &self,
        aside: &Path,
        reader: &mut (dyn AsyncRead + Send + Unpin),
        most_bytes: u64,
    ) -> Result<(Digest, u64), Fault> {
        let mut file = tokio::fs::File::create_new(aside).await.map_err(|error| fault(&error))?;
        let (mut hash, mut size, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK_BYTES]);
        let mut look_at = 0;
        loop {
            if size >= look_at {
                self.refuse_full_disk()?;
                look_at = size + LOOK_AT_DISK_EVERY;
            }
            let count = reader.read(&mut chunk).await.map_err(|error| {
                Fault::invalid("file", "broken_off", format!("the upload broke off: {error}"))
            })?;
            if count == 0 {
                break;
            }
            size += count as u64;
            if size > most_bytes {
                let detail = format!("the file is larger than {} MB", most_bytes.div_ceil(1 << 20));
                return Err(Fault::invalid("file", "too_long", detail));
            }
            hash.update(&chunk[..count]);
            file.write_all(&chunk[..count]).await.map_err(|error| fault(&error))?;
        }
        file.flush().await.map_err(|error| fault(&error))?;
        file.sync_all().await.map_err(|error| fault(&error))?;
        Ok((Digest(hash.finalize().into()), size))
    }

    /// Renames into place. The lock keeps the sweep from removing in the same moment what it took for old.
    fn place(&self, aside: &Path, digest: Digest) -> io::Result<()> {
        let path = self.path(digest);
        let folder = path.parent().unwrap_or(&self.0).to_path_buf();
        fs::create_dir_all(&folder)?;
        let lock = File::open(self.0.join("lock"))?;
        lock.lock_shared()?;
        fs::rename(aside, &path)?;
        // The names on the way are on disk as well, not only the bytes.
        let mut synced = Some(folder.as_path());
        while let Some(folder) = synced.filter(|folder| folder.starts_with(&*self.0)) {
            File::open(folder)?.sync_all()?;
            synced = folder.parent();
        }
        Ok(())
    }

    fn remove(&self, digests: &[Digest], now_ms: i64) -> io::Result<u64> {
        let lock = File::options().write(true).open(self.0.join("lock"))?;
        lock.lock()?;
        let mut count = 0;
        for path in digests.iter().map(|digest| self.path(*digest)) {
            if is_old(&path, now_ms) {
                count += u64::from(fs::remove_file(path).is_ok());
            }
        }
        Ok(count)
    }

    fn old(&self, now_ms: i64) -> io::Result<(Vec<PathBuf>, Vec<Digest>)> {
        let names = |folder: &Path| -> io::Result<Vec<PathBuf>> {
            fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
        };
        let incoming =
            names(&self.0.join("incoming"))?.into_iter().filter(|path| is_old(path, now_ms)).collect();
        let mut digests = Vec::new();
        for first in names(&self.0.join("sha256"))? {
            for second in names(&first)? {
                for path in names(&second)?.into_iter().filter(|path| is_old(path, now_ms)) {
                    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    digests.extend(name.parse::<Digest>().ok());
                }
            }
        }
        Ok((incoming, digests))
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.0.join("sha256").join(&name[..2]).join(&name[2..4]).join(name)
    }

    fn refuse_full_disk(&self) -> Result<(), Fault> {
        let disk = rustix::fs::statvfs(&*self.0).map_err(Fault::broken)?;
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free_bytes >= LEAST_FREE_BYTES {
            return Ok(());
        }
        let what = format!(
            "the disk of {} has only {} MB free, and the store of files",
            self.0.display(),
            free_bytes >> 20
        );
        Err(Fault::Away { what, retry_after_s: 60 })
    }
}

fn is_old(path: &Path, now_ms: i64) -> bool {
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms.unsigned_abs());
    let changed = fs::metadata(path).and_then(|meta| meta.modified());
    changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > YOUNG))
}

fn use_only(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

fn fault(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Fault::Away { what: "the disk is full, and the store of files".to_owned(), retry_after_s: 60 }
        }
        _ => Fault::broken(format!("a file could not be taken in: {error}")),
    }
}
