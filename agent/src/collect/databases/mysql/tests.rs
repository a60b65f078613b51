//! Against a real MariaDB of the test's own, and against sockets that mean harm.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::line::Line;
use super::packet::Fault;
use super::{Place, ask, let_in, look, sign_in, version};
use crate::Host;
use crate::wire::Unseen;
use crate::wire::databases::{Mysql, MysqlAccount};

/// Started as root, the server gives its rights away to this account.
const NOBODY: u32 = 65_534;

/// A server with a data folder and a socket of its own and no port; dropped, it is gone.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// Makes the data folder as `mariadb-install-db` does, with `owner` as the account of the socket's peer.
    fn start(owner: &str) -> Option<Self> {
        let program = ["/usr/sbin/mariadbd", "/usr/bin/mariadbd", "/usr/libexec/mariadbd"];
        let scripts = ["/usr/share/mysql", "/usr/share/mariadb"];
        let there = |path: &&&str| Path::new(path).exists();
        let (Some(program), Some(scripts)) = (program.iter().find(there), scripts.iter().find(there)) else {
            println!("skipped: mariadbd is not here");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        if rustix::process::geteuid().is_root() {
            for path in [folder.path(), &data] {
                std::os::unix::fs::chown(path, Some(NOBODY), None).unwrap();
            }
        }
        let socket = folder.path().join("s");
        let command = || {
            let mut command = Command::new(program);
            command.args([
                "--no-defaults",
                "--user=nobody",
                "--skip-networking",
                "--sync-frm=0",
                "--innodb-buffer-pool-size=8M",
            ]);
            command.arg(format!("--datadir={}", data.display())).arg(format!("--lc-messages-dir={scripts}"));
            // Servers that share a folder for temporary tables take each other's away.
            command.arg(format!("--tmpdir={}", folder.path().display()));
            command.arg(format!("--socket={}", socket.display()));
            command.stdout(Stdio::null()).stderr(std::fs::File::create(folder.path().join("log")).unwrap());
            command
        };
        let mut making = command().arg("--bootstrap").stdin(Stdio::piped()).spawn().unwrap();
        let mut input = making.stdin.take().unwrap();
        writeln!(input, "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = '{owner}';").unwrap();
        for name in ["mysql_system_tables", "mysql_performance_tables", "mysql_system_tables_data"] {
            input.write_all(&std::fs::read(format!("{scripts}/{name}.sql")).unwrap()).unwrap();
        }
        drop(input);
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(making.wait().unwrap().success(), "{}", log());
        let mut child = command().stdin(Stdio::null()).spawn().unwrap();
        // The file is there a moment before anybody listens.
        while UnixStream::connect(&socket).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "{}", log());
            thread::sleep(Duration::from_millis(20));
        }
        Some(Self { child, folder })
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    fn named(&self) -> Mysql {
        Mysql { socket: self.socket().display().to_string(), ..Mysql::default() }
    }

    /// A session of the owner that may write.
    fn owner(&self) -> Line {
        let mut line = open(&self.socket());
        line.sign_in(&own()).unwrap();
        line.give(Duration::from_secs(100));
        line
    }

    /// Halts it, until every thread of it stands.
    fn stop(&self) {
        self.signal(Signal::STOP);
        let tasks = format!("/proc/{}/task", self.child.id());
        let stands = |task: &Path| {
            let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
            stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
        };
        while !std::fs::read_dir(&tasks).unwrap().all(|task| stands(&task.unwrap().path())) {
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open(socket: &Path) -> Line {
    Line::open(socket, Duration::from_secs(30)).unwrap().0
}

fn own() -> String {
    crate::collect::databases::own_name(&Host::live()).unwrap()
}

fn put(line: &mut Line, statements: &[&str]) {
    for statement in statements {
        line.ask(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
    }
}

fn gap<'a>(unseen: &'a [Unseen], what: &str) -> &'a Unseen {
    unseen.iter().find(|gap| gap.what.starts_with(what)).unwrap_or_else(|| panic!("{what}: {unseen:?}"))
}

#[test]
fn the_owner_of_the_socket_account_sees_what_was_put_there() {
    let Some(server) = Server::start(&own()) else { return };
    let id = "IDENTIFIED VIA";
    put(
        &mut server.owner(),
        &[
            "CREATE DATABASE `it's a \\\\ shop`",
            "CREATE TABLE `it's a \\\\ shop`.goods ENGINE=InnoDB AS SELECT seq, REPEAT('x', 200) FROM mysql.user, \
                (SELECT 1 AS seq UNION SELECT 2) numbers",
            "CREATE VIEW `it's a \\\\ shop`.seen AS SELECT 1",
            "CREATE DATABASE bare",
            "CREATE USER app@'%' IDENTIFIED BY 'long and secret'",
            "GRANT ALL ON *.* TO app@'%'",
            "CREATE USER open@'%'",
            "CREATE USER ''@localhost",
            "CREATE USER asleep@localhost ACCOUNT LOCK",
            &format!("CREATE USER peer@localhost {id} unix_socket"),
            &format!("CREATE USER either@localhost {id} unix_socket OR mysql_native_password"),
            "CREATE ROLE readers",
        ],
    );
    let (mut seen, mut unseen) = (server.named(), Vec::new());
    sign_in(&Host::live(), &mut seen, &mut unseen);
    assert!(unseen.is_empty(), "{unseen:?}");
    assert_eq!(seen.product.as_deref(), Some("MariaDB"));
    assert_eq!(seen.account, Some(format!("{}@localhost", own())));
    let numbers = seen.version.unwrap();
    assert!(
        numbers.split('.').count() == 3 && numbers.split('.').all(|n| n.parse::<u32>().is_ok()),
        "{numbers}"
    );
    let setting = |name: &str| seen.settings.iter().find(|s| s.name == name).map(|s| s.value.as_str());
    assert_eq!(setting("skip_networking"), Some("ON"));
    assert!(setting("local_infile").is_some() && setting("bind_address").is_some(), "{:?}", seen.settings);
    let database = |name: &str| seen.databases.iter().find(|d| d.name == name).unwrap();
    assert!(database("it's a \\\\ shop").tables == 1 && database("it's a \\\\ shop").size_bytes >= 16_384);
    assert_eq!((database("bare").tables, database("bare").size_bytes), (0, 0));
    assert_eq!(seen.databases.last().unwrap().name, "bare", "the largest first: {:?}", seen.databases);
    let accounts = seen.accounts.unwrap();
    let account = |user: &str| accounts.iter().find(|a| a.user == user).unwrap();
    let told = |a: &MysqlAccount| (a.is_passwordless, a.is_administrator, a.is_locked);
    assert_eq!(told(account(&own())), (false, true, false));
    assert_eq!((told(account("app")), account("app").host.as_str()), ((false, true, false), "%"));
    assert_eq!(told(account("open")), (true, false, false));
    assert_eq!(told(account("")), (true, false, false));
    assert!(account("asleep").is_locked && account("mariadb.sys").is_locked);
    assert_eq!(
        (told(account("peer")), account("peer").method.as_str()),
        ((false, false, false), "unix_socket")
    );
    assert!(account("either").is_passwordless, "beside the socket an empty password lets it in");
    assert!(accounts.iter().all(|a| a.user != "readers"), "a role signs in nowhere");
}

#[test]
fn who_may_see_less_is_told_what_is_missing_and_which_right_would_show_it() {
    let Some(server) = Server::start(&own()) else { return };
    put(
        &mut server.owner(),
        &["CREATE DATABASE shop", "CREATE TABLE shop.goods (n INT)", "CREATE USER less@localhost"],
    );
    let (mut seen, mut unseen) = (server.named(), Vec::new());
    look(&mut seen, "less", &mut unseen).unwrap();
    assert!(seen.accounts.is_none() && seen.databases.is_empty() && !seen.settings.is_empty(), "{seen:?}");
    let others = gap(&unseen, "databases of others");
    assert_eq!(others.hides, Some(vec![format!("mysql {} database", seen.socket)]));
    let commands = [others, gap(&unseen, "accounts")].map(|gap| gap.allow_with.as_deref().unwrap());
    // The words between the quotes are what an administrator would run.
    let mut owner = server.owner();
    for command in commands {
        owner.ask(command.split('"').nth(1).unwrap()).unwrap();
    }
    let (mut seen, mut unseen) = (server.named(), Vec::new());
    look(&mut seen, "less", &mut unseen).unwrap();
    assert!(unseen.is_empty(), "{unseen:?}");
    assert!(
        seen.accounts.is_some_and(|accounts| accounts.iter().any(|a| a.user == "less" && a.is_passwordless))
    );
    assert!(
        seen.databases.iter().any(|d| d.name == "shop" && d.tables == 1 && d.size_bytes > 0),
        "{:?}",
        seen.databases
    );
    let mut less = open(&server.socket());
    less.sign_in("less").unwrap();
    let fault = less.ask("SELECT n FROM shop.goods").unwrap_err().to_string();
    assert!(fault.contains("denied"), "the rights that were named show no row: {fault}");
}

#[test]
fn a_server_that_refuses_is_told_with_its_words_and_the_command_that_helps() {
    let Some(server) = Server::start(&own()) else { return };
    put(&mut server.owner(), &[&format!("ALTER USER {}@localhost IDENTIFIED BY 'not told'", own())]);
    let (mut seen, mut unseen) = (server.named(), Vec::new());
    sign_in(&Host::live(), &mut seen, &mut unseen);
    assert!(seen.account.is_none() && seen.settings.is_empty() && unseen.len() == 1);
    assert_eq!(unseen[0].what, format!("the catalogue of MariaDB at {}", seen.socket));
    assert!(unseen[0].because.contains(&format!("as {}: Access denied for user", own())), "{unseen:?}");
    assert!(seen.version.is_some(), "the version is told to everybody");
    assert!(matches!(
        look(&mut seen, "somebody", &mut unseen),
        Err(Fault::Refused { code: 1045 | 1698, .. })
    ));
    let command = let_in("MariaDB", "/run/mysqld/mysqld.sock", "watcher").unwrap();
    assert!(command.contains("CREATE USER 'watcher'@'localhost' IDENTIFIED VIA unix_socket;"), "{command}");
    let command = let_in("MySQL", "/run/mysqld/mysqld.sock", "root").unwrap();
    assert!(command.contains("'mainstay'@'localhost' IDENTIFIED WITH auth_socket AS 'root'"), "{command}");
}

#[test]
fn the_session_cannot_write() {
    let Some(server) = Server::start(&own()) else { return };
    let mut line = server.owner();
    put(&mut line, &["CREATE DATABASE shop", "CREATE TABLE shop.goods (n INT)"]);
    ask::prepare(&mut line, true).unwrap();
    for statement in [
        "INSERT INTO shop.goods VALUES (1)",
        "DROP TABLE shop.goods",
        "CREATE USER x",
        "SET GLOBAL read_only = 0; SELECT 1",
    ] {
        let fault = line.ask(statement).unwrap_err();
        assert!(matches!(&fault, Fault::Refused { code: 1792 | 1064, .. }), "{statement}: {fault}");
    }
    let rows = line.ask("SELECT @@max_statement_time, @@lock_wait_timeout").unwrap();
    assert_eq!(rows, [[Some("3.000000".to_owned()), Some("1".to_owned())]]);
}

#[test]
fn tables_that_are_too_many_to_add_up_are_counted_at_least() {
    let Some(server) = Server::start(&own()) else { return };
    let mut line = server.owner();
    put(&mut line, &["CREATE DATABASE crowd"]);
    for at in 0..500 {
        line.ask(&format!("CREATE TABLE crowd.t{at} (n INT) ENGINE=MEMORY")).unwrap();
    }
    ask::prepare(&mut line, true).unwrap();
    put(&mut line, &["SET SESSION max_statement_time = 0.004"]);
    let place = Place { socket: "/s".to_owned(), account: format!("{}@localhost", own()), is_mariadb: true };
    let mut unseen = Vec::new();
    let databases = ask::databases(&mut line, &place, &mut unseen).unwrap();
    let gap = gap(&unseen, "the size of database crowd at /s");
    assert_eq!(gap.hides, Some(vec!["mysql /s database crowd".to_owned()]));
    let crowd = databases.iter().find(|d| d.name == "crowd").unwrap();
    let counted = match crowd.tables {
        // Even the names can be too many for so short a time.
        0 => "its tables could not be counted in 3 s",
        _ => "its 500 tables could not be added up in 3 s",
    };
    assert_eq!((gap.because.as_str(), crowd.size_bytes), (counted, 0));
    line.give(Duration::from_secs(1));
    let mut unseen = Vec::new();
    let databases = ask::databases(&mut line, &place, &mut unseen).unwrap();
    assert_eq!(databases.len(), 2, "without time their names are told");
    assert!(unseen.iter().any(|gap| gap.what == "size and tables of 2 databases at /s"), "{unseen:?}");
}

#[test]
fn a_server_that_hangs_holds_nobody() {
    let Some(server) = Server::start(&own()) else { return };
    let mut line = server.owner();
    server.stop();
    line.give(Duration::from_secs(1));
    assert!(matches!(line.ask("SELECT 1"), Err(Fault::Late(1))), "in the middle of a look");
    let (mut seen, mut unseen) = (server.named(), Vec::new());
    sign_in(&Host::live(), &mut seen, &mut unseen);
    server.signal(Signal::CONT);
    assert_eq!(unseen[0].because, format!("as {}: no answer in 3 s", own()));
    assert_eq!(unseen[0].what, format!("the catalogue of MySQL or MariaDB at {}", seen.socket));
    assert!(seen.product.is_none());
}

#[test]
fn a_socket_nobody_listens_to_is_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let (mut seen, mut unseen) =
        (Mysql { socket: folder.path().join("s").display().to_string(), ..Mysql::default() }, Vec::new());
    sign_in(&Host::live(), &mut seen, &mut unseen);
    assert!(unseen.len() == 1 && unseen[0].because.contains("No such file"), "{unseen:?}");
    assert!(unseen[0].allow_with.is_none(), "no right would help");
}

