//! The parts that hits of all kinds share: a list of objects with a bounded length, and the selector.

use super::{
    field,
    json::{Cursor, Value},
    rejection::{Reason, Rejection, ValueRejection},
};
use crate::domain::Selector;

/// The maximum number of hits. Real reports have up to 15; the limit keeps one message from filling a page of results.
pub(super) const MAX_HITS: usize = 1000;

/// An item of a list: the values of the requested members; `None` if it is not an object.
pub(super) type Item<'a, const N: usize> = Option<[Option<Value<'a>>; N]>;

/// Takes the next value, a list, and returns these members of its items. Their names match in any case. A list of more
/// than `limit` items is returned with one item above the limit; the rest is skipped, so that millions of `{}` take no
/// memory.
pub(super) fn items<'a, const N: usize>(
    cursor: &mut Cursor<'a>,
    names: [&str; N],
    limit: usize,
) -> Result<Vec<Item<'a, N>>, ValueRejection> {
    if !cursor.enter_list() {
        cursor.value();
        return Err(ValueRejection::new(Reason::BadReport, "a list"));
    }
    let mut items = Vec::new();
    while cursor.has_item() {
        if items.len() > limit {
            cursor.value();
        } else {
            items.push(cursor.members(names));
        }
    }
    Ok(items)
}

/// The members of an item, which must be an object.
pub(super) fn members<const N: usize>(
    item: Item<'_, N>,
    path: impl FnOnce() -> String,
) -> Result<[Option<Value<'_>>; N], Rejection> {
    item.ok_or_else(|| ValueRejection::new(Reason::BadReport, "an object").at(path()))
}

/// The selector of a hit from its `component` and `key`. `rule_of` removes the suffix of the component; `path` returns
/// the path of a member of the hit.
pub(super) fn selector(
    component: Option<Value<'_>>,
    key: Option<Value<'_>>,
    rule_of: fn(&str) -> &str,
    path: impl Fn(&str) -> String,
) -> Result<Selector, Rejection> {
    let component = field::required_identifier(component).map_err(|rejection| rejection.at(path(".component")))?;
    let rule_fqdn = rule_of(&component);
    if rule_fqdn.is_empty() {
        return Err(ValueRejection::MISSING.at(path(".component")));
    }
    let key = field::required_identifier(key).map_err(|rejection| rejection.at(path(".key")))?;
    // Neither is empty, so the only possible error is a bar in the rule, which would make the selector ambiguous.
    Selector::new(rule_fqdn, &key)
        .map_err(|_| ValueRejection::new(Reason::BadReport, "a module's name without a bar").at(path(".component")))
}
