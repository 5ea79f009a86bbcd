//! The `Metrics` of a message: its structure, its recommendations and the objects to which they apply.

use super::{
    field, hit,
    json::{Cursor, Value},
    optional::{LeftOutFields, OptionalField},
    parse::Deviations,
    parts::Body,
    rejection::{Reason, Rejection, ValueRejection},
};
use crate::domain::{Details, ListedObject, WorkloadHit, rule_of_workload_component};

/// The maximum number of objects of all recommendations. It bounds what one message can write.
const MAX_OBJECTS: usize = 10_000;

/// The members of a recommendation that are read; the names match in any case.
const RECOMMENDATION: [&str; 6] = ["component", "key", "details", "tags", "links", "workloads"];
/// The members of an object.
const OBJECT: [&str; 5] = ["namespace", "namespace_uid", "kind", "name", "uid"];

/// The members of `Metrics` as written, not yet validated. Their names match exactly.
pub(super) struct MetricsFields<'a> {
    is_empty: bool,
    recommendations: Result<Vec<hit::Item<'a, 6>>, ValueRejection>,
}

impl<'a> Body<'a> for MetricsFields<'a> {
    const NAME: &'static str = "Metrics";

    /// In the order of the message, possibly with repetitions.
    type Findings = Vec<WorkloadHit>;

    /// Reads the next object. If a member is repeated, the last one counts.
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, ValueRejection> {
        cursor.enter_required_object()?;
        let absent = Err(ValueRejection::new(Reason::BadReport, "a list"));
        let mut fields = Self { is_empty: true, recommendations: absent };
        while let Some(key) = cursor.key() {
            fields.is_empty = false;
            if key == "workload_recommendations" {
                fields.recommendations = hit::items(cursor, RECOMMENDATION, hit::MAX_HITS);
            } else {
                cursor.value();
            }
        }
        Ok(fields)
    }

    /// Validates the recommendations. An empty list is a result: no namespace has findings.
    fn findings(self, deviations: &mut Deviations) -> Result<Option<Vec<WorkloadHit>>, Rejection> {
        const PATH: &str = "Metrics.workload_recommendations";
        if self.is_empty {
            return Ok(None);
        }
        let items = self.recommendations.map_err(|rejection| rejection.at(PATH))?;
        if items.len() > hit::MAX_HITS {
            return Err(ValueRejection::new(Reason::TooManyHits, "at most 1000 recommendations").at(PATH));
        }
        let mut object_count = 0;
        let mut hits = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = |member: &str| format!("{PATH}[{index}]{member}");
            let hit = recommendation(item, MAX_OBJECTS - object_count, &path, &mut deviations.left_out)?;
            object_count += hit.objects.len();
            hits.push(hit);
        }
        Ok(Some(hits))
    }
}

/// Validates a recommendation with at most this many objects; `path` returns the path of one of its members.
fn recommendation(
    item: hit::Item<'_, 6>,
    max_objects: usize,
    path: &impl Fn(&str) -> String,
    left_out: &mut LeftOutFields,
) -> Result<WorkloadHit, Rejection> {
    let [component, key, details, tags, links, workloads] = hit::members(item, || path(""))?;
    let selector = hit::selector(component, key, rule_of_workload_component, path)?;
    let details = details.map(details_of).transpose().map_err(|rejection| rejection.at(path(".details")))?;
    let objects = workloads.map_or(Ok(vec![]), |workloads| objects(workloads, max_objects, &path(".workloads")))?;
    // Unused, but the counts show that a sender writes something else.
    left_out.parse_or_leave_out(OptionalField::WorkloadTags, tags, |tags| is_list_of_strings(tags).then_some(()));
    left_out.parse_or_leave_out(OptionalField::WorkloadLinks, links, |links| are_lists_of_strings(links).then_some(()));
    Ok(WorkloadHit { selector, details, objects })
}

/// Details are stored byte for byte, so every strict JSON reader must accept them.
fn details_of(value: Value<'_>) -> Result<Details, ValueRejection> {
    if !value.cursor().enter_object() {
        return Err(ValueRejection::wrong_type("an object"));
    }
    value.strict_text().map(Details::from_checked)
}

fn objects(workloads: Value<'_>, max_objects: usize, path: &str) -> Result<Vec<ListedObject>, Rejection> {
    let items = hit::items(&mut workloads.cursor(), OBJECT, max_objects).map_err(|rejection| rejection.at(path))?;
    if items.len() > max_objects {
        return Err(ValueRejection::new(Reason::TooManyHits, "at most 10000 objects in the message").at(path));
    }
    items.into_iter().enumerate().map(|(index, item)| object(item, &format!("{path}[{index}]"))).collect()
}

fn object(item: hit::Item<'_, 5>, path: &str) -> Result<ListedObject, Rejection> {
    let members = hit::members(item, || path.to_owned())?;
    let mut texts = [const { String::new() }; 5];
    for ((text, value), name) in texts.iter_mut().zip(members).zip(OBJECT) {
        if let Some(value) = value {
            *text = field::identifier(value).map_err(|rejection| rejection.at(format_args!("{path}.{name}")))?.into();
        }
    }
    let [namespace, namespace_uid, kind, name, uid] = texts;
    Ok(ListedObject { namespace, namespace_uid, kind, name, uid })
}

fn is_list_of_strings(value: Value<'_>) -> bool {
    let mut cursor = value.cursor();
    if !cursor.enter_list() {
        return false;
    }
    let mut all_are_strings = true;
    while cursor.has_item() {
        all_are_strings &= cursor.value().is_string();
    }
    all_are_strings
}

/// Whether it is an object whose members are lists of strings, or null.
fn are_lists_of_strings(value: Value<'_>) -> bool {
    let mut cursor = value.cursor();
    if !cursor.enter_object() {
        return false;
    }
    let mut all_are_lists = true;
    while cursor.key().is_some() {
        all_are_lists &= cursor.value().unless_null().is_none_or(is_list_of_strings);
    }
    all_are_lists
}
