//! Progress bars for long work; nothing where standard error is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `length` things.
pub(super) fn bar(length: u64, what: &'static str) -> ProgressBar {
    // The template is ours and constant; should it be unsound, the default bar does as well.
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(what)
}
