//! What stands around the schema: the guard before, nulls and the mask behind, and a time limit.
//!
//! Not an extension of async-graphql: with one registered, every field takes a slower way.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, Response};

use super::{
    error::{mask, refusal},
    guard::Guard,
    loaders::Loaders,
    nulls::Nulls,
    schema::{self, Schema},
};
use crate::{config::Limits, domain::Timestamp, identity::Viewer, store::Store};

/// The graph as it can be asked. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    schema: Schema,
    guard: Arc<Guard>,
    nulls: Arc<Nulls>,
    store: Store,
}

impl Executor {
    /// The graph over a store.
    pub fn new(store: Store, limits: &Limits) -> Self {
        let schema = schema::build(limits);
        let nulls = Arc::new(Nulls::of(&schema.sdl()));
        Self { schema, guard: Arc::new(Guard::new(limits)), nulls, store }
    }

    /// Answers a request of `viewer`, or stops after `within`. What went wrong is in the response, in words for the
    /// client.
    pub async fn execute(&self, viewer: Viewer, mut request: Request, within: Duration) -> Response {
        if let Err(refused) = self.guard.admit(&mut request) {
            return Response::from_errors(vec![refusal(refused.code(), refused.to_string(), refused.at())]);
        }
        let (query, operation) = (request.query.clone(), request.operation_name.clone());
        let loaders = Loaders::new(&self.store, viewer.scope());
        let request = request.data(viewer).data(Timestamp::now()).data(loaders);
        match tokio::time::timeout(within, self.schema.execute(request)).await {
            Ok(mut response) => {
                if response.is_err() {
                    self.nulls.put(&query, operation.as_deref(), &mut response);
                }
                mask(&mut response.errors);
                response
            }
            Err(_) => {
                let message = "The request took longer than it may and was stopped.";
                Response::from_errors(vec![refusal("TIMEOUT", message, None)])
            }
        }
    }
}
