//! Notices: one message to several recipients, one receipt each, told once.
//!
//! The receipt's key (notice, channel, recipient) is what makes a second message impossible; its state says what
//! became of it: `waiting`, `sending`, `sent`, `refused` (they do not want it), `given_up`, or `unsure`: something was
//! handed over and nobody answered, or the machine stopped between handing over and writing it down. No channel can
//! be asked afterwards, so what is unsure is repeated in a way that shows: a mail carries the same `Message-ID` and
//! `X-Mainstay-Repeat`, a webhook the same `webhook-id` (receivers drop doubles by it), a push says "(repeated)".

pub mod address;
mod channel;
mod deliver;
pub mod gather;
mod mail;
mod own;
mod places;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
mod wish;

use std::collections::BTreeMap;

use serde::Serialize;

pub use address::AddressSetting;
pub use channel::{
    Channel, ChannelKind, NewChannel, change, channel, channels, disable, enable, make, remove, renew_key,
};
pub(crate) use deliver::send;
pub use deliver::{KIND, test_channel, test_mail};
pub use mail::{MailSetting, PASSWORD, Tls, check as check_mail};
pub use own::{own_push, remove_own_push, set_own_push};
pub use store::Notice;
pub use wish::{Ways, audience, is_address, wish, wishes};

use crate::access::{MANAGE_CHANNELS, Scope};
use crate::id::{ChannelId, NoticeId, OrgId, PersonId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, events, jobs, people, settings};

/// A notice to be.
#[derive(Clone, Debug)]
pub struct New {
    /// What it is about, so that it is never told twice: `incident:…:opened`.
    pub once_key: String,
    /// The sort of thing that happened, in the words of the house: people and channels choose by it.
    pub cause: &'static str,
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
    /// Who or what that is, for people to read.
    pub name: String,
    pub state: State,
    pub attempts: i64,
    pub changed_ms: i64,
    /// When it is tried next, while it waits.
    pub next_ms: Option<i64>,
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
        let Some(found) = address(tx, cx, to)? else { continue };
        let (channel, recipient) = (found.channel, found.recipient.as_str());
        if !store::insert_receipt(
            tx,
            cx.org,
            id,
            channel,
            recipient,
            (found.person, found.place),
            cx.now_ms(),
        )? {
            continue;
        }
        count += 1;
        match &found.no_way {
            None => enqueue(tx, cx, id, channel, recipient)?,
            // There is no way to them: the receipt says so, and nothing claims to be under way.
            Some(why) => {
                let end = store::End { state: State::GivenUp, answer: why, next_ms: None };
                store::end(tx, cx.org, id, channel, recipient, &end, cx.now_ms())?;
            }
        }
    }
    let body = serde_json::json!({ "title": new.title, "urgency": new.urgency, "messages": count });
    events::record(tx, cx, "notice.posted", Ref::new("notice", id.0), &new.about, &body)?;
    Ok(Some(id))
}

/// What was told, newest first, before `before` (`NoticeId(i64::MAX)` for the first page), each with its messages.
pub fn list(
    tx: &mut Tx<'_>,
    cx: &Cx,
    before: NoticeId,
    limit: u32,
) -> Result<Vec<(Notice, Vec<Receipt>)>, Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    let mut told = Vec::new();
    for notice in store::notices(tx, cx.org, before, limit)? {
        let receipts = store::receipts(tx, cx.org, notice.id)?;
        told.push((notice, receipts));
    }
    Ok(told)
}

/// One notice with its messages.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, id: NoticeId) -> Result<(Notice, Vec<Receipt>), Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    let found = store::notice(tx, cx.org, id)?.ok_or(Fault::NotFound { what: "message" })?;
    Ok((found, store::receipts(tx, cx.org, id)?))
}

/// The messages of a notice.
pub fn receipts(tx: &mut Tx<'_>, cx: &Cx, notice: NoticeId) -> Result<Vec<Receipt>, Fault> {
    store::receipts(tx, cx.org, notice)
}

/// How the messages of the notices after `since` stand: when one last changed, and how many are under way. For pages that
/// stay open; whoever fetches what changed is asked for rights then.
pub fn standing(
    tx: &mut Tx<'_>,
    org: OrgId,
    since: NoticeId,
) -> Result<BTreeMap<NoticeId, (i64, i64)>, Fault> {
    store::standing(tx, org, since)
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
/// `Conflict`: `under_way` while it has not ended, `no_mail` for a mail where no server is set.
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
    if channel == "mail" && settings::get::<MailSetting>(tx, cx.org)?.value.host.is_empty() {
        return Err(Fault::conflict("no_mail", "no mail server is set; set one under Settings, Mail first"));
    }
    store::restart(tx, cx.org, notice, channel, recipient, cx.now_ms())?;
    enqueue(tx, cx, notice, channel, recipient)?;
    let body = serde_json::json!({ "channel": channel, "recipient": recipient, "was": found.state });
    events::record(tx, cx, "notice.sent_again", Ref::new("notice", notice.0), &[], &body).map(drop)
}

struct Address {
    channel: &'static str,
    recipient: String,
    person: Option<PersonId>,
    place: Option<ChannelId>,
    /// Why nothing can be sent there.
    no_way: Option<String>,
}

impl Address {
    fn mail(recipient: String) -> Self {
        Self { channel: "mail", recipient, person: None, place: None, no_way: None }
    }
}

fn address(tx: &mut Tx<'_>, cx: &Cx, to: &To) -> Result<Option<Address>, Fault> {
    match to {
        To::Person(id) => {
            let person = people::get(tx, cx.org, *id)?;
            let has_server = !settings::get::<MailSetting>(tx, cx.org)?.value.host.is_empty();
            let no_way = wish::why_no_mail(&person, has_server);
            let mail = Address { person: Some(*id), no_way, ..Address::mail(person.email) };
            Ok(person.is_active.then_some(mail))
        }
        To::Mail(address) => Ok(Some(Address::mail(address.trim().to_lowercase()))),
        To::Channel(id) => {
            let channel = channel::get(tx, cx.org, *id)?;
            let found = Address {
                channel: channel.kind.word(),
                recipient: id.to_string(),
                person: channel.person,
                place: Some(*id),
                no_way: None,
            };
            Ok(channel.is_active.then_some(found))
        }
    }
}

fn enqueue(tx: &mut Tx<'_>, cx: &Cx, notice: NoticeId, channel: &str, recipient: &str) -> Result<(), Fault> {
    let payload = serde_json::json!({ "notice": notice, "channel": channel, "recipient": recipient });
    let once_key = Some(format!("{notice}|{channel}|{recipient}"));
    jobs::add(tx, cx, &jobs::New { kind: KIND, payload, run_at_ms: cx.now_ms(), once_key }).map(drop)
}
