//! The use case of the room: a section was looked at, so its rules look at it.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::finding::Sighting;
use mainstay_record::{AssetId, deadlines, fact, policy};
use mainstay_wire::accounts::Accounts;
use mainstay_wire::sockets::Sockets;
use mainstay_wire::{Section, Seen};
use serde::de::DeserializeOwned;

use crate::policy::{DEADLINES, Limits};
use crate::verdict::{Place, Verdict};
use crate::{
    accounts, backups, certificates, databases, disks, keys, privileged, sockets, sshd, sudo, units,
};

/// Lets every rule of a section look at what is known of it; the house calls it whenever the section was looked at,
/// changed or not. A section this room has no rule for, or that never came, changes nothing.
///
/// # Errors
/// `Broken` when another version of the program wrote the facts, or the store fails.
pub fn assess(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId, section: &Section) -> Result<(), Fault> {
    let limits = policy::current::<Limits>(tx, cx)?.body;
    look(&mut Desk { tx, cx, asset, limits: &limits, kept: None }, section)
}

/// What the rules would see on one host under these limits; nothing is filed.
pub(crate) fn would_see(
    tx: &mut Tx<'_>,
    cx: &Cx,
    asset: AssetId,
    limits: &Limits,
    sections: &[Section],
) -> Result<Vec<(&'static str, Sighting)>, Fault> {
    let mut kept = Vec::new();
    for section in sections {
        look(&mut Desk { tx, cx, asset, limits, kept: Some(&mut kept) }, section)?;
    }
    Ok(kept)
}

fn look(desk: &mut Desk<'_, '_>, section: &Section) -> Result<(), Fault> {
    let (limits, now_ms) = (desk.limits, desk.cx.now_ms());
    match section {
        Section::Sockets => {
            desk.judge(section, sockets::judge)?;
            // Whoever weighs by what can be reached looks again.
            desk.assess_sshd()?;
            desk.assess_certificates(now_ms)
        }
        Section::Accounts => {
            desk.judge(section, |seen| accounts::judge(seen, limits))?;
            desk.assess_keys()?;
            desk.assess_sshd()
        }
        Section::Sudo => desk.judge(section, sudo::judge),
        Section::Keys => desk.assess_keys(),
        Section::Sshd => desk.assess_sshd(),
        Section::Disks => desk.judge(section, |seen| disks::judge(seen, limits)),
        Section::Units => desk.judge(section, units::judge),
        Section::Certificates => desk.assess_certificates(now_ms),
        Section::Databases => desk.judge(section, |seen| databases::judge(seen, now_ms)),
        Section::Backups => desk.judge(section, |seen| backups::judge(seen, now_ms, limits)),
        Section::Privileged => desk.judge(section, privileged::judge),
        Section::System
        | Section::Packages
        | Section::Updates
        | Section::Restarts
        | Section::Load
        | Section::Other(_) => Ok(()),
    }
}

/// What every assessment of one asset has at hand.
struct Desk<'a, 'tx> {
    tx: &'a mut Tx<'tx>,
    cx: &'a Cx,
    asset: AssetId,
    limits: &'a Limits,
    /// Where to put what is seen instead of filing it.
    kept: Option<&'a mut Vec<(&'static str, Sighting)>>,
}

impl Desk<'_, '_> {
    fn judge<T: DeserializeOwned>(
        &mut self,
        section: &Section,
        judge: impl FnOnce(&Seen<T>) -> Vec<Verdict>,
    ) -> Result<(), Fault> {
        let Some((seen, at_ms)) = fact::typed::<T>(self.tx, self.cx, self.asset, section)? else {
            return Ok(());
        };
        if let Some(kept) = &mut self.kept {
            let told = judge(&seen).into_iter();
            kept.extend(
                told.flat_map(|verdict| verdict.seen.into_iter().map(move |seen| (verdict.rule, seen))),
            );
            return Ok(());
        }
        let deadlines = deadlines::current(self.tx, self.cx, DEADLINES)?.body;
        let place = Place { asset: self.asset, scope: section.word(), at_ms };
        judge(&seen).into_iter().try_for_each(|verdict| verdict.file(self.tx, self.cx, place, &deadlines))
    }

    fn beside<T: DeserializeOwned>(&mut self, section: &Section) -> Result<Option<Seen<T>>, Fault> {
        Ok(fact::typed::<T>(self.tx, self.cx, self.asset, section)?.map(|(seen, _)| seen))
    }

    fn assess_sshd(&mut self) -> Result<(), Fault> {
        let sockets = self.beside::<Sockets>(&Section::Sockets)?;
        let accounts = self.beside::<Accounts>(&Section::Accounts)?;
        let limits = self.limits;
        self.judge(&Section::Sshd, |seen| {
            let accounts = accounts.as_ref().and_then(|seen| seen.value.as_ref());
            sshd::judge(seen, sockets.as_ref(), accounts, limits)
        })
    }

    fn assess_keys(&mut self) -> Result<(), Fault> {
        let accounts = self.beside::<Accounts>(&Section::Accounts)?;
        self.judge(&Section::Keys, |seen| {
            keys::judge(seen, accounts.as_ref().and_then(|seen| seen.value.as_ref()))
        })
    }

    fn assess_certificates(&mut self, now_ms: i64) -> Result<(), Fault> {
        let sockets = self.beside::<Sockets>(&Section::Sockets)?;
        let limits = self.limits;
        self.judge(&Section::Certificates, |seen| certificates::judge(seen, sockets.as_ref(), now_ms, limits))
    }
}
