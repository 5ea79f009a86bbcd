//! Rule content: texts and facts of recommendations, loaded from a folder of YAML and Markdown files.
//!
//! A [`Source`] names the files and loads them. What is invalid is left out and listed as a [`Problem`]; the rest loads.
//! [`Changes`] reports when the files change, and [`CurrentContent`] holds what was loaded last.

mod categories;
mod changes;
mod current;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod levels;
mod loaded;
mod metadata;
mod plugin;
mod problem;
mod recommendation;
mod rendering;
mod rules;
mod source;
mod template;
#[cfg(test)]
mod tests;
mod texts;
mod tree;
mod watcher;
mod yaml;

pub use categories::Category;
pub use changes::Changes;
pub use current::CurrentContent;
pub use loaded::Content;
pub use problem::{Error, Problem};
pub use recommendation::{Recommendation, Templates};
pub use rendering::{Format, render, render_in_background, render_plain, render_plain_in_background};
pub use source::{Loaded, Source};
pub use template::Template;

/// Most bytes of a file. A larger one is not read.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Most recommendations. Further ones are left out.
pub const MAX_RECOMMENDATIONS: usize = 10_000;
/// Most categories. Further ones, by key, are left out.
pub const MAX_CATEGORIES: usize = 100;
/// Most categories of a recommendation. Further ones, by key, are left out. Few, because the graph counts a list of them
/// for each hit as if it had this many.
pub const MAX_CATEGORIES_OF_RECOMMENDATION: usize = 10;
/// Most tags of a recommendation or a category. One with more is left out.
pub const MAX_TAGS: usize = 50;
