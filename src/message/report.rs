//! The `Report` of a message: its structure, its hits, and whether it is empty.

use std::collections::BTreeSet;

use super::{
    hit,
    info::Info,
    json::{Cursor, Value},
    parse::Deviations,
    parts::Body,
    rejection::{Reason, Rejection, ValueRejection},
};
use crate::domain::{Details, RuleHit, rule_of_component};

/// A report with more non-empty members than this is not checked further for emptiness, which limits the memory that a
/// report of 20 MiB takes.
const MAX_NONEMPTY_MEMBERS: usize = 1000;

/// The members of `Report` as written, not yet validated. Their names match exactly.
pub(super) struct ReportFields<'a> {
    /// The position before the object, to check whether it is empty.
    whole: Cursor<'a>,
    has_fingerprints: bool,
    has_system: bool,
    reports: Option<Result<Vec<hit::Item<'a, 3>>, ValueRejection>>,
    info: Info<'a>,
}

/// The results of the rules.
pub(super) struct Findings {
    /// In the order of the message, possibly with repetitions.
    pub(super) hits: Vec<RuleHit>,
    /// The cluster's version, if the report contains it.
    pub(super) version: Option<String>,
}

impl<'a> Body<'a> for ReportFields<'a> {
    const NAME: &'static str = "Report";

    type Findings = Findings;

    /// Reads the next object. If a member is repeated, the last one counts.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, ValueRejection> {
        let whole = cursor.clone();
        cursor.enter_required_object()?;
        let mut fields =
            Self { whole, has_fingerprints: false, has_system: false, reports: None, info: Info::default() };
        while let Some(key) = cursor.key() {
            match &*key {
                "reports" => {
                    fields.reports = Some(hit::items(cursor, ["component", "key", "details"], hit::MAX_HITS));
                }
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
    fn findings(self, deviations: &mut Deviations) -> Result<Option<Findings>, Rejection> {
        let (Some(reports), true, true) = (self.reports, self.has_fingerprints, self.has_system) else {
            let rejection = ValueRejection::new(Reason::BadReport, "the members fingerprints, reports and system");
            return if is_empty(self.whole) { Ok(None) } else { Err(rejection.at("Report")) };
        };
        let items = reports.map_err(|rejection| rejection.at("Report.reports"))?;
        if items.len() > hit::MAX_HITS {
            return Err(ValueRejection::new(Reason::TooManyHits, "at most 1000 hits").at("Report.reports"));
        }
        let hits =
            items.into_iter().enumerate().map(|(index, item)| rule_hit(index, item)).collect::<Result<_, _>>()?;
        let version = self.info.version(&mut deviations.left_out);
        deviations.ignored_infos = self.info.ignored;
        Ok(Some(Findings { hits, version }))
    }
}

fn rule_hit(index: usize, item: hit::Item<'_, 3>) -> Result<RuleHit, Rejection> {
    let path = |member: &str| format!("Report.reports[{index}]{member}");
    let [component, key, details] = hit::members(item, || path(""))?;
    let selector = hit::selector(component, key, rule_of_component, path)?;
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
