//! Recorded hosts, and a real process on this one.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

fn process(root: &Path, pid: u32, maps: &str, cgroup: &str, program: &str) {
    let folder = root.join(format!("proc/{pid}"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("maps"), maps).unwrap();
    fs::write(folder.join("cgroup"), cgroup).unwrap();
    std::os::unix::fs::symlink(program, folder.join("exe")).unwrap();
}

fn write(root: &Path, path: &str, text: &str) {
    fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
    fs::write(root.join(path), text).unwrap();
}

#[test]
fn units_packages_kernel_and_reasons_of_a_recorded_host() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let old = "7f00-7f01 r-xp 00001000 08:01 132 /usr/lib/x86_64-linux-gnu/libssl.so.3.0.16 (deleted)\n";
    process(root, 20, old, "0::/system.slice/nginx.service\n", "/usr/sbin/nginx (deleted)");
    process(root, 21, old, "0::/system.slice/nginx.service\n", "/usr/sbin/nginx (deleted)");
    process(root, 30, "7f00-7f01 r-xp 0 08:01 1 /usr/bin/x\n", "0::/system.slice/x.service\n", "/usr/bin/x");
    process(root, 40, old, "0::/system.slice/docker-1.scope\n", "/usr/bin/x");
    process(root, 50, old, "0::/system.slice/dbus.service\n", "/usr/bin/dbus-daemon");
    write(root, "var/lib/dpkg/info/libssl3:amd64.list", "/.\n/usr/lib/x86_64-linux-gnu/libssl.so.3.0.17\n");
    write(root, "var/lib/dpkg/info/nginx.list", "/usr/sbin/nginx\n");
    write(root, "proc/sys/kernel/osrelease", "6.1.0-37-amd64\n");
    write(
        root,
        "proc/version",
        "Linux version 6.1.0-37-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0) #1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)\n",
    );
    for release in ["6.1.0-37-amd64", "6.1.0-9-amd64", "6.1.0-99-cloud-amd64", "6.1.0-38-amd64"] {
        write(root, &format!("boot/vmlinuz-{release}"), "");
    }
    write(root, "run/reboot-required", "");
    write(root, "run/reboot-required.pkgs", "linux-base\nlibc6\nlinux-base\n");
    let seen = restarts(&Host::fixture(root, 0)).value.unwrap();
    let show: Vec<_> = seen
        .units
        .iter()
        .map(|unit| (unit.unit.as_str(), unit.kind, unit.package.as_deref(), unit.processes.len()))
        .collect();
    assert_eq!(
        show,
        [
            ("dbus.service", StaleKind::Reboot, None, 1),
            ("nginx.service", StaleKind::Service, Some("nginx"), 2),
        ]
    );
    assert_eq!(seen.units[1].processes[0].packages, ["libssl3"]);
    assert_eq!((seen.processes_seen, seen.processes_hidden), (5, 0));
    let kernel = seen.kernel.unwrap();
    assert_eq!(kernel.newest_installed.as_deref(), Some("6.1.0-38-amd64"));
    assert_eq!(kernel.running_version.as_deref(), Some("6.1.140-1"));
    assert_eq!(
        seen.reboot,
        [
            RebootReason::Kernel {
                running: "6.1.0-37-amd64 (6.1.140-1)".into(),
                installed: "6.1.0-38-amd64".into()
            },
            RebootReason::Asked { packages: vec!["libc6".into(), "linux-base".into()] },
            RebootReason::Core { unit: "dbus.service".into() },
        ]
    );
}

#[test]
fn a_kernel_rebuilt_under_its_name_asks_for_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "proc/sys/kernel/osrelease", "5.15.0-91-generic\n");
    write(root, "proc/version_signature", "Ubuntu 5.15.0-91.101-generic 5.15.131\n");
    write(root, "boot/vmlinuz-5.15.0-91-generic", "");
    let status = |version: &str| {
        format!(
            "Package: linux-image-5.15.0-91-generic\nStatus: install ok installed\nVersion: {version}\nArchitecture: amd64\n"
        )
    };
    write(root, "var/lib/dpkg/status", &status("5.15.0-91.101"));
    let host = Host::fixture(root, 0);
    assert_eq!(restarts(&host).value.unwrap().reboot, []);
    write(root, "var/lib/dpkg/status", &status("5.15.0-91.102"));
    assert_eq!(restarts(&host).value.unwrap().reboot.len(), 1);
}

#[test]
fn a_program_deleted_while_it_runs_is_seen_on_this_host() {
    // Not below a folder whose files do not count, as the usual temporary one.
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    if ["/tmp/", "/home/", "/var/lib/", "/run/"].iter().any(|own| folder.path().starts_with(own)) {
        println!("skipped: this folder lies where programs make their own files");
        return;
    }
    let program = folder.path().join("sleeper");
    fs::copy("/bin/sleep", &program).unwrap();
    let mut child = Command::new(&program).arg("60").spawn().unwrap();
    fs::remove_file(&program).unwrap();
    let seen = restarts(&Host::live()).value.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let found = seen.units.iter().flat_map(|unit| &unit.processes).find(|process| process.pid == child.id());
    let found = found.expect("the process is seen");
    assert_eq!(found.program, program.to_str().unwrap());
    assert_eq!(found.files, [program.to_str().unwrap()]);
}
