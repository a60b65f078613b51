//! TLS to PostgreSQL by rustls, with the words that libpq has for it: `sslmode` and `sslrootcert`.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Fault;

/// Where systems keep the authorities they trust.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How sure we want to be of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// `prefer`, `require`: nobody listens in, but it may be anybody at the other end.
    Nothing,
    /// `verify-ca`: an authority we trust vouches for it.
    Authority,
    /// `verify-full`: and its certificate is for the host we asked for.
    AuthorityAndName,
}

/// Makes TLS of a connection as the address asks for. Cheap to clone.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// What `sslmode` and `sslrootcert` of an address mean, with the mode for the driver.
    ///
    /// # Errors
    /// `Invalid` on field `postgres` for a word libpq does not know either, or a file without certificates.
    pub(super) fn read(mode: Option<&str>, authorities: Option<&str>) -> Result<(Self, SslMode), Fault> {
        let (check, driver) = match mode.unwrap_or("prefer") {
            "disable" => (Check::Nothing, SslMode::Disable),
            "allow" | "prefer" => (Check::Nothing, SslMode::Prefer),
            // As libpq does: who names an authority wants it to be asked.
            "require" if authorities.is_some() => (Check::Authority, SslMode::Require),
            "require" => (Check::Nothing, SslMode::Require),
            "verify-ca" => (Check::Authority, SslMode::Require),
            "verify-full" => (Check::AuthorityAndName, SslMode::Require),
            other => {
                let known = "disable, allow, prefer, require, verify-ca or verify-full";
                return Err(wrong(format!("sslmode is {known}, not {other:?}")));
            }
        };
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new(check, authorities, &provider)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring offers the default versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok((Self(TlsConnector::from(Arc::new(config))), driver))
    }
}

fn wrong(detail: String) -> Fault {
    Fault::invalid("postgres", "malformed", detail)
}

/// The certificates of a file; `system` are those of the machine, or the built-in ones where it has none.
fn certificates(place: &str) -> Result<Vec<CertificateDer<'static>>, Fault> {
    if place == "system" {
        let read = |bundle: &&str| CertificateDer::pem_file_iter(bundle).ok();
        return Ok(BUNDLES.iter().find_map(read).map_or(Vec::new(), |found| found.flatten().collect()));
    }
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(Path::new(place)).and_then(Iterator::collect);
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(wrong(format!("sslrootcert {place} holds no certificate"))),
        Err(error) => Err(wrong(format!("sslrootcert {place} cannot be read: {error}"))),
    }
}

/// Judges the server's certificate as far as was asked for.
#[derive(Debug)]
struct Verifier {
    check: Check,
    /// Named by hand: such a certificate is trusted also when it is the server's own.
    own: Vec<CertificateDer<'static>>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(check: Check, place: Option<&str>, provider: &Arc<CryptoProvider>) -> Result<Self, Fault> {
        let bare = Self { check, own: Vec::new(), chain: None, provider: provider.clone() };
        if check == Check::Nothing {
            return Ok(bare);
        }
        let place = place.unwrap_or("system");
        let found = certificates(place)?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.iter().cloned());
        if place == "system" && roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        let chain = chain.map_err(|error| wrong(format!("sslrootcert {place} cannot be used: {error}")))?;
        let own = if place == "system" { Vec::new() } else { found };
        Ok(Self { own, chain: Some(chain), ..bare })
    }

    /// A server's own certificate, as `openssl req -x509` makes it, says that it is an authority; no chain begins so.
    fn is_own(&self, shown: &CertificateDer<'_>, error: &Error) -> bool {
        let is_late = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. }
            )
        );
        !is_late && self.own.iter().any(|own| own == shown)
    }
}

fn is_about_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(shown, between, name, ocsp, now) {
            // The name is looked at last: the chain is good.
            Err(error) if is_about_name(&error) && self.check == Check::Authority => {
                Ok(ServerCertVerified::assertion())
            }
            Err(error) if !is_about_name(&error) && self.is_own(shown, &error) => {
                if self.check == Check::AuthorityAndName {
                    verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Stream;
    type TlsConnect = Handshake;
    type Error = rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Self::Error> {
        Ok(Handshake { connector: self.0.clone(), name: ServerName::try_from(host.to_owned())? })
    }
}

/// One handshake to come.
pub struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { Ok(Stream(Box::new(self.connector.connect(self.name, socket).await?))) })
    }
}

/// A connection under TLS.
pub struct Stream(Box<TlsStream<Socket>>);

impl tokio_postgres::tls::TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}
