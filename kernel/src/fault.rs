//! What a use case answers when it cannot do what was asked. Every door renders it once, in its own manner.

use std::error::Error;
use std::sync::Arc;

/// One reason why a use case ended without effect: whatever it had written is rolled back.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such thing, or the caller may not know that there is.
    #[error("{what} was not found")]
    NotFound { what: &'static str },
    /// The caller is known, and may not do this.
    #[error("this needs the right {right}")]
    Denied { right: &'static str },
    /// Nobody is signed in.
    #[error("sign in first")]
    SignIn,
    /// The input does not hold; each problem names its field.
    #[error("{}", Problem::sentence(.0))]
    Invalid(Vec<Problem>),
    /// The thing is in a state in which this cannot be done. `code` is stable, `detail` is for people.
    #[error("{detail}")]
    Conflict { code: &'static str, detail: String },
    /// Somebody else changed it since the caller looked.
    #[error("somebody changed this since you opened it")]
    Stale,
    /// Too much at once; nothing was done.
    #[error("too many requests; try again in {retry_after_s} s")]
    TooMany { retry_after_s: u32 },
    /// A part that is needed does not answer now; nothing was done.
    #[error("{what} does not answer; try again in {retry_after_s} s")]
    Away { what: String, retry_after_s: u32 },
    /// A fault of ours or of the machine. It is logged with its chain where it is met.
    #[error("something broke")]
    Broken(#[source] Arc<dyn Error + Send + Sync>),
}

/// What is wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name the caller used for the field; empty when the input as a whole is meant.
    pub field: String,
    /// Stable, for programs: `required`, `too_long`, `malformed` …
    pub code: &'static str,
    /// For people: what is wrong and what to do.
    pub detail: String,
}

impl Problem {
    fn sentence(problems: &[Self]) -> String {
        problems.iter().map(|p| p.detail.as_str()).collect::<Vec<_>>().join("; ")
    }
}

impl Fault {
    /// One wrong field.
    pub fn invalid(field: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem { field: field.into(), code, detail: detail.into() }])
    }

    /// A state in which this cannot be done.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict { code, detail: detail.into() }
    }

    /// A fault of ours, with its source.
    pub fn broken(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(Arc::from(source.into()))
    }

    /// The stable word of this sort of fault, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Denied { .. } => "denied",
            Self::SignIn => "sign_in",
            Self::Invalid(_) => "invalid",
            Self::Conflict { code, .. } => code,
            Self::Stale => "stale",
            Self::TooMany { .. } => "too_many",
            Self::Away { .. } => "away",
            Self::Broken(_) => "broken",
        }
    }
}
