//! Reports when the files of content changed and have settled.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};

use super::{Source, watcher::Watcher};

/// How long no file must change before a change is reported: an update changes many files.
const SETTLE: Duration = Duration::from_secs(1);
/// Longest time from the first change until it is reported, even if files still change.
const LONGEST: Duration = Duration::from_secs(5);
/// Pause before files that cannot be watched are watched again.
const RETRY: Duration = Duration::from_secs(5);

/// Changes of the files of content.
#[derive(Debug)]
pub struct Changes {
    source: Source,
    changed: Arc<Notify>,
    watcher: Option<Watcher>,
    is_failure_logged: bool,
    /// The first and the last change that is not reported yet.
    pending: Option<(Instant, Instant)>,
}

impl Changes {
    /// Watches the files from now on. If that is impossible, logs a warning once and tries again later.
    pub async fn watch(source: &Source) -> Self {
        let mut changes = Self {
            source: source.clone(),
            changed: Arc::new(Notify::new()),
            watcher: None,
            is_failure_logged: false,
            pending: None,
        };
        changes.start_watching().await;
        changes
    }

    /// Waits until files have changed and then not for a second, or have changed for five seconds. Files that change after
    /// it returned are reported by the next call. Cancel safe.
    pub async fn next(&mut self) {
        loop {
            let Some((first, last)) = self.pending else {
                self.first_change().await;
                let now = Instant::now();
                self.pending = Some((now, now));
                continue;
            };
            let due = (last + SETTLE).min(first + LONGEST);
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(due) => {
                    // The folders may be other ones now. They are watched before they are read.
                    self.start_watching().await;
                    self.pending = None;
                    return;
                }
                () = self.changed.notified() => self.pending = Some((first, Instant::now())),
            }
        }
    }

    /// Waits for a change. Files that could not be watched may have changed when they can be.
    async fn first_change(&mut self) {
        while self.watcher.is_none() {
            tokio::time::sleep(RETRY).await;
            self.start_watching().await;
            if self.watcher.is_some() {
                return;
            }
        }
        self.changed.notified().await;
    }

    async fn start_watching(&mut self) {
        let (source, changed) = (self.source.clone(), Arc::clone(&self.changed));
        let started = tokio::task::spawn_blocking(move || Watcher::start(&source, changed)).await;
        match started {
            Ok(Ok(watcher)) => {
                self.watcher = Some(watcher);
                self.is_failure_logged = false;
            }
            Ok(Err(error)) => self.stop_watching(&error.to_string()),
            Err(error) => self.stop_watching(&error.to_string()),
        }
    }

    fn stop_watching(&mut self, reason: &str) {
        self.watcher = None;
        if !std::mem::replace(&mut self.is_failure_logged, true) {
            tracing::warn!(reason, "the content is not watched: send SIGHUP after changes");
        }
    }
}
