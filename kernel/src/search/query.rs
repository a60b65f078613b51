//! The language people search in. Every text is a question; nothing in it can be wrong.

const MOST_PARTS: usize = 16;
const MOST_LETTERS: usize = 400;
const LEAST_FOR_TYPOS: usize = 4;

/// One part of a question; all parts must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) is_without: bool,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Word(String),
    Phrase(String),
    Beginning(String),
    State(String),
    Number(i64),
}

impl Part {
    /// A word long enough that a typo in it can be told from another word.
    pub(super) fn may_be_mistyped(&self) -> bool {
        matches!(&self.what, What::Word(word) if !self.is_without && word.chars().count() >= LEAST_FOR_TYPOS)
    }
}

/// Reads a question.
pub(super) fn read(text: &str) -> Vec<Part> {
    let text: String = text.chars().take(MOST_LETTERS).collect();
    let (mut parts, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() && parts.len() < MOST_PARTS {
        let is_without = rest.starts_with('-') && !rest[1..].starts_with([' ', '-']) && rest.len() > 1;
        let begin = if is_without { &rest[1..] } else { rest };
        let (what, after) = if let Some(quoted) = begin.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            (What::Phrase(quoted[..end].to_owned()), quoted.get(end + 1..).unwrap_or(""))
        } else {
            let end = begin.find(char::is_whitespace).unwrap_or(begin.len());
            (word(&begin[..end]), &begin[end..])
        };
        if says_something(&what) {
            parts.push(Part { is_without, what });
        }
        rest = after.trim_start();
    }
    parts
}

fn word(word: &str) -> What {
    if let Some(number) = word.strip_prefix('#').and_then(|digits| digits.parse().ok()) {
        return What::Number(number);
    }
    if let Some(state) = word.strip_prefix("state:").filter(|state| !state.is_empty()) {
        return What::State(state.to_lowercase());
    }
    match word.strip_suffix('*') {
        Some(beginning) => What::Beginning(beginning.to_owned()),
        None => What::Word(word.to_owned()),
    }
}

fn says_something(what: &What) -> bool {
    match what {
        What::Word(text) | What::Phrase(text) | What::Beginning(text) => {
            text.chars().any(char::is_alphanumeric)
        }
        What::State(_) | What::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{What, read};

    #[test]
    fn questions_are_read() {
        let parts = read("disk \"no space left\" -nfs -\"old one\" post* state:Open #2431 C++ - -- \"\" *");
        let shown: Vec<_> = parts.iter().map(|part| (part.is_without, part.what.clone())).collect();
        assert_eq!(
            shown,
            [
                (false, What::Word("disk".into())),
                (false, What::Phrase("no space left".into())),
                (true, What::Word("nfs".into())),
                (true, What::Phrase("old one".into())),
                (false, What::Beginning("post".into())),
                (false, What::State("open".into())),
                (false, What::Number(2431)),
                (false, What::Word("C++".into())),
            ]
        );
    }

    proptest! {
        #[test]
        fn every_text_is_a_question(text in "\\PC{0,60}", more in "[-\"*#: aé]{0,40}") {
            read(&text);
            read(&more);
            read(&format!("{more}{text}"));
        }
    }
}
