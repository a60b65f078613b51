//! One series with one place per step.

use std::sync::Arc;

use super::Cell;
use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::sample::{Value, hole, is_hole};

/// A series over the steps of a grid. `v` holds the hole mark where there is no float.
#[derive(Clone, Debug)]
pub struct Series {
    pub labels: Labels,
    pub v: Vec<f64>,
    /// Histograms by step, only when there are any.
    pub h: Option<Vec<Option<Arc<Histogram>>>>,
}

impl Series {
    pub fn empty(labels: Labels, len: usize) -> Self {
        Self { labels, v: vec![hole(); len], h: None }
    }

    pub fn float(&self, step: usize) -> Option<f64> {
        Some(self.v[step]).filter(|v| !is_hole(*v))
    }

    pub fn histogram(&self, step: usize) -> Option<&Arc<Histogram>> {
        self.h.as_ref().and_then(|h| h[step].as_ref())
    }

    pub fn value(&self, step: usize) -> Option<Value> {
        match self.float(step) {
            Some(v) => Some(Value::Float(v)),
            None => self.histogram(step).map(|h| Value::Histogram(h.clone())),
        }
    }

    pub fn is_present(&self, step: usize) -> bool {
        !is_hole(self.v[step]) || self.histogram(step).is_some()
    }

    pub fn is_empty(&self) -> bool {
        self.v.iter().all(|v| is_hole(*v)) && self.h.as_ref().is_none_or(|h| h.iter().all(Option::is_none))
    }

    pub fn set(&mut self, step: usize, cell: Option<Cell>) {
        match cell {
            Some(Cell::Float(v)) => self.v[step] = super::tame(v),
            Some(Cell::Histogram(h)) => self.set_histogram(step, h),
            None => self.clear(step),
        }
    }

    pub fn set_histogram(&mut self, step: usize, histogram: Arc<Histogram>) {
        self.v[step] = hole();
        let len = self.v.len();
        self.h.get_or_insert_with(|| vec![None; len])[step] = Some(histogram);
    }

    pub fn clear(&mut self, step: usize) {
        self.v[step] = hole();
        if let Some(h) = &mut self.h {
            h[step] = None;
        }
    }

    /// Changes every float.
    pub fn map(&mut self, mut f: impl FnMut(f64) -> f64) {
        for v in &mut self.v {
            if !is_hole(*v) {
                *v = super::tame(f(*v));
            }
        }
    }

    pub fn map_histograms(&mut self, mut f: impl FnMut(&mut Histogram)) {
        for h in self.h.iter_mut().flatten().flatten() {
            f(Arc::make_mut(h));
        }
    }

    /// Takes over the values of another series where this has none; tells whether nothing collided.
    pub fn absorb(&mut self, other: &Self) -> bool {
        for step in 0..self.v.len() {
            match (self.is_present(step), other.value(step)) {
                (_, None) => {}
                (true, Some(_)) => return false,
                (false, Some(Value::Float(v))) => self.v[step] = v,
                (false, Some(Value::Histogram(h))) => self.set_histogram(step, h),
            }
        }
        true
    }
}
