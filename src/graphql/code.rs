//! What kind of error it is, for programs.

/// What stands in `extensions.code` of every error. `docs/errors.md` tells the cause of each and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The body is not a GraphQL request.
    BadRequest,
    /// The query cannot be read.
    SyntaxError,
    /// A limit is passed.
    QueryTooLarge,
    /// The schema is asked for where it is not told.
    IntrospectionDisabled,
    /// An argument, a variable or the query itself is wrong.
    BadUserInput,
    /// The data cannot be read now.
    Unavailable,
    /// The request took too long.
    Timeout,
    /// A fault of ours.
    Internal,
    /// There are more errors than are told.
    MoreErrors,
}

impl Code {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 9] = [
        Self::BadRequest,
        Self::SyntaxError,
        Self::QueryTooLarge,
        Self::IntrospectionDisabled,
        Self::BadUserInput,
        Self::Unavailable,
        Self::Timeout,
        Self::Internal,
        Self::MoreErrors,
    ];

    /// The fixed word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::SyntaxError => "SYNTAX_ERROR",
            Self::QueryTooLarge => "QUERY_TOO_LARGE",
            Self::IntrospectionDisabled => "INTROSPECTION_DISABLED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
            Self::MoreErrors => "MORE_ERRORS",
        }
    }
}
