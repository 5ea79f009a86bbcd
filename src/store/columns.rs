//! The rows that are passed to a set-based statement, column by column.

use std::fmt::Write as _;

use chrono::SecondsFormat;
use sea_orm::{
    DbBackend, Value,
    sea_query::{
        Asterisk, Expr, ExprTrait as _, Func, FunctionCall, Query, SelectStatement, extension::postgres::PgFunc,
    },
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::domain::{ClusterId, Timestamp};

/// The values of one column. All columns of a statement have the same length.
pub enum Column {
    Uuid(Vec<Uuid>),
    BigInt(Vec<i64>),
    Int(Vec<i32>),
    Time(Vec<Timestamp>),
    Bytes(Vec<Vec<u8>>),
    Text(Vec<String>),
    /// Must not contain `Some("")`: on PostgreSQL null is passed as the empty text, because sea-orm panics at an array
    /// with a null.
    OptionalText(Vec<Option<String>>),
    /// Passed as text on PostgreSQL, for the same reason, and cast in the statement.
    OptionalTime(Vec<Option<Timestamp>>),
    /// Passed as text on both databases, `\x` and hex digits, and cast in the statement.
    OptionalBytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    /// The UUIDs of clusters.
    pub(super) fn clusters(clusters: impl IntoIterator<Item = ClusterId>) -> Self {
        Self::Uuid(clusters.into_iter().map(ClusterId::uuid).collect())
    }

    /// Returns the column as an array, for PostgreSQL.
    pub(super) fn into_array(self) -> Value {
        fn texts(texts: Vec<Option<String>>) -> Value {
            texts.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().into()
        }
        match self {
            Self::Uuid(column) => column.into(),
            Self::BigInt(column) => column.into(),
            Self::Int(column) => column.into(),
            Self::Time(column) => column.into_iter().map(Timestamp::utc).collect::<Vec<_>>().into(),
            Self::Bytes(column) => column.into(),
            Self::Text(column) => column.into(),
            Self::OptionalText(column) => texts(column),
            Self::OptionalTime(column) => texts(column.into_iter().map(|t| t.map(|t| t.to_string())).collect()),
            Self::OptionalBytes(column) => texts(column.iter().map(|b| b.as_deref().map(escaped_hex)).collect()),
        }
    }

    /// Returns a function whose rows, named `p`, are the column's values, and the expression for the value in `p`.
    pub(super) fn into_rows(self, backend: DbBackend) -> (FunctionCall, Expr) {
        match backend {
            DbBackend::Sqlite => {
                let column = self.in_json_row(0);
                (Func::cust("json_each").arg(Self::rows_as_json(&[self])), column)
            }
            _ => (Func::cust("unnest").arg(self.into_typed_array()), Expr::col(("p", "p"))),
        }
    }

    /// Returns a query for the rows of some columns.
    pub(super) fn into_table<const N: usize>(columns: [Self; N], backend: DbBackend) -> SelectStatement {
        let mut rows = Query::select();
        if backend == DbBackend::Sqlite {
            let places = columns.iter().enumerate().map(|(place, column)| column.in_json_row(place));
            rows.exprs(places).from_function(Func::cust("json_each").arg(Self::rows_as_json(&columns)), "p");
        } else {
            let arrays = columns.map(Self::into_typed_array);
            rows.column(Asterisk).from_function(Func::cust("unnest").args(arrays), "p");
        }
        rows
    }

    /// Returns the condition that this column contains `value`. It has one parameter for any number of values, so that
    /// the statement's text is the same and the database's cached plan is reused.
    pub(super) fn contains(self, value: Expr, backend: DbBackend) -> Expr {
        match backend {
            DbBackend::Sqlite => {
                let (source, column) = self.into_rows(backend);
                value.in_subquery(Query::select().expr(column).from_function(source, "p").to_owned())
            }
            _ => value.eq(PgFunc::any(self.into_typed_array())),
        }
    }

    /// Casts the array, because PostgreSQL cannot infer its type from the parameter.
    fn into_typed_array(self) -> Expr {
        let array_type = match self {
            Self::Uuid(_) => "uuid[]",
            Self::BigInt(_) => "bigint[]",
            Self::Int(_) => "int[]",
            Self::Time(_) => "timestamptz[]",
            Self::Bytes(_) => "bytea[]",
            Self::Text(_) | Self::OptionalText(_) | Self::OptionalTime(_) | Self::OptionalBytes(_) => "text[]",
        };
        Expr::val(self.into_array()).cast_as(array_type)
    }

    /// The value at this place of a row.
    fn in_json_row(&self, place: usize) -> Expr {
        match self {
            Self::Uuid(_) | Self::Bytes(_) => Expr::cust(format!("unhex(p.value ->> {place})")),
            _ => Expr::cust(format!("(p.value ->> {place})")),
        }
    }

    /// Returns all rows as one JSON text, for SQLite: one list per row, with UUIDs and bytes in hex.
    pub(super) fn rows_as_json(columns: &[Self]) -> String {
        let rows = columns.first().map_or(0, Self::len);
        debug_assert!(columns.iter().all(|column| column.len() == rows), "columns of one length");
        let rows = (0..rows).map(|row| Json::Array(columns.iter().map(|column| column.json(row)).collect()));
        Json::Array(rows.collect()).to_string()
    }

    fn len(&self) -> usize {
        match self {
            Self::Uuid(column) => column.len(),
            Self::BigInt(column) => column.len(),
            Self::Int(column) => column.len(),
            Self::Time(column) => column.len(),
            Self::Bytes(column) => column.len(),
            Self::Text(column) => column.len(),
            Self::OptionalText(column) => column.len(),
            Self::OptionalTime(column) => column.len(),
            Self::OptionalBytes(column) => column.len(),
        }
    }

    fn json(&self, row: usize) -> Json {
        match self {
            Self::Uuid(column) => column[row].simple().to_string().into(),
            Self::BigInt(column) => column[row].into(),
            Self::Int(column) => column[row].into(),
            Self::Time(column) => sqlite_time(column[row]).into(),
            Self::Bytes(column) => hex(&column[row]).into(),
            Self::Text(column) => column[row].as_str().into(),
            Self::OptionalText(column) => column[row].as_deref().into(),
            Self::OptionalTime(column) => column[row].map(sqlite_time).into(),
            Self::OptionalBytes(column) => column[row].as_deref().map(escaped_hex).into(),
        }
    }
}

/// Formats a time as sea-orm does for SQLite, so that times compare as text.
fn sqlite_time(time: Timestamp) -> String {
    time.utc().to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        hex
    })
}

fn escaped_hex(bytes: &[u8]) -> String {
    format!("\\x{}", hex(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_one_json_text() {
        let columns = [
            Column::Uuid(vec![Uuid::nil(), Uuid::max()]),
            Column::BigInt(vec![1, 2]),
            Column::OptionalText(vec![None, Some("a\"b".into())]),
            Column::OptionalBytes(vec![Some(vec![]), Some(vec![0, 255])]),
        ];
        assert_eq!(
            Column::rows_as_json(&columns),
            r#"[["00000000000000000000000000000000",1,null,"\\x"],["ffffffffffffffffffffffffffffffff",2,"a\"b","\\x00ff"]]"#
        );
        assert_eq!(Column::rows_as_json(&[Column::Int(vec![])]), "[]");
    }
}
