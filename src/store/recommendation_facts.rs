//! Writing the facts of recommendations, which content has, to the database.

use std::{collections::BTreeMap, time::Duration};

use ::entity::{content_state, recommendation};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    batch_lock, columns::Column, error::Error, facts_to_count, pools::Store, recommendation_ids::IdsBySelector,
    statement,
};
use crate::domain::{Digest, RecommendationFacts, Selector, Timestamp};

/// Key of the advisory lock that keeps two processes from writing facts at the same time. The number is arbitrary, but
/// all versions of this program must use the same one.
const ADVISORY_LOCK: i64 = 0x1256_1c47_0a9a;
/// Longest time for writing all facts, with the wait for another process that does. The largest content takes seconds.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Most recommendations per transaction, so that ingestion waits for their rows for some milliseconds only.
const ROWS_PER_TRANSACTION: usize = 500;
/// The size of the descriptions of one transaction, apart from the last one.
const BYTES_PER_TRANSACTION: usize = 1024 * 1024;
/// The key of the only row of `content_state`.
const STATE: i32 = 1;

/// A recommendation whose row does not have these facts; `None` where it must not have any.
type Changed<'a> = (Selector, Option<&'a RecommendationFacts>);

impl Store {
    /// Makes the facts in the database those of the content with the digest `version`, and returns whether they had to
    /// be written. Recommendations that are not in `facts` have none afterwards. Then the hits of clusters are counted
    /// with these facts. Waits for another process that writes facts. If those of this version are stored already, it
    /// takes one statement.
    ///
    /// # Errors
    /// When the database is unreachable or rejects a statement. Some of the facts may be written then, or some clusters
    /// counted; the next call does the rest, whatever its version.
    pub async fn save_recommendation_facts(
        &self,
        version: Digest,
        facts: &[RecommendationFacts],
    ) -> Result<bool, Error> {
        let during = "writing the facts of recommendations";
        let timed_out = |_| Error::TimedOut { during, seconds: TIMEOUT.as_secs() };
        let saving = async {
            let saved = tokio::time::timeout(TIMEOUT, Box::pin(self.save_if_new(version, facts))).await;
            saved.map_err(timed_out)?.map_err(Error::during(during))
        };
        let saved = match self.replacing(saving).await {
            // Without the primary, what the replica has is enough.
            Err(error) if error.is_unavailable() && self.has_replica() => {
                self.saved_on_replica(version).await.ok_or(error)?
            }
            saved => saved?,
        };
        if !saved.is_counted {
            self.count_with_new_facts().await?;
        }
        Ok(saved.is_written)
    }

    async fn save_if_new(&self, version: Digest, facts: &[RecommendationFacts]) -> Result<Saved, DbErr> {
        let is_stored = |state: &State| state.version == Some(version);
        let state = self.writer.on(async |writer| state(&writer).await).await?;
        if is_stored(&state) {
            return Ok(Saved { is_written: false, is_counted: state.is_counted });
        }
        let lock = self.begin_facts(TIMEOUT).await?;
        // Another process may have written them while this one waited for the lock.
        let state = self::state(&lock).await?;
        if is_stored(&state) {
            lock.rollback().await?;
            return Ok(Saved { is_written: false, is_counted: state.is_counted });
        }
        let stored = recommendation::Entity::find().all(&lock).await?;
        let changed = changed(&stored, facts);

        // Until the last transaction the rows have facts of two versions. If it is never committed, they have neither.
        let first = self.begin_part().await?;
        set_version(first.as_ref().unwrap_or(&lock), None).await?;
        commit(first).await?;
        let mut ids = Vec::new();
        for chunk in chunks(&changed) {
            let part = self.begin_part().await?;
            ids.push(self.write_facts(part.as_ref().unwrap_or(&lock), chunk).await?);
            commit(part).await?;
        }
        set_version(&lock, Some(version)).await?;
        lock.commit().await?;
        for ids in ids {
            self.recommendation_ids.cache(ids);
        }
        let is_counted = self.writer.on(async |writer| self::state(&writer).await).await?.is_counted;
        Ok(Saved { is_written: true, is_counted })
    }

