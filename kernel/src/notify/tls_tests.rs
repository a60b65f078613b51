//! The protected ways out, against real TLS servers with a certificate of their own.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::deliver::Outcome;
use super::mail::{MailSetting, Tls, build, hand_over};
use super::store::Message;
use crate::notify::State;
use crate::outbound::{Allow, Lost, Outbound, OutboundSetting, Request};

/// What the server shows, and its certificate as text and bytes.
fn certificate() -> (TlsAcceptor, String, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let der = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der.clone()], key.into())
            .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem(), der)
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: S, greeting: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(greeting.as_bytes()).await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let reply = match &line[..4] {
            "EHLO" => "250-sink.test\r\n250 8BITMIME\r\n",
            "DATA" => "354 go on\r\n",
            _ => "250 ok\r\n",
        };
        line.clear();
        stream.write_all(reply.as_bytes()).await?;
        stream.flush().await?;
        if reply.starts_with("354") {
            let mut text = Vec::new();
            while !text.ends_with(b"\r\n.\r\n") {
                text.push(stream.read_u8().await?);
            }
            stream.write_all(b"250 queued\r\n").await?;
            stream.flush().await?;
        }
    }
    Ok(())
}

/// Offers STARTTLS when `offers`, and talks on over TLS.
async fn upgrade(stream: TcpStream, acceptor: TlsAcceptor, offers: bool) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink.test\r\n").await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let hello: &[u8] = if offers { b"250-sink.test\r\n250 STARTTLS\r\n" } else { b"250 sink.test\r\n" };
    stream.write_all(hello).await?;
    line.clear();
    stream.read_line(&mut line).await?;
    assert!(
        line.starts_with("STARTTLS") || line.starts_with("QUIT") || line.is_empty(),
        "in the clear: {line}"
    );
    if line.starts_with("STARTTLS") {
        stream.write_all(b"220 go on\r\n").await?;
        talk(acceptor.accept(stream.into_inner()).await?, "").await?;
    }
    Ok(())
}

async fn mail_server(acceptor: TlsAcceptor, tls: Tls, offers: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if tls == Tls::StartTls {
                    return upgrade(stream, acceptor, offers).await;
                }
                talk(acceptor.accept(stream).await?, "220 sink.test\r\n").await
            });
        }
    });
    port
}

async fn send(port: u16, tls: Tls, authority: &str) -> Outcome {
    let setting = MailSetting {
        host: "localhost".to_owned(),
        port,
        tls,
        from: "mainstay@example.org".to_owned(),
        authority: authority.to_owned(),
        ..MailSetting::default()
    };
    let message = Message {
        title: "Hello".to_owned(),
        body: "World".to_owned(),
        cause: "test".to_owned(),
        link: String::new(),
        urgency: "normal".to_owned(),
        created_ms: 0,
        state: State::Waiting,
        attempts: 0,
        may_have_arrived: false,
    };
    let (envelope, text) = build(&setting, "ada@example.org", &message, "n.1", false).unwrap();
    hand_over(&setting, None, &envelope, &text).await
}

#[tokio::test]
async fn mail_is_protected_or_not_sent() {
    let (acceptor, pem, _) = certificate();
    for tls in [Tls::Whole, Tls::StartTls] {
        let port = mail_server(acceptor.clone(), tls, true).await;
        assert_eq!(send(port, tls, &pem).await, Outcome::Sent("250 queued".to_owned()), "{tls:?}");
        let foreign = send(port, tls, "").await;
        assert!(matches!(foreign, Outcome::Later(_)), "an unknown authority: {foreign:?}");
    }
    let bare = mail_server(acceptor, Tls::StartTls, false).await;
    let refused = send(bare, Tls::StartTls, &pem).await;
    assert!(matches!(refused, Outcome::Later(_)), "no STARTTLS, no mail: {refused:?}");
}

#[tokio::test]
async fn https_needs_a_known_authority() {
    let (acceptor, _, der) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/x", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut buffer = [0; 2048];
            drop(stream.read(&mut buffer).await);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await);
        }
    });
    let allow = Allow::from(&OutboundSetting { allow: vec!["localhost".to_owned()] });
    let known = Outbound::new(&[der]).send(&allow, Request::get(&url)).await.unwrap();
    assert_eq!((known.status, known.body.as_slice()), (200, b"hi".as_slice()));
    let unknown = Outbound::new(&[]).send(&allow, Request::get(&url)).await.unwrap_err();
    assert!(matches!(unknown, Lost::Unreached(_)), "{unknown:?}");
}
