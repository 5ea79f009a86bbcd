//! Lists: each is one declaration, from which its statements, pages and cursors are derived.
//!
//! A list is declared by implementing [`List`] for the type of its items. Its orders, filters, directions and bounds
//! multiply to hundreds of statements, so these are built: by `by_index` where an index has the order, by `sorted` where
//! the database has to sort.

mod by_index;
mod cursor;
mod order;
mod select;
mod sorted;

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    hash::{Hash, Hasher},
};

use sea_orm::{Condition, ConnectionTrait as _, DbBackend, DbErr, QueryResult, TryGetable, sea_query::Expr};

pub use self::order::{Order, Position, SortColumn, SortKind, SortValue};
use self::select::Select;
pub(super) use self::select::{item, within};
use super::{
    columns::Column,
    error::Error,
    page::{Page, PageRequest},
    pools::Store,
};
use crate::{
    domain::{ClusterId, OrgId},
    identity::Scope,
};

/// The declaration of a list, by the type of its items.
pub trait List: Debug + Sized + Send + Sync + 'static {
    /// The key of the parents that the list is read for; `()` for a list that has none.
    type Parent: ParentKey;
    /// What restricts the list; `()` where nothing can.
    type Filter: Filter;

    /// The list's name in cursors and logs.
    const NAME: &'static str;
    /// The table or view.
    const TABLE: &'static str;
    /// The column with the parent's key.
    const PARENT: Option<&'static str> = None;
    /// The column with the organization that owns an item.
    const OWNER: &'static str = "org_id";
    /// The columns in the order in which [`List::read`] reads them.
    const COLUMNS: &'static [&'static str];
    /// Those columns that are read only where [`ListRequest::large`] is set, since they are most of an answer's bytes.
    const LARGE: &'static [&'static str] = &[];
    /// The column that identifies an item among its parent's. Every order ends with it, which makes the order total.
    const KEY: SortColumn<Self>;
    /// The order where none is requested.
    const DEFAULT_ORDER: Order<Self>;
    /// Whether an index has the items of a parent in the list's orders, or nearly so. Otherwise they are sorted.
    const IS_INDEXED: bool;
    /// The longest page.
    const LARGEST_PAGE: usize = 100;

    /// Reads an item.
    ///
    /// # Errors
    /// When a column does not hold what it should.
    fn read(row: &mut Row<'_>) -> Result<Self, DbErr>;

    /// A condition on the items that holds for every request.
    fn always() -> Condition {
        Condition::all()
    }

    /// Reads the same page of each parent's list. Every parent is in the result.
    fn load(
        store: &Store,
        scope: Scope,
        parents: &[Self::Parent],
        request: &ListRequest<Self>,
    ) -> impl Future<Output = Result<HashMap<Self::Parent, Page<Self>>, Error>> + Send {
        store.pages(scope, parents, request)
    }
}

/// The key of a list's parents.
pub trait ParentKey: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// What the column [`List::PARENT`] holds.
    type Id: TryGetable + Copy + Eq + Hash + Send;

    /// This parent's value of the column.
    fn id(self) -> Self::Id;
    /// Values of the column, as a statement's parameter.
    fn column(ids: Vec<Self::Id>) -> Column;
}

/// What restricts a list.
pub trait Filter: Clone + Debug + Default + Eq + Hash + Send + Sync + 'static {
    /// The condition on an item; its columns are named by `item`.
    fn condition(&self, backend: DbBackend) -> Condition;
}

impl Filter for () {
    fn condition(&self, _: DbBackend) -> Condition {
        Condition::all()
    }
}

/// A page of a list, the same for every parent.
pub struct ListRequest<L: List> {
    /// Only items that match.
    pub filter: L::Filter,
    /// The list's order.
    pub order: Order<L>,
    /// The page.
    pub page: PageRequest,
    /// Is the length of the whole list requested?
    pub total: bool,
    /// The bytes of the list's large columns that may be read for all parents together; `None` where these columns are
    /// not requested.
    pub large: Option<usize>,
}

/// A row of a result, read column by column from left to right.
pub struct Row<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Row<'a> {
    pub(super) fn new(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// The value of the next column.
    pub(super) fn next<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let value = self.row.try_get_by(self.next);
        self.next += 1;
        value
    }
}

