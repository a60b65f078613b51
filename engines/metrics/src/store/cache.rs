//! What was read and decoded lately, so that a dashboard that asks again does not read and decode it again.
//!
//! Only what never changes is held: the content of a place in a file, under a number that no other opened file ever
//! gets. A file that is replaced or removed is thus never answered from here again; its entries fade out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::lock;

const PARTS: usize = 16;
/// What an entry takes beside its content, roughly.
const ENTRY_BYTES: usize = 96;

/// The number of an opened file and a position in it.
pub type Place = (u64, u64);

/// Entries up to a number of bytes; those that nobody asked for lately make room first.
pub struct Cache<V> {
    parts: [Mutex<Part<V>>; PARTS],
    most_bytes: usize,
}

/// Two generations: what is found in the old one is young again, and when the young one has taken half of the room,
/// it becomes the old one.
struct Part<V> {
    young: HashMap<Place, (Arc<V>, usize)>,
    old: HashMap<Place, (Arc<V>, usize)>,
    young_bytes: usize,
    old_bytes: usize,
}

impl<V> Cache<V> {
    pub fn new(most_bytes: usize) -> Self {
        let part =
            || Mutex::new(Part { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, old_bytes: 0 });
        Self { parts: std::array::from_fn(|_| part()), most_bytes }
    }

    pub fn get(&self, place: Place) -> Option<Arc<V>> {
        let mut part = lock(self.part(place));
        if let Some((found, _)) = part.young.get(&place) {
            return Some(found.clone());
        }
        let (found, bytes) = part.old.remove(&place)?;
        part.old_bytes -= bytes;
        part.keep(place, found.clone(), bytes, self.most_bytes / PARTS);
        Some(found)
    }

    /// Keeps what takes so many bytes.
    pub fn put(&self, place: Place, value: Arc<V>, bytes: usize) {
        lock(self.part(place)).keep(place, value, bytes + ENTRY_BYTES, self.most_bytes / PARTS);
    }

    /// Bytes held at the moment.
    pub fn bytes(&self) -> usize {
        let of_part = |part: &Mutex<Part<V>>| {
            let part = lock(part);
            part.young_bytes + part.old_bytes
        };
        self.parts.iter().map(of_part).sum()
    }

    fn part(&self, (file, offset): Place) -> &Mutex<Part<V>> {
        let mixed = (file ^ offset.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &self.parts[(mixed >> 60) as usize % PARTS]
    }
}

impl<V> Part<V> {
    fn keep(&mut self, place: Place, value: Arc<V>, bytes: usize, most: usize) {
        let half = most / 2;
        if bytes > half {
            return;
        }
        if self.young_bytes + bytes > half {
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
        if let Some((_, before)) = self.young.insert(place, (value, bytes)) {
            self.young_bytes -= before;
        }
        self.young_bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_below_its_bytes_and_keeps_what_is_asked_for() {
        let most = PARTS * 20 * (1000 + ENTRY_BYTES);
        let cache = Cache::new(most);
        for offset in 0..5_000 {
            cache.put((1, offset), Arc::new(offset), 1000);
            assert_eq!(cache.get((1, 0)).as_deref(), Some(&0), "after {offset} others");
            assert!(cache.bytes() <= most);
        }
        assert!(cache.bytes() > most / 3);
        assert_eq!(cache.get((1, 1)), None);
        assert_eq!(cache.get((2, 4_999)), None);
        assert_eq!(cache.get((1, 4_999)).as_deref(), Some(&4_999));
    }

    #[test]
    fn one_without_room_holds_nothing() {
        let cache = Cache::new(0);
        cache.put((1, 1), Arc::new(()), 0);
        assert_eq!((cache.get((1, 1)), cache.bytes()), (None, 0));
    }
}
