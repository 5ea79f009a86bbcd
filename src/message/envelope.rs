//! The members around the report: organization, cluster, times, version and request id.

use chrono::TimeDelta;

use super::{
    field,
    json::{Cursor, Value},
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

/// The cluster of the report, and its owner.
pub(super) struct Subject {
    pub(super) organization: OrgId,
    pub(super) cluster: ClusterId,
}

/// The other fields of the envelope, validated.
pub(super) struct Circumstances {
    pub(super) last_checked: Timestamp,
    pub(super) gathered_at: Option<Timestamp>,
    pub(super) request_id: Option<String>,
    pub(super) unknown_version: bool,
    pub(super) from_the_future: bool,
}

impl<'a> Envelope<'a> {
    /// Reads a message whose report is the member `body_name`, in any case; `read_body` reads that member. If a member
    /// is repeated, the last one counts, whatever the others contain.
    pub(super) fn read<B>(
        text: &'a str,
        body_name: &str,
        read_body: impl Fn(&mut Cursor<'a>) -> Result<B, ValueRejection>,
    ) -> Result<(Self, Result<B, ValueRejection>), Rejection> {
        let mut cursor = Cursor::new(text);
        if !cursor.enter_object() {
            return Err(ValueRejection::wrong_type("an object").at("the message"));
        }
        let mut envelope = Self::default();
        let mut body = Err(ValueRejection::MISSING);
        while let Some(key) = cursor.key() {
            if key.eq_ignore_ascii_case(body_name) {
                body = read_body(&mut cursor);
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

    /// Validates the fields that come before the report: `OrgID`, `AccountNumber`, `ClusterName`.
    pub(super) fn subject(&self) -> Result<Subject, Rejection> {
        let organization = self
            .org_id
            .ok_or(ValueRejection::MISSING)
            .and_then(field::organization)
            .map_err(|rejection| rejection.at("OrgID"))?;
        // Unused, but a message with an invalid value is not to be trusted.
        let account = |value| field::unsigned::<u32>(value, "a whole number from 0 to 4294967295");
        self.account_number.map(account).transpose().map_err(|rejection| rejection.at("AccountNumber"))?;
        let cluster = self
            .cluster_name
            .ok_or(ValueRejection::MISSING)
            .and_then(field::cluster)
            .map_err(|rejection| rejection.at("ClusterName"))?;
        Ok(Subject { organization, cluster })
    }

    /// Validates the fields that come after the report: `LastChecked`, `Version`, `RequestId`, `Metadata`.
    pub(super) fn circumstances(&self, arrived_at: Timestamp) -> Result<Circumstances, Rejection> {
        let last_checked = self.last_checked(arrived_at).map_err(|rejection| rejection.at("LastChecked"))?;
        let version = |value| field::unsigned::<u8>(value, "a whole number from 0 to 255");
        let version = self.version.map(version).transpose().map_err(|rejection| rejection.at("Version"))?;
        let request_id =
            self.request_id.map(field::identifier).transpose().map_err(|rejection| rejection.at("RequestId"))?;
        Ok(Circumstances {
            last_checked,
            gathered_at: self.gathered_at()?,
            request_id: request_id.filter(|id| !id.is_empty()).map(Into::into),
            unknown_version: !version.is_some_and(|version| KNOWN_VERSIONS.contains(&version)),
            from_the_future: last_checked > arrived_at,
        })
    }

    fn last_checked(&self, arrived_at: Timestamp) -> Result<Timestamp, ValueRejection> {
        let time = self.last_checked.ok_or(ValueRejection::MISSING).and_then(field::required_time)?;
        if time.utc().signed_duration_since(arrived_at.utc()) > MAX_AHEAD {
            return Err(ValueRejection::new(Reason::FutureTime, "a time at most a day after the message arrived"));
        }
        Ok(time)
    }

    fn gathered_at(&self) -> Result<Option<Timestamp>, Rejection> {
        let Some(metadata) = self.metadata else { return Ok(None) };
        let members = metadata.cursor().members(["gathering_time"]);
        let [gathering_time] = members.ok_or_else(|| ValueRejection::wrong_type("an object").at("Metadata"))?;
        let time = gathering_time.map(field::time_if_known).transpose();
        time.map(Option::flatten).map_err(|rejection| rejection.at("Metadata.gathering_time"))
    }
}
