//! What is imported about clusters: names, whether they are managed, and statuses, each for one owner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use derive_more::{Add, AddAssign};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, FromQueryResult};

use super::{
    batch_lock::{self, wait_for_batches},
    columns::Column,
    error::Error,
    kept_values::{lock, refresh},
    pools::Store,
    statement,
};
use crate::domain::{ClusterId, OrgId, lower_case};

/// The key of the advisory lock that keeps two imports from running at the same time: what one leaves unchanged, the
/// other may be about to change. All versions of this program must use the same number.
const ADVISORY_LOCK: i64 = 0x1256_1c47_0a9c;

/// The number of clusters per statement.
const CLUSTERS_PER_STATEMENT: usize = 1_000;

/// The key of imported values: they apply while the organization owns the cluster.
pub type ImportKey = (OrgId, ClusterId);

/// What is imported about a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedValues {
    /// The name to display; `None` where it has none. Not empty, and without NUL.
    pub display_name: Option<String>,
    /// Whether the cluster is managed.
    pub is_managed: bool,
    /// The status of its subscription; `None` if unknown. Not empty, and without NUL.
    pub status: Option<String>,
}

/// The clusters of an import by outcome.
#[derive(Add, AddAssign, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Nothing was stored for this owner.
    pub new: usize,
    /// Other values were stored.
    pub changed: usize,
    /// The same values were stored.
    pub unchanged: usize,
}

/// A row of `imported_cluster`.
#[derive(FromQueryResult)]
struct StoredRow {
    org_id: OrgId,
    cluster_id: ClusterId,
    display_name: Option<String>,
    managed: bool,
    status: Option<String>,
}

impl Store {
    /// Writes values of clusters, also of clusters that have not reported: all in one transaction, or none if it fails.
    /// With `dry_run`, returns the same and writes nothing. Calls `progress` with the number of clusters of each
    /// finished part.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement.
    pub async fn import_clusters(
        &self,
        clusters: &BTreeMap<ImportKey, ImportedValues>,
        dry_run: bool,
        progress: impl Fn(usize),
    ) -> Result<Imported, Error> {
        self.import(clusters, dry_run, progress).await.map_err(Error::during("importing clusters"))
    }

    async fn import(
        &self,
        clusters: &BTreeMap<ImportKey, ImportedValues>,
        dry_run: bool,
        progress: impl Fn(usize),
    ) -> Result<Imported, DbErr> {
        let transaction = self.begin_write().await?;
        if transaction.get_database_backend() == DbBackend::Postgres {
            batch_lock::take(&transaction, ADVISORY_LOCK).await?;
        }
        let clusters: Vec<_> = clusters.iter().collect();
        let (mut imported, mut written) = (Imported::default(), BTreeSet::new());
        for part in clusters.chunks(CLUSTERS_PER_STATEMENT) {
            let keys: Vec<_> = part.iter().map(|(key, _)| **key).collect();
            let stored = stored(&transaction, &keys).await?;
            let is_stored = |(key, values): &(&ImportKey, &ImportedValues)| stored.get(*key) == Some(*values);
            let other: Vec<_> = part.iter().copied().filter(|cluster| !is_stored(cluster)).collect();
            if !other.is_empty() && !dry_run {
                upsert(&transaction, &other).await?;
                written.extend(other.iter().map(|((_, cluster), _)| *cluster));
            }
            let new = part.len() - stored.len();
            imported += Imported { new, changed: other.len() - new, unchanged: part.len() - other.len() };
            progress(part.len());
        }
        if !written.is_empty() {
            keep(&transaction, written).await?;
        }
        transaction.commit().await?;
        Ok(imported)
    }
}

/// Updates what is kept of clusters whose imported values were written. Batches wait until the transaction ends: one that
/// inserts a cluster, or moves it, cannot see the values before.
async fn keep(transaction: &DatabaseTransaction, clusters: BTreeSet<ClusterId>) -> Result<(), DbErr> {
    wait_for_batches(transaction).await?;
    // In the order of keys, in which batches lock.
    let clusters: Vec<_> = clusters.into_iter().collect();
    for part in clusters.chunks(CLUSTERS_PER_STATEMENT) {
        let locked = lock(transaction, part, None).await?;
        refresh(transaction, &locked).await?;
    }
    Ok(())
}

/// Returns what was imported about those of the clusters that something was imported about.
pub(super) async fn stored(
    transaction: &DatabaseTransaction,
    clusters: &[ImportKey],
) -> Result<HashMap<ImportKey, ImportedValues>, DbErr> {
    let rows: Vec<StoredRow> = statement::IMPORTED_CLUSTERS_FIND.find(transaction, keys(clusters).into()).await?;
    let stored = |StoredRow { org_id, cluster_id, display_name, managed, status }| {
        ((org_id, cluster_id), ImportedValues { display_name, is_managed: managed, status })
    };
    Ok(rows.into_iter().map(stored).collect())
}

async fn upsert(transaction: &DatabaseTransaction, clusters: &[(&ImportKey, &ImportedValues)]) -> Result<(), DbErr> {
    let text = |text: fn(&ImportedValues) -> &Option<String>| {
        let texts = clusters.iter().map(|(_, values)| text(values).clone().filter(|text| !text.is_empty()));
        Column::OptionalText(texts.collect())
    };
    let [organizations, ids] = keys(&clusters.iter().map(|(key, _)| **key).collect::<Vec<_>>());
    let rows = vec![
        organizations,
        ids,
        text(|values| &values.display_name),
        Column::Int(clusters.iter().map(|(_, values)| values.is_managed.into()).collect()),
        text(|values| &values.status),
        Column::OptionalText(
            clusters.iter().map(|(_, values)| values.display_name.as_deref().map(lower_case)).collect(),
        ),
    ];
    statement::IMPORTED_CLUSTERS_UPSERT.execute(transaction, rows, []).await
}

fn keys(clusters: &[ImportKey]) -> [Column; 2] {
    [
        Column::BigInt(clusters.iter().map(|(organization, _)| organization.as_i64()).collect()),
        Column::clusters(clusters.iter().map(|(_, cluster)| *cluster)),
    ]
}
