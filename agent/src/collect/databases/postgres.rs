//! The catalogue of a PostgreSQL server on this host, read through its socket by a session that may only read.

use std::thread;
use std::time::Duration;

use tokio_postgres::{Client, Config, Error, NoTls};

use crate::Host;
use crate::wire::Unseen;
use crate::wire::databases::{
    Postgres, PostgresCatalogue, PostgresDatabase, PostgresRole, PostgresTable, Setting, UnusedIndex,
};

mod ask;

const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// For one server, all its databases together.
const PATIENCE: Duration = Duration::from_secs(20);
/// Databases looked into, largest first.
const MOST_DATABASES: usize = 20;
/// A name of ours in a user's database must not be found before the catalogue's: hence the search path.
const SESSION: &str = "SET default_transaction_read_only = on; SET statement_timeout = '3s'; \
    SET lock_timeout = '500ms'; SET search_path = pg_catalog";

/// Fills in what the server's catalogue tells, or says why it tells nothing.
pub fn sign_in(host: &Host, server: &mut Postgres, unseen: &mut Vec<Unseen>) {
    let what = format!("the catalogue of PostgreSQL on port {}", server.port);
    if !host.is_live() {
        unseen.push(Unseen::new(what, "a recorded host cannot be asked"));
        return;
    }
    let own = super::own_name(host);
    let mut refusals = Vec::new();
    let users = own.iter().map(String::as_str).chain(host.is_root().then_some("postgres"));
    for user in users {
        let mut config = Config::new();
        config.host_path(&server.socket).port(server.port).user(user).dbname("postgres");
        match look(config) {
            Ok(seen) => {
                server.version = Some(seen.version);
                server.data_folder = seen.data_folder;
                server.catalogue = Some(seen.catalogue);
                unseen.extend(seen.unseen);
                return;
            }
            Err(because) => refusals.push(format!("as {user}: {because}")),
        }
    }
    let gap = Unseen::new(what, refusals.join("; "));
    unseen.push(match own {
        Some(own) => gap.allow_with(format!(
            "sudo -u postgres psql -h {} -p {} -d postgres -c 'CREATE ROLE \"{own}\" LOGIN IN ROLE pg_monitor'",
            server.socket, server.port
        )),
        None => gap,
    });
}

/// What one server told.
struct Told {
    version: String,
    data_folder: Option<String>,
    catalogue: PostgresCatalogue,
    unseen: Vec<Unseen>,
}

/// In a thread of its own, because the caller may already stand in a runtime.
fn look(config: Config) -> Result<Told, String> {
    let asking = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|fault| fault.to_string())?;
        runtime.block_on(async {
            match tokio::time::timeout(PATIENCE, ask(&config)).await {
                Ok(told) => told.map_err(|fault| worded(&fault)),
                Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
            }
        })
    });
    asking.join().unwrap_or_else(|_| Err("the question broke off".to_owned()))
}

/// The server's own words where it said any.
fn worded(fault: &Error) -> String {
    if let Some(said) = fault.as_db_error() {
        return said.message().to_owned();
    }
    let cause = std::error::Error::source(fault).map(|cause| format!(": {cause}"));
    format!("{fault}{}", cause.unwrap_or_default())
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let mut config = config.clone();
    config.connect_timeout(CONNECT_PATIENCE).application_name("mainstay agent");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(SESSION).await?;
    Ok(client)
}

async fn ask(config: &Config) -> Result<Told, Error> {
    let client = connect(config).await?;
    let mut unseen = Vec::new();
    let settings = ask::settings(&client).await?;
    let find = |name: &str| settings.iter().find(|s| s.name == name).map(|s| s.value.clone());
    let (version, data_folder) = (find("server_version").unwrap_or_default(), find("data_directory"));
    let head = client.query_one(ask::HEAD, &[]).await?;
    let roles = ask::roles(&client).await?;
    let passwords = ask::passwords(&client).await;
    if let Err(fault) = &passwords {
        unseen.push(Unseen::new("which roles of PostgreSQL have a password", worded(fault)));
    }
    let mut databases = ask::databases(&client, &mut unseen).await?;
    drop(client);
    for (at, (database, may_connect)) in databases.iter_mut().enumerate() {
        let what = format!("tables and indexes of database {}", database.name);
        if !*may_connect {
            unseen.push(Unseen::new(what, "this role may not connect to it"));
        } else if at >= MOST_DATABASES {
            unseen.push(Unseen::new(what, format!("only the {MOST_DATABASES} largest are looked into")));
        } else {
            let mut own = config.clone();
            let inside = async { ask::inside(&connect(own.dbname(&database.name)).await?, database).await };
            if let Err(fault) = inside.await {
                unseen.push(Unseen::new(what, worded(&fault)));
            }
        }
    }
    let catalogue = PostgresCatalogue {
        role: head.get(0),
        is_in_recovery: head.get(1),
        started_at_ms: head.get::<_, Option<i64>>(2).and_then(|ms| u64::try_from(ms).ok()),
        connections: u32::try_from(head.get::<_, i64>(3)).unwrap_or(u32::MAX),
        settings: settings.into_iter().filter(|setting| setting.name != "data_directory").collect(),
        databases: databases.into_iter().map(|(database, _)| database).collect(),
        roles,
        with_password: passwords.ok(),
    };
    // `15.18 (Debian 15.18-0+deb12u1)`: the packager's word is in the package list.
    let version = version.split(' ').next().unwrap_or_default().to_owned();
    Ok(Told { version, data_folder, catalogue, unseen })
}

#[cfg(test)]
mod tests;
