//! The recommendation_ids of recommendations: a small number for each selector, known to the process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{PoisonError, RwLock},
};

use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::{columns::Column, statement};
use crate::domain::Selector;

/// How many selectors the process remembers; the real rules have some hundreds. Those beyond are asked for again.
const REMEMBERED: usize = 100_000;

/// Committed ids, by selector. Entries of the table are never changed or removed, so that none can be out of date.
#[derive(Debug, Default)]
pub(super) struct RecommendationIds(RwLock<HashMap<Selector, i32>>);

/// The ids that one transaction uses: remembered, found or just given.
#[derive(Debug, Default)]
pub(super) struct IdsBySelector(HashMap<Selector, i32>);

impl RecommendationIds {
    /// The ids of `selectors`, giving new ones to those that have none, within `transaction`.
    pub(super) async fn ids(
        &self,
        transaction: &DatabaseTransaction,
        selectors: BTreeSet<&Selector>,
    ) -> Result<IdsBySelector, DbErr> {
        let mut ids = self.remembered(&selectors);
        let missing = ids.missing(&selectors);
        find(transaction, &missing, &mut ids).await?;
        let new = ids.missing(&selectors);
        if !new.is_empty() {
            insert(transaction, &new).await?;
            find(transaction, &new, &mut ids).await?;
        }
        Ok(ids)
    }

    /// Remembers ids once their transaction is committed; before that another may yet be given.
    pub(super) fn remember(&self, ids: IdsBySelector) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (selector, number) in ids.0 {
            if known.len() >= REMEMBERED {
                break;
            }
            known.insert(selector, number);
        }
    }

    fn remembered(&self, selectors: &BTreeSet<&Selector>) -> IdsBySelector {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let ids = selectors.iter().filter_map(|&selector| Some((selector.clone(), *known.get(selector)?)));
        IdsBySelector(ids.collect())
    }
}

impl IdsBySelector {
    /// The number of a selector that was among those asked for.
    pub(super) fn of(&self, selector: &Selector) -> Result<i32, DbErr> {
        // Only a recommendation_ids from which another program deletes meanwhile can fail this.
        let gone = || DbErr::RecordNotFound("a recommendation that was just inserted".to_owned());
        self.0.get(selector).copied().ok_or_else(gone)
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
