//! What the project asks of its own sources, as a test: `cargo test -p tidy`.
//!
//! `project` reads the sources and `code` takes Rust apart, as its lexer does; `rules` has the rules, a file a subject,
//! each with bad examples of its own. What the rooms may use is read from `docs/architecture.md`, so that the document
//! cannot be wrong. `exceptions` holds those that have a reason.

mod architecture;
mod breach;
mod code;
mod exceptions;
mod project;
mod rules;

pub use architecture::{Architecture, NoTable};
pub use breach::Breach;
pub use exceptions::{Exception, Exceptions};
pub use project::{File, Project, Unreadable};
pub use rules::breaches;
