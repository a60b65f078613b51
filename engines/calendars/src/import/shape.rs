//! The envelopes of foreign lists: a plain list, a page of results, a connection of nodes, or the only one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `[…]`, `{"results": […]}` (Grafana) or `{"nodes": […]}` (GraphQL).
pub(super) struct Paged<T>(pub Vec<T>);

/// `[…]` or a single value.
pub(super) struct OneOrMore<T>(pub Vec<T>);

// Visitors instead of an untagged enum: a fault inside keeps its place.
struct PagedVisitor<T>(PhantomData<T>);
struct OneOrMoreVisitor<T>(PhantomData<T>);

fn list<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut items: A) -> Result<Vec<T>, A::Error> {
    let mut list = Vec::new();
    while let Some(item) = items.next_element()? {
        list.push(item);
    }
    Ok(list)
}

impl<'de, T: DeserializeOwned> Visitor<'de> for PagedVisitor<T> {
    type Value = Paged<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list, or an object with the list in \"results\" or \"nodes\"")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Paged<T>, A::Error> {
        list(items).map(Paged)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Paged<T>, A::Error> {
        let mut found = None;
        while let Some(name) = fields.next_key::<String>()? {
            if name == "results" || name == "nodes" {
                found = Some(fields.next_value()?);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        found.map(Paged).ok_or_else(|| serde::de::Error::missing_field("results"))
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for OneOrMoreVisitor<T> {
    type Value = OneOrMore<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMore<T>, A::Error> {
        list(items).map(OneOrMore)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<OneOrMore<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(|one| OneOrMore(vec![one]))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Paged<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PagedVisitor(PhantomData))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor(PhantomData))
    }
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
