//! Getting a page from a target: HTTP/1.1, plain or over TLS.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use mainstay_metrics::decode::{DecodeFault, gunzip};
use mainstay_metrics::scrape::{Encoding, Job, Target};

use crate::connection::{Connection, left};

const LONGEST_PAGE: u64 = 64 << 20;
const MOST_REDIRECTS: usize = 5;

/// The page and how it is written, or why there is none.
pub fn fetch(job: &Job, target: &Target) -> Result<(Encoding, Vec<u8>), String> {
    let end = Instant::now() + Duration::from_millis(u64::try_from(job.timeout_ms).unwrap_or(10_000));
    let (mut scheme, mut address, mut path) =
        (target.scheme.clone(), target.address.clone(), target.path.clone());
    for _ in 0..MOST_REDIRECTS {
        let is_secret = match scheme.as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(format!("scheme {scheme:?} is not spoken here")),
        };
        // Who we are is told to the target only, not to whoever it sends us to.
        let is_at_home = (&scheme, &address) == (&target.scheme, &target.address);
        let request = request(job, &address, &path, is_at_home);
        let answer = get(job, &address, is_secret, &request, end).map_err(|fault| in_words(&fault))?;
        match answer.header("location") {
            Some(location) if (300..400).contains(&answer.status) && job.http.follows_redirects => {
                match location.split_once("://") {
                    Some((new_scheme, rest)) => {
                        let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
                        (scheme, address, path) = (new_scheme.into(), host.into(), format!("/{rest}"));
                        if !address.rsplit(']').next().unwrap_or("").contains(':') {
                            address.push_str(if scheme == "https" { ":443" } else { ":80" });
                        }
                    }
                    None => location.clone_into(&mut path),
                }
            }
            _ if answer.status != 200 => {
                return Err(format!("server returned HTTP status {} {}", answer.status, answer.reason));
            }
            _ => return page(job, answer),
        }
    }
    Err(format!("stopped after {MOST_REDIRECTS} redirects"))
}

fn page(job: &Job, answer: Answer) -> Result<(Encoding, Vec<u8>), String> {
    let most = match job.limits.body_bytes {
        0 => LONGEST_PAGE,
        most => most.min(LONGEST_PAGE),
    };
    let encoding = job.formats.encoding(answer.header("content-type").unwrap_or(""));
    let is_zipped = answer.header("content-encoding").is_some_and(|e| e.eq_ignore_ascii_case("gzip"));
    let too_long = || "body size limit exceeded".to_owned();
    let body = if is_zipped {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        gunzip(&answer.body, most).map_err(|fault| match fault {
            DecodeFault::TooLong(..) => too_long(),
            other => other.to_string(),
        })?
    } else {
        answer.body
    };
    if body.len() as u64 > most { Err(too_long()) } else { Ok((encoding, body)) }
}

fn request(job: &Job, address: &str, path: &str, is_at_home: bool) -> String {
    let http = &job.http;
    let seconds = Duration::from_millis(u64::try_from(job.timeout_ms).unwrap_or(0)).as_secs_f64();
    let mut text = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: promd\r\nAccept: {}\r\nAccept-Encoding: {}\r\nX-Prometheus-Scrape-Timeout-Seconds: {seconds}\r\n",
        job.formats.accept(),
        if http.is_compressed { "gzip" } else { "identity" },
    );
    let authorization = http.authorization.iter().map(|value| ("Authorization", value));
    let headers = http.headers.iter().map(|(name, value)| (name.as_str(), value));
    for (name, value) in authorization.chain(headers).filter(|_| is_at_home) {
        let _ = write!(text, "{name}: {value}\r\n"); // into memory
    }
    text.push_str("Connection: close\r\n\r\n");
    text
}

fn in_words(fault: &io::Error) -> String {
    match fault.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "context deadline exceeded".to_owned(),
        _ => fault.to_string(),
    }
}

struct Answer {
    status: u16,
    reason: String,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find_map(|(n, value)| n.eq_ignore_ascii_case(name).then_some(value.trim()))
    }
}

fn get(job: &Job, address: &str, is_secret: bool, request: &str, end: Instant) -> io::Result<Answer> {
    let mut stream = Connection::open(address, is_secret.then_some(&job.http.tls), end)?;
    stream.limit(end)?;
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    let mut whole = None;
    loop {
        left(end)?;
        stream.limit(end)?;
        let len = match stream.read(&mut piece) {
            Ok(len) => len,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(fault),
        };
        if len == 0 || bytes.len() as u64 > LONGEST_PAGE {
            break;
        }
        bytes.extend_from_slice(&piece[..len]);
        // Some servers keep the connection although they were asked not to.
        if whole.is_none() {
            whole = announced_length(&bytes);
        }
        if whole.is_some_and(|whole| bytes.len() >= whole) {
            break;
        }
    }
    read_answer(&bytes)
}

/// Length of head and body, once the head is there and tells it.
fn announced_length(bytes: &[u8]) -> Option<usize> {
    let split = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..split]).ok()?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let (_, len) = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some(split + 4 + len.trim().parse::<usize>().ok()?)
}

fn read_answer(bytes: &[u8]) -> io::Result<Answer> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let split = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(|| bad("no HTTP answer"))?;
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut words = head.lines().next().unwrap_or("").splitn(3, ' ').skip(1);
    let status = words.next().and_then(|s| s.parse().ok()).ok_or_else(|| bad("no HTTP status"))?;
    let reason = words.next().unwrap_or("").to_owned();
    let mut answer = Answer { status, reason, head, body: bytes[split + 4..].to_vec() };
    if answer.header("transfer-encoding").is_some_and(|e| e.eq_ignore_ascii_case("chunked")) {
        answer.body = without_chunks(&answer.body).ok_or_else(|| bad("the page ends too early"))?;
    } else if let Some(len) = answer.header("content-length").and_then(|len| len.parse::<usize>().ok()) {
        if answer.body.len() < len {
            return Err(bad("the page ends too early"));
        }
        answer.body.truncate(len);
    }
    Ok(answer)
}

fn without_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(rest.len());
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim().to_owned();
        let size = usize::from_str_radix(&size, 16).ok()?;
        rest = rest.get(line + 2..)?;
        if size == 0 {
            return Some(out);
        }
        out.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
