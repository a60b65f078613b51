//! Whether a version lies in a range of events, after the evaluation algorithm of the OSV schema.

use std::cmp::Ordering;

use crate::advisory::EventKind;
use crate::compare::{Fault, Scheme};

/// What a range says about a version; the texts are those of the deciding events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// Affected since, until the next fix or up to the last affected version.
    Inside {
        /// The introduction that holds.
        introduced: &'a str,
        /// The nearest fix above.
        fixed: Option<&'a str>,
        /// The nearest last affected version at or above.
        last_affected: Option<&'a str>,
    },
    /// Not affected.
    Outside {
        /// The fix at or below the version, if it was one that ended the matter.
        fixed: Option<&'a str>,
    },
    /// An event that cannot be compared with the version.
    Undecidable {
        /// The event's version.
        event: &'a str,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// Finds the place of a version that has passed [`Scheme::check`]. A range without an introduction begins at the
/// beginning. Events may come in any order; an introduction listed after a fix of the same version holds.
pub fn place<'a>(
    scheme: Scheme,
    version: &str,
    events: impl Iterator<Item = (EventKind, &'a str)> + Clone,
) -> Place<'a> {
    match walk(scheme, version, events) {
        Ok(place) => place,
        Err((event, fault)) => Place::Undecidable { event, fault },
    }
}

type Bad<'a> = (&'a str, Fault);

fn walk<'a>(
    scheme: Scheme,
    version: &str,
    events: impl Iterator<Item = (EventKind, &'a str)> + Clone,
) -> Result<Place<'a>, Bad<'a>> {
    let Some((since, introduced)) = last_introduction(scheme, version, events.clone())? else {
        return Ok(Place::Outside { fixed: None });
    };
    let (mut fixed, mut last_affected) = (None, None);
    for (at, (kind, event)) in events.enumerate() {
        let against_version = |event| compare(scheme, event, version);
        let is_after_introduction = || match compare_start(scheme, event, introduced)? {
            Ordering::Equal => Ok(at >= since || kind == EventKind::LastAffected),
            order => Ok(order == Ordering::Greater),
        };
        match kind {
            EventKind::Fixed if against_version(event)? != Ordering::Greater => {
                if is_after_introduction()? {
                    return Ok(Place::Outside { fixed: Some(event) });
                }
            }
            EventKind::Fixed => nearest(scheme, &mut fixed, event)?,
            EventKind::LastAffected if against_version(event)? == Ordering::Less => {
                if is_after_introduction()? {
                    return Ok(Place::Outside { fixed: None });
                }
            }
            EventKind::LastAffected => nearest(scheme, &mut last_affected, event)?,
            EventKind::Introduced | EventKind::Limit => {}
        }
    }
    Ok(Place::Inside { introduced, fixed, last_affected })
}

/// Orders an event's version against another one; a text that is no version of the scheme is refused.
fn compare<'a>(scheme: Scheme, event: &'a str, version: &str) -> Result<Ordering, Bad<'a>> {
    scheme.compare_strictly(event, version).map_err(|undecidable| (event, undecidable.fault))
}

/// Like [`compare`], where the other one may be the `0` before every version.
fn compare_start<'a>(scheme: Scheme, event: &'a str, introduced: &str) -> Result<Ordering, Bad<'a>> {
    if introduced == "0" { Ok(Ordering::Greater) } else { compare(scheme, event, introduced) }
}

/// The greatest introduction at or below the version, with its place in the list; none where every limit is at or below
/// the version.
fn last_introduction<'a>(
    scheme: Scheme,
    version: &str,
    events: impl Iterator<Item = (EventKind, &'a str)>,
) -> Result<Option<(usize, &'a str)>, Bad<'a>> {
    let mut best: Option<(usize, &'a str)> = None;
    let (mut has_any, mut has_limit, mut is_under_limit) = (false, false, false);
    for (at, (kind, event)) in events.enumerate() {
        match kind {
            EventKind::Limit => {
                has_limit = true;
                is_under_limit |= event == "*" || compare(scheme, event, version)? == Ordering::Greater;
            }
            EventKind::Introduced if event == "0" => {
                has_any = true;
                best = best.or(Some((at, event)));
            }
            EventKind::Introduced => {
                has_any = true;
                if compare(scheme, event, version)? != Ordering::Greater {
                    let is_better = match best {
                        None => true,
                        Some((_, other)) => compare_start(scheme, event, other)? != Ordering::Less,
                    };
                    best = if is_better { Some((at, event)) } else { best };
                }
            }
            EventKind::Fixed | EventKind::LastAffected => {}
        }
    }
    if has_limit && !is_under_limit {
        return Ok(None);
    }
    Ok(if has_any { best } else { Some((0, "0")) })
}

fn nearest<'a>(scheme: Scheme, best: &mut Option<&'a str>, event: &'a str) -> Result<(), Bad<'a>> {
    let is_nearer = match best {
        None => true,
        Some(other) => compare(scheme, event, other)? == Ordering::Less,
    };
    if is_nearer {
        *best = Some(event);
    }
    Ok(())
}
