//! What all kinds of message share: an envelope, and a body with the findings of the rules.

use super::{
    envelope::{Circumstances, Envelope, Subject},
    json::Cursor,
    parse::Deviations,
    rejection::{Rejection, ValueRejection},
};
use crate::domain::Timestamp;

/// The member of a message with the findings of the rules, as written, not yet validated.
pub(super) trait Body<'a>: Sized {
    /// The member's name.
    const NAME: &'static str;

    /// The validated content.
    type Findings;

    /// Reads the next value.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, ValueRejection>;

    /// Validates the body, and counts its deviations. `None` if it is empty: the rule engine could not process the
    /// archive.
    fn findings(self, deviations: &mut Deviations) -> Result<Option<Self::Findings>, Rejection>;
}

/// The validated parts of a message whose body is not empty.
pub(super) struct Parts<F> {
    pub(super) subject: Subject,
    pub(super) circumstances: Circumstances,
    pub(super) findings: F,
    pub(super) deviations: Deviations,
}

impl<F> Parts<F> {
    /// Parses the text of a message with this body; `None` if the body is empty. The rest of the message must be valid
    /// even then.
    pub(super) fn parse<'a, B: Body<'a, Findings = F>>(
        text: &'a str,
        arrived_at: Timestamp,
    ) -> Result<Option<Self>, Rejection> {
        let (envelope, body) = Envelope::read::<B>(text)?;
        let mut deviations = Deviations::default();
        let subject = envelope.subject()?;
        let findings = body.map_err(|rejection| rejection.at(B::NAME))?.findings(&mut deviations)?;
        let circumstances = envelope.circumstances(arrived_at, &mut deviations)?;
        Ok(findings.map(|findings| Self { subject, circumstances, findings, deviations }))
    }
}
