//! Outlook's `winmail.dat` (MS-OXTNEF): the body and the files inside.

use super::rtf;

/// The first bytes of every container.
pub(crate) const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];

/// What was found inside.
#[derive(Default)]
pub(crate) struct Opened {
    pub text: Option<String>,
    pub html: Option<String>,
    pub files: Vec<File>,
}

#[derive(Default)]
pub(crate) struct File {
    pub name: Option<String>,
    pub declared: String,
    pub content: Vec<u8>,
}

const BODY: u32 = 0x0002_800c;
const ATTACH_DATA: u32 = 0x0006_800f;
const ATTACH_TITLE: u32 = 0x0001_8010;
const ATTACH_START: u32 = 0x0006_9002;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;
const CODE_PAGE: u32 = 0x0006_9007;

/// Opens a container; `None` when it is none. Files beyond the budget are left out.
pub(crate) fn open(content: &[u8], budget: &mut usize) -> Option<Opened> {
    let mut reader = Reader { bytes: content.strip_prefix(&SIGNATURE)? };
    reader.take(2)?;
    let mut opened = Opened::default();
    let mut code_page = 1_252;
    while let Some((id, data)) = attribute(&mut reader) {
        match id {
            CODE_PAGE => {
                code_page = data.get(..4).map_or(1_252, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            }
            BODY => opened.text = Some(narrow(data, code_page)),
            MESSAGE_PROPERTIES => message_properties(data, code_page, &mut opened),
            ATTACH_START if opened.files.len() < 200 => opened.files.push(File::default()),
            ATTACH_TITLE => {
                if let Some(file) = opened.files.last_mut().filter(|f| f.name.is_none()) {
                    file.name = Some(narrow(data, code_page));
                }
            }
            ATTACH_DATA => {
                if let Some(file) = opened.files.last_mut().filter(|_| data.len() <= *budget) {
                    *budget -= data.len();
                    file.content = data.to_vec();
                }
            }
            ATTACH_PROPERTIES => {
                if let Some(file) = opened.files.last_mut() {
                    file_properties(data, code_page, file, budget);
                }
            }
            _ => {}
        }
    }
    opened.files.retain(|file| !file.content.is_empty());
    for file in &mut opened.files {
        if file.declared.is_empty() {
            "application/octet-stream".clone_into(&mut file.declared);
        }
    }
    Some(opened)
}

fn attribute<'a>(reader: &mut Reader<'a>) -> Option<(u32, &'a [u8])> {
    reader.take(1)?;
    let id = reader.u32()?;
    let length = usize::try_from(reader.u32()?).ok()?;
    let data = reader.take(length)?;
    reader.take(2)?;
    Some((id, data))
}

fn narrow(data: &[u8], code_page: u32) -> String {
    let data = data.split(|b| *b == 0).next().unwrap_or_default();
    let charset = if code_page == 65_001 { "utf-8".to_owned() } else { format!("windows-{code_page}") };
    super::decode::text(data, Some(&charset)).into_owned()
}

fn message_properties(data: &[u8], code_page: u32, opened: &mut Opened) {
    for property in properties(data) {
        match property.id {
            0x1000 => opened.text = Some(property.text(code_page)),
            0x1013 => opened.html = Some(property.text(code_page)),
            0x1009 => match rtf::decompress(property.value).map(|r| rtf::read(&r)) {
                Some(rtf::Document::Html(html)) if opened.html.is_none() => opened.html = Some(html),
                Some(rtf::Document::Text(text)) if opened.text.is_none() => opened.text = Some(text),
                _ => {}
            },
            _ => {}
        }
    }
}

fn file_properties(data: &[u8], code_page: u32, file: &mut File, budget: &mut usize) {
    for property in properties(data) {
        match property.id {
            0x3701 if file.content.is_empty() && property.value.len() <= *budget => {
                *budget -= property.value.len();
                file.content = property.value.to_vec();
            }
            0x3707 => file.name = Some(property.text(code_page)),
            0x3704 if file.name.is_none() => file.name = Some(property.text(code_page)),
            0x370e => file.declared = property.text(code_page).to_ascii_lowercase(),
            _ => {}
        }
    }
}

struct Property<'a> {
    id: u16,
    kind: u16,
    value: &'a [u8],
}

impl Property<'_> {
    fn text(&self, code_page: u32) -> String {
        if self.kind == 0x001f {
            let units: Vec<u16> = self
                .value
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .take_while(|unit| *unit != 0)
                .collect();
            String::from_utf16_lossy(&units)
        } else {
            narrow(self.value, code_page)
        }
    }
}

/// The MAPI properties of a block, as far as they can be read.
fn properties(data: &[u8]) -> Vec<Property<'_>> {
    let mut reader = Reader { bytes: data };
    let mut found = Vec::new();
    let count = reader.u32().unwrap_or_default().min(10_000);
    for _ in 0..count {
        if property(&mut reader, &mut found).is_none() {
            break;
        }
    }
    found
}

fn property<'a>(reader: &mut Reader<'a>, found: &mut Vec<Property<'a>>) -> Option<()> {
    let kind = reader.u16()?;
    let id = reader.u16()?;
    if id >= 0x8000 {
        reader.take(16)?;
        if reader.u32()? == 0 {
            reader.take(4)?;
        } else {
            let length = usize::try_from(reader.u32()?).ok()?;
            reader.padded(length)?;
        }
    }
    let is_many = kind & 0x1000 != 0;
    let kind = kind & 0x0fff;
    let fixed = match kind {
        0x0002 | 0x0003 | 0x0004 | 0x000a | 0x000b => Some(4),
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        0x001e | 0x001f | 0x0102 | 0x000d => None,
        _ => return None,
    };
    let count = if is_many || fixed.is_none() { reader.u32()?.min(10_000) } else { 1 };
    for _ in 0..count {
        let value = if let Some(length) = fixed {
            reader.take(length)?
        } else {
            let length = usize::try_from(reader.u32()?).ok()?;
            reader.padded(length)?
        };
        found.push(Property { id, kind, value });
    }
    Some(())
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        self.take((4 - length % 4) % 4)?;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16::from_le_bytes([b[0], b[1]]))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
}
