//! A running server: the store opened, the clocks wound, the door open; and everything let down again at the end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use mainstay_face::Door;
use mainstay_face::headers::Transport;
use mainstay_face::live::Hub;
use mainstay_kernel::id::{OrgId, PersonId};
use mainstay_kernel::people;
use mainstay_kernel::store::{Address, Db};
use mainstay_kernel::{Clock, Fault, Ground, id, jobs, node, secrets};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::first_minute::ServedAt;
use crate::{door, house, organisations, tell, ticks, tls};

/// How a server is to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Keys, certificates, the embedded database, files, the index.
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// Instead of the embedded database.
    pub postgres: Option<String>,
    pub tls: tls::Choice,
}

/// The server, until [`Server::stop`].
pub struct Server {
    pub ground: Arc<Ground>,
    pub org: OrgId,
    /// The first person of the house, whom `up` signs in.
    pub owner: PersonId,
    /// Where it really listens: port 0 has become a port.
    pub address: SocketAddr,
    /// SHA-256 of our certificate, where we speak TLS.
    pub fingerprint: Option<String>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    node: (u16, String),
    hub: Hub,
}

impl Server {
    /// Opens the store, makes what a first start needs, and serves.
    ///
    /// # Errors
    /// Whatever stands in the way, said so that a person can mend it.
    pub async fn start(settings: &Settings, clock: Clock) -> Result<Self, Fault> {
        make_private(&settings.data)?;
        let address = match &settings.postgres {
            Some(url) => Address::postgres(url)?,
            None => Address::Sqlite(settings.data.join("mainstay.db")),
        };
        let db = Db::open(address, house::schemas()).await?;
        db.set_clock(&clock).await?;
        let keys = secrets::unlock(&db, &settings.data.join("key")).await?;
        let holder = id::letters(&id::random::<8>());
        let (c, h) = (clock.clone(), holder.clone());
        let number = db.write(move |tx| node::take(tx, &c, &h)).await?;
        let ground = Arc::new(house::ground(db, keys, clock, number, &settings.data)?);
        ground.keep_order().await?;
        let at_hand = ground.clone();
        let (org, owner) = ground.db.write(move |tx| organisations::settle(tx, &at_hand)).await?;
        let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
            let text = format!("{} cannot be listened on: {error}; choose another --listen", settings.listen);
            Fault::invalid("listen", "unusable", text)
        })?;
        let listening = listener.local_addr().map_err(Fault::broken)?;
        let secured = tls::secure(&settings.tls, &settings.data, listening)?;
        let transport = if secured.is_some() { Transport::Tls } else { Transport::Plain };
        let hub = Hub::new(holder.clone(), 4096);
        let fingerprint = secured.as_ref().map(|s| s.fingerprint.clone());
        let scheme = if secured.is_some() { "https" } else { "http" };
        tell::note_address(&ground, scheme, listening).await?;
        ServedAt { url: format!("{scheme}://{listening}"), fingerprint: fingerprint.clone() }
            .write(&settings.data)?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(jobs::Runner::serve(ground.clone(), stopped.clone()));
        tasks.spawn(ticks::seal(ground.clone(), stopped.clone()));
        tasks.spawn(ticks::minute(ground.clone(), (number, holder.clone()), stopped.clone()));
        tasks.spawn(ground.search.clone().follow(ground.db.clone(), stopped.clone()));
        tasks.spawn(ticks::sweep(ground.clone(), stopped.clone()));
        tasks.spawn(ticks::publish(ground.clone(), hub.clone(), stopped.clone()));
        let routes = door::routes(Door::new(ground.clone(), hub.clone(), transport));
        tasks.spawn(door::serve(listener, secured, routes, stopped));
        Ok(Self {
            ground,
            org,
            owner,
            address: listening,
            fingerprint,
            stop,
            tasks,
            node: (number, holder),
            hub,
        })
    }

    /// `http://127.0.0.1:8420` or its sibling over TLS.
    pub fn url(&self) -> String {
        let scheme = if self.fingerprint.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// A one-time sign-in link for the owner.
    pub async fn sign_in_link(&self) -> Result<String, Fault> {
        let (cx, owner) = (self.ground.cx(self.org, "up"), self.owner);
        let code = self.ground.db.write(move |tx| people::link::issue(tx, &cx, owner)).await?;
        Ok(format!("{}/in/{code}", self.url()))
    }

    /// Ends: no new requests, what runs is finished, the store is closed.
    pub async fn stop(mut self) {
        self.hub.close();
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        let (number, holder) = self.node;
        drop(self.ground.db.write(move |tx| node::give_back(tx, number, &holder)).await);
        self.ground.db.close().await;
    }
}

fn make_private(folder: &PathBuf) -> Result<(), Fault> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| {
        Fault::invalid("data", "unusable", format!("{}: {error}; choose another --data", folder.display()))
    })
}
