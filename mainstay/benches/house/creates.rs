//! Durable creates over HTTP: a real server on loopback with everything that runs beside it, clients that keep their
//! connection, a request each after the other. Server and clients share the machine.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mainstay::server::Server;
use mainstay_kernel::access::Rights;
use mainstay_kernel::people::token;
use mainstay_kernel::{Clock, Who};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Engine, at, seed};

const CELL: Duration = Duration::from_secs(6);

pub async fn measure(engine: &Engine) {
    let server = Server::start(&seed::settings(engine), Clock::machine()).await.unwrap();
    let (ground, owner, org) = (&server.ground, server.owner, server.org);
    let cx = ground.call(org, Who::Person { id: owner, name: "Owner".into() }, Rights::everything());
    let (rights, until_ms) = (ground.rights.clone(), ground.clock.now_ms() + 86_400_000);
    let words = vec![
        mainstay_record::rights::VIEW.word.to_owned(),
        mainstay_record::rights::EDIT_WORK.word.to_owned(),
    ];
    let made = ground.db.write(move |tx| token::make(tx, &cx, &rights, "bench", &words, until_ms)).await;
    let (_, token) = made.unwrap();
    println!(
        "Durable creates over HTTP (`POST /api/v1/work`, 201 after the commit), {} s each:\n",
        CELL.as_secs()
    );
    println!("| clients | creates/s | p50 ms | p99 ms | most ms |\n|---:|---:|---:|---:|---:|");
    for clients in [1, 16, 64] {
        let until = Instant::now() + CELL;
        let tasks: Vec<_> =
            (0..clients).map(|_| tokio::spawn(client(server.address, token.clone(), until))).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        let rate = u32::try_from(all.len()).map_or(0.0, f64::from) / CELL.as_secs_f64();
        println!(
            "| {clients} | {rate:.0} | {:.2} | {:.2} | {:.0} |",
            at(&mut all, 50),
            at(&mut all, 99),
            at(&mut all, 100)
        );
    }
    println!();
    server.stop().await;
}

async fn client(to: SocketAddr, token: String, until: Instant) -> Vec<Duration> {
    let body = r#"{"title":"The printer on floor 2 is paused","body":"After the upgrade the queue stays at paused.","priority":2}"#;
    let request = format!(
        "POST /api/v1/work HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut took, mut buffer) = (Vec::new(), vec![0; 16_384]);
    while Instant::now() < until {
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = 0;
        while !is_whole(&buffer[..read]) {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(more > 0, "the server closed the connection");
            read += more;
        }
        took.push(begun.elapsed());
        assert!(buffer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&buffer[..read]));
    }
    took
}

/// Whether head and body are here.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() >= end + 4 + length)
}
