//! A PostgreSQL of one story's own, which the story may stop and start, with TLS where it asks for that.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// A running server; nothing where PostgreSQL is not installed.
    pub fn start(name: &str) -> Option<Self> {
        let bin = bin("initdb")?;
        let folder = std::env::temp_dir().join(format!("mainstay-cluster-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, bin, port };
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&cluster.folder).status().unwrap().success());
        }
        cluster
            .run("initdb", &["--username=mainstay", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        cluster.up();
        Some(cluster)
    }

    pub fn up(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=100",
            self.port,
            self.folder.display()
        );
        self.run("pg_ctl", &["--wait", "--silent", "start", "-l", "/dev/null", "-o", &options]);
    }

    /// As when its machine loses power.
    pub fn down(&self) {
        self.run("pg_ctl", &["--silent", "--wait", "--mode=immediate", "stop"]);
    }

    pub fn url(&self, host: &str, more: &str) -> String {
        format!("postgres://mainstay@{host}:{}/postgres{more}", self.port)
    }

    /// From now on only TLS, with this certificate and key.
    pub fn only_tls(&self, certificate: &str, key: &str) {
        let data = self.folder.join("data");
        for (name, text, mode) in [("server.crt", certificate, 0o600), ("server.key", key, 0o600)] {
            std::fs::write(data.join(name), text).unwrap();
            std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
            if is_root() {
                assert!(
                    Command::new("chown").arg("postgres").arg(data.join(name)).status().unwrap().success()
                );
            }
        }
        std::fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n").unwrap();
        let settings = std::fs::read_to_string(data.join("postgresql.conf")).unwrap();
        std::fs::write(data.join("postgresql.conf"), settings + "\nssl = on\n").unwrap();
        self.down();
        self.up();
    }

    fn run(&self, program: &str, words: &[&str]) {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let data = self.folder.join("data");
        let status = command
            .current_dir(&self.folder)
            .args(words)
            .arg("-D")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{words:?}: {status}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.folder.join("data/postmaster.pid").exists() {
            self.down();
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Reads every table and index of a database by PostgreSQL's own checker; answers in words when that is not installed.
pub fn check(url: &str) -> String {
    let Some(program) = bin("pg_amcheck").map(|bin| bin.join("pg_amcheck")) else {
        return "not installed here; nothing was checked".to_owned();
    };
    let said = Command::new(program)
        .args(["--install-missing", "--heapallindexed", "--parent-check", "--verbose", url])
        .output()
        .unwrap();
    let lines = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
    if lines.contains("permission denied") {
        return "only for a superuser of the server; nothing was checked".to_owned();
    }
    assert!(said.status.success(), "{lines}");
    let looked = lines.lines().filter(|line| line.contains("checking ")).count();
    assert!(looked > 50, "it looked at next to nothing: {lines}");
    format!("{looked} tables and indexes, nothing found")
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where this program of the newest PostgreSQL is: on the path, or where Debian keeps them.
fn bin(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = path.split(':').map(PathBuf::from);
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    on_path.chain(debian.into_iter().rev()).find(|folder: &PathBuf| Path::new(&folder.join(program)).exists())
}
