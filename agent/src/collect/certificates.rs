//! Certificates on disk that services use: named in their settings, and those certbot keeps.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

use crate::Host;
use crate::collect::sshd::glob;
use crate::collect::text::{hex, unquoted};
use crate::host::reason;
use crate::wire::certificates::{BrokenCertificate, Certificate, CertificateUse, Certificates};
use crate::wire::{Seen, Unseen};

/// Service, where its settings lie, and the words after which a certificate is named.
const SETTINGS: &[(&str, &[&str], &[&str])] = &[
    (
        "nginx",
        &[
            "/etc/nginx/nginx.conf",
            "/etc/nginx/conf.d/*.conf",
            "/etc/nginx/sites-enabled/*",
            "/etc/nginx/snippets/*.conf",
        ],
        &["ssl_certificate"],
    ),
    (
        "apache",
        &[
            "/etc/apache2/sites-enabled/*",
            "/etc/apache2/conf-enabled/*",
            "/etc/apache2/mods-enabled/*.conf",
            "/etc/httpd/conf/*.conf",
            "/etc/httpd/conf.d/*.conf",
        ],
        &["SSLCertificateFile"],
    ),
    (
        "postfix",
        &["/etc/postfix/main.cf"],
        &["smtpd_tls_cert_file", "smtp_tls_cert_file", "smtpd_tls_chain_files"],
    ),
    ("dovecot", &["/etc/dovecot/dovecot.conf", "/etc/dovecot/conf.d/*.conf"], &["ssl_cert"]),
    ("postgresql", &["/etc/postgresql/*/*/postgresql.conf"], &["ssl_cert_file"]),
    ("mysql", &["/etc/mysql/my.cnf", "/etc/mysql/*.conf.d/*.cnf"], &["ssl-cert", "ssl_cert"]),
    ("haproxy", &["/etc/haproxy/haproxy.cfg"], &["crt"]),
    ("exim", &["/etc/exim4/exim4.conf.template", "/etc/exim4/exim4.conf"], &["tls_certificate"]),
    ("vsftpd", &["/etc/vsftpd.conf"], &["rsa_cert_file"]),
    ("openldap", &["/etc/ldap/slapd.conf"], &["TLSCertificateFile"]),
];
const CERTBOT: &str = "/etc/letsencrypt/live/*/fullchain.pem";

/// Every certificate a service uses or certbot keeps.
pub fn collect(host: &Host) -> Seen<Certificates> {
    let (mut uses, mut unseen) = (BTreeMap::<String, Vec<CertificateUse>>::new(), Vec::new());
    for (service, patterns, keys) in SETTINGS {
        for path in patterns.iter().flat_map(|pattern| glob(host, pattern)) {
            let text = match host.text(&path) {
                Ok(text) => text,
                Err(fault) if fault.kind() == std::io::ErrorKind::PermissionDenied => {
                    let gap = Unseen::new(format!("certificates of {service}"), reason(&path, &fault));
                    unseen.push(gap.allow_with("run the agent as root: sudo mainstay agent"));
                    continue;
                }
                Err(_) => continue,
            };
            for (at, line) in text.lines().enumerate() {
                for certificate in named(line, keys) {
                    let source = format!("{path}:{}", at + 1);
                    uses.entry(certificate)
                        .or_default()
                        .push(CertificateUse { service: (*service).to_owned(), source });
                }
            }
        }
    }
    for path in glob(host, CERTBOT).into_iter().filter(|path| host.exists(path)) {
        let source = path.trim_end_matches("/fullchain.pem").to_owned();
        uses.entry(path).or_default().push(CertificateUse { service: "letsencrypt".to_owned(), source });
    }
    let mut found = Certificates::default();
    for (path, used_by) in uses {
        let read = host.read(&path);
        let denied = read.as_ref().is_err_and(|fault| fault.kind() == std::io::ErrorKind::PermissionDenied);
        match read.map_err(|fault| reason(&path, &fault)).and_then(|bytes| certificate(&path, &bytes)) {
            Ok(certificate) => found.certificates.push(Certificate { used_by, ..certificate }),
            Err(because) if denied => {
                let gap = Unseen::new(format!("certificate {path}"), because);
                unseen.push(gap.allow_with("run the agent as root: sudo mainstay agent"));
            }
            Err(because) => found.broken.push(BrokenCertificate { path, because, used_by }),
        }
    }
    Seen::partly(found, unseen)
}

