//! How many statements a piece of work costs: exact, also when others use the same pools.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sea_orm::DatabaseConnection;

tokio::task_local! {
    static STATEMENTS: Arc<AtomicUsize>;
}

/// Runs `work` and tells how many SQL statements its task asked for.
///
/// BEGIN and COMMIT are not counted, nor is what `work` spawns. A count within another adds to it once it is done.
pub async fn count_statements<F: Future>(work: F) -> (F::Output, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let output = STATEMENTS.scope(count.clone(), work).await;
    let statements = count.load(Ordering::Relaxed);
    count_here(statements);
    (output, statements)
}

/// Makes a pool's statements count. To be called before the pool's handle is cloned.
pub(super) fn observe(pool: &mut DatabaseConnection) {
    pool.set_metric_callback(|_| count_here(1));
}

fn count_here(statements: usize) {
    // Outside of `count_statements` nobody counts, which is no fault.
    let _ = STATEMENTS.try_with(|count| count.fetch_add(statements, Ordering::Relaxed));
}
