//! The ids of recommendations: a small integer per selector, cached in the process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{PoisonError, RwLock},
};

use sea_orm::{
    Condition, DatabaseTransaction, DbErr, FromQueryResult, QueryResult,
    sea_query::{Expr, Query},
};

use super::{columns::Column, error::Error, pools::Store, statement};
use crate::{domain::Selector, identity::Client};

/// Most selectors in the cache. The real rules have some hundreds. Ids beyond are read from the database each time.
const MAX_CACHED: usize = 100_000;

/// A cache of committed ids. It is never out of date, because rows of the table are never removed and keep
/// their selectors.
#[derive(Debug, Default)]
pub(super) struct RecommendationIds(RwLock<Cache>);

#[derive(Debug, Default)]
struct Cache {
    ids: HashMap<Selector, i32>,
    selectors: HashMap<i32, Selector>,
}

/// The ids that one transaction uses, some of them perhaps inserted by it.
#[derive(Debug, Default)]
pub(super) struct IdsBySelector(HashMap<Selector, i32>);

impl RecommendationIds {
    /// Finds the ids of `selectors`, and inserts those that are missing.
    pub(super) async fn find_or_insert(
        &self,
        transaction: &DatabaseTransaction,
        selectors: BTreeSet<&Selector>,
    ) -> Result<IdsBySelector, DbErr> {
        let mut ids = self.cached(&selectors);
        let unknown = ids.missing(&selectors);
        find(transaction, &unknown, &mut ids).await?;
        let new = ids.missing(&selectors);
        if !new.is_empty() {
            insert(transaction, &new).await?;
            find(transaction, &new, &mut ids).await?;
        }
        Ok(ids)
    }

    /// Caches the ids of a committed transaction. Before the commit they are not final.
    pub(super) fn cache(&self, ids: IdsBySelector) {
        let mut cached = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (selector, id) in ids.0 {
            if cached.ids.len() >= MAX_CACHED {
                break;
            }
            cached.selectors.insert(id, selector.clone());
            cached.ids.insert(selector, id);
        }
    }

    /// The id of a selector, if it is cached.
    pub(super) fn cached_id(&self, selector: &Selector) -> Option<i32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ids.get(selector).copied()
    }

    fn cached(&self, selectors: &BTreeSet<&Selector>) -> IdsBySelector {
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ids = selectors.iter().filter_map(|&selector| Some((selector.clone(), *cached.ids.get(selector)?)));
        IdsBySelector(ids.collect())
    }

    /// Returns the selectors of those of `ids` that are cached, and the ids that are not.
    fn cached_selectors(&self, ids: impl IntoIterator<Item = i32>) -> (HashMap<i32, Selector>, BTreeSet<i32>) {
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (mut selectors, mut missing) = (HashMap::new(), BTreeSet::new());
        for id in ids {
            match cached.selectors.get(&id) {
                Some(selector) => drop(selectors.entry(id).or_insert_with(|| selector.clone())),
                None => drop(missing.insert(id)),
            }
        }
        (selectors, missing)
    }
}

impl Store {
    /// Returns the selectors of recommendations. Takes a statement only for ids that are not cached.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn selectors(
        &self,
        client: Client,
        ids: impl IntoIterator<Item = i32>,
    ) -> Result<HashMap<i32, Selector>, Error> {
        let (mut selectors, missing) = self.recommendation_ids.cached_selectors(ids);
        if !missing.is_empty() {
            let is_missing = Column::Int(missing.into_iter().collect()).contains(Expr::col("id"), self.backend());
            let found = self.find_selectors(client, Some(is_missing)).await?;
            selectors.extend(found.0.iter().map(|(selector, id)| (*id, selector.clone())));
            self.recommendation_ids.cache(found);
        }
        Ok(selectors)
    }

    /// Caches the recommendations in the database, so that the first queries need not read them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn cache_recommendations(&self) -> Result<(), Error> {
        self.recommendation_ids.cache(self.find_selectors(Client::Other, None).await?);
        Ok(())
    }

    async fn find_selectors(&self, client: Client, condition: Option<Expr>) -> Result<IdsBySelector, Error> {
        let mut select = Query::select();
        select.columns(["id", "selector"]).from("recommendation").limit(MAX_CACHED as u64);
        select.cond_where(Condition::all().add_option(condition));
        let during = "reading recommendations";
        let rows = self.query(client, select, during).await?;
        let read = |row: &QueryResult| IdOfSelector::from_query_result(row, "").map(|row| (row.selector, row.id));
        rows.iter().map(read).collect::<Result<_, _>>().map(IdsBySelector).map_err(Error::during(during))
    }
}

impl IdsBySelector {
    /// Returns the id of one of the selectors that were found or inserted.
    pub(super) fn get(&self, selector: &Selector) -> Result<i32, DbErr> {
        // Fails only if another program deletes rows of the table in the meantime.
        let deleted = || DbErr::RecordNotFound("a recommendation that was just inserted".to_owned());
        self.0.get(selector).copied().ok_or_else(deleted)
    }

    fn missing<'a>(&self, selectors: &BTreeSet<&'a Selector>) -> Vec<&'a Selector> {
        selectors.iter().filter(|&&selector| !self.0.contains_key(selector)).copied().collect()
    }
}

#[derive(FromQueryResult)]
struct IdOfSelector {
    id: i32,
    selector: Selector,
}

async fn find(
    transaction: &DatabaseTransaction,
    selectors: &[&Selector],
    ids: &mut IdsBySelector,
) -> Result<(), DbErr> {
    if selectors.is_empty() {
        return Ok(());
    }
    let rows = vec![text(selectors, |selector| selector.as_str())];
    let found: Vec<IdOfSelector> = statement::RECOMMENDATIONS_FIND.find(transaction, rows).await?;
    ids.0.extend(found.into_iter().map(|IdOfSelector { id, selector }| (selector, id)));
    Ok(())
}

async fn insert(transaction: &DatabaseTransaction, selectors: &[&Selector]) -> Result<(), DbErr> {
    let rows = vec![
        text(selectors, |selector| selector.as_str()),
        text(selectors, |selector| selector.rule_fqdn()),
        text(selectors, |selector| selector.error_key()),
    ];
    statement::RECOMMENDATIONS_INSERT.execute(transaction, rows, []).await
}

fn text<'a>(selectors: &[&'a Selector], part: impl Fn(&'a Selector) -> &'a str) -> Column {
    Column::Text(selectors.iter().map(|&selector| part(selector).to_owned()).collect())
}
