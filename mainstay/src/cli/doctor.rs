//! `mainstay doctor`: what is well, what is not, and what to do about it. It changes nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use mainstay_kernel::events::{self, Verdict};
use mainstay_kernel::store::{Address, Db, catalogue, lint, registered};
use mainstay_kernel::{Clock, Fault, Ground, id, jobs, notify, tenancy};

use super::{Doctor, Part};
use crate::beside::Beside;
use crate::house;

/// Clocks that keep time by NTP agree better than this.
const MOST_OFF_MS: i64 = 2_000;
const MOST_AHEAD_S: i64 = 60;

pub(super) async fn doctor(words: Doctor) -> Result<(), Fault> {
    match words.part {
        Some(Part::Schema) => schema(&words.place).await,
        Some(Part::Events) => {
            for hearer in house::hearers() {
                println!("{:<24} hears {}", hearer.name, hearer.verb);
            }
            Ok(())
        }
        Some(Part::Reindex) => {
            // A running server has its index open; it makes a new one when it starts and finds none.
            let folder = words.place.data.join("search");
            open_alone(&words.place).await?;
            if folder.exists() {
                std::fs::remove_dir_all(&folder).map_err(Fault::broken)?;
            }
            println!("ok    the index is gone; the next start builds it again");
            Ok(())
        }
        Some(Part::Verify) => {
            let ground = open(&words.place).await?;
            verify(&ground).await?;
            whole(&ground).await
        }
        None => check(&words.place).await,
    }
}

/// The store with no server on it: `Conflict` when one runs.
async fn open_alone(place: &super::Place) -> Result<(), Fault> {
    if place.postgres.is_none() {
        Db::open(Address::Sqlite(place.data.join("mainstay.db")), house::schemas()).await?.close().await;
    }
    Ok(())
}

/// The store, beside a server that may have it.
async fn open(place: &super::Place) -> Result<Arc<Ground>, Fault> {
    Ok(Beside::reading(&place.data, place.postgres.as_deref()).await?.ground)
}

async fn schema(place: &super::Place) -> Result<(), Fault> {
    let tables = lint::tables(house::schemas());
    let mut wrong = lint::schema(house::schemas());
    let mut count = 0;
    for sql in registered() {
        count += 1;
        wrong.extend(lint::statement(sql, &tables).into_iter().map(|w| format!("{sql}: {w}")));
    }
    println!("{} tables, {count} statements looked at", tables.len());
    if wrong.is_empty() {
        println!("ok    nothing in what this build makes is refused by a cluster");
    }
    match &place.postgres {
        Some(url) => {
            if let Some(found) = catalogue(Address::postgres(url)?, house::schemas()).await? {
                let citus = if found.has_citus { ", spread by Citus" } else { "" };
                println!("{} tables, {} indexes read from the database{citus}", found.tables, found.indexes);
                if found.wrong.is_empty() {
                    println!("ok    what is there is what this build makes, and a cluster takes it");
                }
                wrong.extend(found.wrong);
            }
        }
        None => println!("      no database was looked at: name one with --postgres URL"),
    }
    if wrong.is_empty() { Ok(()) } else { Err(Fault::conflict("schema", wrong.join("\n"))) }
}

async fn verify(ground: &Ground) -> Result<(), Fault> {
    for org in ground.db.read(tenancy::list).await? {
        let cx = ground.cx(org.id, "doctor");
        match ground.db.read(move |tx| events::verify(tx, &cx)).await? {
            Verdict::Whole { sealed, open } => {
                println!(
                    "ok    {}: {sealed} events are as they were sealed, {open} not yet sealed",
                    org.name
                );
            }
            Verdict::Broken(broken) => {
                let text = format!(
                    "{}: event {} {}; what came before it is whole",
                    org.name, broken.event, broken.what
                );
                return Err(Fault::conflict("altered", text));
            }
        }
    }
    Ok(())
}

