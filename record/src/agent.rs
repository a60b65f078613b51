//! Agents: how a host comes in, proves itself, and reports. What an agent says is taken once, in order.

use mainstay_kernel::access::Scope;
use mainstay_kernel::id::{self, OrgId};
use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Cx, Fault, args, events, sql};
use mainstay_wire::{Enrol, Enrolled, Received, Report, Section};
use sha2::{Digest, Sha256};

use crate::{AgentId, AssetId, asset, fact, rights, run, silence};

/// An invitation is good for this long, and once.
pub const INVITATION_MS: i64 = 24 * 3_600_000;
/// What a host's clock may be ahead before its times are cut to ours.
const MOST_AHEAD_MS: i64 = 5 * 60_000;

/// Whole agents of an organisation; what follows the organisation is the argument.
macro_rules! agents {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT g.id, g.asset_id, a.name, g.version, g.enrolled_ms, g.seen_ms, g.revoked_ms
             FROM agent g JOIN asset a ON a.org_id = g.org_id AND a.id = g.asset_id WHERE g.org_id = $1 ",
            $rest
        ))
    };
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub id: AgentId,
    pub asset: AssetId,
    pub asset_name: String,
    pub version: String,
    pub enrolled_ms: i64,
    pub seen_ms: i64,
    pub is_revoked: bool,
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Secrets name their organisation, so that no look-up crosses organisations: `mse_ORG_SECRET`.
fn secret(prefix: &str, org: OrgId) -> String {
    format!("{prefix}_{}_{}", &id::spell("o", org.0)[2..], id::letters(&id::random::<32>()))
}

/// The organisation that a secret names.
pub fn org_of(secret: &str) -> Option<OrgId> {
    let letters = secret.split('_').nth(1)?;
    id::read("o", "organisation", &format!("o_{letters}")).ok().map(OrgId)
}

/// Makes an invitation for one host; the text is shown once.
pub fn invite(tx: &mut Tx<'_>, cx: &Cx) -> Result<String, Fault> {
    cx.may(&rights::MANAGE_AGENTS, Scope::Org)?;
    let token = secret("mse", cx.org);
    tx.run(
        sql!("INSERT INTO enrolment (org_id, hash, until_ms, made_by) VALUES ($1, $2, $3, $4)"),
        args![cx.org, hash(&token), cx.now_ms() + INVITATION_MS, cx.who.word()],
    )?;
    Ok(token)
}

/// Takes a host in, once per invitation, and gives its agent a key of its own. The host keeps its asset when it comes again.
///
/// # Errors
/// `SignIn` for an invitation that is unknown, used or over; `Invalid` for a machine without a name or id.
pub fn enrol(tx: &mut Tx<'_>, cx: &Cx, enrol: &Enrol) -> Result<Enrolled, Fault> {
    let spent = tx.maybe(
        sql!("UPDATE enrolment SET used_ms = COALESCE(used_ms, $1), nonce = $2
              WHERE org_id = $3 AND hash = $4 AND until_ms > $1 AND (used_ms IS NULL OR nonce = $2) RETURNING agent_id"),
        args![cx.now_ms(), &enrol.nonce, cx.org, hash(&enrol.token)],
        |row| row.get::<Option<AgentId>>(0),
    )?;
    let Some(before) = spent else { return Err(Fault::SignIn) };
    let key = secret("msa", cx.org);
    if let Some(agent) = before {
        // The answer was lost on its way: the same agent, with a key that arrives.
        tx.run(
            sql!("UPDATE agent SET key_hash = $1 WHERE org_id = $2 AND id = $3"),
            args![hash(&key), cx.org, agent],
        )?;
        return Ok(Enrolled { agent_id: agent.to_string(), key });
    }
    let machine = &enrol.machine;
    let identity = machine.machine_id.as_deref().unwrap_or(&machine.name);
    let is_good = |text: &str, most: usize| {
        !text.trim().is_empty() && text.len() <= most && !text.chars().any(char::is_control)
    };
    if !is_good(&machine.name, 253) || !is_good(identity, 253) {
        return Err(Fault::invalid(
            "machine",
            "malformed",
            "a machine has a name and an id of at most 253 bytes each",
        ));
    }
    let summary = format!("{}, {}", machine.os_name, machine.architecture);
    let on =
        asset::see(tx, cx, &asset::Sight { kind: "host", identity, name: &machine.name, summary: &summary })?;
    // One host has one agent: an older key of the same machine ends here.
    tx.run(
        sql!("UPDATE agent SET revoked_ms = $1 WHERE org_id = $2 AND asset_id = $3 AND revoked_ms IS NULL"),
        args![cx.now_ms(), cx.org, on],
    )?;
    let agent = AgentId(cx.ids.next());
    tx.run(
        sql!("INSERT INTO agent (org_id, id, asset_id, key_hash, version, enrolled_ms, seen_ms) VALUES ($1, $2, $3, $4, $5, $6, $6)"),
        args![cx.org, agent, on, hash(&key), &machine.agent, cx.now_ms()],
    )?;
    tx.run(
        sql!("UPDATE enrolment SET agent_id = $1 WHERE org_id = $2 AND hash = $3"),
        args![agent, cx.org, hash(&enrol.token)],
    )?;
    events::record(
        tx,
        cx,
        "agent.enrolled",
        agent.into(),
        &[on.into()],
        &serde_json::json!({ "name": machine.name }),
    )?;
    Ok(Enrolled { agent_id: agent.to_string(), key })
}

/// The agent that a key belongs to.
pub fn by_key(tx: &mut Tx<'_>, org: OrgId, key: &str) -> Result<Agent, Fault> {
    tx.maybe(agents!("AND g.key_hash = $2 AND g.revoked_ms IS NULL"), args![org, hash(key)], read)?
        .ok_or(Fault::SignIn)
}

/// One agent, for what follows from something it did or did not do.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, id: AgentId) -> Result<Option<Agent>, Fault> {
    tx.maybe(agents!("AND g.id = $2"), args![cx.org, id], read)
}