/// Somebody's socket that says `answers`, one for each packet it hears, after its first.
fn hostile(folder: &Path, answers: Vec<Vec<u8>>) -> (PathBuf, thread::JoinHandle<()>) {
    let socket = folder.join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            // It may be gone already; then it heard enough.
            let _ = stream.write_all(&answer);
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
        }
    };
    (socket, thread::spawn(serve))
}

fn packet(number: u8, content: &[u8]) -> Vec<u8> {
    let mut packet = u32::try_from(content.len()).unwrap().to_le_bytes()[..3].to_vec();
    packet.push(number);
    packet.extend(content);
    packet
}

#[test]
fn what_a_strange_server_claims_is_not_believed() {
    let mut greeting = b"\x0a8.4.3\0\x01\0\0\0abcdefgh\0".to_vec();
    greeting
        .extend(b"\xff\xff\x2d\x02\0\xff\xff\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0");
    let ok = packet(2, b"\0\0\0\x02\0\0\0");
    let heard = |answers: Vec<Vec<u8>>| {
        let folder = tempfile::tempdir().unwrap();
        let (socket, thread) = hostile(folder.path(), answers);
        let mut seen = Mysql { socket: socket.display().to_string(), ..Mysql::default() };
        let fault = look(&mut seen, "root", &mut Vec::new()).unwrap_err();
        thread.join().unwrap();
        fault.to_string()
    };
    let hello = packet(0, &greeting);
    let huge = heard(vec![hello.clone(), ok.clone(), packet(1, b"\xfe\0\0\0\0\0\0\0\x10")]);
    assert!(huge.contains("more columns"), "{huge}");
    let file = heard(vec![hello.clone(), ok, packet(1, b"\xfb/etc/shadow")]);
    assert!(file.contains("asks for a file of this host"), "{file}");
    let long = heard(vec![b"\xff\xff\xff\0".to_vec()]);
    assert!(long.contains("256 KiB"), "{long}");
    let secret = heard(vec![hello.clone(), packet(2, b"\xfemysql_clear_password\0")]);
    assert!(secret.contains("signs in by mysql_clear_password"), "{secret}");
    let asked = heard(vec![
        hello,
        packet(2, b"\xfecaching_sha2_password\0abcdefghijklmnopqrst\0"),
        packet(4, b"\x01\x04"),
    ]);
    assert!(asked.contains("signs in by caching_sha2_password"), "{asked}");
    assert!(
        heard(vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]).contains("does not keep to the protocol")
    );
}

