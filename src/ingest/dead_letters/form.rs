//! How much of a message its dead letter holds: all of it, unless the brokers do not take it so.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// What is sent of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) extent: Extent,
    pub(super) time: Time,
}

/// How much is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Everything.
    Whole,
    /// Of the value at most so many bytes.
    Beginning(usize),
    /// Our headers alone: its key and headers are too large too.
    Nothing,
}

/// Which time the letter bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// The message's.
    Own,
    /// That of its sending: topics may refuse times that are far from theirs.
    Sending,
}

impl Form {
    /// The message as it came.
    pub(super) const AS_IT_CAME: Self = Self { extent: Extent::Whole, time: Time::Own };

    /// The form to try next; `None` where the brokers' answer has nothing to do with the form. After the last one, which
    /// is smaller than any limit that a topic can sensibly have, there is nothing left but to wait.
    pub(super) fn after(self, error: &KafkaError, value_bytes: usize) -> Option<Self> {
        let KafkaError::MessageProduction(code) = error else { return None };
        match code {
            Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => {
                self.extent.smaller(value_bytes).map(|extent| Self { extent, ..self })
            }
            Code::InvalidTimestamp if self.time == Time::Own => Some(Self { time: Time::Sending, ..self }),
            _ => None,
        }
    }
}

impl Extent {
    /// Half of it each time: brokers count compressed bytes, so what fits is found by trying.
    fn smaller(self, value_bytes: usize) -> Option<Self> {
        let bytes = match self {
            Self::Whole => value_bytes,
            Self::Beginning(bytes) => bytes,
            Self::Nothing => return None,
        };
        Some(if bytes == 0 { Self::Nothing } else { Self::Beginning(bytes / 2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: Code) -> KafkaError {
        KafkaError::MessageProduction(code)
    }

    #[test]
    fn what_is_too_large_is_halved_until_nothing_is_left() {
        let too_large = refused(Code::MessageSizeTooLarge);
        let mut forms = vec![Form::AS_IT_CAME];
        while let Some(next) = forms.last().expect("a form").after(&too_large, 5) {
            forms.push(next);
        }
        let extents: Vec<_> = forms.iter().map(|form| form.extent).collect();
        let [two, one, none] = [2, 1, 0].map(Extent::Beginning);
        assert_eq!(extents, [Extent::Whole, two, one, none, Extent::Nothing]);
        assert!(forms.iter().all(|form| form.time == Time::Own));
    }

    #[test]
    fn a_time_that_is_refused_is_left_out_and_other_answers_change_no_form() {
        let untimed = Form::AS_IT_CAME.after(&refused(Code::InvalidTimestamp), 5).expect("another form");
        assert_eq!((untimed.extent, untimed.time), (Extent::Whole, Time::Sending));
        assert_eq!(untimed.after(&refused(Code::InvalidTimestamp), 5), None);
        for code in [Code::NotEnoughReplicas, Code::UnknownTopicOrPartition, Code::MessageTimedOut] {
            assert_eq!(Form::AS_IT_CAME.after(&refused(code), 5), None, "{code}");
        }
    }
}
