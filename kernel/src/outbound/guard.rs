//! Where we go and where not: requests that users can cause must not reach the inside of a network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper::http::Uri;
use serde::{Deserialize, Serialize};

use super::Lost;
use crate::Fault;
use crate::access::{MANAGE_SETTINGS, Right};
use crate::settings::Setting;

/// What may be reached although it is private: host names, addresses, or ranges like `10.1.0.0/16`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundSetting {
    #[serde(default)]
    pub allow: Vec<String>,
}

impl Setting for OutboundSetting {
    const NAME: &'static str = "kernel.outbound";

    fn right() -> &'static Right {
        &MANAGE_SETTINGS
    }

    fn check(&self) -> Result<(), Fault> {
        let is_good = |entry: &String| {
            range(entry).is_some()
                || !entry.is_empty()
                    && !entry.contains('/')
                    && entry.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        };
        match self.allow.iter().find(|entry| !is_good(entry)) {
            None => Ok(()),
            Some(entry) => Err(Fault::invalid(
                "allow",
                "malformed",
                format!("{entry} is neither a host name nor an address nor a range like 10.1.0.0/16"),
            )),
        }
    }
}

/// The exceptions of one organisation, ready to be asked.
#[derive(Clone, Debug, Default)]
pub struct Allow {
    names: Vec<String>,
    ranges: Vec<(IpAddr, u8)>,
}

impl From<&OutboundSetting> for Allow {
    fn from(setting: &OutboundSetting) -> Self {
        let mut allow = Self::default();
        for entry in &setting.allow {
            match range(entry) {
                Some(range) => allow.ranges.push(range),
                None => allow.names.push(entry.to_ascii_lowercase()),
            }
        }
        allow
    }
}

impl Allow {
    fn lets(&self, host: &str, address: IpAddr) -> bool {
        is_public(address)
            || self.names.iter().any(|name| *name == host.to_ascii_lowercase())
            || self.ranges.iter().any(|range| is_within(address, *range))
    }
}

/// A parsed address.
#[derive(Debug)]
pub(super) struct Goal {
    pub(super) is_tls: bool,
    /// Without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// For the `Host` header.
    pub(super) authority: String,
    pub(super) path: String,
}

impl Goal {
    pub(super) fn read(url: &str) -> Result<Self, Lost> {
        let refused = |why: &str| Lost::Refused(format!("{why}: write it like https://host/path"));
        let uri: Uri = url.trim().parse().map_err(|_| refused("this address cannot be read"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused("only http and https are spoken here")),
        };
        let authority = uri.authority().ok_or_else(|| refused("this address names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("no user belongs into an address"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { is_tls, host, port, authority: authority.as_str().to_owned(), path })
    }

    /// The addresses behind the name, all of which must be permitted: a name that points inside and outside at once
    /// is a trick.
    pub(super) async fn resolve(&self, allow: &Allow) -> Result<Vec<SocketAddr>, Lost> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<SocketAddr> = found
            .map_err(|error| Lost::Unreached(format!("the name {} cannot be resolved: {error}", self.host)))?
            .collect();
        if addresses.is_empty() {
            return Err(Lost::Unreached(format!("the name {} leads nowhere", self.host)));
        }
        match addresses.iter().find(|address| !allow.lets(&self.host, address.ip())) {
            None => Ok(addresses),
            Some(inside) => {
                let is = if self.host == inside.ip().to_string() {
                    String::new()
                } else {
                    format!(" ({})", inside.ip())
                };
                Err(Lost::Refused(format!(
                    "{}{is} is inside a private network; allow it under Settings, Channels, if that is meant",
                    self.host
                )))
            }
        }
    }
}

fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address.parse().ok()?, Some(bits.parse::<u8>().ok()?)),
        None => (text.parse::<IpAddr>().ok()?, None),
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(most);
    (bits <= most).then_some((address, bits))
}

fn is_within(address: IpAddr, (base, bits): (IpAddr, u8)) -> bool {
    let shift = |width: u32| width - u32::from(bits);
    match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            (u32::from(address) ^ u32::from(base)).checked_shr(shift(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            (u128::from(address) ^ u128::from(base)).checked_shr(shift(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Whether an address lies in the open internet (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    const CLOSED: [([u8; 4], u8); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    !CLOSED.iter().any(|(base, bits)| is_within(address.into(), (Ipv4Addr::from(*base).into(), *bits)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match parts {
        // What stands for an IPv4 address is judged as that one: mapped, translated (NAT64), 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(embedded(high, low))
        }
        [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // Teredo, documentation, benchmarks, ORCHID.
        [0x2001, second, ..] if second < 0x200 || second == 0x0db8 => false,
        // All that is given out so far is global unicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::{Allow, Goal, OutboundSetting, is_public};
    use crate::settings::Setting;

    #[test]
    fn the_inside_of_networks_is_told_from_the_outside() {
        for inside in [
            "127.0.0.1",
            "127.255.0.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:0:1::1",
            "2001:db8::1",
            "::127.0.0.1",
            "fec0::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in
            ["1.1.1.1", "172.32.0.1", "100.128.0.1", "9.255.255.255", "2606:4700::1", "64:ff9b::101:101"]
        {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn exceptions_are_names_addresses_and_ranges() {
        let setting = OutboundSetting {
            allow: ["ntfy.lan", "10.1.0.0/16", "::1", "127.0.0.1", "0.0.0.0/0"].map(str::to_owned).to_vec(),
        };
        setting.check().unwrap();
        let narrow = OutboundSetting { allow: setting.allow[..4].to_vec() };
        let allow = Allow::from(&narrow);
        for (host, address, is_let) in [
            ("NTFY.lan", "192.168.1.9", true),
            ("other.lan", "192.168.1.9", false),
            ("x", "10.1.255.1", true),
            ("x", "10.2.0.1", false),
            ("x", "::1", true),
            ("x", "127.0.0.1", true),
            ("x", "127.0.0.2", false),
        ] {
            assert_eq!(allow.lets(host, address.parse().unwrap()), is_let, "{host} {address}");
        }
        assert!(Allow::from(&setting).lets("x", "127.9.9.9".parse().unwrap()));
        for bad in ["", "10.0.0.0/33", "a/b", "http://x", "a b"] {
            assert!(OutboundSetting { allow: vec![bad.to_owned()] }.check().is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_read_or_refused() {
        for bad in [
            "",
            "ftp://a/",
            "file:///etc/passwd",
            "//host/",
            "http://",
            "https://user:pw@host/",
            "gopher://x",
            "http://a b/",
        ] {
            assert!(Goal::read(bad).is_err(), "{bad}");
        }
        let goal = Goal::read("https://[::1]:8443/a?b=c#d").unwrap();
        assert_eq!((goal.host.as_str(), goal.port, goal.path.as_str()), ("::1", 8443, "/a?b=c"));
    }
}
