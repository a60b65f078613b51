//! `Gemfile.lock`: the `specs` of the `GEM` section, four blanks deep. What has a `PATH` is the project's own.

use super::Inventory;

pub(super) fn read(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let mut section = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            section = line.trim();
            continue;
        }
        let Some(spec) = line.strip_prefix("    ").filter(|spec| !spec.starts_with(' ')) else { continue };
        let Some((name, version)) = spec.trim_end().strip_suffix(')').and_then(|spec| spec.split_once(" ("))
        else {
            continue;
        };
        match section {
            "GEM" => inventory.add("RubyGems", name, platform_free(version)),
            "GIT" | "PLUGIN SOURCE" => inventory.miss(name, "does not come from a gem server"),
            _ => {}
        }
    }
    inventory
}

/// `1.16.0-x86_64-linux` is version 1.16.0 built for a platform.
fn platform_free(version: &str) -> &str {
    match version.split_once('-') {
        Some((plain, platform))
            if platform.starts_with(|c: char| c.is_ascii_lowercase()) || platform.starts_with("x86") =>
        {
            plain
        }
        _ => version,
    }
}
