//! XML as steps: elements with their path, their attributes and the text right before their end.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

const DEEPEST: usize = 64;

/// One step through a document; the path in front of it ends with the element itself.
pub(super) enum Step<'a> {
    /// An element begins.
    Open(&'a BytesStart<'a>),
    /// An element ends, with the text since the last tag.
    Close(&'a str),
}

/// The value of an attribute; empty when there is none.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> String {
    let found = tag.attributes().flatten().find(|one| one.key.local_name().as_ref() == name);
    let value = found.and_then(|one| Some(one.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned()));
    value.unwrap_or_default()
}

/// Walks through a document. Names come without their prefix; entities of the document's own are not replaced.
///
/// # Errors
/// When the text is not well-formed, cut off, or nested too deeply.
pub(super) fn walk(text: &str, mut each: impl FnMut(&[String], Step<'_>)) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut has_root = false;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                has_root = true;
                path.push(tag.local_name().as_ref().to_owned());
                if path.len() > DEEPEST {
                    return Err(format!("nested deeper than {DEEPEST}"));
                }
                value.clear();
                each(&path, Step::Open(tag));
                if matches!(event, Event::Empty(_)) {
                    each(&path, Step::Close(""));
                    path.pop();
                }
            }
            Event::End(_) => {
                each(&path, Step::Close(value.trim()));
                path.pop();
                value.clear();
            }
            Event::Text(piece) => value.push_str(piece),
            Event::CData(piece) => value.push_str(piece),
            Event::GeneralRef(entity) => value.push_str(&resolve(entity)),
            Event::Eof if path.is_empty() && has_root => return Ok(()),
            Event::Eof => return Err("the file is cut off".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// `amp` is `&`, `#x2B` is `+`; any other name stays as it is written.
fn resolve(entity: &str) -> String {
    let number = entity.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
        None => number.parse().ok(),
    });
    match (number.and_then(char::from_u32), entity) {
        (Some(letter), _) => letter.to_string(),
        (None, "amp") => "&".to_owned(),
        (None, "lt") => "<".to_owned(),
        (None, "gt") => ">".to_owned(),
        (None, "quot") => "\"".to_owned(),
        (None, "apos") => "'".to_owned(),
        (None, other) => format!("&{other};"),
    }
}
