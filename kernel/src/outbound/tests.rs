//! Requests to a real server on loopback.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Allow, Lost, Outbound, OutboundSetting, Request};

/// A server that keeps what it was asked and answers what it was told, one connection at a time.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the n-th request with the n-th answer, and the last one from then on. An empty answer hangs up.
    pub(crate) async fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        tokio::spawn(async move {
            for count in 0.. {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let request = read(&mut stream).await;
                kept.lock().unwrap().push(request);
                let answer = &answers[count.min(answers.len() - 1)];
                drop(stream.write_all(answer.as_bytes()).await);
                drop(stream.shutdown().await);
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        text.extend_from_slice(&buffer[..count]);
        let so_far = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = so_far.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= length.and_then(|l| l.parse().ok()).unwrap_or(0) {
                return so_far;
            }
        }
        if count == 0 {
            return so_far;
        }
    }
}

pub(crate) fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

pub(crate) fn loopback() -> Allow {
    Allow::from(&OutboundSetting { allow: vec!["127.0.0.1".to_owned()] })
}

#[tokio::test]
async fn loopback_is_refused_until_allowed_and_redirects_stay_where_they_are() {
    let inside = Server::start(vec![answer("200 OK", "secret")]).await;
    let moved = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", inside.url);
    let server = Server::start(vec![moved]).await;
    let out = Outbound::new(&[]);
    for url in [
        server.url.clone(),
        server.url.replace("127.0.0.1", "localhost"),
        server.url.replace("127.0.0.1", "2130706433"),
    ] {
        let lost = out.send(&Allow::default(), Request::get(&url)).await.unwrap_err();
        assert!(matches!(lost, Lost::Refused(_) | Lost::Unreached(_)), "{url}: {lost:?}");
    }
    assert!(server.asked().is_empty(), "nothing reached it");
    let got = out.send(&loopback(), Request::get(&server.url)).await.unwrap();
    assert_eq!(got.status, 302);
    assert!(inside.asked().is_empty(), "the redirect was not followed");
}

#[tokio::test]
async fn answers_are_bounded_and_silence_is_told_from_absence() {
    let out = Outbound::new(&[]);
    let server = Server::start(vec![answer("200 OK", &"x".repeat(100_000)), String::new()]).await;
    let got = out.send(&loopback(), Request::post(&server.url, "hello")).await.unwrap();
    assert_eq!((got.body.len(), got.is_cut), (64 << 10, true));
    assert!(server.asked()[0].ends_with("\r\n\r\nhello"));
    let silent = out.send(&loopback(), Request::post(&server.url, "hello")).await.unwrap_err();
    assert!(matches!(silent, Lost::Unanswered(_)), "{silent:?}");

    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", deaf.local_addr().unwrap());
    let request = Request { longest: Duration::from_millis(50), ..Request::get(&url) };
    assert!(matches!(out.send(&loopback(), request).await, Err(Lost::Unanswered(_))));
    drop(deaf);
    assert!(matches!(out.send(&loopback(), Request::get(&url)).await, Err(Lost::Unreached(_))));
}
