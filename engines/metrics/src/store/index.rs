//! Which series exist, and which of them carry a label: everything in memory, rebuilt at start.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::labels::{Label, Labels};
use crate::matcher::{MatchOp, Matcher};

/// The number of a series in its store; never given twice.
pub type SeriesId = u32;
type Symbol = u32;

/// All series of a store by their labels.
#[derive(Default)]
pub struct Index {
    symbols: Symbols,
    /// Name and value symbols of each series, sorted by name. Empty where a series was dropped.
    series: Vec<Box<[(Symbol, Symbol)]>>,
    by_hash: HashMap<u64, SeriesId, PassThrough>,
    /// Series whose hash another one has already.
    same_hash: HashMap<u64, Vec<SeriesId>, PassThrough>,
    /// Label name → value → series.
    postings: HashMap<Symbol, BTreeMap<Arc<str>, Postings>>,
    alive: RoaringBitmap,
    hasher: RandomState,
}

impl Index {
    /// The series with exactly these labels (sorted by name).
    pub fn find<N: AsRef<str>, V: AsRef<str>>(&self, labels: &[(N, V)]) -> Option<SeriesId> {
        let hash = self.hash(labels);
        let first = *self.by_hash.get(&hash)?;
        if self.has_labels(first, labels) {
            return Some(first);
        }
        self.same_hash.get(&hash)?.iter().copied().find(|id| self.has_labels(*id, labels))
    }

