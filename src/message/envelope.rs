//! The members around the body: organization, cluster, times, version and request id.

use chrono::TimeDelta;

use super::{
    field,
    json::{Cursor, Value},
    optional::{LeftOutFields, OptionalField},
    parse::Deviations,
    parts::Body,
    rejection::{Reason, Rejection, ValueRejection},
};
use crate::domain::{ClusterId, OrgId, Timestamp};

/// How far `LastChecked` may be ahead of the arrival, since clocks differ. The newest report counts: a report from next
/// year would hide all others of its cluster until then.
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);

/// The known versions of the message.
const KNOWN_VERSIONS: [u8; 2] = [1, 2];

/// The message's fields as written, not yet validated; `None` if absent or null.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    org_id: Option<Value<'a>>,
    account_number: Option<Value<'a>>,
    cluster_name: Option<Value<'a>>,
    last_checked: Option<Value<'a>>,
    version: Option<Value<'a>>,
    request_id: Option<Value<'a>>,
    metadata: Option<Value<'a>>,
}

/// The cluster of the result, and its owner.
pub(super) struct Subject {
    pub(super) organization: OrgId,
    pub(super) cluster: ClusterId,
}

/// The other fields of the envelope, validated.
pub(super) struct Circumstances {
    pub(super) last_checked: Timestamp,
    pub(super) gathered_at: Option<Timestamp>,
    pub(super) request_id: Option<String>,
}

impl<'a> Envelope<'a> {
    /// Reads a message with this body. Names match in any case. If a member is repeated, the last one counts, whatever
    /// the others contain.
    pub(super) fn read<B: Body<'a>>(text: &'a str) -> Result<(Self, Result<B, ValueRejection>), Rejection> {
        let mut cursor = Cursor::new(text);
        if !cursor.enter_object() {
            return Err(ValueRejection::wrong_type("an object").at("the message"));
        }
        let mut envelope = Self::default();
        let mut body = Err(ValueRejection::MISSING);
        while let Some(key) = cursor.key() {
            if key.eq_ignore_ascii_case(B::NAME) {
                body = B::read(&mut cursor);
                continue;
            }
            let value = cursor.value();
            if let Some(field) = envelope.field(&key) {
                *field = value.unless_null();
            }
        }
        Ok((envelope, body))
    }

    fn field(&mut self, key: &str) -> Option<&mut Option<Value<'a>>> {
        let fields = [
            ("OrgID", &mut self.org_id),
            ("AccountNumber", &mut self.account_number),
            ("ClusterName", &mut self.cluster_name),
            ("LastChecked", &mut self.last_checked),
            ("Version", &mut self.version),
            ("RequestId", &mut self.request_id),
            ("Metadata", &mut self.metadata),
        ];
        fields.into_iter().find_map(|(name, field)| key.eq_ignore_ascii_case(name).then_some(field))
    }

    /// Validates the required fields that are validated before the body: `OrgID` and `ClusterName`.
    pub(super) fn subject(&self) -> Result<Subject, Rejection> {
        let organization = self
            .org_id
            .ok_or(ValueRejection::MISSING)
            .and_then(field::organization)
            .map_err(|rejection| rejection.at("OrgID"))?;
        let cluster = self
            .cluster_name
            .ok_or(ValueRejection::MISSING)
            .and_then(field::cluster)
            .map_err(|rejection| rejection.at("ClusterName"))?;
        Ok(Subject { organization, cluster })
    }

    /// Validates `LastChecked`, the required field behind the body, and reads the optional fields. Those that
    /// do not fit are left out. Counts the deviations.
    pub(super) fn circumstances(
        &self,
        arrived_at: Timestamp,
        deviations: &mut Deviations,
    ) -> Result<Circumstances, Rejection> {
        let last_checked = self.last_checked(arrived_at).map_err(|rejection| rejection.at("LastChecked"))?;
        let left_out = &mut deviations.left_out;
        // Unused, but the count shows that a sender writes something else.
        left_out.parse_or_leave_out(OptionalField::AccountNumber, self.account_number, field::unsigned::<u32>);
        let version = left_out.parse_or_leave_out(OptionalField::Version, self.version, field::unsigned::<u8>);
        let name = |value| field::required_identifier(Some(value)).ok();
        let request_id = left_out.parse_or_leave_out(OptionalField::RequestId, self.request_id, name);
        let gathered_at = self.gathered_at(left_out);
        deviations.unknown_versions = (!version.is_some_and(|version| KNOWN_VERSIONS.contains(&version))).into();
        deviations.from_the_future = (last_checked > arrived_at).into();
        Ok(Circumstances { last_checked, gathered_at, request_id: request_id.map(Into::into) })
    }

    fn last_checked(&self, arrived_at: Timestamp) -> Result<Timestamp, ValueRejection> {
        let time = self.last_checked.ok_or(ValueRejection::MISSING).and_then(field::required_time)?;
        if time.utc().signed_duration_since(arrived_at.utc()) > MAX_AHEAD {
            return Err(ValueRejection::new(Reason::FutureTime, "a time at most a day after the message arrived"));
        }
        Ok(time)
    }

    fn gathered_at(&self, left_out: &mut LeftOutFields) -> Option<Timestamp> {
        let members = |metadata: Value<'a>| metadata.cursor().members(["gathering_time"]);
        let [gathering_time] = left_out.parse_or_leave_out(OptionalField::Metadata, self.metadata, members)?;
        let time = |value| field::time_if_known(value).ok();
        left_out.parse_or_leave_out(OptionalField::GatheringTime, gathering_time, time).flatten()
    }
}
