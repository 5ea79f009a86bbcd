//! The HTTP server: the GraphQL API, GraphiQL, health checks and metrics.
//!
//! `graphql` handles a GraphQL request. `caller` identifies its sender. `request_checks` validates and reads it, with `origin`, `media_type` and
//! `query_params`. `response` sets the status and the media type of the response. `access_log` logs and counts each
//! request. `server` accepts connections and drains them at shutdown; `connection` is the state of each, `connections`
//! their limit, `socket` the limit on sending. `capacity` limits operations and answers. `health_server` serves health
//! and metrics on an address of their own.

mod access_log;
mod caller;
mod capacity;
mod connection;
mod connections;
mod exchange;
mod graphiql;
mod graphql;
mod health;
mod health_server;
mod host;
mod media_type;
mod origin;
mod query_params;
mod request_checks;
mod request_error;
mod response;
mod router;
mod server;
mod socket;

pub use graphql::Api;
pub use health::Readiness;
pub use health_server::{HealthServer, RunningHealthServer};
pub use router::{health_router, router, separate_health_router};
pub use server::serve;
pub use socket::listen;
