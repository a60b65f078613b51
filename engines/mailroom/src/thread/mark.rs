//! Signed marks: recipient addresses and Message-IDs that name their ticket and cannot be made up.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret of the desk's marks. At least 16 random bytes.
#[derive(Clone)]
pub struct Key(Vec<u8>);

/// 80 bits: out of reach for guessing by mail, short enough for an address.
const MAC_LETTERS: usize = 16;
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

impl Key {
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self(secret.into())
    }

    /// `desk+2431.<mac>.<whose>@domain`: the address answers to a mail to this person come back to. Bound to ticket
    /// and person; the third part proves to us alone that the mark is ours when somebody else uses it.
    ///
    /// ```
    /// use mainstay_mailroom::{Key, MarkedAddress};
    /// let key = Key::new(*b"sixteen bytes ..");
    /// let address = key.address("desk@help.example", 2431, "Ann@cust.example");
    /// let token = MarkedAddress::read(&address.to_uppercase()).expect("the form is right");
    /// assert_eq!(token.ticket, 2431);
    /// assert!(token.is_for("ann@cust.example", &[key.clone()]));
    /// assert!(!token.is_for("eve@other.example", &[key.clone()]) && token.is_ours(&[key]));
    /// ```
    pub fn address(&self, desk: &str, ticket: u64, person: &str) -> String {
        let (local, domain) = desk.rsplit_once('@').unwrap_or((desk, "invalid"));
        let bound = self.mac("address", &[&ticket.to_string(), &person.trim().to_lowercase()]);
        let whole = self.mac("token", &[&ticket.to_string(), &bound]);
        format!("{local}+{ticket}.{bound}.{}@{domain}", &whole[..10])
    }

    /// `2431.<unique>.<mac>@domain`, without angle brackets. `unique` has to differ for every mail: an event id.
    pub fn message_id(&self, domain: &str, ticket: u64, unique: &str) -> String {
        let unique: String = unique.chars().filter(char::is_ascii_alphanumeric).collect();
        let mac = self.mac("message-id", &[&ticket.to_string(), &unique.to_lowercase()]);
        format!("{ticket}.{unique}.{mac}@{domain}")
    }

    fn mac(&self, purpose: &str, parts: &[&str]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let bytes = mac.finalize().into_bytes();
        let mut bits = u128::from_be_bytes(bytes[..16].try_into().expect("a SHA-256 code has 32 bytes"));
        (0..MAC_LETTERS)
            .map(|_| {
                let index = usize::try_from(bits & 31).expect("five bits");
                bits >>= 5;
                char::from(ALPHABET[index])
            })
            .collect()
    }
}

/// A token read from an address; not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedAddress {
    pub ticket: u64,
    bound: String,
    whole: String,
}

impl MarkedAddress {
    /// Reads the token; letters may have changed case on the way.
    pub fn read(address: &str) -> Option<Self> {
        let local = address.rsplit_once('@')?.0.to_lowercase();
        let (_, token) = local.rsplit_once('+')?;
        let mut parts = token.split('.');
        let ticket = parts.next()?.parse().ok()?;
        let (bound, whole) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        (parts.next().is_none() && bound.len() == MAC_LETTERS && whole.len() == 10).then_some(Self {
            ticket,
            bound,
            whole,
        })
    }

    /// Whether one of the keys signed it for this person.
    pub fn is_for(&self, person: &str, keys: &[Key]) -> bool {
        let person = person.trim().to_lowercase();
        keys.iter().any(|key| is_same(&key.mac("address", &[&self.ticket.to_string(), &person]), &self.bound))
    }

    /// Whether one of the keys signed it at all, for whomever.
    pub fn is_ours(&self, keys: &[Key]) -> bool {
        keys.iter().any(|key| {
            is_same(&key.mac("token", &[&self.ticket.to_string(), &self.bound])[..10], &self.whole)
        })
    }
}

/// A Message-ID of ours, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedId {
    pub ticket: u64,
    pub unique: String,
}

impl MarkedId {
    /// Reads and verifies; `None` for everybody else's ids. The domain is not looked at: relays rewrite it.
    pub fn read(id: &str, keys: &[Key]) -> Option<Self> {
        let local = id.trim_matches(['<', '>', ' ']).split('@').next()?;
        let mut parts = local.split('.');
        let (ticket, unique, mac) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || mac.len() != MAC_LETTERS {
            return None;
        }
        let number: u64 = ticket.parse().ok()?;
        let is_ours = keys.iter().any(|key| {
            is_same(
                &key.mac("message-id", &[&number.to_string(), &unique.to_lowercase()]),
                &mac.to_lowercase(),
            )
        });
        is_ours.then(|| Self { ticket: number, unique: unique.to_owned() })
    }
}

/// Compares without telling by its time where the difference is.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |sum, (x, y)| sum | (x ^ y)) == 0
}
