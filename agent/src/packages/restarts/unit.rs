//! `/proc/PID/cgroup`: the unit a process belongs to, and whether it is in a container.

use crate::wire::packages::StaleKind;

/// Parts of cgroup names that container engines make.
const CONTAINERS: [&str; 11] = [
    "docker",
    "libpod",
    "kubepods",
    "crio",
    "cri-containerd",
    "containerd",
    "lxc",
    "machine.slice",
    "garden",
    "buildkit",
    "nspawn",
];
/// Restarting these ends every session and much else.
const CORE: [&str; 4] = ["init.scope", "dbus.service", "dbus-broker.service", "systemd-logind.service"];

/// Whether the process was started inside a container. The engine's own service does not count.
pub fn is_container(groups: &str) -> bool {
    paths(groups).any(|path| {
        path.split('/').any(|part| {
            let is_engine =
                ends(part, ".service") && !part.starts_with("docker-") && !part.starts_with("lxc");
            !is_engine && CONTAINERS.iter().any(|mark| part.starts_with(mark))
        })
    })
}

/// The innermost unit, and what kind it is.
pub fn of_cgroup(groups: &str) -> Option<(String, StaleKind)> {
    paths(groups).find_map(|path| {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let at = parts.iter().rposition(|part| ends(part, ".service") || ends(part, ".scope"))?;
        let name = parts[at];
        let is_users = parts[..at].iter().any(|part| part.starts_with("user@") && ends(part, ".service"));
        let kind = match name {
            _ if CORE.contains(&name) && !is_users => StaleKind::Reboot,
            _ if is_users && name == "init.scope" => StaleKind::Session,
            _ if is_users => StaleKind::UserService,
            _ if name.starts_with("session-") && ends(name, ".scope") => StaleKind::Session,
            _ if name.starts_with("user@") => StaleKind::Session,
            _ if ends(name, ".service") => StaleKind::Service,
            _ => StaleKind::Process,
        };
        Some((name.to_owned(), kind))
    })
}

/// Names of units are lower case.
fn ends(name: &str, ending: &str) -> bool {
    name.strip_suffix(ending).is_some()
}

/// The paths that may name a unit: that of the unified hierarchy, and that of systemd's own.
fn paths(groups: &str) -> impl Iterator<Item = &str> {
    groups.lines().filter_map(|line| {
        let mut columns = line.splitn(3, ':');
        let (number, names, path) = (columns.next()?, columns.next()?, columns.next()?);
        ((number == "0" && names.is_empty()) || names == "name=systemd" || names.contains("pids"))
            .then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_processes() {
        for (groups, unit, kind) in [
            ("0::/system.slice/nginx.service", "nginx.service", StaleKind::Service),
            (
                "0::/system.slice/system-postgresql.slice/postgresql@15-main.service",
                "postgresql@15-main.service",
                StaleKind::Service,
            ),
            (
                "12:pids:/user.slice\n1:name=systemd:/user.slice/user-0.slice/session-3.scope\n0::/x",
                "session-3.scope",
                StaleKind::Session,
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service",
                "foo.service",
                StaleKind::UserService,
            ),
            ("0::/init.scope", "init.scope", StaleKind::Reboot),
            ("0::/system.slice/dbus.service", "dbus.service", StaleKind::Reboot),
        ] {
            assert_eq!(of_cgroup(groups), Some((unit.to_owned(), kind)), "{groups}");
            assert!(!is_container(groups));
        }
        assert_eq!(of_cgroup("0::/"), None);
    }

    #[test]
    fn containers_are_not_this_hosts_services() {
        for groups in [
            "0::/system.slice/docker-0123.scope",
            "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope",
            "1:name=systemd:/docker/abc",
            "0::/machine.slice/libpod-1.scope/container",
            "0::/lxc/web",
        ] {
            assert!(is_container(groups), "{groups}");
        }
        assert!(!is_container("0::/system.slice/docker.service"));
        assert!(!is_container("0::/system.slice/containerd.service"));
    }
}
