//! Where notices go besides mail: signed webhooks (Standard Webhooks) and push topics as ntfy speaks them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::places;
use super::store::Message;
use crate::access::{MANAGE_CHANNELS, Scope};
use crate::id::{self, ChannelId, OrgId, PersonId, Ref};
use crate::outbound::Request;
use crate::store::Tx;
use crate::{Cx, Fault, events, secrets};

/// A place that notices go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Channel {
    pub id: ChannelId,
    pub kind: ChannelKind,
    pub name: String,
    pub url: String,
    /// What it wants to hear of.
    pub causes: Vec<String>,
    /// Whose it is, where it is one person's.
    pub person: Option<PersonId>,
    pub is_active: bool,
    /// Why it is disabled, when the house did it.
    pub why: String,
}

/// What is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// JSON, signed after the Standard Webhooks specification.
    Webhook,
    /// Text with `Title`, `Priority` and `Click` headers, as ntfy takes it; the address names the topic.
    Push,
}

impl ChannelKind {
    /// As it is written down.
    pub fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Push => "push",
        }
    }
}

/// A channel to be.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub kind: ChannelKind,
    pub name: String,
    pub url: String,
    /// What it is to hear of.
    pub causes: Vec<String>,
    /// For push topics that ask for one: an access token.
    pub token: Option<String>,
}

/// Makes a channel; for a webhook answers its signing key (`whsec_…`), shown once.
///
/// # Errors
/// `Invalid` on `name` or `url`.
pub fn make(tx: &mut Tx<'_>, cx: &Cx, new: &NewChannel) -> Result<(ChannelId, Option<String>), Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    check(&new.name, &new.url, &new.causes)?;
    let channel = Channel {
        id: ChannelId(cx.ids.next()),
        kind: new.kind,
        name: new.name.trim().to_owned(),
        url: new.url.trim().to_owned(),
        causes: new.causes.clone(),
        person: None,
        is_active: true,
        why: String::new(),
    };
    places::insert(tx, cx.org, &channel)?;
    told(tx, cx, "channel.made", &channel)?;
    let key = match new.kind {
        ChannelKind::Webhook => Some(fresh_key(tx, cx, channel.id)?),
        ChannelKind::Push => {
            if let Some(token) = &new.token {
                secrets::put(tx, cx, &secret_name(channel.id), token)?;
            }
            None
        }
    };
    Ok((channel.id, key))
}

/// Changes name, address and what it hears of. A changed channel is tried again.
///
/// # Errors
/// `Invalid` on `name`, `url` or `causes`.
pub fn change(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: ChannelId,
    (name, url, causes): (&str, &str, &[String]),
) -> Result<(), Fault> {
    let before = channel(tx, cx, id)?;
    check(name, url, causes)?;
    let after = Channel {
        name: name.trim().to_owned(),
        url: url.trim().to_owned(),
        causes: causes.to_vec(),
        is_active: true,
        why: String::new(),
        ..before
    };
    places::update(tx, cx.org, &after)?;
    told(tx, cx, "channel.changed", &after)
}

fn check(name: &str, url: &str, causes: &[String]) -> Result<(), Fault> {
    if name.trim().is_empty() || name.chars().count() > 80 {
        return Err(Fault::invalid("name", "required", "give the channel a name of 1 to 80 letters"));
    }
    let is_word =
        |word: &String| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if !causes.iter().all(is_word) {
        return Err(Fault::invalid("causes", "malformed", "choose from the list"));
    }
    crate::outbound::check_url(url)
}

/// A new signing key for a webhook; the old one ends at once.
pub fn renew_key(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<String, Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    if get(tx, cx.org, id)?.kind != ChannelKind::Webhook {
        return Err(Fault::conflict("no_key", "only webhooks are signed"));
    }
    fresh_key(tx, cx, id)
}

/// One channel of everybody.
pub fn channel(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<Channel, Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    let found = get(tx, cx.org, id)?;
    if found.person.is_none() { Ok(found) } else { Err(Fault::NotFound { what: "channel" }) }
}

/// The channels of everybody, oldest first.
pub fn channels(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<Channel>, Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    places::all(tx, cx.org)
}

