//! What kind of error it is, for programs.

use strum::{IntoStaticStr, VariantArray};

/// What stands in `extensions.code` of every error. `docs/errors.md` tells the cause of each and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
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
    /// The fixed word.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
