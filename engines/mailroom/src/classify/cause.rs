//! Why a mail was not delivered, from what servers say in their own words.

use std::sync::LazyLock;

use serde::Serialize;

use crate::fold::{Phrases, fold};

/// The cause of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No such mailbox.
    UserUnknown,
    /// No such domain or no mail server for it.
    HostUnknown,
    /// The person moved.
    Moved,
    /// The mailbox exists but is disabled, suspended or unused.
    Inactive,
    MailboxFull,
    TooLarge,
    /// Held to be spam or a virus by its content.
    Content,
    /// The sending host or domain is on a block list or has a bad name.
    Blocked,
    /// SPF, DKIM, DMARC or sign-in is missing or failed.
    Authentication,
    /// Not allowed to write to this recipient, or to relay.
    Refused,
    RateLimited,
    Greylisted,
    /// Tried for days without an answer.
    Expired,
    /// The server could not be reached.
    Network,
    /// Mail goes round in circles.
    Loop,
    /// Trouble inside the other server.
    System,
    Unknown,
}

static PHRASES: LazyLock<Phrases<Cause>> =
    LazyLock::new(|| Phrases::read(include_str!("words/cause.txt"), Cause::named));

impl Cause {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "user_unknown" => Self::UserUnknown,
            "host_unknown" => Self::HostUnknown,
            "moved" => Self::Moved,
            "inactive" => Self::Inactive,
            "mailbox_full" => Self::MailboxFull,
            "too_large" => Self::TooLarge,
            "content" => Self::Content,
            "blocked" => Self::Blocked,
            "authentication" => Self::Authentication,
            "refused" => Self::Refused,
            "rate_limited" => Self::RateLimited,
            "greylisted" => Self::Greylisted,
            "expired" => Self::Expired,
            "network" => Self::Network,
            "loop" => Self::Loop,
            "system" => Self::System,
            _ => return None,
        })
    }

    /// The cause told by a text, or by the status code where the words say nothing.
    pub(crate) fn of(text: &str, status: Option<&str>) -> Self {
        let folded = fold(crate::fold::clip(text, 8_000));
        let said = PHRASES.first_by_order(&folded);
        let coded = status.and_then(Self::of_status);
        match (said, coded) {
            // "Does not exist" is said of addresses and of domains; the code knows which (5.1.10 is used for both).
            (Some(Self::UserUnknown), Some(Self::HostUnknown))
                if status.is_some_and(|s| !s.ends_with(".10")) =>
            {
                Self::HostUnknown
            }
            // These words turn up in every kind of answer; a code about something else says more.
            (
                Some(said @ (Self::Refused | Self::Content | Self::Blocked)),
                Some(Self::System | Self::Network),
            ) => said,
            (
                None | Some(Self::System | Self::Network | Self::Refused | Self::Content | Self::Blocked),
                Some(coded),
            ) => coded,
            (Some(said), _) => said,
            (None, None) => Self::Unknown,
        }
    }

    /// The cause a status code stands for, when it stands for one.
    fn of_status(status: &str) -> Option<Self> {
        Some(match status.get(1..)? {
            ".1.0" if status.starts_with('5') => Self::UserUnknown,
            ".1.1" | ".1.3" => Self::UserUnknown,
            ".1.2" | ".4.4" if status.starts_with('5') => Self::HostUnknown,
            ".1.10" => Self::HostUnknown,
            ".1.6" => Self::Moved,
            ".2.1" => Self::Inactive,
            ".2.2" => Self::MailboxFull,
            ".2.3" | ".3.4" => Self::TooLarge,
            ".4.1" | ".4.2" | ".4.4" | ".4.3" => Self::Network,
            ".4.6" => Self::Loop,
            ".4.7" => Self::Expired,
            ".7.20" | ".7.23" | ".7.25" | ".7.26" | ".7.27" => Self::Authentication,
            ".3.0" | ".3.1" | ".3.2" | ".3.5" => Self::System,
            _ => return None,
        })
    }

    /// The status code such a failure usually carries, for servers that give none.
    pub(crate) fn usual_status(self) -> &'static str {
        match self {
            Self::UserUnknown => "5.1.1",
            Self::HostUnknown => "5.1.2",
            Self::Moved => "5.1.6",
            Self::Inactive => "5.2.1",
            Self::MailboxFull => "5.2.2",
            Self::TooLarge => "5.3.4",
            Self::Content | Self::Blocked | Self::Refused => "5.7.1",
            Self::Authentication => "5.7.0",
            Self::RateLimited | Self::Greylisted => "4.7.1",
            Self::Expired => "4.4.7",
            Self::Network => "4.4.1",
            Self::Loop => "5.4.6",
            Self::System => "4.3.0",
            Self::Unknown => "5.0.0",
        }
    }

    /// Whether the address itself is at fault, so that no other mail will reach it either.
    pub fn is_about_address(self) -> bool {
        matches!(self, Self::UserUnknown | Self::HostUnknown | Self::Moved | Self::Inactive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_in_their_own_words() {
        let cases = [
            ("550 Requested action not taken: mailbox unavailable", Cause::UserUnknown),
            ("Das Postfach ist voll", Cause::MailboxFull),
            ("552 5.2.2 Over quota", Cause::MailboxFull),
            ("Host or domain name not found. Name service error for name=x type=A", Cause::HostUnknown),
            (
                "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
                Cause::Blocked,
            ),
            (
                "550 5.7.26 Unauthenticated email is not accepted due to domain's DMARC policy",
                Cause::Authentication,
            ),
            ("Почтовый ящик не существует", Cause::UserUnknown),
            ("connect to mx[192.0.2.9]:25: Connection timed out", Cause::Network),
            ("450 4.2.0 Recipient address rejected: Greylisted", Cause::Greylisted),
            ("552 message size exceeds fixed maximum", Cause::TooLarge),
        ];
        for (text, cause) in cases {
            assert_eq!(Cause::of(text, None), cause, "{text}");
        }
    }
}
