//! How the nouns of the house look in JSON: ids as typed strings, moments in RFC 3339.

mod asset;
mod house;
mod work;

pub use asset::{Asset, Fact, Finding, Gap};
pub use house::{Grant, Happened, Person, Role, Subject, Team};
pub use work::{Ended, Plan, Run, RunOutput, Window, Work};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A moment: milliseconds since 1970 inside, `2026-11-23T09:00:00Z` outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        serializer.collect_str(&at)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at: Timestamp =
            text.parse().map_err(|_| de::Error::custom("give a moment as 2026-11-23T09:00:00Z"))?;
        Ok(Self(at.as_millisecond()))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Moment {}

fn moments(ms: Option<i64>) -> Option<Moment> {
    ms.map(Moment)
}
