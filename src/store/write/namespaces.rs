//! The namespaces of a batch's clusters, and their objects: reads what is stored of those that may have changed, and writes
//! what changed.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, FromQueryResult, sea_query::Expr, sea_query::Query};

use super::reconcile::Accepted;
use crate::{
    domain::{ClusterId, Digest, Namespace, OrgId, Timestamp, WorkloadObject, WorkloadResult},
    store::{columns::Column, recommendation_ids::IdsBySelector, statement},
};

/// The rows of one upsert of objects. A message has up to 10,000 objects, and a batch many messages.
const UPSERTED_ROWS: usize = 5_000;

type NamespaceKey = (ClusterId, Digest);
type ObjectKey = (ClusterId, Digest, i32, Digest);

/// A stored namespace, without its name and objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stored {
    reported_at: Timestamp,
    digest: Digest,
}

/// A namespace after the accepted results of its cluster.
struct Current<'a> {
    organization: OrgId,
    reported_at: Timestamp,
    namespace: &'a Namespace,
}

/// What is to be written.
#[derive(Default)]
struct Diff<'a> {
    deleted: Vec<NamespaceKey>,
    upserted: Vec<(ClusterId, Current<'a>)>,
    /// Those with other objects than before, or without any.
    changed: Vec<NamespaceKey>,
}

#[derive(FromQueryResult)]
struct NamespaceRow {
    cluster_id: ClusterId,
    namespace_key: Digest,
    reported_at: Timestamp,
    digest: Digest,
}

#[derive(FromQueryResult)]
struct ObjectRow {
    cluster_id: ClusterId,
    namespace_key: Digest,
    recommendation_id: i32,
    object_key: Digest,
    kind: String,
    name: String,
}

/// Replaces the namespaces of clusters with an accepted result that changes them.
pub(super) async fn write(
    transaction: &DatabaseTransaction,
    accepted: &[Accepted<'_, WorkloadResult>],
    ids: &IdsBySelector,
) -> Result<(), DbErr> {
    let changed: Vec<_> = accepted.iter().filter(|results| results.is_changed()).collect();
    let moved = changed.iter().filter(|results| results.is_moved()).map(|results| results.cluster());
    remove_all(transaction, moved.collect()).await?;
    let mut stored = stored(transaction, changed.iter().map(|results| results.cluster()).collect()).await?;
    let mut diff = Diff::default();
    for results in changed {
        diff.add(results, &stored.remove(&results.cluster()).unwrap_or_default());
    }
    write_objects(transaction, &diff, ids).await?;
    delete(transaction, &diff.deleted).await?;
    upsert(transaction, &diff.upserted).await
}

/// Removes all namespaces of some clusters, and their objects.
pub(super) async fn remove_all(transaction: &DatabaseTransaction, clusters: Vec<ClusterId>) -> Result<(), DbErr> {
    if clusters.is_empty() {
        return Ok(());
    }
    for table in ["workload_object", "workload_namespace"] {
        let keys = Column::clusters(clusters.iter().copied());
        let is_one = keys.contains(Expr::col("cluster_id"), transaction.get_database_backend());
        transaction.execute(Query::delete().from_table(table).and_where(is_one)).await?;
    }
    Ok(())
}

async fn stored(
    transaction: &DatabaseTransaction,
    clusters: Vec<ClusterId>,
) -> Result<HashMap<ClusterId, BTreeMap<Digest, Stored>>, DbErr> {
    let mut namespaces: HashMap<_, BTreeMap<_, _>> = HashMap::new();
    if clusters.is_empty() {
        return Ok(namespaces);
    }
    let rows = vec![Column::clusters(clusters)];
    let rows: Vec<NamespaceRow> = statement::WORKLOAD_NAMESPACES_STORED.find(transaction, rows).await?;
    for row in rows {
        let stored = Stored { reported_at: row.reported_at, digest: row.digest };
        namespaces.entry(row.cluster_id).or_default().insert(row.namespace_key, stored);
    }
    Ok(namespaces)
}

impl<'a> Diff<'a> {
    /// Adds what a cluster's results change of the stored namespaces. If it moved, those are already deleted.
    fn add(&mut self, results: &Accepted<'a, WorkloadResult>, stored: &BTreeMap<Digest, Stored>) {
        let cluster = results.cluster();
        let current = current(results, stored);
        let absent: Vec<_> =
            stored.keys().filter(|key| !current.contains_key(key)).map(|key| (cluster, *key)).collect();
        self.changed.extend(&absent);
        self.deleted.extend(absent);
        for (key, now) in current {
            let before = stored.get(&key);
            if before.is_none_or(|before| before.digest != now.namespace.digest) {
                self.changed.push((cluster, key));
            } else if before.is_some_and(|before| before.reported_at == now.reported_at) {
                continue;
            }
            self.upserted.push((cluster, now));
        }
    }
}

/// The namespaces after all results. One that a result lacks starts again when another has it.
fn current<'a>(
    results: &Accepted<'a, WorkloadResult>,
    stored: &BTreeMap<Digest, Stored>,
) -> BTreeMap<Digest, Current<'a>> {
    let mut since: BTreeMap<_, _> = stored.iter().map(|(key, stored)| (*key, stored.reported_at)).collect();
    let mut owner = None;
    let mut current = BTreeMap::new();
    for result in results.results() {
        if owner.replace(result.organization).is_some_and(|owner| owner != result.organization) {
            since.clear();
        }
        let reported = result.namespaces().iter().map(|namespace| {
            let key = namespace.key();
            let reported_at = since.get(&key).copied().unwrap_or(result.last_checked);
            (key, Current { organization: result.organization, reported_at, namespace })
        });
        current = reported.collect();
        since = current.iter().map(|(key, current): (&Digest, &Current<'_>)| (*key, current.reported_at)).collect();
    }
    current
}

/// Writes the objects of changed namespaces, as far as they differ from the stored ones.
async fn write_objects(transaction: &DatabaseTransaction, diff: &Diff<'_>, ids: &IdsBySelector) -> Result<(), DbErr> {
    if diff.changed.is_empty() {
        return Ok(());
    }
    let mut stored = stored_objects(transaction, &diff.changed).await?;
    let mut upserted = Vec::new();
    for (cluster, current) in &diff.upserted {
        let namespace = current.namespace.key();
        for (selector, key, object) in current.namespace.objects() {
            let key = (*cluster, namespace, ids.get(selector)?, key);
            let is_stored = stored.remove(&key).is_some_and(|(kind, name)| kind == object.kind && name == object.name);
            if !is_stored {
                upserted.push((key, current.organization, object));
            }
        }
    }
    delete_objects(transaction, &stored.into_keys().collect::<Vec<_>>()).await?;
    for rows in upserted.chunks(UPSERTED_ROWS) {
        upsert_objects(transaction, rows).await?;
    }
    Ok(())
}

fn namespace_columns<'a>(keys: impl Iterator<Item = &'a NamespaceKey> + Clone) -> Vec<Column> {
    vec![
        Column::clusters(keys.clone().map(|(cluster, _)| *cluster)),
        Column::Bytes(keys.map(|(_, key)| key.as_bytes().to_vec()).collect()),
    ]
}

