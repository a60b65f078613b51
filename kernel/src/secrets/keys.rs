//! The root key of this installation: a file that only its owner may read, made at the first start.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::store::Db;
use crate::{Fault, id};

const FIRST_WORD: &str = "mainstay-root-key-1 ";

/// The root key, in memory. Cheap to clone; never printed.
#[derive(Clone)]
pub struct Keys(Arc<[u8; 32]>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// A key that is known: for tests, and where a key comes from elsewhere than a file.
    pub fn known(root: [u8; 32]) -> Self {
        Self(Arc::new(root))
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// `Conflict` with what to do: `key_missing`, `key_too_open`, `key_broken`, `key_unreadable`.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let shown = path.display();
        let meta = match std::fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let detail = format!("the key file {shown} is missing; put it back from your backup of it");
                return Err(Fault::conflict("key_missing", detail));
            }
            Err(error) => return Err(unreadable(path, &error)),
        };
        if meta.permissions().mode() & 0o077 != 0 {
            let detail = format!("others may read the key file {shown}; run: chmod 600 {shown}");
            return Err(Fault::conflict("key_too_open", detail));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let root = text.trim_end().strip_prefix(FIRST_WORD).and_then(bytes);
        root.map(Self::known).ok_or_else(|| {
            let detail = format!("the key file {shown} is damaged; put it back from your backup of it");
            Fault::conflict("key_broken", detail)
        })
    }

    /// Makes a new key file, readable by its owner only; it is on disk when this answers.
    ///
    /// # Errors
    /// `Conflict` (`key_unreadable`) when the file is there already or cannot be written.
    pub fn create(path: &Path) -> Result<Self, Fault> {
        let root = id::random::<32>();
        let text = root.iter().fold(FIRST_WORD.to_owned(), |out, byte| format!("{out}{byte:02x}"));
        let write = || -> std::io::Result<()> {
            // Written aside and linked into place: a half-written key is never found under its name.
            let aside = path.with_extension(format!("new-{}", std::process::id()));
            drop(std::fs::remove_file(&aside));
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(format!("{text}\n").as_bytes())?;
            file.sync_all()?;
            let linked = std::fs::hard_link(&aside, path);
            std::fs::remove_file(&aside)?;
            linked?;
            File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
                .sync_all()
        };
        write().map_err(|error| unreadable(path, &error))?;
        Ok(Self::known(root))
    }

    pub(super) fn root(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the database remembers of the key, to recognise another one.
    fn fingerprint(&self) -> Vec<u8> {
        Sha256::new().chain_update(b"mainstay root key fingerprint").chain_update(*self.0).finalize().to_vec()
    }

    /// A keyed hash: what is kept of short codes, so that the database alone does not give them away.
    pub fn mac(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("a key of any length will do");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// Reads the key file of this installation, or makes it at the very first start. Afterwards the store knows its
/// fingerprint, so that neither a lost nor a foreign key is ever taken for the right one.
///
/// # Errors
/// What [`Keys::read`] says, and `Conflict` (`key_wrong`) for the key of another installation.
pub async fn unlock(db: &Db, path: &Path) -> Result<Keys, Fault> {
    let known = db.read(super::store::fingerprint).await?;
    let keys = if known.is_none() && !path.exists() { Keys::create(path)? } else { Keys::read(path)? };
    let own = keys.fingerprint();
    let known = db.write(move |tx| super::store::remember(tx, &own)).await?;
    if known == keys.fingerprint() {
        return Ok(keys);
    }
    let detail = format!(
        "the key file {} belongs to another installation; every server on one database needs the same key file, so copy the right one here",
        path.display()
    );
    Err(Fault::conflict("key_wrong", detail))
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut out = [0; 32];
    for (place, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(out)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    let detail = format!("the key file {} cannot be used: {error}; check owner and folder", path.display());
    Fault::conflict("key_unreadable", detail)
}
