//! Operating system, kernel and end of support.

use crate::Host;
use crate::collect::text::{assignments, date_of_ms};
use crate::host::reason;
use crate::wire::system::{Kernel, Os, System};
use crate::wire::{Seen, Unseen};

mod support;

/// What runs here and until when it is cared for.
pub fn collect(host: &Host) -> Seen<System> {
    let mut unseen = Vec::new();
    let os = operating_system(host).unwrap_or_else(|because| {
        unseen.push(Unseen::new("the operating system", because));
        Os::default()
    });
    let support = support::of(host, &os, &date_of_ms(host.now_ms()));
    let system = System {
        hostname: hostname(host),
        machine_id: line(host, "/etc/machine-id"),
        kernel: kernel(host),
        virtualisation: virtualisation(host),
        time_zone: time_zone(host),
        support,
        os,
    };
    Seen::partly(system, unseen)
}

fn operating_system(host: &Host) -> Result<Os, String> {
    let text = host
        .text("/etc/os-release")
        .or_else(|_| host.text("/usr/lib/os-release"))
        .map_err(|fault| reason("/etc/os-release", &fault))?;
    let mut os = Os { id: "linux".to_owned(), ..Os::default() };
    for (key, value) in assignments(&text).into_iter().filter(|(_, value)| !value.is_empty()) {
        match key.as_str() {
            "ID" => os.id = value,
            "PRETTY_NAME" => os.name = value,
            "VERSION_ID" => os.version = Some(value),
            "VERSION_CODENAME" => os.codename = Some(value),
            "ID_LIKE" => os.like = value.split_whitespace().map(str::to_owned).collect(),
            _ => {}
        }
    }
    if os.name.is_empty() {
        os.name.clone_from(&os.id);
    }
    os.point_release = match os.id.as_str() {
        "debian" | "raspbian" => line(host, "/etc/debian_version").filter(|release| release.contains('.')),
        "alpine" => line(host, "/etc/alpine-release"),
        _ => None,
    };
    Ok(os)
}

