//! Packages on the wire: what is installed, what waits, what runs old code.

use serde::{Deserialize, Serialize};

/// Who keeps the packages of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Debian and Ubuntu.
    #[default]
    Dpkg,
    /// Red Hat, SUSE, Fedora and their kin.
    Rpm,
    /// Alpine.
    Apk,
}

/// Installed packages of all families found, sorted by family, name, architecture and version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// One entry per installed package; packages of which only configuration is left are not in it.
    pub packages: Vec<Package>,
}

/// One installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub family: Family,
    pub name: String,
    /// Full version in the family's own notation: `[epoch:]upstream[-revision]`, for rpm `[epoch:]version-release`.
    pub version: String,
    /// `all` and `noarch` are kept as written.
    pub arch: String,
    /// What advisories speak of on Debian, Ubuntu and Alpine (origin). For rpm the name inside `SOURCERPM`.
    pub source: String,
    /// Version of the source; differs from `version` for rebuilds (`+b1`) and renamed binaries.
    pub source_version: String,
    pub state: PackageState,
    /// Kept from upgrades by the administrator (dpkg hold).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_held: bool,
    /// Module and stream of rpm packages that belong to one: `nodejs:20:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Bytes on disk as the package declares them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_bytes: Option<u64>,
    /// When it came on the host, milliseconds since 1970, where the family records it (rpm).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_at_ms: Option<u64>,
}

/// How far the installation of a package got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageState {
    #[default]
    Installed,
    /// Unpacked, not configured; also half-configured.
    Unconfigured,
    /// Broken off while unpacking or removing, or marked as needing a reinstallation.
    Broken,
    /// Configured, waits for triggers of other packages.
    TriggersPending,
}

/// Updates that wait: what the package system itself would do if it were told to bring everything up to date.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Updates {
    /// Installed packages that would change, sorted by name and architecture.
    pub updates: Vec<Update>,
    /// Packages that would come in as new dependencies.
    pub arriving: Vec<Update>,
    /// Packages that would be removed.
    pub leaving: Vec<Leaving>,
    /// A newer version exists, the package system would not install it.
    pub kept_back: Vec<KeptBack>,
    /// The package lists this was computed from.
    pub lists: Vec<PackageList>,
}

/// One package that would be installed in another version, or newly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    pub name: String,
    /// Architecture of the package, `all` for one that fits every machine.
    pub arch: String,
    /// `None` for a package that is not installed yet.
    pub installed: Option<String>,
    pub candidate: String,
    /// Source of the candidate.
    pub source: String,
    pub source_version: String,
    /// Source version of what is installed; changelogs are read from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_source_version: Option<String>,
    /// Every archive that offers the candidate.
    pub origins: Vec<Origin>,
    /// Whether an offering archive is a security archive, or (Ubuntu) a security archive offers a version
    /// between the installed one and the candidate.
    pub is_security: bool,
    /// The candidate's version is lower than the installed one (a pin above 1000).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_downgrade: bool,
    /// Bytes to download.
    pub download_bytes: u64,
    /// How long it waits, as far as the archive's own dates tell.
    pub waiting: Waiting,
}

/// An archive that offers a version, in the archive's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    pub origin: String,
    pub label: String,
    /// `Suite`, for example `stable-security`.
    pub suite: String,
    pub codename: String,
    pub version: String,
    pub component: String,
    /// Host name of the archive; empty for one on disk.
    pub site: String,
}

/// Since when an update has been waiting. Absence of a date is never "new": it says who must count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "kebab-case")]
pub enum Waiting {
    /// The archive says nothing about this version: count from the first time it was seen waiting.
    #[default]
    SinceFirstSeen,
    /// The date of the candidate's newest changelog entry. It was made then and published a little later.
    Changelog { at_ms: u64 },
    /// The archive's release file of this date offers the version, so it waits *at least* since then. For an
    /// archive that is written anew every day this is close to "today": count from the earlier of this date
    /// and the first time it was seen waiting.
    ReleaseDate { at_ms: u64 },
}

/// A package that would go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    pub name: String,
    pub arch: String,
    pub installed: String,
}

