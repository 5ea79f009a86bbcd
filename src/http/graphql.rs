//! `POST /graphql`.

use async_graphql_axum::GraphQLRequest;
use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    gate::{self, Refused},
    router::Api,
};
use crate::identity::Viewer;

/// Answers one GraphQL request.
pub(super) async fn answer(State(api): State<Api>, request: Request) -> Response {
    let deadline = Instant::now() + api.request_timeout;
    let request = match gate::pass(request, api.max_body_bytes, api.request_timeout).await {
        Ok(request) => request,
        Err(refused) => return refused.into_response(),
    };
    // The extractor reads what the gate let through: a body in memory, of bounded size, said to be JSON.
    let Ok(request) =
        GraphQLRequest::<async_graphql_axum::rejection::GraphQLRejection>::from_request(request, &()).await
    else {
        return Refused::NotARequest.into_response();
    };
    let within = deadline.saturating_duration_since(Instant::now());
    Json(api.executor.execute(Viewer::unrestricted(), request.into_inner(), within).await).into_response()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "errors": [{ "message": self.to_string(), "extensions": { "code": "BAD_REQUEST" } }] });
        (self.status(), Json(body)).into_response()
    }
}
