//! What `cluster` keeps for lists, computed again from hits, facts, users' actions and imported values.

use std::collections::{BTreeMap, BTreeSet};

use ::entity::{acknowledgement, cluster, cluster_toggle, imported_cluster, recommendation, rule_hit};
use sea_orm::{DatabaseConnection, EntityTrait};

/// The clusters whose kept values are not those that follow from the other tables, each with both.
pub(crate) async fn wrong_kept_values(connection: &DatabaseConnection) -> Vec<String> {
    let recommendations: BTreeMap<_, _> =
        all::<recommendation::Entity>(connection).await.into_iter().map(|row| (row.id, row)).collect();
    let imported: BTreeMap<_, _> = all::<imported_cluster::Entity>(connection)
        .await
        .into_iter()
        .map(|row| ((row.org_id, row.cluster_id), row))
        .collect();
    let mut hits: BTreeMap<_, Vec<i32>> = BTreeMap::new();
    for hit in all::<rule_hit::Entity>(connection).await {
        hits.entry(hit.cluster_id).or_default().push(hit.recommendation_id);
    }
    let acknowledged = all::<acknowledgement::Entity>(connection).await.into_iter();
    let acknowledged: BTreeSet<_> = acknowledged.map(|row| (row.org_id, row.recommendation_id)).collect();
    let disabled = all::<cluster_toggle::Entity>(connection).await.into_iter().filter(|row| row.disabled);
    let disabled: BTreeSet<_> = disabled.map(|row| (row.org_id, row.cluster_id, row.recommendation_id)).collect();
    let mut wrong = Vec::new();
    for row in all::<cluster::Entity>(connection).await {
        let imported = imported.get(&(row.org_id, row.id));
        let managed = imported.is_some_and(|imported| imported.managed);
        // Of external and of internal recommendations: all shown hits, and those of each risk.
        let mut counts = [[0_i64; 5]; 2];
        for id in hits.get(&row.id).into_iter().flatten() {
            let of = &recommendations[id];
            let is_hidden = managed && of.for_managed == Some(false)
                || acknowledged.contains(&(row.org_id, *id))
                || disabled.contains(&(row.org_id, row.id, *id));
            if is_hidden {
                continue;
            }
            let counts = &mut counts[usize::from(of.internal)];
            counts[0] += 1;
            if let Some(risk) = of.total_risk {
                counts[usize::from(risk.unsigned_abs())] += 1;
            }
        }
        let name = imported.and_then(|imported| imported.display_name.clone());
        // One lower case of sigma, at any place in a word.
        let name = name.map(|name| name.to_lowercase().replace('ς', "σ"));
        let expected = (counts, managed, name.unwrap_or_else(|| row.id.to_string()));
        let found = ([row.external_counts, row.internal_counts].map(parts), row.managed, row.sort_name);
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", row.id));
        }
    }
    wrong
}

/// The parts of kept counts, of twelve bits each.
fn parts(counts: i64) -> [i64; 5] {
    [0, 12, 24, 36, 48].map(|shift| (counts >> shift) % 4096)
}

async fn all<E: EntityTrait>(connection: &DatabaseConnection) -> Vec<E::Model> {
    E::find().all(connection).await.expect("read a table")
}