/// A newer version that stays away, and the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBack {
    pub name: String,
    pub arch: String,
    pub installed: String,
    pub candidate: String,
    pub is_security: bool,
    pub because: KeptBecause,
}

/// Why a newer version is not installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeptBecause {
    /// The administrator holds the package.
    Held,
    /// Ubuntu rolls the version out step by step and this machine is not in the share yet.
    Phased,
    /// A dependency cannot be met, or installing it would break or remove something more important.
    #[default]
    Dependencies,
}

/// One package list the host holds of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageList {
    pub uri: String,
    pub origin: Origin,
    pub arch: String,
    /// Date in the archive's release file, milliseconds since 1970.
    pub released_at_ms: Option<u64>,
    /// `Valid-Until` of the release file.
    pub valid_until_ms: Option<u64>,
    /// When the host last asked the archive and got an answer: change time of the list's release file.
    pub fetched_at_ms: Option<u64>,
}

/// What a gap in [`Restarts`] hides, beside the names of units: programs that belong to none of them.
pub const PROGRAMS_IN_NO_UNIT: &str = "programs in no unit";
/// … and whether the machine has to start again.
pub const REBOOT: &str = "reboot";

/// Services and kernels that run old code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Restarts {
    /// Units with at least one process that runs deleted code, sorted by unit.
    pub units: Vec<StaleUnit>,
    pub kernel: Option<Kernel>,
    /// Why the whole machine must start again; empty when nothing asks for it.
    pub reboot: Vec<RebootReason>,
    /// How many processes could be looked into, and how many could not.
    pub processes_seen: u32,
    pub processes_hidden: u32,
}

/// A unit (or login session, or container) whose processes hold replaced files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleUnit {
    /// `nginx.service`, `session-3.scope`; for a process in no unit its program's name.
    pub unit: String,
    pub kind: StaleKind,
    /// The package the unit's main program belongs to, where known.
    pub package: Option<String>,
    pub processes: Vec<StaleProcess>,
}

/// What kind of thing must be started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaleKind {
    /// A system service that can be restarted by itself.
    #[default]
    Service,
    /// A service of one user's own manager.
    UserService,
    /// A login session: ends when the person signs in again.
    Session,
    /// A service whose restart ends everything (init, the message bus): reboot instead.
    Reboot,
    /// Started by hand or by something unknown.
    Process,
}

/// One process that runs old code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleProcess {
    pub pid: u32,
    /// Path of the program.
    pub program: String,
    /// Replaced files it still holds, sorted.
    pub files: Vec<String>,
    /// Packages those files belong to, sorted.
    pub packages: Vec<String>,
}

/// The kernel that runs, and the newest that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// `uname -r`.
    pub running: String,
    /// Version of the package that image came from as the running kernel names it, where it does.
    pub running_version: Option<String>,
    /// The newest installed image of the same kind; `None` where no kernel package is installed (container, cloud).
    pub newest_installed: Option<String>,
    pub newest_version: Option<String>,
}

/// Why the machine must be started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum RebootReason {
    /// A newer kernel is installed than the one that runs.
    Kernel { running: String, installed: String },
    /// `/run/reboot-required` is there, named by these packages.
    Asked { packages: Vec<String> },
    /// Something that cannot be restarted by itself runs old code.
    Core { unit: String },
}

/// What the newer changelog entries of waiting packages say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changelogs {
    pub packages: Vec<Changelog>,
}

/// The entries of one source package that are newer than what is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changelog {
    pub source: String,
    pub installed: String,
    pub candidate: String,
    /// Newest first.
    pub entries: Vec<ChangelogEntry>,
    /// CVE ids named by those entries, sorted by year and number, each once.
    pub cves: Vec<String>,
    /// The changelog ended (or was cut) before an entry at or below the installed version was met:
    /// there may be more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

/// One changelog entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangelogEntry {
    pub version: String,
    pub suites: String,
    pub urgency: String,
    /// Date of its trailer, milliseconds since 1970; `None` when it does not parse.
    pub at_ms: Option<u64>,
    pub cves: Vec<String>,
}
