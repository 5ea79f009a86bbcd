//! `/graphiql`: the query editor. Its files are embedded, so that a browser loads nothing from other hosts.

use axum::{
    Json, Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::{Value, json};

/// The files that `make web` builds. Empty in a build without it.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct EditorFiles;

/// The example queries of the repository.
#[derive(RustEmbed)]
#[folder = "examples/queries"]
struct ExampleFiles;

/// Allows scripts of the service and inline styles, and no other host.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                                       img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; \
                                       frame-ancestors 'none'";

const NOT_BUILT: &str =
    "This build does not include GraphiQL. Run `make web`, which installs it from its lock file, and build again.\n";

/// The page, its files and the example queries.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/graphiql", get(|| async { file("index.html") }))
        .route("/graphiql/examples.json", get(|| async { Json(examples()) }))
        .route("/graphiql/{file}", get(|Path(name): Path<String>| async move { file(&name) }))
}

fn file(name: &str) -> Response {
    // `web/build` keeps the checksums of its sources in this file; it is not part of the page.
    match EditorFiles::get(name).filter(|_| !name.ends_with(".sha256")) {
        Some(EmbeddedFile { data, metadata }) => (
            [
                (header::CONTENT_TYPE, metadata.mimetype()),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
                (header::CACHE_CONTROL, "no-cache"),
            ],
            data.into_owned(),
        )
            .into_response(),
        None if EditorFiles::get("index.html").is_none() => (StatusCode::NOT_IMPLEMENTED, NOT_BUILT).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The examples with their titles, in alphabetical order.
fn examples() -> Value {
    let mut names: Vec<_> = ExampleFiles::iter().filter(|name| name.ends_with(".graphql")).collect();
    names.sort();
    let example = |name: &str| {
        let text = ExampleFiles::get(name)?;
        Some(json!({ "title": name.trim_end_matches(".graphql"), "query": String::from_utf8_lossy(&text.data) }))
    };
    names.iter().filter_map(|name| example(name)).collect()
}
