//! What users did, as the tables have it.

use std::collections::{BTreeMap, BTreeSet};

use ::entity::{acknowledgement, cluster_toggle, rating, recommendation, vote};
use sea_orm::{DatabaseConnection, EntityTrait};

/// All rows of the tables of users' actions as lines that begin with `table organization selector`, with all values.
pub(crate) async fn user_actions(connection: &DatabaseConnection) -> BTreeSet<String> {
    let all = recommendation::Entity::find().all(connection).await.expect("read a table");
    let selectors: BTreeMap<_, _> = all.into_iter().map(|row| (row.id, row.selector)).collect();
    let mut lines = BTreeSet::new();
    for row in rows::<acknowledgement::Entity>(connection).await {
        lines.insert(format!("acknowledgement {} {} {row:?}", row.org_id, selectors[&row.recommendation_id]));
    }
    for row in rows::<cluster_toggle::Entity>(connection).await {
        lines.insert(format!("cluster_toggle {} {} {row:?}", row.org_id, selectors[&row.recommendation_id]));
    }
    for row in rows::<vote::Entity>(connection).await {
        lines.insert(format!("vote {} {} {row:?}", row.org_id, selectors[&row.recommendation_id]));
    }
    for row in rows::<rating::Entity>(connection).await {
        lines.insert(format!("rating {} {} {row:?}", row.org_id, selectors[&row.recommendation_id]));
    }
    lines
}

async fn rows<E: EntityTrait>(connection: &DatabaseConnection) -> Vec<E::Model> {
    E::find().all(connection).await.expect("read a table")
}
