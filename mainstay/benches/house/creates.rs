//! Durable creates over HTTP: a real server on loopback with everything that runs beside it, clients that keep their
//! connection, a request each after the other. Server and clients share the machine; the clients are one thread of a
//! process of their own, so that what they take is known.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
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
    let token = token(&server).await;
    println!(
        "Durable creates over HTTP (`POST /api/v1/work`, 201 after the commit), {} s each, with the share of both cores' time that \
         the server and the clients took:\n",
        CELL.as_secs()
    );
    println!(
        "| clients | creates/s | p50 ms | p99 ms | most ms | server | clients |\n|---:|---:|---:|---:|---:|---:|---:|"
    );
    for clients in [1, 16, 64] {
        let before_ms = own_cpu_ms();
        let (mut all, clients_ms) = cell(server.address, &token, clients).await;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = |ms: u64| ms * 100 / (u64::try_from(CELL.as_millis()).unwrap() * cores as u64);
        let rate = u32::try_from(all.len()).map_or(0.0, f64::from) / CELL.as_secs_f64();
        println!(
            "| {clients} | {rate:.0} | {:.2} | {:.2} | {:.0} | {} % | {} % |",
            at(&mut all, 50),
            at(&mut all, 99),
            at(&mut all, 100),
            share(own_cpu_ms() - before_ms),
            share(clients_ms)
        );
    }
    println!();
    server.stop().await;
}

async fn token(server: &Server) -> String {
    let (ground, owner, org) = (&server.ground, server.owner, server.org);
    let cx = ground.call(org, Who::Person { id: owner, name: "Owner".into() }, Rights::everything());
    let (rights, until_ms) = (ground.rights.clone(), ground.clock.now_ms() + 86_400_000);
    let words = vec![
        mainstay_record::rights::VIEW.word.to_owned(),
        mainstay_record::rights::EDIT_WORK.word.to_owned(),
    ];
    let made = ground.db.write(move |tx| token::make(tx, &cx, &rights, "bench", &words, until_ms)).await;
    made.unwrap().1
}

/// Runs the clients; how long each of their requests took, and the processor time of them all, milliseconds.
async fn cell(to: SocketAddr, token: &str, clients: usize) -> (Vec<Duration>, u64) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--client", &to.to_string(), token, &clients.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut out = child.stdout.take().unwrap();
    let said =
        tokio::task::spawn_blocking(move || out.read_to_end(&mut said).map(|_| said)).await.unwrap().unwrap();
    assert!(child.wait().unwrap().success(), "the clients ended well");
    let mut numbers = said.chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().unwrap()));
    let cpu_ms = u64::from(numbers.next().unwrap());
    (numbers.map(|micros| Duration::from_micros(u64::from(micros))).collect(), cpu_ms)
}

/// The other side of [`cell`]: writes its processor time and how long each request took as numbers of four bytes.
pub fn clients(to: &str, token: &str, count: &str) {
    let (to, until) = (to.parse().unwrap(), Instant::now() + CELL);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let took: Vec<u32> = runtime.block_on(async {
        let tasks: Vec<_> =
            (0..count.parse().unwrap()).map(|_| tokio::spawn(client(to, token.to_owned(), until))).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all
    });
    let numbers = std::iter::once(u32::try_from(own_cpu_ms()).unwrap()).chain(took);
    let bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    std::io::stdout().write_all(&bytes).unwrap();
}

async fn client(to: SocketAddr, token: String, until: Instant) -> Vec<u32> {
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
        took.push(u32::try_from(begun.elapsed().as_micros()).unwrap());
        assert!(buffer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&buffer[..read]));
    }
    took
}

/// Whether head and body are here.
fn is_whole(bytes: &[u8]) -> bool {
    const LENGTH: &[u8] = b"content-length: ";
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let Some(place) = bytes[..end].windows(LENGTH.len()).position(|some| some == LENGTH) else {
        return false;
    };
    let digits = bytes[place + LENGTH.len()..end].iter().take_while(|byte| byte.is_ascii_digit());
    bytes.len() >= end + 4 + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
}

/// Processor time of this process until now, all threads, milliseconds.
fn own_cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // In hundredths of a second, whatever the kernel counts in.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}
