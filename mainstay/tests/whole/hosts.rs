//! Hosts for stories: the real agent with its spool and its orders, whose looks are told from a folder instead of the
//! machine, and whose orders are carried out by a shell script that plays the package system.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mainstay_agent::collect::Looked;
use mainstay_agent::wire::{Section, Took};
use mainstay_agent::{Config, clock};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::process::post_json;

/// What `mainstay agent-job` does for a real host: the lock while it works, `started`, output, an outcome; and a line in
/// `carried_out` for every order, so that one that ran twice shows.
const JOB: &str = r#"
host=$1; order=$2
exec 9>"$order/lock"; flock 9
[ -e "$order/outcome.json" ] && exit 0
( set -C; : > "$order/started" ) 2>/dev/null || exit 0
task=$(grep -o '"do":"[a-z_]*"' "$order/order.json" | cut -d'"' -f4)
echo "$task $(basename "$order")" >> "$host/carried_out"
old=$(cat "$host/installed"); new=$(cat "$host/offered")
hash=$(printf '%s to %s' "$old" "$new" | sha256sum | cut -d' ' -f1)
echo "Reading package lists" > "$order/output"
case $task in
simulate_packages) result="{\"steps\":[{\"action\":\"upgrade\",\"name\":\"openssl\",\"architecture\":\"amd64\",\"old\":\"$old\",\"new\":\"$new\",\"origins\":[]}],\"hash\":\"$hash\"}" ;;
keep_old) result='{"saved_as":"x","kept":[],"lost":[]}' ;;
apply_packages) echo "Setting up openssl ($new)" >> "$order/output"; echo "$new" > "$host/installed.new"; mv "$host/installed.new" "$host/installed"; result='{"done":[],"missing":[]}' ;;
*) result=null ;;
esac
printf '{"state":"succeeded","summary":"done","code":0,"ended_at_ms":1,"result":%s}' "$result" > "$order/outcome.new"
mv "$order/outcome.new" "$order/outcome.json"
"#;

/// One host and its agent.
pub struct Host {
    pub name: String,
    pub folder: PathBuf,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Result<(), mainstay_agent::Fault>>,
}

impl Host {
    /// Enrols with this token and reports from now on, to this address, whoever listens there.
    pub fn start(to: SocketAddr, token: &str, name: &str, folder: &Path) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir_all(folder.join("agent")).unwrap();
        std::fs::write(folder.join("job.sh"), JOB).unwrap();
        std::fs::write(folder.join("installed"), "1\n").unwrap();
        std::fs::write(folder.join("offered"), "2\n").unwrap();
        let machine = json!({ "name": name, "machine_id": name, "os": "debian", "os_name": "Debian 12", "architecture": "x86_64", "agent": "0.1.0" });
        let enrol = json!({ "protocol": 1, "token": token, "nonce": name, "machine": machine });
        let said = post_json(to, "/api/v1/agent/enrol", "", &enrol).expect("the server answers");
        let enrolled: serde_json::Value = serde_json::from_str(&said.body).expect("it enrols");
        let identity = json!({ "server": format!("http://{to}"), "agent_id": enrolled["agent_id"], "key": enrolled["key"] });
        std::fs::write(folder.join("agent/agent.json"), identity.to_string()).unwrap();
        let (stop, task) = run(&folder);
        Self { name: name.to_owned(), folder, stop, task }
    }

    /// The agent ends; its folder stays.
    pub async fn halt(&mut self) {
        self.stop.send(true).unwrap();
        (&mut self.task).await.unwrap().unwrap();
    }

    /// The agent starts again on its folder.
    pub fn go_on(&mut self) {
        (self.stop, self.task) = run(&self.folder);
    }

    /// What stands in one of its files.
    pub fn number(&self, file: &str) -> u32 {
        number(&self.folder, file)
    }

    /// A newer version is offered, when the last one is installed.
    pub fn offer_next(&self) -> bool {
        let (installed, offered) = (self.number("installed"), self.number("offered"));
        if installed == offered {
            std::fs::write(self.folder.join("offered.new"), format!("{}\n", offered + 1)).unwrap();
            std::fs::rename(self.folder.join("offered.new"), self.folder.join("offered")).unwrap();
        }
        installed == offered
    }

    /// The orders of this kind that were carried out, each as often as it was.
    pub fn carried_out(&self, task: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("carried_out")).unwrap_or_default();
        text.lines().filter_map(|line| line.strip_prefix(task)).map(|id| id.trim().to_owned()).collect()
    }

    pub async fn stop(mut self) {
        self.halt().await;
    }
}

type Running = (watch::Sender<bool>, tokio::task::JoinHandle<Result<(), mainstay_agent::Fault>>);

fn run(folder: &Path) -> Running {
    let (stop, mut stopped) = watch::channel(false);
    let task = tokio::spawn(mainstay_agent::run(config(folder), async move {
        drop(stopped.wait_for(|stopped| *stopped).await);
    }));
    (stop, task)
}

fn number(folder: &Path, file: &str) -> u32 {
    std::fs::read_to_string(folder.join(file)).unwrap().trim().parse().unwrap()
}

fn config(folder: &Path) -> Config {
    let job = vec!["sh".into(), folder.join("job.sh").into(), folder.into()];
    let mut config = Config::new(folder.join("agent"), job);
    let own = folder.to_owned();
    config.sections = vec![Section::Updates];
    config.look = Arc::new(move |section| (*section == Section::Updates).then(|| look(&own)));
    config.interval = |_| Duration::from_millis(120);
    config.first_pause = Duration::from_millis(50);
    config
}

fn look(folder: &Path) -> Looked {
    let (installed, offered) = (number(folder, "installed"), number(folder, "offered"));
    let update = json!({
        "name": "openssl", "arch": "amd64", "installed": installed.to_string(), "candidate": offered.to_string(),
        "source": "openssl", "source_version": offered.to_string(), "origins": [], "is_security": true,
        "download_bytes": 10, "waiting": mainstay_agent::wire::packages::Update::default().waiting
    });
    let updates = if installed == offered { vec![] } else { vec![update] };
    let content = json!({ "value": { "updates": updates, "arriving": [], "leaving": [], "kept_back": [], "lists": [] }, "unseen": [] });
    let content = serde_json::value::to_raw_value(&content).unwrap();
    let hash = Sha256::digest(content.get().as_bytes()).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    Looked { section: Section::Updates, at_ms: clock::now_ms(), content, hash, took: Took::default() }
}
