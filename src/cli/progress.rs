//! Progress bars for long-running work. They are hidden unless standard error is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a progress bar over `length` items.
pub(super) fn bar(length: u64, what: &'static str) -> ProgressBar {
    // The template is constant. If it is invalid, the default style is used.
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(what)
}
