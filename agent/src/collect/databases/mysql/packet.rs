//! Packets of the client protocol of MySQL and MariaDB, as far as a session needs them that shows no password and
//! asks in text.
//!
//! Written after <https://mariadb.com/kb/en/clientserver-protocol/> and
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>. Whoever may write to `/tmp` can put a
//! server of their own there: no length that the other side names is allocated before its bytes are here.

/// A row of an answer in text.
pub type Row = Vec<Option<String>>;

/// More words of a server than this are cut.
const MOST_WORDS: usize = 300;

/// Capabilities, by the protocol's names without their prefix `CLIENT_`. Not among them, on purpose: `LOCAL_FILES`
/// (a server may ask for files of this host), `MULTI_STATEMENTS`, `COMPRESS`, `SSL` (there is no network between).
const LONG_PASSWORD: u32 = 1;
const PROTOCOL_41: u32 = 1 << 9;
const TRANSACTIONS: u32 = 1 << 13;
const SECURE_CONNECTION: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
/// What the server has to know; all do since 5.5.
const NEEDED: u32 = PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
/// The collation `utf8mb4_general_ci`.
const UTF8MB4: u8 = 45;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The server's own code and words; the line goes on.
    #[error("{words}")]
    Refused { code: u16, words: String },
    /// The account is there, but not for somebody without a password.
    #[error("the account signs in by {0}, and the agent has no password")]
    Secret(String),
    #[error("what answers there does not keep to the protocol: {0}")]
    Garbled(&'static str),
    #[error("the answer is larger than {0}")]
    TooMuch(&'static str),
    #[error("no answer in {0} s")]
    Late(u64),
    #[error("{0}")]
    Broken(#[from] std::io::Error),
}

/// What a server says first.
#[derive(Debug, PartialEq, Eq)]
pub struct Greeting {
    /// As sent: `5.5.5-10.11.19-MariaDB-0+deb12u1`, `8.4.3`.
    pub version: String,
}

/// What a server says to a sign-in.
#[derive(Debug, PartialEq, Eq)]
pub enum Welcome {
    In,
    /// It asks for another method by this name.
    Switch(String),
    /// It goes on with the method that was chosen, and these are its first bytes.
    More(Option<u8>),
}

/// What a server says first to a statement.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    Done,
    /// Definitions of so many columns follow, then rows.
    Columns(usize),
}

/// The bytes of one packet that are not read yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Fault::Garbled("a packet ends early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, Fault> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// Text that ends with a zero.
    fn text(&mut self) -> Result<String, Fault> {
        let end = memchr::memchr(0, self.0).ok_or(Fault::Garbled("a text has no end"))?;
        let text = readable(self.take(end)?);
        self.take(1)?;
        Ok(text)
    }

    /// A number in one to nine bytes; `None` stands for NULL.
    fn number(&mut self) -> Result<Option<u64>, Fault> {
        let width = match self.byte()? {
            0xfb => return Ok(None),
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            0xff => return Err(Fault::Garbled("a number has no width")),
            small => return Ok(Some(u64::from(small))),
        };
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.take(width)?);
        Ok(Some(u64::from_le_bytes(wide)))
    }
}

/// Text for people: what is no text and what moves a terminal is replaced, the rest is cut.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(MOST_WORDS).collect()
}

/// `ERR`: before the greeting without a state, later with `#` and five characters of it.
fn refused(mut bytes: Bytes<'_>) -> Fault {
    let Ok(code) = bytes.u16() else { return Fault::Garbled("a refusal has no code") };
    let words = match bytes.0 {
        [b'#', rest @ ..] => rest.get(5..).unwrap_or_default(),
        words => words,
    };
    Fault::Refused { code, words: readable(words) }
}

/// `Protocol::HandshakeV10`. The scramble in it is not used: no password is mixed with it.
pub fn greeting(packet: &[u8]) -> Result<Greeting, Fault> {
    let mut bytes = Bytes(packet);
    match bytes.byte()? {
        10 => {}
        0xff => return Err(refused(bytes)),
        _ => return Err(Fault::Garbled("its greeting is of another version")),
    }
    let version = bytes.text()?;
    bytes.take(4 + 8 + 1)?;
    let low = bytes.u16()?;
    bytes.take(1 + 2)?;
    let high = bytes.u16()?;
    if (u32::from(high) << 16 | u32::from(low)) & NEEDED != NEEDED {
        return Err(Fault::Garbled("it is older than 5.5"));
    }
    Ok(Greeting { version })
}

/// `Protocol::HandshakeResponse41` with an empty proof.
pub fn sign_in(user: &str, most_packet_bytes: u32) -> Vec<u8> {
    let mut packet = Vec::with_capacity(64 + user.len());
    packet.extend((NEEDED | LONG_PASSWORD | TRANSACTIONS).to_le_bytes());
    packet.extend(most_packet_bytes.to_le_bytes());
    packet.push(UTF8MB4);
    packet.extend([0; 23]);
    packet.extend(user.bytes().filter(|byte| *byte != 0));
    packet.extend([0, 0]);
    packet.extend(b"mysql_native_password\0");
    packet
}

/// The proof of somebody without a password, where the method has one. The methods of MySQL's own hashes take a zero
/// for it, the others nothing. Methods that ask a person (`dialog`) or take the password as it is get no answer.
pub fn empty_proof(method: &str) -> Option<&'static [u8]> {
    match method {
        "caching_sha2_password" | "sha256_password" => Some(&[0]),
        "mysql_native_password" | "client_ed25519" | "auth_socket" | "unix_socket" => Some(&[]),
        _ => None,
    }
}