/// The first line of a small file, when it says anything.
fn line(host: &Host, path: &str) -> Option<String> {
    let text = host.text(path).ok()?;
    text.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

fn hostname(host: &Host) -> String {
    let told = host.proc_text("sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let name = told.filter(|name| !name.is_empty()).or_else(|| line(host, "/etc/hostname"));
    name.unwrap_or_default().split('.').next().unwrap_or_default().to_owned()
}

fn kernel(host: &Host) -> Kernel {
    let told = |path: &str| host.proc_text(path).ok().map(|text| text.trim().to_owned());
    let stat = host.proc_text("stat").unwrap_or_default();
    let booted_s: Option<u64> =
        stat.lines().find_map(|line| line.strip_prefix("btime ")).and_then(|at| at.trim().parse().ok());
    let architecture = if host.is_live() {
        rustix::system::uname().machine().to_string_lossy().into_owned()
    } else {
        told("sys/kernel/arch").unwrap_or_default()
    };
    Kernel {
        release: told("sys/kernel/osrelease").unwrap_or_default(),
        architecture,
        boot_id: told("sys/kernel/random/boot_id"),
        booted_at_ms: booted_s.map(|at| at * 1000),
    }
}

const KNOWN: &[(&str, &str)] = &[
    ("QEMU", "kvm"),
    ("KVM", "kvm"),
    ("VMware", "vmware"),
    ("VirtualBox", "virtualbox"),
    ("Xen", "xen"),
    ("Amazon EC2", "amazon"),
    ("Google Compute Engine", "google"),
    ("Virtual Machine", "hyper-v"),
    ("OpenStack", "openstack"),
    ("Hetzner vServer", "kvm"),
];

/// A container says so itself; a virtual machine shows in the firmware's names.
fn virtualisation(host: &Host) -> Option<String> {
    if let Some(kind) = line(host, "/run/systemd/container") {
        return Some(kind);
    }
    if host.exists("/.dockerenv") {
        return Some("docker".to_owned());
    }
    if host.exists("/run/.containerenv") {
        return Some("podman".to_owned());
    }
    let vendor = line(host, "/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    let product = line(host, "/sys/class/dmi/id/product_name").unwrap_or_default();
    let names = format!("{vendor} {product}");
    if let Some((_, kind)) = KNOWN.iter().find(|(name, _)| names.contains(name)) {
        return Some((*kind).to_owned());
    }
    let processor = host.proc_text("cpuinfo").unwrap_or_default();
    let flags = processor.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    flags.split_whitespace().any(|flag| flag == "hypervisor").then(|| "unknown hypervisor".to_owned())
}

fn time_zone(host: &Host) -> Option<String> {
    line(host, "/etc/timezone").or_else(|| {
        let target = std::fs::read_link(host.path("/etc").join("localtime")).ok()?;
        target.to_str()?.split_once("zoneinfo/").map(|(_, zone)| zone.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::collect;
    use crate::Host;
    use crate::wire::system::SupportState;

    /// 2026-11-23.
    const NOW_MS: u64 = 1_795_392_000_000;

    fn recorded(os_release: &str) -> (tempfile::TempDir, Host) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("etc")).unwrap();
        std::fs::write(folder.path().join("etc/os-release"), os_release).unwrap();
        let host = Host::fixture(folder.path(), NOW_MS);
        (folder, host)
    }

    fn state(os_release: &str) -> (SupportState, Option<String>) {
        let (_folder, host) = recorded(os_release);
        let support = collect(&host).value.unwrap().support;
        (support.state, support.regular_until)
    }

    #[test]
    fn each_system_is_in_its_own_state_of_support() {
        let until = |date: &str| Some(date.to_owned());
        assert_eq!(state("ID=debian\nVERSION_ID=\"12\"\n"), (SupportState::LongTerm, until("2026-07-11")));
        assert_eq!(state("ID=debian\nVERSION_ID=\"13\"\n"), (SupportState::Regular, until("2028-08-09")));
        assert_eq!(state("ID=debian\nVERSION_ID=\"9\"\n"), (SupportState::Ended, until("2020-07-18")));
        assert_eq!(state("ID=ubuntu\nVERSION_ID=\"20.04\"\n").0, SupportState::PaidOnly);
        assert_eq!(state("ID=alpine\nVERSION_ID=3.20.3\n"), (SupportState::Ended, until("2026-04-01")));
        assert_eq!(state("ID=rocky\nVERSION_ID=\"9.4\"\n").0, SupportState::Regular);
        assert_eq!(state("ID=arch\nBUILD_ID=rolling\n").0, SupportState::Rolling);
        assert_eq!(state("ID=debian\nVERSION_CODENAME=sid\n").0, SupportState::Rolling);
        assert_eq!(state("ID=nobody\nVERSION_ID=1\n"), (SupportState::Unknown, None));
        assert_eq!(state("ID=debian\nVERSION_ID=99\n"), (SupportState::Unknown, None));
    }

    #[test]
    fn the_hosts_own_table_tells_paid_support_and_newer_releases() {
        let (folder, host) = recorded("ID=debian\nVERSION_ID=\"14\"\nVERSION_CODENAME=forky\n");
        std::fs::create_dir_all(folder.path().join("usr/share/distro-info")).unwrap();
        let table = "version,codename,series,created,release,eol,eol-lts,eol-elts\n\
            14,Forky,forky,2025-08-09,2026-08-01,2029-08-01,2031-06-30,2036-06-30\n";
        std::fs::write(folder.path().join("usr/share/distro-info/debian.csv"), table).unwrap();
        let support = collect(&host).value.unwrap().support;
        assert_eq!(support.state, SupportState::Regular);
        assert_eq!(support.paid_until.as_deref(), Some("2036-06-30"));
        assert!(support.source.contains("distro-info-data"), "{}", support.source);
    }

    #[test]
    fn a_folder_without_os_release_is_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let seen = collect(&Host::fixture(folder.path(), NOW_MS));
        assert_eq!(seen.unseen[0].because, "/etc/os-release is not there");
        assert_eq!(seen.value.unwrap().support.state, SupportState::Unknown);
    }
}
