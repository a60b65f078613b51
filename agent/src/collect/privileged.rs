//! Files that give rights to whoever runs them, and whether a package brings them as they are.
//!
//! One pass over the local file systems, folder by folder, without crossing a mount.

use std::collections::HashMap;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use rustix::fs::lgetxattr;

use crate::Host;
use crate::collect::disks;
use crate::collect::owners::Owners;
use crate::collect::text::hex;
use crate::wire::privileged::{Privileged, PrivilegedFile};
use crate::wire::{Seen, Unseen};

/// Folder entries looked at before the walk stops and says where.
const MOST_ENTRIES: u64 = 2_000_000;
/// Processor time the walk may take before it stops and says where.
const MOST_CPU_US: u64 = 400_000;
/// A program larger than this is not compared with its manifest.
const MOST_COMPARED_BYTES: u64 = 64 << 20;
/// Trees of other hosts (containers, their layers) and of the kernel.
const LEFT_OUT: &[&str] = &[
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/var/lib/docker",
    "/var/lib/containers",
    "/var/lib/containerd",
    "/var/lib/lxc",
    "/var/lib/lxd",
    "/var/lib/incus",
    "/var/lib/machines",
    "/snap",
];
/// Folders looked at first, so that a walk that stops has seen what is on everybody's path.
const FIRST: &[&str] =
    &["/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/local", "/bin", "/sbin", "/opt"];

/// Every setuid, setgid and capability file on the local file systems.
pub fn collect(host: &Host) -> Seen<Privileged> {
    let (mut found, mut unseen) = (Privileged::default(), Vec::new());
    let mut walk = Walk { host, denied: 0, started_us: crate::clock::cpu_us(), found: &mut found };
    for (mount, may_hold) in roots(host) {
        if may_hold {
            walk.found.walked.push(mount.clone());
            walk.tree(&mount);
        }
    }
    let denied = walk.denied;
    if denied > 0 {
        let gap = Unseen::new(format!("files in {denied} folders"), "they may not be read by this user");
        unseen.push(gap.allow_with("run the agent as root: sudo mainstay agent"));
    }
    if let Some(place) = &found.stopped_at {
        let because = format!("the walk stopped at its limit after {} entries", found.looked_at);
        unseen.push(Unseen::new(format!("privileged files from {place} on"), because));
    }
    compare(host, &mut found.files);
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.files.dedup_by(|a, b| a.path == b.path);
    Seen::partly(found, unseen)
}

/// Mount points to walk, and whether a setuid bit counts on them.
fn roots(host: &Host) -> Vec<(String, bool)> {
    let mounts = disks::mounts(host).unwrap_or_default();
    if mounts.is_empty() {
        return vec![("/".to_owned(), true)];
    }
    let mut numbers = Vec::new();
    let local = mounts.into_iter().filter(disks::Mount::is_local).filter(|mount| {
        let is_new = !numbers.contains(&mount.number);
        numbers.push(mount.number.clone());
        is_new
    });
    local.map(|mount| (mount.mount, !mount.options.iter().any(|o| o == "nosuid"))).collect()
}

struct Walk<'a> {
    host: &'a Host,
    found: &'a mut Privileged,
    denied: u64,
    started_us: u64,
}

