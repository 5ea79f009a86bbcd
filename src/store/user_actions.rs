//! The transactions of users' actions.
//!
//! Rows are few and written one at a time, so they are written with sea-orm's entities. An action and what follows from it,
//! the kept counts of clusters, are one transaction.

use ::entity::{rating, vote};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query},
};

use super::{
    error::Error,
    pools::Store,
    votes::{Vote, VoteValue},
};
use crate::{
    domain::{ClusterId, OrgId, Selector, Timestamp},
    fault_point::FaultPoint,
};

/// How often an action is tried that another transaction is in the way of.
const TRIES: u32 = 5;

/// Who acts: a user of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The organization, whose data the action changes.
    pub organization: OrgId,
    /// The user or service account.
    pub user: String,
}

/// What an action returns, with its transaction.
pub(super) type Acted<T> = Result<(T, DatabaseTransaction), DbErr>;

impl Store {
    /// Runs the transaction of an action, which returns it to be committed. Where another transaction is in the way, all of
    /// it is repeated.
    ///
    /// The action owns the transaction, because the future of an `AsyncFn` that borrows it would not be `Send`.
    pub(super) async fn act<T, F: Future<Output = Acted<T>>>(
        &self,
        during: &'static str,
        selector: &Selector,
        action: impl Fn(DatabaseTransaction, i32) -> F,
    ) -> Result<T, Error> {
        for _ in 1..TRIES {
            // Boxed, since the future is large and would enlarge every future that contains it.
            let acted = self.replacing(Box::pin(self.act_once(during, selector, &action))).await;
            match acted {
                Err(error) if error.is_conflict() => {}
                acted => return acted,
            }
        }
        Box::pin(self.act_once(during, selector, &action)).await
    }

    async fn act_once<T, F: Future<Output = Acted<T>>>(
        &self,
        during: &'static str,
        selector: &Selector,
        action: &impl Fn(DatabaseTransaction, i32) -> F,
    ) -> Result<T, Error> {
        let act = async {
            let recommendation_id = self.recommendation_id(selector).await?;
            let transaction = self.begin_write().await?;
            FaultPoint::ActionBegun.pass();
            let (result, transaction) = action(transaction, recommendation_id).await?;
            FaultPoint::ActionCounted.pass();
            transaction.commit().await?;
            FaultPoint::ActionCommitted.pass();
            Ok(result)
        };
        act.await.map_err(Error::during(during))
    }

    /// The id of a recommendation, which only content may have. In a transaction of its own: a batch may wait for the row
    /// of a new recommendation while it has clusters locked.
    async fn recommendation_id(&self, selector: &Selector) -> Result<i32, DbErr> {
        if let Some(id) = self.recommendation_ids.cached_id(selector) {
            return Ok(id);
        }
        let transaction = self.begin_write().await?;
        let ids = self.recommendation_ids.find_or_insert(&transaction, [selector].into()).await?;
        transaction.commit().await?;
        let id = ids.get(selector)?;
        self.recommendation_ids.cache(ids);
        Ok(id)
    }

    /// Votes on the hit of a recommendation on a cluster. The user's earlier vote is replaced. `None` if the
    /// recommendation does not hit the cluster, or the organization does not own it.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement.
    pub async fn vote(
        &self,
        actor: &Actor,
        cluster: ClusterId,
        selector: &Selector,
        value: VoteValue,
        message: Option<String>,
    ) -> Result<Option<Vote>, Error> {
        let (key, message) = ((cluster, actor.organization), &message);
        self.act("voting", selector, move |transaction, recommendation_id| async move {
            if !is_hit(&transaction, key, recommendation_id).await? {
                return Ok((None, transaction));
            }
            let changed_at = Timestamp::now();
            let row = vote::ActiveModel {
                org_id: Set(actor.organization.as_i64()),
                cluster_id: Set(cluster.uuid()),
                recommendation_id: Set(recommendation_id),
                user_id: Set(actor.user.clone()),
                value: Set(value as i16),
                message: Set(message.clone()),
                changed_at: Set(changed_at.utc()),
            };
            let key =
                [vote::Column::ClusterId, vote::Column::OrgId, vote::Column::RecommendationId, vote::Column::UserId];
            let replaced = [vote::Column::Value, vote::Column::Message, vote::Column::ChangedAt];
            let replace = OnConflict::columns(key).update_columns(replaced).to_owned();
            vote::Entity::insert(row).on_conflict(replace).exec_without_returning(&transaction).await?;
            Ok((Some(Vote { value, message: message.clone(), changed_at }), transaction))
        })
        .await
    }

    /// Rates a recommendation: -1, 0 or 1. The organization's earlier rating is replaced.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement.
    pub async fn rate(&self, actor: &Actor, selector: &Selector, value: i8) -> Result<(), Error> {
        self.act("rating a recommendation", selector, move |transaction, recommendation_id| async move {
            let row = rating::ActiveModel {
                org_id: Set(actor.organization.as_i64()),
                recommendation_id: Set(recommendation_id),
                value: Set(value.into()),
                rated_by: Set(Some(actor.user.clone())),
                rated_at: Set(Timestamp::now().utc()),
            };
            let key = [rating::Column::OrgId, rating::Column::RecommendationId];
            let replaced = [rating::Column::Value, rating::Column::RatedBy, rating::Column::RatedAt];
            let replace = OnConflict::columns(key).update_columns(replaced).to_owned();
            rating::Entity::insert(row).on_conflict(replace).exec_without_returning(&transaction).await?;
            Ok(((), transaction))
        })
        .await
    }
}

/// Whether a recommendation hits a cluster under this owner.
async fn is_hit(
    transaction: &DatabaseTransaction,
    (cluster, organization): (ClusterId, OrgId),
    recommendation_id: i32,
) -> Result<bool, DbErr> {
    let hit = Query::select()
        .expr(Expr::val(1))
        .from("rule_hit")
        .and_where(Expr::col("cluster_id").eq(cluster.uuid()))
        .and_where(Expr::col("recommendation_id").eq(recommendation_id))
        .and_where(Expr::col("org_id").eq(organization.as_i64()))
        .to_owned();
    Ok(transaction.query_one(&hit).await?.is_some())
}