impl Store {
    /// Reads the same page of each parent's list, in one statement. Every parent is in the result.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pages<L: List>(
        &self,
        scope: Scope,
        parents: &[L::Parent],
        request: &ListRequest<L>,
    ) -> Result<HashMap<L::Parent, Page<L>>, Error> {
        let ids = parents.iter().map(|parent| parent.id()).collect();
        let mut pages: HashMap<<L::Parent as ParentKey>::Id, Page<L>> = HashMap::with_capacity(parents.len());
        self.read_list(scope, Some(L::Parent::column(ids)), request, |parent, total, item| {
            let page = pages.entry(parent).or_default();
            page.total = total.or(page.total);
            page.items.extend(item);
        })
        .await?;
        let page = |parent: &L::Parent| {
            let page = pages.remove(&parent.id()).unwrap_or_default();
            (*parent, Page { total: page.total.or(request.total.then_some(0)), ..page }.cut(&request.page))
        };
        Ok(parents.iter().map(page).collect())
    }

    /// Reads a page of a list without parents, or of the items of all parents, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn page<L: List>(&self, scope: Scope, request: &ListRequest<L>) -> Result<Page<L>, Error> {
        let mut page = Page::empty(request.total);
        self.read_list(scope, None, request, |_: Option<i64>, total, item| {
            page.total = total.or(page.total);
            page.items.extend(item);
        })
        .await?;
        Ok(page.cut(&request.page))
    }

    /// Reads the items that meet a condition, in one statement, each with the value of another column.
    pub(super) async fn find<L: List, T: TryGetable>(
        &self,
        scope: Scope,
        column: &'static str,
        condition: Expr,
    ) -> Result<Vec<(T, L)>, Error> {
        let statement = select::find::<L>(scope, column, condition);
        let rows = self.reader.query_all(&statement).await.map_err(Error::during(L::NAME))?;
        let read = |row: &QueryResult| {
            let mut row = Row::new(row);
            Ok((row.next()?, L::read(&mut row)?))
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(Error::during(L::NAME))
    }

    /// Calls `each` for every row: a parent, the length of its whole list where that is requested, and an item, unless the
    /// parent's page is empty.
    async fn read_list<L: List, P: TryGetable>(
        &self,
        scope: Scope,
        parents: Option<Column>,
        request: &ListRequest<L>,
        mut each: impl FnMut(P, Option<u64>, Option<L>),
    ) -> Result<(), Error> {
        let statement = Select { scope, backend: self.backend(), request }.statement(parents);
        let rows = self.reader.query_all(&statement).await.map_err(Error::during(L::NAME))?;
        for row in rows {
            let mut row = Row::new(&row);
            let (parent, total, has_item) = read_head(&mut row).map_err(Error::during(L::NAME))?;
            let item = if has_item { Some(L::read(&mut row).map_err(Error::during(L::NAME))?) } else { None };
            each(parent, total, item);
        }
        Ok(())
    }
}

fn read_head<P: TryGetable>(row: &mut Row<'_>) -> Result<(P, Option<u64>, bool), DbErr> {
    let (parent, total, has_item) = (row.next()?, row.next::<Option<i64>>()?, row.next()?);
    Ok((parent, total.map(i64::unsigned_abs), has_item))
}

impl ParentKey for OrgId {
    type Id = Self;

    fn id(self) -> Self {
        self
    }

    fn column(ids: Vec<Self>) -> Column {
        Column::BigInt(ids.into_iter().map(Self::as_i64).collect())
    }
}

impl ParentKey for ClusterId {
    type Id = Self;

    fn id(self) -> Self {
        self
    }

    fn column(ids: Vec<Self>) -> Column {
        Column::clusters(ids)
    }
}

/// Of a list that has no parents.
impl ParentKey for () {
    type Id = i64;

    fn id(self) -> i64 {
        0
    }

    fn column(ids: Vec<i64>) -> Column {
        Column::BigInt(ids)
    }
}

impl<L: List> ListRequest<L> {
    /// A page of the whole list in its default order, without its length and its large columns.
    pub fn new(page: PageRequest) -> Self {
        Self { filter: L::Filter::default(), order: L::DEFAULT_ORDER, page, total: false, large: None }
    }
}

// Derived implementations would require the same of `L`.

impl<L: List> Clone for ListRequest<L> {
    fn clone(&self) -> Self {
        Self { filter: self.filter.clone(), page: self.page.clone(), ..*self }
    }
}

impl<L: List> Debug for ListRequest<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(L::NAME).field("filter", &self.filter).field("page", &self.page).finish_non_exhaustive()
    }
}

impl<L: List> PartialEq for ListRequest<L> {
    fn eq(&self, other: &Self) -> bool {
        (self.order, self.total, self.large) == (other.order, other.total, other.large)
            && self.page == other.page
            && self.filter == other.filter
    }
}

impl<L: List> Eq for ListRequest<L> {}

impl<L: List> Hash for ListRequest<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.order, self.total, self.large).hash(state);
        self.page.hash(state);
        self.filter.hash(state);
    }
}