/// All agents, newest first.
pub fn list(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<Agent>, Fault> {
    cx.may(&rights::MANAGE_AGENTS, Scope::Org)?;
    tx.rows(agents!("ORDER BY g.id DESC LIMIT 1000"), args![cx.org], read)
}

/// The agent that looks after an asset now.
pub fn of_asset(tx: &mut Tx<'_>, cx: &Cx, on: AssetId) -> Result<Option<Agent>, Fault> {
    tx.maybe(agents!("AND g.asset_id = $2 AND g.revoked_ms IS NULL"), args![cx.org, on], read)
}

/// Ends an agent's key.
pub fn revoke(tx: &mut Tx<'_>, cx: &Cx, agent: AgentId) -> Result<(), Fault> {
    cx.may(&rights::MANAGE_AGENTS, Scope::Org)?;
    let ended = tx.run(
        sql!("UPDATE agent SET revoked_ms = $1 WHERE org_id = $2 AND id = $3 AND revoked_ms IS NULL"),
        args![cx.now_ms(), cx.org, agent],
    )?;
    if ended == 0 {
        return Err(Fault::NotFound { what: "agent" });
    }
    events::record(tx, cx, "agent.revoked", agent.into(), &[], &serde_json::json!({}))?;
    Ok(())
}

/// Takes a batch. Items that were taken before are skipped: nothing is doubled, whatever is sent again.
pub fn report(tx: &mut Tx<'_>, cx: &Cx, agent: &Agent, report: &Report) -> Result<Received, Fault> {
    let (spool, known, silent_ms) = tx.one(
        sql!("SELECT spool_id, acked, silent_ms FROM agent WHERE org_id = $1 AND id = $2 {lock}"),
        args![cx.org, agent.id],
        |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<Option<i64>>(2)?)),
    )?;
    if let Some(silent_ms) = silent_ms {
        silence::end(tx, cx, (agent.id, agent.asset), silent_ms)?;
    }
    // A new spool counts from its own beginning.
    let mut acked = if spool == report.spool_id { known.unsigned_abs() } else { 0 };
    let mut whole: Vec<Section> = Vec::new();
    for item in &report.items {
        if item.seq <= acked {
            continue;
        }
        acked = item.seq;
        let at_ms = i64::try_from(item.at_ms).unwrap_or(i64::MAX).min(cx.now_ms() + MOST_AHEAD_MS);
        let is_known = match &item.content {
            Some(content) => {
                fact::store(tx, cx, agent.asset, &item.section, &item.hash, content.get(), at_ms)?
            }
            None => fact::looked(tx, cx, agent.asset, &item.section, &item.hash, at_ms)?,
        };
        if is_known {
            fact::assess_soon(tx, cx, agent.asset, &item.section)?;
        } else if item.content.is_none() {
            whole.push(item.section.clone());
        }
    }
    let acked_number = i64::try_from(acked).unwrap_or(i64::MAX);
    tx.run(
        sql!("UPDATE agent SET spool_id = $1, acked = $2, seen_ms = $3 WHERE org_id = $4 AND id = $5"),
        args![&report.spool_id, acked_number, cx.now_ms(), cx.org, agent.id],
    )?;
    tx.run(
        sql!("UPDATE asset SET seen_ms = $1 WHERE org_id = $2 AND id = $3"),
        args![cx.now_ms(), cx.org, agent.asset],
    )?;
    let orders = run::hand_out(tx, cx, agent.id)?;
    Ok(Received { acked, whole, orders })
}

fn read(row: &Row<'_>) -> Result<Agent, Fault> {
    Ok(Agent {
        id: row.get(0)?,
        asset: row.get(1)?,
        asset_name: row.get(2)?,
        version: row.get(3)?,
        enrolled_ms: row.get(4)?,
        seen_ms: row.get(5)?,
        is_revoked: row.get::<Option<i64>>(6)?.is_some(),
    })
}

/// Agents that have not spoken since `since_ms`: their asset, its name, their last word.
pub fn silent(tx: &mut Tx<'_>, cx: &Cx, since_ms: i64) -> Result<Vec<(AssetId, String, i64)>, Fault> {
    let (all, teams) = cx.scopes(&rights::VIEW).parameters();
    tx.rows(
        sql!("SELECT g.asset_id, a.name, g.seen_ms FROM agent g JOIN asset a ON a.org_id = g.org_id AND a.id = g.asset_id
              WHERE g.org_id = $1 AND g.revoked_ms IS NULL AND g.seen_ms < $2 AND ($3 = 1 OR a.team_id IN {list $4}) ORDER BY g.seen_ms LIMIT 50"),
        args![cx.org, since_ms, all, teams],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}
