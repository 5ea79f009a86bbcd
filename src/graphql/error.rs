//! Errors: what a client may read, and what stays with us.

use std::{fmt, sync::Arc};

use async_graphql::{Error, ErrorExtensions as _, Pos, ServerError};
use uuid::Uuid;

use super::schema::COST;
use crate::store;

/// What async-graphql says of a request that costs more than it may; without a number or a mend.
const TOO_COMPLEX: &str = "Query is too complex.";

/// A load that failed; it failed once, for all who asked. What it says stays with us.
#[derive(Clone, Debug)]
pub(super) struct LoadFailed(pub(super) Arc<store::Error>);

impl fmt::Display for LoadFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<store::Error> for LoadFailed {
    fn from(error: store::Error) -> Self {
        Self(Arc::new(error))
    }
}

/// An argument that the client can mend. `message` must not repeat what the client sent.
pub(super) fn bad_user_input(argument: &str, message: &str) -> Error {
    Error::new(format!("{argument}: {message}")).extend_with(|_, extensions| extensions.set("code", "BAD_USER_INPUT"))
}

/// A refusal of a request as a whole, with its place in the query where one is known.
pub(super) fn refusal(code: &str, message: impl Into<String>, at: Option<Pos>) -> ServerError {
    let mut error = ServerError::new(message, at);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// Puts what a client may read in the place of what happened. What happened is logged once for each cause, with an id
/// that the client gets too.
pub(super) fn mask(errors: &mut [ServerError]) {
    let mut logged = Logged::default();
    for error in errors {
        let Some(source) = error.source.clone() else {
            // Errors that GraphQL itself makes have no source: they are about the request and say what to mend.
            if error.message == TOO_COMPLEX {
                *error = refusal(
                    "QUERY_TOO_LARGE",
                    format!("the request costs more than {COST}: ask for smaller pages or fewer fields"),
                    None,
                );
            }
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                extensions.set("code", "BAD_USER_INPUT");
            }
            continue;
        };
        if let Some(LoadFailed(cause)) = source.downcast_ref() {
            let (code, message) = if cause.is_unavailable() {
                ("UNAVAILABLE", "The data cannot be read at the moment; please try again shortly.")
            } else {
                ("INTERNAL", "Something went wrong on our side.")
            };
            cover(error, code, message, &logged.id_of(cause));
        } else {
            let id = correlation_id();
            tracing::error!(correlation_id = id, error = error.message, "a resolver failed");
            cover(error, "INTERNAL", "Something went wrong on our side.", &id);
        }
    }
}

/// The causes that one answer has logged, each with its id.
#[derive(Default)]
struct Logged(Vec<(Arc<store::Error>, String)>);

impl Logged {
    /// The id of a cause, which is logged when it is new.
    fn id_of(&mut self, cause: &Arc<store::Error>) -> String {
        if let Some((_, id)) = self.0.iter().find(|(known, _)| Arc::ptr_eq(known, cause)) {
            return id.clone();
        }
        let id = correlation_id();
        tracing::error!(correlation_id = id, error = %cause, class = ?cause.class(), "a load failed");
        self.0.push((cause.clone(), id.clone()));
        id
    }
}

fn correlation_id() -> String {
    Uuid::new_v4().simple().to_string()
}

fn cover(error: &mut ServerError, code: &str, message: &str, id: &str) {
    message.clone_into(&mut error.message);
    let mut extensions = async_graphql::ErrorExtensionValues::default();
    extensions.set("code", code);
    extensions.set("correlationId", id);
    error.extensions = Some(extensions);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: Error) -> String {
        let mut errors = [error.into_server_error(async_graphql::Pos::default())];
        mask(&mut errors);
        serde_json::to_string(&errors).expect("JSON")
    }

    #[test]
    fn what_happened_inside_is_masked_and_what_the_client_did_is_not() {
        let inside = shown(std::io::Error::other("SELECT secret FROM t").into());
        assert!(inside.contains("INTERNAL") && inside.contains("correlationId") && !inside.contains("secret"));
        let corrupt = shown(LoadFailed::from(store::Error::TimedOut { during: "secret", seconds: 1 }).into());
        assert!(corrupt.contains("UNAVAILABLE") && !corrupt.contains("secret"));
        assert!(shown(bad_user_input("after", "is no cursor")).contains("after: is no cursor"));
        assert!(shown(Error::new("the library's own")).contains("BAD_USER_INPUT"));
    }
}
