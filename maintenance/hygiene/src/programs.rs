//! Programs that run anything, or write anywhere: with root's rights they are a root shell.

/// Shells, interpreters, editors, pagers and tools that start other programs or write any file. None of them is
/// setuid in any distribution.
const OPEN: &[&str] = &[
    "ash", "awk", "bash", "busybox", "cat", "chmod", "chown", "cp", "csh", "cpio", "curl", "dash", "dd",
    "docker", "ed", "emacs", "env", "expect", "find", "flock", "gawk", "gdb", "git", "install", "ionice",
    "ksh", "less", "ln", "lua", "make", "man", "mawk", "more", "mv", "nano", "nice", "node", "nohup",
    "nsenter", "perl", "php", "pico", "podman", "python", "rsync", "ruby", "rvim", "script", "sed",
    "setarch", "sh", "socat", "strace", "stdbuf", "tar", "taskset", "tclsh", "tcpdump", "tee", "time",
    "timeout", "tmux", "unshare", "vi", "view", "vim", "watch", "wget", "xargs", "zip", "zsh",
];

/// Further programs that a sudo rule should not name without arguments: they change what root runs.
const CHANGING: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "aptitude",
    "chpasswd",
    "chroot",
    "crontab",
    "dnf",
    "dpkg",
    "ip",
    "journalctl",
    "kubectl",
    "mount",
    "mysql",
    "npm",
    "passwd",
    "pip",
    "pip3",
    "psql",
    "rpm",
    "screen",
    "service",
    "ssh",
    "su",
    "sudo",
    "systemctl",
    "systemd-run",
    "useradd",
    "usermod",
    "visudo",
    "yum",
];

/// Whether this program, with root's rights, runs or writes whatever its caller says. `python3.11` is `python`.
pub(crate) fn is_open(path: &str) -> bool {
    let name = name(path);
    OPEN.contains(&name)
        || OPEN.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit() || "._-".contains(c)))
}

/// Whether a rule that allows it with any arguments gives away root.
pub(crate) fn gives_root(path: &str) -> bool {
    is_open(path) || CHANGING.contains(&name(path))
}

/// Places everybody, or the owner of a home, can write.
pub(crate) fn is_writable_place(path: &str) -> bool {
    ["/tmp/", "/var/tmp/", "/dev/shm/", "/home/"].iter().any(|place| path.starts_with(place))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
