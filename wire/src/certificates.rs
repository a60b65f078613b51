//! Certificates on disk that services use.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Certificates`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificates {
    /// The first certificate of each file, sorted by path.
    pub certificates: Vec<Certificate>,
    /// Files a configuration names that are not there or are no certificate.
    pub broken: Vec<BrokenCertificate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub path: String,
    /// SHA-256 of the DER bytes, lower-case hex.
    pub fingerprint: String,
    pub subject: String,
    pub issuer: String,
    /// DNS names and addresses it is for.
    pub names: Vec<String>,
    /// Lower-case hex.
    pub serial: String,
    /// Milliseconds since 1970; before 1970 is 0.
    pub not_before_ms: u64,
    pub not_after_ms: u64,
    pub is_self_signed: bool,
    /// `RSA 2048`, `ECDSA P-256`, `Ed25519`.
    pub key: String,
    /// `sha256WithRSAEncryption` …, or the object number.
    pub signature: String,
    /// Further certificates in the same file.
    pub chain_length: u32,
    pub used_by: Vec<CertificateUse>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CertificateUse {
    /// `nginx`, `apache`, `postfix`, `dovecot`, `postgresql`, `haproxy`, `letsencrypt` …
    pub service: String,
    /// `/etc/nginx/sites-enabled/shop:12`.
    pub source: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BrokenCertificate {
    pub path: String,
    pub because: String,
    pub used_by: Vec<CertificateUse>,
}
