//! The project's rules for its own sources, as a test: `cargo test -p tidy`.
//!
//! `project` reads the sources, `code` parses Rust into tokens, and `prose` extracts comments and documentation.
//! `rules` has one file per subject, each with tests on bad examples. Which room may use which is read from the tables
//! of `docs/architecture.md`, so the document cannot become outdated. `exceptions` lists the places that may break a
//! rule, each with its reason.

mod architecture;
mod code;
mod exceptions;
mod project;
mod prose;
mod rules;
mod violation;

pub use architecture::{Architecture, MissingTable};
pub use exceptions::{Exception, Exceptions, WordException};
pub use project::{File, Project, ReadError};
pub use rules::violations;
pub use violation::Violation;
