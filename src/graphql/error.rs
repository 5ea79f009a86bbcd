//! Errors: what a client receives, and what is only logged.

use std::sync::Arc;

use async_graphql::{Error, ErrorExtensions as _, Pos, ServerError};
use uuid::Uuid;

use super::{code::Code, redaction};
use crate::store;

/// The most errors of a refused request: the first is enough to fix it.
const MAX_REQUEST_ERRORS: usize = 10;
/// The most errors of fields, one per field that could not be resolved.
const MAX_FIELD_ERRORS: usize = 100;
/// The message where data cannot be read at the moment.
const UNAVAILABLE: &str = "The data cannot be read at the moment; please try again shortly.";
/// The message of an internal error.
const INTERNAL_ERROR: &str = "An internal error occurred.";

/// A load that failed, once for all fields that await it. Its message is logged and never sent to the client.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum LoadFailed {
    /// The store could not read.
    #[error("{0}")]
    Read(Arc<store::Error>),
    /// The future that was reading was dropped, although another one waited for it: a bug.
    #[error("a load was dropped while a resolver waited for it")]
    Dropped,
    /// Two reads of the request do not fit together, because the data changed between them.
    #[error("the data changed between two reads")]
    Changed,
}

impl From<store::Error> for LoadFailed {
    fn from(error: store::Error) -> Self {
        Self::Read(Arc::new(error))
    }
}

/// The error of an invalid argument, which the client can fix. `message` must not repeat the client's value.
pub(super) fn bad_user_input(argument: &str, message: &str) -> Error {
    Error::new(format!("{argument}: {message}"))
        .extend_with(|_, extensions| extensions.set("code", Code::BadUserInput.as_str()))
}

/// An error of a whole request, with its position in the query if it is known.
pub(super) fn coded_error(code: Code, message: impl Into<String>, at: Option<Pos>) -> ServerError {
    let mut error = ServerError::new(message, at);
    error.extensions.get_or_insert_default().set("code", code.as_str());
    error
}

/// Replaces internal errors by what a client may read. Each cause is logged once, with an id that the client receives.
/// A long list of errors is cut, and its last entry counts the omitted ones.
pub(super) fn mask(errors: &mut Vec<ServerError>) {
    let mut logged = LoggedCauses::default();
    for error in &mut *errors {
        if let Some(LoadFailed::Read(cause)) = error.source::<LoadFailed>() {
            if let store::Error::TooManyBytes { bytes, allowed } = **cause {
                *error = response_too_large(bytes, allowed, error);
                continue;
            }
            let (code, message) = if cause.is_unavailable() {
                (Code::Unavailable, UNAVAILABLE)
            } else {
                (Code::Internal, INTERNAL_ERROR)
            };
            let id = logged.log(cause);
            replace(error, code, message, &id);
        } else if let Some(LoadFailed::Changed) = error.source::<LoadFailed>() {
            let id = correlation_id();
            tracing::info!(correlation_id = id, "data changed while a request read it");
            replace(error, Code::Unavailable, UNAVAILABLE, &id);
        } else if is_client_error(error) {
            redact(error);
        } else {
            let id = correlation_id();
            tracing::error!(correlation_id = id, error = error.message, "a resolver failed");
            replace(error, Code::Internal, INTERNAL_ERROR, &id);
        }
    }
    limit_count(errors);
}

/// The error of a field whose rows are larger than an answer may be.
fn response_too_large(bytes: u64, allowed: usize, of: &ServerError) -> ServerError {
    let message = format!(
        "limits.response_bytes allows {allowed} bytes; the details of these clusters' hits have {bytes}. Select fewer \
         clusters, or no details"
    );
    let mut error = coded_error(Code::ResponseTooLarge, message, None);
    (error.locations, error.path) = (of.locations.clone(), of.path.clone());
    error
}

/// Whether the client can fix the error. Such an error has a code of ours, or async-graphql reports it: as a validation
/// error, which has no path, or as an error of a field about the client's input.
fn is_client_error(error: &ServerError) -> bool {
    let is_of_library = error.path.is_empty() || redaction::is_input_error(&error.message);
    error.source.is_none() && (has_code(error) || is_of_library)
}

fn has_code(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some())
}

/// Adds a code to an error of async-graphql and removes the client's values from its message.
fn redact(error: &mut ServerError) {
    if !has_code(error) {
        error.message = redaction::without_values(&error.message);
        error.extensions.get_or_insert_default().set("code", Code::BadUserInput.as_str());
    }
}

fn limit_count(errors: &mut Vec<ServerError>) {
    let has_field_errors = errors.iter().any(|error| !error.path.is_empty());
    let max = if has_field_errors { MAX_FIELD_ERRORS } else { MAX_REQUEST_ERRORS };
    if errors.len() > max {
        let omitted = errors.len() - (max - 1);
        errors.truncate(max - 1);
        errors.push(coded_error(Code::MoreErrors, format!("There are {omitted} more errors like these."), None));
    }
}

/// The causes that are logged for one answer, each with its correlation id.
#[derive(Default)]
struct LoggedCauses(Vec<(Arc<store::Error>, String)>);

impl LoggedCauses {
    /// Logs a cause unless it is logged already, and returns its id.
    fn log(&mut self, cause: &Arc<store::Error>) -> String {
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

fn replace(error: &mut ServerError, code: Code, message: &str, id: &str) {
    message.clone_into(&mut error.message);
    let mut extensions = async_graphql::ErrorExtensionValues::default();
    extensions.set("code", code.as_str());
    extensions.set("correlationId", id);
    error.extensions = Some(extensions);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(error: Error) -> String {
        let mut errors = vec![error.into_server_error(async_graphql::Pos::default())];
        mask(&mut errors);
        serde_json::to_string(&errors).expect("JSON")
    }

    #[test]
    fn internal_errors_are_masked_and_client_errors_are_not() {
        let internal = masked(std::io::Error::other("SELECT secret FROM t").into());
        assert!(internal.contains("INTERNAL") && internal.contains("correlationId") && !internal.contains("secret"));
        let unavailable = masked(LoadFailed::from(store::Error::TimedOut { during: "secret", seconds: 1 }).into());
        assert!(unavailable.contains("UNAVAILABLE") && !unavailable.contains("secret"));
        assert!(masked(bad_user_input("after", "is not a cursor")).contains("after: is not a cursor"));
        assert!(masked(Error::new("the library's own")).contains("BAD_USER_INPUT"));
    }

    #[test]
    fn an_error_of_the_library_about_the_program_is_masked() {
        let mut error = ServerError::new("Data `ira::Secret` does not exist.", None);
        error.path.push(async_graphql::PathSegment::Field("viewer".to_owned()));
        let mut errors = vec![error];
        mask(&mut errors);
        assert_eq!(errors[0].message, INTERNAL_ERROR);
    }

    #[test]
    fn a_long_list_of_errors_is_cut() {
        let last = |count, path: &[&str]| {
            let mut error = ServerError::new("Unknown field", None);
            error.path = path.iter().map(|segment| async_graphql::PathSegment::Field((*segment).to_owned())).collect();
            let mut errors = vec![error; count];
            mask(&mut errors);
            (errors.len(), errors.pop().expect("an error").message)
        };
        assert_eq!(last(10, &[]), (10, "Unknown field".to_owned()));
        assert_eq!(last(11, &[]), (10, "There are 2 more errors like these.".to_owned()));
        assert_eq!(last(100, &["a"]), (100, INTERNAL_ERROR.to_owned()));
        assert_eq!(last(5_000, &["a"]), (100, "There are 4901 more errors like these.".to_owned()));
    }
}
