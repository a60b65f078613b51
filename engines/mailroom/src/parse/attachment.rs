//! Attachments: their bytes, a name that is safe to show and save, and the type the bytes really have.

use std::borrow::Cow;

use super::mime::Leaf;
use super::{Mail, parse_with};
use crate::limits::Limits;

/// One attached file.
#[derive(Debug, Clone)]
pub struct Attachment<'a> {
    /// Safe to show and to save, see [`safe_name`]; never empty.
    pub name: String,
    /// The declared media type, in lower case.
    pub declared_type: String,
    /// The type by content, see [`true_type`].
    pub true_type: &'static str,
    /// Without angle brackets; for pictures without an id one is made (`inline-3`).
    pub content_id: Option<String>,
    pub content_location: Option<String>,
    /// Whether the HTML shows it.
    pub is_inline: bool,
    pub content: Cow<'a, [u8]>,
}

/// What the content of an attachment is made from.
pub(crate) trait Content<'a> {
    fn into_cow(self) -> Cow<'a, [u8]>;
}

impl<'a> Attachment<'a> {
    pub(crate) fn from_leaf(leaf: &Leaf<'a>, content: impl Content<'a>, number: usize) -> Self {
        let content = content.into_cow();
        let declared_type = leaf.content_type.value.clone();
        let true_type = true_type(&content, &declared_type);
        let given = leaf.file_name().map(str::to_owned).or_else(|| nested_subject(&declared_type, &content));
        let id = leaf.headers.text("Content-ID").map(|id| id.trim_matches(['<', '>', ' ']).to_owned());
        Self {
            name: safe_name(given.as_deref().unwrap_or_default(), true_type, number),
            declared_type,
            true_type,
            content_id: id.filter(|id| !id.is_empty()),
            content_location: leaf.headers.text("Content-Location").filter(|place| !place.is_empty()),
            is_inline: leaf.is_in_related && leaf.disposition.value == "inline",
            content,
        }
    }

    pub(crate) fn from_bytes(name: Option<&str>, declared: &str, content: Vec<u8>, number: usize) -> Self {
        let true_type = true_type(&content, declared);
        Self {
            name: safe_name(name.unwrap_or_default(), true_type, number),
            declared_type: declared.to_ascii_lowercase(),
            true_type,
            content_id: None,
            content_location: None,
            is_inline: false,
            content: Cow::Owned(content),
        }
    }

    /// The attached mail, when this is one and the depth of the limits is not used up.
    pub fn as_mail(&self, limits: &Limits) -> Option<Mail<'_>> {
        let is_mail = matches!(self.declared_type.as_str(), "message/rfc822" | "message/global");
        (is_mail && limits.depth > 0).then(|| parse_with(&self.content, &limits.inner()))
    }
}

fn nested_subject(declared: &str, content: &[u8]) -> Option<String> {
    if declared != "message/rfc822" {
        return None;
    }
    let (headers, ..) = super::Headers::read(content, &Limits::default());
    let subject = headers.text("Subject").filter(|s| !s.is_empty())?;
    Some(format!("{subject}.eml"))
}

/// A file name that is safe to show, to save and to put into a header: no path, no control or direction
/// characters, no device names, at most 120 characters, the extension kept; a made-up one when nothing is left.
///
/// ```
/// use mainstay_mailroom::safe_name;
/// assert_eq!(safe_name("../../etc/passwd", "text/plain", 1), "passwd");
/// assert_eq!(safe_name("C:\\temp\\aux.txt", "text/plain", 1), "_aux.txt");
/// assert_eq!(safe_name("ann\u{202e}fdp.exe", "application/pdf", 1), "annfdp.exe");
/// assert_eq!(safe_name("", "image/png", 3), "attachment-3.png");
/// ```
pub fn safe_name(given: &str, true_type: &str, number: usize) -> String {
    let base = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = base
        .chars()
        .filter(|c| !crate::fold::is_invisible(*c) || matches!(*c, '\u{300}'..='\u{36f}'))
        .map(|c| if c.is_control() || "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    let cleaned = cleaned.trim().trim_start_matches('.').trim_end_matches(['.', ' ']);
    if cleaned.chars().all(|c| c == '_') {
        return format!("attachment-{number}.{}", extension_of(true_type));
    }
    let stem = cleaned.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_device = matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
        || stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit());
    let name = if is_device { format!("_{cleaned}") } else { cleaned.to_owned() };
    shorten(&name)
}

