//! Throughput of the running service.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

/// The pause between two counts of the stored messages near the start and the end.
const MIN_PAUSE: Duration = Duration::from_millis(20);
/// The pause in between. Each count scans a table, which slows down what is measured.
const MAX_PAUSE: Duration = Duration::from_millis(200);

/// Waits until the service has stored a message of each cluster, which have this time in this column. Returns messages per second from the first batch on, which
/// excludes the seconds in which the consumer group forms.
pub(crate) async fn ingest(database: &DatabaseConnection, (column, time): (&str, &str), messages: u32) -> f64 {
    let mut first = None;
    loop {
        let (now, done) = (Instant::now(), stored(database, column, time).await);
        let mut pause = MIN_PAUSE;
        if done > 0 {
            let (start, before) = *first.get_or_insert((now, done));
            let rate = f64::from(done - before) / (now - start).as_secs_f64();
            if done >= messages {
                return rate;
            }
            let until_nearly_done = 0.8 * f64::from(messages - done) / rate.max(1.0);
            pause = Duration::from_secs_f64(until_nearly_done).clamp(MIN_PAUSE, MAX_PAUSE);
        }
        tokio::time::sleep(pause).await;
    }
}

/// Number of clusters that have this time in this column.
async fn stored(database: &DatabaseConnection, column: &str, time: &str) -> u32 {
    let sql = format!("SELECT count(*) FROM cluster WHERE {column} >= $1::timestamptz - interval '1 s'");
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [time.into()]);
    // The statement fails until the service has created its tables.
    let Ok(Some(row)) = database.query_one_raw(statement).await else { return 0 };
    let count: i64 = row.try_get_by_index(0).expect("a number");
    u32::try_from(count).expect("small")
}
