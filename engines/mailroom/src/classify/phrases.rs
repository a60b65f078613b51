//! What machines write, in the languages they write it in; the words are in the text files beside.

use std::sync::LazyLock;

use crate::fold::Phrases;

fn one(text: &str) -> Phrases<()> {
    Phrases::read(text, |_| Some(()))
}

/// Subjects of bounces and delay notices.
pub(super) static BOUNCE_SUBJECT: LazyLock<Phrases<()>> =
    LazyLock::new(|| one(include_str!("words/bounce_subject.txt")));

/// What the text of a bounce says about itself; `true` for what only failures say.
pub(super) static BOUNCE_BODY: LazyLock<Phrases<bool>> =
    LazyLock::new(|| Phrases::read(include_str!("words/bounce_body.txt"), |name| Some(name == "failure")));

/// The server has not given up.
pub(super) static DELAYED: LazyLock<Phrases<()>> = LazyLock::new(|| one(include_str!("words/delayed.txt")));

/// Asked-for good news.
pub(super) static DELIVERED: LazyLock<Phrases<()>> =
    LazyLock::new(|| one(include_str!("words/delivered.txt")));

/// Subjects of answers of people who are away.
pub(super) static ABSENCE_SUBJECT: LazyLock<Phrases<()>> =
    LazyLock::new(|| one(include_str!("words/absence_subject.txt")));

/// Subjects of automatic answers of any kind; `true` for those that are a label and stand before a colon.
pub(super) static AUTO_SUBJECT: LazyLock<Phrases<bool>> =
    LazyLock::new(|| Phrases::read(include_str!("words/auto_subject.txt"), |name| Some(name == "label")));

/// Text of people who are away.
pub(super) static ABSENCE_BODY: LazyLock<Phrases<()>> =
    LazyLock::new(|| one(include_str!("words/absence_body.txt")));

/// Text that calls itself automatic.
pub(super) static AUTO_REPLY_BODY: LazyLock<Phrases<()>> =
    LazyLock::new(|| one(include_str!("words/auto_reply_body.txt")));

/// Subjects and texts of read receipts without a machine-readable part.
pub(super) static READ_RECEIPT: LazyLock<Phrases<()>> =
    LazyLock::new(|| one(include_str!("words/read_receipt.txt")));

pub(super) static READ_BODY: LazyLock<Phrases<()>> =
    LazyLock::new(|| one(include_str!("words/read_body.txt")));