/// Sends nothing there until it is enabled again.
pub fn disable(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<(), Fault> {
    let channel = channel(tx, cx, id)?;
    close(tx, cx, &channel, "")
}

/// As [`disable`], by the house and with its reason.
pub(super) fn close(tx: &mut Tx<'_>, cx: &Cx, channel: &Channel, why: &str) -> Result<(), Fault> {
    if places::set_state(tx, cx.org, channel.id, "disabled", why)? > 0 {
        let closed = Channel { is_active: false, why: why.to_owned(), ..channel.clone() };
        told(tx, cx, "channel.disabled", &closed)?;
    }
    Ok(())
}

/// Sends there again.
pub fn enable(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<(), Fault> {
    let channel = channel(tx, cx, id)?;
    if places::set_state(tx, cx.org, id, "active", "")? > 0 {
        told(tx, cx, "channel.enabled", &channel)?;
    }
    Ok(())
}

/// Removes a channel and its key; its delivery log stays.
pub fn remove(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<(), Fault> {
    let channel = channel(tx, cx, id)?;
    forget(tx, cx, &channel)
}

pub(super) fn forget(tx: &mut Tx<'_>, cx: &Cx, channel: &Channel) -> Result<(), Fault> {
    places::delete(tx, cx.org, channel.id)?;
    secrets::forget(tx, cx, &secret_name(channel.id))?;
    told(tx, cx, "channel.removed", channel)
}

pub(super) fn get(tx: &mut Tx<'_>, org: OrgId, id: ChannelId) -> Result<Channel, Fault> {
    places::by_id(tx, org, id)?.ok_or(Fault::NotFound { what: "channel" })
}

/// The signing key or access token.
pub(super) fn secret(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<Option<String>, Fault> {
    secrets::get(tx, cx, &secret_name(id))
}

/// The request that brings a message there. `message_id` is the same for every attempt.
pub(super) fn request(
    channel: &Channel,
    secret: Option<&str>,
    message: &Message,
    message_id: &str,
    is_repeat: bool,
    now_ms: i64,
) -> Request {
    match channel.kind {
        ChannelKind::Webhook => webhook(channel, secret.unwrap_or_default(), message, message_id, now_ms),
        ChannelKind::Push => push(channel, secret, message, is_repeat),
    }
}

fn webhook(channel: &Channel, key: &str, message: &Message, message_id: &str, now_ms: i64) -> Request {
    let body = serde_json::json!({
        "type": format!("notice.{}", message.cause),
        "timestamp": message.created_ms,
        "data": { "cause": message.cause, "title": message.title, "body": message.body, "link": message.link, "urgency": message.urgency },
    });
    let (body, seconds) = (body.to_string(), (now_ms / 1000).to_string());
    let signature = sign(key, message_id, &seconds, &body);
    Request::post(&channel.url, body)
        .header("content-type", "application/json")
        .header("webhook-id", message_id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature)
}

/// `v1,` and HMAC-SHA256 over `id.timestamp.body` with the decoded key.
pub(super) fn sign(key: &str, message_id: &str, seconds: &str, body: &str) -> String {
    let key = STANDARD.decode(key.strip_prefix("whsec_").unwrap_or(key)).unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length will do");
    mac.update(format!("{message_id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn push(channel: &Channel, token: Option<&str>, message: &Message, is_repeat: bool) -> Request {
    let repeated = if is_repeat { " (repeated)" } else { "" };
    let priority = match message.urgency.as_str() {
        "high" => "5",
        "low" => "2",
        _ => "3",
    };
    let mut request = Request::post(&channel.url, message.body.clone())
        .header("title", encoded(&format!("{}{repeated}", message.title)))
        .header("priority", priority);
    if !message.link.is_empty() {
        request = request.header("click", encoded(&message.link));
    }
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request
}

/// Header text beyond ASCII, after RFC 2047 as ntfy reads it; line breaks cannot pass.
fn encoded(text: &str) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if flat.is_ascii() { flat } else { format!("=?UTF-8?B?{}?=", STANDARD.encode(flat)) }
}

fn fresh_key(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<String, Fault> {
    let key = format!("whsec_{}", STANDARD.encode(id::random::<32>()));
    secrets::put(tx, cx, &secret_name(id), &key)?;
    Ok(key)
}

pub(super) fn secret_name(id: ChannelId) -> String {
    format!("channel.{id}")
}

pub(super) fn told(tx: &mut Tx<'_>, cx: &Cx, verb: &'static str, channel: &Channel) -> Result<(), Fault> {
    // Whoever knows the address of a webhook or a topic can often speak there: events keep its host alone.
    let host = channel.url.parse::<hyper::http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let body = serde_json::json!({
        "name": channel.name, "kind": channel.kind, "host": host, "causes": channel.causes, "why": channel.why,
    });
    events::record(tx, cx, verb, Ref::new("channel", channel.id.0), &[], &body).map(drop)
}
