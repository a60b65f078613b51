//! One short command beside a server that may be running: the ground without doors and clocks.

use std::path::Path;
use std::sync::Arc;

use mainstay_kernel::store::{Address, Db};
use mainstay_kernel::{Clock, Fault, Ground, id, node, secrets};

use crate::house;

/// The ground of such a command, with a node number of its own while it writes.
pub struct Beside {
    pub ground: Arc<Ground>,
    node: Option<(u16, String)>,
}

impl Beside {
    /// To look only.
    ///
    /// # Errors
    /// `Invalid` on `data` where no server ever was; `Conflict` (`schema_old`) when the tables are of another build.
    pub async fn reading(data: &Path, postgres: Option<&str>) -> Result<Self, Fault> {
        let db = open(data, postgres).await?;
        let keys = secrets::unlock(&db, &data.join("key")).await?;
        Ok(Self { ground: Arc::new(house::ground(db, keys, Clock::machine(), 0, data)?), node: None })
    }

    /// To write as well.
    ///
    /// # Errors
    /// As [`Beside::reading`].
    pub async fn writing(data: &Path, postgres: Option<&str>) -> Result<Self, Fault> {
        let db = open(data, postgres).await?;
        let keys = secrets::unlock(&db, &data.join("key")).await?;
        let (clock, holder) = (Clock::machine(), id::letters(&id::random::<8>()));
        db.set_clock(&clock).await?;
        let (c, h) = (clock.clone(), holder.clone());
        let number = db.write(move |tx| node::take(tx, &c, &h)).await?;
        let ground = Arc::new(house::ground(db, keys, clock, number, data)?);
        ground.keep_order().await?;
        Ok(Self { ground, node: Some((number, holder)) })
    }

    /// Gives the number back and lets the store go.
    ///
    /// # Errors
    /// `Away` when the database is.
    pub async fn close(self) -> Result<(), Fault> {
        if let Some((number, holder)) = self.node {
            self.ground.db.write(move |tx| node::give_back(tx, number, &holder)).await?;
        }
        self.ground.db.close().await;
        Ok(())
    }
}

async fn open(data: &Path, postgres: Option<&str>) -> Result<Db, Fault> {
    let address = if let Some(url) = postgres {
        Address::postgres(url)?
    } else {
        let file = data.join("mainstay.db");
        if !file.exists() {
            let shown = file.display();
            let text = format!("{shown} is not there; start mainstay up first, or name its --data");
            return Err(Fault::invalid("data", "missing", text));
        }
        Address::Sqlite(file)
    };
    Db::beside(address, house::schemas()).await
}