    /// Adds a series that is not there yet under the next number, or under a given one (at recovery).
    pub fn insert<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        labels: &[(N, V)],
        id: Option<SeriesId>,
    ) -> SeriesId {
        let id = id.unwrap_or(self.series.len() as SeriesId);
        let hash = self.hash(labels);
        let mut pairs = Vec::with_capacity(labels.len());
        for (name, value) in labels {
            let name = self.symbols.intern(name.as_ref());
            let value = self.symbols.intern(value.as_ref());
            let text = self.symbols.text(value).clone();
            self.postings.entry(name).or_default().entry(text).or_default().add(id);
            pairs.push((name, value));
        }
        if self.series.len() <= id as usize {
            self.series.resize(id as usize + 1, Box::default());
        }
        self.series[id as usize] = pairs.into_boxed_slice();
        match self.by_hash.entry(hash) {
            Entry::Vacant(free) => {
                free.insert(id);
            }
            Entry::Occupied(_) => self.same_hash.entry(hash).or_default().push(id),
        }
        self.alive.insert(id);
        id
    }

    /// Forgets a series; its number stays used.
    pub fn remove(&mut self, id: SeriesId) {
        if !self.alive.remove(id) {
            return;
        }
        let hash = self.hash(self.labels(id).pairs());
        let others = self.same_hash.get_mut(&hash);
        if self.by_hash.get(&hash) == Some(&id) {
            match others.and_then(Vec::pop) {
                Some(other) => self.by_hash.insert(hash, other),
                None => self.by_hash.remove(&hash),
            };
        } else if let Some(others) = others {
            others.retain(|other| *other != id);
        }
        let pairs = std::mem::take(&mut self.series[id as usize]);
        for (name, value) in pairs {
            let text = self.symbols.text(value);
            if let Some(values) = self.postings.get_mut(&name) {
                if values.get_mut(text).is_some_and(|ids| ids.remove(id)) {
                    values.remove(text);
                }
                if values.is_empty() {
                    self.postings.remove(&name);
                }
            }
        }
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.alive.len() as usize
    }

    pub fn is_empty(&self) -> bool {
        self.alive.is_empty()
    }

    pub fn ids(&self) -> impl Iterator<Item = SeriesId> {
        self.alive.iter()
    }

    /// The next number a new series would get.
    pub fn next_id(&self) -> SeriesId {
        self.series.len() as SeriesId
    }

    /// Keeps numbers below this from being given again.
    pub fn reserve(&mut self, next: SeriesId) {
        if self.series.len() < next as usize {
            self.series.resize(next as usize, Box::default());
        }
    }

    pub fn labels(&self, id: SeriesId) -> Labels {
        let pairs = self.series.get(id as usize).map_or(&[][..], |p| p);
        let shared = |symbol| self.symbols.text(symbol).clone();
        Labels::from_sorted(pairs.iter().map(|(n, v)| -> Label { (shared(*n), shared(*v)) }).collect())
    }

    /// The series all matchers accept.
    pub fn select(&self, matchers: &[Matcher]) -> RoaringBitmap {
        let mut found: Option<RoaringBitmap> = None;
        let (narrow, wide): (Vec<_>, Vec<_>) = matchers.iter().partition(|m| !m.accepts(""));
        for matcher in narrow {
            let ids = self.with_value(matcher);
            found = Some(match found {
                None => ids,
                Some(found) => found & ids,
            });
            if found.as_ref().is_some_and(RoaringBitmap::is_empty) {
                return RoaringBitmap::new();
            }
        }
        let mut found = found.unwrap_or_else(|| self.alive.clone());
        for matcher in wide {
            // Accepts the empty value: everything except the series with a value it does not accept.
            found -= self.with_refused_value(matcher);
        }
        found
    }

    /// Names of labels that series among `ids` carry (all series when none are given).
    pub fn label_names(&self, ids: Option<&RoaringBitmap>) -> Vec<String> {
        let is_used = |values: &BTreeMap<Arc<str>, Postings>| {
            ids.is_none_or(|ids| values.values().any(|v| v.meets(ids)))
        };
        let mut names: Vec<String> = self
            .postings
            .iter()
            .filter(|(_, values)| is_used(values))
            .map(|(name, _)| self.symbols.text(*name).to_string())
            .collect();
        names.sort_unstable();
        names
    }

    /// Values of a label that series among `ids` carry, sorted.
    pub fn label_values(&self, name: &str, ids: Option<&RoaringBitmap>) -> Vec<String> {
        let values = self.symbols.find(name).and_then(|name| self.postings.get(&name));
        values
            .into_iter()
            .flatten()
            .filter(|(_, with)| ids.is_none_or(|ids| with.meets(ids)))
            .map(|(value, _)| value.to_string())
            .collect()
    }

    /// Values of a label with the series among `ids` that carry them, sorted.
    pub fn label_postings(&self, name: &str, ids: Option<&RoaringBitmap>) -> Vec<(String, RoaringBitmap)> {
        let values = self.symbols.find(name).and_then(|name| self.postings.get(&name));
        values
            .into_iter()
            .flatten()
            .map(|(value, with)| {
                let with = with.bitmap();
                (value.to_string(), ids.map_or_else(|| with.clone(), |ids| &with & ids))
            })
            .filter(|(_, with)| !with.is_empty())
            .collect()
    }

    /// For each label name: how many values it has and how many series carry it, most values first.
    pub fn cardinality(&self) -> Vec<(String, usize, u64)> {
        let mut all: Vec<_> = self
            .postings
            .iter()
            .map(|(name, values)| {
                let series = values.values().map(Postings::len).sum();
                (self.symbols.text(*name).to_string(), values.len(), series)
            })
            .collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    /// How many series carry each value of a label, most first.
    pub fn series_by_value(&self, name: &str) -> Vec<(String, u64)> {
        let values = self.symbols.find(name).and_then(|name| self.postings.get(&name));
        let mut all: Vec<_> =
            values.into_iter().flatten().map(|(v, ids)| (v.to_string(), ids.len())).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    fn with_value(&self, matcher: &Matcher) -> RoaringBitmap {
        let Some(values) = self.symbols.find(&matcher.name).and_then(|name| self.postings.get(&name)) else {
            return RoaringBitmap::new();
        };
        if let Some(listed) = matcher.listed_values() {
            let mut found = RoaringBitmap::new();
            for value in listed {
                if let Some(ids) = values.get(value) {
                    ids.add_to(&mut found);
                }
            }
            return found;
        }
        let mut found = RoaringBitmap::new();
        for (_, ids) in values.iter().filter(|(value, _)| matcher.accepts(value)) {
            ids.add_to(&mut found);
        }
        found
    }

    fn with_refused_value(&self, matcher: &Matcher) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        let Some(values) = self.symbols.find(&matcher.name).and_then(|name| self.postings.get(&name)) else {
            return found;
        };
        if matcher.op == MatchOp::NotEqual {
            return values.get(matcher.value.as_str()).map(Postings::bitmap).unwrap_or_default();
        }
        for (_, ids) in values.iter().filter(|(value, _)| !matcher.accepts(value)) {
            ids.add_to(&mut found);
        }
        found
    }

    fn has_labels<N: AsRef<str>, V: AsRef<str>>(&self, id: SeriesId, labels: &[(N, V)]) -> bool {
        let pairs = &self.series[id as usize];
        pairs.len() == labels.len()
            && pairs.iter().zip(labels).all(|((n, v), (name, value))| {
                **self.symbols.text(*n) == *name.as_ref() && **self.symbols.text(*v) == *value.as_ref()
            })
    }

    fn hash<N: AsRef<str>, V: AsRef<str>>(&self, labels: &[(N, V)]) -> u64 {
        let mut bytes = [0_u8; 1024];
        let mut len = 0;
        let mut rest = Vec::new();
        for (name, value) in labels {
            for part in [name.as_ref().as_bytes(), &[0xff], value.as_ref().as_bytes(), &[0xfe]] {
                if rest.is_empty() && len + part.len() <= bytes.len() {
                    bytes[len..len + part.len()].copy_from_slice(part);
                    len += part.len();
                } else {
                    rest.extend_from_slice(part);
                }
            }
        }
        self.hasher.hash_one((&bytes[..len], rest))
    }
}

