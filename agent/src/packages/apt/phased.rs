//! Ubuntu's phased updates: whether this machine is in the share that gets a version yet.
//!
//! The share is drawn from the machine id and the source version with the C++ standard library's `seed_seq`,
//! `minstd_rand` and `uniform_int_distribution`, as apt does; so the draw is the same.

use super::config::Config;
use crate::Host;

/// What decides about phased versions on this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phasing {
    /// Take them as if they were for everybody.
    #[default]
    Everything,
    /// Take none before it is for everybody.
    Nothing,
    /// Draw with this machine id.
    Draw(String),
}

impl Phasing {
    /// Reads apt's configuration and the machine id.
    pub fn read(config: &Config, host: &Host) -> Self {
        let either = |name: &str| {
            let old = config.is_on(&format!("Update-Manager::{name}"), false);
            config.is_on(&format!("APT::Get::{name}"), old)
        };
        if either("Always-Include-Phased-Updates") {
            return Phasing::Everything;
        }
        if either("Never-Include-Phased-Updates") {
            return Phasing::Nothing;
        }
        let read = || host.text(config.place("Dir::Etc::machine-id")).ok();
        let id = config.get("APT::Machine-ID").map(str::to_owned).or_else(read).unwrap_or_default();
        let id = id.lines().next().unwrap_or_default().trim();
        if id.is_empty() || is_chroot(host) { Phasing::Everything } else { Phasing::Draw(id.to_owned()) }
    }

    /// Whether a version that is out for `percent` of all machines is not for this one.
    pub fn excludes(&self, source: &str, source_version: &str, percent: u8) -> bool {
        match self {
            _ if percent == 100 => false,
            Phasing::Everything => false,
            Phasing::Nothing => true,
            Phasing::Draw(id) => draw(&format!("{source}-{source_version}-{id}")) > u32::from(percent),
        }
    }
}

/// In a changed root everything is taken.
fn is_chroot(host: &Host) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (own, first) = (std::fs::metadata(host.path("/")), std::fs::metadata(host.proc("1/root/.")));
    match (own, first) {
        (Ok(own), Ok(first)) if host.is_live() => (own.dev(), own.ino()) != (first.dev(), first.ino()),
        _ => false,
    }
}

/// A number from 0 to 100 that depends on nothing but the text.
fn draw(text: &str) -> u32 {
    const MODULUS: u64 = 2_147_483_647;
    const FACTOR: u64 = 48_271;
    /// Span of the generator, and how many numbers are wanted of it.
    const SPAN: u64 = MODULUS - 2;
    const WANTED: u64 = 101;
    let mut state = u64::from(seed(text.as_bytes())) % MODULUS;
    if state == 0 {
        state = 1;
    }
    let scale = SPAN / WANTED;
    loop {
        state = state * FACTOR % MODULUS;
        let drawn = state - 1;
        if drawn < scale * WANTED {
            return u32::try_from(drawn / scale).unwrap_or(100);
        }
    }
}

/// The fourth of four words of `std::seed_seq` over these bytes, which is the one a generator with 31 bits of
/// state takes (C++ standard, `[rand.util.seedseq]`).
fn seed(bytes: &[u8]) -> u32 {
    const WORDS: usize = 4;
    let mix = |value: u32| value ^ (value >> 27);
    let (words, given) = (WORDS, bytes.len());
    let mut out = [0x8b8b_8b8b_u32; WORDS];
    // For fewer than seven words the standard's p, q and t come to these.
    let third = (words - 1) / 2;
    let (p, q) = ((words - third) / 2, (words - third) / 2 + third);
    let steps = (given + 1).max(words);
    for k in 0..steps {
        let first = mix(out[k % words] ^ out[(k + p) % words] ^ out[(k + words - 1) % words]);
        let first = first.wrapping_mul(1_664_525);
        let position = u32::try_from(k % words).unwrap_or(0);
        let second = match k {
            0 => first.wrapping_add(u32::try_from(given).unwrap_or(u32::MAX)),
            // A byte above 127 is a negative `char` there.
            k if k <= given => first
                .wrapping_add(position)
                .wrapping_add(i32::from(bytes[k - 1].cast_signed()).cast_unsigned()),
            _ => first.wrapping_add(position),
        };
        out[(k + p) % words] = out[(k + p) % words].wrapping_add(first);
        out[(k + q) % words] = out[(k + q) % words].wrapping_add(second);
        out[k % words] = second;
    }
    for k in steps..steps + words {
        let sum =
            out[k % words].wrapping_add(out[(k + p) % words]).wrapping_add(out[(k + words - 1) % words]);
        let third = mix(sum).wrapping_mul(1_566_083_941);
        let fourth = third.wrapping_sub(u32::try_from(k % words).unwrap_or(0));
        out[(k + p) % words] ^= third;
        out[(k + q) % words] ^= fourth;
        out[k % words] = fourth;
    }
    out[WORDS - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drawn with the C++ standard library (GCC 12).
    #[test]
    fn draws_as_the_cpp_library_does() {
        for (text, drawn) in DRAWN {
            assert_eq!(draw(text), *drawn, "{text}");
        }
    }

    const DRAWN: &[(&str, u32)] = &[
        ("a", 94),
        ("bash-5.1-6ubuntu1-0123456789abcdef0123456789abcdef", 41),
        ("systemd-249.11-0ubuntu3.12-b08dfa6083e7567a1921a715000001fb", 45),
        ("x-1-00000000000000000000000000000000", 38),
        ("linux-5.15.0-1-ffffffffffffffffffffffffffffffff", 94),
        ("é-1-a", 30),
    ];
}
