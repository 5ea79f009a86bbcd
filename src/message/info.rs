//! The `info` of a report, which contains the cluster's version.

use super::{
    field,
    json::{Cursor, Value},
    optional::{LeftOutFields, OptionalField},
};

/// The entry with the cluster's version, in `details.version`. Older messages have `details.current` instead.
const VERSION_INFO: &str = "version_info|CLUSTER_VERSION_INFO";

/// The content of the entries.
#[derive(Default)]
pub(super) struct Info<'a> {
    /// The version of the last entry with one.
    version: Option<Value<'a>>,
    /// Whether it is not a list.
    is_other_type: bool,
    /// The number of entries that are not objects, or that should contain a version and do not.
    pub(super) ignored: u32,
}

impl<'a> Info<'a> {
    /// Reads the list; null counts as empty.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Self {
        let mut info = Self::default();
        if !cursor.enter_list() {
            info.is_other_type = cursor.value().unless_null().is_some();
            return info;
        }
        while cursor.has_item() {
            match entry(cursor) {
                Entry::Version(version) => info.version = Some(version),
                Entry::Invalid => info.ignored = info.ignored.saturating_add(1),
                Entry::Other => {}
            }
        }
        info
    }

    /// The cluster's version; if there are several, the last one. One that cannot be stored is left out, and so is
    /// something else than a list.
    pub(super) fn version(&self, left_out: &mut LeftOutFields) -> Option<String> {
        if self.is_other_type {
            left_out.count(OptionalField::Info);
        }
        let name = |value| field::identifier(value).ok();
        left_out.parse_or_leave_out(OptionalField::ClusterVersion, self.version, name).map(Into::into)
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