impl Walk<'_> {
    fn tree(&mut self, mount: &str) {
        let Ok(meta) = self.host.metadata(mount) else { return };
        let device = meta.dev();
        let mut waiting: Vec<PathBuf> = vec![PathBuf::from(mount)];
        if mount == "/" {
            waiting.extend(
                FIRST.iter().rev().map(PathBuf::from).filter(|path| self.is_own_folder(path, device)),
            );
        }
        while let Some(folder) = waiting.pop() {
            let spent = crate::clock::cpu_us().saturating_sub(self.started_us);
            if self.found.looked_at > MOST_ENTRIES || spent > MOST_CPU_US {
                self.found.stopped_at.get_or_insert_with(|| folder.to_string_lossy().into_owned());
                return;
            }
            self.folder(&folder, device, &mut waiting);
        }
    }

    fn is_own_folder(&self, path: &Path, device: u64) -> bool {
        std::fs::symlink_metadata(self.host.path(path))
            .is_ok_and(|meta| meta.is_dir() && meta.dev() == device)
    }

    fn folder(&mut self, folder: &Path, device: u64, waiting: &mut Vec<PathBuf>) {
        let real = self.host.path(folder);
        let entries = match std::fs::read_dir(&real) {
            Ok(entries) => entries,
            Err(fault) => {
                self.denied += u64::from(fault.kind() == std::io::ErrorKind::PermissionDenied);
                return;
            }
        };
        for entry in entries.flatten() {
            self.found.looked_at += 1;
            let Ok(kind) = entry.file_type() else { continue };
            let path = folder.join(entry.file_name());
            if kind.is_dir() {
                let is_first = FIRST.iter().any(|first| Path::new(first) == path);
                let is_left_out = LEFT_OUT.iter().any(|out| Path::new(out) == path);
                if !is_first && !is_left_out && entry.ino() != 0 && is_here(&entry, device) {
                    waiting.push(path);
                }
            } else if kind.is_file() {
                self.file(&entry, &path, device);
            }
        }
    }

    fn file(&mut self, entry: &std::fs::DirEntry, path: &Path, device: u64) {
        let Ok(meta) = entry.metadata() else { return };
        let mode = meta.mode() & 0o7777;
        // Only what can be run has rights to give: an extra question per other file would double the walk.
        if mode & 0o111 == 0 || meta.dev() != device {
            return;
        }
        let mut buffer = [0; 64];
        let attribute = lgetxattr(entry.path(), "security.capability", &mut buffer).ok();
        let capabilities = attribute.and_then(|length| capabilities(buffer.get(..length)?));
        if mode & 0o6000 == 0 && capabilities.is_none() {
            return;
        }
        self.found.files.push(PrivilegedFile {
            path: path.to_string_lossy().into_owned(),
            mode,
            uid: meta.uid(),
            gid: meta.gid(),
            capabilities,
            package: None,
            is_as_packaged: None,
            changed_ms: u64::try_from(meta.mtime()).unwrap_or(0) * 1000,
        });
    }
}

/// Whether a folder lies on the file system that is walked.
fn is_here(entry: &std::fs::DirEntry, device: u64) -> bool {
    entry.metadata().is_ok_and(|meta| meta.dev() == device)
}

/// The names of `linux/capability.h`, by number.
const CAPABILITIES: &[&str] = &[
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// `struct vfs_cap_data` as `getcap` words it: `cap_net_raw+ep`.
fn capabilities(data: &[u8]) -> Option<String> {
    let word = |at: usize| data.get(at * 4..at * 4 + 4)?.try_into().ok().map(u32::from_le_bytes);
    let magic = word(0)?;
    let permitted = u64::from(word(1)?) | u64::from(word(3).unwrap_or(0)) << 32;
    let inheritable = u64::from(word(2)?) | u64::from(word(4).unwrap_or(0)) << 32;
    let names: Vec<String> = (0..64_usize)
        .filter(|bit| (permitted | inheritable) >> bit & 1 == 1)
        .map(|bit| CAPABILITIES.get(bit).map_or(format!("cap_{bit}"), |name| format!("cap_{name}")))
        .collect();
    let flags: String = [('e', magic & 1 == 1), ('i', inheritable != 0), ('p', permitted != 0)]
        .iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(letter, _)| *letter)
        .collect();
    (!names.is_empty()).then(|| format!("{}+{flags}", names.join(",")))
}

