//! How a target is asked: who we are, TLS, redirects, and which formats we would like.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::decode::protobuf::Classic;
use crate::decode::text::Format;
use crate::yaml;

/// What the HTTP part of a job says. Files are read when the configuration is, those of TLS by whoever connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Value of the header line `Authorization`.
    pub authorization: Option<String>,
    pub headers: Vec<(String, String)>,
    pub follows_redirects: bool,
    /// Whether answers may be compressed with gzip.
    pub is_compressed: bool,
    pub tls: Tls,
}

impl Default for Http {
    fn default() -> Self {
        let (headers, tls) = (Vec::new(), Tls::default());
        Self { authorization: None, headers, follows_redirects: true, is_compressed: true, tls }
    }
}

/// `tls_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Who may have signed the target's certificate; the system's list where there is none.
    pub ca: Option<Pem>,
    /// What we show when we are asked who we are.
    pub certificate: Option<(Pem, Pem)>,
    /// The name the target's certificate must have, if not that of its address.
    pub server_name: Option<String>,
    pub is_unverified: bool,
    /// Whether only TLS 1.3 will do.
    pub needs_1_3: bool,
}

/// Where a certificate or a key in PEM is.
#[derive(Clone, PartialEq, Eq)]
pub enum Pem {
    Text(String),
    File(PathBuf),
}

impl Pem {
    /// The text; why it cannot be read, with the file's name.
    pub fn read(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => read(path),
        }
    }
}

/// A key must not come into a message.
impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(_) => f.write_str("(in the configuration)"),
            Self::File(path) => path.fmt(f),
        }
    }
}

/// A format of pages as configurations name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Protobuf,
    OpenMetrics1,
    OpenMetrics0,
    Text1,
    Text0,
}

const PROTOCOLS: [(&str, Protocol, &str); 5] = [
    (
        "PrometheusProto",
        Protocol::Protobuf,
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    ),
    (
        "OpenMetricsText1.0.0",
        Protocol::OpenMetrics1,
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    ),
    ("OpenMetricsText0.0.1", Protocol::OpenMetrics0, "application/openmetrics-text;version=0.0.1"),
    ("PrometheusText1.0.0", Protocol::Text1, "text/plain;version=1.0.0;escaping=allow-utf-8"),
    ("PrometheusText0.0.4", Protocol::Text0, "text/plain;version=0.0.4"),
];

impl Protocol {
    fn read(name: &str) -> Result<Self, String> {
        let found = PROTOCOLS.iter().find(|(known, _, _)| *known == name);
        found.map(|(_, protocol, _)| *protocol).ok_or_else(|| {
            let known: Vec<_> = PROTOCOLS.iter().map(|(known, _, _)| *known).collect();
            format!("unknown scrape protocol {name:?}, known are {}", known.join(", "))
        })
    }
}

/// How a page is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Text(Format),
    Protobuf,
}

/// Which formats a job takes, the most wanted first, and what it makes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats {
    pub protocols: Vec<Protocol>,
    /// What a page is taken for that does not say what it is.
    pub fallback: Option<Protocol>,
    pub classic: Classic,
}

impl Default for Formats {
    fn default() -> Self {
        let protocols = PROTOCOLS[1..].iter().map(|(_, protocol, _)| *protocol).collect();
        Self { protocols, fallback: None, classic: Classic::Alone }
    }
}

impl Formats {
    /// The header line `Accept`: the first is wanted most.
    pub fn accept(&self) -> String {
        let mut parts = Vec::new();
        let mut weight = self.protocols.len() + 1;
        for wanted in &self.protocols {
            let kind =
                PROTOCOLS.iter().find(|(_, protocol, _)| protocol == wanted).map_or("", |(_, _, kind)| kind);
            parts.push(format!("{kind};q=0.{weight}"));
            weight -= 1;
        }
        parts.push(format!("*/*;q=0.{weight}"));
        parts.join(",")
    }

