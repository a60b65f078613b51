//! Reading series, a few at a time in one thread or many in several, and making something of each.

use std::sync::Mutex;

use super::{Eval, Result};
use crate::promql::{Fault, Source};
use crate::sample::Samples;
use crate::store::lock;
use crate::store::rollup::Column;
use crate::store::select::{Coarse, Selected};

/// So few series are not worth a thread.
const FEW: usize = 32;
/// Series that are read ahead together.
const GROUP: usize = 512;

/// What was made of one series.
struct Slot<T> {
    samples: usize,
    warnings: Vec<String>,
    made: std::result::Result<Option<T>, String>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { samples: 0, warnings: Vec::new(), made: Ok(None) }
    }
}

/// What is to be read, and what is to be made of each series.
struct Reading<'a, T> {
    source: &'a dyn Source,
    from: i64,
    to: i64,
    column: Column,
    work: &'a (dyn Fn(&Selected, &Samples, Coarse) -> Option<T> + Sync),
}

impl<T: Send> Reading<'_, T> {
    fn fill(&self, group: &[Selected], slots: &mut [Slot<T>]) {
        let mut samples = Samples::default();
        for (series, slot) in group.iter().zip(slots) {
            let warn = &mut |text| slot.warnings.push(text);
            slot.made = self
                .source
                .read(series, self.from, self.to, self.column, &mut samples, warn)
                .map(|coarse| (self.work)(series, &samples, coarse));
            slot.samples = samples.len();
        }
    }

    fn fill_with(&self, threads: usize, group: &[Selected], slots: &mut [Slot<T>]) {
        // Whoever is free takes the next few: a thread that has to wait for a processor holds nobody up.
        let parts = Mutex::new(group.chunks(FEW).zip(slots.chunks_mut(FEW)));
        let work = || {
            loop {
                let next = lock(&parts).next();
                let Some((group, slots)) = next else { return };
                self.fill(group, slots);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.min(group.len().div_ceil(FEW)) {
                scope.spawn(work);
            }
            work();
        });
    }
}

impl Eval<'_> {
    /// Reads series, makes something of each and hands it to `sink`. Many are read by several threads, a group at a
    /// time.
    pub fn each_read<T: Send>(
        &mut self,
        series: &[Selected],
        (from, to): (i64, i64),
        column: Column,
        work: &(dyn Fn(&Selected, &Samples, Coarse) -> Option<T> + Sync),
        sink: &mut dyn FnMut(&mut Self, &Selected, T) -> Result<()>,
    ) -> Result<()> {
        let reading = Reading { source: self.source, from, to, column, work };
        let threads = if series.len() < FEW { 1 } else { self.options.threads.max(1) };
        let mut slots: Vec<Slot<T>> = Vec::new();
        for group in series.chunks(if threads == 1 { 1 } else { GROUP }) {
            self.check_time()?;
            slots.clear();
            slots.resize_with(group.len(), Slot::default);
            if threads == 1 {
                reading.fill(group, &mut slots);
            } else {
                reading.fill_with(threads, group, &mut slots);
            }
            for (series, slot) in group.iter().zip(slots.drain(..)) {
                slot.warnings.iter().for_each(|text| self.notes.warn(text));
                let made = slot.made.map_err(Fault::Execution)?;
                let held = slot.samples + self.held;
                self.samples += slot.samples;
                self.peak_samples = self.peak_samples.max(held);
                if held > self.options.most_samples {
                    return Err(Fault::TooManySamples);
                }
                if let Some(made) = made {
                    sink(self, series, made)?;
                }
            }
        }
        Ok(())
    }
}
