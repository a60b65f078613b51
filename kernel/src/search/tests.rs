//! Things are found by those who may see them, on both engines.

use std::time::Duration;

use super::{Document, Finds, Hit, Search};
use crate::access::{Right, Rights};
use crate::cx::Who;
use crate::id::{OrgId, PersonId, Ref, TeamId};
use crate::store::Tx;
use crate::testing::{House, story};
use crate::{Cx, Fault, SCHEMA, args, events, sql, tenancy};

static SEE: Right = Right::new("test.note.view", "See notes");

/// Notes of the test lie in the table of teams' neighbours: a setting each, named by its id.
fn load(tx: &mut Tx<'_>, org: OrgId, ids: &[i64]) -> Result<Vec<Document>, Fault> {
    let mut found = Vec::new();
    for id in ids {
        let text = tx.maybe(
            sql!("SELECT value FROM setting WHERE org_id = $1 AND name = $2"),
            args![org, format!("note.{id}")],
            |row| row.get::<String>(0),
        )?;
        let Some(text) = text else { continue };
        let part: Vec<&str> = text.split('|').collect();
        found.push(Document {
            id: *id,
            team: part[3].parse().ok().map(TeamId),
            title: part[0].to_owned(),
            body: part[1].to_owned(),
            number: Some(2000 + id),
            state: part[2].to_owned(),
            at_ms: 0,
        });
    }
    Ok(found)
}

/// Writes a note `title|body|state|team`, or removes it when the text is empty.
async fn note(house: &House, org: OrgId, id: i64, text: &'static str) {
    let cx = house.ground.cx(org, "test");
    let write = move |tx: &mut Tx<'_>| {
        let name = format!("note.{id}");
        tx.run(sql!("DELETE FROM setting WHERE org_id = $1 AND name = $2"), args![org, &name])?;
        if !text.is_empty() {
            tx.run(
                sql!("INSERT INTO setting (org_id, name, value, changed_ms) VALUES ($1, $2, $3, 0)"),
                args![org, &name, text],
            )?;
        }
        events::record(tx, &cx, "note.changed", Ref::new("note", id), &[], &serde_json::json!({}))
    };
    house.db().write(write).await.unwrap();
}

fn search(folder: &tempfile::TempDir) -> Search {
    Search::at(folder.path(), vec![Finds { kind: "note", right: &SEE, load }])
}

async fn ids(search: &Search, house: &House, cx: &Cx, text: &str) -> Vec<i64> {
    let found: Vec<Hit> = search.find(house.db(), cx, text, 10).await.unwrap();
    found.iter().map(|hit| hit.of.id).collect()
}

async fn fill(house: &House) {
    for (id, text) in [
        (1, "Disk full on db-1|No space left on device, ERR-00012|open|"),
        (2, "Backup failed|The disk of the Größe store was full|closed|7"),
        (3, "Printer on fire|Smoke and postgres|open|8"),
        (4, "Quarterly report|Nothing of note; postgresql upgrade|closed|"),
    ] {
        note(house, house.org, id, text).await;
    }
}

#[test]
fn questions_find_what_fits_best_first() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let folder = tempfile::tempdir().unwrap();
        let (search, cx) = (search(&folder), house.cx());
        assert_eq!(ids(&search, &house, &cx, "disk").await, [0_i64; 0], "an empty index answers nothing");
        fill(&house).await;
        assert_eq!(search.catch_up(house.db()).await.unwrap(), 4);
        assert_eq!(search.catch_up(house.db()).await.unwrap(), 0, "what was seen is skipped");
        for (question, expected) in [
            ("disk", vec![1, 2]), // the title counts more
            ("DISK full", vec![1, 2]),
            ("disk -backup", vec![1]),
            ("\"space left\"", vec![1]),
            ("\"left space\"", vec![]),
            ("ERR-00012", vec![1]),
            ("err-00013", vec![]),
            ("grosse", vec![2]), // letters are compared without their marks
            ("große", vec![2]),
            ("größe", vec![2]),
            ("postgres*", vec![3, 4]),
            ("state:open", vec![1, 3]),
            ("state:open smoke", vec![3]),
            ("#2004", vec![4]),
            ("#2005", vec![]),
            ("-disk", vec![3, 4]),
            ("pritner", vec![3]),
            ("quaterly", vec![4]),
            ("db", vec![1]),
            ("dc", vec![]), // too short for a typo
            ("\"printr\"", vec![]),
            ("org:1 OR kind:note", vec![]),
            ("", vec![]),
            ("*", vec![]),
        ] {
            let mut found = ids(&search, &house, &cx, question).await;
            if !question.starts_with("disk") && !question.starts_with("DISK") {
                found.sort_unstable();
            }
            assert_eq!(found, expected, "{question}");
        }
        let guess = search.find(house.db(), &cx, "pritner", 10).await.unwrap();
        assert!(guess[0].is_guess);
    });
}

