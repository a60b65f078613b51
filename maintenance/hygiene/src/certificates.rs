//! Certificates of services: those that end, and those nobody can trust.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::certificates::{BrokenCertificate, Certificate, CertificateUse, Certificates};
use mainstay_wire::sockets::Sockets;

use crate::draft::{Draft, day, draft, minute, shell};
use crate::exposure::{Exposure, lower};
use crate::policy::Limits;
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub const END: &str = "hygiene.certificates_end";
pub const TRUST: &str = "hygiene.certificates_trust";

/// One file may not be read; its path follows.
const ONE_FILE: &str = "certificate /";

const DAY_MS: i64 = 86_400_000;

/// `(service, its processes)`, where they differ.
const PROCESSES: &[(&str, &[&str])] = &[
    ("apache", &["apache2", "httpd"]),
    ("postfix", &["master"]),
    ("postgresql", &["postgres"]),
    ("exim", &["exim4", "exim"]),
    ("mysql", &["mysqld", "mariadbd"]),
    ("mariadb", &["mariadbd", "mysqld"]),
    ("openldap", &["slapd"]),
    ("cups", &["cupsd"]),
    ("cyrus", &["master"]),
];

/// A tool that fetches certificates serves nothing.
const FETCHERS: &[&str] = &["letsencrypt", "certbot", "acme", "dehydrated", "lego"];

/// What the rules of this section say.
pub fn judge(
    seen: &Seen<Certificates>,
    sockets: Option<&Seen<Sockets>>,
    now_ms: i64,
    limits: &Limits,
) -> Vec<Verdict> {
    let Some(certificates) = &seen.value else {
        return [END, TRUST].map(|rule| Verdict::blind(rule, nothing(seen))).into();
    };
    let exposed = |certificate: &Certificate| exposure(certificate, sockets);
    let unknown = certificates.certificates.iter().filter_map(|certificate| match exposed(certificate) {
        Exposure::Unknown(because) => Some((certificate.path.clone(), because)),
        _ => None,
    });
    let trust = Verdict {
        rule: TRUST,
        seen: untrusted(certificates, exposed),
        hidden: hidden(seen, unknown.collect()),
    };
    let end = ending(certificates, now_ms, limits);
    vec![Verdict { rule: END, seen: end, hidden: hidden(seen, Vec::new()) }, trust]
}

/// A certificate that may not be read hides itself; `unknown` are further ones, with why.
fn hidden(seen: &Seen<Certificates>, mut unknown: Vec<(String, String)>) -> Hidden {
    if let Some(because) = gap(seen, &[ONE_FILE]) {
        return Hidden::Everything(because);
    }
    let unread = seen.unseen.iter().filter_map(|gap| {
        let path = gap.what.strip_prefix(ONE_FILE.trim_end_matches('/'))?;
        Some((path.to_owned(), format!("{}: {}", gap.what, gap.because)))
    });
    unknown.extend(unread);
    let Some(because) = unknown.first().map(|(_, because)| because.clone()) else { return Hidden::Nothing };
    Hidden::Some { because, hides: Box::new(move |subject| unknown.iter().any(|(path, _)| path == subject)) }
}

/// Who can reach the services that use a certificate: the widest of them.
fn exposure(certificate: &Certificate, sockets: Option<&Seen<Sockets>>) -> Exposure {
    let mut widest = Exposure::Closed;
    for service in services(certificate) {
        let own = [service];
        let names = PROCESSES.iter().find(|(name, _)| *name == service).map_or(&own[..], |(_, names)| names);
        match Exposure::of(sockets, names, &[]) {
            beyond @ Exposure::Beyond(_) => return beyond,
            unknown @ Exposure::Unknown(_) => widest = unknown,
            Exposure::Loopback if widest == Exposure::Closed => widest = Exposure::Loopback,
            Exposure::Loopback | Exposure::Closed => {}
        }
    }
    // A listener without a visible process may be the service.
    let hidden =
        sockets.and_then(|seen| seen.unseen.iter().find(|gap| gap.what.starts_with("the process of")));
    match hidden {
        Some(gap) if services(certificate).next().is_some() => {
            Exposure::Unknown(format!("{}: {}", gap.what, gap.because))
        }
        _ => widest,
    }
}

