//! The order in which apt takes packages of one score: that of the sort of the C++ library it is built with.
//!
//! That sort does not keep what is equal in its order, and two packages of one score are mended in the order it leaves
//! them in. To come to the same end as apt, the same steps are taken here: parts of more than sixteen are split around
//! the middle one of three, what is left is sorted by insertion.

/// Parts up to this size are left to the insertion at the end.
const SMALL: usize = 16;

/// Sorts as apt does; `is_before` is a strict order.
pub fn sort<T: Copy>(items: &mut [T], is_before: &impl Fn(T, T) -> bool) {
    let depth = 2 * items.len().checked_ilog2().unwrap_or(0);
    split(items, depth, is_before);
    let first = items.len().min(SMALL);
    for at in 1..items.len() {
        // Behind the first part nothing can belong to its very front any more.
        if at < first && is_before(items[at], items[0]) {
            items[..=at].rotate_right(1);
        } else {
            insert(items, at, is_before);
        }
    }
}

/// Moves the item at `at` forward past everything it stands before.
fn insert<T: Copy>(items: &mut [T], at: usize, is_before: &impl Fn(T, T) -> bool) {
    let item = items[at];
    let mut to = at;
    while to > 0 && is_before(item, items[to - 1]) {
        items[to] = items[to - 1];
        to -= 1;
    }
    items[to] = item;
}

fn split<T: Copy>(items: &mut [T], depth: u32, is_before: &impl Fn(T, T) -> bool) {
    let (mut end, mut depth) = (items.len(), depth);
    while end > SMALL {
        if depth == 0 {
            // The library changes to another sort here. Equal scores split evenly, so scores never come this far.
            items[..end].sort_by(|a, b| is_before(*b, *a).cmp(&is_before(*a, *b)));
            return;
        }
        depth -= 1;
        let cut = partition(&mut items[..end], is_before);
        split(&mut items[cut..end], depth, is_before);
        end = cut;
    }
}

/// Puts the middle one of three in front and splits the rest around it; where the second part begins.
fn partition<T: Copy>(items: &mut [T], is_before: &impl Fn(T, T) -> bool) -> usize {
    let (a, b, c) = (1, items.len() / 2, items.len() - 1);
    let before = |x: usize, y: usize| is_before(items[x], items[y]);
    let middle = if before(a, b) {
        if before(b, c) {
            b
        } else if before(a, c) {
            c
        } else {
            a
        }
    } else if before(a, c) {
        a
    } else if before(b, c) {
        c
    } else {
        b
    };
    items.swap(0, middle);
    let pivot = items[0];
    let (mut low, mut high) = (1, items.len());
    loop {
        while is_before(items[low], pivot) {
            low += 1;
        }
        high -= 1;
        while is_before(pivot, items[high]) {
            high -= 1;
        }
        if low >= high {
            return low;
        }
        items.swap(low, high);
        low += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::sort;

    #[test]
    fn whatever_the_size_it_is_sorted_and_nothing_is_lost() {
        let mut number = 7_u64;
        for size in 0..200 {
            for kinds in [1, 3, 1000] {
                let mut items: Vec<(u64, usize)> = (0..size)
                    .map(|at| {
                        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        ((number >> 40) % kinds, at)
                    })
                    .collect();
                sort(&mut items, &|a, b| a.0 > b.0);
                assert!(items.is_sorted_by_key(|item| std::cmp::Reverse(item.0)), "{size} of {kinds}");
                let mut all: Vec<usize> = items.iter().map(|item| item.1).collect();
                all.sort_unstable();
                assert_eq!(all, (0..size).collect::<Vec<_>>());
            }
        }
    }
}