fn shorten(name: &str) -> String {
    const MOST: usize = 120;
    let count = name.chars().count();
    if count <= MOST {
        return name.to_owned();
    }
    let extension: String = match name.rsplit_once('.') {
        Some((_, extension)) if extension.chars().count() <= 10 => format!(".{extension}"),
        _ => String::new(),
    };
    let kept: String = name.chars().take(MOST - extension.chars().count()).collect();
    format!("{kept}{extension}")
}

const EXTENSIONS: &[(&str, &str)] = &[
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/bmp", "bmp"),
    ("image/tiff", "tif"),
    ("image/heic", "heic"),
    ("image/svg+xml", "svg"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/gzip", "gz"),
    ("application/msword", "doc"),
    ("message/rfc822", "eml"),
    ("text/plain", "txt"),
    ("text/html", "html"),
    ("text/calendar", "ics"),
    ("text/csv", "csv"),
    ("text/x-vcard", "vcf"),
    ("video/mp4", "mp4"),
    ("audio/mpeg", "mp3"),
];

fn extension_of(media_type: &str) -> &'static str {
    EXTENSIONS.iter().find(|(kind, _)| *kind == media_type).map_or("bin", |(_, extension)| extension)
}

/// The media type by the first bytes; text is divided into the kinds that matter for showing it. Falls back to
/// `application/octet-stream`. A declared type decides only among kinds that look alike (`text/csv`, mail).
pub fn true_type(content: &[u8], declared: &str) -> &'static str {
    const MAGIC: &[(usize, &[u8], &str)] = &[
        (0, b"\x89PNG\r\n\x1a\n", "image/png"),
        (0, b"\xff\xd8\xff", "image/jpeg"),
        (0, b"GIF8", "image/gif"),
        (8, b"WEBP", "image/webp"),
        (0, b"BM", "image/bmp"),
        (0, b"II*\0", "image/tiff"),
        (0, b"MM\0*", "image/tiff"),
        (4, b"ftypheic", "image/heic"),
        (4, b"ftypmif1", "image/heic"),
        (4, b"ftyp", "video/mp4"),
        (0, b"%PDF-", "application/pdf"),
        (0, b"\x1f\x8b", "application/gzip"),
        (0, b"BZh", "application/x-bzip2"),
        (0, b"\xfd7zXZ\0", "application/x-xz"),
        (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
        (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (0, b"Rar!\x1a\x07", "application/vnd.rar"),
        (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (0, b"MZ", "application/vnd.microsoft.portable-executable"),
        (0, b"\x7fELF", "application/x-elf"),
        (0, b"{\\rtf", "application/rtf"),
        (0, b"ID3", "audio/mpeg"),
        (0, b"OggS", "application/ogg"),
        (0, b"RIFF", "application/x-riff"),
        (0, b"-----BEGIN PGP", "application/pgp"),
        (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
        (257, b"ustar", "application/x-tar"),
    ];
    for (at, magic, kind) in MAGIC {
        if content.get(*at..).is_some_and(|rest| rest.starts_with(magic)) {
            return kind;
        }
    }
    if content.starts_with(b"PK\x03\x04") || content.starts_with(b"PK\x05\x06") {
        return zip_kind(&content[..content.len().min(4_096)]);
    }
    text_kind(content, declared)
}

fn zip_kind(head: &[u8]) -> &'static str {
    let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    if has(b"word/") {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    } else if has(b"xl/") {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    } else if has(b"ppt/") {
        "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    } else if has(b"opendocument.text") {
        "application/vnd.oasis.opendocument.text"
    } else if has(b"opendocument.spreadsheet") {
        "application/vnd.oasis.opendocument.spreadsheet"
    } else {
        "application/zip"
    }
}

fn text_kind(content: &[u8], declared: &str) -> &'static str {
    let head = &content[..content.len().min(2_048)];
    let controls =
        head.iter().filter(|b| **b < 32 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    if controls > 0 {
        return "application/octet-stream";
    }
    let lower =
        String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if lower.contains("<svg") && (lower.starts_with('<')) && !lower.contains("<html") {
        return "image/svg+xml";
    }
    if ["<!doctype html", "<html", "<head", "<body", "<script"].iter().any(|tag| lower.contains(tag)) {
        return "text/html";
    }
    if lower.starts_with("begin:vcalendar") {
        return "text/calendar";
    }
    if lower.starts_with("begin:vcard") {
        return "text/x-vcard";
    }
    if lower.starts_with("<?xml") {
        return "application/xml";
    }
    match declared {
        "message/rfc822" | "message/global" => "message/rfc822",
        "text/csv" => "text/csv",
        "application/json" => "application/json",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "application/pkcs7-signature",
        _ if content.is_empty() || std::str::from_utf8(content).is_ok() || declared.starts_with("text/") => {
            "text/plain"
        }
        _ => "application/octet-stream",
    }
}
