//! Reading what users think of hits and recommendations.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{
    DbErr,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement},
};
use strum::FromRepr;

use super::{columns::Column, error::Error, list::Row, pools::Store, visibility::not_internal};
use crate::{
    domain::{ClusterId, OrgId, Selector, Timestamp},
    identity::{Readable, Scope},
};

/// A hit under one owner: the organization, the cluster and the recommendation.
pub type HitKey = (OrgId, ClusterId, Selector);

/// A user's opinion of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromRepr)]
#[repr(i16)]
pub enum VoteValue {
    /// The hit is not useful, or wrong.
    Down = -1,
    /// An earlier vote was taken back.
    None = 0,
    /// The hit is useful.
    Up = 1,
}

/// The vote of a user on a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The opinion.
    pub value: VoteValue,
    /// A message to those who write rules.
    pub message: Option<String>,
    /// When the user voted last.
    pub changed_at: Timestamp,
}

/// The table whose rows are read.
const ROW: &str = "v";

impl Store {
    /// Returns the votes of a user on those of the hits that the user voted on, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn votes(&self, scope: Scope, user: &str, keys: &[HitKey]) -> Result<HashMap<HitKey, Vote>, Error> {
        let clusters: BTreeSet<_> = keys.iter().map(|(_, cluster, _)| *cluster).collect();
        let mut select = of_recommendations("vote", scope, keys.iter().map(|(_, _, selector)| selector), self);
        select
            .columns([(ROW, "org_id"), (ROW, "cluster_id")])
            .column(("recommendation", "selector"))
            .columns([(ROW, "value"), (ROW, "message"), (ROW, "changed_at")])
            .and_where(Column::clusters(clusters).contains(Expr::col((ROW, "cluster_id")), self.backend()))
            .and_where(Expr::col((ROW, "user_id")).eq(user));
        let during = "reading votes";
        let rows = self.query(scope.client(), select, during).await?;
        let mut votes = HashMap::with_capacity(rows.len());
        for row in &rows {
            let (key, vote) = read_vote(&mut Row::new(row)).map_err(Error::during(during))?;
            votes.insert(key, vote);
        }
        Ok(votes)
    }

    /// Returns the ratings of those of the recommendations that their organizations have rated, in one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn ratings(
        &self,
        scope: Scope,
        keys: &[(OrgId, Selector)],
    ) -> Result<HashMap<(OrgId, Selector), i8>, Error> {
        let organizations: BTreeSet<_> = keys.iter().map(|(organization, _)| organization.as_i64()).collect();
        let organizations = Column::BigInt(organizations.into_iter().collect());
        let mut select = of_recommendations("rating", scope, keys.iter().map(|(_, selector)| selector), self);
        select
            .column((ROW, "org_id"))
            .column(("recommendation", "selector"))
            .column((ROW, "value"))
            .and_where(organizations.contains(Expr::col((ROW, "org_id")), self.backend()));
        let during = "reading ratings";
        let rows = self.query(scope.client(), select, during).await?;
        let mut ratings = HashMap::with_capacity(rows.len());
        for row in &rows {
            let mut row = Row::new(row);
            let mut read = || -> Result<_, DbErr> { Ok(((row.next()?, row.next()?), row.next::<i16>()?)) };
            let (key, value) = read().map_err(Error::during(during))?;
            ratings.insert(key, i8::try_from(value).map_err(|_| Error::Corrupt { what: "a rating" })?);
        }
        Ok(ratings)
    }
}

fn read_vote(row: &mut Row<'_>) -> Result<(HitKey, Vote), DbErr> {
    let key = (row.next()?, row.next()?, row.next()?);
    let value = VoteValue::from_repr(row.next()?).ok_or_else(|| DbErr::Type("a vote of another value".to_owned()))?;
    Ok((key, Vote { value, message: row.next()?, changed_at: row.next()? }))
}

/// Selects the rows of a table that are about some recommendations and within the scope.
fn of_recommendations<'a>(
    table: &'static str,
    scope: Scope,
    selectors: impl Iterator<Item = &'a Selector>,
    store: &Store,
) -> SelectStatement {
    let selectors: BTreeSet<_> = selectors.map(ToString::to_string).collect();
    let is_one = Column::Text(selectors.into_iter().collect());
    let mut select = Query::select();
    select
        .from_as(table, ROW)
        .inner_join("recommendation", Expr::col(("recommendation", "id")).equals((ROW, "recommendation_id")))
        .and_where(is_one.contains(Expr::col(("recommendation", "selector")), store.backend()))
        .cond_where(not_internal(scope, ROW));
    if let Readable::Organization(own) = scope.readable() {
        select.and_where(Expr::col((ROW, "org_id")).eq(own.as_i64()));
    }
    select
}
