//! Our way: the service itself, as it is configured, or with batches of one message.

use std::time::{Duration, Instant};

use insights_results_aggregator::{
    config::Config,
    service::{Role, Service},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use tokio_util::sync::CancellationToken;

use super::data::Wave;

/// The pause between two looks at how far ingestion has come, while it is about to begin or to end.
const SOON: Duration = Duration::from_millis(20);
/// And in between: to look is to count a table, and takes a part of what is measured.
const LATER: Duration = Duration::from_millis(200);

/// Runs the service until the wave of so many messages is in the store; gives messages a second, from the first batch
/// on: before that the group is formed, which takes seconds and is no work.
pub(crate) async fn ingest(config: &Config, database: &DatabaseConnection, wave: Wave, messages: u32) -> f64 {
    let stop = CancellationToken::new();
    let service = Service::build(config.clone(), Role::Ingest).await.expect("the service is built");
    let running = tokio::spawn(service.run(stop.clone()));
    let mut first = None;
    let figure = loop {
        let (now, done) = (Instant::now(), stored(database, wave).await);
        let mut pause = SOON;
        if done > 0 {
            let (begun, before) = *first.get_or_insert((now, done));
            let rate = f64::from(done - before) / (now - begun).as_secs_f64();
            if done >= messages {
                break rate;
            }
            let nearly_over = 0.8 * f64::from(messages - done) / rate.max(1.0);
            pause = Duration::from_secs_f64(nearly_over).clamp(SOON, LATER);
        }
        tokio::time::sleep(pause).await;
    };
    stop.cancel();
    running.await.expect("the service does not panic").expect("the service stops");
    figure
}

/// How many clusters have told of this wave.
async fn stored(database: &DatabaseConnection, wave: Wave) -> u32 {
    let sql = "SELECT count(*) FROM cluster WHERE last_checked_at >= $1::timestamptz - interval '1 s'";
    let asked = Statement::from_sql_and_values(DbBackend::Postgres, sql, [wave.last_checked().into()]);
    // Until the service has made its tables there is nothing.
    let Ok(Some(row)) = database.query_one_raw(asked).await else { return 0 };
    let count: i64 = row.try_get_by_index(0).expect("a number");
    u32::try_from(count).expect("small")
}
