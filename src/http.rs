//! The router: the graph, its editor, and what those who run the service ask for.
//!
//! `gate` decides which requests reach the graph, by `origin`, `media_type` and what is `asked`; `answer` gives the
//! outcome its status and form. `observe` tells of each request; `server` accepts connections and lets them finish.

mod access_log;
mod answer;
mod graphiql;
mod graphql;
mod health;
mod host;
mod media_type;
mod origin;
mod query_params;
mod request_checks;
mod router;
mod server;

pub use health::Readiness;
pub use router::{Api, router};
pub use server::serve;