/// Names the package of each file and compares the content with dpkg's sums.
fn compare(host: &Host, files: &mut [PrivilegedFile]) {
    let owners = Owners::of(host, files.iter().map(|file| file.path.as_str()));
    let mut sums: HashMap<String, String> = HashMap::new();
    for file in files {
        let Some(package) = owners.owner(&file.path) else { continue };
        file.package = Some(package.to_owned());
        let text = sums.entry(package.to_owned()).or_insert_with(|| manifest(host, package));
        let Some(expected) = sum_of(text, &file.path) else { continue };
        let content = host.read_limited(&file.path, MOST_COMPARED_BYTES).ok();
        file.is_as_packaged = content.map(|bytes| hex(&Md5::digest(&bytes)) == expected);
    }
}

fn manifest(host: &Host, package: &str) -> String {
    const INFO: &str = "/var/lib/dpkg/info";
    let plain = host.text(format!("{INFO}/{package}.md5sums"));
    plain.unwrap_or_else(|_| {
        let names = host.list(INFO).unwrap_or_default();
        let start = format!("{package}:");
        let name = names.iter().find(|name| name.starts_with(&start) && name.ends_with(".md5sums"));
        name.and_then(|name| host.text(format!("{INFO}/{name}")).ok()).unwrap_or_default()
    })
}

/// A line is `SUM  path/without/first/slash`, under the name the file had before the folders were merged.
fn sum_of<'a>(manifest: &'a str, path: &str) -> Option<&'a str> {
    let relative = path.trim_start_matches('/');
    let older = relative.strip_prefix("usr/");
    manifest.lines().filter_map(|line| line.split_once("  ")).find_map(|(sum, name)| {
        let is_it = name == relative || Some(name) == older || name.strip_prefix("usr/") == Some(relative);
        is_it.then_some(sum)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{capabilities, collect};
    use crate::Host;

    #[test]
    fn capabilities_are_worded_as_getcap_does() {
        let v2 = |permitted: u32, effective: u32| {
            [0x0200_0000 | effective, permitted, 0, 0, 0]
                .iter()
                .flat_map(|w: &u32| w.to_le_bytes())
                .collect::<Vec<_>>()
        };
        assert_eq!(capabilities(&v2(1 << 13, 1)).as_deref(), Some("cap_net_raw+ep"));
        assert_eq!(
            capabilities(&v2(1 << 10 | 1 << 13, 0)).as_deref(),
            Some("cap_net_bind_service,cap_net_raw+p")
        );
        assert_eq!(capabilities(&v2(0, 0)), None);
        assert_eq!(capabilities(&[1, 2, 3]), None);
    }

    #[test]
    fn setuid_files_are_compared_with_their_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["usr/bin", "opt", "proc/1", "var/lib/dpkg/info"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        let put = |path: &str, mode: u32| {
            std::fs::write(root.join(path), "abc").unwrap();
            std::fs::set_permissions(root.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
        };
        put("usr/bin/su", 0o4755);
        put("usr/bin/changed", 0o2755);
        put("opt/stray", 0o4755);
        put("usr/bin/plain", 0o755);
        put("proc/1/exe", 0o4755);
        std::fs::write(root.join("var/lib/dpkg/info/util.list"), "/.\n/bin/su\n/usr/bin/changed\n").unwrap();
        let sums =
            "900150983cd24fb0d6963f7d28e17f72  bin/su\n0000000000000000000000000000000f  usr/bin/changed\n";
        std::fs::write(root.join("var/lib/dpkg/info/util.md5sums"), sums).unwrap();
        let found = collect(&Host::fixture(root, 0)).value.unwrap();
        let told: Vec<_> = found
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.mode, file.package.as_deref(), file.is_as_packaged))
            .collect();
        assert_eq!(
            told,
            [
                ("/opt/stray", 0o4755, None, None),
                ("/usr/bin/changed", 0o2755, Some("util"), Some(false)),
                ("/usr/bin/su", 0o4755, Some("util"), Some(true)),
            ]
        );
    }
}
