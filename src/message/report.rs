//! The `Report` of a message: its structure, its hits, and whether there is anything in it at all.

use std::collections::BTreeSet;

use super::{
    field,
    info::Info,
    json::{Cursor, Value},
    rejection::{Fault, Reason, Rejection},
    scan::Flaw,
};
use crate::domain::{Details, RuleHit, Selector};

/// What a report may list. Real ones have up to 15; the bound keeps one message from filling a page of answers.
const MAX_HITS: usize = 1000;

/// More members than this with something in them, and nobody asks any more whether the report is empty: it bounds
/// what is remembered of a report of 20 MiB.
const MAX_FILLED_MEMBERS: usize = 1000;

/// What a module's name ends with in a message, and nowhere else.
const COMPONENT_SUFFIX: &str = ".report";

/// The members of `Report` as they are written, not yet judged. Their names match exactly.
pub(super) struct ReportFields<'a> {
    /// Before the whole object, for those that turn out not to be reports.
    whole: Cursor<'a>,
    has_fingerprints: bool,
    has_system: bool,
    reports: Option<Result<Vec<Item<'a>>, Fault>>,
    info: Option<Result<Info<'a>, Fault>>,
}

/// What the rules found.
pub(super) struct Findings {
    /// In the order of the message, perhaps with repetitions.
    pub(super) hits: Vec<RuleHit>,
    /// The cluster's version, where told.
    pub(super) version: Option<String>,
    /// Info entries that do not fit.
    pub(super) ignored_infos: u32,
}

impl<'a> ReportFields<'a> {
    /// Reads the object that comes next; of members given twice the last one wins.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let whole = cursor.clone();
        if !cursor.enter_object() {
            let other = cursor.value().unless_null();
            return Err(other.map_or(Fault::MISSING, |_| Fault::wrong_type("an object")));
        }
        let mut fields = Self { whole, has_fingerprints: false, has_system: false, reports: None, info: None };
        while let Some(key) = cursor.key() {
            match &*key {
                "reports" => fields.reports = Some(read_items(cursor)),
                "info" => fields.info = Some(Info::read(cursor)),
                other => {
                    fields.has_fingerprints |= other == "fingerprints";
                    fields.has_system |= other == "system";
                    cursor.value();
                }
            }
        }
        Ok(fields)
    }

    /// Judges the report. `None` is what an archive leaves that the rule engine could not process: absent evidence,
    /// where an empty list of hits would be evidence of absence.
    pub(super) fn findings(self) -> Result<Option<Findings>, Rejection> {
        let (Some(reports), true, true) = (self.reports, self.has_fingerprints, self.has_system) else {
            let fault = Fault::new(Reason::BadReport, "the members fingerprints, reports and system");
            return if is_empty(self.whole) { Ok(None) } else { Err(fault.at("Report")) };
        };
        let items = reports.map_err(|fault| fault.at("Report.reports"))?;
        if items.len() > MAX_HITS {
            return Err(Fault::new(Reason::TooManyHits, "at most 1000 hits").at("Report.reports"));
        }
        let info = self.info.transpose().map_err(|fault| fault.at("Report.info"))?.unwrap_or_default();
        let hits = items.into_iter().enumerate().map(|(index, item)| hit(index, item)).collect::<Result<_, _>>()?;
        Ok(Some(Findings { hits, version: info.version()?, ignored_infos: info.ignored }))
    }
}

/// An item of `reports`: component, key and details; `None` where it is no object.
type Item<'a> = Option<[Option<Value<'a>>; 3]>;

fn read_items<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Item<'a>>, Fault> {
    if !cursor.enter_list() {
        cursor.value();
        return Err(Fault::new(Reason::BadReport, "a list"));
    }
    let mut items = Vec::new();
    while cursor.has_item() {
        // One too many is enough to know; the rest is passed over, so that millions of `{}` take no memory.
        if items.len() > MAX_HITS {
            cursor.value();
        } else {
            items.push(cursor.members(["component", "key", "details"]));
        }
    }
    Ok(items)
}

fn hit(index: usize, item: Item<'_>) -> Result<RuleHit, Rejection> {
    let place = |member: &str| format!("Report.reports[{index}]{member}");
    let not_an_object = Fault::new(Reason::BadReport, "an object");
    let [component, key, details] = item.ok_or_else(|| not_an_object.at(place("")))?;

    let component = field::required_identifier(component).map_err(|fault| fault.at(place(".component")))?;
    let rule_fqdn = component.strip_suffix(COMPONENT_SUFFIX).unwrap_or(&component);
    if rule_fqdn.is_empty() {
        return Err(Fault::MISSING.at(place(".component")));
    }
    let key = field::required_identifier(key).map_err(|fault| fault.at(place(".key")))?;
    // Neither is empty, so only a bar can be wrong: with one in the rule, a selector could be read in two ways.
    let selector = Selector::new(rule_fqdn, &key)
        .map_err(|_| Fault::new(Reason::BadReport, "a module's name without a bar").at(place(".component")))?;
    let details = details.map(details_of).transpose().map_err(|fault| fault.at(place(".details")))?;
    Ok(RuleHit::new(selector, details))
}

/// Kept byte for byte, so they must be what every strict reader of our answers takes.
fn details_of(value: Value<'_>) -> Result<Details, Fault> {
    match value.flaw() {
        None => Ok(Details::from_checked(value.text())),
        Some(Flaw::TooDeep) => Err(Fault::new(Reason::TooDeep, "at most 64 levels")),
        Some(Flaw::LoneSurrogate) => Err(Fault::new(Reason::InvalidUnicode, "text without lone surrogates")),
        Some(Flaw::HugeNumber) => Err(Fault::wrong_type("numbers within the range of a double")),
    }
}

/// Whether all that is there says nothing, but for what the engine writes of itself.
fn is_empty(mut report: Cursor<'_>) -> bool {
    let mut filled = BTreeSet::new();
    report.enter_object();
    while let Some(name) = report.key() {
        let value = report.value();
        if name == "analysis_metadata" || value.is_hollow() || (name == "system" && is_nameless(value)) {
            filled.remove(&name);
        } else if filled.len() < MAX_FILLED_MEMBERS {
            filled.insert(name);
        } else {
            return false;
        }
    }
    filled.is_empty()
}

/// Whether a system has no hostname: null, absent or empty.
fn is_nameless(system: Value<'_>) -> bool {
    let members = system.cursor().exact_members(["hostname"]);
    members.is_some_and(|[hostname]| hostname.is_none_or(|hostname| hostname.text() == "\"\""))
}
