//! Keeps rendering from delaying other tasks of the runtime.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{Format, filled, render, render_plain, write};
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
    let (template, details) = (Arc::clone(template), details.cloned());
    on_thread(move || render(&template, details.as_ref(), format)).await
}

/// As [`render_plain`], on a thread for blocking work unless that takes less than a millisecond. Cancel safe.
pub async fn render_plain_in_background(text: &Arc<str>, format: Format) -> String {
    if text.len() <= MAX_SHORT_BYTES || format == Format::Markdown {
        return render_plain(text, format);
    }
    let text = Arc::clone(text);
    on_thread(move || render_plain(&text, format)).await
}

async fn on_thread(render: impl FnOnce() -> String + Send + 'static) -> String {
    // It is never closed.
    let permit = THREADS.acquire().await.ok();
    let task = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        render()
    });
    // It fails if the runtime stops, or if rendering panicked, which was logged.
    task.await.unwrap_or_else(|_| CUT.to_owned())
}
