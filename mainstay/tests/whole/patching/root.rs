//! A Debian of its own in a folder: the essential packages of this machine, copied with all that dpkg knows of them.
//! In it run this machine's real apt and dpkg, maintainer scripts and all; outside of it nothing is changed.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use mainstay_wire::{Order, Outcome, Task};

/// Where the agent in the root keeps what it has, as seen from inside.
pub const AGENT: &str = "/var/lib/mainstay-agent";
pub const PROGRAM: &str = "/usr/local/bin/mainstay";

/// A root; it goes when the value goes.
pub struct Root {
    pub path: PathBuf,
    orders: AtomicU32,
}

impl Root {
    /// `None`, with a line that says why, where one cannot be made.
    pub fn new(name: &str) -> Option<Self> {
        let (is_root, is_debian) = (id() == "0", Path::new("/var/lib/dpkg/status").exists());
        let has_tools = ["apt-ftparchive", "dpkg-deb", "chroot", "tar"].iter().all(|tool| is_here(tool));
        if !is_root || !is_debian || !has_tools {
            println!(
                "skipped: packages are changed in a root of its own, which needs root, dpkg and apt-ftparchive"
            );
            return None;
        }
        let path = std::env::temp_dir().join(format!("mainstay-root-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        made("cp", &["-a", &template().display().to_string(), &path.display().to_string()]);
        Some(Self { path, orders: AtomicU32::new(0) })
    }

    /// The place of a path of the root on this machine.
    pub fn at(&self, path: &str) -> PathBuf {
        self.path.join(path.trim_start_matches('/'))
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.path).arg(program).args(arguments).env_clear();
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Runs a program inside; what it said, whatever became of it.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.command(program, arguments).output().unwrap()
    }

    /// Runs a program inside that has to succeed; its standard output.
    pub fn must(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// `version state` of a package, as dpkg has it.
    pub fn package(&self, name: &str) -> String {
        let output = self.run("dpkg-query", &["-W", "-f", "${Version} ${db:Status-Status}", name]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Every package with its version and state, to compare a before with an after.
    pub fn packages(&self) -> BTreeSet<String> {
        let told = self.must("dpkg-query", &["-W", "-f", "${Package} ${Version} ${db:Status-Status}\n"]);
        told.lines().filter(|line| !line.ends_with("config-files")).map(str::to_owned).collect()
    }

    /// Writes an order down as the agent does; the folder of it, as seen from inside.
    pub fn order(&self, task: Task) -> String {
        let id = format!("order-{}", self.orders.fetch_add(1, Ordering::Relaxed));
        let order = Order { id: id.clone(), fence: 1, expires_at_ms: None, limit_s: 120, task };
        let folder = format!("{AGENT}/orders/{id}");
        self.write(&format!("{folder}/order.json"), &serde_json::to_string(&order).unwrap());
        folder
    }

    /// The process that carries out an order, not yet started.
    pub fn job(&self, folder: &str) -> Command {
        let mut command = self.command(PROGRAM, &["agent-job", folder]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    pub fn outcome(&self, folder: &str) -> Option<Outcome> {
        serde_json::from_str(&self.text(&format!("{folder}/outcome.json"))).ok()
    }

    /// Carries out an order in the real process for it. A simulation that failed shows the output.
    pub fn carry_out(&self, task: Task) -> Outcome {
        let folder = self.order(task);
        self.job(&folder).status().unwrap();
        let output = self.text(&format!("{folder}/output"));
        println!("{output}");
        self.outcome(&folder).expect("a job leaves an outcome")
    }

    /// Processes whose root this is.
    pub fn processes(&self) -> Vec<u32> {
        let inside = |pid: &u32| fs::read_link(format!("/proc/{pid}/root")).is_ok_and(|at| at == self.path);
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(inside).collect()
    }

    /// SIGKILL to everything inside, children first found or not, until nothing is left.
    pub fn kill_everything(&self) {
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            for pid in left {
                drop(Command::new("kill").args(["-9", &pid.to_string()]).output());
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// A long-running program inside, with this kernel's /proc mounted for it alone. It keeps the number of the
    /// child, so that a kill reaches it. `None` where mounting is not allowed.
    pub fn with_proc(&self, program: &str, arguments: &[&str]) -> Option<Command> {
        let mount = "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" \"$@\"";
        let shell = |rest: &[&str]| {
            let mut command = Command::new("unshare");
            command
                .args(["--mount", "--propagation", "private", "sh", "-c", mount])
                .arg(&self.path)
                .args(rest);
            command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
            command
        };
        if !shell(&["true"]).status().is_ok_and(|status| status.success()) {
            println!("skipped: a process of this root needs a /proc, and mounting is not allowed here");
            return None;
        }
        Some(shell(&[&[program], arguments].concat()))
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.path));
    }
}

fn id() -> String {
    let output = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn is_here(tool: &str) -> bool {
    ["/usr/bin", "/usr/sbin", "/bin"].iter().any(|folder| Path::new(folder).join(tool).exists())
}

/// Runs a program of this machine that has to succeed.
pub fn made(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Made once in a run of the tests, then copied. It goes with the next run: a process has no end to clean up at.
fn template() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        for entry in fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix("mainstay-root-template-");
            if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
                drop(fs::remove_dir_all(entry.path()));
            }
        }
        let path = std::env::temp_dir().join(format!("mainstay-root-template-{}", std::process::id()));
        build(&path);
        path
    })
}

fn build(root: &Path) {
    let folders =
        ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "tmp", "proc", "dev", "run", "root"];
    let state = ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/alternatives", "var/log/apt"];
    let apt = [
        "etc/apt/apt.conf.d",
        "etc/apt/preferences.d",
        "etc/apt/sources.list.d",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
    ];
    for folder in folders.iter().chain(&state).chain(&apt) {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for link in ["bin", "sbin", "lib", "lib64"] {
        std::os::unix::fs::symlink(format!("usr/{link}"), root.join(link)).unwrap();
    }
    let packages = essential();
    let names: Vec<&str> = packages.iter().map(|package| package.full.as_str()).collect();
    copy_files(root, &names);
    let records: Vec<String> = packages.iter().map(|package| package.record.clone()).collect();
    fs::write(root.join("var/lib/dpkg/status"), records.join("\n\n") + "\n").unwrap();
    made("mknod", &["-m", "666", &root.join("dev/null").display().to_string(), "c", "1", "3"]);
    for file in ["passwd", "group", "shadow"] {
        fs::copy(Path::new("/etc").join(file), root.join("etc").join(file)).unwrap();
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    let program = root.join(PROGRAM.trim_start_matches('/'));
    fs::copy(env!("CARGO_BIN_EXE_mainstay"), program).unwrap();
}

/// Files and control files of these packages, without what nobody runs.
fn copy_files(root: &Path, names: &[&str]) {
    let dull =
        ["/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/zoneinfo/", "/etc/apt/"];
    let listed = made("dpkg-query", &[&["-L"], names].concat());
    let mut files: BTreeSet<String> = listed
        .lines()
        .filter(|line| line.starts_with('/') && !dull.iter().any(|folder| line.starts_with(folder)))
        .map(|line| line.trim_start_matches('/').to_owned())
        .collect();
    for name in names {
        let control = made("dpkg-query", &["--control-path", name]);
        files.extend(control.lines().map(|path| path.trim_start_matches('/').to_owned()));
        let bare = format!("/var/lib/dpkg/info/{name}.list");
        let short = format!("/var/lib/dpkg/info/{}.list", name.split(':').next().unwrap());
        files.extend(
            [bare, short].iter().filter(|path| Path::new(path).exists()).map(|path| path[1..].to_owned()),
        );
    }
    files.extend(
        ["var/lib/dpkg/info/format", "usr/bin/awk", "etc/alternatives/awk", "etc/ld.so.cache"]
            .map(str::to_owned),
    );
    let list = root.join("tmp/list");
    let lines: Vec<String> = files.into_iter().filter(|file| !file.is_empty() && file != ".").collect();
    fs::write(&list, lines.join("\n")).unwrap();
    let mut pack = Command::new("tar")
        .args(["-C", "/", "--no-recursion", "--ignore-failed-read", "-cf", "-", "-T"])
        .arg(&list)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let unpacked = Command::new("tar")
        .arg("-C")
        .arg(root)
        .args(["-xpf", "-"])
        .stdin(pack.stdout.take().unwrap())
        .status();
    assert!(unpacked.unwrap().success() && pack.wait().is_ok());
    fs::remove_file(list).unwrap();
}

struct Package {
    /// `name`, or `name:arch` where dpkg wants it.
    full: String,
    record: String,
}

/// The essential packages, apt, and what they need.
fn essential() -> Vec<Package> {
    let status = fs::read_to_string("/var/lib/dpkg/status").unwrap();
    let native = made("dpkg", &["--print-architecture"]);
    let installed: Vec<&str> = status
        .split("\n\n")
        .filter(|record| {
            record.contains("\nStatus: install ok installed")
                || record.contains("\nStatus: hold ok installed")
        })
        .filter(|record| ["all", native.trim()].contains(&field(record, "Architecture").unwrap_or_default()))
        .collect();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (place, record) in installed.iter().enumerate() {
        for name in relations(field(record, "Provides").unwrap_or_default()) {
            by_name.entry(name).or_insert(place);
        }
    }
    for (place, record) in installed.iter().enumerate() {
        by_name.insert(field(record, "Package").unwrap(), place);
    }
    let is_first =
        |record: &&&str| field(record, "Essential") == Some("yes") || field(record, "Package") == Some("apt");
    let first = installed.iter().filter(is_first).filter_map(|record| field(record, "Package"));
    let mut wanted: Vec<usize> = first.map(|name| by_name[name]).collect();
    let mut taken = BTreeSet::new();
    while let Some(place) = wanted.pop() {
        if taken.insert(place) {
            for word in ["Depends", "Pre-Depends"] {
                let named = relations(field(installed[place], word).unwrap_or_default());
                wanted.extend(named.filter_map(|name| by_name.get(name)));
            }
        }
    }
    let package = |place: usize| {
        let record = installed[place].trim_end().replace("\nStatus: hold ", "\nStatus: install ");
        let name = field(&record, "Package").unwrap().to_owned();
        let is_same = field(&record, "Multi-Arch") == Some("same");
        let full = if is_same { format!("{name}:{}", native.trim()) } else { name };
        Package { full, record }
    };
    taken.into_iter().map(package).collect()
}

fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The names in a line of relations, alternatives included.
fn relations(line: &str) -> impl Iterator<Item = &str> {
    line.split([',', '|'])
        .filter_map(|one| one.trim().split([' ', ':', '(']).next())
        .filter(|name| !name.is_empty())
}
