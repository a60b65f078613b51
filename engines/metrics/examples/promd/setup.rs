//! The configuration and the rule files it names.

use std::path::{Path, PathBuf};

use mainstay_metrics::rules::Group;
use mainstay_metrics::scrape::Config;

/// What was read, and when.
#[derive(Default)]
pub struct Setup {
    pub text: String,
    pub config: Config,
    pub groups: Vec<Group>,
    pub read_at_ms: i64,
    /// Why the last attempt to read it again failed, if it did.
    pub fault: Option<String>,
}

impl Setup {
    /// Reads everything; the reason if any of it cannot be used.
    pub fn read(path: Option<&Path>, now_ms: i64) -> Result<Self, String> {
        let Some(path) = path else {
            let config = Config::read("", Path::new(""))?;
            return Ok(Self { config, read_at_ms: now_ms, ..Self::default() });
        };
        let text = std::fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        // The names of rule files are part of what is remembered of them: they must not depend on the folder of the start.
        let path = std::path::absolute(path).map_err(|fault| fault.to_string())?;
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        let config =
            Config::read(&text, &folder).map_err(|reason| format!("{}: {reason}", path.display()))?;
        let mut groups = Vec::new();
        for pattern in &config.rule_files {
            for file in matching(&folder, pattern) {
                let yaml =
                    std::fs::read_to_string(&file).map_err(|fault| format!("{}: {fault}", file.display()))?;
                let name = file.display().to_string();
                let read = Group::read(&name, &yaml, config.evaluation_interval_ms);
                groups.extend(read.map_err(|fault| fault.to_string())?);
            }
        }
        Ok(Self { text, config, groups, read_at_ms: now_ms, fault: None })
    }
}

/// Files a pattern with `*` and `?` stands for, sorted. One without must be there, which shows when it is read.
fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![if pattern.starts_with('/') { PathBuf::from("/") } else { folder.to_owned() }];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if !part.contains(['*', '?']) {
            for path in &mut found {
                path.push(part);
            }
            continue;
        }
        let list = |path: &PathBuf| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            names.filter(|name| fits(part.as_bytes(), name.as_bytes())).map(|name| path.join(name)).collect()
        };
        found = found.iter().flat_map(list).collect();
    }
    found.sort();
    found
}

fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skipped| fits(rest, &name[skipped..])),
        (Some((b'?', rest)), Some((_, name))) => fits(rest, name),
        (Some((a, rest)), Some((b, name))) => a == b && fits(rest, name),
        _ => false,
    }
}
