//! Changing the limits: what it would open and end is shown first; then every host is judged anew.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::finding::{Severity, Sighting};
use mainstay_record::{AssetId, asset, fact, policy};
use mainstay_wire::Section;

use crate::Limits;
use crate::assess::would_see;

/// The sections whose rules ask for a limit.
const LIMITED: [Section; 5] =
    [Section::Accounts, Section::Sshd, Section::Disks, Section::Certificates, Section::Backups];
/// Hosts read at once.
const PAGE: u32 = 500;

/// What becomes of one finding under other limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub asset: AssetId,
    pub asset_name: String,
    pub title: String,
    /// `None`: it is none now.
    pub before: Option<Severity>,
    /// `None`: it would be none.
    pub after: Option<Severity>,
}

/// What would change if `new` held, by the facts as they are known.
pub fn dry_run(tx: &mut Tx<'_>, cx: &Cx, new: &Limits) -> Result<Vec<Difference>, Fault> {
    new.check()?;
    let old = policy::current::<Limits>(tx, cx)?.body;
    let mut all = Vec::new();
    every_host(tx, cx, |tx, id, name| {
        let before = would_see(tx, cx, id, &old, &LIMITED)?;
        let after = would_see(tx, cx, id, new, &LIMITED)?;
        all.extend(differences(id, name, &before, &after));
        Ok(())
    })?;
    Ok(all)
}

fn differences(
    id: AssetId,
    name: &str,
    before: &[(&'static str, Sighting)],
    after: &[(&'static str, Sighting)],
) -> Vec<Difference> {
    let find = |all: &[(&'static str, Sighting)], rule: &str, subject: &str| {
        all.iter()
            .find(|(known, seen)| *known == rule && seen.subject == subject)
            .map(|(_, seen)| seen.severity)
    };
    let told = |title: &str, before, after| Difference {
        asset: id,
        asset_name: name.to_owned(),
        title: title.to_owned(),
        before,
        after,
    };
    let other = after.iter().filter_map(|(rule, seen)| {
        let was = find(before, rule, &seen.subject);
        (was != Some(seen.severity)).then(|| told(&seen.title, was, Some(seen.severity)))
    });
    let ended = before
        .iter()
        .filter(|(rule, seen)| find(after, rule, &seen.subject).is_none())
        .map(|(_, seen)| told(&seen.title, Some(seen.severity), None));
    let mut all: Vec<Difference> = Vec::new();
    for difference in other.chain(ended) {
        // What two sections lead to is judged twice.
        if !all.contains(&difference) {
            all.push(difference);
        }
    }
    all
}

/// Makes a new version of the limits; every host is judged by it at once.
pub fn change_limits(tx: &mut Tx<'_>, cx: &Cx, seen: i64, new: &Limits) -> Result<i64, Fault> {
    new.check()?;
    let version = policy::change(tx, cx, seen, new)?;
    every_host(tx, cx, |tx, id, _| {
        LIMITED.iter().try_for_each(|section| fact::assess_soon(tx, cx, id, section))
    })?;
    Ok(version)
}

fn every_host(
    tx: &mut Tx<'_>,
    cx: &Cx,
    mut act: impl FnMut(&mut Tx<'_>, AssetId, &str) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut after = (String::new(), AssetId(0));
    loop {
        let hosts = asset::list(tx, cx, None, (&after.0, after.1), PAGE)?;
        for host in &hosts {
            act(tx, host.id, &host.name)?;
        }
        match hosts.into_iter().last() {
            Some(last) => after = (last.name, last.id),
            None => return Ok(()),
        }
    }
}
