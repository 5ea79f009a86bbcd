//! The `info` of a report: no findings, but one entry tells the cluster's version.

use super::{
    field,
    json::{Cursor, Value},
    rejection::{Fault, Reason, Rejection},
};

/// The entry that tells the cluster's version, in `details.version`. Older messages have `details.current` there.
const VERSION_INFO: &str = "version_info|CLUSTER_VERSION_INFO";

/// What the entries tell.
#[derive(Default)]
pub(super) struct Info<'a> {
    /// Where the last version told stands, and the version itself.
    version: Option<(usize, Value<'a>)>,
    /// Entries that are no objects, or that should tell a version and do not.
    pub(super) ignored: u32,
}

impl<'a> Info<'a> {
    /// Reads the list; null counts as none.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let mut info = Self::default();
        if !cursor.enter_list() {
            let other = cursor.value().unless_null();
            return other.map_or(Ok(info), |_| Err(Fault::new(Reason::BadReport, "a list")));
        }
        let mut index = 0;
        while cursor.has_item() {
            match entry(cursor) {
                Entry::Version(version) => info.version = Some((index, version)),
                Entry::Misfit => info.ignored = info.ignored.saturating_add(1),
                Entry::Foreign => {}
            }
            index += 1;
        }
        Ok(info)
    }

    /// The cluster's version; of several the last one.
    pub(super) fn version(&self) -> Result<Option<String>, Rejection> {
        let Some((index, version)) = self.version else { return Ok(None) };
        let version = field::identifier(version);
        version
            .map(|text| Some(text.into()))
            .map_err(|fault| fault.at(format_args!("Report.info[{index}].details.version")))
    }
}

enum Entry<'a> {
    /// Tells a version: a string that is not empty.
    Version(Value<'a>),
    /// Is no object, or should tell a version and does not.
    Misfit,
    /// Is about something else.
    Foreign,
}

fn entry<'a>(cursor: &mut Cursor<'a>) -> Entry<'a> {
    let Some([info_id, details]) = cursor.members(["info_id", "details"]) else { return Entry::Misfit };
    if info_id.and_then(|id| id.string()).as_deref() != Some(VERSION_INFO) {
        return Entry::Foreign;
    }
    let version = details.and_then(|details| details.cursor().exact_members(["version"])).and_then(|[version]| version);
    version.filter(|version| version.is_string() && version.text() != "\"\"").map_or(Entry::Misfit, Entry::Version)
}
