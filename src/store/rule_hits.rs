//! Reading the hits of clusters' current reports.

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, FromQueryResult,
    prelude::{DateTimeUtc, Uuid},
};

use super::{
    columns::Column,
    error::Error,
    page::{Slice, one_more_than},
    pools::Store,
    statement,
};
use crate::{
    domain::{ClusterId, Details, Selector, Timestamp},
    identity::Scope,
};

/// An open hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHit {
    /// The recommendation that hits.
    pub selector: Selector,
    /// When it hit first, without a break since.
    pub impacted_since: Timestamp,
    /// The template data. `None` where the message had none, and where the page did not ask for them.
    pub details: Option<Details>,
}

/// Which hits of a cluster's list are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleHitPage {
    /// How many at most.
    pub first: usize,
    /// Only those behind this one.
    pub after: Option<Selector>,
    /// Is the whole list's length wanted?
    pub total: bool,
    /// Are the template data wanted? They are most of what the database has to send.
    pub details: bool,
}

/// A row of `rule_hits_of_clusters`: one of a parent's hits, or the parent alone.
#[derive(FromQueryResult)]
struct ChildRow {
    parent: Uuid,
    total: i64,
    selector: Option<String>,
    impacted_since: Option<DateTimeUtc>,
    details: Option<String>,
}

impl Store {
    /// The same page of each cluster's hits, by selector, in one statement. Every cluster is answered for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rule_hits_of_clusters(
        &self,
        scope: Scope,
        clusters: &[ClusterId],
        page: &RuleHitPage,
    ) -> Result<HashMap<ClusterId, Slice<RuleHit>>, Error> {
        let parents = vec![Column::Uuid(clusters.iter().map(|cluster| cluster.uuid()).collect())];
        let scalars = [
            scope.organization().map(crate::domain::OrgId::as_i64).into(),
            // Every selector stands behind the empty text.
            page.after.as_ref().map_or("", Selector::as_str).into(),
            one_more_than(page.first).into(),
            page.total.into(),
            page.details.into(),
        ];
        let statement = statement::RULE_HITS_OF_CLUSTERS.bind(self.backend(), parents, scalars);
        let during = "reading the hits of clusters";
        let rows = self.reader.query_all_raw(statement).await.map_err(Error::during(during))?;

        let mut slices: HashMap<_, _> = clusters.iter().map(|id| (*id, Slice::empty(page.total))).collect();
        for row in rows {
            let row = ChildRow::from_query_result(&row, "").map_err(Error::during(during))?;
            let Some(slice) = slices.get_mut(&ClusterId::from(row.parent)) else {
                return Err(Error::Corrupt { what: "a hit's cluster" });
            };
            slice.total = page.total.then(|| row.total.unsigned_abs());
            if let Some(hit) = row.into_rule_hit()? {
                slice.push_up_to(page.first, hit);
            }
        }
        Ok(slices)
    }
}

impl ChildRow {
    fn into_rule_hit(self) -> Result<Option<RuleHit>, Error> {
        let (Some(selector), Some(impacted_since)) = (self.selector, self.impacted_since) else {
            return Ok(None);
        };
        Ok(Some(RuleHit {
            selector: selector.parse().map_err(|_| Error::Corrupt { what: "a selector" })?,
            impacted_since: impacted_since.into(),
            details: self.details.map(Details::from_checked),
        }))
    }
}
