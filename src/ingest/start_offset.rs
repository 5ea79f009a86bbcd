//! The offset at which a partition is read when the brokers do not have the next one, and what is lost then.

use rdkafka::Offset;

/// What the brokers have of a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The group's committed offset.
    pub(super) committed: Option<i64>,
    /// The first offset that is left.
    pub(super) first: i64,
    /// The offset after the last message.
    pub(super) end: i64,
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) offset: Offset,
    pub(super) loss: Option<DataLoss>,
}

/// Messages that are gone before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataLoss {
    pub(super) cause: LossCause,
    /// The next offset, which the brokers do not have.
    pub(super) from: i64,
    /// The offset at which reading continues.
    pub(super) to: i64,
}

/// Why messages are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(super) enum LossCause {
    /// Retention or an operator removed them.
    Removed,
    /// The log ends before the next offset: the topic was created again, or the brokers lost its end.
    Replaced,
}

impl LossCause {
    /// The value of the label.
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Start {
    /// At the next offset; at the committed one if none was read in this assignment.
    pub(super) fn at(next: Option<i64>) -> Self {
        Self { offset: next.map_or(Offset::Stored, Offset::Offset), loss: None }
    }

    /// At the next offset if the brokers have it, else at the first one that is left. A group without a committed offset
    /// begins there, too, and loses nothing.
    pub(super) fn within(extent: Extent, next: Option<i64>) -> Self {
        let Extent { committed, first, end } = extent;
        let Some(next) = next.or(committed) else { return Self { offset: Offset::Offset(first), loss: None } };
        let cause = if next < first {
            LossCause::Removed
        } else if next > end {
            LossCause::Replaced
        } else {
            return Self { offset: Offset::Offset(next), loss: None };
        };
        Self { offset: Offset::Offset(first), loss: Some(DataLoss { cause, from: next, to: first }) }
    }

    /// The next offset to read, if it is known.
    pub(super) fn next(self) -> Option<i64> {
        if let Offset::Offset(next) = self.offset { Some(next) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(committed: Option<i64>, next: Option<i64>) -> Start {
        Start::within(Extent { committed, first: 10, end: 20 }, next)
    }

    #[test]
    fn an_offset_that_exists_is_read_and_one_that_does_not_is_a_loss() {
        let at = |offset| Start { offset: Offset::Offset(offset), loss: None };
        let lost = |cause, from| Start { loss: Some(DataLoss { cause, from, to: 10 }), ..at(10) };
        assert_eq!(start(None, None), at(10), "without a committed offset nothing is lost");
        assert_eq!(start(Some(12), None), at(12));
        assert_eq!(start(Some(12), Some(15)), at(15), "what was read counts, not what is committed yet");
        assert_eq!((start(Some(10), None), start(Some(20), None)), (at(10), at(20)));
        assert_eq!(start(Some(9), None), lost(LossCause::Removed, 9));
        assert_eq!(start(Some(3), Some(5)), lost(LossCause::Removed, 5));
        assert_eq!(start(Some(21), None), lost(LossCause::Replaced, 21));
    }
}
