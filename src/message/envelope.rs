//! What stands around a report: whose it is, when it was made, by which upload it came.

use chrono::TimeDelta;

use super::{
    field,
    json::{Cursor, Value},
    rejection::{Fault, Reason, Rejection},
};
use crate::domain::{ClusterId, OrgId, Timestamp};

/// How far ahead of its arrival a report may have been checked. Clocks differ; but since the newest report counts,
/// a cluster with a report from next year would show that one until then.
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);

/// The versions of the message that we know.
const KNOWN_VERSIONS: [u8; 2] = [1, 2];

/// The message's own fields as they are written, not yet judged; `None` where absent or null.
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

/// Whose report it is.
pub(super) struct Subject {
    pub(super) organization: OrgId,
    pub(super) cluster: ClusterId,
}

/// When and how the report came about.
pub(super) struct Circumstances {
    pub(super) last_checked: Timestamp,
    pub(super) gathered_at: Option<Timestamp>,
    pub(super) request_id: Option<String>,
    pub(super) unknown_version: bool,
    pub(super) from_the_future: bool,
}

impl<'a> Envelope<'a> {
    /// Reads a message whose report is the member `body_name`, in any case; `read_body` is handed the cursor there.
    /// Of members given twice the last one wins, whatever the earlier ones held.
    pub(super) fn read<B>(
        text: &'a str,
        body_name: &str,
        read_body: impl Fn(&mut Cursor<'a>) -> Result<B, Fault>,
    ) -> Result<(Self, Result<B, Fault>), Rejection> {
        let mut cursor = Cursor::new(text);
        if !cursor.enter_object() {
            return Err(Fault::wrong_type("an object").at("the message"));
        }
        let mut envelope = Self::default();
        let mut body = Err(Fault::MISSING);
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

    /// Judges the fields that come before the report: `OrgID`, `AccountNumber`, `ClusterName`.
    pub(super) fn subject(&self) -> Result<Subject, Rejection> {
        let organization =
            self.org_id.ok_or(Fault::MISSING).and_then(field::organization).map_err(|fault| fault.at("OrgID"))?;
        // Of no use to us, yet a message that gets it wrong is not to be trusted.
        let account = |value| field::unsigned::<u32>(value, "a whole number from 0 to 4294967295");
        self.account_number.map(account).transpose().map_err(|fault| fault.at("AccountNumber"))?;
        let cluster = self
            .cluster_name
            .ok_or(Fault::MISSING)
            .and_then(field::cluster)
            .map_err(|fault| fault.at("ClusterName"))?;
        Ok(Subject { organization, cluster })
    }

    /// Judges the fields that come after the report: `LastChecked`, `Version`, `RequestId`, `Metadata`.
    pub(super) fn circumstances(&self, arrived_at: Timestamp) -> Result<Circumstances, Rejection> {
        let last_checked = self.last_checked(arrived_at).map_err(|fault| fault.at("LastChecked"))?;
        let version = |value| field::unsigned::<u8>(value, "a whole number from 0 to 255");
        let version = self.version.map(version).transpose().map_err(|fault| fault.at("Version"))?;
        let request_id = self.request_id.map(field::identifier).transpose().map_err(|fault| fault.at("RequestId"))?;
        Ok(Circumstances {
            last_checked,
            gathered_at: self.gathered_at()?,
            request_id: request_id.filter(|id| !id.is_empty()).map(Into::into),
            unknown_version: !version.is_some_and(|version| KNOWN_VERSIONS.contains(&version)),
            from_the_future: last_checked > arrived_at,
        })
    }

    fn last_checked(&self, arrived_at: Timestamp) -> Result<Timestamp, Fault> {
        let time = self.last_checked.ok_or(Fault::MISSING).and_then(field::required_time)?;
        if time.utc().signed_duration_since(arrived_at.utc()) > MAX_AHEAD {
            return Err(Fault::new(Reason::FutureTime, "a time at most a day after the message arrived"));
        }
        Ok(time)
    }

    fn gathered_at(&self) -> Result<Option<Timestamp>, Rejection> {
        let Some(metadata) = self.metadata else { return Ok(None) };
        let members = metadata.cursor().members(["gathering_time"]);
        let [gathering_time] = members.ok_or_else(|| Fault::wrong_type("an object").at("Metadata"))?;
        let time = gathering_time.map(field::time_if_known).transpose();
        time.map(Option::flatten).map_err(|fault| fault.at("Metadata.gathering_time"))
    }
}
