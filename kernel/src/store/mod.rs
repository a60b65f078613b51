//! The store: one facade over SQLite (embedded) and PostgreSQL, one SQL text for both.
//!
//! Domain code hands a synchronous closure to [`Db::write`] or [`Db::read`]; it sees a [`Tx`] and nothing of the
//! engine. The closure may run more than once (PostgreSQL asks for that after a serialisation fault), so it holds
//! nothing but SQL and pure rules. When `write` answers, the change is on disk.

mod address;
mod catalogue;
mod db;
mod dialect;
pub mod lint;
mod listen;
mod migrate;
mod plans;
mod postgres;
mod signal;
mod sql;
mod sqlite;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tls;
mod tx;
mod value;
mod work;

pub use address::{Address, Server};
pub use catalogue::{Catalogue, catalogue};
pub use db::Db;
pub use migrate::{Migration, Schema, TableKind};
pub use signal::{Signal, Signals};
pub use sql::{Reach, Registered, Sql, registered};
pub use tx::{Row, Tx};
pub use value::{Column, IdColumn, Value};

/// Binds values in the order of `$1, $2 …`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*][..] };
}
