//! Reports: batches of numbered looks, each sent at least once and counted once.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Order, Section, Seen, Took};

/// Body of `POST /api/v1/agent/report`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`crate::PROTOCOL`] of the agent.
    pub protocol: u32,
    /// `/proc/sys/kernel/random/boot_id`: another one means the machine was started again.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// Names the spool the numbers come from; a new one means the agent lost its old spool.
    pub spool_id: String,
    /// How many items the agent had to let go since it last heard an answer, because its spool was full.
    #[serde(default)]
    pub dropped: u64,
    /// The agent's clock when it sent this, milliseconds since 1970; tells clock skew.
    pub sent_at_ms: u64,
    /// Rising by `seq`.
    pub items: Vec<Item>,
}

/// One look at one section.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// Rises strictly for each agent, may have gaps. A number the server already has is skipped.
    pub seq: u64,
    /// When the look ended, by the agent's clock, milliseconds since 1970.
    pub at_ms: u64,
    pub section: Section,
    /// SHA-256 (lower-case hex) of the bytes of `content`, of this look or of the last changed one.
    pub hash: String,
    /// `Some`: the look in full, a JSON `Seen<…>` of the section's type. `None`: looked again, and it is
    /// what `hash` names (which the finding law needs to know).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Box<RawValue>>,
    /// What the look cost.
    #[serde(default)]
    pub took: Took,
}

/// Answer 200 to [`Report`]. Everything up to `acked` is stored durably.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The highest number the server has stored for this agent, ever.
    pub acked: u64,
    /// Sections the server has no content for (or not that of the hash named): send them whole.
    #[serde(default)]
    pub whole: Vec<Section>,
    /// Work for the agent; the same order may come again until its outcome has arrived.
    #[serde(default)]
    pub orders: Vec<Order>,
}

impl Item {
    /// The content as its type. `None` for an unchanged look.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Option<Result<Seen<T>, serde_json::Error>> {
        self.content.as_ref().map(|content| serde_json::from_str(content.get()))
    }
}
