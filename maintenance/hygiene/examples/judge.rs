//! Judges the facts of a host without a server: reads lines of `SECTION JSON` from standard input, as the agent's
//! example `look` prints them, and tells what each rule sees and what is hidden from it.
//!
//! `cargo run -p mainstay-agent --example look | cargo run -p mainstay-hygiene --example judge`

use std::collections::BTreeMap;
use std::io::Read;

use mainstay_hygiene::verdict::{Hidden, Verdict};
use mainstay_hygiene::{
    Limits, accounts, backups, certificates, databases, disks, keys, privileged, sockets, sshd, sudo, units,
};
use mainstay_kernel::Clock;
use mainstay_wire::{Section, Seen};
use serde::de::DeserializeOwned;

/// What the agent brought, by the word of the section.
struct Facts(BTreeMap<String, String>);

impl Facts {
    fn of<T: DeserializeOwned>(&self, section: &Section) -> Option<Seen<T>> {
        let content = self.0.get(section.word())?;
        match serde_json::from_str(content) {
            Ok(seen) => Some(seen),
            Err(fault) => {
                eprintln!("{section} is not understood: {fault}");
                None
            }
        }
    }

    fn judge<T: DeserializeOwned>(
        &self,
        section: &Section,
        judge: impl FnOnce(&Seen<T>) -> Vec<Verdict>,
    ) -> Vec<Verdict> {
        self.of(section).map(|seen| judge(&seen)).unwrap_or_default()
    }
}

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    let facts = Facts(lines.map(|(word, content)| (word.to_owned(), content.to_owned())).collect());
    let (limits, now_ms) = (Limits::default(), Clock::machine().now_ms());
    let listening = facts.of(&Section::Sockets);
    let people: Option<Seen<mainstay_wire::accounts::Accounts>> = facts.of(&Section::Accounts);
    let people = people.as_ref().and_then(|seen| seen.value.as_ref());
    let verdicts = [
        facts.judge(&Section::Sshd, |seen| sshd::judge(seen, listening.as_ref(), people, &limits)),
        facts.judge(&Section::Accounts, |seen| accounts::judge(seen, &limits)),
        facts.judge(&Section::Sudo, sudo::judge),
        facts.judge(&Section::Keys, |seen| keys::judge(seen, people)),
        facts.judge(&Section::Sockets, sockets::judge),
        facts.judge(&Section::Privileged, privileged::judge),
        facts.judge(&Section::Certificates, |seen| {
            certificates::judge(seen, listening.as_ref(), now_ms, &limits)
        }),
        facts.judge(&Section::Units, units::judge),
        facts.judge(&Section::Disks, |seen| disks::judge(seen, &limits)),
        facts.judge(&Section::Backups, |seen| backups::judge(seen, now_ms, &limits)),
        facts.judge(&Section::Databases, |seen| databases::judge(seen, now_ms)),
    ];
    for verdict in verdicts.into_iter().flatten() {
        tell(&verdict);
    }
    Ok(())
}

fn tell(verdict: &Verdict) {
    let hidden = match &verdict.hidden {
        Hidden::Nothing => String::new(),
        Hidden::Everything(because) => format!(" (not all visible: {because})"),
        Hidden::Some { because, .. } => format!(" (partly hidden: {because})"),
    };
    println!("{}: {} seen{hidden}", verdict.rule, verdict.seen.len());
    for sighting in &verdict.seen {
        println!("  {:?}: {}\n    {}", sighting.severity, sighting.title, sighting.reason);
        for line in sighting.detail["evidence"].as_array().into_iter().flatten() {
            println!("    | {}", line.as_str().unwrap_or_default());
        }
        for line in sighting.detail["fix"].as_array().into_iter().flatten() {
            println!("    > {}", line.as_str().unwrap_or_default());
        }
    }
}
