//! How many statements a piece of work costs, and which: exact, also when others use the same pools.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use sea_orm::DatabaseConnection;

tokio::task_local! {
    static STATEMENTS: Arc<AtomicUsize>;
    static TEXTS: Arc<Mutex<Vec<String>>>;
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

/// Runs `work` and tells the text of each SQL statement that its task asked for, as the database got it: so that its plan
/// can be looked at. What is counted is told.
pub async fn record_statements<F: Future>(work: F) -> (F::Output, Vec<String>) {
    let texts = Arc::new(Mutex::default());
    let output = TEXTS.scope(Arc::clone(&texts), work).await;
    let told = std::mem::take(&mut *texts.lock().unwrap_or_else(PoisonError::into_inner));
    (output, told)
}

/// Makes a pool's statements count. To be called before the pool's handle is cloned.
pub(super) fn observe(pool: &mut DatabaseConnection) {
    pool.set_metric_callback(|seen| {
        count_here(1);
        tell_here(&seen.statement.sql);
    });
}

// Outside of `count_statements` nobody counts, and outside of `record_statements` nobody listens: which is no fault.

fn count_here(statements: usize) {
    let _ = STATEMENTS.try_with(|count| count.fetch_add(statements, Ordering::Relaxed));
}

fn tell_here(text: &str) {
    let _ = TEXTS.try_with(|texts| texts.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned()));
}