fn services(certificate: &Certificate) -> impl Iterator<Item = &str> {
    certificate.used_by.iter().map(|used| used.service.as_str()).filter(|service| !FETCHERS.contains(service))
}

/// Certificates that ended, end soon, are not yet valid, or cannot be read though a configuration names them.
pub fn ending(certificates: &Certificates, now_ms: i64, limits: &Limits) -> Vec<Sighting> {
    let ends = certificates.certificates.iter().filter_map(|certificate| end(certificate, now_ms, limits));
    ends.chain(certificates.broken.iter().filter(|broken| !broken.used_by.is_empty()).map(broken)).collect()
}

fn end(certificate: &Certificate, now_ms: i64, limits: &Limits) -> Option<Sighting> {
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let left_ms = ms(certificate.not_after_ms).saturating_sub(now_ms);
    let left_days = left_ms.div_euclid(DAY_MS);
    let named = name(certificate);
    let last = day(certificate.not_after_ms);
    let (full, title, reason) = if left_ms <= 0 {
        let days = -left_ms / DAY_MS;
        (
            Severity::Critical,
            format!("The certificate of {named} has ended"),
            format!("It ended on {last}, {}.", ago(days)),
        )
    } else if ms(certificate.not_before_ms) > now_ms {
        let first = minute(certificate.not_before_ms);
        (
            Severity::High,
            format!("The certificate of {named} is not valid yet"),
            format!("It begins on {first}."),
        )
    } else if left_days < i64::from(limits.certificate_high_days) {
        (Severity::High, format!("The certificate of {named} ends on {last}"), left(left_days))
    } else if left_days < i64::from(limits.certificate_medium_days) {
        (Severity::Medium, format!("The certificate of {named} ends on {last}"), left(left_days))
    } else {
        return None;
    };
    let is_used = services(certificate).next().is_some();
    let severity = if is_used { full } else { lower(lower(full)) };
    let use_words = if is_used { "" } else { " No service that uses it was found." };
    let sighting = about(severity, certificate, title)
        .reason(format!("{reason}{use_words}"))
        .why("After the end clients refuse the connection: browsers warn, mail is held back, programs stop.")
        .fix("Renew it: certbot renew, or ask whoever issued it for a new one for the same names.")
        .fix(format!("Then reload what uses it: {}", reloads(&certificate.used_by)))
        .controls(&["NIST SP 800-53 SC-17"]);
    Some(sighting.done())
}

fn ago(days: i64) -> String {
    match days {
        0 => "less than a day ago".to_owned(),
        1 => "1 day ago".to_owned(),
        more => format!("{more} days ago"),
    }
}

fn left(days: i64) -> String {
    match days {
        0 => "Less than a day is left.".to_owned(),
        1 => "1 day is left.".to_owned(),
        more => format!("{more} days are left."),
    }
}

fn broken(broken: &BrokenCertificate) -> Sighting {
    let BrokenCertificate { path, because, used_by } = broken;
    let mut sighting =
        draft(Severity::Medium, path, format!("{path} is no certificate, and a service names it"))
            .reason(format!(
                "{}: {because}.",
                used_by.first().map_or("a configuration", |used| used.service.as_str())
            ))
            .why("The service does not start, or starts without TLS, at its next restart.")
            .fix(format!("openssl x509 -in {} -noout -text", shell(path)))
            .fix(format!("Put the certificate there, or correct the path, then: {}", reloads(used_by)));
    for used in used_by {
        sighting = sighting.evidence(format!("{}: {} names {path}", used.source, used.service));
    }
    sighting.done()
}

