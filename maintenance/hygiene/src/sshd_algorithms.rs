//! Ciphers, sums, key exchanges and signatures of sshd that are weak, by name.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::sshd::{Sshd, SshdSource};

use crate::draft::{count, draft};
use crate::exposure::Exposure;
use crate::sshd::{DROP_IN, RELOAD};

pub const ALGORITHMS: &str = "hygiene.sshd_algorithms";

/// `(keyword, its name in the file, what it is, control)`.
const LISTS: &[(&str, &str, &str, &[&str])] = &[
    ("ciphers", "Ciphers", "cipher", &["CIS Debian 12, 5.1.6"]),
    ("macs", "MACs", "checksum", &["CIS Debian 12, 5.1.15"]),
    ("kexalgorithms", "KexAlgorithms", "key exchange", &["CIS Debian 12, 5.1.12"]),
    ("hostkeyalgorithms", "HostKeyAlgorithms", "host signature", &[]),
    ("pubkeyacceptedalgorithms", "PubkeyAcceptedAlgorithms", "user signature", &[]),
];

const SIGNATURES: [&str; 2] = ["hostkeyalgorithms", "pubkeyacceptedalgorithms"];

/// How weak a name is; `None` for a sound or unknown one. `Info`: no known attack, yet without margin.
fn weakness(keyword: &str, name: &str) -> Option<Severity> {
    let bare = name.split('@').next().unwrap_or(name).trim_end_matches("-etm");
    if bare == "none" {
        return Some(Severity::High);
    }
    let (broken, weak, narrow): (&[&str], bool, &[&str]) = match keyword {
        "ciphers" => {
            let broken = &[
                "3des-cbc",
                "blowfish-cbc",
                "cast128-cbc",
                "des-cbc",
                "arcfour",
                "arcfour128",
                "arcfour256",
            ];
            (broken, bare.ends_with("-cbc"), &[])
        }
        "macs" => {
            let broken = &["hmac-md5", "hmac-md5-96", "hmac-sha1-96"];
            (broken, bare == "hmac-ripemd160", &["hmac-sha1", "umac-64"])
        }
        "kexalgorithms" => {
            let is_sha1 = bare.ends_with("-sha1") || bare.contains("-sha1-");
            (&["diffie-hellman-group1-sha1"], is_sha1, &[])
        }
        _ if SIGNATURES.contains(&keyword) => {
            (&["ssh-dss", "ssh-dss-cert-v01"], matches!(bare, "ssh-rsa" | "ssh-rsa-cert-v01"), &[])
        }
        _ => return None,
    };
    if broken.contains(&bare) {
        Some(Severity::Medium)
    } else if weak {
        Some(Severity::Low)
    } else {
        narrow.contains(&bare).then_some(Severity::Info)
    }
}

/// The names a keyword surely offers. A list that starts with `+` or `^` adds to defaults that only sshd knows; one
/// with `-` only takes away.
fn names(sshd: &Sshd, keyword: &str) -> Vec<String> {
    let Some(list) = sshd.settings.get(keyword).map(|values| values.join(",")) else { return Vec::new() };
    if list.starts_with('-') {
        return Vec::new();
    }
    list.trim_start_matches(['+', '^']).split(',').map(|name| name.trim().to_owned()).collect()
}

/// One sighting per list that offers a weak name.
pub fn weak_algorithms(sshd: &Sshd, exposure: &Exposure) -> Vec<Sighting> {
    if !sshd.is_installed {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (keyword, spelled, noun, controls) in LISTS {
        let offered = names(sshd, keyword);
        let weak: Vec<(&str, Severity)> =
            offered.iter().filter_map(|name| Some((name.as_str(), weakness(keyword, name)?))).collect();
        let Some(worst) = weak.iter().map(|(_, severity)| *severity).max() else { continue };
        let listed: Vec<&str> = weak.iter().map(|(name, _)| *name).collect();
        let listed = listed.join(", ");
        let sighting = draft(exposure.weigh(worst), *keyword, format!("ssh offers {}", count_weak(weak.len(), noun)))
            .reason(format!("{listed}; {}.", exposure.clause()))
            .why("A client that asks for one of them gets it; what is then sent can be read, changed or signed by others with known effort.")
            .evidence(format!("{keyword} {}", offered.join(",")))
            .fix(format!("Write in {DROP_IN}: {spelled} {}", sound(sshd, keyword, &offered)))
            .fix(RELOAD)
            .controls(controls);
        found.push(sighting.done());
    }
    found
}

/// What to write instead: the list without its weak names. Where only additions to the defaults are known, or nothing
/// sound would be left, the weak names taken from the defaults.
fn sound(sshd: &Sshd, keyword: &str, offered: &[String]) -> String {
    let (weak, sound): (Vec<&str>, Vec<&str>) =
        offered.iter().map(String::as_str).partition(|name| weakness(keyword, name).is_some());
    let is_whole =
        sshd.settings.get(keyword).and_then(|v| v.first()).is_some_and(|v| !v.starts_with(['+', '^']));
    if is_whole && !sound.is_empty() { sound.join(",") } else { format!("-{}", weak.join(",")) }
}

fn count_weak(number: usize, noun: &str) -> String {
    count(number, &format!("weak {noun}"))
}

/// Why the lists are not all known, when they are not: without `sshd -T` the defaults of the build are hidden.
pub(crate) fn unknown(sshd: &Sshd) -> Option<String> {
    if !sshd.is_installed || sshd.source == SshdSource::Asked {
        return None;
    }
    let is_known = |keyword: &str| {
        let list = sshd.settings.get(keyword).and_then(|values| values.first());
        list.is_some_and(|list| !list.starts_with(['+', '-', '^']))
    };
    let hidden: Vec<&str> = LISTS.iter().filter(|list| !is_known(list.0)).map(|list| list.1).collect();
    (!hidden.is_empty()).then(|| {
        format!("{} of this sshd: only sshd -T tells its defaults, and root only may ask", hidden.join(", "))
    })
}
