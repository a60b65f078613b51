//! What is wrong with a value from outside, and in which field.

use std::fmt;

use serde::de::DeserializeOwned;

/// One fault of an input: the path of the field (`layers[2].rotation.start`) and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path; empty when it is the whole input.
    pub field: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Problem {
    /// A problem of that field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same problem seen from one level further out: `of("schedule")` makes `zone` `schedule.zone`.
    #[must_use]
    pub fn of(self, outer: &str) -> Self {
        let field = match self.field.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        Self { field, message: self.message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

impl std::error::Error for Problem {}

/// Reads JSON and names the field that is wrong. Unknown fields are refused by the types of this crate.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    if text.trim().is_empty() {
        return Err(Problem::new("", "the input is empty; a JSON object is needed"));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|fault| {
        let path = fault.path().to_string();
        Problem::new(if path == "." { String::new() } else { path }, plain(&fault.into_inner().to_string()))
    })?;
    reader.end().map_err(|fault| Problem::new("", format!("after the JSON value: {fault}")))?;
    Ok(value)
}

/// The reader's message in the words of JSON instead of those of the program.
fn plain(message: &str) -> String {
    const WORDS: [(&str, &str); 12] = [
        ("u32", "a whole number from 0 to 4294967295"),
        ("u8", "a whole number from 0 to 255"),
        ("i64", "a whole number"),
        ("u64", "a whole number, not negative"),
        ("usize", "a whole number, not negative"),
        ("f64", "a number"),
        ("a string", "text in quotes"),
        ("a sequence", "a list"),
        ("a boolean", "true or false"),
        ("a map", "an object"),
        ("a borrowed string", "text in quotes"),
        ("string or map", "one of the words for it, in quotes"),
    ];
    let Some((before, rest)) = message.split_once(", expected ") else { return message.to_owned() };
    let (expected, place) = match rest.find(" at line ") {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let before =
        before.replace("string \"", "text \"").replace("sequence", "a list").replace("map", "an object");
    let object = expected.strip_prefix("struct ").map(|_| "an object");
    let word = WORDS.iter().find(|(word, _)| *word == expected).map(|(_, plain)| *plain).or(object);
    format!("{before}, expected {}{place}", word.unwrap_or(expected))
}