#[test]
fn nobody_finds_what_they_may_not_see() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let folder = tempfile::tempdir().unwrap();
        let search = search(&folder);
        fill(&house).await;
        let (ids_, clock) = (house.ground.ids.clone(), house.ground.clock.clone());
        let other = house.db().write(move |tx| tenancy::create(tx, &ids_, &clock, "b", "B")).await.unwrap();
        note(&house, other, 1, "Disk of another house|disk|open|").await;
        search.catch_up(house.db()).await.unwrap();
        let call =
            |org, rights| house.ground.call(org, Who::Person { id: PersonId(1), name: "Ada".into() }, rights);
        let mut team = Rights::default();
        team.grant(SEE.word, Some(TeamId(7)));
        let mut whole = Rights::default();
        whole.grant(SEE.word, None);
        assert_eq!(ids(&search, &house, &call(house.org, team.clone()), "disk").await, [2]);
        assert_eq!(ids(&search, &house, &call(house.org, whole.clone()), "disk").await, [1, 2]);
        assert_eq!(ids(&search, &house, &call(house.org, Rights::default()), "disk").await, [0_i64; 0]);
        assert_eq!(ids(&search, &house, &call(other, whole.clone()), "disk").await, [1]);
        assert_eq!(ids(&search, &house, &call(other, team.clone()), "disk").await, [0_i64; 0]);
        let nobody = house.ground.call(house.org, Who::Nobody, Rights::default());
        assert_eq!(ids(&search, &house, &nobody, "disk").await, [0_i64; 0]);
        // The index is behind: the note has moved to another team, or is gone.
        note(&house, house.org, 2, "Backup failed|disk|closed|8").await;
        assert_eq!(ids(&search, &house, &call(house.org, team), "disk").await, [0_i64; 0]);
        note(&house, house.org, 1, "").await;
        assert_eq!(ids(&search, &house, &call(house.org, whole), "disk").await, [2]);
    });
}

#[test]
fn the_index_follows_survives_a_restart_and_is_made_anew_when_damaged() {
    story(&[SCHEMA], vec![], vec![], |house| async move {
        let folder = tempfile::tempdir().unwrap();
        let cx = house.cx();
        fill(&house).await;
        {
            let search = search(&folder);
            let (stop, stopped) = tokio::sync::watch::channel(false);
            let follows = tokio::spawn(search.clone().follow(house.db().clone(), stopped));
            while ids(&search, &house, &cx, "smoke").await.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            note(&house, house.org, 3, "Printer repaired|All is well|closed|8").await;
            while !ids(&search, &house, &cx, "smoke").await.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            stop.send(true).unwrap();
            follows.await.unwrap();
        }
        // Long enough that nothing is read again for the overlap's sake.
        house.ground.clock.forward(Duration::from_mins(1));
        note(&house, house.org, 9, "Later|thing|open|").await;
        let again = search(&folder);
        assert_eq!(ids(&again, &house, &cx, "repaired").await, [3], "what was committed is still there");
        assert_eq!(again.catch_up(house.db()).await.unwrap(), 5, "the last seconds are read again");
        drop(again);
        let again = search(&folder);
        assert_eq!(again.catch_up(house.db()).await.unwrap(), 1, "and nothing before them");
        drop(again);
        let meta =
            std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path().join("meta.json");
        std::fs::write(&meta, "{ broken").unwrap();
        let mended = search(&folder);
        assert_eq!(mended.catch_up(house.db()).await.unwrap(), 5);
        assert_eq!(ids(&mended, &house, &cx, "later").await, [9]);
        assert_eq!(mended.rebuild(house.db()).await.unwrap(), 5);
        assert_eq!(ids(&mended, &house, &cx, "later").await, [9]);
        let second = tempfile::tempdir().unwrap();
        let other = search(&second);
        other.catch_up(house.db()).await.unwrap();
        assert_eq!(ids(&other, &house, &cx, "later").await, [9], "a second process has its own");
    });
}
