//! Understand a support mail.
//!
//! Raw RFC 5322 bytes go in; what a helpdesk needs to trust, show and answer a mail comes out. Pure: no network, no
//! files, no clock; time, keys and the DNS resolver are handed in.
//!
//! ```
//! use mainstay_mailroom::{Desk, Kind, Pictures, classify, parse, sanitise, strip};
//!
//! let raw = b"From: Ann <ann@cust.example>\r\n\
//!     To: desk@help.example\r\n\
//!     Subject: Re: [#2431] Printer\r\n\
//!     Content-Type: text/html\r\n\r\n\
//!     <p>Yes, <b>please</b>.</p><img src=http://track.example/1.gif>\
//!     <div class=gmail_quote><div class=gmail_attr>On Mon, Nov 23, 2026 Desk wrote:</div>\
//!     <blockquote class=gmail_quote>Restart it?</blockquote></div>";
//!
//! let mail = parse(raw);
//! assert_eq!(classify(&mail, &Desk::default()).kind, Kind::Person);
//! assert_eq!(strip(&mail).text, "Yes, please.");
//! let safe = sanitise(mail.html.as_deref().unwrap_or_default(), &Pictures::NONE);
//! assert_eq!(safe.blocked, ["http://track.example/1.gif"]);
//! ```
//!
//! # Words
//!
//! - **Mail**: the parsed bytes ([`parse`]). Never fails; what had to be left out is in [`Mail::hurt`].
//! - **Verdict**: what kind of mail it is, why, and what every stage saw ([`classify`]). Hard and soft are about the
//!   address: hard is what no second attempt mends (class 5), soft what may (class 4, and a full mailbox always).
//! - **Stripped**: what the person wrote, and everything that was cut ([`strip`]).
//! - **Threading**: the ticket it belongs to and the grounds ([`thread`](thread())); **Key** signs the marks it relies on.
//! - **Safe HTML**: what may be shown, in a frame without scripts ([`sanitise`](sanitise()), [`frame`]).
//! - **Draft**: an answer before it is written ([`compose`](compose())); [`may_answer`] keeps robots apart.
//! - **Authentication**: whether the sender is who he says ([`trusted_results`], [`authenticate`](authenticate())); only from
//!   it comes the **staff proof** that [`commands`] needs.
//!
//! The MIME tree is walked here, within [`Limits`]; field grammar, encodings and charsets come from `mail-parser`.

mod address;
#[cfg(feature = "authenticate")]
mod authenticate;
mod classify;
#[cfg(feature = "authenticate")]
mod command;
mod compose;
mod fold;
mod html;
mod limits;
mod parse;
mod rate;
mod sanitise;
mod strip;
mod thread;

pub use address::{Address, find_address, find_addresses, read_addresses};
#[cfg(feature = "authenticate")]
pub use authenticate::{
    Arrival, Authentication, MessageAuthenticator, MethodResult, Relays, StaffProof, Trust, authenticate,
    read_results, resolver_at, trusted_results,
};
pub use classify::{Cause, Desk, Finding, Kind, Original, Outcome, Recipient, Verdict, classify, stages};
#[cfg(feature = "authenticate")]
pub use command::{Command, Orders, commands};
pub use compose::{
    Composed, Draft, Envelope, File, Origin, Unsubscribe, compose, quote, references_for, reply_subject,
};
pub use fold::fold;
pub use html::{from_text as html_from_text, to_text as html_to_text};
pub use limits::Limits;
pub use parse::{
    Attachment, Headers, Hurt, Invite, InviteMethod, Mail, Protection, Report, ReportKind, decode_words,
    parse, parse_with, safe_name, true_type,
};
pub use rate::{Answered, RateRules, may_answer};
pub use sanitise::{Pictures, SafeHtml, frame, sanitise};
pub use strip::{Cut, CutKind, Source, Stripped, strip, strip_html, strip_text};
pub use thread::{
    Clue, ClueKind, Decision, Identity, Key, Known, MarkedAddress, MarkedId, Standing, ThreadRules,
    Threading, TicketState, identity, subject_tokens, thread,
};
