//! A line to a MySQL or MariaDB server: its socket, and how long and how much of it is listened to.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::packet::{self, Fault, Greeting, Head, Row, Welcome};

/// One packet. Our longest row is a setting; the protocol's own limit is 16 MiB.
const MOST_PACKET_BYTES: usize = 256 << 10;
/// Columns of our widest question.
const MOST_COLUMNS: usize = 8;
/// Of one answer.
const MOST_ROWS: usize = 5_000;
const MOST_ANSWER_BYTES: usize = 4 << 20;
/// MariaDB may try several methods of one account after each other.
const MOST_METHODS: usize = 4;

const QUIT: u8 = 1;
const QUERY: u8 = 3;

/// An open line. What is not answered by its end is [`Fault::Late`]; after that, as after [`Fault::Garbled`], it is of
/// no further use.
pub struct Line {
    stream: UnixStream,
    started: Instant,
    end: Instant,
    /// Number of the next packet; each side counts on, a question begins anew.
    number: u8,
}

impl Line {
    /// Opens the socket and hears the greeting, all within `patience`.
    pub fn open(socket: &Path, patience: Duration) -> Result<(Self, Greeting), Fault> {
        let address = SocketAddrUnix::new(socket).map_err(std::io::Error::from)?;
        let flags = SocketFlags::CLOEXEC;
        let stream = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
            .map_err(std::io::Error::from)?;
        // With its queue full, a server that hangs would hold a connect for ever.
        sockopt::set_socket_timeout(&stream, sockopt::Timeout::Send, Some(patience))
            .map_err(std::io::Error::from)?;
        rustix::net::connect(&stream, &address).map_err(|fault| match fault {
            rustix::io::Errno::AGAIN => Fault::Late(patience.as_secs()),
            fault => Fault::Broken(fault.into()),
        })?;
        let started = Instant::now();
        let mut line = Self { stream: stream.into(), started, end: started + patience, number: 0 };
        let greeting = packet::greeting(&line.read()?)?;
        Ok((line, greeting))
    }

    /// Shows who we are. The server asks the kernel whether it is true; a password is never sent.
    pub fn sign_in(&mut self, user: &str) -> Result<(), Fault> {
        self.write(&packet::sign_in(user, u32::try_from(MOST_PACKET_BYTES).unwrap_or(u32::MAX)))?;
        let mut method = "mysql_native_password".to_owned();
        for _ in 0..MOST_METHODS {
            match packet::welcome(&self.read()?)? {
                Welcome::In => return Ok(()),
                Welcome::Switch(other) => {
                    let Some(proof) = packet::empty_proof(&other) else { return Err(Fault::Secret(other)) };
                    self.write(proof)?;
                    method = other;
                }
                // `fast_auth_success` of caching_sha2_password; anything else asks for more than we have.
                Welcome::More(Some(3)) => {}
                Welcome::More(_) => return Err(Fault::Secret(method)),
            }
        }
        Err(Fault::Garbled("it asks for one method after another"))
    }

    /// Answers from now on within `patience`, all together.
    pub fn give(&mut self, patience: Duration) {
        self.started = Instant::now();
        self.end = self.started + patience;
    }

    /// What is left of the patience.
    pub fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Asks one statement and hears all rows.
    pub fn ask(&mut self, statement: &str) -> Result<Vec<Row>, Fault> {
        self.number = 0;
        let mut question = vec![QUERY];
        question.extend(statement.as_bytes());
        self.write(&question)?;
        let columns = match packet::head(&self.read()?, MOST_COLUMNS)? {
            Head::Done => return Ok(Vec::new()),
            Head::Columns(columns) => columns,
        };
        // What the columns are called we know: we asked.
        for _ in 0..columns {
            self.read()?;
        }
        if !packet::is_end(&self.read()?) {
            return Err(Fault::Garbled("its columns have no end"));
        }
        let (mut rows, mut size_bytes) = (Vec::new(), 0);
        loop {
            let packet = self.read()?;
            if packet::is_end(&packet) {
                return Ok(rows);
            }
            size_bytes += packet.len();
            if rows.len() == MOST_ROWS || size_bytes > MOST_ANSWER_BYTES {
                return Err(Fault::TooMuch("5,000 rows or 4 MiB"));
            }
            rows.push(packet::row(&packet, columns)?);
        }
    }

    /// The patience in seconds, for the words.
    fn late(&self) -> Fault {
        Fault::Late((self.end - self.started).as_secs())
    }

    /// What is left as the kernel wants it: never nothing, which would mean for ever.
    fn limit(&self) -> Result<Duration, Fault> {
        let left = self.left();
        if left.is_zero() { Err(self.late()) } else { Ok(left.max(Duration::from_millis(1))) }
    }

    fn heard(&self, fault: std::io::Error) -> Fault {
        match fault.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => self.late(),
            _ => Fault::Broken(fault),
        }
    }

    /// Fills `buffer`, however slowly the bytes trickle, but not longer than to the end.
    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), Fault> {
        while !buffer.is_empty() {
            self.stream.set_read_timeout(Some(self.limit()?))?;
            match self.stream.read(buffer) {
                Ok(0) => return Err(Fault::Garbled("it hung up")),
                Ok(count) => buffer = &mut buffer[count..],
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(self.heard(fault)),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Vec<u8>, Fault> {
        let mut header = [0; 4];
        self.fill(&mut header)?;
        let length = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
        if header[3] != self.number {
            return Err(Fault::Garbled("its packets are out of order"));
        }
        if length > MOST_PACKET_BYTES {
            return Err(Fault::TooMuch("256 KiB in one piece"));
        }
        self.number = self.number.wrapping_add(1);
        let mut packet = vec![0; length];
        self.fill(&mut packet)?;
        Ok(packet)
    }

    fn write(&mut self, content: &[u8]) -> Result<(), Fault> {
        let length = u32::try_from(content.len()).map_err(|_| Fault::TooMuch("a packet"))?;
        let mut packet = length.to_le_bytes()[..3].to_vec();
        packet.push(self.number);
        packet.extend(content);
        self.number = self.number.wrapping_add(1);
        self.stream.set_write_timeout(Some(self.limit()?))?;
        self.stream.write_all(&packet).map_err(|fault| self.heard(fault))
    }
}

impl Drop for Line {
    /// A session that only breaks off is counted as an aborted one by the server.
    fn drop(&mut self) {
        self.number = 0;
        self.give(Duration::from_millis(100));
        let _ = self.write(&[QUIT]);
    }
}
