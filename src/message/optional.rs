//! Optional fields: one that does not fit is left out and counted, because only what is needed may cost a result.

use std::ops::AddAssign;

use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::json::Value;

/// An optional field of a message, by the path that metrics and logs name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, IntoStaticStr, VariantArray)]
pub enum OptionalField {
    /// The customer's number. It is not used.
    AccountNumber,
    /// The version of the message.
    Version,
    /// The id of the upload.
    RequestId,
    /// The object with the time of gathering.
    Metadata,
    /// When the data were gathered.
    #[strum(serialize = "Metadata.gathering_time")]
    GatheringTime,
    /// The list with the cluster's version.
    #[strum(serialize = "Report.info")]
    Info,
    /// The cluster's version.
    #[strum(serialize = "Report.info.version")]
    ClusterVersion,
    /// The tags of a recommendation for workloads. They are not used.
    #[strum(serialize = "Metrics.workload_recommendations.tags")]
    WorkloadTags,
    /// The links of a recommendation for workloads. They are not used.
    #[strum(serialize = "Metrics.workload_recommendations.links")]
    WorkloadLinks,
}

impl OptionalField {
    /// The field's path.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How often each optional field was left out, of one message or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOutFields([u32; OptionalField::COUNT]);

impl LeftOutFields {
    /// The fields that were left out, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (OptionalField, u32)> {
        OptionalField::VARIANTS.iter().copied().zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// Parses a field. A value that does not fit is left out, as if the field were absent, and counted.
    pub(super) fn parse_or_leave_out<'a, T>(
        &mut self,
        field: OptionalField,
        value: Option<Value<'a>>,
        parse: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Option<T> {
        let parsed = parse(value?);
        if parsed.is_none() {
            self.count(field);
        }
        parsed
    }

    /// Counts a field that is left out.
    pub(super) fn count(&mut self, field: OptionalField) {
        for (known, count) in OptionalField::VARIANTS.iter().zip(&mut self.0) {
            *count = count.saturating_add((*known == field).into());
        }
    }
}

impl AddAssign for LeftOutFields {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }
}
