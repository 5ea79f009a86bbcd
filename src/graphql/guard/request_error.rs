//! The errors of requests that are refused. A message repeats nothing of the request, which may be long, and whose error
//! may be displayed elsewhere.

use async_graphql::{Pos, parser::Error};

use crate::graphql::code::Code;

/// The longest reason that is kept of the parser's: longer than any list of expected rules, and short enough for a log
/// line.
const MAX_REASON_CHARS: usize = 300;

/// Why a request is refused. The message is for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::graphql) enum RequestError {
    /// The request exceeds a limit.
    #[error("{}; this request has at least {found}", allowance(*key, *allowed, counted))]
    TooLarge {
        /// The configuration key that sets the limit. `None` for a constant.
        key: Option<&'static str>,
        /// The limit.
        allowed: usize,
        /// What is counted.
        counted: &'static str,
        /// How much was counted before the count stopped.
        found: usize,
    },
    /// Braces are nested deeper than the limit on depth can need.
    #[error("limits.query_depth allows {depth} levels of fields, each in an inline fragment; this query nests deeper")]
    TooNested {
        /// The limit on depth.
        depth: usize,
    },
    /// The query is not valid GraphQL.
    #[error("the query cannot be parsed{}: {reason}", position(*at))]
    Unreadable {
        /// Where, if that is known.
        at: Option<Pos>,
        /// What is wrong there.
        reason: String,
    },
    /// The document has no operation with the requested name.
    #[error("the query has no operation with the name in operationName")]
    UnknownOperation,
    /// The document has several operations and the request does not select one.
    #[error("the query has several operations: operationName must name one of them")]
    OperationNameRequired,
    /// A non-null variable was omitted or is null.
    #[error("the variable defined at line {}, column {} is required and must not be null", at.line, at.column)]
    MissingVariable {
        /// Where it is defined.
        at: Pos,
    },
    /// The request selects `__schema` or `__type` although introspection is disabled.
    #[error("__schema and __type are disabled: limits.introspection is false")]
    Introspection,
    /// A fragment spreads itself.
    #[error("the fragment at line {}, column {} spreads itself, directly or through others", at.line, at.column)]
    FragmentCycle {
        /// Where a fragment of the cycle is defined.
        at: Pos,
    },
}

impl RequestError {
    /// The value of `extensions.code`.
    pub(in crate::graphql) fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } | Self::TooNested { .. } => Code::QueryTooLarge,
            Self::Unreadable { .. } => Code::SyntaxError,
            Self::Introspection => Code::IntrospectionDisabled,
            Self::UnknownOperation
            | Self::OperationNameRequired
            | Self::MissingVariable { .. }
            | Self::FragmentCycle { .. } => Code::BadUserInput,
        }
    }

    /// The position in the query for `locations`, if it is known.
    pub(in crate::graphql) fn at(&self) -> Option<Pos> {
        match self {
            Self::Unreadable { at, .. } => *at,
            Self::MissingVariable { at } | Self::FragmentCycle { at } => Some(*at),
            Self::TooLarge { .. }
            | Self::TooNested { .. }
            | Self::UnknownOperation
            | Self::OperationNameRequired
            | Self::Introspection => None,
        }
    }

    /// The parser's error, without the names and the excerpt of the query that its message contains.
    pub(super) fn unreadable(error: &Error) -> Self {
        let reason = match error {
            Error::Syntax { message, .. } => expectation(message),
            Error::MultipleOperations { .. } => "an operation without a name must be the only one",
            Error::OperationDuplicated { .. } => "two operations have the same name",
            Error::FragmentDuplicated { .. } => "two fragments have the same name",
            Error::MissingOperation => "it has no operation",
            Error::RecursionLimitExceeded => "its selections are nested too deeply",
            _ => "it is not an executable document",
        };
        Self::Unreadable { at: error.positions().next(), reason: reason.chars().take(MAX_REASON_CHARS).collect() }
    }

    /// The error of a request whose operation is not in its document.
    pub(super) fn no_operation(has_operation_name: bool) -> Self {
        if has_operation_name { Self::UnknownOperation } else { Self::OperationNameRequired }
    }
}

fn allowance(key: Option<&str>, allowed: usize, counted: &str) -> String {
    match key {
        Some(key) => format!("{key} allows {allowed} {counted}"),
        None => format!("at most {allowed} {counted} are allowed"),
    }
}

/// The last line of the parser's message, which names rules of the grammar; the lines above it are an excerpt. The only
/// message without such a line is about a number.
fn expectation(message: &str) -> &str {
    let last = message.lines().next_back().unwrap_or_default().trim_start();
    last.strip_prefix("= ").unwrap_or("a number is out of range")
}

fn position(at: Option<Pos>) -> String {
    at.map(|at| format!(" at line {}, column {}", at.line, at.column)).unwrap_or_default()
}
