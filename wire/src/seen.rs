//! What a look at a host brought back: the value, what could not be seen and why, and what it cost.

use serde::{Deserialize, Serialize};

/// The result of one collector.
///
/// `value` is `None` when nothing at all could be seen; then `unseen` says why. A value together with
/// entries in `unseen` is a partial view. An empty `unseen` means the look was complete: only then may a
/// missing thing be read as "it is not there".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// What was seen.
    pub value: Option<T>,
    /// What could not be seen.
    #[serde(default)]
    pub unseen: Vec<Unseen>,
    /// What the look cost. Not part of the content hash.
    #[serde(default, skip_serializing)]
    pub took: Took,
}

/// One thing that could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unseen {
    /// The thing, as a person would name it: `password ageing of accounts`.
    pub what: String,
    /// The reason: `/etc/shadow is readable by root only`.
    pub because: String,
    /// One command that would allow it, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_with: Option<String>,
    /// The names of what it may hide, in the words of its section; absent: it may hide anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hides: Option<Vec<String>>,
}

/// Time spent, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Took {
    /// Processor time of the collecting thread (children not counted).
    pub cpu_us: u64,
    /// Time on the wall.
    pub wall_us: u64,
}

impl<T> Seen<T> {
    /// A complete view.
    pub fn whole(value: T) -> Self {
        Self { value: Some(value), unseen: Vec::new(), took: Took::default() }
    }

    /// A view with gaps; with no gaps it is a complete one.
    pub fn partly(value: T, unseen: Vec<Unseen>) -> Self {
        Self { value: Some(value), unseen, took: Took::default() }
    }

    /// Nothing could be seen.
    pub fn not(unseen: Unseen) -> Self {
        Self { value: None, unseen: vec![unseen], took: Took::default() }
    }

    /// Whether everything this collector looks for was visible.
    pub fn is_whole(&self) -> bool {
        self.value.is_some() && self.unseen.is_empty()
    }

    /// The same look with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Seen<U> {
        Seen { value: self.value.map(change), unseen: self.unseen, took: self.took }
    }
}

impl Unseen {
    /// A gap without a known way to close it.
    pub fn new(what: impl Into<String>, because: impl Into<String>) -> Self {
        Self { what: what.into(), because: because.into(), allow_with: None, hides: None }
    }

    /// Names what the gap may hide; everything else was seen.
    #[must_use]
    pub fn hides(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.hides = Some(names.into_iter().collect());
        self
    }

    /// Names the command that would close the gap.
    #[must_use]
    pub fn allow_with(mut self, command: impl Into<String>) -> Self {
        self.allow_with = Some(command.into());
        self
    }
}