/// The series that carry a value. Many values belong to a single one, for which a bitmap would be large.
#[derive(Default)]
enum Postings {
    #[default]
    None,
    One(SeriesId),
    Many(Box<RoaringBitmap>),
}

impl Postings {
    fn add(&mut self, id: SeriesId) {
        match self {
            Self::None => *self = Self::One(id),
            Self::One(only) if *only == id => {}
            Self::One(only) => *self = Self::Many(Box::new([*only, id].into_iter().collect())),
            Self::Many(ids) => {
                ids.insert(id);
            }
        }
    }

    /// Tells whether nothing is left.
    fn remove(&mut self, id: SeriesId) -> bool {
        match self {
            Self::One(only) if *only == id => *self = Self::None,
            Self::Many(ids) => {
                ids.remove(id);
                if ids.is_empty() {
                    *self = Self::None;
                }
            }
            _ => {}
        }
        matches!(self, Self::None)
    }

    fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(ids) => ids.len(),
        }
    }

    fn meets(&self, others: &RoaringBitmap) -> bool {
        match self {
            Self::None => false,
            Self::One(only) => others.contains(*only),
            Self::Many(ids) => !ids.is_disjoint(others),
        }
    }

    fn bitmap(&self) -> RoaringBitmap {
        match self {
            Self::None => RoaringBitmap::new(),
            Self::One(only) => [*only].into_iter().collect(),
            Self::Many(ids) => (**ids).clone(),
        }
    }

    fn add_to(&self, all: &mut RoaringBitmap) {
        match self {
            Self::None => {}
            Self::One(only) => {
                all.insert(*only);
            }
            Self::Many(ids) => *all |= &**ids,
        }
    }
}

/// Each distinct text once.
#[derive(Default)]
struct Symbols {
    texts: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, Symbol>,
}

impl Symbols {
    fn intern(&mut self, text: &str) -> Symbol {
        if let Some(symbol) = self.by_text.get(text) {
            return *symbol;
        }
        let symbol = self.texts.len() as Symbol;
        let shared: Arc<str> = text.into();
        self.texts.push(shared.clone());
        self.by_text.insert(shared, symbol);
        symbol
    }

    fn find(&self, text: &str) -> Option<Symbol> {
        self.by_text.get(text).copied()
    }

    fn text(&self, symbol: Symbol) -> &Arc<str> {
        &self.texts[symbol as usize]
    }
}

/// The keys are hashes already.
#[derive(Default, Clone, Copy)]
struct PassThrough;

#[derive(Default)]
struct SameHash(u64);

impl BuildHasher for PassThrough {
    type Hasher = SameHash;

    fn build_hasher(&self) -> SameHash {
        SameHash::default()
    }
}

impl std::hash::Hasher for SameHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*chunk);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_select_by_value_and_by_absence() {
        let mut index = Index::default();
        for (i, job) in ["a", "b", "c"].iter().enumerate() {
            let instance = i.to_string();
            index.insert(&[("__name__", "up"), ("instance", &instance), ("job", job)], None);
        }
        index.insert(&[("__name__", "down")], None);
        let select = |op, name, value| {
            index.select(&[Matcher::new(op, name, value).unwrap()]).iter().collect::<Vec<_>>()
        };
        assert_eq!(select(MatchOp::Equal, "job", "b"), [1]);
        assert_eq!(select(MatchOp::Equal, "job", ""), [3]);
        assert_eq!(select(MatchOp::NotEqual, "job", "b"), [0, 2, 3]);
        assert_eq!(select(MatchOp::NotEqual, "job", ""), [0, 1, 2]);
        assert_eq!(select(MatchOp::Regex, "job", "a|c"), [0, 2]);
        assert_eq!(select(MatchOp::Regex, "job", "a|"), [0, 3]);
        assert_eq!(select(MatchOp::NotRegex, "job", "a.*"), [1, 2, 3]);
        index.remove(1);
        assert_eq!(index.label_values("job", None), ["a", "c"]);
        assert_eq!(index.find(&[("__name__", "down")]), Some(3));
        assert_eq!(index.find(&[("__name__", "up"), ("instance", "1"), ("job", "b")]), None);
    }
}
