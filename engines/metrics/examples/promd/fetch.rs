//! Getting a page from a target: HTTP/1.1 without TLS, enough for targets on the own network.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use mainstay_metrics::decode::text::Format;
use mainstay_metrics::scrape::{Job, Target};

const LONGEST_PAGE: u64 = 64 << 20;
const ACCEPT: &str =
    "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const MOST_REDIRECTS: usize = 5;

/// The page and its format, or why there is none.
pub fn fetch(job: &Job, target: &Target) -> Result<(Format, String), String> {
    let end = Instant::now() + Duration::from_millis(u64::try_from(job.timeout_ms).unwrap_or(10_000));
    let (mut scheme, mut address, mut path) =
        (target.scheme.clone(), target.address.clone(), target.path.clone());
    for _ in 0..MOST_REDIRECTS {
        if scheme != "http" {
            return Err(format!("scheme {scheme:?} is not spoken here"));
        }
        let answer = get(job, &address, &path, end).map_err(|fault| in_words(&fault))?;
        match answer.header("location") {
            Some(location) if (300..400).contains(&answer.status) => match location.split_once("://") {
                Some((new_scheme, rest)) => {
                    let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
                    (scheme, address, path) = (new_scheme.into(), host.into(), format!("/{rest}"));
                    if !address.contains(':') {
                        address.push_str(":80");
                    }
                }
                None => location.clone_into(&mut path),
            },
            _ if answer.status != 200 => {
                return Err(format!("server returned HTTP status {} {}", answer.status, answer.reason));
            }
            _ => return page(job, &answer),
        }
    }
    Err(format!("stopped after {MOST_REDIRECTS} redirects"))
}

fn page(job: &Job, answer: &Answer) -> Result<(Format, String), String> {
    let most = job.limits.body_bytes;
    if most > 0 && answer.body.len() as u64 > most {
        return Err("body size limit exceeded".into());
    }
    let text = String::from_utf8(answer.body.clone()).map_err(|_| "the page is not UTF-8".to_owned())?;
    Ok((Format::of_content_type(answer.header("content-type").unwrap_or("")), text))
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

fn get(job: &Job, address: &str, path: &str, end: Instant) -> io::Result<Answer> {
    let left = || end.checked_duration_since(Instant::now()).ok_or(io::Error::from(io::ErrorKind::TimedOut));
    let resolved = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&resolved, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    let authorization =
        job.authorization.as_ref().map(|a| format!("Authorization: {a}\r\n")).unwrap_or_default();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: promd\r\nAccept: {ACCEPT}\r\nAccept-Encoding: identity\r\nX-Prometheus-Scrape-Timeout-Seconds: {}\r\n{authorization}Connection: close\r\n\r\n",
        Duration::from_millis(u64::try_from(job.timeout_ms).unwrap_or(0)).as_secs_f64()
    )?;
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    let mut whole = None;
    loop {
        stream.set_read_timeout(Some(left()?))?;
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
