//! The codes of errors.

use strum::{IntoStaticStr, VariantArray};

use crate::telemetry::metrics::GRAPHQL_ERRORS;

/// The value of `extensions.code` of every error. `docs/errors.md` documents the cause and the remedy of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The body is not a GraphQL request.
    BadRequest,
    /// The request has the hash of a query instead of a query.
    PersistedQueryNotSupported,
    /// The request has no usable identity.
    Unauthenticated,
    /// The query cannot be parsed.
    SyntaxError,
    /// The request exceeds a limit.
    QueryTooLarge,
    /// The request selects the schema although introspection is disabled.
    IntrospectionDisabled,
    /// An argument, a variable or the query itself is invalid.
    BadUserInput,
    /// The answer exceeds its size limit.
    ResponseTooLarge,
    /// The data cannot be read at the moment.
    Unavailable,
    /// The request exceeded its time limit.
    Timeout,
    /// An internal error.
    Internal,
    /// The answer has more errors than are listed.
    MoreErrors,
}

impl Code {
    /// The code as clients receive it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Counts an error that is sent without an answer of the executor.
    pub fn count(self) {
        metrics::counter!(GRAPHQL_ERRORS.name, "code" => self.as_str()).increment(1);
    }
}
