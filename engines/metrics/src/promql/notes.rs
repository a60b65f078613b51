//! Warnings and hints that go with a result, worded as Prometheus words them.

use std::collections::BTreeSet;

/// Collected while a query runs; each once.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    pub warnings: BTreeSet<String>,
    pub infos: BTreeSet<String>,
}

impl Notes {
    pub(super) fn warn(&mut self, text: impl AsRef<str>) {
        if self.warnings.len() < 100 {
            self.warnings.insert(format!("PromQL warning: {}", text.as_ref()));
        }
    }

    /// Says that a result was cut to the length asked for.
    pub(crate) fn truncated(&mut self) {
        self.warnings.insert("results truncated due to limit".to_owned());
    }

    pub(super) fn info(&mut self, text: impl AsRef<str>) {
        if self.infos.len() < 100 {
            self.infos.insert(format!("PromQL info: {}", text.as_ref()));
        }
    }
}

/// `line:column` of a byte offset, counted from 1.
pub fn line_and_column(query: &str, position: usize) -> String {
    let before = query.get(..position).unwrap_or(query);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    format!("{line}:{column}")
}
