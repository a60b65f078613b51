//! Work items: "someone must do this by then". One number series, one timeline, whoever made them.

use mainstay_kernel::access::{Scope, Scopes};
use mainstay_kernel::id::{PersonId, TeamId};
use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Cx, Fault, Problem, args, counter, events, sql};
use serde::Serialize;

use crate::{AssetId, FindingId, WorkId, asset, finding, rights, tally};

/// Whole work items of an organisation; what follows the organisation is the argument.
macro_rules! items {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT w.id, w.number, w.kind, w.title, w.body, w.state, w.priority, w.assignee_id, p.name, w.team_id, w.asset_id,
               w.finding_id, w.due_ms, w.created_ms, w.changed_ms, w.closed_ms, w.revision
             FROM work_item w LEFT JOIN person p ON p.org_id = w.org_id AND p.id = w.assignee_id WHERE w.org_id = $1 ",
            $rest
        ))
    };
}

/// One work item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    pub id: WorkId,
    /// What people call it: `#2431`.
    pub number: i64,
    /// `task`, later `request`, `incident` …
    pub kind: String,
    pub title: String,
    pub body: String,
    pub state: State,
    /// 1 urgent, 2 normal, 3 low.
    pub priority: i64,
    pub assignee: Option<PersonId>,
    pub assignee_name: Option<String>,
    pub team: Option<TeamId>,
    pub asset: Option<AssetId>,
    pub finding: Option<FindingId>,
    pub due_ms: Option<i64>,
    pub created_ms: i64,
    pub changed_ms: i64,
    pub closed_ms: Option<i64>,
    pub revision: i64,
}

/// Where a work item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    /// For somebody outside the team.
    Waiting,
    Done,
    Cancelled,
}

impl State {
    /// The word in the store, in the API and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether somebody still has to do something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Waiting)
    }
}

/// A work item to be.
#[derive(Clone, Debug, Default)]
pub struct New {
    pub kind: String,
    pub title: String,
    pub body: String,
    pub priority: i64,
    pub assignee: Option<PersonId>,
    pub team: Option<TeamId>,
    pub asset: Option<AssetId>,
    pub finding: Option<FindingId>,
    pub due_ms: Option<i64>,
}

/// Opens a work item.
///
/// # Errors
/// `Invalid` with every wrong field; `NotFound` for an asset the caller may not see.
pub fn create(tx: &mut Tx<'_>, cx: &Cx, new: &New) -> Result<(WorkId, i64), Fault> {
    cx.may(&rights::EDIT_WORK, Scope::Team(new.team))?;
    check(&new.title, &new.body, new.priority)?;
    if let Some(on) = new.asset {
        asset::get(tx, cx, on)?;
    }
    if let Some(cause) = new.finding {
        finding::get(tx, cx, cause)?;
    }
    asset::known(tx, cx, ("assignee", new.assignee), new.team)?;
    let id = WorkId(cx.ids.next());
    let now_ms = cx.now_ms();
    let said = serde_json::json!({ "title": new.title, "kind": new.kind });
    let about: Vec<_> = new.asset.map(Into::into).into_iter().chain(new.finding.map(Into::into)).collect();
    events::record(tx, cx, "work.opened", id.into(), &about, &said)?;
    tally::add(tx, cx.org, "work.open", id.0, 1)?;
    // The counter's row is the hot one: last.
    let number = counter::next(tx, cx.org, "work")?;
    tx.run(
        sql!("INSERT INTO work_item (org_id, id, number, kind, title, body, state, priority, assignee_id, team_id, asset_id,
                finding_id, due_ms, created_ms, changed_ms)
              VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12, $13, $13)"),
        args![
            cx.org, id, number, &new.kind, new.title.trim(), &new.body, new.priority, new.assignee, new.team, new.asset,
            new.finding, new.due_ms, now_ms
        ],
    )?;
    Ok((id, number))
}

fn check(title: &str, body: &str, priority: i64) -> Result<(), Fault> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, code, detail: &str| {
        problems.push(Problem { field: field.into(), code, detail: detail.into() });
    };
    if title.trim().is_empty() {
        wrong("title", "required", "say in a few words what is to be done");
    }
    if title.chars().count() > 300 {
        wrong("title", "too_long", "use at most 300 characters; the rest fits into the description");
    }
    if body.len() > 100_000 {
        wrong("body", "too_long", "use at most 100,000 bytes");
    }
    if !(1..=3).contains(&priority) {
        wrong("priority", "unknown", "choose 1 (urgent), 2 (normal) or 3 (low)");
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
}

/// One work item the caller may see.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, id: WorkId) -> Result<Item, Fault> {
    let item = tx.maybe(items!("AND w.id = $2"), args![cx.org, id], read)?;
    visible(cx, item)
}

/// One work item by the number people use.
pub fn by_number(tx: &mut Tx<'_>, cx: &Cx, number: i64) -> Result<Item, Fault> {
    let item = tx.maybe(items!("AND w.number = $2"), args![cx.org, number], read)?;
    visible(cx, item)
}

fn visible(cx: &Cx, item: Option<Item>) -> Result<Item, Fault> {
    let item = item.ok_or(Fault::NotFound { what: "work item" })?;
    cx.may(&rights::VIEW, Scope::Team(item.team)).map_err(|fault| asset::hide(fault, "work item"))?;
    Ok(item)
}

/// Which work items to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Open,
    Mine(PersonId),
    All,
}

