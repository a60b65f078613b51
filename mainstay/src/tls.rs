//! Our side of TLS: plain on loopback, a certificate of the operator's, or one of our own with a fingerprint to pin.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainstay_kernel::Fault;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

/// What the operator chose.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Plain on loopback, our own certificate everywhere else.
    ByAddress,
    /// A certificate chain and its key, in PEM files.
    Files { certificate: PathBuf, key: PathBuf },
}

/// A configuration and what others pin.
pub struct Secured {
    pub config: Arc<ServerConfig>,
    /// Lower-case hex over the certificate.
    pub fingerprint: String,
}

/// What an address needs: nothing for loopback, TLS for everything else.
pub fn secure(choice: &Choice, data: &Path, listening: SocketAddr) -> Result<Option<Secured>, Fault> {
    let (certificate, key) = match choice {
        Choice::Files { certificate, key } => (certificate.clone(), key.clone()),
        Choice::ByAddress if listening.ip().is_loopback() => return Ok(None),
        Choice::ByAddress => own(data, listening.ip())?,
    };
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
        Fault::invalid("tls", "unusable", format!("{} cannot be used: {error}", path.display()))
    };
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&certificate).map_err(|e| unreadable(&certificate, &e))?.collect();
    let chain = chain.map_err(|e| unreadable(&certificate, &e))?;
    let Some(first) = chain.first() else {
        return Err(unreadable(&certificate, &"there is no certificate in it"));
    };
    let fingerprint =
        Sha256::digest(first).iter().fold(String::new(), |out, byte| format!("{out}{byte:02x}"));
    let secret = PrivateKeyDer::from_pem_file(&key).map_err(|e| unreadable(&key, &e))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Fault::broken)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|e| unreadable(&key, &e))?;
    Ok(Some(Secured { config: Arc::new(config), fingerprint }))
}

/// Our own certificate, made once and kept: agents have pinned it.
fn own(data: &Path, address: IpAddr) -> Result<(PathBuf, PathBuf), Fault> {
    let (certificate, key) = (data.join("tls.crt"), data.join("tls.key"));
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let names = vec!["mainstay".to_owned(), "localhost".to_owned(), address.to_string()];
    let made = rcgen::generate_simple_self_signed(names).map_err(Fault::broken)?;
    let mut file = fs::File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&key)
        .map_err(Fault::broken)?;
    std::io::Write::write_all(&mut file, made.signing_key.serialize_pem().as_bytes())
        .map_err(Fault::broken)?;
    fs::write(&certificate, made.cert.pem()).map_err(Fault::broken)?;
    Ok((certificate, key))
}
