//! The whole house at its size: 10,000 assets, a million work items, a million findings. How long Home, the lists, one
//! item and search take on the server, what a page weighs, and how many durable creates come through the door.
//!
//! Prints Markdown. `--seed FOLDER` fills a house and leaves it; `--measure FOLDER` measures one that was filled;
//! neither does both and cleans up. `--only sqlite|postgres` and `--part pages|creates` do less. PostgreSQL is measured when `MAINSTAY_TEST_POSTGRES` names a server.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to say")]

#[path = "house/creates.rs"]
mod creates;
#[path = "house/pages.rs"]
mod pages;
#[path = "house/seed.rs"]
mod seed;

use std::path::{Path, PathBuf};
use std::time::Duration;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "--client") {
        return creates::clients(&words[at + 1], &words[at + 2], &words[at + 3]);
    }
    mainstay::memory::give_back(); // as the program does
    let after = |name: &str| words.iter().position(|w| w == name).map(|at| PathBuf::from(&words[at + 1]));
    let [only, part] = ["--only", "--part"].map(|name| after(name).map(|name| name.display().to_string()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (seed, measure) = (after("--seed"), after("--measure"));
    let folder = seed.clone().or_else(|| measure.clone());
    let own = folder
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("mainstay-bench-house-{}", std::process::id())));
    for engine in engines(&own).into_iter().filter(|e| only.as_deref().is_none_or(|only| only == e.short)) {
        if measure.is_none() {
            runtime.block_on(seed::fill(&engine));
        }
        if seed.is_none() {
            if part.as_deref() != Some("creates") {
                println!("### {}\n", engine.name);
                runtime.block_on(pages::measure(&engine));
            }
            if part.as_deref() != Some("pages") {
                runtime.block_on(creates::measure(&engine));
            }
        }
    }
    if folder.is_none() {
        drop(std::fs::remove_dir_all(own));
    }
}

/// One house to measure: its engine and where its data is.
#[derive(Clone)]
pub struct Engine {
    pub name: &'static str,
    short: &'static str,
    pub data: PathBuf,
    pub postgres: Option<String>,
}

fn engines(folder: &Path) -> Vec<Engine> {
    let sqlite = Engine { name: "SQLite", short: "sqlite", data: folder.join("sqlite"), postgres: None };
    let server = std::env::var("MAINSTAY_TEST_POSTGRES").ok();
    let postgres = server.map(|server| Engine {
        name: "PostgreSQL",
        short: "postgres",
        data: folder.join("postgres"),
        postgres: Some(server),
    });
    std::iter::once(sqlite).chain(postgres).collect()
}

/// Milliseconds below which this share of the times lies.
pub fn at(took: &mut [Duration], percent: usize) -> f64 {
    took.sort_unstable();
    took.get((took.len().max(1) - 1) * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
