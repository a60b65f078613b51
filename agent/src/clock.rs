//! The agent's one source of time, and the stop-watch around each collector.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::wire::{Seen, Took};

/// Milliseconds since 1970 by the clock of the host; 0 for a clock set before that.
#[expect(
    clippy::disallowed_methods,
    reason = "the agent stands beside the kernel crate; this is its only clock"
)]
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Runs one collector and notes what it cost this thread.
pub fn timed<T>(look: impl FnOnce() -> Seen<T>) -> Seen<T> {
    let (wall, cpu) = (Instant::now(), cpu_us());
    let mut seen = look();
    let wall_us = u64::try_from(wall.elapsed().as_micros()).unwrap_or(u64::MAX);
    seen.took = Took { cpu_us: cpu_us().saturating_sub(cpu), wall_us };
    seen
}

/// Processor time of the calling thread.
pub fn cpu_us() -> u64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(spent.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(spent.tv_nsec).unwrap_or(0) / 1_000
}
