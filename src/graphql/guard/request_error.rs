//! The errors of requests that are refused. A message repeats no value of the request, which may be long, and whose error
//! may be displayed elsewhere. It repeats names only if the schema has them, or if they are short.

use std::slice;

use async_graphql::{Pos, parser::Error};

use super::values::Mismatch;
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
    /// The value of a variable is not of the variable's type.
    #[error(
        "the variable defined at line {}, column {} has an invalid value{}: {}",
        at.line, at.column, place(&mismatch.path), mismatch.reason
    )]
    InvalidVariable {
        /// Where the variable is defined.
        at: Pos,
        mismatch: Mismatch,
    },
    /// The default value of a variable is not of the variable's type.
    #[error(
        "the variable defined at line {}, column {} has an invalid default value{}: {}",
        at.line, at.column, place(&mismatch.path), mismatch.reason
    )]
    InvalidDefault {
        /// Where the variable is defined.
        at: Pos,
        mismatch: Mismatch,
    },
    /// A literal is not of the argument's type. Worded as async-graphql words it.
    #[error("Invalid value for argument \"{}\", {}", [slice::from_ref(argument), &mismatch.path].concat().join("."), mismatch.reason)]
    InvalidArgument {
        /// Where the argument is given.
        at: Pos,
        /// The argument's name in the schema.
        argument: String,
        mismatch: Mismatch,
    },
    /// A variable is used where values of its type may not be valid.
    #[error("a variable of type \"{declared}\" is used where \"{expected}\" is expected")]
    VariablePosition {
        /// Where the argument is given that is the variable or contains it.
        at: Pos,
        /// The variable's type.
        declared: String,
        /// The type of the argument, or of the part of it that the variable is used for.
        expected: String,
    },
    /// Two fields have the same key in the answer and are not the same field.
    #[error(
        "the fields at line {}, column {} and at line {}, column {} have the same name or alias and cannot be merged: \
         their fields, arguments or types differ",
        at.line, at.column, other.line, other.column
    )]
    FieldConflict {
        /// Where the first of them is selected.
        at: Pos,
        /// Where the other one is selected.
        other: Pos,
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
            | Self::InvalidVariable { .. }
            | Self::InvalidDefault { .. }
            | Self::InvalidArgument { .. }
            | Self::VariablePosition { .. }
            | Self::FieldConflict { .. }
            | Self::FragmentCycle { .. } => Code::BadUserInput,
        }
    }

    /// The position in the query for `locations`, if it is known.
    pub(in crate::graphql) fn at(&self) -> Option<Pos> {
        match self {
            Self::Unreadable { at, .. } => *at,
            Self::MissingVariable { at }
            | Self::InvalidVariable { at, .. }
            | Self::InvalidDefault { at, .. }
            | Self::InvalidArgument { at, .. }
            | Self::VariablePosition { at, .. }
            | Self::FieldConflict { at, .. }
            | Self::FragmentCycle { at } => Some(*at),
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

/// A place inside a value.
fn place(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!(" at {}", path.join(".")) }
}

fn position(at: Option<Pos>) -> String {
    at.map(|at| format!(" at line {}, column {}", at.line, at.column)).unwrap_or_default()
}