    /// How a page with this `Content-Type` is read. One of an unknown type is taken for the fallback, else for text.
    pub fn encoding(&self, content_type: &str) -> Encoding {
        let mut parts = content_type.split(';').map(str::trim);
        let kind = parts.next().unwrap_or("").to_ascii_lowercase();
        match kind.as_str() {
            "application/openmetrics-text" => Encoding::Text(Format::OpenMetrics),
            "application/vnd.google.protobuf" => Encoding::Protobuf,
            "text/plain" => Encoding::Text(Format::Prometheus),
            _ => match self.fallback {
                Some(Protocol::Protobuf) => Encoding::Protobuf,
                Some(Protocol::OpenMetrics0 | Protocol::OpenMetrics1) => Encoding::Text(Format::OpenMetrics),
                _ => Encoding::Text(Format::Prometheus),
            },
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct YamlHttp {
    basic_auth: Option<YamlBasic>,
    authorization: Option<YamlAuthorization>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    bearer_token: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    bearer_token_file: Option<String>,
    #[serde(deserialize_with = "yaml::or_default")]
    tls_config: YamlTls,
    follow_redirects: Option<bool>,
    enable_compression: Option<bool>,
    #[serde(deserialize_with = "yaml::or_default")]
    http_headers: BTreeMap<String, YamlHeader>,
    oauth2: Option<serde::de::IgnoredAny>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    proxy_url: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlBasic {
    #[serde(deserialize_with = "yaml::text")]
    username: String,
    #[serde(deserialize_with = "yaml::maybe_text")]
    username_file: Option<String>,
    #[serde(deserialize_with = "yaml::text")]
    password: String,
    #[serde(deserialize_with = "yaml::maybe_text")]
    password_file: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlAuthorization {
    #[serde(rename = "type", deserialize_with = "yaml::maybe_text")]
    kind: Option<String>,
    #[serde(deserialize_with = "yaml::text")]
    credentials: String,
    #[serde(deserialize_with = "yaml::maybe_text")]
    credentials_file: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlTls {
    #[serde(deserialize_with = "yaml::maybe_text")]
    ca: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    ca_file: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    cert: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    cert_file: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    key: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    key_file: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    server_name: Option<String>,
    insecure_skip_verify: bool,
    #[serde(deserialize_with = "yaml::maybe_text")]
    min_version: Option<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    max_version: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct YamlHeader {
    #[serde(deserialize_with = "yaml::list")]
    values: Vec<String>,
    #[serde(deserialize_with = "yaml::list")]
    secrets: Vec<String>,
    #[serde(deserialize_with = "yaml::list")]
    files: Vec<String>,
}

/// What `global` and a job may both say about formats.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct YamlFormats {
    #[serde(deserialize_with = "yaml::list")]
    scrape_protocols: Vec<String>,
    #[serde(deserialize_with = "yaml::maybe_text")]
    fallback_scrape_protocol: Option<String>,
    scrape_native_histograms: Option<bool>,
    #[serde(alias = "scrape_classic_histograms")]
    always_scrape_classic_histograms: Option<bool>,
}

impl YamlHttp {
    /// Relative names of files are meant from `folder`.
    pub fn read(self, folder: &Path) -> Result<Http, String> {
        if self.oauth2.is_some() {
            return Err("oauth2 is not understood; use authorization with credentials_file".into());
        }
        if self.proxy_url.is_some_and(|url| !url.is_empty()) {
            return Err("proxy_url is not understood; targets are asked directly".into());
        }
        let ways = [
            self.basic_auth.is_some(),
            self.authorization.is_some(),
            self.bearer_token.is_some(),
            self.bearer_token_file.is_some(),
        ];
        if ways.iter().filter(|is_given| **is_given).count() > 1 {
            return Err("at most one of basic_auth, authorization, bearer_token & bearer_token_file must be configured".into());
        }
        let bearer =
            (self.bearer_token.is_some() || self.bearer_token_file.is_some()).then(|| YamlAuthorization {
                kind: None,
                credentials: self.bearer_token.unwrap_or_default(),
                credentials_file: self.bearer_token_file,
            });
        let authorization = authorization(self.basic_auth, self.authorization.or(bearer), folder)?;
        let mut headers = Vec::new();
        for (name, header) in self.http_headers {
            let from_files = header.files.iter().map(|file| secret(String::new(), Some(file), folder));
            let from_files = from_files.collect::<Result<Vec<_>, _>>()?;
            for value in header.values.into_iter().chain(header.secrets).chain(from_files) {
                if name.contains([':', '\r', '\n', ' ']) || value.contains(['\r', '\n']) {
                    return Err(format!("header {name:?} or its value cannot be sent"));
                }
                headers.push((name.clone(), value));
            }
        }
        Ok(Http {
            authorization,
            headers,
            follows_redirects: self.follow_redirects.unwrap_or(true),
            is_compressed: self.enable_compression.unwrap_or(true),
            tls: self.tls_config.read(folder)?,
        })
    }
}

impl YamlTls {
    fn read(self, folder: &Path) -> Result<Tls, String> {
        let pem = |what: &str, text: Option<String>, file: Option<String>| {
            let (text, file) = (text.filter(|t| !t.is_empty()), file.filter(|f| !f.is_empty()));
            match (text, file) {
                (Some(_), Some(_)) => {
                    Err(format!("at most one of {what} and {what}_file must be configured"))
                }
                (Some(text), None) => Ok(Some(Pem::Text(text))),
                (None, file) => Ok(file.map(|file| Pem::File(folder.join(file)))),
            }
        };
        let certificate =
            match (pem("cert", self.cert, self.cert_file)?, pem("key", self.key, self.key_file)?) {
                (Some(certificate), Some(key)) => Some((certificate, key)),
                (None, None) => None,
                _ => return Err("tls_config needs cert_file and key_file together".into()),
            };
        for (name, version) in [("min_version", &self.min_version), ("max_version", &self.max_version)] {
            if !matches!(version.as_deref(), None | Some("TLS10" | "TLS11" | "TLS12" | "TLS13")) {
                return Err(format!(
                    "{name} {:?} is none of TLS10, TLS11, TLS12, TLS13",
                    version.as_deref().unwrap_or("")
                ));
            }
        }
        if let Some(version) = self.max_version.filter(|v| v != "TLS13") {
            return Err(format!("max_version {version}: what is spoken is chosen from TLS 1.2 and 1.3"));
        }
        Ok(Tls {
            ca: pem("ca", self.ca, self.ca_file)?,
            certificate,
            server_name: self.server_name.filter(|name| !name.is_empty()),
            is_unverified: self.insecure_skip_verify,
            needs_1_3: self.min_version.as_deref() == Some("TLS13"),
        })
    }
}

impl YamlFormats {
    /// What a job says wins over what is said for all.
    pub fn read(&self, global: &Self) -> Result<Formats, String> {
        let mut formats = Formats::default();
        let names =
            [&self.scrape_protocols, &global.scrape_protocols].into_iter().find(|names| !names.is_empty());
        let wants_native = self.scrape_native_histograms.or(global.scrape_native_histograms) == Some(true);
        if let Some(names) = names {
            formats.protocols = names.iter().map(|name| Protocol::read(name)).collect::<Result<_, _>>()?;
            if let Some(twice) = (1..names.len()).find(|i| names[..*i].contains(&names[*i])) {
                return Err(format!("scrape protocol {:?} is named twice", names[twice]));
            }
        } else if wants_native {
            formats.protocols.insert(0, Protocol::Protobuf);
        }
        formats.fallback = self.fallback_scrape_protocol.as_deref().map(Protocol::read).transpose()?;
        let keeps = self.always_scrape_classic_histograms.or(global.always_scrape_classic_histograms);
        if wants_native {
            formats.classic = if keeps == Some(true) { Classic::Kept } else { Classic::Dropped };
        }
        Ok(formats)
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))
}

fn secret(text: String, file: Option<&String>, folder: &Path) -> Result<String, String> {
    match file {
        None => Ok(text),
        Some(file) => read(&folder.join(file)).map(|text| text.trim().to_owned()),
    }
}

fn authorization(
    basic: Option<YamlBasic>,
    other: Option<YamlAuthorization>,
    folder: &Path,
) -> Result<Option<String>, String> {
    let value = if let Some(basic) = basic {
        let name = secret(basic.username, basic.username_file.as_ref(), folder)?;
        let password = secret(basic.password, basic.password_file.as_ref(), folder)?;
        format!("Basic {}", base64(format!("{name}:{password}").as_bytes()))
    } else if let Some(other) = other {
        let credentials = secret(other.credentials, other.credentials_file.as_ref(), folder)?;
        let kind = other.kind.as_deref().map(str::trim).filter(|kind| !kind.is_empty()).unwrap_or("Bearer");
        if kind.eq_ignore_ascii_case("basic") {
            return Err("authorization type cannot be set to \"basic\", use \"basic_auth\" instead".into());
        }
        format!("{kind} {credentials}")
    } else {
        return Ok(None);
    };
    if value.contains(['\r', '\n']) {
        return Err("credentials with a line break cannot be sent".into());
    }
    Ok(Some(value))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word =
            group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(yaml: &str, folder: &Path) -> Result<Http, String> {
        crate::yaml::read::<YamlHttp>(yaml)?.read(folder)
    }

    #[test]
    fn who_we_are_is_said_in_one_way() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "s3cret\n").unwrap();
        let sent = |yaml: &str| http(yaml, dir.path()).map(|http| http.authorization.unwrap_or_default());
        assert_eq!(sent("basic_auth: {username: user, password: pass}").unwrap(), "Basic dXNlcjpwYXNz");
        assert_eq!(sent("bearer_token: 12").unwrap(), "Bearer 12");
        assert_eq!(sent("bearer_token_file: token").unwrap(), "Bearer s3cret");
        assert_eq!(sent("authorization: {type: Token, credentials_file: token}").unwrap(), "Token s3cret");
        assert!(
            sent("{bearer_token: a, authorization: {credentials: b}}").unwrap_err().contains("at most one")
        );
        assert!(sent("authorization: {type: Basic, credentials: b}").is_err());
        assert!(sent("bearer_token_file: nowhere").unwrap_err().contains("nowhere"));
        assert!(sent("oauth2: {client_id: a}").is_err());
        assert_eq!(sent("{}").unwrap(), "");
        for (plain, encoded) in [("a", "YQ=="), ("ab", "YWI=")] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn files_of_tls_are_meant_from_the_folder_of_the_configuration() {
        let folder = Path::new("/etc/promd");
        let tls = http("tls_config: {ca_file: ca.pem, cert_file: /a.pem, key_file: a.key, server_name: x, insecure_skip_verify: true}", folder).unwrap().tls;
        assert_eq!(tls.ca, Some(Pem::File("/etc/promd/ca.pem".into())));
        assert_eq!(tls.certificate, Some((Pem::File("/a.pem".into()), Pem::File("/etc/promd/a.key".into()))));
        assert_eq!((tls.server_name.as_deref(), tls.is_unverified), (Some("x"), true));
        assert!(http("tls_config: {cert_file: a}", folder).is_err());
        assert!(http("tls_config: {min_version: SSL3}", folder).is_err());
        assert!(http("tls_config: {ca: text, ca_file: a}", folder).is_err());
    }

    #[test]
    fn formats_are_asked_for_as_prometheus_does() {
        let formats = |job: &str, global: &str| {
            let read = |yaml: &str| crate::yaml::read::<YamlFormats>(yaml).unwrap();
            read(job).read(&read(global))
        };
        let plain = formats("{}", "{}").unwrap();
        assert_eq!(
            plain.accept(),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
        );
        let native = formats("{}", "scrape_native_histograms: true").unwrap();
        assert!(native.accept().starts_with("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"));
        assert_eq!(native.encoding("application/vnd.google.protobuf; proto=x"), Encoding::Protobuf);
        assert_eq!((plain.classic, native.classic), (Classic::Alone, Classic::Dropped));
        let both =
            formats("always_scrape_classic_histograms: true", "scrape_native_histograms: true").unwrap();
        assert_eq!(both.classic, Classic::Kept);
        let named =
            formats("scrape_protocols: [PrometheusText0.0.4]", "scrape_native_histograms: true").unwrap();
        assert_eq!(named.accept(), "text/plain;version=0.0.4;q=0.2,*/*;q=0.1");
        assert!(formats("scrape_protocols: [Text]", "{}").unwrap_err().contains("PrometheusProto"));
        assert!(formats("scrape_protocols: [PrometheusProto, PrometheusProto]", "{}").is_err());
        let fallback = formats("fallback_scrape_protocol: OpenMetricsText1.0.0", "{}").unwrap();
        assert_eq!(fallback.encoding("application/json"), Encoding::Text(Format::OpenMetrics));
        assert_eq!(plain.encoding(""), Encoding::Text(Format::Prometheus));
    }
}
