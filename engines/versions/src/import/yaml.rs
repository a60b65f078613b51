//! YAML as values: every scalar stays the text that was written, so that a version `1.10` is not a number.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

const DEEPEST: usize = 64;

enum Open {
    List(Vec<Value>),
    Table(Map<String, Value>, Option<String>),
}

/// Reads the first document of a text. References (`*name`) are refused: nobody who writes records needs them, and a few
/// lines of them can fill any memory.
pub(crate) fn value(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        let done = match event {
            Event::Scalar(text, style, ..) => Some(scalar(&text, style)),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Table(Map::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(list)) => Some(Value::Array(list)),
                Some(Open::Table(table, _)) => Some(Value::Object(table)),
                None => return Err("an end without a beginning".to_owned()),
            },
            Event::Alias(_) => return Err("references are not accepted".to_owned()),
            Event::DocumentEnd => return Err("the document is empty".to_owned()),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => None,
        };
        if open.len() > DEEPEST {
            return Err(format!("nested deeper than {DEEPEST}"));
        }
        if let Some(done) = done
            && let Some(whole) = place(&mut open, done)?
        {
            return Ok(whole);
        }
    }
    Err("the document is empty or cut off".to_owned())
}

/// Puts a finished value where it belongs; the outermost one is given back.
fn place(open: &mut [Open], value: Value) -> Result<Option<Value>, String> {
    match open.last_mut() {
        None => return Ok(Some(value)),
        Some(Open::List(list)) => list.push(value),
        Some(Open::Table(table, key)) => match key.take() {
            Some(key) => {
                table.insert(key, value);
            }
            None => match value {
                Value::String(name) => *key = Some(name),
                Value::Null => *key = Some(String::new()),
                _ => return Err("a key is not a text".to_owned()),
            },
        },
    }
    Ok(None)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let is_null = style == ScalarStyle::Plain && ["", "~", "null", "Null", "NULL"].contains(&text);
    if is_null { Value::Null } else { Value::String(text.to_owned()) }
}
