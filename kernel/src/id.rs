//! Ids: 63 bits, sorted by time, made by the application; and secrets, which are random and never ids.
//!
//! 41 bits of milliseconds since 2024, 10 bits of node, 12 bits of sequence. The newest row has the highest id, so an
//! id is a keyset cursor. Programs see it as `ast_` and thirteen letters of Crockford's base 32; people see numbers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::{Clock, Fault};

/// 2024-01-01T00:00:00Z; 41 bits last until 2093.
const EPOCH_MS: i64 = 1_704_067_200_000;
const SEQUENCE_BITS: u32 = 12;
const NODE_BITS: u32 = 10;
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes ids that only grow, even when the clock is set back.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    node: i64,
    last: Arc<AtomicI64>,
}

impl Ids {
    /// Ids of node `node` (0 to 1023); two processes with one store have different nodes.
    pub fn new(clock: Clock, node: u16) -> Self {
        Self { clock, node: i64::from(node & 0x3ff), last: Arc::default() }
    }

    /// The next id, higher than every one before from here.
    pub fn next(&self) -> i64 {
        let fresh = (self.clock.now_ms() - EPOCH_MS).max(0) << SEQUENCE_BITS;
        // Time and sequence are one counter: a full sequence runs into the next millisecond.
        let previous =
            self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(fresh.max(last + 1)));
        let stamp = fresh.max(previous.unwrap_or(0) + 1);
        ((stamp >> SEQUENCE_BITS) << (SEQUENCE_BITS + NODE_BITS))
            | (self.node << SEQUENCE_BITS)
            | (stamp & 0xfff)
    }
}

impl Ids {
    /// Makes none at or below this id any more: whatever clocks say, what is written later has the higher id.
    pub fn above(&self, id: i64) {
        let stamp = ((id >> (SEQUENCE_BITS + NODE_BITS)) << SEQUENCE_BITS) | (id & 0xfff);
        // The node's bits stand between: only the next millisecond is above for every node.
        let floor = (stamp | 0xfff) + 1;
        self.last.fetch_max(floor, Ordering::SeqCst);
    }
}

/// The lowest id that could be made at this time; everything made before is lower.
pub fn floor_at(ms: i64) -> i64 {
    (ms - EPOCH_MS).max(0) << (SEQUENCE_BITS + NODE_BITS)
}

/// When an id was made, in milliseconds since 1970.
pub fn made_ms(id: i64) -> i64 {
    (id >> (SEQUENCE_BITS + NODE_BITS)) + EPOCH_MS
}

/// An id as programs see it: `prefix_` and thirteen letters.
pub fn spell(prefix: &str, id: i64) -> String {
    let letters =
        (0..13).rev().map(|place| CROCKFORD[usize::try_from((id >> (place * 5)) & 31).unwrap_or(0)] as char);
    format!("{prefix}_{}", letters.collect::<String>())
}

/// Reads what [`spell`] wrote; `NotFound` for another kind or a broken spelling, as for an id that does not exist.
pub fn read(prefix: &str, what: &'static str, text: &str) -> Result<i64, Fault> {
    let letters = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    letters.and_then(number).ok_or(Fault::NotFound { what })
}

fn number(letters: &str) -> Option<i64> {
    if letters.len() != 13 {
        return None;
    }
    letters.bytes().try_fold(0_i64, |id, letter| {
        let value = CROCKFORD.iter().position(|c| *c == letter.to_ascii_lowercase())?;
        id.checked_mul(32)?.checked_add(i64::try_from(value).ok()?)
    })
}

/// `N` random bytes from the operating system: for secrets, nonces and tokens.
pub fn random<const N: usize>() -> [u8; N] {
    use rand::TryRng;
    let mut bytes = [0; N];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Bytes in Crockford's base 32, without padding.
pub fn letters(bytes: &[u8]) -> String {
    let (mut out, mut buffer, mut bits) = (String::new(), 0_u32, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(CROCKFORD[((buffer >> bits) & 31) as usize] as char);
        }
    }
    if bits > 0 {
        out.push(CROCKFORD[((buffer << (5 - bits)) & 31) as usize] as char);
    }
    out
}

/// A typed id: `id_type!(AssetId, "ast", "asset")`.
#[macro_export]
macro_rules! id_type {
    ($name:ident, $prefix:literal, $what:literal) => {
        #[doc = concat!("The id of one ", $what, "; programs see it as `", $prefix, "_…`.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// The word before the letters.
            pub const PREFIX: &'static str = $prefix;
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::id::spell($prefix, self.0))
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::Fault;
            fn from_str(text: &str) -> Result<Self, $crate::Fault> {
                $crate::id::read($prefix, $what, text).map(Self)
            }
        }
        impl From<$name> for $crate::store::Value<'_> {
            fn from(id: $name) -> Self {
                Self::Int(id.0)
            }
        }
        impl From<&$name> for $crate::store::Value<'_> {
            fn from(id: &$name) -> Self {
                Self::Int(id.0)
            }
        }
        impl $crate::store::Column for $name {
            fn read(row: &$crate::store::Row<'_>, index: usize) -> Result<Self, $crate::Fault> {
                row.get(index).map(Self)
            }
        }
        impl $crate::store::IdColumn for $name {
            fn from_number(number: i64) -> Self {
                Self(number)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|_| {
                    serde::de::Error::custom(concat!("this is not the id of a ", $what, " (", $prefix, "_…)"))
                })
            }
        }
    };
}

id_type!(OrgId, "org", "organisation");
id_type!(PersonId, "per", "person");
id_type!(TeamId, "tem", "team");
id_type!(RoleId, "rol", "role");
id_type!(GrantId, "gra", "grant");
id_type!(SessionId, "ses", "session");
id_type!(TokenId, "tok", "token");
id_type!(EventId, "evt", "event");
id_type!(JobId, "job", "job");
id_type!(NoticeId, "ntc", "notice");
id_type!(ChannelId, "chn", "channel");

/// Something in the house, by kind and id: how rooms point at each other's things.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Ref {
    /// A word of the house: `asset`, `finding`, `work`, `plan` …
    pub kind: std::borrow::Cow<'static, str>,
    /// The number behind the typed id.
    #[serde(with = "spelled")]
    pub id: i64,
}

impl Ref {
    /// A reference to a thing of this kind.
    pub fn new(kind: &'static str, id: i64) -> Self {
        Self { kind: kind.into(), id }
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

/// Ids in JSON are strings: numbers over 2^53 do not survive JavaScript.
mod spelled {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
    pub(super) fn serialize<S: Serializer>(id: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&id.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
