//! Removes requests whose time is over, repeatedly.

use std::{convert::Infallible, time::Duration};

use crate::{
    config::Requests,
    store::{Error, Store},
};

/// Longest pause between two removals.
const INTERVAL: Duration = Duration::from_mins(5);

/// Removes requests that were processed longer ago than they are kept. In each process; where several use a database, one at
/// a time does.
pub(super) async fn remove_expired(requests: &Requests, store: &Store) -> Infallible {
    let interval = INTERVAL.min(requests.keep);
    let mut has_failed = false;
    loop {
        match remove_older_than(requests.keep, store).await {
            Ok(()) => has_failed = false,
            // The next round removes them. A failure that lasts is logged once; readiness reports the database.
            Err(error) if !has_failed => {
                tracing::warn!(%error, "requests could not be removed");
                has_failed = true;
            }
            Err(error) => tracing::debug!(%error, "requests still cannot be removed"),
        }
        tokio::time::sleep(interval).await;
    }
}

async fn remove_older_than(age: Duration, store: &Store) -> Result<(), Error> {
    while store.remove_some_requests_older_than(age).await? {}
    Ok(())
}
