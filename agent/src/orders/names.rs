//! Which words may become arguments of a program of the package system.

use crate::wire::{Pinned, Task, Wish};

const MOST_PACKAGES: usize = 20_000;

/// Why a task may not be carried out as it is worded; `None` when every word is proper.
pub fn fault(task: &Task) -> Option<String> {
    match task {
        Task::Look { .. } | Task::SimulatePackages { wish: Wish::Everything } => None,
        Task::SimulatePackages { wish: Wish::Exactly { set } } | Task::FetchPackages { set } => {
            set_fault(set)
        }
        Task::KeepOld { save_as, packages } => name_fault(save_as).or_else(|| set_fault(packages)),
        Task::ApplyPackages(apply) => packages_fault(&apply.remove)
            .or_else(|| hash_fault(&apply.approved_hash))
            .or_else(|| set_fault(&apply.set)),
        Task::ReadChangelogs { packages } => packages_fault(packages),
        Task::SimulateRollBack { saved, remove } => name_fault(saved).or_else(|| packages_fault(remove)),
        Task::RollBack(back) => name_fault(&back.saved)
            .or_else(|| packages_fault(&back.remove))
            .or_else(|| hash_fault(&back.approved_hash)),
        Task::Unknown => Some("this agent does not know such an order; a newer one may".to_owned()),
    }
}

/// 1 to 64 of letters, digits, `-`, `_`.
pub fn is_order_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn packages_fault(names: &[String]) -> Option<String> {
    names.iter().find(|name| !is_package(name)).map(|name| format!("{name:?} is no package name"))
}

fn hash_fault(hash: &str) -> Option<String> {
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!is_hash).then(|| "the hash of what was approved is missing".to_owned())
}

fn name_fault(name: &str) -> Option<String> {
    (!is_order_id(name)).then(|| format!("{name:?} is no name for a saved set"))
}

fn set_fault(set: &[Pinned]) -> Option<String> {
    if set.is_empty() || set.len() > MOST_PACKAGES {
        return Some(format!("a set holds 1 to {MOST_PACKAGES} packages, this one {}", set.len()));
    }
    set.iter().find_map(|pinned| {
        if !is_package(&pinned.name) {
            Some(format!("{:?} is no package name", pinned.name))
        } else if !is_version(&pinned.version) {
            Some(format!("{:?} is no version", pinned.version))
        } else if !is_architecture(&pinned.architecture) {
            Some(format!("{:?} is no architecture", pinned.architecture))
        } else {
            None
        }
    })
}

/// Debian policy 5.6.1: two letters at least, lower case, digits, `+ - .`, begins with a letter or digit.
/// One that ends in `-` would mean "remove" to apt.
fn is_package(name: &str) -> bool {
    let is_inner =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    (2..=128).contains(&name.len())
        && name.bytes().all(is_inner)
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !name.ends_with('-')
}

/// Debian policy 5.6.12.
fn is_version(version: &str) -> bool {
    (1..=128).contains(&version.len())
        && version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'~' | b':'))
}

fn is_architecture(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::{fault, is_order_id};
    use crate::wire::{Pinned, RollBack, Task};

    #[test]
    fn only_proper_words_become_arguments() {
        let task = |name: &str, version: &str, architecture: &str| Task::FetchPackages {
            set: vec![Pinned {
                name: name.into(),
                version: version.into(),
                architecture: architecture.into(),
            }],
        };
        assert_eq!(fault(&task("g++", "4:12.2.0-3~deb12u1+b1", "amd64")), None);
        for (name, version, architecture) in [
            ("-oDebug::x", "1", "amd64"),
            ("a b", "1", "amd64"),
            ("bash-", "1", "amd64"),
            ("bash;id", "1", "amd64"),
            ("b", "1", "amd64"),
            ("../x", "1", "amd64"),
            ("bash", "1 2", "amd64"),
            ("bash", "", "amd64"),
            ("bash", "-1", "amd64"),
            ("bash", "1=2", "amd64"),
            ("bash", "1/stable", "amd64"),
            ("bash", "1", "--help"),
            ("bash", "1", ""),
        ] {
            assert!(fault(&task(name, version, architecture)).is_some(), "{name} {version} {architecture}");
        }
        assert!(fault(&Task::FetchPackages { set: Vec::new() }).is_some());
        let back = |saved: &str, remove: &str, hash: &str| {
            let (saved, approved_hash) = (saved.to_owned(), hash.to_owned());
            fault(&Task::RollBack(RollBack {
                saved,
                remove: vec![remove.into()],
                approved_hash,
                lock_wait_s: 1,
            }))
        };
        let hash = "0".repeat(64);
        assert_eq!(back("pln_1", "libnew", &hash), None);
        assert!(back("../../etc", "libnew", &hash).is_some());
        assert!(back("pln_1", "libnew+", "").is_some() && back("pln_1", "-y", &hash).is_some());
        let simulated = |saved: &str| Task::SimulateRollBack { saved: saved.into(), remove: Vec::new() };
        assert!(fault(&simulated("../x")).is_some() && fault(&simulated("pln_1")).is_none());
        assert!(!is_order_id("") && !is_order_id("../x") && !is_order_id(&"a".repeat(65)));
    }
}
