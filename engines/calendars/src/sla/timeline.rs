//! Events put in order: what held when, and from when to when each kind of clock runs.

use crate::calendar::Calendar;
use crate::moment::Moment;
use crate::problem::Problem;
use crate::sla::policy::{Event, EventKind, Policy, Rules, TargetKind};

/// What holds from `at` until the next setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    pub at: Moment,
    pub state: Option<&'a str>,
    pub priority: Option<&'a str>,
    pub policy_name: Option<&'a str>,
    pub policy: Option<&'a Policy>,
    /// The calendar that overrides those of the targets.
    pub calendar: Option<(&'a str, &'a Calendar)>,
    pub is_resolved: bool,
}

/// One run of a clock, from its start to the event that ends it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub kind: TargetKind,
    /// Counts the runs of that kind from 0.
    pub cycle: usize,
    pub start: Moment,
    pub stop: Option<Moment>,
}

pub(crate) struct Timeline<'a> {
    pub settings: Vec<Setting<'a>>,
    pub runs: Vec<Run>,
}

impl<'a> Timeline<'a> {
    /// Events up to and including `now`, in the order of time; those of one moment in the order given.
    pub(crate) fn new(rules: &'a Rules, events: &'a [Event], now: Moment) -> Result<Self, Problem> {
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|index| events[*index].at);
        let Some(first) = order.first() else {
            return Err(Problem::new("events", "there is no created event"));
        };
        if events[*first].kind != EventKind::Created {
            return Err(Problem::new(
                format!("events[{first}].kind"),
                "the first event in time must be created",
            ));
        }
        let mut timeline = Self { settings: Vec::with_capacity(events.len()), runs: Vec::new() };
        let mut setting = Setting {
            at: events[*first].at,
            state: None,
            priority: None,
            policy_name: None,
            policy: None,
            calendar: None,
            is_resolved: false,
        };
        for (place, index) in order.iter().enumerate() {
            let event = &events[*index];
            if place > 0 && event.kind == EventKind::Created {
                return Err(Problem::new(format!("events[{index}].kind"), "a request is created once"));
            }
            setting.change(rules, event).map_err(|problem| problem.of(&format!("events[{index}]")))?;
            if event.at <= now {
                timeline.settings.push(setting);
                timeline.advance(event);
            }
        }
        Ok(timeline)
    }

    fn advance(&mut self, event: &Event) {
        match event.kind {
            EventKind::Created => {
                self.start(TargetKind::FirstResponse, event.at);
                self.start(TargetKind::Resolution, event.at);
            }
            EventKind::RequesterMessage => {
                let is_answered = |run: &Run| run.kind == TargetKind::Resolution || run.stop.is_some();
                if self.runs.iter().all(is_answered) {
                    self.start(TargetKind::NextResponse, event.at);
                }
            }
            EventKind::AgentReply => self.answer(event.at),
            EventKind::Resolved => {
                self.answer(event.at);
                self.resolution().stop.get_or_insert(event.at);
            }
            EventKind::Reopened => self.resolution().stop = None,
            EventKind::Changed => {}
        }
    }

    fn start(&mut self, kind: TargetKind, start: Moment) {
        let cycle = self.runs.iter().filter(|run| run.kind == kind).count();
        self.runs.push(Run { kind, cycle, start, stop: None });
    }

    fn answer(&mut self, at: Moment) {
        let open = self.runs.iter_mut().filter(|run| run.kind != TargetKind::Resolution);
        open.for_each(|run| {
            run.stop.get_or_insert(at);
        });
    }

    fn resolution(&mut self) -> &mut Run {
        let run = self.runs.iter_mut().find(|run| run.kind == TargetKind::Resolution);
        run.expect("the created event started it")
    }
}

impl<'a> Setting<'a> {
    fn change(&mut self, rules: &'a Rules, event: &'a Event) -> Result<(), Problem> {
        self.at = event.at;
        if let Some(name) = &event.policy {
            let unknown = || Problem::new("policy", format!("there is no policy \"{name}\""));
            self.policy = Some(rules.policies.get(name).ok_or_else(unknown)?);
            self.policy_name = Some(name);
        }
        if let Some(name) = &event.calendar {
            let unknown = || Problem::new("calendar", format!("there is no calendar \"{name}\""));
            self.calendar = Some((name, rules.calendars.get(name).ok_or_else(unknown)?));
        }
        self.state = event.state.as_deref().or(self.state);
        self.priority = event.priority.as_deref().or(self.priority);
        match event.kind {
            EventKind::Resolved => self.is_resolved = true,
            EventKind::Reopened => self.is_resolved = false,
            _ => {}
        }
        if self.policy.is_none() {
            return Err(Problem::new("policy", "missing: the created event names the policy"));
        }
        Ok(())
    }
}
