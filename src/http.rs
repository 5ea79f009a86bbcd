//! The HTTP server: the GraphQL API, GraphiQL, health checks and metrics.
//!
//! `graphql` handles a GraphQL request. `request_checks` validates and reads it, with `origin`, `media_type` and
//! `query_params`. `response` sets the status and the media type of the response. `access_log` logs and counts each
//! request. `server` accepts connections and drains them at shutdown.

mod access_log;
mod graphiql;
mod graphql;
mod health;
mod host;
mod media_type;
mod origin;
mod query_params;
mod request_checks;
mod request_error;
mod response;
mod router;
mod server;

pub use graphql::Api;
pub use health::Readiness;
pub use router::router;
pub use server::serve;
