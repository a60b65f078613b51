//! A real `mainstay up` as a process, and plain HTTP to it: what a person at a browser does, without one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server with its sign-in link.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    link: String,
}

/// An answer, as far as tests look at it.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Process {
    /// Starts a server on a free port and waits until it has printed its link.
    pub fn start(data: &Path, postgres: Option<&str>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self::start_at(address, data, postgres)
    }

    /// As [`Process::start`], on this address.
    pub fn start_at(address: SocketAddr, data: &Path, postgres: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.arg("up").arg("--no-agent").arg("--data").arg(data).args(["--listen", &address.to_string()]);
        if let Some(url) = postgres {
            command.args(["--postgres", url]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let link = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("Open ")?.split(' ').next()?.to_owned()))
            .expect("a server prints its link");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, link }
    }

    /// Signs in with the printed link; the answer is the cookie.
    pub fn sign_in(&self) -> String {
        let path = &self.link[self.link.find("/in/").unwrap()..];
        let reply = send(self.address, "POST", path, "", "").expect("the server answers");
        assert_eq!(reply.status, 303, "{reply:?}");
        let line =
            reply.head.lines().find_map(|line| line.strip_prefix("set-cookie: ms=")).expect("a cookie");
        format!("ms={}", line.split(';').next().unwrap())
    }

    /// SIGKILL: no goodbye.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Resident memory, kilobytes.
    pub fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

/// A token that lets one host in, made beside the running server.
pub fn invitation(data: &Path, postgres: Option<&str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command.arg("add-host").arg("--data").arg(data);
    if let Some(url) = postgres {
        command.args(["--postgres", url]);
    }
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let token = said.split_whitespace().skip_while(|word| *word != "--token").nth(1);
    token.unwrap_or_else(|| panic!("no token in {said}")).to_owned()
}

/// One form on a connection of its own. `None` when the server went away in the middle.
pub fn send(to: SocketAddr, method: &str, path: &str, cookie: &str, form: &str) -> Option<Reply> {
    ask(to, method, path, cookie, "application/x-www-form-urlencoded", form)
}

fn ask(to: SocketAddr, method: &str, path: &str, cookie: &str, media: &str, body: &str) -> Option<Reply> {
    let mut stream = TcpStream::connect(to).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nCookie: {cookie}\r\nAccept: text/html\r\n\
         Content-Type: {media}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.replace('\r', ""), body: body.to_owned() })
}

/// One JSON request; `None` when the server went away in the middle.
pub fn post_json(to: SocketAddr, path: &str, cookie: &str, body: &serde_json::Value) -> Option<Reply> {
    ask(to, "POST", path, cookie, "application/json", &body.to_string())
}

/// What a path of the API answers; `None` when the server is away or refuses.
pub fn get_json(to: SocketAddr, path: &str, cookie: &str) -> Option<serde_json::Value> {
    let reply = ask(to, "GET", path, cookie, "application/json", "")?;
    serde_json::from_str(&reply.body).ok().filter(|_| reply.status == 200)
}
