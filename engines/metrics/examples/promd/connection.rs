//! A connection to a target, plain or with TLS.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Instant;

use mainstay_metrics::scrape::{Pem, Tls};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};

/// What is read from and written to.
pub enum Connection {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    /// Connects to the first of the addresses of a name that answers.
    pub fn open(address: &str, tls: Option<&Tls>, end: Instant) -> io::Result<Self> {
        let mut fault = io::Error::from(io::ErrorKind::NotFound);
        for resolved in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&resolved, left(end)?) {
                Ok(stream) => return Self::over(stream, address, tls, end),
                Err(refused) => fault = refused,
            }
        }
        Err(fault)
    }

    fn over(stream: TcpStream, address: &str, tls: Option<&Tls>, end: Instant) -> io::Result<Self> {
        let Some(tls) = tls else { return Ok(Self::Plain(stream)) };
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let name = tls.server_name.as_deref().unwrap_or(host.trim_matches(['[', ']']));
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::new(config(tls).map_err(io::Error::other)?), name)
            .map_err(io::Error::other)?;
        let made = Self::Tls(Box::new(StreamOwned::new(connection, stream)));
        made.limit(end)?;
        Ok(made)
    }

    /// Lets no single step take longer than until a moment.
    pub fn limit(&self, end: Instant) -> io::Result<()> {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(tls) => &tls.sock,
        };
        stream.set_read_timeout(Some(left(end)?))?;
        stream.set_write_timeout(Some(left(end)?))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            // Many servers hang up without a word; whether the answer is whole is known from its length.
            Self::Tls(tls) => match tls.read(buffer) {
                Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                result => result,
            },
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

pub fn left(end: Instant) -> io::Result<std::time::Duration> {
    end.checked_duration_since(Instant::now()).ok_or(io::Error::from(io::ErrorKind::TimedOut))
}

/// Read anew for each connection, so that renewed certificates count at once.
fn config(tls: &Tls) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let versions: &[_] = if tls.needs_1_3 { &[&rustls::version::TLS13] } else { rustls::DEFAULT_VERSIONS };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(|fault| fault.to_string())?;
    let builder = if tls.is_unverified {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
    } else {
        builder.with_root_certificates(roots(tls.ca.as_ref())?)
    };
    match &tls.certificate {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let text = key.read()?;
            let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
                .map_err(|fault| format!("no private key in {key:?}: {fault}"))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, key)
                .map_err(|fault| format!("{certificate:?}: {fault}"))
        }
    }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = pem.read()?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|fault| format!("{pem:?}: {fault}"))?;
    if found.is_empty() { Err(format!("no certificate in {pem:?}")) } else { Ok(found) }
}

fn roots(ca: Option<&Pem>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    if let Some(ca) = ca {
        for certificate in certificates(ca)? {
            store.add(certificate).map_err(|fault| format!("{ca:?}: {fault}"))?;
        }
        return Ok(store);
    }
    let system = rustls_native_certs::load_native_certs();
    store.add_parsable_certificates(system.certs);
    if store.is_empty() {
        return Err("the system has no list of certificate authorities; name one in ca_file".into());
    }
    Ok(store)
}

/// `insecure_skip_verify`: whoever answers is believed, as the configuration asks for.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
