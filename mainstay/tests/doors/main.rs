//! The tests of every door, over the real router, on both engines: who may what, what is told, what is refused.

mod access;
mod bad_input;
mod contract;
mod house;
mod manners;
mod notices;
mod organisations;
mod outbox;
mod strange_facts;
mod table;
mod teams;

use std::path::Path;

/// Compares with a snapshot in the repository; `MAINSTAY_RENEW=1` writes it anew, for a reviewed change.
pub fn frozen(file: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("MAINSTAY_RENEW").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = kept
        .lines()
        .zip(now.lines())
        .position(|(a, b)| a != b)
        .unwrap_or(kept.lines().count().min(now.lines().count()));
    assert!(
        kept == now,
        "{file} is not what the program says now; first difference in line {}:\n  kept: {}\n  now:  {}\n\
         If the change is meant, run `MAINSTAY_RENEW=1 cargo test -p mainstay --test doors` and commit the file with it.",
        differs + 1,
        kept.lines().nth(differs).unwrap_or("(end)"),
        now.lines().nth(differs).unwrap_or("(end)"),
    );
}
