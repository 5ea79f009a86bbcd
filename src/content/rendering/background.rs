//! Keeps rendering from delaying other tasks of the runtime.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{Format, filled, render, write};
use crate::{
    content::template::{Bounds, CUT, Template},
    domain::Details,
};

/// Most bytes of a text or of details that are worked on without a thread. Parsing and writing a text as long takes 15 ms
/// in a build without optimizations, and less than a tenth of that with them.
const MAX_SHORT_BYTES: usize = 4 * 1024;
/// Bounds of a text that is written without a thread.
const SHORT: Bounds = Bounds { steps: 2_000, bytes: MAX_SHORT_BYTES };
/// Most texts that are written on threads at once. They use as many processors.
static THREADS: Semaphore = Semaphore::const_new(2);

/// As [`render`], on a thread for blocking work unless that takes less than a millisecond. Cancel safe.
pub async fn render_in_background(template: &Arc<Template>, details: Option<&Details>, format: Format) -> String {
    let details_bytes = details.map_or(0, |details| details.as_str().len());
    if template.as_written().len() <= MAX_SHORT_BYTES && details_bytes <= MAX_SHORT_BYTES {
        let filled = filled(template, details, SHORT);
        if !filled.is_cut {
            return write(&filled, format);
        }
    }
    let (task_template, details) = (Arc::clone(template), details.cloned());
    // It is never closed.
    let permit = THREADS.acquire().await.ok();
    let task = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        render(&task_template, details.as_ref(), format)
    });
    // It fails if the runtime stops, or if rendering panicked, which was logged.
    task.await.unwrap_or_else(|_| CUT.to_owned())
}
