//! What several tests need: building remote-write requests, a plain HTTP client, a real Prometheus.
#![expect(dead_code, reason = "each test uses a part of it")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub type Labels = Vec<(String, String)>;

pub fn varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push((v & 0x7f) as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

pub fn field(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub fn fixed64(out: &mut Vec<u8>, number: u64, bits: u64) {
    varint(out, number << 3 | 1);
    out.extend_from_slice(&bits.to_le_bytes());
}

pub fn uint(out: &mut Vec<u8>, number: u64, v: u64) {
    varint(out, number << 3);
    varint(out, v);
}

/// One `TimeSeries` message of remote-write 1.0.
pub fn time_series(labels: &[(String, String)], samples: &[(i64, f64)]) -> Vec<u8> {
    let mut series = Vec::new();
    for (name, value) in labels {
        let mut label = Vec::new();
        field(&mut label, 1, name.as_bytes());
        field(&mut label, 2, value.as_bytes());
        field(&mut series, 1, &label);
    }
    for (t, v) in samples {
        let mut sample = Vec::new();
        fixed64(&mut sample, 1, v.to_bits());
        uint(&mut sample, 2, *t as u64);
        field(&mut series, 2, &sample);
    }
    series
}

/// A compressed `WriteRequest`.
pub fn write_request<'a>(series: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for s in series {
        field(&mut body, 1, s);
    }
    snap::raw::Encoder::new().compress_vec(&body).unwrap()
}

/// Status and body.
pub fn http(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<(u16, Vec<u8>)> {
    exchange(address, method, path, headers, body).map(|(status, _, body)| (status, body))
}

/// Status, head and body.
pub fn http_with_head(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    exchange(address, method, path, headers, body).unwrap()
}

fn exchange(
    address: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<(u16, String, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or(std::io::ErrorKind::InvalidData)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    Ok((status, head, answer.split_off(end + 4)))
}

pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A free port, as far as one can know.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that ends with its handle.
pub struct Server {
    pub address: String,
    child: Child,
}

impl Server {
    pub fn start(mut command: Command, address: String, ready: &str) -> Option<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let server = Self { address, child };
        for _ in 0..300 {
            if http(&server.address, "GET", ready, "", b"").is_ok_and(|(status, _)| status == 200) {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// Debian's Prometheus with remote-write in, or nothing when it is not here.
    pub fn prometheus(dir: &Path) -> Option<Self> {
        if Command::new("prometheus").arg("--version").output().is_err() {
            println!("skipped: prometheus is not here");
            return None;
        }
        let address = format!("127.0.0.1:{}", free_port());
        let config = dir.join("prometheus.yml");
        std::fs::write(&config, "global: {}\n").unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("tsdb").display()))
            .arg(format!("--web.listen-address={address}"))
            .args([
                "--web.enable-remote-write-receiver",
                "--storage.tsdb.retention.time=100y",
                "--log.level=error",
            ])
            .arg("--enable-feature=promql-negative-offset,promql-at-modifier");
        Self::start(command, address, "/-/ready")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A small generator of numbers that are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// The example program `promd` of this build, which is built if only the tests were.
pub fn promd_program() -> std::path::PathBuf {
    let here = std::env::current_exe().unwrap();
    let folder = here.parent().unwrap().parent().unwrap();
    let program = folder.join("examples/promd");
    if !program.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "-p", "mainstay-metrics", "--example", "promd"]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "promd cannot be built");
    }
    program
}

impl Server {
    /// `promd` on a folder, with a configuration if there is one.
    pub fn promd(data: &Path, config: Option<&Path>) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(promd_program());
        command.args(["--listen", &address, "--data"]).arg(data);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        Self::start(command, address, "/-/ready").expect("promd did not become ready")
    }
}
