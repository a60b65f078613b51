//! `series`, `labels` and `label/…/values`: what there is, between two times and as far as selectors say.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::endpoint::{ApiFault, Window};
use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::store::Store;

/// What was found, and whether there is more than was asked for.
pub(super) struct Found<T> {
    pub items: Vec<T>,
    pub is_cut: bool,
}

impl<T> Found<T> {
    fn cut(mut items: Vec<T>, limit: usize) -> Self {
        let is_cut = limit > 0 && items.len() > limit;
        if is_cut {
            items.truncate(limit);
        }
        Self { items, is_cut }
    }
}

/// Series with samples in the window that any of the selectors accepts, sorted.
pub(super) fn series(
    store: &Store,
    selectors: &[Vec<Matcher>],
    window: Window,
    limit: usize,
) -> Result<Found<Labels>, ApiFault> {
    if selectors.is_empty() {
        return Err(ApiFault::bad("no match[] parameter provided"));
    }
    let mut found = BTreeMap::new();
    for matchers in selectors {
        found.extend(store.select(matchers).into_iter().map(|selected| (selected.labels, selected.id)));
    }
    let presence = store.presence(window.from, window.to);
    let labels = found.into_iter().filter(|(_, id)| presence.holds(*id)).map(|(labels, _)| labels);
    // One more than asked for tells that there is more.
    let most = if limit == 0 { usize::MAX } else { limit.saturating_add(1) };
    Ok(Found::cut(labels.take(most).collect(), limit))
}

/// Names of labels, sorted.
pub(super) fn names(
    store: &Store,
    selectors: &[Vec<Matcher>],
    window: Window,
    limit: usize,
) -> Found<String> {
    let ids = selected(store, selectors);
    if window.is_everything() {
        return Found::cut(store.with_index(|index| index.label_names(ids.as_ref())), limit);
    }
    let all = store.with_index(|index| index.label_names(ids.as_ref()));
    let presence = store.presence(window.from, window.to);
    let is_there = |name: &String| {
        let values = store.with_index(|index| index.label_postings(name, ids.as_ref()));
        values.iter().any(|(_, ids)| ids.iter().any(|id| presence.holds(id)))
    };
    Found::cut(all.into_iter().filter(is_there).collect(), limit)
}

/// Values of a label, sorted.
pub(super) fn values(
    store: &Store,
    name: &str,
    selectors: &[Vec<Matcher>],
    window: Window,
    limit: usize,
) -> Found<String> {
    let ids = selected(store, selectors);
    if window.is_everything() {
        return Found::cut(store.with_index(|index| index.label_values(name, ids.as_ref())), limit);
    }
    let all = store.with_index(|index| index.label_postings(name, ids.as_ref()));
    let presence = store.presence(window.from, window.to);
    let there = all.into_iter().filter(|(_, ids)| ids.iter().any(|id| presence.holds(id)));
    Found::cut(there.map(|(value, _)| value).collect(), limit)
}

fn selected(store: &Store, selectors: &[Vec<Matcher>]) -> Option<RoaringBitmap> {
    if selectors.is_empty() {
        return None;
    }
    let select = |matchers: &Vec<Matcher>| store.with_index(|index| index.select(matchers));
    selectors.iter().map(select).reduce(|a, b| a | b)
}
