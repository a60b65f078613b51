//! The line to the server: one HTTP call at a time, TLS by rustls, every answer bounded in size and time.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::wire::MOST_BODY_BYTES;

mod tls;

const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Why a server's address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressFault {
    #[error("{0} is no address of a server; write it like https://mainstay.example:8420")]
    Malformed(String),
    #[error(
        "plain http is for this machine only; use https://{0} (a self-signed certificate is fine: give --fingerprint)"
    )]
    Plain(String),
    #[error("{0} is no SHA-256 fingerprint: 64 hexadecimal digits, colons allowed")]
    Fingerprint(String),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why a call brought no answer, and so what to do next.
#[derive(Debug, thiserror::Error)]
pub enum CallFault {
    /// Not now: nobody answers, or the server is busy.
    #[error("{because}")]
    Away { because: String, retry_after: Option<Duration> },
    /// 401, 403: the key or token is not, or no longer, good.
    #[error("the server does not know this agent's key or token")]
    Denied,
    /// 409: somebody else has the lease.
    #[error("the order was handed out anew")]
    Superseded,
    /// 413.
    #[error("the server finds it too large")]
    TooLarge,
    /// 426, 404: no server of this protocol.
    #[error("the server speaks another protocol: {0}")]
    Protocol(String),
    /// Other 4xx: it will never take this.
    #[error("the server refuses it: {0}")]
    Refused(String),
}

/// A server's address and how to be sure it is that server.
#[derive(Clone)]
pub struct Link {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Link {
    /// `server` is `https://HOST[:PORT]`, or `http://` for loopback. With `fingerprint` exactly that server
    /// certificate is trusted, otherwise the roots of the host, or the built-in ones when it has none.
    pub fn new(server: &str, fingerprint: Option<&str>) -> Result<Self, AddressFault> {
        let malformed = || AddressFault::Malformed(server.to_owned());
        let uri: Uri = server.trim_end_matches('/').parse().map_err(|_| malformed())?;
        let host = uri.host().ok_or_else(malformed)?.trim_matches(['[', ']']).to_owned();
        let is_plain = match uri.scheme_str() {
            Some("http") => true,
            Some("https") => false,
            _ => return Err(malformed()),
        };
        if is_plain && !is_loopback(&host) {
            return Err(AddressFault::Plain(host));
        }
        let pinned = fingerprint.map(tls::digest).transpose()?;
        let tls = if is_plain {
            None
        } else {
            let name = ServerName::try_from(host.clone()).map_err(|_| malformed())?;
            Some((tls::connector(pinned)?, name))
        };
        Ok(Self { port: uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 }), host, tls })
    }

    /// Sends `body` by POST and reads the answer.
    pub async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<A, CallFault> {
        self.call(Method::POST, path, key, body, patience).await
    }

    /// Asks by GET and reads the answer.
    pub async fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        key: Option<&str>,
        patience: Duration,
    ) -> Result<A, CallFault> {
        self.call(Method::GET, path, key, Vec::new(), patience).await
    }

    async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<A, CallFault> {
        let answered = tokio::time::timeout(patience, self.exchange(method, path, key, body)).await;
        let bytes =
            answered.unwrap_or_else(|_| Err(away(format!("no answer in {} s", patience.as_secs()))))?;
        serde_json::from_slice(&bytes).map_err(|fault| away(format!("the answer is not understood: {fault}")))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Bytes, CallFault> {
        let connect = TcpStream::connect((self.host.as_str(), self.port));
        let stream = tokio::time::timeout(CONNECT_PATIENCE, connect)
            .await
            .map_err(|_| away(format!("{}:{} does not answer", self.host, self.port)))?
            .map_err(|fault| away(format!("{}:{}: {fault}", self.host, self.port)))?;
        let _ = stream.set_nodelay(true);
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, format!("{host}:{}", self.port))
            .header(USER_AGENT, concat!("mainstay-agent/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|fault| CallFault::Refused(fault.to_string()))?;
        match &self.tls {
            None => speak(stream, request).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                speak(stream.map_err(|fault| away(format!("TLS with {}: {fault}", self.host)))?, request)
                    .await
            }
        }
    }
}

async fn speak<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Bytes, CallFault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |fault: hyper::Error| away(format!("the connection broke: {fault}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = tokio::spawn(connection);
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MOST_BODY_BYTES).collect().await;
        let body =
            body.map_err(|fault| away(format!("the answer broke off or is too large: {fault}")))?.to_bytes();
        let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        judge(head.status, body, retry_after.map(|s: u64| Duration::from_secs(s.min(3600))))
    }
    .await;
    connection.abort();
    answer
}

fn judge(status: StatusCode, body: Bytes, retry_after: Option<Duration>) -> Result<Bytes, CallFault> {
    let said = || {
        let text: String =
            String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(200).collect();
        format!("{status} {text}")
    };
    match status.as_u16() {
        200..=299 => Ok(body),
        401 | 403 => Err(CallFault::Denied),
        404 | 405 | 426 => Err(CallFault::Protocol(said())),
        409 => Err(CallFault::Superseded),
        413 => Err(CallFault::TooLarge),
        408 | 425 | 429 => Err(CallFault::Away { because: said(), retry_after }),
        400..=499 => Err(CallFault::Refused(said())),
        _ => Err(CallFault::Away { because: said(), retry_after }),
    }
}

fn away(because: String) -> CallFault {
    CallFault::Away { because, retry_after: None }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{AddressFault, Link};

    #[test]
    fn plain_http_is_for_loopback_only_and_says_what_to_do() {
        for server in ["http://localhost:1", "http://127.0.0.1:80/", "http://[::1]:9", "https://example.org"]
        {
            assert!(Link::new(server, None).is_ok(), "{server}");
        }
        let fault = Link::new("http://10.0.0.1:8420", None).err().expect("not loopback");
        assert!(fault.to_string().contains("https://10.0.0.1"), "{fault}");
        assert!(matches!(Link::new("ftp://x", None), Err(AddressFault::Malformed(_))));
        assert!(matches!(Link::new("https://x", Some("ab:cd")), Err(AddressFault::Fingerprint(_))));
    }
}
