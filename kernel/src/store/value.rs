//! What goes into a statement and comes out of a row: the types both engines share.

use std::borrow::Cow;

use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use super::tx::Row;
use crate::Fault;

/// One bound value. Booleans are integers 0 and 1, times are milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

/// A type that can be read from one column.
pub trait Column: Sized {
    /// Reads column `index` of a row, counted from 0.
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Fault>;
}

/// A typed id; lets a column that may be NULL be read as an `Option` of it.
pub trait IdColumn: Sized {
    /// The id with this number.
    fn from_number(number: i64) -> Self;
}

impl<T: IdColumn> Column for Option<T> {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Fault> {
        Ok(row.get::<Option<i64>>(index)?.map(T::from_number))
    }
}

macro_rules! integers {
    ($($kind:ty),*) => { $(impl From<$kind> for Value<'_> { fn from(v: $kind) -> Self { Self::Int(i64::from(v)) } }
        impl From<&$kind> for Value<'_> { fn from(v: &$kind) -> Self { Self::Int(i64::from(*v)) } })* };
}
integers!(i64, i32, u32, u16, u8, bool);

impl From<f64> for Value<'_> {
    fn from(v: f64) -> Self {
        Self::Real(v)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(v: &'a str) -> Self {
        Self::Text(Cow::Borrowed(v))
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(v: &'a String) -> Self {
        Self::Text(Cow::Borrowed(v))
    }
}
impl From<String> for Value<'_> {
    fn from(v: String) -> Self {
        Self::Text(Cow::Owned(v))
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(v: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(v))
    }
}
impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(v: &'a Vec<u8>) -> Self {
        Self::Bytes(Cow::Borrowed(v))
    }
}
impl From<Vec<u8>> for Value<'_> {
    fn from(v: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(v))
    }
}
impl<'a, T> From<Option<T>> for Value<'a>
where
    Value<'a>: From<T>,
{
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Value::from)
    }
}
impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(v: &'a Option<String>) -> Self {
        v.as_deref().map_or(Self::Null, Value::from)
    }
}
impl From<&Option<i64>> for Value<'_> {
    fn from(v: &Option<i64>) -> Self {
        v.map_or(Self::Null, Self::Int)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Real(v) => ValueRef::Real(*v),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
            Self::Bytes(v) => ValueRef::Blob(v),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(v) if *ty == Type::INT8 => v.to_sql(ty, out),
            Self::Int(v) if *ty == Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
            #[expect(clippy::cast_precision_loss, reason = "a whole number bound where the column is a real")]
            Self::Int(v) if *ty == Type::FLOAT8 => (*v as f64).to_sql(ty, out),
            Self::Real(v) if *ty == Type::FLOAT8 => v.to_sql(ty, out),
            Self::Text(v) if <&str as ToSql>::accepts(ty) => v.as_ref().to_sql(ty, out),
            Self::Bytes(v) if *ty == Type::BYTEA => v.as_ref().to_sql(ty, out),
            other => Err(format!("{other:?} does not fit a parameter of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // judged value by value above
    }

    to_sql_checked!();
}
