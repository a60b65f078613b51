//! Memory, load, pressure and processor time as the kernel tells them at this moment.

use crate::Host;
use crate::host::reason;
use crate::wire::load::{Load, Memory, Pressure, Pressures, Processors};
use crate::wire::{Seen, Unseen};

/// Readings of this moment.
pub fn collect(host: &Host) -> Seen<Load> {
    let mut unseen = Vec::new();
    let mut told = |file: &str, what: &str| {
        host.proc_text(file)
            .inspect_err(|fault| unseen.push(Unseen::new(what, reason(&format!("/proc/{file}"), fault))))
            .unwrap_or_default()
    };
    let memory = memory(&told("meminfo", "memory"));
    let load = numbers(&told("loadavg", "load"));
    let stat = told("stat", "processor time");
    let uptime: [f64; 1] = numbers(&told("uptime", "time since start"));
    let pressure = pressures(host).inspect_err(|gap| unseen.push(gap.clone())).ok();
    let load = Load {
        memory,
        load,
        processors: processors(&stat, &host.proc_text("cpuinfo").unwrap_or_default()),
        pressure,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since start")]
        uptime_s: uptime[0].max(0.0) as u64,
        processes: host.processes().map_or(0, |ids| u32::try_from(ids.len()).unwrap_or(u32::MAX)),
    };
    Seen::partly(load, unseen)
}

fn memory(text: &str) -> Memory {
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.map(|kib| kib * 1024)
    };
    // Kernels before 3.14 do not tell what is available; free and cached is the nearest.
    let guess =
        || bytes("MemFree").unwrap_or(0) + bytes("Cached").unwrap_or(0) + bytes("Buffers").unwrap_or(0);
    Memory {
        total_bytes: bytes("MemTotal").unwrap_or(0),
        available_bytes: bytes("MemAvailable").unwrap_or_else(guess),
        swap_total_bytes: bytes("SwapTotal").unwrap_or(0),
        swap_free_bytes: bytes("SwapFree").unwrap_or(0),
    }
}

fn numbers<const N: usize>(text: &str) -> [f64; N] {
    let mut found = text.split_whitespace().map(|word| word.parse().unwrap_or(0.0));
    std::array::from_fn(|_| found.next().unwrap_or(0.0))
}

/// `cpu user nice system idle iowait irq softirq steal …`; guest time is already in user time.
fn processors(stat: &str, cpuinfo: &str) -> Processors {
    let all = stat.lines().find_map(|line| line.strip_prefix("cpu ")).unwrap_or_default();
    let ticks: Vec<u64> = all.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect();
    let tick = |at: usize| ticks.get(at).copied().unwrap_or(0);
    let count = stat
        .lines()
        .filter(|line| {
            line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
        .count();
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).and_then(|l| l.split_once(':'));
    Processors {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        model: model.map(|(_, name)| name.trim().to_owned()),
        busy_ticks: tick(0) + tick(1) + tick(2) + tick(5) + tick(6) + tick(7),
        idle_ticks: tick(3),
        wait_ticks: tick(4),
        stolen_ticks: tick(7),
    }
}

fn pressures(host: &Host) -> Result<Pressures, Unseen> {
    let read = |name: &str| {
        host.proc_text(format!("pressure/{name}")).map(|text| pressure(&text)).map_err(|_| {
            Unseen::new("pressure", "this kernel does not measure it")
                .allow_with("start the kernel with psi=1 on its command line")
        })
    };
    Ok(Pressures { processor: read("cpu")?, memory: read("memory")?, disk: read("io")? })
}

fn pressure(text: &str) -> Pressure {
    let line = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let mut found = line.split_whitespace().filter_map(|word| word.strip_prefix("avg")?.split_once('='));
        std::array::from_fn(|_| found.next().and_then(|(_, value)| value.parse().ok()).unwrap_or(0.0))
    };
    Pressure { some: line("some"), full: line("full") }
}

#[cfg(test)]
mod tests {
    use super::{collect, pressure, processors};
    use crate::Host;

    #[test]
    fn pressure_and_processor_lines_are_read() {
        let text = "some avg10=1.50 avg60=0.25 avg300=0.01 total=7\nfull avg10=0.00 avg60=2.00 avg300=0.00 total=1\n";
        let read = pressure(text);
        assert!((read.some[0] - 1.5).abs() < 1e-9 && (read.full[1] - 2.0).abs() < 1e-9);
        let told =
            processors("cpu  1 2 3 40 5 6 7 8 9 9\ncpu0 1\ncpu1 1\nctxt 5\n", "model name\t: Fast One\n");
        assert_eq!((told.busy_ticks, told.idle_ticks, told.wait_ticks, told.count), (27, 40, 5, 2));
        assert_eq!(told.model.as_deref(), Some("Fast One"));
    }

    #[test]
    fn the_live_host_has_memory_and_processors() {
        let load = collect(&Host::live()).value.unwrap();
        let text = std::fs::read_to_string("/proc/meminfo").unwrap();
        assert!(text.contains(&format!("{} kB", load.memory.total_bytes / 1024)));
        assert!(load.memory.available_bytes <= load.memory.total_bytes);
        assert!(load.processors.count > 0 && load.processes > 0);
    }
}
