//! Orders of staff in a mail: lines such as `#assign ann` at its top.

use serde::Serialize;

use crate::authenticate::StaffProof;

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// To a person or team by name or address; empty: to the writer.
    Assign(String),
    Solve,
    /// The text is an internal note, not an answer to the requester.
    Note,
    Priority(String),
    Tag(String),
}

/// What was ordered, and the text without the orders.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Orders {
    pub commands: Vec<Command>,
    /// Lines that look like orders but are none; the writer should be told.
    pub unknown: Vec<String>,
    pub text: String,
}

/// Reads the orders at the top of a written text (see [`strip`](crate::strip())). Needs the proof that a member of
/// staff wrote it; without one there is nothing to call this with.
///
/// Orders end with the first line that is none. `#1 …` and a lone `#` are text.
pub fn commands(text: &str, _proof: &StaffProof) -> Orders {
    let mut orders = Orders::default();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.peek() {
        let bare = line.trim();
        if bare.is_empty() {
            lines.next();
            continue;
        }
        let Some(order) =
            bare.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        else {
            break;
        };
        let (word, argument) = order.split_once(char::is_whitespace).unwrap_or((order, ""));
        match command(&word.to_lowercase(), argument.trim()) {
            Some(command) => orders.commands.push(command),
            None => orders.unknown.push(bare.to_owned()),
        }
        lines.next();
    }
    lines.collect::<Vec<_>>().join("\n").trim().clone_into(&mut orders.text);
    orders
}

fn command(word: &str, argument: &str) -> Option<Command> {
    match word {
        "assign" => Some(Command::Assign(argument.to_owned())),
        "solve" | "solved" | "close" if argument.is_empty() => Some(Command::Solve),
        "note" if argument.is_empty() => Some(Command::Note),
        "priority" if !argument.is_empty() => Some(Command::Priority(argument.to_lowercase())),
        "tag" if !argument.is_empty() => Some(Command::Tag(argument.to_owned())),
        _ => None,
    }
}
