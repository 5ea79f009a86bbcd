//! Recommendations whose hits organizations have chosen to hide.

use std::collections::{BTreeSet, HashMap};

use ::entity::acknowledgement::{ActiveModel, Column as Field, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, Condition, DbErr, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, OnConflict},
};

use super::{
    acknowledged_counts::{Change, count},
    columns::Column,
    error::Error,
    list::{ITEM, List, Order, Row, SortColumn, SortKind, SortValue, Source, item},
    page::Direction,
    pools::Store,
    user_actions::Actor,
    visibility::not_internal,
};
use crate::{
    domain::{OrgId, Selector, Timestamp},
    identity::Scope,
};

/// An organization has chosen to hide the hits of a recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The organization.
    pub organization: OrgId,
    /// The recommendation.
    pub selector: Selector,
    /// Why; `None` if no reason was given.
    pub justification: Option<String>,
    /// The user who acknowledged it first.
    pub created_by: Option<String>,
    /// When that was.
    pub created_at: Timestamp,
    /// The user who acknowledged it last; `None` if it was done once.
    pub updated_by: Option<String>,
    /// When that was; `None` if it was done once.
    pub updated_at: Option<Timestamp>,
}

impl Acknowledgement {
    /// By the time of the first acknowledgement.
    pub const BY_CREATION: SortColumn<Self> = SortColumn {
        name: "createdAt",
        column: "created_at",
        kind: SortKind::Time,
        is_nullable: false,
        value: |acknowledgement| Some(SortValue::Time(acknowledgement.created_at)),
    };
}

impl List for Acknowledgement {
    type Parent = OrgId;
    type Filter = ();

    const NAME: &'static str = "acknowledgements";
    const SOURCE: Source = Source::Sorted("listed_acknowledgement");
    const PARENT: Option<&'static str> = Some("org_id");
    const COLUMNS: &'static [&'static str] =
        &["org_id", "selector", "justification", "created_by", "created_at", "updated_by", "updated_at"];
    const KEY: SortColumn<Self> = SortColumn {
        name: "selector",
        column: "selector",
        kind: SortKind::Text,
        is_nullable: false,
        value: |acknowledgement| Some(SortValue::Text(acknowledgement.selector.to_string())),
    };
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_CREATION, Direction::Descending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            organization: row.next()?,
            selector: row.next()?,
            justification: row.next()?,
            created_by: row.next()?,
            created_at: row.next()?,
            updated_by: row.next()?,
            updated_at: row.next()?,
        })
    }

    fn always(scope: Scope, _: Expr) -> Condition {
        not_internal(scope, ITEM)
    }
}

impl Store {
    /// Hides the hits of a recommendation from an organization. Where they already are, only the justification changes.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement.
    pub async fn acknowledge(
        &self,
        actor: &Actor,
        selector: &Selector,
        justification: Option<String>,
    ) -> Result<Acknowledgement, Error> {
        let justification = &justification;
        self.act("acknowledging a recommendation", selector, move |transaction, recommendation_id| async move {
            let (now, user) = (Timestamp::now().utc(), Some(actor.user.clone()));
            let row = ActiveModel {
                org_id: Set(actor.organization.as_i64()),
                recommendation_id: Set(recommendation_id),
                justification: Set(justification.clone()),
                created_by: Set(user.clone()),
                created_at: Set(now),
                updated_by: Set(None),
                updated_at: Set(None),
            };
            let update = OnConflict::columns([Field::OrgId, Field::RecommendationId])
                .update_column(Field::Justification)
                .values([(Field::UpdatedBy, Expr::value(user)), (Field::UpdatedAt, Expr::value(now))])
                .to_owned();
            let row = Entity::insert(row).on_conflict(update).exec_with_returning(&transaction).await?;
            if row.updated_at.is_none() {
                count(&transaction, actor.organization, recommendation_id, Change::Hide).await?;
            }
            Ok((acknowledgement(row, selector)?, transaction))
        })
        .await
    }

    /// Shows the hits of a recommendation again. Returns false if they were not acknowledged.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement.
    pub async fn delete_acknowledgement(&self, actor: &Actor, selector: &Selector) -> Result<bool, Error> {
        self.act("deleting an acknowledgement", selector, move |transaction, recommendation_id| async move {
            let is_one = Condition::all()
                .add(Field::OrgId.eq(actor.organization.as_i64()))
                .add(Field::RecommendationId.eq(recommendation_id));
            let deleted = Entity::delete_many().filter(is_one).exec(&transaction).await?.rows_affected > 0;
            if deleted {
                count(&transaction, actor.organization, recommendation_id, Change::Show).await?;
            }
            Ok((deleted, transaction))
        })
        .await
    }

    /// Returns the acknowledgements of those of the recommendations that their organizations have acknowledged, in one
    /// statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn acknowledgements(
        &self,
        scope: Scope,
        keys: &[(OrgId, Selector)],
    ) -> Result<HashMap<(OrgId, Selector), Acknowledgement>, Error> {
        let organizations: BTreeSet<_> = keys.iter().map(|(organization, _)| organization.as_i64()).collect();
        let organizations = Column::BigInt(organizations.into_iter().collect());
        let selectors: BTreeSet<_> = keys.iter().map(|(_, selector)| selector.to_string()).collect();
        let selectors = Column::Text(selectors.into_iter().collect());
        let condition = not_internal(scope, ITEM)
            .add(organizations.contains(item("org_id"), self.backend()))
            .add(selectors.contains(item("selector"), self.backend()));
        let found = self.find::<Acknowledgement, OrgId>(scope, "org_id", condition).await?;
        Ok(found.into_iter().map(|(of, found)| ((of, found.selector.clone()), found)).collect())
    }
}

fn acknowledgement(row: Model, selector: &Selector) -> Result<Acknowledgement, DbErr> {
    let unreadable = |_| DbErr::Type("an organization's number".to_owned());
    Ok(Acknowledgement {
        organization: row.org_id.try_into().map_err(unreadable)?,
        selector: selector.clone(),
        justification: row.justification,
        created_by: row.created_by,
        created_at: row.created_at.into(),
        updated_by: row.updated_by,
        updated_at: row.updated_at.map(Into::into),
    })
}
