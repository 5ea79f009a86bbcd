//! The root of an operation.
//!
//! async-graphql resolves each occurrence of a root field on its own, answers with the fields in the order in which they
//! complete, leaves out those that failed, and has null for a root of which nothing is selected. So the first field that
//! it resolves here resolves the whole root, as [`in_order`] resolves any other object; that of a mutation one field after
//! another, each with loaders of its own, so that it reads what the fields before it wrote.

use std::{
    borrow::Cow,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Data, ObjectType, OutputType, Positioned, Response, ServerResult,
    Value,
    indexmap::IndexMap,
    parser::types::{Field, OperationType},
    registry::Registry,
};
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{in_order, loaders::Loaders};

/// The root object of a schema. A request needs [`RootValue`] in its data.
pub(super) struct Root<T>(pub(super) T);

/// The value of a request's root; null if a field failed that must not be null. Without a value, nothing was executed, or
/// only fields were selected that async-graphql has: `__schema`, `__type` and `__typename`.
#[derive(Clone, Default)]
pub(super) struct RootValue(Arc<OnceCell<Mutex<Value>>>);

impl RootValue {
    /// Moves the value into the response to its request, together with the fields that async-graphql has.
    pub(super) fn complete(&self, response: &mut Response) {
        let Response { data, errors, .. } = response;
        match (self.take(), mem::take(data)) {
            (Some(Value::Object(mut fields)), Value::Object(introspected)) => {
                // async-graphql has null for the fields that are resolved here.
                fields.extend(introspected.into_iter().filter(|(_, value)| *value != Value::Null));
                *data = Value::Object(fields);
            }
            (Some(root), _) => *data = root,
            (None, Value::Null) if errors.is_empty() => *data = Value::Object(IndexMap::new()),
            (None, introspected) => *data = introspected,
        }
    }

    fn take(&self) -> Option<Value> {
        let value = self.0.get()?;
        Some(mem::take(&mut *value.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<T: ObjectType> ContainerType for Root<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let root = ctx.data::<RootValue>().map_err(|error| error.into_server_error(ctx.item.pos))?;
        root.0.get_or_init(async || Mutex::new(self.resolve_all(ctx).await)).await;
        Ok(None)
    }
}

impl<T: ObjectType> Root<T> {
    /// Resolves all fields of the root.
    async fn resolve_all(&self, ctx: &Context<'_>) -> Value {
        let operation = &ctx.query_env.operation.node;
        let loaders = ctx.data_opt::<Loaders>();
        let ctx = ctx.query_env.create_context(ctx.schema_env, None, &operation.selection_set, ctx.execute_data);
        let fields: BoxFuture<'_, _> = match operation.ty {
            OperationType::Mutation => Box::pin(in_order::serially(&ctx, &self.0, || with_own_loaders(loaders))),
            OperationType::Query | OperationType::Subscription => Box::pin(in_order::object(&ctx, &self.0)),
        };
        fields.await.unwrap_or_else(|error| {
            ctx.add_error(error);
            Value::Null
        })
    }
}

/// The data of one field of a mutation: loaders that have not read anything.
fn with_own_loaders(of_request: Option<&Loaders>) -> Data {
    let mut data = Data::default();
    if let Some(loaders) = of_request {
        data.insert(loaders.without_values());
    }
    data
}

impl<T: ObjectType> OutputType for Root<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        in_order::object(ctx, &self.0).await
    }
}

impl<T: ObjectType> ObjectType for Root<T> {}

#[cfg(test)]
mod tests {
    use async_graphql::{ServerError, value};

    use super::*;

    /// The data of an answer, made of the root's value and of the response of async-graphql.
    fn completed(root: Option<Value>, mut response: Response) -> String {
        let root = RootValue(Arc::new(OnceCell::new_with(root.map(Mutex::new))));
        root.complete(&mut response);
        response.data.to_string()
    }

    #[test]
    fn fields_are_in_the_order_of_the_root() {
        let root = value!({ "b": 1, "__schema": null, "a": null, "t": "Query" });
        let introspected = value!({ "t": "Query", "a": null, "__schema": {}, "b": null });
        assert_eq!(completed(Some(root), Response::new(introspected)), r#"{b: 1, __schema: {}, a: null, t: "Query"}"#);
        assert_eq!(completed(None, Response::new(value!({ "t": "Query" }))), r#"{t: "Query"}"#);
    }

    #[test]
    fn a_root_of_which_nothing_is_selected_is_empty() {
        assert_eq!(completed(None, Response::new(Value::Null)), "{}");
    }

    #[test]
    fn a_failed_root_is_null_and_a_refused_request_has_no_data() {
        let failed = || Response::from_errors(vec![ServerError::new("failed", None)]);
        assert_eq!(completed(Some(Value::Null), Response::new(value!({ "a": null }))), "null");
        assert_eq!(completed(Some(value!({ "a": null })), failed()), "{a: null}");
        assert_eq!(completed(None, failed()), "null");
    }
}
