//! Schedules in words: "weekly from Monday 09:00, next hand-over …".

use std::fmt::Write;

use jiff::civil::DateTime;

use crate::civil::{Weekday, day_number};
use crate::moment::Moment;
use crate::oncall::board::Board;
use crate::oncall::schedule::{Every, Layer, Rotation};
use crate::week::Hours;
use crate::zone::Zone;

impl Board {
    /// One sentence per layer, lowest first, as things stand at that moment; none without layers. Times are those
    /// of the layer's wall clock, which in a fold shows the same time twice.
    pub fn describe(&self, at: Moment) -> Vec<String> {
        let schedule = self.schedule();
        let mut sentences = Vec::new();
        for (layer, ready) in schedule.layers.iter().zip(&self.layers) {
            let zone = layer.zone.as_ref().unwrap_or(&schedule.zone);
            let mut text = format!("{}: {}", layer.name, people(layer));
            if let Some(rotation) = &layer.rotation {
                write!(text, ", {}", turns(rotation)).expect("a string takes all that is written");
            }
            if let Some(hours) = &layer.restrictions {
                write!(text, ", {}", restrictions(hours)).expect("a string takes all that is written");
            }
            write!(text, " ({zone})").expect("a string takes all that is written");
            let start = layer.rotation.as_ref().map(|rotation| zone.moment(rotation.start.datetime()));
            let next = match ready.turn_at(at) {
                Some((number, span)) => Some((number + 1, span.end)),
                None => start.map(|start| (0, start)),
            };
            if let Some((number, moment)) = next.filter(|(_, moment)| *moment < ready.valid.end) {
                let to = ready.people_of_turn(number, moment).iter().map(|person| self.name(*person));
                let to: Vec<&str> = to.collect();
                let to = if to.is_empty() { "nobody".to_owned() } else { join(&to) };
                write!(text, ", next hand-over {} to {to}", when(zone, moment))
                    .expect("a string takes all that is written");
            }
            sentences.push(text);
        }
        sentences
    }
}

/// `Mon 30 Nov 2026 09:00` on that wall clock.
pub fn when(zone: &Zone, moment: Moment) -> String {
    wall(zone.datetime(moment))
}

fn wall(datetime: DateTime) -> String {
    let weekday = &Weekday::of_day(day_number(datetime.date())).name()[..3];
    format!("{weekday} {}", datetime.strftime("%-d %b %Y %H:%M"))
}

/// `weekly from Monday 09:00`, `every 2 days from 18:00`, `monthly on the 31st (or the last day) from 09:00`.
pub fn turns(rotation: &Rotation) -> String {
    let start = rotation.start.datetime();
    let time = start.strftime("%H:%M");
    let every = |single: &str, unit: &str| match rotation.length {
        1 => single.to_owned(),
        count => format!("every {count} {unit}"),
    };
    let mut text = match rotation.every {
        Every::Hour => format!("{} from {}", every("hourly", "hours"), wall(start)),
        Every::Day => format!("{} from {time}", every("daily", "days")),
        Every::Week => {
            let weekday = Weekday::of_day(day_number(start.date())).name();
            format!("{} from {weekday} {time}", every("weekly", "weeks"))
        }
        Every::Month => {
            let day = start.day();
            let clamp = if day > 28 { " or the last day" } else { "" };
            format!("{} on the {}{clamp} from {time}", every("monthly", "months"), ordinal(day))
        }
    };
    if let Some(minutes) = rotation.on_for_minutes {
        write!(text, ", on call for {}", minutes_text(minutes)).expect("a string takes all that is written");
    }
    text
}

/// `only Monday to Friday 09:00-17:00 and Saturday 10:00-14:00`; `never` for an empty list.
pub fn restrictions(hours: &[Hours]) -> String {
    let windows: Vec<String> = hours
        .iter()
        .filter(|hours| hours.days.as_ref().is_none_or(|days| !days.is_empty()))
        .map(window)
        .collect();
    let windows: Vec<&str> = windows.iter().map(String::as_str).collect();
    if windows.is_empty() { "never".to_owned() } else { format!("only {}", join(&windows)) }
}

fn window(hours: &Hours) -> String {
    let to_day = hours.to_day.map_or_else(String::new, |day| format!("{} ", day.name()));
    let times = format!("{}-{to_day}{}", hours.from, hours.to);
    match &hours.days {
        None => format!("every day {times}"),
        Some(days) => format!("{} {times}", weekdays(days)),
    }
}

/// `Monday to Friday`, `Saturday`, `Monday and Wednesday`.
pub fn weekdays(days: &[Weekday]) -> String {
    let mut sorted = days.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let runs = sorted.chunk_by(|one, next| one.index() + 1 == next.index());
    let runs: Vec<String> = runs
        .flat_map(|run| match run {
            [first, _, .., last] => vec![format!("{} to {}", first.name(), last.name())],
            few => few.iter().map(|day| day.name().to_owned()).collect(),
        })
        .collect();
    join(&runs.iter().map(String::as_str).collect::<Vec<_>>())
}

fn people(layer: &Layer) -> String {
    let slots: Vec<String> = layer
        .participants
        .iter()
        .map(|slot| if slot.0.is_empty() { "nobody".to_owned() } else { slot.0.join(" + ") })
        .collect();
    match (slots.is_empty(), &layer.rotation) {
        (true, _) => "nobody".to_owned(),
        (false, Some(_)) => slots.join(", "),
        (false, None) => slots.join(" + "),
    }
}

fn join(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn ordinal(day: i8) -> String {
    let ending = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn minutes_text(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, rest) => format!("{hours} h {rest} min"),
    }
}
