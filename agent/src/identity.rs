//! Who this agent is: enrolled once with a single-use token, kept in a file only its owner reads.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::collect::text::hex;
use crate::disk;
use crate::link::{CallFault, Link};
use crate::run::{Config, Fault};
use crate::wire::{Enrol, Enrolled, Machine, PROTOCOL};
use crate::{Host, collect};

const PATIENCE: Duration = Duration::from_secs(30);

/// What the state file holds.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    pub server: String,
    #[serde(default)]
    pub fingerprint: Option<String>,
    pub agent_id: String,
    pub key: String,
    /// SHA-256 of the token it was enrolled with, which is spent.
    #[serde(default)]
    pub spent: Option<String>,
}

/// The identity on disk, or a new one by enrolment. A server that is away is waited for.
///
/// A server given that is another than the saved one has moved: its address and fingerprint are taken over
/// and kept, the key stays. With a token that was not spent yet it is another server, and is enrolled at.
pub async fn obtain(config: &Config) -> Result<Identity, Fault> {
    let path = config.folder.join("agent.json");
    if let Some(known) = load(&path)?
        && let Some(identity) = moved(known, config, &path)?
    {
        return Ok(identity);
    }
    let (Some(server), Some(token)) = (&config.server, &config.token) else { return Err(Fault::NotEnrolled) };
    let link = Link::new(server, config.fingerprint.as_deref())?;
    let body = serde_json::to_vec(&Enrol {
        protocol: PROTOCOL,
        token: token.clone(),
        nonce: nonce(&config.folder.join("enrol.nonce"))?,
        machine: machine(&Host::live()),
    })
    .expect("plain strings are JSON");
    let mut pause = crate::run::Pause::new(config.first_pause);
    let enrolled: Enrolled = loop {
        match link.post("/api/v1/agent/enrol", None, body.clone(), PATIENCE).await {
            Ok(enrolled) => break enrolled,
            Err(CallFault::Away { because, retry_after }) => {
                tracing::warn!("cannot enrol yet: {because}");
                pause.wait(retry_after).await;
            }
            Err(CallFault::Denied) => return Err(Fault::TokenRefused),
            Err(fault) => return Err(Fault::Enrolment(fault.to_string())),
        }
    };
    let identity = Identity {
        server: server.clone(),
        fingerprint: config.fingerprint.clone(),
        agent_id: enrolled.agent_id,
        key: enrolled.key,
        spent: Some(digest(token)),
    };
    disk::replace(&path, &serde_json::to_vec(&identity).expect("plain strings are JSON"))?;
    let _ = std::fs::remove_file(config.folder.join("enrol.nonce"));
    Ok(identity)
}

/// The known identity at the server that is asked for now; `None` when that one is to be enrolled at.
fn moved(mut known: Identity, config: &Config, path: &Path) -> Result<Option<Identity>, Fault> {
    let Some(server) = config.server.as_ref().filter(|server| **server != known.server) else {
        return Ok(Some(known));
    };
    let is_new = |token: &String| known.spent.as_ref().is_some_and(|spent| *spent != digest(token));
    if config.token.as_ref().is_some_and(is_new) {
        return Ok(None);
    }
    // An address that cannot be used must not take the place of one that can.
    Link::new(server, config.fingerprint.as_deref())?;
    known.server.clone_from(server);
    known.fingerprint.clone_from(&config.fingerprint);
    disk::replace(path, &serde_json::to_vec(&known).expect("plain strings are JSON"))?;
    Ok(Some(known))
}

fn digest(token: &str) -> String {
    hex(&Sha256::digest(token))
}

fn load(path: &Path) -> Result<Option<Identity>, Fault> {
    match std::fs::read(path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|_| Fault::State(path.display().to_string()))
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// The same number over restarts until the answer is on disk, so that a lost answer does not cost the token.
fn nonce(path: &Path) -> io::Result<String> {
    if let Ok(known) = std::fs::read_to_string(path)
        && known.len() == 32
    {
        return Ok(known);
    }
    let made = disk::random_hex(16)?;
    disk::replace(path, made.as_bytes())?;
    Ok(made)
}

fn machine(host: &Host) -> Machine {
    let system = collect::system(host).value.expect("its collector always has a value");
    Machine {
        name: system.hostname,
        machine_id: system.machine_id,
        os: system.os.id,
        os_name: system.os.name,
        architecture: system.kernel.architecture,
        agent: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
