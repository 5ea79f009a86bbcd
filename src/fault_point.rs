//! Named points between the steps of a message, at which tests let the process die.
//!
//! Only with the feature `fault-points` does anything happen there, and only to a process whose environment asks for it:
//! `FAILPOINTS='committed=return'` kills it at the first batch that is committed, `committed=3*off->panic` has the task
//! of the fourth panic. Whatever the point, the next process has to come to the same end.

use strum::{IntoStaticStr, VariantArray};

/// What was the last thing to happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum FaultPoint {
    /// It is taken from its queue, and not parsed.
    MessageTaken,
    /// It is parsed, and in a batch that may go on to be filled.
    MessageParsed,
    /// Its batch is closed, and nothing of it written.
    BatchFilled,
    /// A transaction is begun.
    TransactionBegun,
    /// The clusters of its batch are there and locked, and what they report is not written.
    ClustersLocked,
    /// What the clusters report is written, and not yet which messages were bad.
    ReportsWritten,
    /// All is written, and not committed.
    RowsWritten,
    /// The transaction is committed, and nobody told.
    Committed,
    /// The dead letters that there were have arrived, and no offset is stored.
    DeadLettersDelivered,
    /// Its offset is stored for the next commit.
    OffsetStored,
    /// Its offset is committed.
    OffsetCommitted,
}

/// Has the points do what the environment asks for, until this is dropped.
#[cfg(feature = "fault-points")]
pub fn armed() -> impl Sized {
    fail::FailScenario::setup()
}

impl FaultPoint {
    /// Goes on, unless a test has it otherwise.
    #[cfg(feature = "fault-points")]
    pub(crate) fn pass(self) {
        // As a kill does: nothing is unwound, nothing is closed.
        fail::fail_point!(self.into(), |_| std::process::abort());
    }

    /// Goes on.
    #[cfg(not(feature = "fault-points"))]
    #[inline]
    pub(crate) fn pass(self) {}
}
