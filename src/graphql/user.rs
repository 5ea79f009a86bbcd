//! `User`.

use std::sync::Arc;

use async_graphql::{Enum, Object};

use crate::identity;

/// A user or a service account.
pub(super) struct User(pub(super) Arc<identity::User>);

/// What the subject of a user identifies.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "identity::UserKind")]
pub(super) enum UserKind {
    /// A person.
    User,
    /// A program with an account of its own.
    ServiceAccount,
}

/// A user or a service account.
#[Object]
impl User {
    /// The user's id, or the client id of the service account.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Whether it is a person or a program.
    async fn kind(&self) -> UserKind {
        self.0.kind.into()
    }

    /// The name for display. Null if the identity has none.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }
}
