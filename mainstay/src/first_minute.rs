//! The first minute on the terminal: what was looked at, what was found, and what to do next. Every figure is measured.

use std::path::Path;
use std::time::{Duration, Instant};

use mainstay_kernel::store::Signal;
use mainstay_kernel::{Fault, jobs, tenancy};
use mainstay_record::fact::{self, Fact};
use mainstay_record::finding::{self, Finding};
use mainstay_record::{agent, asset};
use mainstay_wire::{Section, Seen, Unseen};
use serde_json::{Value, json};

use crate::beside::Beside;
use crate::home::span;
use crate::organisations;
use crate::pages::facts::summary;
use crate::server::Server;

/// The sections the first minute tells of, in this order, with their names.
const TOLD: &[(Section, &str)] = &[
    (Section::Packages, "packages"),
    (Section::Updates, "updates"),
    (Section::Restarts, "restarts"),
    (Section::Sockets, "listening"),
    (Section::Accounts, "accounts"),
    (Section::Sshd, "ssh"),
    (Section::Databases, "databases"),
    (Section::Disks, "disks"),
    (Section::Certificates, "certificates"),
    (Section::Units, "units"),
    (Section::Backups, "backups"),
];

/// The lines before the look.
pub fn greet(server: &Server, link: &str, data: &Path, is_looking: bool) {
    let system = mainstay_agent::collect::system(&mainstay_agent::Host::live());
    let (name, os) = system
        .value
        .map_or(("this machine".to_owned(), "unknown system".to_owned()), |s| (s.hostname, s.os.name));
    println!("Mainstay {} on {name} ({os})", env!("CARGO_PKG_VERSION"));
    println!("Open {link}   signs you in once, valid 15 min");
    if let Some(fingerprint) = &server.fingerprint {
        println!("Certificate SHA-256 {fingerprint}");
    }
    println!("Data in {}. Stop with Ctrl+C.\n", data.display());
    if is_looking {
        println!("Looking at this machine, changing nothing …");
    } else {
        println!("Serving only: no agent looks at this machine (--no-agent).");
    }
}

/// How to get in, as one document; for a start that looks at nothing.
pub fn doors(server: &Server, link: &str) -> Value {
    json!({ "version": env!("CARGO_PKG_VERSION"), "url": server.url(), "sign_in": link, "fingerprint": server.fingerprint })
}

/// What the first look brought.
pub struct FirstMinute {
    asset: asset::Asset,
    facts: Vec<Fact>,
    findings: Vec<Finding>,
    after: Duration,
}

impl FirstMinute {
    /// Waits until every section came and every rule has looked, or until patience ends.
    ///
    /// Only what was looked at since `started_ms` (milliseconds since 1970) counts: older facts are not news.
    pub async fn wait(
        server: &Server,
        data: &Path,
        patience: Duration,
        (started, started_ms): (Instant, i64),
    ) -> Result<Self, Fault> {
        let cx = server.ground.cx(server.org, "up");
        loop {
            let (at_hand, own) = (cx.clone(), Own::read(data));
            let seen = server.ground.db.read(move |tx| {
                let Some(own) = own_host(tx, &at_hand, own.as_ref())? else { return Ok(None) };
                let pending = jobs::waiting(tx, at_hand.org, fact::ASSESS)?;
                let findings = finding::of_asset(tx, &at_hand, own.id)?;
                let mut facts = fact::all(tx, &at_hand, own.id)?;
                facts.retain(|f| f.looked_ms >= started_ms);
                Ok(Some((facts, findings, pending, own)))
            });
            if let Some((facts, findings, pending, asset)) = seen.await? {
                let is_whole =
                    Section::ALL.iter().all(|s| facts.iter().any(|f| f.section == *s)) && pending == 0;
                if is_whole || started.elapsed() > patience {
                    let findings = findings.into_iter().filter(|f| f.state == finding::State::Open).collect();
                    return Ok(Self { asset, facts, findings, after: started.elapsed() });
                }
            }
            server.ground.db.wait(Signal::Jobs, Duration::from_millis(100)).await;
        }
    }

    /// The lines after the look.
    pub fn print(&self, server: &Server) {
        for (section, name) in TOLD {
            match self.facts.iter().find(|f| f.section == *section) {
                Some(fact) => {
                    println!("  {name:<13} {}", summary(fact));
                    for gap in gaps(fact) {
                        let allow = gap
                            .allow_with
                            .map_or(String::new(), |command| format!(" Allow it with: {command}"));
                        println!("  {:<13} not visible: {}, because {}.{allow}", "", gap.what, gap.because);
                    }
                }
                None => println!("  {name:<13} not looked at yet"),
            }
        }
        println!("{}", self.conclusion());
        println!("Looked for {:.1} s. It goes on looking; the page follows.", self.after.as_secs_f64());
        let page = format!("{}/assets/{}", server.url(), self.asset.id);
        if self.findings.iter().any(|f| f.rule == "patches.update_waiting") {
            println!("Next: plan these updates   {page}/findings");
        } else if self.findings.is_empty() {
            println!("Next: see this machine   {page}");
        } else {
            println!("Next: see these findings   {page}/findings");
        }
    }

