//! The router: the graph, its editor, and what those who run the service ask for.
//!
//! `gate` decides which requests reach the graph; `server` accepts connections and lets them finish.

mod gate;
mod graphiql;
mod graphql;
mod health;
mod router;
mod server;

pub use health::Readiness;
pub use router::{Api, router};
pub use server::serve;
