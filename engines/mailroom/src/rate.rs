//! The last line against robots: how many automatic answers one address may get.

/// How many automatic answers are sent at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateRules {
    /// To one address about one ticket within an hour.
    pub per_ticket_hour: usize,
    /// To one address within an hour, whatever the ticket: robots open new ones.
    pub per_address_hour: usize,
    /// To one address within a day.
    pub per_address_day: usize,
}

impl Default for RateRules {
    fn default() -> Self {
        Self { per_ticket_hour: 1, per_address_hour: 5, per_address_day: 20 }
    }
}

/// An automatic answer that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    pub address: String,
    pub ticket: u64,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Whether one more automatic answer may go out; the reason when not. Answers from the future (a clock set back)
/// count as sent just now.
///
/// ```
/// use mainstay_mailroom::{Answered, RateRules, may_answer};
/// let sent = [Answered { at_ms: 0, address: "Robot@x.example".into(), ticket: 7 }];
/// assert!(may_answer(&sent, "robot@x.example", 7, 60_000, RateRules::default()).is_err());
/// assert!(may_answer(&sent, "robot@x.example", 7, 3_600_001, RateRules::default()).is_ok());
/// ```
pub fn may_answer(
    sent: &[Answered],
    address: &str,
    ticket: u64,
    now_ms: i64,
    rules: RateRules,
) -> Result<(), String> {
    let address = address.trim().to_lowercase();
    let count = |within_ms: i64, is_meant: &dyn Fn(&Answered) -> bool| {
        sent.iter()
            .filter(|a| {
                a.address.trim().to_lowercase() == address
                    && now_ms.saturating_sub(a.at_ms) < within_ms
                    && is_meant(a)
            })
            .count()
    };
    let checks = [
        (count(HOUR_MS, &|a| a.ticket == ticket), rules.per_ticket_hour, "about this ticket within the hour"),
        (count(HOUR_MS, &|_| true), rules.per_address_hour, "within the hour"),
        (count(DAY_MS, &|_| true), rules.per_address_day, "within the day"),
    ];
    match checks.iter().find(|(count, most, _)| count >= most) {
        Some((count, _, span)) => Err(format!("{address} had {count} automatic answers {span}")),
        None => Ok(()),
    }
}
