//! Handshakes with a real TLS server on loopback whose certificate nobody vouches for.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::collect::text::hex;
use crate::link::{AddressFault, CallFault, Link};

/// A server that answers `"well"` to everything; its address and its fingerprint.
async fn server() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["mainstay.example".to_owned()]).unwrap();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let fingerprint = hex(&Sha256::digest(certificate.as_ref()));
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { return };
                    asked.push(byte);
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n\"well\"";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (address, fingerprint)
}

async fn call(server: &str, fingerprint: Option<&str>) -> Result<String, CallFault> {
    let link = Link::new(server, fingerprint).unwrap();
    link.get("/", Some("the key"), Duration::from_secs(20)).await
}

fn refusal(answer: Result<String, CallFault>) -> String {
    match answer {
        Err(CallFault::Away { because, .. }) => because,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn exactly_the_pinned_certificate_is_trusted() {
    let ((server, fingerprint), (other, others)) = (server().await, server().await);
    assert_eq!(call(&server, Some(&fingerprint)).await.unwrap(), "well");
    let written: Vec<String> =
        fingerprint.to_uppercase().as_bytes().chunks(2).map(|p| String::from_utf8_lossy(p).into()).collect();
    let written = format!("SHA256:{}", written.join(":"));
    assert_eq!(call(&server, Some(&written)).await.unwrap(), "well", "as openssl prints it");
    let because = refusal(call(&server, Some(&others)).await);
    assert!(because.contains("another certificate"), "{because}");
    assert_eq!(call(&other, Some(&others)).await.unwrap(), "well");
}

#[tokio::test]
async fn without_a_pin_a_certificate_nobody_vouches_for_is_refused() {
    let (server, _) = server().await;
    let because = refusal(call(&server, None).await);
    assert!(because.starts_with("TLS with"), "{because}");
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    for server in ["http://192.0.2.7:8420", "http://mainstay.example", "http://[2001:db8::1]:80"] {
        assert!(matches!(Link::new(server, None), Err(AddressFault::Plain(_))), "{server}");
    }
}
