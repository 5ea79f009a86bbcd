//! Counts and records the SQL statements of a task, also while other tasks use the same pools.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use sea_orm::DatabaseConnection;

tokio::task_local! {
    static STATEMENTS: Arc<AtomicUsize>;
    static TEXTS: Arc<Mutex<Vec<String>>>;
}

/// Runs `work` and returns its output with the number of SQL statements that its task executed.
///
/// BEGIN, COMMIT and the statements of tasks that `work` spawns are not counted. When counts are nested, the inner
/// count is added to the outer one at its end.
pub async fn count_statements<F: Future>(work: F) -> (F::Output, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let output = STATEMENTS.scope(count.clone(), work).await;
    let statements = count.load(Ordering::Relaxed);
    add_to_count(statements);
    (output, statements)
}

/// Runs `work` and returns its output with the text of each SQL statement that its task executed, so that tests can
/// check the plans. Records the same statements that [`count_statements`] counts.
pub async fn record_statements<F: Future>(work: F) -> (F::Output, Vec<String>) {
    let texts = Arc::new(Mutex::default());
    let output = TEXTS.scope(Arc::clone(&texts), work).await;
    let recorded = std::mem::take(&mut *texts.lock().unwrap_or_else(PoisonError::into_inner));
    (output, recorded)
}

/// Returns `work`, whose statements are counted and recorded by the current task, whatever task runs it.
pub fn inherit_count<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let count = STATEMENTS.try_with(Arc::clone).unwrap_or_default();
    let texts = TEXTS.try_with(Arc::clone).unwrap_or_default();
    STATEMENTS.scope(count, TEXTS.scope(texts, work))
}

/// Has a pool's statements counted and recorded. Must be called before the pool's handle is cloned.
pub(super) fn instrument(pool: &mut DatabaseConnection) {
    pool.set_metric_callback(|executed| {
        add_to_count(1);
        record(&executed.statement.sql);
    });
}

// Outside of `count_statements` and `record_statements` the task-locals are not set, and these functions do nothing.

fn add_to_count(statements: usize) {
    let _ = STATEMENTS.try_with(|count| count.fetch_add(statements, Ordering::Relaxed));
}

fn record(text: &str) {
    let _ = TEXTS.try_with(|texts| texts.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned()));
}