/// Whether the database itself is as its engine left it.
async fn whole(ground: &Ground) -> Result<(), Fault> {
    let damage = ground.db.damage().await?;
    if damage.is_empty() {
        println!(
            "ok    {}",
            match ground.db.address() {
                Address::Sqlite(path) => format!("{} is whole", path.display()),
                Address::Postgres(_) => "the files of PostgreSQL are checked there, by pg_amcheck".to_owned(),
            }
        );
        return Ok(());
    }
    let text = format!("the database is damaged; restore a backup: {}", damage.join("; "));
    Err(Fault::conflict("damaged", text))
}

async fn check(place: &super::Place) -> Result<(), Fault> {
    let mut is_well = true;
    let mut say = |well: bool, what: String| {
        println!("{}  {what}", if well { "ok  " } else { "WARN" });
        is_well &= well;
    };
    for (name, most) in [("", 0o700), ("key", 0o600), ("mainstay.db", 0o600), ("tls.key", 0o600)] {
        if let Some((well, text)) = permissions(&place.data.join(name), most) {
            say(well, text);
        }
    }
    let ground = match open(place).await {
        Ok(ground) => ground,
        Err(fault) => {
            say(false, format!("storage: {fault}"));
            return Err(Fault::conflict("doctor", "not everything is well; see above"));
        }
    };
    say(true, format!("storage: {} answers and its tables are up to date", ground.db.address().engine()));
    say(true, "keys: the key file fits the data".to_owned());
    let year = jiff::Timestamp::from_millisecond(ground.clock.now_ms())
        .map_or(0, |t| t.to_zoned(jiff::tz::TimeZone::UTC).year());
    say((2026..2090).contains(&year), format!("clock: the year is {year}"));
    let off_ms = ground.db.set_clock(&Clock::machine()).await?;
    if let Some(text) = differs(off_ms) {
        say(false, text);
    }
    for org in ground.db.read(tenancy::list).await? {
        let newest_ms = id::made_ms(ground.db.read(move |tx| events::newest(tx, org.id)).await?.0);
        let ahead_s = (newest_ms - ground.clock.now_ms() - off_ms) / 1000;
        if ahead_s > MOST_AHEAD_S {
            say(
                false,
                format!(
                    "clock: the newest event of {} is {ahead_s} s in the future; the clock was set back. What is written now still comes after it, with today's date",
                    org.name
                ),
            );
        }
        let dead = ground.db.read(move |tx| jobs::dead(tx, org.id)).await?;
        let first =
            dead.first().map_or(String::new(), |(_, kind, error)| format!("; the last: {kind}: {error}"));
        say(dead.is_empty(), format!("queue of {}: {} jobs given up{first}", org.name, dead.len()));
        match notify::check_mail(&ground, org.id).await {
            Ok(Some(done)) => say(true, format!("mail of {}: {done}", org.name)),
            Ok(None) => say(true, format!("mail of {}: not set up; nothing leaves by mail", org.name)),
            Err(fault) => say(false, format!("mail of {}: {fault}; see Settings, Mail", org.name)),
        }
    }
    verify(&ground).await?;
    ground.db.close().await;
    if is_well { Ok(()) } else { Err(Fault::conflict("doctor", "not everything is well; see above")) }
}

/// What to do when this machine and the database's disagree about the time.
fn differs(off_ms: i64) -> Option<String> {
    let word = if off_ms > 0 { "behind" } else { "ahead of" };
    (off_ms.abs() > MOST_OFF_MS).then(|| {
        format!(
            "clock: this machine is {} s {word} PostgreSQL; the server goes by PostgreSQL's time. Let both keep time by NTP",
            off_ms.abs() / 1000
        )
    })
}

fn permissions(path: &Path, most: u32) -> Option<(bool, String)> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let most = if path.is_dir() { 0o700 } else { most };
    let well = mode & !most == 0;
    let hint = if well { String::new() } else { format!("; run: chmod {most:o} {}", path.display()) };
    Some((well, format!("permissions: {} is {mode:o}{hint}", path.display())))
}
