//! File systems from mountinfo, their space and inodes from the kernel.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{StatVfs, statvfs};

use crate::Host;
use crate::host::reason;
use crate::wire::disks::{Disks, FileSystem};
use crate::wire::{Seen, Unseen};

/// File systems that hold nobody's data.
const PSEUDO: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "iso9660",
];
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ceph",
    "9p",
    "afs",
    "glusterfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.rclone",
    "lustre",
    "virtiofs",
];
/// How long a file server may take to answer.
const NETWORK_PATIENCE: Duration = Duration::from_millis(500);

/// One line of mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "a mount is mounted at a mount point; there is no better word")]
pub struct Mount {
    /// `major:minor`.
    pub number: String,
    pub mount: String,
    pub kind: String,
    pub device: String,
    pub options: Vec<String>,
}

impl Mount {
    /// Whether it holds data of this host's own disks.
    pub fn is_local(&self) -> bool {
        !PSEUDO.contains(&self.kind.as_str()) && !self.is_network()
    }

    pub fn is_network(&self) -> bool {
        NETWORK.contains(&self.kind.as_str()) || self.kind.starts_with("nfs")
    }
}

/// Space and inodes of every real file system.
pub fn collect(host: &Host) -> Seen<Disks> {
    let mounts = match mounts(host) {
        Ok(mounts) => mounts,
        Err(fault) => return Seen::not(Unseen::new("file systems", reason("/proc/self/mountinfo", &fault))),
    };
    if !host.is_live() {
        return Seen::not(Unseen::new("space on file systems", "only a running kernel tells it"));
    }
    let (mut disks, mut unseen, mut counted) = (Disks::default(), Vec::new(), HashSet::new());
    for mount in mounts.into_iter().filter(|mount| mount.is_local() || mount.is_network()) {
        if !counted.insert(mount.number.clone()) {
            continue; // mounted a second time
        }
        match space(&mount) {
            Ok(space) if space.f_blocks > 0 => disks.file_systems.push(file_system(mount, &space)),
            Ok(_) => {}
            Err(because) => unseen.push(Unseen::new(format!("space on {}", mount.mount), because)),
        }
    }
    disks.file_systems.sort_by(|a, b| a.mount.cmp(&b.mount));
    Seen::partly(disks, unseen)
}

/// Everything mounted; of several on one place only the top one.
pub fn mounts(host: &Host) -> std::io::Result<Vec<Mount>> {
    let text = host.proc_text("self/mountinfo")?;
    let mut mounts: Vec<Mount> = Vec::new();
    for mount in text.lines().filter_map(mount) {
        mounts.retain(|under| under.mount != mount.mount);
        mounts.push(mount);
    }
    Ok(mounts)
}

fn mount(line: &str) -> Option<Mount> {
    let (front, back) = line.split_once(" - ")?;
    let front: Vec<&str> = front.split(' ').collect();
    let mut back = back.split(' ');
    Some(Mount {
        number: (*front.get(2)?).to_owned(),
        mount: unescaped(front.get(4)?),
        options: front.get(5)?.split(',').map(str::to_owned).collect(),
        kind: back.next()?.to_owned(),
        device: unescaped(back.next()?),
    })
}

/// The kernel writes blank, tab, line feed and backslash as three octal digits.
fn unescaped(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|d| std::str::from_utf8(d).ok());
        let byte = digits.and_then(|d| u8::from_str_radix(d, 8).ok()).filter(|_| *first == b'\\');
        plain.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn space(mount: &Mount) -> Result<StatVfs, String> {
    if !mount.is_network() {
        return statvfs(mount.mount.as_str()).map_err(|fault| fault.to_string());
    }
    // A file server that is away blocks the call for ever; the thread is then left behind.
    let (answer, answered) = mpsc::channel();
    let place = mount.mount.clone();
    std::thread::spawn(move || answer.send(statvfs(place.as_str())));
    match answered.recv_timeout(NETWORK_PATIENCE) {
        Ok(told) => told.map_err(|fault| fault.to_string()),
        Err(_) => Err(format!("the file server did not answer in {} ms", NETWORK_PATIENCE.as_millis())),
    }
}

fn file_system(mount: Mount, space: &StatVfs) -> FileSystem {
    FileSystem {
        is_read_only: mount.options.iter().any(|option| option == "ro"),
        is_network: mount.is_network(),
        total_bytes: space.f_blocks * space.f_frsize,
        used_bytes: space.f_blocks.saturating_sub(space.f_bfree) * space.f_frsize,
        available_bytes: space.f_bavail * space.f_frsize,
        inodes: space.f_files,
        inodes_free: space.f_ffree,
        mount: mount.mount,
        device: mount.device,
        kind: mount.kind,
        options: mount.options,
    }
}

#[cfg(test)]
mod tests {
    use super::{collect, mount};
    use crate::Host;

    #[test]
    fn a_mount_line_with_blanks_and_optional_fields_is_read() {
        let line = r"36 35 98:0 /mnt1 /mnt/my\040disk rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue";
        let mount = mount(line).unwrap();
        assert_eq!((mount.mount.as_str(), mount.kind.as_str()), ("/mnt/my disk", "ext3"));
        assert_eq!(mount.options, ["rw", "noatime"]);
        assert!(mount.is_local());
        assert!(super::mount("36 35 98:0 / /x").is_none());
    }

    #[test]
    fn space_on_the_live_host_is_what_df_counts() {
        let seen = collect(&Host::live());
        for disk in seen.value.unwrap().file_systems {
            let Ok(output) = std::process::Command::new("df").args(["-B1", "-P", &disk.mount]).output()
            else {
                println!("skipped: df is not here");
                return;
            };
            let text = String::from_utf8(output.stdout).unwrap();
            let fields: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
            assert_eq!(fields[0], disk.device);
            assert_eq!(fields[1], disk.total_bytes.to_string());
            assert_eq!(*fields.last().unwrap(), disk.mount);
            // Others write meanwhile: the same within a hundredth of the disk.
            let used: u64 = fields[2].parse().unwrap();
            assert!(used.abs_diff(disk.used_bytes) <= disk.total_bytes / 100, "{used} {}", disk.used_bytes);
        }
    }
}
