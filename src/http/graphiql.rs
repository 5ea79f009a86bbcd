//! `/graphiql`: the query editor, embedded, so that a browser asks nobody but us.

use axum::{
    Json, Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::{Value, json};

/// What `make web` puts together from the lock file. Empty in a build without it.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Editor;

/// The example queries, as they stand in the repository.
#[derive(RustEmbed)]
#[folder = "examples/queries"]
struct Examples;

/// The editor runs scripts and styles of its own, inline too, and asks nobody else.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'";

const HOW_TO_BUILD: &str =
    "This build has no GraphiQL in it. Run `make web`, which fetches it by its lock file, and build again.\n";

/// The page, its files and the example queries.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/graphiql", get(|| async { file("index.html") }))
        .route("/graphiql/examples.json", get(|| async { Json(examples()) }))
        .route("/graphiql/{file}", get(|Path(name): Path<String>| async move { file(&name) }))
}

fn file(name: &str) -> Response {
    // The stamp by which `web/build` knows that nothing changed is no part of the page.
    match Editor::get(name).filter(|_| !name.ends_with(".sha256")) {
        Some(EmbeddedFile { data, metadata }) => (
            [
                (header::CONTENT_TYPE, metadata.mimetype()),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::CACHE_CONTROL, "no-cache"),
            ],
            data.into_owned(),
        )
            .into_response(),
        None if Editor::get("index.html").is_none() => (StatusCode::NOT_IMPLEMENTED, HOW_TO_BUILD).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Each example with its name, in the order of the names.
fn examples() -> Value {
    let mut names: Vec<_> = Examples::iter().filter(|name| name.ends_with(".graphql")).collect();
    names.sort();
    let example = |name: &str| {
        let text = Examples::get(name)?;
        Some(json!({ "title": name.trim_end_matches(".graphql"), "query": String::from_utf8_lossy(&text.data) }))
    };
    names.iter().filter_map(|name| example(name)).collect()
}