/// `OK`, `ERR`, `AuthSwitchRequest` or `AuthMoreData`.
pub fn welcome(packet: &[u8]) -> Result<Welcome, Fault> {
    let mut bytes = Bytes(packet);
    match bytes.byte()? {
        0 => Ok(Welcome::In),
        1 => Ok(Welcome::More(bytes.0.first().copied())),
        0xfe if bytes.0.is_empty() => Ok(Welcome::Switch("mysql_old_password".to_owned())),
        0xfe => Ok(Welcome::Switch(bytes.text()?)),
        0xff => Err(refused(bytes)),
        _ => Err(Fault::Garbled("it answers a sign-in with something else")),
    }
}

/// The first packet after a statement.
pub fn head(packet: &[u8], most_columns: usize) -> Result<Head, Fault> {
    let mut bytes = Bytes(packet);
    match packet.first() {
        Some(0) => return Ok(Head::Done),
        Some(0xff) => return Err(refused(Bytes(&packet[1..]))),
        Some(0xfb) => return Err(Fault::Garbled("it asks for a file of this host")),
        _ => {}
    }
    let count = bytes.number()?.and_then(|count| usize::try_from(count).ok());
    match count {
        Some(count) if bytes.0.is_empty() && count <= most_columns => Ok(Head::Columns(count)),
        _ => Err(Fault::Garbled("it names more columns than were asked for")),
    }
}

/// `EOF` in the old form, which ends definitions and rows: without `CLIENT_DEPRECATE_EOF` there is no other.
pub fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

/// One row of exactly so many columns.
pub fn row(packet: &[u8], columns: usize) -> Result<Row, Fault> {
    if packet.first() == Some(&0xff) {
        return Err(refused(Bytes(&packet[1..])));
    }
    let mut bytes = Bytes(packet);
    let mut row = Row::new();
    for _ in 0..columns {
        let text = match bytes.number()? {
            None => None,
            Some(count) => {
                let count = usize::try_from(count).map_err(|_| Fault::Garbled("a text has no end"))?;
                Some(String::from_utf8_lossy(bytes.take(count)?).into_owned())
            }
        };
        row.push(text);
    }
    if bytes.0.is_empty() { Ok(row) } else { Err(Fault::Garbled("a row has more than its columns")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Fault, Greeting, Head, Welcome, greeting, head, is_end, row, sign_in, welcome};

    /// What MariaDB 10.11 says first.
    fn hello() -> Vec<u8> {
        let mut packet = b"\x0a5.5.5-10.11.19-MariaDB-0+deb12u1\0".to_vec();
        packet.extend(
            b"\x2a\0\0\0abcdefgh\0\xfe\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\x1d\0\0\0ijklmnopqrst\0",
        );
        packet.extend(b"mysql_native_password\0");
        packet
    }

    #[test]
    fn a_greeting_tells_the_version_and_a_server_that_is_full_its_words() {
        let version = "5.5.5-10.11.19-MariaDB-0+deb12u1".to_owned();
        assert_eq!(greeting(&hello()).unwrap(), Greeting { version });
        let full = greeting(b"\xff\x10\x04Too many connections").unwrap_err();
        assert!(matches!(&full, Fault::Refused { code: 1040, words } if words == "Too many connections"));
        let told = welcome(b"\xff\x15\x04#28000Access denied\x1b[2J for user").unwrap_err().to_string();
        assert_eq!(told, "Access denied\u{fffd}[2J for user", "no words of a server move a terminal");
    }

    #[test]
    fn nothing_a_server_counts_is_believed() {
        // 2^63 columns, a text of 2^62 bytes, a file of ours.
        assert!(head(b"\xfe\0\0\0\0\0\0\0\x80", 8).is_err());
        assert!(row(b"\xfe\0\0\0\0\0\0\0\x40abc", 1).is_err());
        let file = head(b"\xfb/etc/shadow", 8).unwrap_err().to_string();
        assert!(file.contains("asks for a file"), "{file}");
        assert!(row(b"\x01a\x01b", 1).is_err() && row(b"\x01a", 2).is_err());
        assert_eq!(row(b"\x01a\xfb\0", 3).unwrap(), [Some("a".to_owned()), None, Some(String::new())]);
        assert_eq!(head(b"\x02", 8).unwrap(), Head::Columns(2));
        assert_eq!(welcome(b"\xfedialog\0\x04Password: ").unwrap(), Welcome::Switch("dialog".to_owned()));
    }

    #[test]
    fn a_user_name_cannot_end_its_field() {
        let packet = sign_in("ro\0ot", 1);
        assert_eq!(packet[32..].split(|byte| *byte == 0).next(), Some(&b"root"[..]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), columns in 0_usize..20) {
            let _ = (greeting(&bytes), welcome(&bytes), is_end(&bytes));
            if let Ok(Head::Columns(count)) = head(&bytes, 16) {
                prop_assert!(count <= 16);
            }
            if let Ok(row) = row(&bytes, columns) {
                prop_assert!(row.len() == columns && row.iter().flatten().count() <= bytes.len());
            }
        }

        #[test]
        fn a_greeting_that_is_damaged_is_read_or_refused(at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<proptest::sample::Index>()) {
            let mut packet = hello();
            let (at, cut) = (at.index(packet.len()), cut.index(packet.len()));
            packet[at] = byte;
            packet.truncate(cut);
            if let Ok(greeting) = greeting(&packet) {
                prop_assert!(greeting.version.len() <= packet.len() * 3);
            }
        }
    }
}
