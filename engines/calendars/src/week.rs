//! Hours that repeat every week: `{days, from, to}` windows, also across midnight.

use serde::{Deserialize, Serialize};

use crate::civil::{TimeOfDay, Weekday, weekday_of};
use crate::problem::Problem;

/// One window of a week on the wall clock.
///
/// * `days` left out means every day, an empty list means never.
/// * `to` not after `from` means the next day; equal times are 24 hours.
/// * `to_day` makes a window of several days: it ends at the first `to` on that weekday after it began
///   (`fri 18:00` to `mon 08:00`); the same day and time is a whole week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// On which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<Weekday>>,
    /// When it begins; not 24:00.
    pub from: TimeOfDay,
    /// When it ends, that time itself not included.
    pub to: TimeOfDay,
    /// The weekday on which it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_day: Option<Weekday>,
}

impl Hours {
    /// Those hours on those days, without a day of their own to end on.
    pub fn on(days: &[Weekday], from: TimeOfDay, to: TimeOfDay) -> Self {
        Self { days: Some(days.to_vec()), from, to, to_day: None }
    }

    fn check(&self) -> Result<(), Problem> {
        if self.from == TimeOfDay::END_OF_DAY {
            return Err(Problem::new("from", "a window cannot begin at 24:00; write 00:00 of the next day"));
        }
        Ok(())
    }

    fn days(&self) -> &[Weekday] {
        self.days.as_deref().unwrap_or(&Weekday::ALL)
    }
}

const DAY: u32 = 86_400;
const WEEK: u32 = 7 * DAY;

/// Open pieces of one civil day in seconds since midnight: ascending, disjoint, none touching.
pub(crate) type Pieces = Vec<(u32, u32)>;

/// A week cut into civil days. Pieces that meet at midnight are joined again once they are moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Week([Pieces; 7]);

impl Week {
    pub(crate) fn always() -> Self {
        Self(std::array::from_fn(|_| vec![(0, DAY)]))
    }

    pub(crate) fn new(hours: &[Hours], field: &str) -> Result<Self, Problem> {
        let mut seconds = Vec::new();
        for (index, window) in hours.iter().enumerate() {
            window.check().map_err(|problem| problem.of(&format!("{field}[{index}]")))?;
            for day in window.days() {
                let start = day_start(*day) + window.from.seconds();
                let length = length(window, start);
                seconds.push((start, (start + length).min(WEEK)));
                if start + length > WEEK {
                    seconds.push((0, start + length - WEEK));
                }
            }
        }
        let merged = merged(seconds);
        Ok(Self(std::array::from_fn(|day| {
            let (low, high) = (day_start(Weekday::ALL[day]), day_start(Weekday::ALL[day]) + DAY);
            let cut = merged.iter().map(|(start, end)| ((*start).max(low), (*end).min(high)));
            cut.filter(|(start, end)| start < end).map(|(start, end)| (start - low, end - low)).collect()
        })))
    }

    pub(crate) fn pieces(&self, day: i32) -> &[(u32, u32)] {
        &self.0[weekday_of(day)]
    }

    pub(crate) fn is_never(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

fn day_start(day: Weekday) -> u32 {
    u32::try_from(day.index()).expect("a week has seven days") * DAY
}

/// Length of the window in seconds on the wall, 1 second to a week.
fn length(window: &Hours, start: u32) -> u32 {
    let end = match window.to_day {
        Some(day) => day_start(day) + window.to.seconds(),
        None if window.to > window.from => return window.to.seconds() - window.from.seconds(),
        None => return DAY - window.from.seconds() + window.to.seconds(),
    };
    let length = (end + WEEK - start) % WEEK;
    if length == 0 { WEEK } else { length }
}

/// Sorted, disjoint, none touching.
pub(crate) fn merged(mut pieces: Pieces) -> Pieces {
    pieces.sort_unstable();
    let mut merged: Pieces = Vec::with_capacity(pieces.len());
    for (start, end) in pieces {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ if start < end => merged.push((start, end)),
            _ => {}
        }
    }
    merged
}

/// What of `pieces` is not in `cuts`; both merged.
pub(crate) fn without(pieces: &[(u32, u32)], cuts: &[(u32, u32)]) -> Pieces {
    let mut left = Vec::new();
    for &(start, end) in pieces {
        let mut from = start;
        for &(cut_start, cut_end) in cuts {
            if cut_start > from && from < end {
                left.push((from, cut_start.min(end)));
            }
            from = from.max(cut_end);
        }
        if from < end {
            left.push((from, end));
        }
    }
    left
}
