//! The push topic of one person: theirs alone to set, test and remove.

use super::channel::{self, Channel, ChannelKind};
use super::places;
use crate::id::{ChannelId, PersonId};
use crate::store::Tx;
use crate::{Cx, Fault, secrets};

/// The caller's own push topic.
pub fn own_push(tx: &mut Tx<'_>, cx: &Cx) -> Result<Option<Channel>, Fault> {
    places::of_person(tx, cx.org, person(cx)?)
}

/// Sets the caller's own push topic; without a token the one that is there stays.
///
/// # Errors
/// `Invalid` on `url`.
pub fn set_own_push(tx: &mut Tx<'_>, cx: &Cx, url: &str, token: Option<&str>) -> Result<ChannelId, Fault> {
    let own = person(cx)?;
    crate::outbound::check_url(url)?;
    let before = places::of_person(tx, cx.org, own)?;
    let set = Channel {
        id: before.as_ref().map_or_else(|| ChannelId(cx.ids.next()), |channel| channel.id),
        kind: ChannelKind::Push,
        name: "own push topic".to_owned(),
        url: url.trim().to_owned(),
        causes: Vec::new(),
        person: Some(own),
        is_active: true,
        why: String::new(),
    };
    match before {
        None => places::insert(tx, cx.org, &set)?,
        Some(_) => places::update(tx, cx.org, &set)?,
    }
    if let Some(token) = token {
        secrets::put(tx, cx, &channel::secret_name(set.id), token)?;
    }
    channel::told(tx, cx, "channel.made", &set)?;
    Ok(set.id)
}

/// Removes the caller's own push topic and its token.
pub fn remove_own_push(tx: &mut Tx<'_>, cx: &Cx) -> Result<(), Fault> {
    let Some(own) = own_push(tx, cx)? else { return Ok(()) };
    channel::forget(tx, cx, &own)
}

fn person(cx: &Cx) -> Result<PersonId, Fault> {
    cx.who.person().ok_or(Fault::SignIn)
}