async fn delete(transaction: &DatabaseTransaction, deleted: &[NamespaceKey]) -> Result<(), DbErr> {
    if deleted.is_empty() {
        return Ok(());
    }
    statement::WORKLOAD_NAMESPACES_DELETE.execute(transaction, namespace_columns(deleted.iter()), []).await
}

async fn upsert(transaction: &DatabaseTransaction, rows: &[(ClusterId, Current<'_>)]) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = vec![
        Column::clusters(rows.iter().map(|(cluster, _)| *cluster)),
        Column::Bytes(rows.iter().map(|(_, row)| row.namespace.key().as_bytes().to_vec()).collect()),
        Column::BigInt(rows.iter().map(|(_, row)| row.organization.as_i64()).collect()),
        Column::Text(rows.iter().map(|(_, row)| row.namespace.uid.clone()).collect()),
        Column::Text(rows.iter().map(|(_, row)| row.namespace.name.clone()).collect()),
        Column::Time(rows.iter().map(|(_, row)| row.reported_at).collect()),
        Column::Bytes(rows.iter().map(|(_, row)| row.namespace.digest.as_bytes().to_vec()).collect()),
    ];
    statement::WORKLOAD_NAMESPACES_UPSERT.execute(transaction, columns, []).await
}

/// Kind and name of each object.
type StoredObjects = BTreeMap<ObjectKey, (String, String)>;

async fn stored_objects(
    transaction: &DatabaseTransaction,
    namespaces: &[NamespaceKey],
) -> Result<StoredObjects, DbErr> {
    let columns = namespace_columns(namespaces.iter());
    let rows: Vec<ObjectRow> = statement::WORKLOAD_OBJECTS_STORED.find(transaction, columns).await?;
    let stored = |row: ObjectRow| {
        ((row.cluster_id, row.namespace_key, row.recommendation_id, row.object_key), (row.kind, row.name))
    };
    Ok(rows.into_iter().map(stored).collect())
}

fn object_columns<'a>(keys: impl Iterator<Item = &'a ObjectKey> + Clone) -> Vec<Column> {
    vec![
        Column::clusters(keys.clone().map(|key| key.0)),
        Column::Bytes(keys.clone().map(|key| key.1.as_bytes().to_vec()).collect()),
        Column::Int(keys.clone().map(|key| key.2).collect()),
        Column::Bytes(keys.map(|key| key.3.as_bytes().to_vec()).collect()),
    ]
}

async fn delete_objects(transaction: &DatabaseTransaction, deleted: &[ObjectKey]) -> Result<(), DbErr> {
    if deleted.is_empty() {
        return Ok(());
    }
    statement::WORKLOAD_OBJECTS_DELETE.execute(transaction, object_columns(deleted.iter()), []).await
}

async fn upsert_objects(
    transaction: &DatabaseTransaction,
    rows: &[(ObjectKey, OrgId, &WorkloadObject)],
) -> Result<(), DbErr> {
    let texts = |text: fn(&WorkloadObject) -> &String| {
        Column::Text(rows.iter().map(|(_, _, object)| text(object).clone()).collect())
    };
    let mut columns = object_columns(rows.iter().map(|(key, ..)| key));
    columns.push(Column::BigInt(rows.iter().map(|(_, organization, _)| organization.as_i64()).collect()));
    columns.extend([texts(|object| &object.kind), texts(|object| &object.name), texts(|object| &object.uid)]);
    statement::WORKLOAD_OBJECTS_UPSERT.execute(transaction, columns, []).await
}
