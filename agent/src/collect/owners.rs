//! Which package brings a file: the manifests of dpkg and apk, read once for many paths.

use std::collections::HashMap;

use crate::Host;

const DPKG_INFO: &str = "/var/lib/dpkg/info";
const APK_INSTALLED: &str = "/lib/apk/db/installed";

/// Owners of the paths asked for.
#[derive(Debug, Default)]
pub struct Owners {
    by_path: HashMap<String, String>,
    /// Whether this host has manifests that could be read; else "no owner" means nothing.
    pub are_known: bool,
}

impl Owners {
    /// Reads every manifest once. A path under `/usr` is found under its older name too (`/bin/su` for
    /// `/usr/bin/su`), because manifests were written before the folders were merged.
    pub fn of<'a>(host: &Host, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut wanted: HashMap<Vec<u8>, &str> = HashMap::new();
        for path in paths {
            wanted.insert(path.as_bytes().to_vec(), path);
            if let Some(older) = path.strip_prefix("/usr").filter(|rest| is_merged(rest)) {
                wanted.insert(older.as_bytes().to_vec(), path);
            } else if is_merged(path) {
                wanted.insert(format!("/usr{path}").into_bytes(), path);
            }
        }
        let mut owners = Self::default();
        owners.read_dpkg(host, &wanted);
        owners.read_apk(host, &wanted);
        owners
    }

    /// The package that brings `path`, without its architecture.
    pub fn owner(&self, path: &str) -> Option<&str> {
        self.by_path.get(path).map(String::as_str)
    }

    fn read_dpkg(&mut self, host: &Host, wanted: &HashMap<Vec<u8>, &str>) {
        let Ok(names) = host.list(DPKG_INFO) else { return };
        for name in names.iter().filter_map(|name| name.strip_suffix(".list")) {
            let Ok(bytes) = host.read(format!("{DPKG_INFO}/{name}.list")) else { continue };
            self.are_known = true;
            if wanted.is_empty() {
                return;
            }
            for line in bytes.split(|byte| *byte == b'\n') {
                if let Some(path) = wanted.get(line) {
                    let package = name.split(':').next().unwrap_or(name);
                    self.by_path.insert((*path).to_owned(), package.to_owned());
                }
            }
        }
    }

    /// `P:` names the package, `F:` a folder, `R:` a file in it.
    fn read_apk(&mut self, host: &Host, wanted: &HashMap<Vec<u8>, &str>) {
        let Ok(text) = host.text(APK_INSTALLED) else { return };
        self.are_known = true;
        let (mut package, mut folder) = ("", "");
        for line in text.lines() {
            match line.split_once(':') {
                Some(("P", name)) => package = name,
                Some(("F", name)) => folder = name,
                Some(("R", name)) => {
                    if let Some(path) = wanted.get(format!("/{folder}/{name}").as_bytes()) {
                        self.by_path.insert((*path).to_owned(), package.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_merged(path: &str) -> bool {
    ["/bin/", "/sbin/", "/lib/", "/lib64/", "/lib32/", "/libx32/"].iter().any(|top| path.starts_with(top))
}
