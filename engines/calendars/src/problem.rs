//! What is wrong with a value from outside, and in which field.

use std::fmt;

use serde::de::DeserializeOwned;

/// One fault of an input: the path of the field (`layers[2].rotation.start`) and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub field: String,
    pub message: String,
}

impl Problem {
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
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|fault| {
        let path = fault.path().to_string();
        Problem::new(if path == "." { String::new() } else { path }, fault.into_inner().to_string())
    })?;
    reader.end().map_err(|fault| Problem::new("", fault.to_string()))?;
    Ok(value)
}