/// Self-signed certificates others are asked to trust, weak keys and weak signatures.
pub fn untrusted(certificates: &Certificates, exposure: impl Fn(&Certificate) -> Exposure) -> Vec<Sighting> {
    certificates
        .certificates
        .iter()
        .filter_map(|certificate| trust(certificate, &exposure(certificate)))
        .collect()
}

fn trust(certificate: &Certificate, exposure: &Exposure) -> Option<Sighting> {
    let Exposure::Beyond(addresses) = exposure else { return None };
    let named = name(certificate);
    let (severity, title, reason, why) = if let Some(key) = weak_key(&certificate.key) {
        let why =
            "Whoever computes the private key is the service: reads its traffic and answers in its name.";
        (Severity::High, format!("The key of the certificate of {named} is weak"), key, why)
    } else if let Some(sum) = weak_sum(certificate) {
        let why =
            "A second certificate with the same signature can be made; current clients refuse it already.";
        (Severity::Medium, format!("The certificate of {named} has a weak signature"), sum, why)
    } else if certificate.is_self_signed {
        let reason = "It is signed by itself".to_owned();
        let why = "Clients cannot tell it from one somebody else made; people learn to click warnings away.";
        (Severity::Medium, format!("The certificate of {named} is self-signed"), reason, why)
    } else {
        return None;
    };
    let sighting = about(severity, certificate, title)
        .reason(format!("{reason}; its service listens on {addresses}."))
        .why(why)
        .fix("Get one from an authority the clients know, with a key of RSA 2048 or ECDSA P-256 at least.")
        .fix(format!("Then reload what uses it: {}", reloads(&certificate.used_by)))
        .controls(&["NIST SP 800-53 SC-17"]);
    Some(sighting.done())
}

fn weak_key(key: &str) -> Option<String> {
    let mut words = key.split_whitespace();
    let (kind, bits) =
        (words.next()?, words.next().and_then(|bits| bits.trim_start_matches("P-").parse::<u32>().ok()));
    let is_weak = match kind {
        "RSA" => bits.is_some_and(|bits| bits < 2048),
        "ECDSA" | "EC" => bits.is_some_and(|bits| bits < 224),
        "DSA" => true,
        _ => false,
    };
    is_weak.then(|| {
        format!("Its key is {key}; 2,048 bits of RSA or 224 of ECDSA are the least that counts as safe")
    })
}

fn weak_sum(certificate: &Certificate) -> Option<String> {
    let signature = certificate.signature.to_ascii_lowercase();
    // The signature of a self-signed one proves nothing anyway.
    let is_weak =
        ["md2", "md5", "sha1"].iter().any(|sum| signature.contains(sum)) && !certificate.is_self_signed;
    is_weak.then(|| format!("It is signed with {}", certificate.signature))
}

fn about(severity: Severity, certificate: &Certificate, title: String) -> Draft {
    let mut word = draft(severity, &certificate.path, title).evidence(format!(
        "{}: {}, issued by {}, {} to {}, {}, {}",
        certificate.path,
        certificate.subject,
        certificate.issuer,
        day(certificate.not_before_ms),
        day(certificate.not_after_ms),
        certificate.key,
        certificate.signature
    ));
    for used in &certificate.used_by {
        word = word.evidence(format!("{}: used by {}", used.source, used.service));
    }
    word
}

/// The first name it is for, else its subject, else its file.
fn name(certificate: &Certificate) -> &str {
    let named = certificate.names.first().map_or(certificate.subject.as_str(), String::as_str);
    if named.is_empty() { &certificate.path } else { named }
}

fn reloads(used_by: &[CertificateUse]) -> String {
    let mut units: Vec<&str> = used_by
        .iter()
        .map(|used| if used.service == "apache" { "apache2" } else { used.service.as_str() })
        .filter(|service| !FETCHERS.contains(service))
        .collect();
    units.sort_unstable();
    units.dedup();
    if units.is_empty() { "the service".to_owned() } else { format!("systemctl reload {}", units.join(" ")) }
}
