//! Who sends a request, and the data that they may read.
//!
//! `header` reads the identity that a trusted gateway sends with a request, as text: neither HTTP nor SQL is known here.
//! [`ViewerPolicy`] makes a [`Viewer`] of it, one for each request. The viewer's [`Scope`] is a parameter of every read
//! of the store and becomes a condition in the SQL. Only this module can construct a scope, so an unscoped query does
//! not compile.

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod header;
mod policy;
mod scope;
mod viewer;

pub use header::{Identity, MAX_HEADER_BYTES, Refusal, User, UserKind};
pub use policy::ViewerPolicy;
pub use scope::{Client, Readable, Scope};
pub use viewer::Viewer;
