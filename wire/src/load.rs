//! Memory, load, pressure, processors: readings of one moment.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Load`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    pub memory: Memory,
    /// Mean length of the run queue over 1, 5, 15 minutes.
    pub load: [f64; 3],
    pub processors: Processors,
    /// Absent where the kernel does not measure it.
    pub pressure: Option<Pressures>,
    /// Since start, seconds.
    pub uptime_s: u64,
    pub processes: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub total_bytes: u64,
    /// What programs can still get without swapping.
    pub available_bytes: u64,
    pub swap_total_bytes: u64,
    pub swap_free_bytes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processors {
    pub count: u32,
    pub model: Option<String>,
    /// Since start, all processors together, in clock ticks of 10 ms.
    pub busy_ticks: u64,
    pub idle_ticks: u64,
    /// Waiting for a disk, counted in neither of the two.
    pub wait_ticks: u64,
    /// Taken by the hypervisor, part of `busy_ticks`.
    pub stolen_ticks: u64,
}

/// Share of time somebody (`some`) or everybody (`full`) waited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pressures {
    pub processor: Pressure,
    pub memory: Pressure,
    pub disk: Pressure,
}

/// Per cent over the last 10, 60, 300 seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    pub some: [f64; 3],
    pub full: [f64; 3],
}