    /// Returns the state on the replica, if it has the facts of this version and hits are counted with them.
    async fn saved_on_replica(&self, version: Digest) -> Option<Saved> {
        let state = self.reader.on(async |reader| state(&reader).await).await.ok()?;
        let is_saved = state.version == Some(version) && state.is_counted;
        is_saved.then_some(Saved { is_written: false, is_counted: true })
    }

    /// Begins a transaction that keeps other processes from writing facts: on PostgreSQL by an advisory lock, on SQLite
    /// by the write lock. It waits for other processes, and is idle meanwhile: both for `timeout` at most.
    pub(super) async fn begin_facts(&self, timeout: Duration) -> Result<DatabaseTransaction, DbErr> {
        let lock = self.begin_write().await?;
        if self.backend() == DbBackend::Postgres {
            batch_lock::set_timeouts(&lock, timeout).await?;
            batch_lock::take(&lock, ADVISORY_LOCK).await?;
        }
        Ok(lock)
    }

    /// Begins a short transaction beside the one that holds the lock; `None` on SQLite, which has one transaction that
    /// writes.
    pub(super) async fn begin_part(&self) -> Result<Option<DatabaseTransaction>, DbErr> {
        if self.backend() == DbBackend::Sqlite { Ok(None) } else { self.begin_write().await.map(Some) }
    }

    /// Writes the facts of a chunk, and inserts its missing rows, in the order of selectors as ingestion does.
    async fn write_facts(
        &self,
        transaction: &DatabaseTransaction,
        chunk: &[Changed<'_>],
    ) -> Result<IdsBySelector, DbErr> {
        let selectors = chunk.iter().map(|(selector, _)| selector).collect();
        let ids = self.recommendation_ids.find_or_insert(transaction, selectors).await?;
        let numbers = chunk.iter().map(|(selector, _)| ids.get(selector)).collect::<Result<_, _>>()?;
        let column = |value: fn(&RecommendationFacts) -> i32, null| {
            Column::Int(chunk.iter().map(|(_, facts)| facts.map_or(null, value)).collect())
        };
        let texts = chunk.iter().map(|(_, facts)| facts.map_or("", |facts| &facts.description).to_owned());
        let rows = vec![
            Column::Int(numbers),
            column(|facts| facts.total_risk() as i32, 0),
            column(|facts| facts.likelihood as i32, 0),
            column(|facts| facts.impact as i32, 0),
            column(|facts| facts.risk_of_change.map_or(0, |risk| risk as i32), 0),
            column(|facts| facts.is_for_managed.into(), -1),
            Column::OptionalTime(chunk.iter().map(|(_, facts)| facts.and_then(|facts| facts.published_at)).collect()),
            Column::Text(texts.collect()),
        ];
        statement::RECOMMENDATIONS_UPDATE.execute(transaction, rows, []).await?;
        Ok(ids)
    }
}

pub(super) async fn commit(part: Option<DatabaseTransaction>) -> Result<(), DbErr> {
    if let Some(transaction) = part { transaction.commit().await } else { Ok(()) }
}

/// The facts that are stored.
struct State {
    /// Their version; `None` where none is stored as a whole.
    version: Option<Digest>,
    /// Whether the hits of clusters were counted with them.
    is_counted: bool,
}

/// The result of saving facts.
struct Saved {
    is_written: bool,
    is_counted: bool,
}

async fn state(connection: &impl ConnectionTrait) -> Result<State, DbErr> {
    let not_counted =
        Query::select().expr(Expr::val(1)).from("recommendation").cond_where(facts_to_count::is_one()).to_owned();
    let select = Query::select()
        .column("facts_digest")
        .expr(Expr::exists(not_counted).not())
        .from("content_state")
        .and_where(Expr::col("id").eq(STATE))
        .to_owned();
    let Some(row) = connection.query_one(&select).await? else { return Ok(State { version: None, is_counted: false }) };
    let digest: Option<Vec<u8>> = row.try_get_by_index(0)?;
    let version = digest.and_then(|digest| Digest::try_from(digest.as_slice()).ok());
    Ok(State { version, is_counted: row.try_get_by_index(1)? })
}

async fn set_version(connection: &impl ConnectionTrait, version: Option<Digest>) -> Result<(), DbErr> {
    let digest = version.map(|digest| digest.as_bytes().to_vec());
    content_state::Entity::update_many()
        .col_expr(content_state::Column::FactsDigest, Expr::value(digest))
        .filter(content_state::Column::Id.eq(STATE))
        .exec(connection)
        .await
        .map(drop)
}

/// The recommendations whose rows have other facts or are missing, by selector.
fn changed<'a>(stored: &[recommendation::Model], facts: &'a [RecommendationFacts]) -> Vec<Changed<'a>> {
    let mut changed: BTreeMap<_, _> = facts.iter().map(|facts| (facts.selector.clone(), Some(facts))).collect();
    for row in stored {
        // Only a row that was changed manually has another form.
        let Ok(selector) = row.selector.parse::<Selector>() else { continue };
        match changed.get(&selector) {
            Some(Some(facts)) if has_facts(row, facts) => drop(changed.remove(&selector)),
            None if row.total_risk.is_some() => drop(changed.insert(selector, None)),
            _ => {}
        }
    }
    changed.into_iter().collect()
}

