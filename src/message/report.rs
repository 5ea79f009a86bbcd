//! The `Report` of a message: its structure, its hits, and whether it is empty.

use std::collections::BTreeSet;

use super::{
    field,
    info::Info,
    json::{Cursor, Value},
    optional::LeftOutFields,
    rejection::{Reason, Rejection, ValueRejection},
};
use crate::domain::{Details, RuleHit, Selector, rule_of_component};

/// The maximum number of hits. Real reports have up to 15; the limit keeps one message from filling a page of results.
const MAX_HITS: usize = 1000;

/// A report with more non-empty members than this is not checked further for emptiness, which limits the memory that a
/// report of 20 MiB takes.
const MAX_NONEMPTY_MEMBERS: usize = 1000;

/// The members of `Report` as written, not yet validated. Their names match exactly.
pub(super) struct ReportFields<'a> {
    /// The position before the object, to check whether it is empty.
    whole: Cursor<'a>,
    has_fingerprints: bool,
    has_system: bool,
    reports: Option<Result<Vec<Item<'a>>, ValueRejection>>,
    info: Info<'a>,
}

/// The results of the rules.
pub(super) struct Findings {
    /// In the order of the message, possibly with repetitions.
    pub(super) hits: Vec<RuleHit>,
    /// The cluster's version, if the report contains it.
    pub(super) version: Option<String>,
    /// The number of invalid info entries.
    pub(super) ignored_infos: u32,
    /// The optional fields that did not fit.
    pub(super) left_out: LeftOutFields,
}

impl<'a> ReportFields<'a> {
    /// Reads the next object. If a member is repeated, the last one counts.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ValueRejection> {
        let whole = cursor.clone();
        if !cursor.enter_object() {
            let other = cursor.value().unless_null();
            return Err(other.map_or(ValueRejection::MISSING, |_| ValueRejection::wrong_type("an object")));
        }
        let mut fields =
            Self { whole, has_fingerprints: false, has_system: false, reports: None, info: Info::default() };
        while let Some(key) = cursor.key() {
            match &*key {
                "reports" => fields.reports = Some(read_items(cursor)),
                "info" => fields.info = Info::read(cursor),
                other => {
                    fields.has_fingerprints |= other == "fingerprints";
                    fields.has_system |= other == "system";
                    cursor.value();
                }
            }
        }
        Ok(fields)
    }

    /// Validates the report. `None` is the empty report of an archive that the rule engine could not process. It says
    /// nothing about the cluster, whereas an empty list of hits says that no rule hits.
    pub(super) fn findings(self) -> Result<Option<Findings>, Rejection> {
        let (Some(reports), true, true) = (self.reports, self.has_fingerprints, self.has_system) else {
            let rejection = ValueRejection::new(Reason::BadReport, "the members fingerprints, reports and system");
            return if is_empty(self.whole) { Ok(None) } else { Err(rejection.at("Report")) };
        };
        let items = reports.map_err(|rejection| rejection.at("Report.reports"))?;
        if items.len() > MAX_HITS {
            return Err(ValueRejection::new(Reason::TooManyHits, "at most 1000 hits").at("Report.reports"));
        }
        let mut left_out = LeftOutFields::default();
        let hits = items.into_iter().enumerate().map(|(index, item)| hit(index, item)).collect::<Result<_, _>>()?;
        let version = self.info.version(&mut left_out);
        Ok(Some(Findings { hits, version, ignored_infos: self.info.ignored, left_out }))
    }
}

/// An item of `reports`: component, key and details; `None` if it is not an object.
type Item<'a> = Option<[Option<Value<'a>>; 3]>;

fn read_items<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Item<'a>>, ValueRejection> {
    if !cursor.enter_list() {
        cursor.value();
        return Err(ValueRejection::new(Reason::BadReport, "a list"));
    }
    let mut items = Vec::new();
    while cursor.has_item() {
        // One item above the limit is enough; the rest is skipped, so that millions of `{}` take no memory.
        if items.len() > MAX_HITS {
            cursor.value();
        } else {
            items.push(cursor.members(["component", "key", "details"]));
        }
    }
    Ok(items)
}

fn hit(index: usize, item: Item<'_>) -> Result<RuleHit, Rejection> {
    let path = |member: &str| format!("Report.reports[{index}]{member}");
    let not_an_object = ValueRejection::new(Reason::BadReport, "an object");
    let [component, key, details] = item.ok_or_else(|| not_an_object.at(path("")))?;

    let component = field::required_identifier(component).map_err(|rejection| rejection.at(path(".component")))?;
    let rule_fqdn = rule_of_component(&component);
    if rule_fqdn.is_empty() {
        return Err(ValueRejection::MISSING.at(path(".component")));
    }
    let key = field::required_identifier(key).map_err(|rejection| rejection.at(path(".key")))?;
    // Neither is empty, so the only possible error is a bar in the rule, which would make the selector ambiguous.
    let selector = Selector::new(rule_fqdn, &key)
        .map_err(|_| ValueRejection::new(Reason::BadReport, "a module's name without a bar").at(path(".component")))?;
    let details = details.map(details_of).transpose().map_err(|rejection| rejection.at(path(".details")))?;
    Ok(RuleHit::new(selector, details))
}

/// Details are stored byte for byte, so every strict JSON reader must accept them.
fn details_of(value: Value<'_>) -> Result<Details, ValueRejection> {
    value.strict_text().map(Details::from_checked)
}

/// Whether all members are empty, except for the metadata of the rule engine.
fn is_empty(mut report: Cursor<'_>) -> bool {
    let mut nonempty = BTreeSet::new();
    report.enter_object();
    while let Some(name) = report.key() {
        let value = report.value();
        if name == "analysis_metadata" || value.is_empty_container() || (name == "system" && is_nameless(value)) {
            nonempty.remove(&name);
        } else if nonempty.len() < MAX_NONEMPTY_MEMBERS {
            nonempty.insert(name);
        } else {
            return false;
        }
    }
    nonempty.is_empty()
}

/// Whether the hostname of a system is absent, null or empty.
fn is_nameless(system: Value<'_>) -> bool {
    let members = system.cursor().exact_members(["hostname"]);
    members.is_some_and(|[hostname]| hostname.is_none_or(|hostname| hostname.text() == "\"\""))
}
