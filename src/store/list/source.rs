//! Where the items of lists are.

use std::slice;

use sea_orm::{
    DbBackend,
    sea_query::{Asterisk, Expr, ExprTrait as _, JoinType, Query, SelectStatement},
};

use super::select::ITEM;

/// Where the items of a list are, and how a page of them is read.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A table or view, with an index that has the items of a parent in the list's orders, or nearly so.
    Indexed(&'static str),
    /// Tables or views with the same columns, each with such an index. Each item is in one of them.
    Merged(&'static [&'static str]),
    /// A table or view whose items are read and sorted.
    Sorted(&'static str),
    /// A table with such an index, each of whose items has the columns of a row in another table.
    Joined(Joined),
}

/// A table whose items have the columns of another table's row.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    /// The table with the index.
    pub table: &'static str,
    /// Its columns, each with its name in the list.
    pub columns: &'static [(&'static str, &'static str)],
    /// The other table.
    pub with: &'static str,
    /// The column with the other row's key, and that key's column.
    pub on: (&'static str, &'static str),
}

impl Source {
    pub(super) fn tables(&self) -> &[&'static str] {
        match self {
            Self::Indexed(table) | Self::Sorted(table) | Self::Joined(Joined { table, .. }) => slice::from_ref(table),
            Self::Merged(tables) => tables,
        }
    }

    /// Selects from the items in one of the tables.
    pub(super) fn add_to(&self, statement: &mut SelectStatement, table: &'static str, backend: DbBackend) {
        let Self::Joined(Joined { columns, with, on: (of_item, key), .. }) = self else {
            statement.from_as(table, ITEM);
            return;
        };
        let mut joined = Query::select();
        for (column, name) in *columns {
            joined.expr_as(Expr::col((table, *column)), *name);
        }
        joined.column((*with, Asterisk)).from(table);
        let is_row = Expr::col((*with, *key)).equals((table, *of_item));
        if backend == DbBackend::Sqlite {
            joined.inner_join(*with, is_row);
        } else {
            // As in `look_up`.
            let row = Query::select().column(Asterisk).from(*with).and_where(is_row).limit(1).to_owned();
            joined.join_lateral(JoinType::InnerJoin, row, *with, Expr::val(true));
        }
        statement.from_subquery(joined, ITEM);
    }
}

/// Columns in another table, which has at most one row for an item. It is found by the table's key for each item of a
/// page.
#[derive(Clone, Copy, Debug)]
pub struct Lookup {
    /// The other table.
    pub table: &'static str,
    /// The columns of its key, each with the column of the item that has the same value.
    pub key: &'static [(&'static str, &'static str)],
    /// The columns that are read: null where there is no row.
    pub columns: &'static [&'static str],
}
