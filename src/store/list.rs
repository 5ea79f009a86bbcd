//! Lists: each is one declaration, from which its statements, pages and cursors are derived.
//!
//! A list is declared by implementing [`List`] for the type of its items. Its orders, filters, directions and bounds
//! multiply to hundreds of statements, so these are built: by `by_index` where an index has the order, by `sorted` where
//! the database has to sort ([`Source`]).

mod by_index;
mod cursor;
mod order;
mod paged;
mod select;
mod sorted;
mod source;

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    hash::{Hash, Hasher},
};

use sea_orm::{
    Condition, DbBackend, DbErr, QueryResult, TryGetable,
    sea_query::{Expr, ExprTrait as _, SelectStatement},
};

use self::select::Select;
pub(super) use self::select::{ITEM, item, subquery, within};
pub use self::{
    order::{Order, Position, SortColumn, SortKind, SortValue},
    paged::Paged,
    source::{Joined, Lookup, Source},
};
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
    /// Where the items are, and how a page of them is read.
    const SOURCE: Source;
    /// The column with the parent's key.
    const PARENT: Option<&'static str> = None;
    /// The column with the organization that owns an item.
    const OWNER: &'static str = "org_id";
    /// The columns in the order in which [`List::read`] reads them.
    const COLUMNS: &'static [&'static str];
    /// Further columns of an item, which [`List::read`] reads after those. Only for lists with an index.
    const LOOKUP: Option<Lookup> = None;
    /// Those columns that are read only where [`ListRequest::large`] is set, since they are most of an answer's bytes.
    const LARGE: &'static [&'static str] = &[];
    /// Those columns that are read only where the list is ordered by them, since nothing else needs them.
    const ORDER_ONLY: &'static [&'static str] = &[];
    /// The column that identifies an item among its parent's. Every order ends with it, which makes the order total.
    const KEY: SortColumn<Self>;
    /// The order where none is requested.
    const DEFAULT_ORDER: Order<Self>;

    /// Reads an item.
    ///
    /// # Errors
    /// When a column does not hold what it should.
    fn read(row: &mut Row<'_>) -> Result<Self, DbErr>;

    /// The column with the parent's key, where parents are of several kinds: the filter says of which.
    fn parent_column(_filter: &Self::Filter) -> Option<&'static str> {
        Self::PARENT
    }

    /// The condition that an item belongs to a parent, whose column is `parent`; `column` is a column of the item. `None`
    /// for a list without parents.
    fn belongs_to(filter: &Self::Filter, parent: &Expr, column: &dyn Fn(&'static str) -> Expr) -> Option<Condition> {
        Self::parent_column(filter).map(|name| column(name).eq(parent.clone()).into())
    }

    /// The expression of a column that the table does not have; the table's row is named by `items`.
    fn computed(_scope: Scope, _column: &'static str, _items: &'static str) -> Option<Expr> {
        None
    }

    /// A condition on the items of a parent that holds for every request within the scope.
    fn always(_scope: Scope, _parent: Expr) -> Condition {
        Condition::all()
    }

    /// A statement for the length of a parent's whole list, where a row has it or fewer tables do. Otherwise the items are
    /// counted, as they are under a filter.
    fn length(_scope: Scope, _parent: Expr) -> Option<SelectStatement> {
        None
    }

    /// How often a request reads all items of a parent: for a page in an order that no index has, or under a filter that
    /// few items may match, and again for the number of items that match.
    fn scans(filter: &Self::Filter, order: Order<Self>, total: bool) -> usize {
        let is_filtered = filter.needs_scan();
        let is_sorted = order.by.name != Self::DEFAULT_ORDER.by.name;
        usize::from(is_filtered || is_sorted) + usize::from(is_filtered && total)
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

/// The key of a list's parents. Keys are equal if their ids are, whatever else they know of a parent: a statement finds a
/// parent's items by its id, so two parents with one id would share them.
pub trait ParentKey: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// What identifies a parent in a statement: what the column [`List::PARENT`] holds, if there is one.
    type Id: TryGetable + Eq + Hash + Send;

    /// This parent's value of the column.
    fn id(self) -> Self::Id;
    /// Values of the column, as a statement's parameter.
    fn column(ids: Vec<Self::Id>) -> Column;

    /// The bytes of the columns [`List::LARGE`] of all items of this parent.
    fn large_bytes(self) -> u64 {
        0
    }
}

/// Makes keys of a type equal if their ids are.
macro_rules! same_by_id {
    ($key:ty) => {
        impl PartialEq for $key {
            fn eq(&self, other: &Self) -> bool {
                self.clone().id() == other.clone().id()
            }
        }

        impl Eq for $key {}

        impl std::hash::Hash for $key {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.clone().id().hash(state);
            }
        }
    };
}
pub(super) use same_by_id;

/// What restricts a list.
pub trait Filter: Clone + Debug + Default + Eq + Hash + Send + Sync + 'static {
    /// The condition on an item within the scope; its columns are named by `item`.
    fn condition(&self, scope: Scope, backend: DbBackend) -> Condition;

    /// May the items that match be found only by reading all items of a parent?
    fn needs_scan(&self) -> bool;
}

