//! Errors: what a client may read, and what stays with us.

use std::{fmt, sync::Arc};

use async_graphql::{Error, ErrorExtensions as _, Pos, ServerError};
use uuid::Uuid;

use super::{code::Code, redaction};
use crate::store;

/// Most errors that are told of a request that is refused: it can be mended by the first.
const MOST_OF_A_REQUEST: usize = 10;
/// Most errors that are told of an answer, one a place that could not be answered.
const MOST_OF_AN_ANSWER: usize = 100;

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
    Error::new(format!("{argument}: {message}"))
        .extend_with(|_, extensions| extensions.set("code", Code::BadUserInput.as_str()))
}

/// A refusal of a request as a whole, with its place in the query where one is known.
pub(super) fn refusal(code: Code, message: impl Into<String>, at: Option<Pos>) -> ServerError {
    let mut error = ServerError::new(message, at);
    error.extensions.get_or_insert_default().set("code", code.as_str());
    error
}

/// Puts what a client may read in the place of what happened. What happened is logged once for each cause, with an id
/// that the client gets too. Of very many errors the first are told, and how many more there are.
pub(super) fn mask(errors: &mut Vec<ServerError>) {
    let mut logged = Logged::default();
    for error in &mut *errors {
        if let Some(LoadFailed(cause)) = error.source::<LoadFailed>() {
            let (code, message) = if cause.is_unavailable() {
                (Code::Unavailable, "The data cannot be read at the moment; please try again shortly.")
            } else {
                (Code::Internal, OUR_FAULT)
            };
            let id = logged.id_of(cause);
            cover(error, code, message, &id);
        } else if is_of_the_request(error) {
            reword(error);
        } else {
            let id = correlation_id();
            tracing::error!(correlation_id = id, error = error.message, "a resolver failed");
            cover(error, Code::Internal, OUR_FAULT, &id);
        }
    }
    shorten(errors);
}

const OUR_FAULT: &str = "Something went wrong on our side.";

/// Is it something that the client can mend? Such errors have a code of ours, or async-graphql made them: before it
/// answered anything, or of a value that it could not take.
fn is_of_the_request(error: &ServerError) -> bool {
    let is_of_the_library = error.path.is_empty() || redaction::is_about_input(&error.message);
    error.source.is_none() && (has_code(error) || is_of_the_library)
}

fn has_code(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some())
}

/// Gives an error of async-graphql a code, and takes from it what it repeats of the request.
fn reword(error: &mut ServerError) {
    if !has_code(error) {
        error.message = redaction::without_values(&error.message);
        error.extensions.get_or_insert_default().set("code", Code::BadUserInput.as_str());
    }
}

fn shorten(errors: &mut Vec<ServerError>) {
    let is_answer = errors.iter().any(|error| !error.path.is_empty());
    let most = if is_answer { MOST_OF_AN_ANSWER } else { MOST_OF_A_REQUEST };
    if errors.len() > most {
        let left_out = errors.len() - (most - 1);
        errors.truncate(most - 1);
        errors.push(refusal(Code::MoreErrors, format!("There are {left_out} more errors like these."), None));
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

fn cover(error: &mut ServerError, code: Code, message: &str, id: &str) {
    message.clone_into(&mut error.message);
    let mut extensions = async_graphql::ErrorExtensionValues::default();
    extensions.set("code", code.as_str());
    extensions.set("correlationId", id);
    error.extensions = Some(extensions);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: Error) -> String {
        let mut errors = vec![error.into_server_error(async_graphql::Pos::default())];
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

    #[test]
    fn what_the_library_says_of_our_own_mistakes_is_masked() {
        let mut error = ServerError::new("Data `ira::Secret` does not exist.", None);
        error.path.push(async_graphql::PathSegment::Field("viewer".to_owned()));
        let mut errors = vec![error];
        mask(&mut errors);
        assert_eq!(errors[0].message, OUR_FAULT);
    }

    #[test]
    fn of_very_many_errors_the_first_are_told() {
        let told = |count, path: &[&str]| {
            let mut error = ServerError::new("Unknown field", None);
            error.path = path.iter().map(|step| async_graphql::PathSegment::Field((*step).to_owned())).collect();
            let mut errors = vec![error; count];
            mask(&mut errors);
            (errors.len(), errors.pop().expect("an error").message)
        };
        assert_eq!(told(10, &[]), (10, "Unknown field".to_owned()));
        assert_eq!(told(11, &[]), (10, "There are 2 more errors like these.".to_owned()));
        assert_eq!(told(100, &["a"]), (100, OUR_FAULT.to_owned()));
        assert_eq!(told(5_000, &["a"]), (100, "There are 4901 more errors like these.".to_owned()));
    }
}
