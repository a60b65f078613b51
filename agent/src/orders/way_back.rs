//! What there is to go back to, seen before anything is changed: a picture of the file system, saved packages, or
//! nothing. Read-only: no snapshot is taken here.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::job::Run;
use super::keep;
use crate::Host;
use crate::wire::{Lost, Pinned, WayBack};

/// Hooks of apt that take a snapshot before it changes anything: file of apt.conf.d, what it belongs to, and the file
/// without which it does nothing.
const HOOKS: &[(&str, &str, &str)] = &[
    ("80snapper", "snapper", "/etc/snapper/configs/root"),
    ("50_timeshift-autosnap-apt", "timeshift-autosnap-apt", "/etc/timeshift/timeshift.json"),
    ("80timeshift-autosnap-apt", "timeshift-autosnap-apt", "/etc/timeshift/timeshift.json"),
    ("90_zsys_system_autosnapshot", "zsys", "/sbin/zsysctl"),
];

/// The way back from a change of these packages, as far as the host shows it.
pub fn before(run: &mut Run, old: &[Pinned], offered: &HashSet<Pinned>) -> io::Result<WayBack> {
    let cache = keep::cache(run)?;
    let lost: Vec<Lost> = old
        .iter()
        .filter(|package| !offered.contains(*package) && !cache.join(keep::file_name(package)).exists())
        .filter_map(|package| {
            let because = unpackable(package)?;
            Some(Lost { package: package.clone(), because })
        })
        .collect();
    let (snapshot, possible) = snapshots(&Host::live());
    let to_save = u32::try_from(old.len() - lost.len()).unwrap_or(u32::MAX);
    Ok(WayBack { snapshot, possible, to_save, lost })
}

/// Why an installed package could not be packed anew.
fn unpackable(package: &Pinned) -> Option<String> {
    let lists = [package.name.clone(), format!("{}:{}", package.name, package.architecture)];
    let is_listed = lists.iter().any(|name| Path::new(&format!("/var/lib/dpkg/info/{name}.list")).exists());
    (!is_listed).then(|| "the archive no longer has it, and dpkg has no list of its files".to_owned())
}

/// What takes a snapshot by itself before apt works, and what could take one.
pub fn snapshots(host: &Host) -> (Option<String>, Vec<String>) {
    let root = root_mount(&host.proc_text("self/mounts").unwrap_or_default());
    let by_itself = HOOKS.iter().find(|(hook, _, needs)| {
        host.exists(format!("/etc/apt/apt.conf.d/{hook}"))
            && host.exists(needs)
            && !is_switched_off(host, hook)
    });
    let named =
        by_itself.map(|(hook, tool, _)| format!("{tool} takes one before apt changes anything ({hook})"));
    let mut possible = Vec::new();
    if by_itself.is_none() {
        if let Some((device, kind)) = &root {
            match kind.as_str() {
                "btrfs" => possible.push(format!("/ is btrfs on {device}")),
                "zfs" => possible.push(format!("/ is ZFS, {device}")),
                "bcachefs" => possible.push(format!("/ is bcachefs on {device}")),
                _ if is_lvm(host, device) => possible.push(format!("/ is the logical volume {device}")),
                _ => {}
            }
        }
        for (path, tool) in [
            ("/etc/snapper/configs/root", "snapper is set up for /"),
            ("/etc/timeshift/timeshift.json", "timeshift is set up"),
        ] {
            if host.exists(path) {
                possible.push(tool.to_owned());
            }
        }
    }
    (named, possible)
}

/// `DISABLE_APT_SNAPSHOT="yes"` in snapper's defaults.
fn is_switched_off(host: &Host, hook: &str) -> bool {
    let defaults = host.text("/etc/default/snapper").unwrap_or_default();
    hook.contains("snapper")
        && crate::collect::text::assignments(&defaults)
            .iter()
            .any(|(key, value)| key == "DISABLE_APT_SNAPSHOT" && value == "yes")
}

