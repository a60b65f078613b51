//! Sets of spans against a plain list of booleans.

use mainstay_calendars::moment::{Moment, Span};
use mainstay_calendars::spans::Spans;
use proptest::prelude::*;

const END: i64 = 60;

fn spans() -> impl Strategy<Value = Spans> {
    prop::collection::vec((0..END, 0..END), 0..12)
        .prop_map(|pairs| pairs.into_iter().map(|(from, to)| span(from, to)).collect())
}

fn span(from: i64, to: i64) -> Span {
    Span::new(Moment::from_ms(from), Moment::from_ms(to))
}

fn bits(spans: &Spans) -> Vec<bool> {
    (0..END).map(|ms| spans.contains(Moment::from_ms(ms))).collect()
}

fn both(one: &Spans, other: &Spans, rule: impl Fn(bool, bool) -> bool) -> Vec<bool> {
    bits(one).into_iter().zip(bits(other)).map(|(one, other)| rule(one, other)).collect()
}

proptest! {
    #[test]
    fn operations_are_those_of_sets(a in spans(), b in spans(), from in 0..END, to in 0..END) {
        prop_assert_eq!(bits(&a.union(&b)), both(&a, &b, |a, b| a || b));
        prop_assert_eq!(bits(&a.intersection(&b)), both(&a, &b, |a, b| a && b));
        prop_assert_eq!(bits(&a.difference(&b)), both(&a, &b, |a, b| a && !b));
        prop_assert_eq!(bits(&a.symmetric_difference(&b)), both(&a, &b, |a, b| a != b));
        let range = Spans::from(span(from, to));
        prop_assert_eq!(bits(&a.complement(span(from, to))), both(&range, &a, |range, a| range && !a));
        let count = bits(&a).into_iter().filter(|bit| *bit).count();
        prop_assert_eq!(a.measure_ms(), i64::try_from(count).unwrap());
        let covered = (from..to).all(|ms| a.contains(Moment::from_ms(ms)));
        prop_assert_eq!(a.covers(span(from, to)), covered);
    }

    #[test]
    fn the_form_is_unique(a in spans(), b in spans()) {
        let all = a.union(&b);
        for pair in all.as_slice().windows(2) {
            prop_assert!(pair[0].end < pair[1].start);
        }
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert_eq!(all.union(&all), all.clone());
        prop_assert!(all.iter().all(|span| !span.is_empty()));
    }
}
