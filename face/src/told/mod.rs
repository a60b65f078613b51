//! Events as people read them: who, what, and on which thing.

mod sentence;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mainstay_kernel::access::{self, Scope};
use mainstay_kernel::events::{self, Event};
use mainstay_kernel::id::{EventId, PersonId, Ref, RoleId, TeamId};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, people};
use mainstay_record::{AssetId, FindingId, PlanId, RunId, WorkId, asset, finding, plan, run, work};
use maud::{Markup, html};

use crate::frame;
use crate::ui::{Icon, Moment, Words, link};

use sentence::sentence;

/// Events with the names of those who acted.
pub struct Told {
    events: Vec<Event>,
    people: BTreeMap<PersonId, String>,
    things: BTreeMap<Ref, Thing>,
}

/// What an event is about, by name, and where it opens.
struct Thing {
    name: String,
    href: String,
}

/// The timeline of one thing, newest first; what it is about need not be named.
pub fn past(tx: &mut Tx<'_>, cx: &Cx, of: &Ref, limit: u32) -> Result<Told, Fault> {
    let events = events::timeline(tx, cx.org, of, EventId(i64::MAX), limit)?;
    of_one(tx, cx, events)
}

fn of_one(tx: &mut Tx<'_>, cx: &Cx, events: Vec<Event>) -> Result<Told, Fault> {
    let mut people = BTreeMap::new();
    for person in events.iter().filter_map(actor) {
        if let Entry::Vacant(place) = people.entry(person) {
            place.insert(match people::get(tx, cx.org, person) {
                Ok(found) => found.name,
                Err(Fault::NotFound { .. }) => "Somebody".to_owned(),
                Err(other) => return Err(other),
            });
        }
    }
    Ok(Told { events, people, things: BTreeMap::new() })
}

/// For a list of what happened anywhere: each names its thing.
pub fn of_many(tx: &mut Tx<'_>, cx: &Cx, events: Vec<Event>) -> Result<Told, Fault> {
    let mut told = of_one(tx, cx, events)?;
    for event in &told.events {
        if !told.things.contains_key(&event.subject)
            && let Some(thing) = thing(tx, cx, &event.subject)?
        {
            told.things.insert(event.subject.clone(), thing);
        }
    }
    Ok(told)
}

/// The person behind an event: `person:per_…`, `token:tok_…:per_…`.
fn actor(event: &Event) -> Option<PersonId> {
    let (kind, rest) = event.actor.split_once(':')?;
    matches!(kind, "person" | "token").then(|| rest.rsplit(':').next()?.parse().ok()).flatten()
}

/// `None` for what has no page or may not be seen.
fn thing(tx: &mut Tx<'_>, cx: &Cx, of: &Ref) -> Result<Option<Thing>, Fault> {
    let named = match &*of.kind {
        "asset" => asset::get(tx, cx, AssetId(of.id)).map(|a| (a.name, format!("/assets/{}", a.id))),
        "finding" => {
            finding::get(tx, cx, FindingId(of.id)).map(|f| (f.asset_name, format!("/findings/{}", f.id)))
        }
        "work" => work::get(tx, cx, WorkId(of.id))
            .map(|w| (format!("#{} {}", w.number, w.title), format!("/work/{}", w.number))),
        "plan" => plan::get(tx, cx, PlanId(of.id))
            .map(|p| (format!("#{} {}", p.number, p.title), format!("/maintenance/plans/{}", p.id))),
        "run" => run::get(tx, cx, RunId(of.id))
            .map(|r| (format!("run of {}", r.step), format!("/maintenance/runs/{}", r.id))),
        "person" => {
            people::get(tx, cx.org, PersonId(of.id)).map(|p| (p.name, format!("/settings/people/{}", p.id)))
        }
        "team" | "role" if cx.may(&access::VIEW_PEOPLE, Scope::Org).is_err() => return Ok(None),
        "team" => {
            access::team(tx, cx.org, TeamId(of.id)).map(|t| (t.name, format!("/settings/teams/{}", t.id)))
        }
        "role" => {
            access::role(tx, cx.org, RoleId(of.id)).map(|r| (r.name, format!("/settings/roles/{}", r.id)))
        }
        _ => return Ok(None),
    };
    match named {
        Ok((name, href)) => Ok(Some(Thing { name, href })),
        Err(Fault::NotFound { .. } | Fault::Denied { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

impl Told {
    /// In the order given, for a timeline.
    pub fn moments(&self, words: &Words) -> Vec<Moment> {
        self.events.iter().map(|event| self.moment(event, words)).collect()
    }

    fn moment(&self, event: &Event, words: &Words) -> Moment {
        let when = words.when(frame::at(event.at_ms));
        let sentence = sentence(event);
        let moment = match actor(event) {
            Some(person) => {
                let name = self.people.get(&person).map_or("Somebody", String::as_str);
                let said = self.said(event, &small(&sentence));
                let is_program = event.actor.starts_with("token:");
                Moment::person(when, name, html! { @if is_program { "by a program " } (said) })
            }
            None => Moment::system(when, Icon::Assets, self.said(event, &sentence)),
        };
        let quote = ["text", "reason", "because"].iter().find_map(|name| event.body[*name].as_str());
        match quote {
            Some(quote) if event.verb != "work.opened" => moment.quote(quote.to_owned()),
            _ => moment,
        }
    }

    fn said(&self, event: &Event, sentence: &str) -> Markup {
        let is_oneself = actor(event).is_some_and(|person| event.subject == Ref::new("person", person.0));
        match self.things.get(&event.subject).filter(|_| !is_oneself) {
            Some(thing) if sentence.starts_with(&thing.name) => {
                html! { (link(&thing.name, &thing.href)) (sentence[thing.name.len()..]) }
            }
            Some(thing) => html! { (sentence) " " span.dim { "· " (link(&thing.name, &thing.href)) } },
            None => html! { (sentence) },
        }
    }
}

/// Follows a name: `Ada opened: …`.
fn small(said: &str) -> String {
    let mut letters = said.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
