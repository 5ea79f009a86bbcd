//! The `info` of a report, which contains the cluster's version.

use super::{
    field,
    json::{Cursor, Value},
    rejection::{Reason, Rejection, ValueRejection},
};

/// The entry with the cluster's version, in `details.version`. Older messages have `details.current` instead.
const VERSION_INFO: &str = "version_info|CLUSTER_VERSION_INFO";

/// The content of the entries.
#[derive(Default)]
pub(super) struct Info<'a> {
    /// The index of the last entry with a version, and the version.
    version: Option<(usize, Value<'a>)>,
    /// The number of entries that are not objects, or that should contain a version and do not.
    pub(super) ignored: u32,
}

impl<'a> Info<'a> {
    /// Reads the list; null counts as empty.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ValueRejection> {
        let mut info = Self::default();
        if !cursor.enter_list() {
            let other = cursor.value().unless_null();
            return other.map_or(Ok(info), |_| Err(ValueRejection::new(Reason::BadReport, "a list")));
        }
        let mut index = 0;
        while cursor.has_item() {
            match entry(cursor) {
                Entry::Version(version) => info.version = Some((index, version)),
                Entry::Invalid => info.ignored = info.ignored.saturating_add(1),
                Entry::Other => {}
            }
            index += 1;
        }
        Ok(info)
    }

    /// The cluster's version; if there are several, the last one.
    pub(super) fn version(&self) -> Result<Option<String>, Rejection> {
        let Some((index, version)) = self.version else { return Ok(None) };
        let version = field::identifier(version);
        version
            .map(|text| Some(text.into()))
            .map_err(|rejection| rejection.at(format_args!("Report.info[{index}].details.version")))
    }
}

enum Entry<'a> {
    /// A version: a string that is not empty.
    Version(Value<'a>),
    /// Not an object, or it should contain a version and does not.
    Invalid,
    /// An entry about something else.
    Other,
}

fn entry<'a>(cursor: &mut Cursor<'a>) -> Entry<'a> {
    let Some([info_id, details]) = cursor.members(["info_id", "details"]) else { return Entry::Invalid };
    if info_id.and_then(|id| id.string()).as_deref() != Some(VERSION_INFO) {
        return Entry::Other;
    }
    let version = details.and_then(|details| details.cursor().exact_members(["version"])).and_then(|[version]| version);
    version.filter(|version| version.is_string() && version.text() != "\"\"").map_or(Entry::Invalid, Entry::Version)
}
