//! The ids of recommendations: a small integer per selector, cached in the process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{PoisonError, RwLock},
};

use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::{columns::Column, statement};
use crate::domain::Selector;

/// Most selectors in the cache. The real rules have some hundreds. Ids beyond are read from the database each time.
const MAX_CACHED: usize = 100_000;

/// A cache of committed ids. It is never out of date, because rows of the table are never changed or removed.
#[derive(Debug, Default)]
pub(super) struct RecommendationIds(RwLock<HashMap<Selector, i32>>);

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
            if cached.len() >= MAX_CACHED {
                break;
            }
            cached.insert(selector, id);
        }
    }

    fn cached(&self, selectors: &BTreeSet<&Selector>) -> IdsBySelector {
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ids = selectors.iter().filter_map(|&selector| Some((selector.clone(), *cached.get(selector)?)));
        IdsBySelector(ids.collect())
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
