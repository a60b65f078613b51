//! From what is said to a notice: its key, its link, and everybody who is to hear of it.

use std::net::SocketAddr;

use mainstay_kernel::id::{EventId, Ref};
use mainstay_kernel::notify::{self, Urgency, address};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Ground, tenancy};
use mainstay_record::{AssetId, asset};

use super::Cause;

/// One notice to be.
pub(super) struct Said {
    pub(super) cause: &'static Cause,
    /// The asset whose team hears of it.
    pub(super) on: AssetId,
    pub(super) title: String,
    pub(super) body: String,
    /// The page to read on.
    pub(super) path: String,
    pub(super) urgency: Urgency,
    pub(super) about: Vec<Ref>,
}

/// Posts it, once for its event, whoever hears of it.
pub(super) fn tell(tx: &mut Tx<'_>, cx: &Cx, event: EventId, said: Said) -> Result<(), Fault> {
    let scope = asset::get(tx, cx, said.on)?.scope();
    let to = notify::audience(tx, cx, said.cause.word, said.cause.right, scope)?;
    let new = notify::New {
        once_key: format!("{}:{event}", said.cause.word),
        cause: said.cause.word,
        title: said.title,
        body: said.body,
        link: address::link(tx, cx.org, &said.path)?,
        urgency: said.urgency,
        to,
        about: said.about,
    };
    notify::post(tx, cx, &new).map(drop)
}

/// Notes where a server started, for links in messages, while nobody has given another address.
///
/// A server that listens everywhere is found by the name of its machine.
pub async fn note_address(ground: &Ground, scheme: &str, at: SocketAddr) -> Result<(), Fault> {
    let host = if at.ip().is_unspecified() { machine_name() } else { None };
    let url = match host {
        Some(name) => format!("{scheme}://{name}:{}", at.port()),
        None => format!("{scheme}://{at}"),
    };
    for org in ground.db.read(tenancy::list).await? {
        let (cx, url) = (ground.cx(org.id, "up"), url.clone());
        ground.db.write(move |tx| address::started_at(tx, &cx, &url)).await?;
    }
    Ok(())
}

fn machine_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    is_name.then(|| name.to_owned())
}
