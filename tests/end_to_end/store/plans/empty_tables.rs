//! Plans that are made for tables that statistics say are empty.

use super::{
    explained::{scans_of_pools, vacuum},
    named,
};
use crate::harness::postgres;

/// A batch reads before anything is written. Its plans are kept when the tables are full, until these are analyzed again.
#[tokio::test]
async fn named_reads_that_are_planned_for_tables_known_to_be_empty_use_an_index() {
    let database = postgres().await;
    database.store().await.close().await;
    let connection = database.connect().await;
    vacuum(&connection).await;
    let named = named(&database);
    let is_read = |statement: &&String| {
        statement.lines().find(|line| !line.starts_with("--")).is_some_and(|line| line.starts_with("SELECT"))
    };
    let reads: Vec<_> = named.iter().filter(is_read).collect();
    assert!(reads.len() >= 7, "{reads:#?}");
    for statement in reads {
        let scans = scans_of_pools(&connection, statement).await;
        assert!(scans.is_empty(), "{scans:#?} in\n{statement}");
    }
}
