//! How a rule words what it sees: one sentence, one reason, then why, evidence, fix and controls.

use mainstay_record::finding::{Severity, Sighting};
use serde_json::json;

/// A sighting being worded.
pub(crate) struct Draft {
    severity: Severity,
    subject: String,
    title: String,
    reason: String,
    why: String,
    evidence: Vec<String>,
    fix: Vec<String>,
    controls: Vec<&'static str>,
}

/// Begins with what it is about: `subject` stays the same from look to look, `title` is for people.
pub(crate) fn draft(severity: Severity, subject: impl Into<String>, title: impl Into<String>) -> Draft {
    Draft {
        severity,
        subject: subject.into(),
        title: title.into(),
        reason: String::new(),
        why: String::new(),
        evidence: Vec::new(),
        fix: Vec::new(),
        controls: Vec::new(),
    }
}

impl Draft {
    /// One grey sentence with the number.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Why it matters, one to three sentences.
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// The exact line or fact.
    pub fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// An exact command or step.
    pub fn fix(mut self, step: impl Into<String>) -> Self {
        self.fix.push(step.into());
        self
    }

    /// Identifiers of controls it bears on.
    pub fn controls(mut self, controls: &[&'static str]) -> Self {
        self.controls.extend_from_slice(controls);
        self
    }

    /// The sighting.
    pub fn done(self) -> Sighting {
        let mut detail = json!({ "why": self.why, "evidence": self.evidence, "fix": self.fix });
        if !self.controls.is_empty() {
            detail["controls"] = json!(self.controls);
        }
        Sighting {
            subject: self.subject,
            severity: self.severity,
            title: self.title,
            reason: self.reason,
            detail,
        }
    }
}

/// One thing, or several with their number: `1 key`, `3 keys`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A day in UTC as people read it: `1 Dec 2026`.
pub(crate) fn day(ms: u64) -> String {
    let stamp = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    stamp.map_or_else(|| "a day out of range".to_owned(), |at| at.strftime("%-d %b %Y").to_string())
}

/// A minute in UTC as people read it: `1 Dec 2026 02:00 UTC`.
pub(crate) fn minute(ms: u64) -> String {
    let stamp = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    stamp
        .map_or_else(|| "a time out of range".to_owned(), |at| at.strftime("%-d %b %Y %H:%M UTC").to_string())
}

/// A name as one word of a shell command, quoted where the shell would read it otherwise.
pub(crate) fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:+=,".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
