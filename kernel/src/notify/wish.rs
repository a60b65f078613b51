//! Who hears of what, and how: people by their own choice, channels of everybody by theirs.

use std::collections::BTreeMap;

use super::channel::Channel;
use super::{To, places};
use crate::access::{self, Right, Scope};
use crate::id::{OrgId, PersonId, Ref};
use crate::store::Tx;
use crate::{Cx, Fault, args, events, people, sql};

/// Ways to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    pub mail: bool,
    /// To their own push topic, where they have one.
    pub push: bool,
}

impl Default for Ways {
    /// What holds until somebody chooses.
    fn default() -> Self {
        Self { mail: true, push: true }
    }
}

impl Ways {
    fn word(self) -> String {
        let words = [self.mail.then_some("mail"), self.push.then_some("push")];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn read(words: &str) -> Self {
        let has = |way: &str| words.split(' ').any(|word| word == way);
        Self { mail: has("mail"), push: has("push") }
    }
}

/// What somebody chose; a cause that is missing has [`Ways::default`].
pub fn wishes(tx: &mut Tx<'_>, org: OrgId, person: PersonId) -> Result<BTreeMap<String, Ways>, Fault> {
    let chosen = tx.rows(
        sql!("SELECT cause, ways FROM notice_wish WHERE org_id = $1 AND person_id = $2 ORDER BY cause"),
        args![org, person],
        |row| Ok((row.get::<String>(0)?, Ways::read(&row.get::<String>(1)?))),
    )?;
    Ok(chosen.into_iter().collect())
}

/// Chooses for oneself.
///
/// # Errors
/// `SignIn` for a caller who is no person.
pub fn wish(tx: &mut Tx<'_>, cx: &Cx, chosen: &BTreeMap<String, Ways>) -> Result<(), Fault> {
    let person = cx.who.person().ok_or(Fault::SignIn)?;
    let before = wishes(tx, cx.org, person)?;
    let mut changed = BTreeMap::new();
    for (cause, ways) in chosen {
        if before.get(cause).copied().unwrap_or_default() == *ways {
            continue;
        }
        tx.run(
            sql!(
                "INSERT INTO notice_wish (org_id, person_id, cause, ways) VALUES ($1, $2, $3, $4)
                  ON CONFLICT (org_id, person_id, cause) DO UPDATE SET ways = $4"
            ),
            args![cx.org, person, cause, ways.word()],
        )?;
        changed.insert(cause, ways.word());
    }
    if changed.is_empty() {
        return Ok(());
    }
    let body = serde_json::json!({ "ways": changed });
    events::record(tx, cx, "person.notices_chosen", Ref::new("person", person.0), &[], &body).map(drop)
}

/// Everybody who is to hear of a cause there: who holds the right, by the ways they chose, and every channel of the
/// organisation that wants this cause.
pub fn audience(
    tx: &mut Tx<'_>,
    cx: &Cx,
    cause: &str,
    right: &'static Right,
    scope: Scope,
) -> Result<Vec<To>, Fault> {
    let mut to = Vec::new();
    for person in access::holders(tx, cx.org, right, scope)? {
        let ways = wishes(tx, cx.org, person)?.get(cause).copied().unwrap_or_default();
        if ways.mail {
            to.push(To::Person(person));
        }
        if ways.push
            && let Some(own) = places::of_person(tx, cx.org, person)?.filter(|own| own.is_active)
        {
            to.push(To::Channel(own.id));
        }
    }
    let wants = |channel: &Channel| channel.is_active && channel.causes.iter().any(|wanted| wanted == cause);
    to.extend(places::all(tx, cx.org)?.iter().filter(|c| wants(c)).map(|channel| To::Channel(channel.id)));
    Ok(to)
}

/// Whether mail can reach this address at all: the first person of a house has none until they give it.
pub fn is_address(email: &str) -> bool {
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    !(domain.is_empty() || domain == "localhost" || domain.ends_with(".localdomain"))
}

/// Why a mail to this person is not even tried, if it is not.
pub(super) fn why_no_mail(person: &people::Person, has_server: bool) -> Option<String> {
    if !is_address(&person.email) {
        return Some(format!("{} has given no mail address yet", person.name));
    }
    (!has_server).then(|| "no mail server is set; see Settings, Mail".to_owned())
}