fn has_facts(row: &recommendation::Model, facts: &RecommendationFacts) -> bool {
    let stored = (row.total_risk, row.likelihood, row.impact, row.resolution_risk, row.for_managed);
    let expected = (
        Some(facts.total_risk() as i16),
        Some(facts.likelihood as i16),
        Some(facts.impact as i16),
        facts.risk_of_change.map(|risk| risk as i16),
        Some(facts.is_for_managed),
    );
    stored == expected
        && row.published_at == facts.published_at.map(Timestamp::utc)
        && row.description.as_ref() == Some(&facts.description)
}

/// Splits the recommendations into those of one transaction each.
fn chunks<'a, 'b>(changed: &'a [Changed<'b>]) -> impl Iterator<Item = &'a [Changed<'b>]> {
    let (mut rows, mut bytes) = (0, 0);
    changed.chunk_by(move |(_, facts), _| {
        rows += 1;
        bytes += facts.map_or(0, |facts| facts.description.len());
        let is_full = rows >= ROWS_PER_TRANSACTION || bytes >= BYTES_PER_TRANSACTION;
        if is_full {
            (rows, bytes) = (0, 0);
        }
        !is_full
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Level;

    fn facts(rule: &str, bytes: usize) -> RecommendationFacts {
        RecommendationFacts {
            selector: Selector::new(rule, "KEY").expect("a selector"),
            impact: Level::High,
            likelihood: Level::Low,
            risk_of_change: None,
            is_for_managed: true,
            published_at: None,
            description: "x".repeat(bytes),
        }
    }

    #[test]
    fn chunks_are_bounded_and_keep_the_order() {
        let mut all: Vec<_> = (0..1_200).map(|number| facts(&format!("rule{number:04}"), 1)).collect();
        all[700].description = "x".repeat(BYTES_PER_TRANSACTION);
        let changed = changed(&[], &all);
        let lengths: Vec<_> = chunks(&changed).map(<[_]>::len).collect();
        assert_eq!(lengths, [500, 201, 499]);
        assert!(changed.is_sorted_by(|(a, _), (b, _)| a < b));
        assert_eq!(chunks(&changed).flatten().count(), 1_200);
    }

    #[test]
    fn rows_with_the_same_facts_are_not_written() {
        let (same, other) = (facts("same", 3), facts("other", 3));
        let row = |facts: &RecommendationFacts| recommendation::Model {
            id: 1,
            selector: facts.selector.to_string(),
            rule_fqdn: facts.selector.rule_fqdn().to_owned(),
            error_key: facts.selector.error_key().to_owned(),
            internal: false,
            total_risk: Some(2),
            likelihood: Some(1),
            impact: Some(3),
            resolution_risk: None,
            for_managed: Some(true),
            published_at: None,
            description: Some("xxx".to_owned()),
            counted_risk: None,
            counted_for_managed: None,
        };
        let without = recommendation::Model { total_risk: None, ..row(&facts("without", 0)) };
        let stored =
            [row(&same), recommendation::Model { impact: Some(4), ..row(&other) }, row(&facts("gone", 3)), without];
        let all = [same, other, facts("new", 0)];
        let changed = changed(&stored, &all);
        let changed: Vec<_> = changed.iter().map(|(selector, facts)| (selector.rule_fqdn(), facts.is_some())).collect();
        assert_eq!(changed, [("gone", false), ("new", true), ("other", true)]);
    }
}
