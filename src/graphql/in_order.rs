//! Objects and lists that are resolved in the query's order.
//!
//! async-graphql boxes a future per field and returns fields in the order in which they complete. That took half of the
//! service's time in list queries, and the order of the answer was not that of the query. Here the fields of an object
//! are awaited one after another, and one box holds them all. Siblings load their children together, so this costs no
//! statement. Fields with fields of their own may each wait for a statement, so several of these run concurrently. Those
//! of a mutation's root never do.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContainerType, ContextSelectionSet, Data, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection, SelectionSet},
    registry::Registry,
};
use futures_util::future::{BoxFuture, join_all};

use super::answer_size::AnswerSize;

/// An object whose fields are resolved in the query's order.
#[derive(Clone)]
pub(super) struct InOrder<T>(pub(super) T);

impl<T: ContainerType> OutputType for InOrder<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        // Boxed, since objects are within objects.
        let fields: BoxFuture<'_, _> = Box::pin(object(ctx, &self.0));
        fields.await
    }
}

/// A list whose items are resolved one after another.
pub(super) struct ListInOrder<T>(pub(super) Vec<T>);

impl<T: OutputType> OutputType for ListInOrder<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let mut items = Vec::with_capacity(self.0.len());
        for (index, item) in self.0.iter().enumerate() {
            items.push(item.resolve(&ctx.with_index(index), field).await?);
        }
        Ok(Value::List(items))
    }
}

/// The fields that a query selects under one key of the answer.
struct Selected<'a> {
    key: &'a Name,
    first: &'a Positioned<Field>,
    /// The same field, selected again; what both select from it is merged.
    again: Option<Positioned<Field>>,
}

impl Selected<'_> {
    fn field(&self) -> &Positioned<Field> {
        self.again.as_ref().unwrap_or(self.first)
    }

    /// Whether nothing is selected from the field: it is a leaf, or directives skip all of its own fields.
    fn selects_nothing(&self) -> bool {
        self.field().node.selection_set.node.items.is_empty()
    }
}

/// Resolves what a selection set selects from an object.
pub(super) async fn object<T: ContainerType>(ctx: &ContextSelectionSet<'_>, object: &T) -> ServerResult<Value> {
    let size = ctx.data_opt::<Arc<AnswerSize>>().map(AsRef::as_ref);
    if size.is_some_and(AnswerSize::add_object) {
        // Other requests continue, and this one's time limit is noticed.
        tokio::task::yield_now().await;
    }
    if size.is_some_and(AnswerSize::is_exceeded) {
        return Ok(Value::Null);
    }
    let selected = selected(ctx, object);
    let composites = selected.iter().filter(|field| !field.selects_nothing()).count();
    let mut concurrent = if composites > 1 {
        let fields = selected.iter().filter(|field| !field.selects_nothing());
        join_all(fields.map(|field| Box::pin(resolve(ctx, object, field.field())))).await
    } else {
        Vec::new()
    }
    .into_iter();

    let mut fields = IndexMap::with_capacity(selected.len());
    for field in &selected {
        let resolved = match if field.selects_nothing() { None } else { concurrent.next() } {
            Some(resolved) => resolved,
            None => resolve(ctx, object, field.field()).await,
        };
        let value = resolved?;
        if let Some(size) = size {
            size.add(field.key, &value);
        }
        fields.insert(field.key.clone(), value);
    }
    Ok(Value::Object(fields))
}

/// Resolves what a mutation selects from its root: a field, with all that is selected from it, before the next one starts.
/// Each has its own `data`, which hides the request's data of the same types. After an error that makes the whole root
/// null, and once the answer is too large, the remaining fields are not resolved.
pub(super) async fn serially<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    object: &T,
    data: impl Fn() -> Data,
) -> ServerResult<Value> {
    let size = ctx.data_opt::<Arc<AnswerSize>>().map(AsRef::as_ref);
    let selected = selected(ctx, object);
    let mut fields = IndexMap::with_capacity(selected.len());
    for field in &selected {
        if size.is_some_and(AnswerSize::is_exceeded) {
            return Ok(Value::Null);
        }
        let data = data();
        let ctx = ctx.query_env.create_context(ctx.schema_env, None, ctx.item, Some(&data));
        let value = resolve(&ctx, object, field.field()).await?;
        if let Some(size) = size {
            size.add(field.key, &value);
        }
        fields.insert(field.key.clone(), value);
    }
    Ok(Value::Object(fields))
}

/// Resolves a field. Where it may be null, an error is recorded and the value is null. Otherwise the error is returned:
/// the nearest parent that may be null is null instead.
async fn resolve<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    object: &T,
    field: &Positioned<Field>,
) -> ServerResult<Value> {
    if field.node.name.node == "__typename" {
        return Ok(Value::String(object.introspection_type_name().into_owned()));
    }
    let ctx = ctx.with_field(field);
    match object.resolve_field(&ctx).await {
        Ok(value) => Ok(value.unwrap_or_default()),
        Err(error) => {
            let error = if error.path.is_empty() { ctx.set_error_path(error) } else { error };
            if is_nullable::<T>(&ctx.schema_env.registry, &field.node.name.node) {
                ctx.add_error(error);
                Ok(Value::Null)
            } else {
                Err(error)
            }
        }
    }
}

fn is_nullable<T: OutputType>(registry: &Registry, field: &str) -> bool {
    let of_object = registry.types.get(T::type_name().as_ref());
    of_object.and_then(|object| object.field_by_name(field)).is_none_or(|field| !field.ty.ends_with('!'))
}

/// The fields that a selection set selects from an object, each key once, in the order of the query.
fn selected<'a, T: ContainerType>(ctx: &ContextSelectionSet<'a>, object: &T) -> Vec<Selected<'a>> {
    let mut selected = Vec::with_capacity(ctx.item.node.items.len());
    collect(ctx, object, &ctx.item.node, &mut selected);
    selected
}

fn collect<'a, T: ContainerType>(
    ctx: &ContextSelectionSet<'a>,
    object: &T,
    set: &'a SelectionSet,
    selected: &mut Vec<Selected<'a>>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => add(field, selected),
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                if on.is_none_or(|on| applies(ctx, object, on)) {
                    collect(ctx, object, &fragment.node.selection_set.node, selected);
                }
            }
            Selection::FragmentSpread(spread) => {
                // The query is validated: the fragment exists.
                let Some(fragment) = ctx.query_env.fragments.get(&spread.node.fragment_name.node) else { continue };
                if applies(ctx, object, &fragment.node.type_condition.node.on.node) {
                    collect(ctx, object, &fragment.node.selection_set.node, selected);
                }
            }
        }
    }
}

fn add<'a>(field: &'a Positioned<Field>, selected: &mut Vec<Selected<'a>>) {
    let key = &field.node.response_key().node;
    match selected.iter_mut().find(|known| known.key == key) {
        None => selected.push(Selected { key, first: field, again: None }),
        Some(_) if field.node.selection_set.node.items.is_empty() => {}
        Some(known) => {
            let merged = known.again.get_or_insert_with(|| known.first.clone());
            merged.node.selection_set.node.items.extend(field.node.selection_set.node.items.iter().cloned());
        }
    }
}

/// Does a fragment on this type apply to the object: is it the object's type, or an interface that it implements?
fn applies<T: ContainerType>(ctx: &ContextSelectionSet<'_>, object: &T, on: &str) -> bool {
    let name = object.introspection_type_name();
    let implements = || ctx.schema_env.registry.implements.get(name.as_ref()).is_some_and(|of| of.contains(on));
    name == on || implements()
}

#[cfg(test)]
mod tests;
