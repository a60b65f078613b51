//! Understand a support mail.

mod address;
mod classify;
mod fold;
mod html;
mod limits;
mod parse;
mod sanitise;
mod strip;
mod thread;

pub use address::{Address, find_address, find_addresses, read_addresses};
pub use classify::{Cause, Desk, Finding, Kind, Original, Outcome, Recipient, Verdict, classify, stages};
pub use fold::fold;
pub use html::{from_text as html_from_text, to_text as html_to_text};
pub use limits::Limits;
pub use parse::{
    Attachment, Headers, Hurt, Invite, InviteMethod, Mail, Protection, Report, ReportKind, decode_words, parse,
    parse_with, safe_name, true_type,
};
pub use sanitise::{Pictures, SafeHtml, frame, sanitise};
pub use strip::{Cut, CutKind, Source, Stripped, strip, strip_html, strip_text};
pub use thread::{
    Clue, ClueKind, Decision, Identity, Key, Known, MarkedAddress, MarkedId, Standing, ThreadRules, Threading,
    TicketState, identity, subject_tokens, thread,
};
