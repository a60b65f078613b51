//! A PostgreSQL of the tests' own: own data folder, own port, no privileges, gone afterwards.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::tools;

/// The running server; dropped, it stops and its folder goes.
pub struct Postgres {
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Makes a cluster in a fresh folder and waits until it answers.
    pub fn start() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("mainstay-test-pg-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self { folder, port };
        if tools::is_root() {
            // PostgreSQL refuses to run as root; Debian's package brings this account.
            tools::run(Command::new("chown").arg("postgres").arg(&server.folder))?;
        }
        let data = server.folder.join("data");
        server.quiet(
            &["initdb", "--username=mainstay", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
            &data,
        )?;
        // fsync stays on: durability is what the crash tests are about.
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=300",
            server.folder.display()
        );
        server.quiet(&["pg_ctl", "--wait", "--silent", "start", "-o", &options, "-l", "/dev/null"], &data)?;
        Ok(server)
    }

    /// What tests connect to; each makes databases of its own from here.
    pub fn url(&self) -> String {
        format!("postgres://mainstay@127.0.0.1:{}/postgres", self.port)
    }

    fn quiet(&self, words: &[&str], data: &Path) -> Result<()> {
        let program =
            tools::find(words[0]).with_context(|| format!("{} is missing: install postgresql", words[0]))?;
        let mut command = if tools::is_root() {
            let mut runuser = Command::new("runuser");
            runuser.args(["-u", "postgres", "--"]).arg(program);
            runuser
        } else {
            Command::new(program)
        };
        let status = command
            .current_dir(&self.folder)
            .args(&words[1..])
            .arg("-D")
            .arg(data)
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("{} ended with {status}", words[0]);
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        if let Err(error) = self.quiet(&["pg_ctl", "--silent", "--mode=immediate", "stop"], &data) {
            eprintln!("the tests' PostgreSQL did not stop: {error:#}");
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{}: {error}", self.folder.display());
        }
    }
}