/// Absolute paths one line names after one of the words; a variable in a path cannot be followed.
fn named(line: &str, keys: &[&str]) -> Vec<String> {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return Vec::new();
    }
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == '=' || c == ',').filter(|w| !w.is_empty()).collect();
    let Some(at) = words.iter().position(|word| keys.contains(word)) else { return Vec::new() };
    let paths =
        words[at + 1..].iter().map(|word| unquoted(word.trim_end_matches(';').trim_start_matches('<')));
    let paths = paths
        .take_while(|word| !word.starts_with('#'))
        .filter(|word| word.starts_with('/') && !word.contains('$'));
    paths.take(if keys.contains(&"smtpd_tls_chain_files") { 8 } else { 1 }).collect()
}

fn certificate(path: &str, bytes: &[u8]) -> Result<Certificate, String> {
    let blocks: Vec<Pem> = Pem::iter_from_buffer(bytes)
        .filter_map(Result::ok)
        .filter(|pem| pem.label == "CERTIFICATE")
        .collect();
    let Some(first) = blocks.first() else { return Err(format!("{path} holds no certificate")) };
    let parsed = first.parse_x509().map_err(|_| format!("{path} holds a broken certificate"))?;
    let moment = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1000);
    Ok(Certificate {
        path: path.to_owned(),
        fingerprint: hex(&Sha256::digest(&first.contents)),
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        names: names(&parsed),
        serial: hex(parsed.raw_serial()),
        not_before_ms: moment(parsed.validity().not_before.timestamp()),
        not_after_ms: moment(parsed.validity().not_after.timestamp()),
        is_self_signed: parsed.subject() == parsed.issuer(),
        key: key(&parsed),
        signature: signature(&parsed.signature_algorithm.algorithm.to_id_string()),
        chain_length: u32::try_from(blocks.len() - 1).unwrap_or(u32::MAX),
        used_by: Vec::new(),
    })
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| std::net::IpAddr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|b| std::net::IpAddr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

fn key(certificate: &X509Certificate<'_>) -> String {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("ECDSA P-{}", point.key_size()),
        _ => match certificate.public_key().algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".to_owned(),
            "1.3.101.113" => "Ed448".to_owned(),
            other => other.to_owned(),
        },
    }
}

fn signature(number: &str) -> String {
    const NAMES: &[(&str, &str)] = &[
        ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
        ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
        ("1.2.840.113549.1.1.10", "rsassaPss"),
        ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
        ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
        ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
        ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
        ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
        ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
        ("1.3.101.112", "Ed25519"),
    ];
    NAMES.iter().find(|(known, _)| *known == number).map_or(number, |(_, name)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::collect;
    use crate::Host;

    #[test]
    fn a_certificate_a_service_names_is_read_and_a_missing_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["etc/nginx/sites-enabled", "etc/postfix", "etc/ssl"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        let names = vec!["shop.example".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(root.join("etc/ssl/shop.pem"), made.cert.pem()).unwrap();
        let site = "server {\n  # ssl_certificate /etc/ssl/old.pem;\n  ssl_certificate /etc/ssl/shop.pem;\n  ssl_certificate_key /etc/ssl/k;\n}\n";
        std::fs::write(root.join("etc/nginx/sites-enabled/shop"), site).unwrap();
        std::fs::write(root.join("etc/postfix/main.cf"), "smtpd_tls_cert_file=/etc/ssl/gone.pem\n").unwrap();
        let found = collect(&Host::fixture(root, 0)).value.unwrap();
        assert_eq!(found.certificates.len(), 1);
        let shop = &found.certificates[0];
        assert_eq!(shop.names, ["shop.example", "127.0.0.1"]);
        assert_eq!(shop.key, "ECDSA P-256");
        assert_eq!(shop.used_by[0].source, "/etc/nginx/sites-enabled/shop:3");
        assert!(shop.is_self_signed && shop.not_after_ms > shop.not_before_ms);
        assert_eq!(found.broken[0].because, "/etc/ssl/gone.pem is not there");
    }
}