#[test]
fn one_that_trickles_or_takes_no_calls_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let trickle = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Each byte comes in time; the whole never would.
        let mut packet = packet(0, &[10; 200]).into_iter();
        while packet.next().is_some_and(|byte| stream.write_all(&[byte]).is_ok()) {
            thread::sleep(Duration::from_millis(100));
        }
        listener
    });
    assert!(matches!(Line::open(&socket, Duration::from_secs(1)), Err(Fault::Late(1))));
    let listener = trickle.join().unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let waiting = UnixStream::connect(&socket).unwrap();
    assert!(matches!(Line::open(&socket, Duration::from_secs(1)), Err(Fault::Late(1))), "its queue is full");
    drop(waiting);
}

#[test]
fn versions_are_told_without_what_stands_around_them() {
    assert_eq!(version("5.5.5-10.11.19-MariaDB-0+deb12u1"), "10.11.19");
    assert_eq!(version("11.8.3-MariaDB-0+deb13u1 from Debian"), "11.8.3");
    assert_eq!((version("8.4.3"), version("8.0.36-28")), ("8.4.3".to_owned(), "8.0.36".to_owned()));
}

/// Debian stable has no MySQL: this one runs where `MAINSTAY_TEST_MYSQL` names the socket of a fresh server, whose root
/// has an empty password, and leaves accounts in it.
#[test]
fn mysql_tells_the_same_and_lets_the_agent_in_by_the_line_it_is_given() {
    let Ok(socket) = std::env::var("MAINSTAY_TEST_MYSQL") else {
        println!("skipped: MAINSTAY_TEST_MYSQL names no socket");
        return;
    };
    let mut root = open(Path::new(&socket));
    root.sign_in("root").unwrap();
    root.give(Duration::from_secs(100));
    // It stays when it is loaded already.
    let _ = root.ask("INSTALL PLUGIN auth_socket SONAME 'auth_socket.so'");
    put(
        &mut root,
        &[
            "CREATE DATABASE IF NOT EXISTS shop",
            "CREATE TABLE IF NOT EXISTS shop.goods (n INT)",
            "CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY 'long and secret'",
            "CREATE USER IF NOT EXISTS open@'%'",
            "DROP USER IF EXISTS mainstay@localhost",
        ],
    );
    let command = let_in("MySQL", &socket, &own()).unwrap();
    for statement in command.split('"').nth(1).unwrap().split("; ") {
        root.ask(statement).unwrap_or_else(|fault| panic!("{statement}: {fault}"));
    }
    let named = || Mysql { socket: socket.clone(), ..Mysql::default() };
    let mut asked = Vec::new();
    assert!(matches!(look(&mut named(), "app", &mut asked), Err(Fault::Refused { .. } | Fault::Secret(_))));
    let account = if own() == "root" { "mainstay".to_owned() } else { own() };
    let (mut seen, mut unseen) = (named(), Vec::new());
    look(&mut seen, &account, &mut unseen).unwrap();
    assert_eq!(seen.account, Some(format!("{account}@localhost")));
    assert!(seen.databases.iter().any(|d| d.name == "shop" && d.tables == 1 && d.size_bytes > 0), "{seen:?}");
    assert!(seen.accounts.is_none() && unseen.len() == 1, "{unseen:?}");
    let grant = gap(&unseen, "accounts").allow_with.as_deref().unwrap();
    root.ask(grant.split('"').nth(1).unwrap()).unwrap();
    let (mut seen, mut unseen) = (named(), Vec::new());
    look(&mut seen, &account, &mut unseen).unwrap();
    assert!(unseen.is_empty(), "{unseen:?}");
    let accounts = seen.accounts.unwrap();
    let told = |user: &str| {
        accounts.iter().find(|a| a.user == user).map(|a| (a.is_passwordless, a.is_administrator))
    };
    assert_eq!((told("open"), told("app")), (Some((true, false)), Some((false, false))));
    assert_eq!((told("root"), told(&account)), (Some((true, true)), Some((false, false))));
    assert!(accounts.iter().any(|a| a.user == "mysql.sys" && a.is_locked));
    assert!(
        seen.product.as_deref() == Some("MySQL") && seen.settings.iter().any(|s| s.name == "bind_address")
    );
    let mut line = open(Path::new(&socket));
    line.sign_in(&account).unwrap();
    ask::prepare(&mut line, false).unwrap();
    assert!(matches!(line.ask("CREATE TABLE shop.more (n INT)"), Err(Fault::Refused { .. })));
    assert!(matches!(
        root.ask("SET SESSION TRANSACTION READ ONLY").and(root.ask("DROP TABLE shop.goods")),
        Err(Fault::Refused { code: 1792, .. })
    ));
}
