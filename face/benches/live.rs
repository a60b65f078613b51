//! Live updates to a thousand listeners over loopback: how long until the last one has a change, and what a
//! listener holds. Listeners and server share this process, so the figures hold both sides.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use mainstay_face::live::{Change, Hub, Listener, Topics, listen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const LISTENERS: usize = 1_000;
const ROUNDS: usize = 200;

#[tokio::main]
async fn main() {
    let hub = Hub::new("bench", 200);
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let routes = Router::new().route("/live", get(live)).with_state(hub.clone());
    tokio::spawn(axum::serve(socket, routes).into_future());

    let before = resident_bytes();
    let (heard, mut hears) = mpsc::unbounded_channel();
    for _ in 0..LISTENERS {
        let stream = TcpStream::connect(address).await.unwrap();
        tokio::spawn(count(stream, heard.clone()));
    }
    while hub.listeners() < LISTENERS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let held = resident_bytes().saturating_sub(before);

    let mut rounds = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let started = Instant::now();
        hub.publish(Change::new("org", "work", round.to_string()));
        for _ in 0..LISTENERS {
            hears.recv().await.unwrap();
        }
        rounds.push(started.elapsed());
    }
    rounds.sort_unstable();
    report(&rounds, held);
}

async fn live(State(hub): State<Hub>, headers: HeaderMap) -> Response {
    let listener = Listener::new("org", Topics::parse("work,assets").unwrap(), |_| true);
    listen(&hub, &headers, None, listener)
}

/// Says one word for each change that arrives.
async fn count(mut stream: TcpStream, heard: mpsc::UnboundedSender<()>) {
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: bench\r\n\r\n").await.unwrap();
    let mut buffer = [0_u8; 2048];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        if read == 0 {
            return;
        }
        for _ in buffer[..read].windows(11).filter(|window| *window == b"event: work") {
            heard.send(()).ok();
        }
    }
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

fn report(rounds: &[Duration], held: usize) {
    let at = |percent: usize| rounds[(rounds.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!("Changes to {LISTENERS} listeners over loopback, {ROUNDS} changes one after another.\n");
    println!("| until the last listener has it | ms |\n|---|---:|");
    println!("| half of the changes | {:.1} |", at(50));
    println!("| 99 of 100 | {:.1} |", at(99));
    println!("\nMemory for a listener, both ends of its connection: {} bytes", held / LISTENERS);
}
