//! Against a real server: `MAINSTAY_TEST_POSTGRES=postgres://USER@HOST:PORT/DATABASE`, a superuser.

use tokio_postgres::Config;

use super::{SESSION, Told, connect, look, sign_in};
use crate::Host;
use crate::wire::databases::Postgres;

fn server() -> Option<Config> {
    let address = std::env::var("MAINSTAY_TEST_POSTGRES").ok();
    if address.is_none() {
        println!("skipped: MAINSTAY_TEST_POSTGRES names no server");
    }
    address.map(|address| address.parse().unwrap())
}

/// Runs statements as the user of the test.
fn prepare(config: &Config, statements: &[&str]) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        for statement in statements {
            client.batch_execute(statement).await.map_err(|fault| super::worded(&fault))?;
        }
        Ok(())
    })
}

#[test]
fn the_catalogue_tells_what_was_put_there() {
    let Some(admin) = server() else { return };
    let id = std::process::id();
    let (base, strong, weak) = (format!("look_{id}"), format!("strong_{id}"), format!("weak_{id}"));
    prepare(
        &admin,
        &[
            &format!("CREATE DATABASE {base}"),
            &format!("CREATE ROLE {strong} LOGIN PASSWORD 'x' CREATEROLE VALID UNTIL '2031-02-03 12:00'"),
            &format!("CREATE ROLE {weak} LOGIN IN ROLE {strong}"),
        ],
    )
    .unwrap();
    let mut inside = admin.clone();
    inside.dbname(&base);
    prepare(
        &inside,
        &[
            "CREATE TABLE big AS SELECT n, n % 7 AS rest FROM generate_series(1, 5000) n",
            "ALTER TABLE big ADD PRIMARY KEY (n)",
            "CREATE INDEX idle ON big (rest)",
            "CREATE TABLE small (n int)",
            // What a user puts in the way of the catalogue must not be called.
            "CREATE TABLE public.pg_stat_user_tables (schemaname text)",
            "VACUUM ANALYZE big",
        ],
    )
    .unwrap();
    let told = look(admin.clone());
    let mut as_weak = admin.clone();
    as_weak.user(&weak);
    let less = look(as_weak);
    prepare(&admin, &[&format!("DROP DATABASE {base}"), &format!("DROP ROLE {weak}, {strong}")]).unwrap();

    let Told { version, data_folder, catalogue, unseen } = told.unwrap();
    assert!(version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(' '), "{version}");
    assert!(data_folder.is_some_and(|folder| folder.starts_with('/')));
    assert!(unseen.is_empty() || unseen.iter().all(|gap| gap.what.contains("database")), "{unseen:?}");
    assert!(catalogue.settings.iter().any(|s| s.name == "max_connections" && s.value.parse::<u32>().is_ok()));
    let database = catalogue.databases.iter().find(|database| database.name == base).unwrap();
    assert!(database.size_bytes > 1_000_000 && database.tables == 3, "{database:?}");
    let big = &database.largest_tables[0];
    // The server's own estimate may count rows twice that a vacuum saw before their session reported them.
    assert!(big.table == "big" && big.live_rows >= 5000, "{big:?}");
    assert!(big.last_vacuum_ms.is_some() && big.size_bytes > 100_000);
    let unused: Vec<&str> = database.unused_indexes.iter().map(|index| index.index.as_str()).collect();
    assert_eq!(unused, ["idle"], "the primary key is needed");
    let role = |name: &str| catalogue.roles.iter().find(|role| role.name == name).unwrap().clone();
    let (strong_role, weak_role) = (role(&strong), role(&weak));
    let known = catalogue.with_password.unwrap();
    assert!(known.contains(&strong) && !known.contains(&weak), "{known:?}");
    assert_eq!(strong_role.valid_until.as_deref(), Some("2031-02-03"));
    assert!(strong_role.may_create_roles && !strong_role.is_superuser && weak_role.may_sign_in);
    assert_eq!(weak_role.member_of, [strong]);

    let less = less.unwrap();
    assert!(less.data_folder.is_none(), "a plain role does not see it");
    assert!(less.catalogue.with_password.is_none());
    assert!(less.unseen.iter().any(|gap| gap.what.contains("password")), "{:?}", less.unseen);
}

#[test]
fn the_session_cannot_write() {
    let Some(admin) = server() else { return };
    let fault = prepare(&admin, &[SESSION, "CREATE TABLE written_by_the_agent (n int)"]).unwrap_err();
    assert!(fault.contains("read-only transaction"), "{fault}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told: String = runtime.block_on(async {
        let client = connect(&admin).await.unwrap();
        client.query_one("SHOW default_transaction_read_only", &[]).await.unwrap().get(0)
    });
    assert_eq!(told, "on");
}

#[test]
fn a_server_that_refuses_is_told_with_the_command_that_helps() {
    let folder = tempfile::tempdir().unwrap();
    let mut server =
        Postgres { socket: folder.path().display().to_string(), port: 5999, ..Postgres::default() };
    let mut unseen = Vec::new();
    sign_in(&Host::live(), &mut server, &mut unseen);
    assert!(server.catalogue.is_none() && unseen.len() == 1);
    assert!(unseen[0].because.contains("No such file"), "{unseen:?}");
    assert!(unseen[0].allow_with.as_deref().unwrap_or_default().contains("-p 5999"), "{unseen:?}");
}
