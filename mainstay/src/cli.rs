//! The words on the command line.

mod doctor;
mod organisation;
mod up;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use mainstay_kernel::Fault;

/// Keeps your systems patched, supported and explained, and shows the proof.
#[derive(Parser)]
#[command(name = "mainstay", version)]
pub struct Command {
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand)]
enum Word {
    /// Start here: serve, and look after this machine.
    Up(Up),
    /// Run the agent of another machine.
    Agent(Agent),
    /// Print the one line that brings another machine in.
    AddHost(AddHost),
    /// The organisations that this installation keeps apart.
    Organisation(Organisation),
    /// Check storage, keys, clock, queue and permissions; or one thing in depth.
    Doctor(Doctor),
    /// One order of an agent, in a process of its own.
    #[command(hide = true)]
    AgentJob { folder: PathBuf },
}

/// Where a server's data is.
#[derive(Args, Clone)]
struct Place {
    /// Keys, certificates and the embedded database.
    #[arg(long, global = true, default_value = "mainstay-data")]
    data: PathBuf,
    /// A PostgreSQL instead of the embedded database: `postgres://user@host/database`.
    #[arg(long, global = true)]
    postgres: Option<String>,
}

#[derive(Args)]
struct Up {
    #[command(flatten)]
    place: Place,
    /// Loopback is plain; anything else speaks TLS.
    #[arg(long, default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
    /// A certificate chain in PEM, with --tls-key; without it one is made, to be pinned by its fingerprint.
    #[arg(long, requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    #[arg(long, requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// The first minute as one JSON document on standard output.
    #[arg(long)]
    json: bool,
    /// Serve only; do not look after this machine.
    #[arg(long)]
    no_agent: bool,
}

#[derive(Args)]
struct AddHost {
    #[command(flatten)]
    place: Place,
    /// The short name of the organisation it comes to; the first one when absent.
    #[arg(long, default_value = "")]
    org: String,
}

#[derive(Args)]
struct Organisation {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: OrganisationWord,
}

#[derive(Subcommand)]
enum OrganisationWord {
    /// Make one, and print the link that signs its owner in.
    Add {
        /// Short name in addresses: 1 to 40 lower-case letters, digits, dashes.
        slug: String,
        /// What people call it.
        #[arg(long)]
        name: String,
    },
    /// Short name and name of each.
    List,
}

#[derive(Args)]
struct Agent {
    /// Where the server is: `https://HOST:PORT`. Needed once.
    #[arg(long)]
    server: Option<String>,
    /// The single-use token that `mainstay add-host` printed. Needed once.
    #[arg(long)]
    token: Option<String>,
    /// SHA-256 of the server's own certificate, when no authority vouches for it.
    #[arg(long)]
    fingerprint: Option<String>,
    /// Where the agent keeps its key and what it has not yet sent.
    #[arg(long, default_value = "/var/lib/mainstay-agent")]
    data: PathBuf,
    /// Look only: orders that change packages are refused.
    #[arg(long)]
    read_only: bool,
}

#[derive(Args)]
struct Doctor {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Recompute the chain over all events; names the first altered row.
    Verify,
    /// Check tables and statements against what a cluster accepts.
    Schema,
    /// Who listens to what.
    Events,
    /// Throw the search index away; the next start builds it again.
    Reindex,
}

/// Runs a command; the exit code says how it went: 0 well, 1 not, 2 wrongly called.
pub fn run(command: Command) -> ExitCode {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&Fault::broken(error)),
    };
    let ended = match command.word {
        Word::Up(words) => runtime.block_on(up::up(words)),
        Word::AddHost(words) => runtime.block_on(up::add_host(&words)),
        Word::Organisation(words) => runtime.block_on(organisation::organisation(words)),
        Word::Agent(words) => runtime.block_on(agent(words)),
        Word::Doctor(words) => runtime.block_on(doctor::doctor(words)),
        Word::AgentJob { folder } => return mainstay_agent::job(&folder),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => failed(&fault),
    }
}

/// A fault as a terminal shows it.
fn failed(fault: &Fault) -> ExitCode {
    match fault {
        Fault::Broken(source) => {
            eprintln!("error: {source}\nhint: RUST_LOG=debug tells more; this is a fault of ours");
        }
        other => eprintln!("error: {other}"),
    }
    if let Some(hint) = hint(fault) {
        eprintln!("hint: {hint}");
    }
    if matches!(fault, Fault::Invalid(_)) { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// What to do about it, where the fault itself does not say.
fn hint(fault: &Fault) -> Option<&'static str> {
    match fault.code() {
        "in_use" => Some("another mainstay uses this data folder; stop it, or choose another --data"),
        "away" => Some("check that the database runs and that --postgres names it, then start again"),
        "invalid" => Some("mainstay help tells the words and options"),
        _ => None,
    }
}

async fn agent(words: Agent) -> Result<(), Fault> {
    let mut config = mainstay_agent::Config::new(words.data, job_program()?);
    config.server = words.server;
    config.token = words.token;
    config.fingerprint = words.fingerprint;
    config.may_change = !words.read_only;
    mainstay_agent::run(config, interrupted())
        .await
        .map_err(|fault| Fault::conflict("agent", fault.to_string()))
}

/// How this program starts itself for one order.
fn job_program() -> Result<Vec<std::ffi::OsString>, Fault> {
    let own = std::env::current_exe().map_err(Fault::broken)?;
    Ok(vec![own.into(), "agent-job".into()])
}

/// Ctrl+C, or what a service manager sends.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
