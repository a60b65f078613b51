//! The table of contents: every room, one line each, and what the house makes of them.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use mainstay_face::Room;
use mainstay_kernel::access::{self, Right};
use mainstay_kernel::events::Hears;
use mainstay_kernel::files::Files;
use mainstay_kernel::id::Ids;
use mainstay_kernel::outbound::Outbound;
use mainstay_kernel::search::Search;
use mainstay_kernel::secrets::Keys;
use mainstay_kernel::store::{Db, Schema, Tx};
use mainstay_kernel::{Clock, Cx, Fault, Ground, events, jobs};
use mainstay_record::fact;

use crate::tell;

/// Every room, in the order of the stairs.
pub static ROOMS: [Room; 2] = [mainstay_patches::room(), mainstay_hygiene::room()];

/// The tables of the house, from the ground up.
pub fn schemas() -> &'static [Schema] {
    static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
        let ground = [mainstay_kernel::SCHEMA, mainstay_record::SCHEMA];
        ground.into_iter().chain(ROOMS.iter().filter_map(|room| room.schema)).collect()
    });
    &SCHEMAS
}

/// Every permission word of the house.
pub fn rights() -> Vec<&'static Right> {
    access::RIGHTS.iter().chain(mainstay_record::rights::ALL).copied().collect()
}

/// Everybody who listens.
pub fn hearers() -> Vec<events::Hearer> {
    ROOMS.iter().flat_map(|room| (room.hears)()).chain(tell::hearers()).collect()
}

/// How every kind of job is done.
pub fn jobs() -> Vec<jobs::Kind> {
    let assess = jobs::Kind { name: fact::ASSESS, work: jobs::Work::Transact(assess), most_failures: 10 };
    let rooms = ROOMS.iter().flat_map(|room| room.jobs.iter().copied());
    std::iter::once(assess).chain(rooms).chain(tell::JOBS.iter().copied()).collect()
}

fn assess(tx: &mut Tx<'_>, cx: &Cx, job: &jobs::Job) -> Result<jobs::Next, Fault> {
    let (asset, section) = fact::assessed(job)?;
    for room in &ROOMS {
        (room.assess)(tx, cx, asset, &section)?;
    }
    Ok(jobs::Next::Done)
}

/// The ground floor of this house over an open store; `node` keeps its ids and its index apart from those of other
/// processes.
pub fn ground(db: Db, keys: Keys, clock: Clock, node: u16, data: &Path) -> Result<Ground, Fault> {
    Ok(Ground {
        db,
        ids: Ids::new(clock.clone(), node),
        clock,
        hears: Arc::new(Hears::new(hearers())),
        kinds: jobs(),
        keys,
        files: Files::open(&data.join("files"))?,
        outbound: Outbound::new(&[]),
        search: Search::at(&data.join(format!("search/{node}")), mainstay_record::search::all()),
        rights: rights(),
    })
}
