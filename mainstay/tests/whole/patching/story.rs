//! The whole way, with a real server and a real agent: a finding, a plan, its approval, the installation, the look
//! after it, and the way back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::archive::{Made, Suite};
use super::root::{AGENT, PROGRAM, Root};
use crate::process::{Process, Reply, send};

/// A server, and an agent inside a root that reports to it.
struct Whole {
    root: Root,
    data: PathBuf,
    server: Option<Process>,
    agent: Option<Child>,
    cookie: String,
}

impl Whole {
    fn start(root: Root, name: &str) -> Option<Self> {
        let data = std::env::temp_dir().join(format!("mainstay-patching-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&data));
        root.with_proc("/bin/true", &[])?;
        let server = Process::start(&data, None);
        let cookie = server.sign_in();
        let mut whole = Self { root, data, server: Some(server), agent: None, cookie };
        let token = invite(&whole.data);
        whole.start_agent(&["--token", &token]);
        Some(whole)
    }

    fn server(&self) -> &Process {
        self.server.as_ref().unwrap()
    }

    fn start_agent(&mut self, more: &[&str]) {
        let address = format!("http://{}", self.server().address);
        let words = [&["agent", "--server", &address, "--data", AGENT], more].concat();
        let mut command = self.root.with_proc(PROGRAM, &words).unwrap();
        let log =
            std::fs::File::options().create(true).append(true).open(self.data.join("agent.log")).unwrap();
        self.agent = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// SIGKILL to the agent alone; what it has started goes on.
    fn kill_agent(&mut self) {
        let mut agent = self.agent.take().unwrap();
        agent.kill().unwrap();
        agent.wait().unwrap();
    }

    fn ask(&self, method: &str, path: &str, form: &str) -> Reply {
        send(self.server().address, method, path, &self.cookie, form).expect("the server answers")
    }

    fn page(&self, path: &str) -> String {
        let reply = self.ask("GET", path, "");
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    /// Posts a form and answers where it leads.
    fn post(&self, path: &str, form: &str) -> String {
        let reply = self.ask("POST", path, form);
        assert_eq!(reply.status, 303, "{path}: {}", reply.body);
        let line = reply.head.lines().find_map(|line| line.strip_prefix("location: "));
        line.unwrap().to_owned()
    }

    /// The page, once it says so.
    fn until(&self, path: &str, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let page = self.page(path);
            if is_so(&page) {
                return page;
            }
            if begun.elapsed() > Duration::from_mins(4) {
                let log = std::fs::read_to_string(self.data.join("agent.log")).unwrap_or_default();
                panic!("waited in vain for {what} on {path}\n{}\nagent: {log}", text(&page));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn until_says(&self, path: &str, words: &str) -> String {
        self.until(path, words, |page| text(page).contains(words))
    }

    /// The words of a plan's page, once the plan has come to that state.
    fn until_state(&self, plan: &str, state: &str) -> String {
        let id = plan.rsplit('/').next().unwrap();
        self.until(&format!("/api/v1/plans/{id}"), state, |body| {
            let said: serde_json::Value = serde_json::from_str(body).unwrap();
            let now = said["state"].as_str().unwrap();
            assert!(now == state || !["done", "failed", "cancelled"].contains(&now), "{body}");
            now == state
        });
        text(&self.page(plan))
    }

    /// The address of the one finding with these words in its title, once it is there.
    fn finding(&self, title: &str) -> String {
        let page = self.until("/findings", title, |page| page.contains(title));
        link_to(&page, "/findings/", title)
    }

    /// Prepares, reads and approves the plan of a finding; the address of the plan.
    fn approve(&self, plan: &str) {
        let page = self.until_says(plan, "Approve it");
        let hash = between(&page, "name=\"hash\" value=\"", "\"");
        self.post(&format!("{plan}/approve"), &format!("hash={hash}"));
    }

    fn plan(&self, finding: &str) -> String {
        let page = self.page(finding);
        let asset = between(&page, "name=\"asset\" value=\"", "\"");
        self.post("/maintenance/plans", &format!("asset={asset}&which=security"))
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            drop(agent.kill());
            drop(agent.wait());
        }
        if let Some(server) = self.server.take() {
            server.kill();
        }
        drop(std::fs::remove_dir_all(&self.data));
    }
}

/// What `add-host` prints, as far as the agent needs it.
fn invite(data: &Path) -> String {
    let line =
        Command::new(env!("CARGO_BIN_EXE_mainstay")).args(["add-host", "--data"]).arg(data).output().unwrap();
    let line = String::from_utf8_lossy(&line.stdout).into_owned();
    line.split("--token ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {}", text(page))).1;
    rest.split_once(after).unwrap().0
}

/// The address of the link with these words, among those that begin so.
fn link_to(page: &str, place: &str, words: &str) -> String {
    let before = page.split_once(words).unwrap().0;
    let from = before.rfind(&format!("href=\"{place}")).unwrap() + "href=\"".len();
    before[from..].split('"').next().unwrap().to_owned()
}

/// The words of a page without its tags.
fn text(page: &str) -> String {
    let mut out = String::new();
    for piece in page.split('<') {
        out.push_str(piece.split_once('>').map_or(piece, |(_, words)| words));
        out.push(' ');
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

const CHANGELOG: &str = "webby (1.1) stable-security; urgency=high\n\n  * CVE-2026-4711, CVE-2026-4712: it said too much.\n\n \
    -- Nobody <nobody@example.org>  Mon, 23 Nov 2026 10:00:00 +0000\n\nwebby (1.0) stable; urgency=low\n\n  * CVE-2020-0001: old.\n\n \
    -- Nobody <nobody@example.org>  Mon, 06 Jan 2020 10:00:00 +0000\n";

/// A host where `webby` 1.1 waits; its postinst goes on only when it may, so that one can look while it works.
fn host(name: &str) -> Option<Root> {
    let root = Root::new(name)?;
    let waits = "echo webby sets itself up; n=0; while [ ! -e /run/go ] && [ $n -lt 900 ]; do sleep 0.1; n=$((n+1)); done; echo webby is ready";
    root.install(&Made { name: "webby", ..Made::default() });
    let new = Made {
        name: "webby",
        version: "1.1",
        files: &[("/usr/share/doc/webby/changelog", 0o644, CHANGELOG)],
        scripts: &[("postinst", waits)],
        ..Made::default()
    };
    root.offer(&new, Suite::Security);
    for name in ["minor", "held"] {
        root.install(&Made { name, ..Made::default() });
    }
    root.must("apt-mark", &["hold", "held"]);
    root.offer(&Made { name: "minor", version: "1.0.1", ..Made::default() }, Suite::Stable);
    root.offer(&Made { name: "held", version: "1.1", ..Made::default() }, Suite::Security);
    root.publish();
    Some(root)
}

/// What the findings show as evidence, and what apt says itself, line by line.
fn findings_and_apt(whole: &Whole) -> (BTreeSet<String>, BTreeSet<String>) {
    let body = whole.page("/api/v1/findings?rule=patches.update_waiting");
    let said: serde_json::Value = serde_json::from_str(&body).unwrap();
    let items = said["items"].as_array().unwrap().iter();
    let evidence = items.flat_map(|item| item["detail"]["evidence"].as_array().unwrap().clone());
    let ours = evidence.map(|line| line.as_str().unwrap().to_owned());
    let told = whole.root.must("apt-get", &["-s", "-q", "-o", "Debug::NoLocking=1", "dist-upgrade"]);
    let lines = told.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_once("])"));
    (ours.collect(), lines.map(|(line, _)| format!("{line}])")).collect())
}

#[test]
fn an_update_goes_from_finding_to_gone_and_back_again() {
    let Some(root) = host("whole") else { return };
    let Some(whole) = Whole::start(root, "story") else { return };
    let finding = whole.finding("Security update of webby waits");
    let page = whole.until_says(&finding, "CVE-2026-4711");
    let said = text(&page);
    assert!(said.contains("CVE-2026-4712") && !said.contains("CVE-2020-0001"), "only what is new: {said}");

    whole.finding("1 other update waits");
    whole.finding("Security update of held is kept back");
    let (mut ours, apts) = findings_and_apt(&whole);
    assert!(ours.remove("held 1.0 installed, 1.1 offered"), "{ours:?}");
    assert_eq!((ours.len(), &ours), (2, &apts), "ours on the left, those of apt on the right");

    let plan = whole.plan(&finding);
    let page = text(&whole.until_says(&plan, "Approve it"));
    assert!(page.contains("upgrade webby :all 1.0 1.1"), "{page}");
    assert!(page.contains("saved packages: all 1 old versions"), "{page}");
    assert_eq!(whole.root.package("webby"), "1.0 installed", "nothing happens before the approval");
    whole.approve(&plan);
    let page = whole.until(&plan, "the run that installs", |page| page.contains(">apply</a>"));
    let run = link_to(&page, "/maintenance/runs/", ">apply</a>");
    let page = text(&whole.until_says(&run, "webby sets itself up"));
    assert!(
        page.contains("as it is written") && !page.contains("webby is ready"),
        "seen while it works: {page}"
    );
    whole.root.write("/run/go", "");
    whole.until_says(&run, "webby is ready");
    let page = whole.until_state(&plan, "done");
    assert!(page.contains("1 of 1 packages stand in the version asked for"), "{page}");
    assert_eq!(whole.root.package("webby"), "1.1 installed");
    whole.until(&finding, "its end", |page| text(page).contains(" gone "));

    let page = whole.until_says(&plan, "Roll back");
    assert!(text(&page).contains("1 old package is saved"), "{}", text(&page));
    let back = whole.post(&format!("{plan}/back"), "");
    assert_ne!(back, plan);
    let page = text(&whole.until_says(&back, "Approve it"));
    assert!(page.contains("downgrade webby :all 1.1 1.0"), "{page}");
    assert_eq!(whole.root.package("webby"), "1.1 installed", "the way back waits for its own approval");
    whole.approve(&back);
    whole.until_state(&back, "done");
    assert_eq!(whole.root.package("webby"), "1.0 installed");
    whole.until(&finding, "its return", |page| text(page).contains("Plan updates"));
    assert!(!text(&whole.page(&back)).contains("Roll back #2 on"), "{}", text(&whole.page(&back)));
}

#[test]
fn an_agent_killed_while_it_installs_loses_nothing() {
    let Some(root) = host("agent-killed") else { return };
    let Some(mut whole) = Whole::start(root, "killed") else { return };
    let finding = whole.finding("Security update of webby waits");
    let plan = whole.plan(&finding);
    whole.approve(&plan);
    let page = whole.until(&plan, "the run that installs", |page| page.contains(">apply</a>"));
    let run = link_to(&page, "/maintenance/runs/", ">apply</a>");
    whole.until_says(&run, "webby sets itself up");
    whole.kill_agent();
    whole.start_agent(&[]);
    whole.root.write("/run/go", "");
    let page = whole.until_state(&plan, "done");
    assert!(page.contains("1 of 1 packages stand in the version asked for"), "{page}");
    let page = text(&whole.until_says(&run, "webby is ready"));
    assert_eq!(page.matches("webby sets itself up").count(), 1, "nothing was done twice: {page}");
}

#[test]
fn a_host_that_lost_its_power_is_repaired_and_says_so() {
    let Some(root) = host("power") else { return };
    let Some(mut whole) = Whole::start(root, "power") else { return };
    let finding = whole.finding("Security update of webby waits");
    let plan = whole.plan(&finding);
    whole.approve(&plan);
    let page = whole.until(&plan, "the run that installs", |page| page.contains(">apply</a>"));
    let run = link_to(&page, "/maintenance/runs/", ">apply</a>");
    whole.until_says(&run, "webby sets itself up");
    // Everything that runs in the root ends at one moment, in the middle of a package.
    whole.kill_agent();
    whole.root.kill_everything();
    whole.root.write("/run/go", "");
    whole.start_agent(&[]);
    let page = whole.until_state(&plan, "failed");
    assert!(page.contains("the process that did it vanished"), "{page}");
    assert!(page.contains("1 of 1 packages stand in the version asked for"), "it was repaired: {page}");
    assert!(text(&whole.page(&run)).contains("dpkg --force-confdef --force-confold --configure -a"));
    assert_eq!(whole.root.package("webby"), "1.1 installed");
    whole.until(&finding, "its end, by the look after it", |page| text(page).contains(" gone "));
    whole.until_says(&plan, "Roll back");
}
