//! `UserError`: why an action was refused.

use async_graphql::{Enum, SimpleObject};
use strum::{IntoStaticStr, VariantArray};

use crate::graphql::{
    in_order::{InOrder, ListInOrder},
    list_size::list_size,
};

/// The most errors of a payload or a result: one for each input that is checked before the action.
pub(in crate::graphql) const MAX_USER_ERRORS: usize = 5;
/// The most names in a path within an input: a list and a place in it.
const MAX_PATH: usize = 2;

/// Why an action, or a part of it, was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub(in crate::graphql) struct UserError {
    /// The kind of the refusal, for programs.
    pub(super) code: UserErrorCode,
    /// What is wrong and what is allowed, for people. Repeats no value of the input.
    message: String,
    /// The path to the invalid value within `input`, at most 2 names; places in lists are numbers from 0. Null if no value
    /// of the input is wrong.
    #[graphql(directive = list_size::apply(MAX_PATH))]
    field: Option<Vec<String>>,
}

/// The kind of a refusal.
#[derive(Clone, Copy, Debug, Enum, IntoStaticStr, PartialEq, Eq, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum UserErrorCode {
    /// The viewer's organization does not have the cluster, does not know the recommendation, or there is nothing to
    /// change. Whether it exists for other organizations makes no difference.
    NotFound,
    /// A text has too many characters.
    TooLong,
    /// A number is not one of those allowed, or a list is empty.
    OutOfRange,
    /// A list has too many items.
    TooMany,
    /// The viewer may not act: the identity has no user or no organization.
    Forbidden,
    /// The data was changed by another action in the meantime. No action is refused for this reason at present.
    Conflict,
}

impl UserErrorCode {
    /// The code as clients receive it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl UserError {
    /// An error of a value of the input.
    pub(super) fn of(code: UserErrorCode, field: &[&str], message: impl Into<String>) -> Self {
        let field = field.iter().map(|name| (*name).to_owned()).collect();
        Self { code, message: message.into(), field: Some(field) }
    }

    /// An error of the request's sender.
    pub(super) fn of_viewer(code: UserErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }
}

/// Errors as a list of the schema.
pub(super) fn user_errors(errors: Vec<UserError>) -> ListInOrder<InOrder<UserError>> {
    ListInOrder(errors.into_iter().map(InOrder).collect())
}