/// Device and kind of the file system at `/`; the last one mounted there counts.
fn root_mount(mounts: &str) -> Option<(String, String)> {
    let mut lines = mounts.lines().filter_map(|line| {
        let mut cells = line.split(' ');
        let (device, place, kind) = (cells.next()?, cells.next()?, cells.next()?);
        (place == "/").then(|| (device.to_owned(), kind.to_owned()))
    });
    lines.next_back()
}

/// Whether the kernel says this block device is a logical volume.
fn is_lvm(host: &Host, device: &str) -> bool {
    let Some(name) = device.strip_prefix("/dev/mapper/") else { return false };
    let devices = host.list("/sys/block").unwrap_or_default();
    devices.iter().filter(|block| block.starts_with("dm-")).any(|block| {
        let read = |file: &str| host.text(format!("/sys/block/{block}/dm/{file}")).unwrap_or_default();
        read("name").trim() == name && read("uuid").starts_with("LVM-")
    })
}

#[cfg(test)]
mod tests {
    use super::snapshots;
    use crate::Host;

    fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let host = Host::fixture(folder.path(), 0);
        (folder, host)
    }

    #[test]
    fn a_snapshot_counts_only_where_something_takes_it_by_itself() {
        let btrfs = ("proc/self/mounts", "none / rootfs rw 0 0\n/dev/vda2 / btrfs rw,subvol=/@ 0 0\n");
        let (config, hook) = (("etc/snapper/configs/root", ""), ("etc/apt/apt.conf.d/80snapper", ""));
        let (_kept, plain) = host(&[btrfs]);
        assert_eq!(snapshots(&plain), (None, vec!["/ is btrfs on /dev/vda2".to_owned()]));
        let (_kept, by_hand) = host(&[btrfs, config]);
        assert_eq!(snapshots(&by_hand).1.len(), 2);
        assert_eq!(snapshots(&by_hand).0, None, "set up, but nothing takes one before apt works");
        let (_kept, by_itself) = host(&[btrfs, config, hook]);
        assert!(snapshots(&by_itself).0.unwrap().starts_with("snapper takes one"));
        let off = ("etc/default/snapper", "DISABLE_APT_SNAPSHOT=\"yes\"\n");
        let (_kept, off) = host(&[btrfs, config, hook, off]);
        assert_eq!(snapshots(&off).0, None, "the hook is there and switched off");
        let (_kept, no_config) = host(&[btrfs, hook]);
        assert_eq!(snapshots(&no_config).0, None, "the hook without a configuration does nothing");
    }

    #[test]
    fn logical_volumes_and_zfs_are_named_and_ext4_is_not() {
        let lvm = [
            ("proc/self/mounts", "/dev/mapper/vg0-root / ext4 rw 0 0\n"),
            ("sys/block/dm-0/dm/name", "vg0-root\n"),
            ("sys/block/dm-0/dm/uuid", "LVM-abc\n"),
        ];
        let (_kept, on_lvm) = host(&lvm);
        assert_eq!(snapshots(&on_lvm).1, ["/ is the logical volume /dev/mapper/vg0-root"]);
        let crypt = [lvm[0], lvm[1], ("sys/block/dm-0/dm/uuid", "CRYPT-LUKS2-abc\n")];
        let (_kept, encrypted) = host(&crypt);
        assert_eq!(snapshots(&encrypted), (None, Vec::new()));
        let (_kept, zfs) = host(&[("proc/self/mounts", "rpool/ROOT/debian / zfs rw 0 0\n")]);
        assert_eq!(snapshots(&zfs).1, ["/ is ZFS, rpool/ROOT/debian"]);
        let (_kept, ext4) = host(&[("proc/self/mounts", "/dev/vda / ext4 rw 0 0\n")]);
        assert_eq!(snapshots(&ext4), (None, Vec::new()));
    }
}
