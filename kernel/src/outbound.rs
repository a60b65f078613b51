//! The one way out by HTTP. An address is resolved once, judged, and connected to as judged; private networks are
//! refused unless allowed by name or range, redirects are not followed, and times and sizes are bounded.

mod guard;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::http::{Method, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub use guard::{Allow, OutboundSetting};

use crate::Fault;

const CONNECT: Duration = Duration::from_secs(10);

/// The HTTP client of the house. Cheap to clone.
#[derive(Clone)]
pub struct Outbound(TlsConnector);

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// `http://` or `https://`, without a user.
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// From the first byte sent to the last one read.
    pub longest: Duration,
    /// An answer is cut here.
    pub most_bytes: usize,
}

impl Request {
    /// A request with a body, 20 s and 64 KiB of answer.
    pub fn post(url: &str, body: impl Into<Bytes>) -> Self {
        let (longest, most_bytes) = (Duration::from_secs(20), 64 << 10);
        Self {
            method: Method::POST,
            url: url.to_owned(),
            headers: Vec::new(),
            body: body.into(),
            longest,
            most_bytes,
        }
    }

    /// A request without a body.
    pub fn get(url: &str) -> Self {
        Self { method: Method::GET, ..Self::post(url, Bytes::new()) }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Whether an address can be asked at all; where it leads is judged when it is.
///
/// # Errors
/// `Invalid` on `url`.
pub fn check_url(url: &str) -> Result<(), Fault> {
    guard::Goal::read(url).map(drop).map_err(Fault::from)
}

/// What came back; a redirect is an answer like any other.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The answer was longer than was asked for.
    pub is_cut: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Lost {
    /// We do not go there; nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// It could not be reached; nothing was sent.
    #[error("{0}")]
    Unreached(String),
    /// Something was sent, and nobody knows what became of it.
    #[error("{0}")]
    Unanswered(String),
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Refused(detail) => Self::invalid("url", "refused", detail),
            Lost::Unreached(what) | Lost::Unanswered(what) => Self::Away { what, retry_after_s: 30 },
        }
    }
}

impl Outbound {
    /// Trusts the authorities that browsers trust, and `more` (the organisation's own).
    pub fn new(more: &[CertificateDer<'static>]) -> Self {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for certificate in more {
            if let Err(error) = roots.add(certificate.clone()) {
                tracing::warn!(%error, "a trusted certificate cannot be used");
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring offers the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(TlsConnector::from(Arc::new(config)))
    }

    /// Asks, and waits for the answer.
    pub async fn send(&self, allow: &Allow, request: Request) -> Result<Answer, Lost> {
        let goal = guard::Goal::read(&request.url)?;
        let addresses = goal.resolve(allow).await?;
        let connect = async {
            let stream = TcpStream::connect(&addresses[..]).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        let unreached = |why: String| Lost::Unreached(format!("{} cannot be reached: {why}", goal.host));
        let stream = match tokio::time::timeout(CONNECT, connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(unreached(error.to_string())),
            Err(_) => return Err(unreached("no connection within 10 s".to_owned())),
        };
        if !goal.is_tls {
            return exchange(stream, &goal, request).await;
        }
        let name = ServerName::try_from(goal.host.clone()).map_err(|error| unreached(error.to_string()))?;
        match tokio::time::timeout(CONNECT, self.0.connect(name, stream)).await {
            Ok(Ok(stream)) => exchange(stream, &goal, request).await,
            Ok(Err(error)) => Err(unreached(format!("TLS: {error}"))),
            Err(_) => Err(unreached("no TLS within 10 s".to_owned())),
        }
    }
}

async fn exchange<S>(stream: S, goal: &guard::Goal, request: Request) -> Result<Answer, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let unanswered = |why: String| Lost::Unanswered(format!("{} did not answer: {why}", goal.host));
    let longest = request.longest;
    let whole = async {
        let most_bytes = request.most_bytes;
        let message = message(goal, request)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unanswered(error.to_string()))?;
        let driver = tokio::spawn(connection);
        let answered = async {
            let answer = sender.send_request(message).await?;
            read(answer, most_bytes).await
        };
        let answer = answered.await;
        driver.abort();
        answer.map_err(|error: hyper::Error| unanswered(error.to_string()))
    };
    match tokio::time::timeout(longest, whole).await {
        Ok(answer) => answer,
        Err(_) => Err(unanswered(format!("nothing within {} s", longest.as_secs()))),
    }
}

fn message(goal: &guard::Goal, request: Request) -> Result<hyper::Request<Full<Bytes>>, Lost> {
    let path: Uri = goal.path.parse().map_err(|_| Lost::Refused("this address cannot be read".to_owned()))?;
    let mut builder = hyper::Request::builder()
        .method(request.method)
        .uri(path)
        .header(header::HOST, &goal.authority)
        .header(header::USER_AGENT, "Mainstay");
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Full::new(request.body))
        .map_err(|error| Lost::Refused(format!("this cannot be sent: {error}")))
}

async fn read(
    answer: hyper::Response<hyper::body::Incoming>,
    most_bytes: usize,
) -> Result<Answer, hyper::Error> {
    let (head, mut incoming) = answer.into_parts();
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(frame) = incoming.frame().await {
        if let Some(data) = frame?.data_ref() {
            let room = most_bytes - body.len();
            body.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                is_cut = true;
                break;
            }
        }
    }
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Ok(Answer { status: head.status.as_u16(), headers, body, is_cut })
}
