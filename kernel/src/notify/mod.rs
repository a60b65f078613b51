//! Notices: one message to several recipients, one receipt each, told once.
//!
//! The receipt's key (notice, channel, recipient) is what makes a second message impossible; its state says what
//! became of it: `waiting`, `sending`, `sent`, `refused` (they do not want it), `given_up`, or `unsure`: something was
//! handed over and nobody answered, or the machine stopped between handing over and writing it down. No channel can
//! be asked afterwards, so what is unsure is repeated in a way that shows: a mail carries the same `Message-ID` and
//! `X-Mainstay-Repeat`, a webhook the same `webhook-id` (receivers drop doubles by it), a push says "(repeated)".

mod channel;
mod deliver;
mod mail;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;

use serde::Serialize;

pub use channel::{Channel, ChannelKind, NewChannel, channels, disable, enable, make, remove, renew_key};
pub(crate) use deliver::send;
pub use deliver::{KIND, test_channel, test_mail};
pub use mail::{MailSetting, PASSWORD, Tls};

use crate::access::{MANAGE_CHANNELS, Scope};
use crate::id::{ChannelId, NoticeId, PersonId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, events, jobs, people};

/// A notice to be.
#[derive(Clone, Debug)]
pub struct New {
    /// What it is about, so that it is never told twice: `incident:…:opened`.
    pub once_key: String,
    pub title: String,
    pub body: String,
    /// Where to read on; a whole address, or empty.
    pub link: String,
    pub urgency: Urgency,
    pub to: Vec<To>,
    /// The things whose timelines show it.
    pub about: Vec<Ref>,
}

/// How much it presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    Low,
    Normal,
    High,
}

impl Urgency {
    fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// Who shall get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// By mail to their address; people who are disabled get nothing.
    Person(PersonId),
    /// By mail to an address.
    Mail(String),
    Channel(ChannelId),
}

/// What became of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Waiting,
    Sending,
    Sent,
    Refused,
    GivenUp,
    Unsure,
}

impl State {
    /// As it is written down.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::Unsure => "unsure",
        }
    }

    fn read(word: &str) -> Self {
        [Self::Sending, Self::Sent, Self::Refused, Self::GivenUp, Self::Unsure]
            .into_iter()
            .find(|state| state.word() == word)
            .unwrap_or(Self::Waiting)
    }
}

/// One message of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    pub notice: NoticeId,
    pub title: String,
    /// `mail`, `webhook` or `push`.
    pub channel: String,
    /// A mail address, or the channel's id.
    pub recipient: String,
    pub state: State,
    pub attempts: i64,
    pub changed_ms: i64,
    /// What the other side said last.
    pub answer: String,
}

/// Tells something, in the caller's transaction; messages go out after its commit. Nothing when this was told before.
pub fn post(tx: &mut Tx<'_>, cx: &Cx, new: &New) -> Result<Option<NoticeId>, Fault> {
    let id = NoticeId(cx.ids.next());
    if !store::insert(tx, cx.org, id, new, cx.now_ms())? {
        return Ok(None);
    }
    let mut count = 0;
    for to in &new.to {
        let Some((channel, recipient, person)) = address(tx, cx, to)? else { continue };
        if store::insert_receipt(tx, cx.org, id, channel, &recipient, person, cx.now_ms())? {
            enqueue(tx, cx, id, channel, &recipient)?;
            count += 1;
        }
    }
    let body = serde_json::json!({ "title": new.title, "urgency": new.urgency, "messages": count });
    events::record(tx, cx, "notice.posted", Ref::new("notice", id.0), &new.about, &body)?;
    Ok(Some(id))
}

/// The messages of a notice.
pub fn receipts(tx: &mut Tx<'_>, cx: &Cx, notice: NoticeId) -> Result<Vec<Receipt>, Fault> {
    store::receipts(tx, cx.org, notice)
}

/// The messages to one channel or address, newest first: the delivery log.
pub fn log(
    tx: &mut Tx<'_>,
    cx: &Cx,
    channel: &str,
    recipient: &str,
    limit: u32,
) -> Result<Vec<Receipt>, Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    store::log(tx, cx.org, channel, recipient, limit)
}

/// Sends a message again that has ended, whatever its end: a person asked for it.
///
/// # Errors
/// `Conflict` (`under_way`) while it has not ended.
pub fn again(
    tx: &mut Tx<'_>,
    cx: &Cx,
    notice: NoticeId,
    channel: &str,
    recipient: &str,
) -> Result<(), Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    let all = store::receipts(tx, cx.org, notice)?;
    let found = all.iter().find(|receipt| receipt.channel == channel && receipt.recipient == recipient);
    let found = found.ok_or(Fault::NotFound { what: "message" })?;
    if matches!(found.state, State::Waiting | State::Sending) {
        return Err(Fault::conflict("under_way", "this message is still under way"));
    }
    store::restart(tx, cx.org, notice, channel, recipient, cx.now_ms())?;
    enqueue(tx, cx, notice, channel, recipient)?;
    let body = serde_json::json!({ "channel": channel, "recipient": recipient, "was": found.state });
    events::record(tx, cx, "notice.sent_again", Ref::new("notice", notice.0), &[], &body).map(drop)
}

type Address = (&'static str, String, Option<PersonId>);

fn address(tx: &mut Tx<'_>, cx: &Cx, to: &To) -> Result<Option<Address>, Fault> {
    match to {
        To::Person(id) => {
            let person = people::get(tx, cx.org, *id)?;
            Ok(person.is_active.then_some(("mail", person.email, Some(*id))))
        }
        To::Mail(address) => Ok(Some(("mail", address.trim().to_lowercase(), None))),
        To::Channel(id) => {
            let channel = channel::get(tx, cx.org, *id)?;
            Ok(channel.is_active.then(|| (channel.kind.word(), id.to_string(), None)))
        }
    }
}

fn enqueue(tx: &mut Tx<'_>, cx: &Cx, notice: NoticeId, channel: &str, recipient: &str) -> Result<(), Fault> {
    let payload = serde_json::json!({ "notice": notice, "channel": channel, "recipient": recipient });
    let once_key = Some(format!("{notice}|{channel}|{recipient}"));
    jobs::add(tx, cx, &jobs::New { kind: KIND, payload, run_at_ms: cx.now_ms(), once_key }).map(drop)
}
