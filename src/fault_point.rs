//! Named points between the steps of processing a message, and of a user's action, at which tests kill the process.
//!
//! They have an effect only with the feature `fault-points`, and only if the environment variable `FAILPOINTS` is set:
//! `committed=return` kills the process after the first committed batch, `committed=3*off->panic` makes the task of the
//! fourth one panic. Whatever the point, the next process has to reach the same result.

use strum::{IntoStaticStr, VariantArray};

/// The last step of a message, or of a user's action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum FaultPoint {
    /// It is taken from its queue, and not yet parsed.
    MessageTaken,
    /// It is parsed, and in a batch that may not be full yet.
    MessageParsed,
    /// Its batch is closed, and not yet written.
    BatchFilled,
    /// The transaction has begun.
    TransactionBegun,
    /// The clusters of its batch exist and are locked, and their results are not yet written.
    ClustersLocked,
    /// The results are written, and the records of rejected messages are not.
    ResultsWritten,
    /// All rows are written, and not yet committed.
    RowsWritten,
    /// The transaction is committed, and no offset is stored.
    Committed,
    /// The dead letters of the batch are delivered, and no offset is stored.
    DeadLettersDelivered,
    /// Its offset is stored for the next commit.
    OffsetStored,
    /// Its offset is committed.
    OffsetCommitted,
    /// The transaction of an action has begun.
    ActionBegun,
    /// The rows of an action are written, and clusters are not yet counted again. Not of actions that change no count.
    ActionWritten,
    /// Everything of an action is written, and not yet committed.
    ActionCounted,
    /// The transaction of an action is committed, and not yet answered.
    ActionCommitted,
}

/// Activates the points according to the environment, until the returned guard is dropped.
#[cfg(feature = "fault-points")]
pub fn armed() -> impl Sized {
    fail::FailScenario::setup()
}

impl FaultPoint {
    /// Kills the process or panics, if a test has activated this point.
    #[cfg(feature = "fault-points")]
    pub(crate) fn pass(self) {
        // Like a kill: nothing is unwound or closed.
        fail::fail_point!(self.into(), |_| std::process::abort());
    }

    /// Does nothing.
    #[cfg(not(feature = "fault-points"))]
    #[inline]
    pub(crate) fn pass(self) {}
}
