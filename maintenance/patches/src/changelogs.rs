//! What waiting updates close, by their own changelogs: a source of truth that needs no feed. Read once per source and
//! versions, by a host that can download the package through apt; kept for every other host.

use std::collections::{BTreeSet, HashMap};

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, args, sql};
use mainstay_record::policy::{self, Policy};
use mainstay_record::run::{self, Run};
use mainstay_record::{AssetId, agent, fact};
use mainstay_wire::packages::{Changelog, Changelogs as Read, Update, Updates};
use mainstay_wire::{Outcome, Section, Seen, Task};
use serde::{Deserialize, Serialize};

/// The step of a run that reads changelogs; it belongs to no plan.
pub(crate) const STEP: &str = "changelogs";
const LIMIT_S: u32 = 1_800;
/// What could not be read is tried again after this time, and a run that has not ended by then holds up no other.
const AGAIN_MS: i64 = 86_400_000;
const HELD_UP_MS: i64 = 3_600_000;

/// Whether hosts may download waiting packages to read their changelogs. Nothing is installed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changelogs {
    pub may_download: bool,
}

impl Default for Changelogs {
    fn default() -> Self {
        Self { may_download: true }
    }
}

impl Policy for Changelogs {
    const NAME: &'static str = "patches.changelogs";
}

/// What one changelog names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Named {
    pub cves: Vec<String>,
    /// Why it could not be read; then `cves` is empty and means nothing.
    pub because: Option<String>,
    pub is_cut: bool,
    read_ms: i64,
}

/// (source, installed, candidate), all of the source.
type Key = (String, String, String);

/// What is known for the updates of one host.
#[derive(Debug, Default)]
pub(crate) struct Names {
    found: HashMap<Key, Named>,
    may_download: bool,
}

impl Names {
    pub fn of(&self, update: &Update) -> Option<&Named> {
        self.found.get(&key(update)?)
    }
}

fn key(update: &Update) -> Option<Key> {
    let installed = update.installed_source_version.clone()?;
    Some((update.source.clone(), installed, update.source_version.clone()))
}

/// What to say beside the list, or instead of it.
pub(crate) fn note(named: Option<&Named>) -> String {
    match named {
        None => "Not visible yet: the changelog of the update has not been read.".to_owned(),
        Some(Named { because: Some(because), .. }) => format!("Not visible, because {because}."),
        Some(named) if named.cves.is_empty() => "The changelog of the update names none.".to_owned(),
        Some(_) => "Named by the changelog of the update. What it does not close, it cannot name.".to_owned(),
    }
}

fn updates(tx: &mut Tx<'_>, cx: &Cx, on: AssetId) -> Result<Vec<Update>, Fault> {
    let seen = fact::typed::<Updates>(tx, cx, on, &Section::Updates)?;
    let all = seen.and_then(|(seen, _)| seen.value).map(|value| value.updates).unwrap_or_default();
    Ok(all.into_iter().filter(|update| update.is_security).collect())
}

/// What is known of the changelogs of this host's security updates.
pub(crate) fn known(tx: &mut Tx<'_>, cx: &Cx, on: AssetId) -> Result<Names, Fault> {
    let may_download = policy::current::<Changelogs>(tx, cx)?.body.may_download;
    let mut names = Names { found: HashMap::new(), may_download };
    for key in updates(tx, cx, on)?.iter().filter_map(key) {
        if names.found.contains_key(&key) {
            continue;
        }
        match one(tx, cx, &key)? {
            Some(named) => drop(names.found.insert(key, named)),
            None if !may_download => {
                let because = Some("the policy does not allow hosts to download packages for it".to_owned());
                drop(names.found.insert(key, Named { because, ..Named::default() }));
            }
            None => {}
        }
    }
    Ok(names)
}

fn one(tx: &mut Tx<'_>, cx: &Cx, (source, installed, candidate): &Key) -> Result<Option<Named>, Fault> {
    tx.maybe(
        sql!(
            "SELECT cves, because, is_cut, read_ms FROM patches_changelog
              WHERE org_id = $1 AND source = $2 AND installed = $3 AND candidate = $4"
        ),
        args![cx.org, source, installed, candidate],
        |row| {
            let cves: Option<String> = row.get(0)?;
            Ok(Named {
                cves: cves
                    .as_deref()
                    .map(serde_json::from_str)
                    .transpose()
                    .map_err(Fault::broken)?
                    .unwrap_or_default(),
                because: row.get(1)?,
                is_cut: row.get::<i64>(2)? != 0,
                read_ms: row.get(3)?,
            })
        },
    )
}

