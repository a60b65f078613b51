//! Which Debian package a file belongs to: dpkg's lists of files.

use std::collections::HashMap;

use crate::Host;

const INFO: &str = "/var/lib/dpkg/info";

/// The packages of these files, as far as dpkg's lists name them. A library whose name carries its version
/// is found by its name without it, because an upgrade renames the file.
pub fn owners(host: &Host, files: &[&str]) -> HashMap<String, String> {
    let mut owners = HashMap::new();
    if files.is_empty() {
        return owners;
    }
    let mut by_key: HashMap<String, Vec<&str>> = HashMap::new();
    for file in files {
        for key in keys(file) {
            by_key.entry(key).or_default().push(file);
        }
    }
    let mut guessed: HashMap<String, String> = HashMap::new();
    for name in host.list(INFO).unwrap_or_default() {
        let Some(package) = name.strip_suffix(".list") else { continue };
        let Ok(text) = host.text(format!("{INFO}/{name}")) else { continue };
        let package = package.split(':').next().unwrap_or(package);
        for line in text.lines() {
            if let Some(files) = by_key.get(line) {
                owners.extend(files.iter().map(|file| ((*file).to_owned(), package.to_owned())));
            }
            if let Some(files) = stem(line).and_then(|stem| by_key.get(&stem)) {
                guessed.extend(files.iter().map(|file| ((*file).to_owned(), package.to_owned())));
            }
        }
    }
    for (file, package) in guessed {
        owners.entry(file).or_insert(package);
    }
    owners
}

/// The path itself and the same without `/usr` (lists keep the path the package was built with), both also
/// as the stem of a library.
fn keys(file: &str) -> Vec<String> {
    let mut keys = vec![file.to_owned()];
    let other = file.strip_prefix("/usr").map_or_else(|| format!("/usr{file}"), str::to_owned);
    keys.push(other);
    let stems: Vec<String> = keys.iter().filter_map(|key| stem(key)).collect();
    keys.extend(stems);
    keys
}

/// `/lib/libx.so.` of `/lib/libx.so.1.2.3`, or of a versioned name such as `libx-1.2.so`.
fn stem(path: &str) -> Option<String> {
    path.find(".so.").map(|at| path[..at + 4].to_owned())
}