/// Work items, newest first, before `before` (`WorkId(i64::MAX)` begins).
pub fn list(tx: &mut Tx<'_>, cx: &Cx, which: Which, before: WorkId, limit: u32) -> Result<Vec<Item>, Fault> {
    let (all, teams) = cx.scopes(&rights::VIEW).parameters();
    match which {
        Which::All => tx.rows(
            items!("AND w.id < $2 AND ($3 = 1 OR w.team_id IN {list $4}) ORDER BY w.id DESC LIMIT $5"),
            args![cx.org, before, all, teams, limit],
            read,
        ),
        Which::Open => tx.rows(
            items!("AND w.state IN ('open', 'waiting') AND w.id < $2 AND ($3 = 1 OR w.team_id IN {list $4}) ORDER BY w.id DESC LIMIT $5"),
            args![cx.org, before, all, teams, limit],
            read,
        ),
        Which::Mine(person) => tx.rows(
            items!("AND w.assignee_id = $2 AND w.state IN ('open', 'waiting') AND w.id < $3
                    AND ($4 = 1 OR w.team_id IN {list $5}) ORDER BY w.id DESC LIMIT $6"),
            args![cx.org, person, before, all, teams, limit],
            read,
        ),
    }
}

/// What is due first, for Home.
pub fn due(tx: &mut Tx<'_>, cx: &Cx, until_ms: i64, limit: u32) -> Result<Vec<Item>, Fault> {
    let (all, teams) = cx.scopes(&rights::VIEW).parameters();
    tx.rows(
        items!(
            "AND w.state IN ('open', 'waiting') AND w.due_ms IS NOT NULL AND w.due_ms <= $2
                AND ($3 = 1 OR w.team_id IN {list $4}) ORDER BY w.due_ms, w.id LIMIT $5"
        ),
        args![cx.org, until_ms, all, teams, limit],
        read,
    )
}

/// What a person changes about a work item.
#[derive(Clone, Debug)]
pub struct Edit {
    pub title: String,
    pub body: String,
    pub state: State,
    pub priority: i64,
    pub assignee: Option<PersonId>,
    pub due_ms: Option<i64>,
}

/// Changes a work item that is still as the caller saw it. Closing it closes no finding: only its rule does.
pub fn edit(tx: &mut Tx<'_>, cx: &Cx, id: WorkId, seen: i64, edit: &Edit) -> Result<(), Fault> {
    let before = get(tx, cx, id)?;
    cx.may(&rights::EDIT_WORK, Scope::Team(before.team))?;
    check(&edit.title, &edit.body, edit.priority)?;
    if edit.assignee != before.assignee {
        asset::known(tx, cx, ("assignee", edit.assignee), None)?;
    }
    let closed_ms = (!edit.state.is_open()).then(|| before.closed_ms.unwrap_or(cx.now_ms()));
    let changed = tx.run(
        sql!("UPDATE work_item SET title = $1, body = $2, state = $3, priority = $4, assignee_id = $5, due_ms = $6, closed_ms = $7,
                changed_ms = $8, revision = revision + 1 WHERE org_id = $9 AND id = $10 AND revision = $11"),
        args![
            edit.title.trim(), &edit.body, edit.state.word(), edit.priority, edit.assignee, edit.due_ms, closed_ms,
            cx.now_ms(), cx.org, id, seen
        ],
    )?;
    if changed == 0 {
        return Err(Fault::Stale);
    }
    tally::add(
        tx,
        cx.org,
        "work.open",
        id.0,
        i64::from(edit.state.is_open()) - i64::from(before.state.is_open()),
    )?;
    let after = get(tx, cx, id)?;
    let verb = match (before.state.is_open(), after.state.is_open()) {
        (true, false) => "work.closed",
        (false, true) => "work.reopened",
        _ => "work.edited",
    };
    let about: Vec<_> = before.asset.map(Into::into).into_iter().collect();
    events::record(
        tx,
        cx,
        verb,
        id.into(),
        &about,
        &serde_json::json!({ "before": before, "after": after }),
    )?;
    Ok(())
}

/// Adds a note to the timeline.
pub fn note(tx: &mut Tx<'_>, cx: &Cx, id: WorkId, text: &str) -> Result<(), Fault> {
    let item = get(tx, cx, id)?;
    cx.may(&rights::EDIT_WORK, Scope::Team(item.team))?;
    let text = text.trim();
    if text.is_empty() || text.len() > 100_000 {
        return Err(Fault::invalid("text", "required", "write a note of at most 100,000 bytes"));
    }
    events::record(tx, cx, "work.noted", id.into(), &[], &serde_json::json!({ "text": text }))?;
    Ok(())
}

/// How many are open among those the caller may see.
pub fn open_count(tx: &mut Tx<'_>, cx: &Cx) -> Result<i64, Fault> {
    let scopes = cx.scopes(&rights::VIEW);
    let Scopes::Teams(_) = scopes else { return tally::read(tx, cx.org, "work.open") };
    let (_, teams) = scopes.parameters();
    tx.one(
        sql!(
            "SELECT COUNT(*) FROM work_item WHERE org_id = $1 AND state IN ('open', 'waiting') AND team_id IN {list $2}"
        ),
        args![cx.org, teams],
        |row| row.get(0),
    )
}

fn read(row: &Row<'_>) -> Result<Item, Fault> {
    let state = match row.get::<String>(5)?.as_str() {
        "waiting" => State::Waiting,
        "done" => State::Done,
        "cancelled" => State::Cancelled,
        _ => State::Open,
    };
    Ok(Item {
        id: row.get(0)?,
        number: row.get(1)?,
        kind: row.get(2)?,
        title: row.get(3)?,
        body: row.get(4)?,
        state,
        priority: row.get(6)?,
        assignee: row.get(7)?,
        assignee_name: row.get(8)?,
        team: row.get(9)?,
        asset: row.get(10)?,
        finding: row.get(11)?,
        due_ms: row.get(12)?,
        created_ms: row.get(13)?,
        changed_ms: row.get(14)?,
        closed_ms: row.get(15)?,
        revision: row.get(16)?,
    })
}