/// What one source with a waiting security update closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closes {
    pub source: String,
    pub candidate: String,
    pub cves: Vec<String>,
    /// What to say beside the list, or instead of it.
    pub note: String,
}

/// What the security updates of a host close, by source.
pub fn closes(tx: &mut Tx<'_>, cx: &Cx, on: AssetId) -> Result<Vec<Closes>, Fault> {
    let names = known(tx, cx, on)?;
    let mut all: Vec<Closes> = Vec::new();
    for update in updates(tx, cx, on)? {
        if all.iter().any(|one| one.source == update.source && one.candidate == update.source_version) {
            continue;
        }
        let named = names.of(&update);
        let cves = named.map(|named| named.cves.clone()).unwrap_or_default();
        let (source, candidate) = (update.source, update.source_version);
        all.push(Closes { source, candidate, cves, note: note(named) });
    }
    Ok(all)
}

/// Asks the host for what is not known yet: one host at a time, so that the others need not ask for the same.
pub(crate) fn order(tx: &mut Tx<'_>, cx: &Cx, on: AssetId) -> Result<(), Fault> {
    let names = known(tx, cx, on)?;
    if !names.may_download || agent::of_asset(tx, cx, on)?.is_none() {
        return Ok(());
    }
    let is_wanted = |named: Option<&Named>| match named {
        None => true,
        Some(named) => named.because.is_some() && named.read_ms + AGAIN_MS <= cx.now_ms(),
    };
    let mut packages: Vec<String> = updates(tx, cx, on)?
        .into_iter()
        .filter(|update| key(update).is_some() && is_wanted(names.of(update)))
        .map(|update| update.name)
        .collect();
    packages.sort();
    packages.dedup();
    if packages.is_empty() || run::is_under_way(tx, cx, STEP, cx.now_ms() - HELD_UP_MS)? {
        return Ok(());
    }
    run::order(tx, cx, on, None, STEP, &Task::ReadChangelogs { packages }, LIMIT_S).map(drop)
}

/// A host has read changelogs, or could not: either is kept, and its findings are told anew.
pub(crate) fn heard(tx: &mut Tx<'_>, cx: &Cx, run: &Run, outcome: &Outcome) -> Result<(), Fault> {
    let Task::ReadChangelogs { packages } = &run.task else { return Ok(()) };
    let seen: Option<Seen<Read>> =
        outcome.result.clone().and_then(|value| serde_json::from_value(value).ok());
    let (read, unseen) =
        seen.map_or((Vec::new(), Vec::new()), |seen| (seen.value.unwrap_or_default().packages, seen.unseen));
    let mut wanted: BTreeSet<Key> = BTreeSet::new();
    for update in updates(tx, cx, run.asset)?.iter().filter(|update| packages.contains(&update.name)) {
        wanted.extend(key(update));
    }
    for changelog in &read {
        let key = (changelog.source.clone(), changelog.installed.clone(), changelog.candidate.clone());
        wanted.remove(&key);
        keep(tx, cx, &key, Ok(changelog))?;
    }
    for key in &wanted {
        let own = format!("changelog of {}", key.0);
        let because = unseen.iter().find(|gap| gap.what == own).or(unseen.first());
        let because = because.map_or(outcome.summary.as_str(), |gap| gap.because.as_str());
        keep(tx, cx, key, Err(because))?;
    }
    fact::assess_soon(tx, cx, run.asset, &Section::Updates)
}

fn keep(
    tx: &mut Tx<'_>,
    cx: &Cx,
    (source, installed, candidate): &Key,
    read: Result<&Changelog, &str>,
) -> Result<(), Fault> {
    let cves = read.ok().map(|read| serde_json::to_string(&read.cves)).transpose().map_err(Fault::broken)?;
    let is_cut = i64::from(read.is_ok_and(|read| read.is_cut));
    tx.run(
        sql!(
            "INSERT INTO patches_changelog (org_id, source, installed, candidate, cves, because, is_cut, read_ms)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
              ON CONFLICT (org_id, source, installed, candidate) DO UPDATE SET cves = $5, because = $6, is_cut = $7, read_ms = $8"
        ),
        args![cx.org, source, installed, candidate, cves, read.err(), is_cut, cx.now_ms()],
    )
    .map(drop)
}
