//! Where notices go besides mail: signed webhooks (Standard Webhooks) and push topics as ntfy speaks them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::store::{self, Message};
use crate::access::{MANAGE_CHANNELS, Scope};
use crate::id::{self, ChannelId, OrgId, Ref};
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
    pub is_active: bool,
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
    /// For push topics that ask for one: an access token.
    pub token: Option<String>,
}

/// Makes a channel; for a webhook answers its signing key (`whsec_…`), shown once.
///
/// # Errors
/// `Invalid` on `name` or `url`.
pub fn make(tx: &mut Tx<'_>, cx: &Cx, new: &NewChannel) -> Result<(ChannelId, Option<String>), Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    if new.name.trim().is_empty() || new.name.chars().count() > 80 {
        return Err(Fault::invalid("name", "required", "give the channel a name of 1 to 80 letters"));
    }
    crate::outbound::check_url(&new.url)?;
    let channel = Channel {
        id: ChannelId(cx.ids.next()),
        kind: new.kind,
        name: new.name.trim().to_owned(),
        url: new.url.trim().to_owned(),
        is_active: true,
    };
    store::insert_channel(tx, cx.org, &channel)?;
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

/// A new signing key for a webhook; the old one ends at once.
pub fn renew_key(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<String, Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    if get(tx, cx.org, id)?.kind != ChannelKind::Webhook {
        return Err(Fault::conflict("no_key", "only webhooks are signed"));
    }
    fresh_key(tx, cx, id)
}

/// All channels, oldest first.
pub fn channels(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<Channel>, Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    store::channels(tx, cx.org)
}

/// Sends nothing there until it is enabled again.
pub fn disable(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<(), Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    let channel = get(tx, cx.org, id)?;
    if store::set_channel_state(tx, cx.org, id, "disabled")? > 0 {
        told(tx, cx, "channel.disabled", &channel)?;
    }
    Ok(())
}

/// Sends there again.
pub fn enable(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<(), Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    let channel = get(tx, cx.org, id)?;
    if store::set_channel_state(tx, cx.org, id, "active")? > 0 {
        told(tx, cx, "channel.enabled", &channel)?;
    }
    Ok(())
}

/// Removes a channel and its key; its delivery log stays.
pub fn remove(tx: &mut Tx<'_>, cx: &Cx, id: ChannelId) -> Result<(), Fault> {
    cx.may(&MANAGE_CHANNELS, Scope::Org)?;
    let channel = get(tx, cx.org, id)?;
    store::delete_channel(tx, cx.org, id)?;
    secrets::forget(tx, cx, &secret_name(id))?;
    told(tx, cx, "channel.removed", &channel)
}

pub(super) fn get(tx: &mut Tx<'_>, org: OrgId, id: ChannelId) -> Result<Channel, Fault> {
    store::channel_by_id(tx, org, id)?.ok_or(Fault::NotFound { what: "channel" })
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
        "type": "notice",
        "timestamp": message.created_ms,
        "data": { "title": message.title, "body": message.body, "link": message.link, "urgency": message.urgency },
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

fn secret_name(id: ChannelId) -> String {
    format!("channel.{id}")
}

fn told(tx: &mut Tx<'_>, cx: &Cx, verb: &'static str, channel: &Channel) -> Result<(), Fault> {
    events::record(tx, cx, verb, Ref::new("channel", channel.id.0), &[], channel).map(drop)
}