impl Filter for () {
    fn condition(&self, _: Scope, _: DbBackend) -> Condition {
        Condition::all()
    }

    fn needs_scan(&self) -> bool {
        false
    }
}

/// A page of a list, the same for every parent.
pub struct ListRequest<L: Paged> {
    /// Only items that match.
    pub filter: L::Filter,
    /// The list's order.
    pub order: Order<L>,
    /// The page.
    pub page: PageRequest,
    /// Is the length of the whole list requested?
    pub total: bool,
    /// Is it requested whether there are items beyond the page's positions: up to `after`, and from `before` on?
    pub beyond: bool,
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
        let ids = parents.iter().map(|parent| parent.clone().id()).collect();
        let mut pages: HashMap<<L::Parent as ParentKey>::Id, Page<L>> = HashMap::with_capacity(parents.len());
        self.read_list(scope, Some(L::Parent::column(ids)), request, |parent, row| {
            pages.entry(parent).or_default().add(row);
        })
        .await?;
        let page = |parent: &L::Parent| {
            let page = pages.remove(&parent.clone().id()).unwrap_or_default();
            (parent.clone(), Page { total: page.total.or(request.total.then_some(0)), ..page }.cut(&request.page))
        };
        Ok(parents.iter().map(page).collect())
    }

    /// Reads a page of a list without parents, or of the items of all parents, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn page<L: List>(&self, scope: Scope, request: &ListRequest<L>) -> Result<Page<L>, Error> {
        let mut page = Page::empty(request.total);
        self.read_list(scope, None, request, |_: Option<i64>, row| page.add(row)).await?;
        Ok(page.cut(&request.page))
    }

    /// Reads the items that meet a condition, in one statement, each with the value of another column.
    pub(super) async fn find<L: List, T: TryGetable>(
        &self,
        scope: Scope,
        column: &'static str,
        condition: Condition,
    ) -> Result<Vec<(T, L)>, Error> {
        let statement = select::find::<L>(scope, self.backend(), column, &condition);
        let rows = self.query(scope.client(), statement, L::NAME).await?;
        let read = |row: &QueryResult| {
            let mut row = Row::new(row);
            Ok((row.next()?, L::read(&mut row)?))
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(Error::during(L::NAME))
    }

    /// Calls `each` for every row.
    async fn read_list<L: List, P: TryGetable>(
        &self,
        scope: Scope,
        parents: Option<Column>,
        request: &ListRequest<L>,
        mut each: impl FnMut(P, PageRow<L>),
    ) -> Result<(), Error> {
        let statement = Select { scope, backend: self.backend(), request }.statement(parents);
        let rows = self.query(scope.client(), statement, L::NAME).await?;
        for row in rows {
            let (parent, row) = PageRow::read(&mut Row::new(&row)).map_err(Error::during(L::NAME))?;
            each(parent, row);
        }
        Ok(())
    }
}

/// A row of a statement for pages: what is known of a parent's whole list, and an item of the parent's page.
pub(super) struct PageRow<L> {
    /// The length of the list, where it is requested.
    pub(super) total: Option<u64>,
    /// Whether there are items up to the page's `after`.
    pub(super) has_before: bool,
    /// Whether there are items from the page's `before` on.
    pub(super) has_after: bool,
    /// `None` where the page is empty.
    pub(super) item: Option<L>,
}

impl<L: List> PageRow<L> {
    /// Reads a row with its parent.
    fn read<P: TryGetable>(row: &mut Row<'_>) -> Result<(P, Self), DbErr> {
        let (parent, total) = (row.next()?, row.next::<Option<i64>>()?.map(i64::unsigned_abs));
        let (has_before, has_after) = (row.next::<Option<bool>>()?, row.next::<Option<bool>>()?);
        let item = if row.next()? { Some(L::read(row)?) } else { None };
        let row = Self { total, has_before: has_before.unwrap_or(false), has_after: has_after.unwrap_or(false), item };
        Ok((parent, row))
    }
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

impl<L: Paged> ListRequest<L> {
    /// A page of the whole list in its default order, without what has to be requested.
    pub fn new(page: PageRequest) -> Self {
        let filter = L::Filter::default();
        Self { filter, order: L::DEFAULT_ORDER, page, total: false, beyond: false, large: None }
    }

    /// What is part of the request besides filter and page.
    fn parts(&self) -> (Order<L>, bool, bool, Option<usize>) {
        (self.order, self.total, self.beyond, self.large)
    }
}

// Derived implementations would require the same of `L`.

impl<L: Paged> Clone for ListRequest<L> {
    fn clone(&self) -> Self {
        Self { filter: self.filter.clone(), page: self.page.clone(), ..*self }
    }
}

impl<L: Paged> Debug for ListRequest<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(L::NAME).field("filter", &self.filter).field("page", &self.page).finish_non_exhaustive()
    }
}

impl<L: Paged> PartialEq for ListRequest<L> {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts() && self.page == other.page && self.filter == other.filter
    }
}

impl<L: Paged> Eq for ListRequest<L> {}

impl<L: Paged> Hash for ListRequest<L> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
        self.page.hash(state);
        self.filter.hash(state);
    }
}
