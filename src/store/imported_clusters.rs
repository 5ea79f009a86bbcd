//! What is imported about clusters: names, whether they are managed, and statuses, each for one owner.

use std::collections::{BTreeMap, HashMap};

use derive_more::{Add, AddAssign};
use sea_orm::{DatabaseTransaction, DbErr, FromQueryResult};

use super::{columns::Column, error::Error, pools::Store, statement};
use crate::domain::{ClusterId, OrgId};

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
        let during = "importing clusters";
        let transaction = self.begin_write().await.map_err(Error::during(during))?;
        let clusters: Vec<_> = clusters.iter().collect();
        let mut imported = Imported::default();
        for part in clusters.chunks(CLUSTERS_PER_STATEMENT) {
            imported += import(&transaction, part, dry_run).await.map_err(Error::during(during))?;
            progress(part.len());
        }
        transaction.commit().await.map_err(Error::during(during))?;
        Ok(imported)
    }
}

async fn import(
    transaction: &DatabaseTransaction,
    clusters: &[(&ImportKey, &ImportedValues)],
    dry_run: bool,
) -> Result<Imported, DbErr> {
    let stored = stored(transaction, clusters).await?;
    let is_stored = |(key, values): &(&ImportKey, &ImportedValues)| stored.get(*key) == Some(*values);
    let other: Vec<_> = clusters.iter().copied().filter(|cluster| !is_stored(cluster)).collect();
    if !other.is_empty() && !dry_run {
        upsert(transaction, &other).await?;
    }
    let new = clusters.len() - stored.len();
    Ok(Imported { new, changed: other.len() - new, unchanged: clusters.len() - other.len() })
}

async fn stored(
    transaction: &DatabaseTransaction,
    clusters: &[(&ImportKey, &ImportedValues)],
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
    let [organizations, ids] = keys(clusters);
    let rows = vec![
        organizations,
        ids,
        text(|values| &values.display_name),
        Column::Int(clusters.iter().map(|(_, values)| values.is_managed.into()).collect()),
        text(|values| &values.status),
    ];
    statement::IMPORTED_CLUSTERS_UPSERT.execute(transaction, rows, []).await
}

fn keys(clusters: &[(&ImportKey, &ImportedValues)]) -> [Column; 2] {
    [
        Column::BigInt(clusters.iter().map(|((organization, _), _)| organization.as_i64()).collect()),
        Column::clusters(clusters.iter().map(|((_, cluster), _)| *cluster)),
    ]
}
