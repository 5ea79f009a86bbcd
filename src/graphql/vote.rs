//! `Vote`.

use async_graphql::{Enum, Object};

use super::scalars::DateTime;
use crate::store;

/// A user's vote on a hit.
pub(super) struct Vote(pub(super) store::Vote);

/// A vote on a hit.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "store::VoteValue")]
pub(super) enum VoteValue {
    /// The recommendation does not help.
    Down,
    /// No vote: an earlier one was taken back.
    None,
    /// The recommendation helps.
    Up,
}

/// A user's vote on a hit.
#[Object]
impl Vote {
    /// The vote.
    async fn value(&self) -> VoteValue {
        self.0.value.into()
    }

    /// The message with the vote. Null if there is none.
    async fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// When the user last voted.
    async fn changed_at(&self) -> DateTime {
        DateTime(self.0.changed_at)
    }
}
