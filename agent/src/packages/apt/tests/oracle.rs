//! apt's own answer, and ours in the same form.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::wire::packages::{Origin, Update, Updates};

/// `Inst name [old] (new origin/suite… [arch])` and `Remv name [old]`, without apt's order.
pub type Lines = BTreeSet<String>;

pub fn is_apt_here() -> bool {
    Command::new("apt-get").arg("--version").output().is_ok()
}

/// What apt said.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    Plan(Lines),
    Refused,
    /// It had a plan and then found no order to carry it out in: that is behind what is compared here.
    Unordered,
}

/// What apt would do on this host or on one below `root`.
pub fn apt_lines(root: Option<&Path>) -> Said {
    let mut command = Command::new("apt-get");
    command
        .args(["-s", "-q", "-o", "Debug::NoLocking=1", "dist-upgrade"])
        .env("LC_ALL", "C")
        .env_remove("SOURCE_DATE_EPOCH");
    if let Some(root) = root {
        let own = root.join("oracle.conf");
        let root = root.display();
        let text = format!(
            "Dir \"{root}/\";\nDir::State::status \"{root}/var/lib/dpkg/status\";\nDir::Bin::ischroot \"/bin/false\";\n\
             Dir::Cache::pkgcache \"\";\nDir::Cache::srcpkgcache \"\";\nDir::Log::Terminal \"\";\n"
        );
        std::fs::write(&own, text).unwrap();
        command.env("APT_CONFIG", own);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if output.status.success() {
        return Said::Plan(settled(text.lines().filter_map(line).collect()));
    }
    if text.contains(" upgraded, ") { Said::Unordered } else { Said::Refused }
}

/// Without packages that are removed only until their new version comes: that is how apt carries its plan out where
/// two wait for each other, and its own count says that nothing is removed.
fn settled(mut lines: Lines) -> Lines {
    let coming: Vec<String> =
        lines.iter().filter_map(|line| line.strip_prefix("Inst ")).map(str::to_owned).collect();
    lines.retain(|line| {
        let gone = line.strip_prefix("Remv ").map(|gone| format!("{gone} "));
        !gone.is_some_and(|gone| coming.iter().any(|coming| coming.starts_with(&gone)))
    });
    lines
}

fn line(text: &str) -> Option<String> {
    if text.starts_with("Remv ") {
        return text.split_once(']').map(|(line, _)| format!("{line}]"));
    }
    // What follows the closing bracket tells of packages broken on the way.
    let end = text.starts_with("Inst ").then(|| text.rfind("])"))??;
    Some(text[..end + 2].to_owned())
}

pub fn our_lines(updates: &Updates) -> Lines {
    let native =
        updates.lists.iter().map(|list| list.arch.as_str()).find(|arch| *arch != "all").unwrap_or("all");
    let name = |name: &str, arch: &str| {
        if arch == native || arch == "all" { name.to_owned() } else { format!("{name}:{arch}") }
    };
    let install = |update: &Update| {
        let old = update.installed.as_ref().map(|old| format!(" [{old}]")).unwrap_or_default();
        let mut origins: Vec<String> = Vec::new();
        for origin in &update.origins {
            let shown = show(origin);
            if !origins.contains(&shown) {
                origins.push(shown);
            }
        }
        let name = name(&update.name, &update.arch);
        format!("Inst {name}{old} ({} {} [{}])", update.candidate, origins.join(", "), update.arch)
    };
    let mut lines: Lines = updates.updates.iter().chain(&updates.arriving).map(install).collect();
    let gone = updates
        .leaving
        .iter()
        .map(|gone| format!("Remv {} [{}]", name(&gone.name, &gone.arch), gone.installed));
    lines.extend(gone);
    lines
}

fn show(origin: &Origin) -> String {
    let label = if origin.label.is_empty() { String::new() } else { format!("{}:", origin.label) };
    match (origin.suite.as_str(), origin.version.as_str()) {
        ("", _) if origin.site.is_empty() => format!("{label}localhost"),
        ("", _) => format!("{label}{}", origin.site),
        (suite, "") => format!("{label}{suite}"),
        (suite, version) => format!("{label}{version}/{suite}"),
    }
}