    fn conclusion(&self) -> String {
        let count = self.findings.len();
        let security: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|f| f.rule == "patches.update_waiting" && f.subject != "other updates")
            .collect();
        let packages: usize =
            security.iter().map(|f| f.detail["packages"].as_array().map_or(1, Vec::len)).sum();
        let first = match (packages, self.findings.first()) {
            (0, None) => return "No findings: every rule that could look found nothing.".to_owned(),
            (0, Some(first)) => first.title.clone(),
            (n, _) => {
                let oldest = security.iter().filter_map(|f| f.detail["waiting_since_ms"].as_i64()).min();
                let now_ms = security.iter().map(|f| f.last_seen_ms).max().unwrap_or(0);
                let age = oldest.map_or(String::new(), |since| format!(", oldest {}", span(now_ms - since)));
                format!("{n} security {}{age}", if n == 1 { "update" } else { "updates" })
            }
        };
        format!("{count} {}. First: {first}.", if count == 1 { "finding" } else { "findings" })
    }

    /// The same as one document.
    pub fn json(&self, server: &Server, link: &str) -> Value {
        let sections: serde_json::Map<String, Value> = self
            .facts
            .iter()
            .map(|f| {
                let content: Value = serde_json::from_str(&f.content).unwrap_or_default();
                (f.section.word().to_owned(), json!({ "summary": summary(f), "looked_ms": f.looked_ms, "value": content["value"], "unseen": content["unseen"] }))
            })
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"), "url": server.url(), "sign_in": link, "fingerprint": server.fingerprint,
            "asset": { "id": self.asset.id, "name": self.asset.name, "summary": self.asset.summary },
            "took_ms": u64::try_from(self.after.as_millis()).unwrap_or(u64::MAX), "sections": sections, "findings": self.findings,
            "conclusion": self.conclusion(),
        })
    }
}

fn gaps(fact: &Fact) -> Vec<Unseen> {
    fact.read::<Value>().map(|seen: Seen<Value>| seen.unseen).unwrap_or_default()
}

/// What the agent of this data folder keeps of who it is.
#[derive(serde::Deserialize)]
pub struct Own {
    pub agent_id: String,
    pub key: String,
}

impl Own {
    /// `None` before it has enrolled, or when its file cannot be read.
    pub fn read(data: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data.join("agent/agent.json")).ok()?;
        serde_json::from_str(&text).ok()
    }
}

fn own_host(
    tx: &mut mainstay_kernel::store::Tx<'_>,
    cx: &mainstay_kernel::Cx,
    own: Option<&Own>,
) -> Result<Option<asset::Asset>, Fault> {
    let Some(own) = own else { return Ok(None) };
    match agent::by_key(tx, cx.org, &own.key) {
        Ok(known) if known.id.to_string() == own.agent_id => asset::get(tx, cx, known.asset).map(Some),
        Ok(_) | Err(Fault::SignIn) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The lines for another machine: what to run there, and what stands in the way here.
///
/// # Errors
/// As [`Beside::writing`], and `NotFound` for an organisation that is not there.
pub async fn invitation(data: &Path, postgres: Option<&str>, org: &str) -> Result<String, Fault> {
    let beside = Beside::writing(data, postgres).await?;
    let all = beside.ground.db.read(tenancy::list).await?;
    let org = organisations::named(&all, org).map_err(|_| Fault::NotFound { what: "organisation" })?;
    let cx = beside.ground.cx(org, "add-host");
    let token = beside.ground.db.write(move |tx| agent::invite(tx, &cx)).await?;
    beside.close().await?;
    Ok(line(&ServedAt::read(data), &token))
}

/// Where the server was last reachable; written at every start, for `add-host` and the page that does the same.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ServedAt {
    pub url: String,
    pub fingerprint: Option<String>,
}

impl ServedAt {
    /// Writes it beside the data.
    pub fn write(&self, data: &Path) -> Result<(), Fault> {
        let text = serde_json::to_string(self).map_err(Fault::broken)?;
        std::fs::write(data.join("served.json"), text).map_err(Fault::broken)
    }

    /// What the last start wrote; empty when there was none.
    pub fn read(data: &Path) -> Self {
        std::fs::read_to_string(data.join("served.json"))
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }
}

/// The line to run on the other machine.
pub fn line(at: &ServedAt, token: &str) -> String {
    if at.url.starts_with("http://") || at.url.is_empty() {
        return format!(
            "mainstay agent --server https://THIS-HOST:8420 --token {token}\n\nThis server listens on loopback only. Start it with --listen 0.0.0.0:8420 to be reached, and make the line again."
        );
    }
    let pin = at.fingerprint.as_ref().map_or(String::new(), |pin| format!(" --fingerprint {pin}"));
    let url = at.url.replace("0.0.0.0", "THIS-HOST").replace("[::]", "THIS-HOST");
    format!("mainstay agent --server {url}{pin} --token {token}")
}
