//! What is said to a request that is not let in. Nothing of the request itself is repeated: it may be long, and the
//! answer may be shown somewhere.

use async_graphql::{Pos, parser::Error};

use crate::graphql::code::Code;

/// More than any list of what the parser expected, and short enough for a log line.
const LONGEST_REASON: usize = 300;

/// Why a request is not let in. The message is for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::graphql) enum RequestError {
    /// More than a limit allows.
    #[error("{key} allows {allowed} {counted}; this request has at least {found}")]
    TooMuch {
        /// The limit's key in the configuration.
        key: &'static str,
        /// The limit.
        allowed: usize,
        /// What is counted.
        counted: &'static str,
        /// How much was found before it was looked at no further.
        found: usize,
    },
    /// Braces within braces beyond what the limit on depth leaves room for.
    #[error("limits.query_depth allows {depth} levels of fields, each in an inline fragment; this query nests deeper")]
    TooNested {
        /// The limit on depth.
        depth: usize,
    },
    /// The query is no GraphQL.
    #[error("the query cannot be read{}: {reason}", place(*at))]
    Unreadable {
        /// Where, if that is known.
        at: Option<Pos>,
        /// What is wrong there.
        reason: String,
    },
    /// A variable that may not be null was left out, or is null.
    #[error("the variable defined at line {}, column {} must be given and may not be null", at.line, at.column)]
    MissingVariable {
        /// Where it is defined.
        at: Pos,
    },
    /// Asks for the schema where it is not told.
    #[error("__schema and __type are not answered here: limits.introspection is false")]
    Introspection,
    /// A fragment that contains itself.
    #[error("the fragment at line {}, column {} spreads itself, directly or by way of others", at.line, at.column)]
    FragmentCycle {
        /// Where the fragment is defined, or another one of the circle.
        at: Pos,
    },
}

impl RequestError {
    /// For programs: what stands in `extensions.code`.
    pub(in crate::graphql) fn code(&self) -> Code {
        match self {
            Self::TooMuch { .. } | Self::TooNested { .. } => Code::QueryTooLarge,
            Self::Unreadable { .. } => Code::SyntaxError,
            Self::Introspection => Code::IntrospectionDisabled,
            Self::MissingVariable { .. } | Self::FragmentCycle { .. } => Code::BadUserInput,
        }
    }

    /// Where in the query, if that is known: what stands in `locations`.
    pub(in crate::graphql) fn at(&self) -> Option<Pos> {
        match self {
            Self::Unreadable { at, .. } => *at,
            Self::MissingVariable { at } | Self::FragmentCycle { at } => Some(*at),
            Self::TooMuch { .. } | Self::TooNested { .. } | Self::Introspection => None,
        }
    }

    /// What the parser says, without the names and the excerpt of the query that it says it with.
    pub(super) fn unreadable(error: &Error) -> Self {
        let reason = match error {
            Error::Syntax { message, .. } => expectation(message),
            Error::MultipleOperations { .. } => "an operation without a name must be the only one",
            Error::OperationDuplicated { .. } => "two operations have one name",
            Error::FragmentDuplicated { .. } => "two fragments have one name",
            Error::MissingOperation => "it has no operation",
            Error::RecursionLimitExceeded => "its selections are nested too deeply",
            _ => "it is no executable document",
        };
        Self::Unreadable { at: error.positions().next(), reason: reason.chars().take(LONGEST_REASON).collect() }
    }
}

/// The last line of the parser's message, which names rules of the grammar; all above it is an excerpt. The one message
/// that has no such line is about a number.
fn expectation(message: &str) -> &str {
    let last = message.lines().next_back().unwrap_or_default().trim_start();
    last.strip_prefix("= ").unwrap_or("a number is out of range")
}

fn place(at: Option<Pos>) -> String {
    at.map(|at| format!(" at line {}, column {}", at.line, at.column)).unwrap_or_default()
}
