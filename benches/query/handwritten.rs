//! Hand-written handlers with the same data as the queries: one statement each, JSON built by the database, no GraphQL,
//! no limits, no identity.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use insights_results_aggregator::{config::Config, http};
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const REPORT: &str = "
    SELECT json_build_object('version', c.version, 'lastCheckedAt', c.last_checked_at, 'ruleHits',
        (SELECT coalesce(json_agg(json_build_object('selector', r.selector, 'impactedSince', h.impacted_since,
            'details', h.details::json) ORDER BY r.selector), '[]')
         FROM rule_hit h JOIN recommendation r ON r.id = h.recommendation_id WHERE h.cluster_id = c.id))::text
    FROM cluster c WHERE c.id = $1";

const CLUSTERS: &str = "
    SELECT coalesce(json_agg(json_build_object('uuid', c.id, 'version', c.version, 'lastCheckedAt', c.last_checked_at,
        'ruleHits', h.hits) ORDER BY c.id), '[]')::text
    FROM (SELECT * FROM cluster WHERE org_id = $1 ORDER BY id LIMIT 100) c
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('selector', r.selector, 'impactedSince', h.impacted_since) ORDER BY r.selector) AS hits
        FROM rule_hit h JOIN recommendation r ON r.id = h.recommendation_id WHERE h.cluster_id = c.id) h ON true";

const CLUSTERS_WITH_DETAILS: &str = "
    SELECT coalesce(json_agg(json_build_object('uuid', c.id, 'version', c.version, 'lastCheckedAt', c.last_checked_at,
        'ruleHits', h.hits) ORDER BY c.id), '[]')::text
    FROM (SELECT * FROM cluster WHERE org_id = $1 ORDER BY id LIMIT 100) c
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('selector', r.selector, 'impactedSince', h.impacted_since, 'details', h.details::json)
            ORDER BY r.selector) AS hits
        FROM rule_hit h JOIN recommendation r ON r.id = h.recommendation_id WHERE h.cluster_id = c.id) h ON true";

const HIT_BY: &str = "
    SELECT json_build_object('totalCount', count(*), 'nodes', (json_agg(json_build_object('uuid', c.id, 'version', c.version,
        'lastCheckedAt', c.last_checked_at) ORDER BY c.id)))::text
    FROM cluster c JOIN rule_hit h ON h.cluster_id = c.id JOIN recommendation r ON r.id = h.recommendation_id
    WHERE c.org_id = $1 AND r.selector = $2";

/// Serves until `stop` is cancelled. Returns the address.
pub(crate) async fn serve(config: &Config, stop: CancellationToken) -> SocketAddr {
    let Config { database, http: settings, .. } = config;
    let mut options = ConnectOptions::new(database.url.expose());
    options.max_connections(database.max_connections).sqlx_logging(false);
    let pool = sea_orm::Database::connect(options).await.expect("connect");
    let router = Router::new()
        .route("/report/{id}", get(|pool, Path(id): Path<Uuid>| answer(pool, REPORT, [id.into()])))
        .route("/clusters/{id}", get(|pool, Path(id): Path<i64>| answer(pool, CLUSTERS, [id.into()])))
        .route(
            "/clusters-with-details/{id}",
            get(|pool, Path(id): Path<i64>| answer(pool, CLUSTERS_WITH_DETAILS, [id.into()])),
        )
        .route(
            "/hit-by/{id}/{selector}",
            get(|pool, Path((id, selector)): Path<(i64, String)>| answer(pool, HIT_BY, [id.into(), selector.into()])),
        )
        .with_state(pool);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(http::serve(listener, router, settings.clone(), stop));
    address
}

async fn answer<const N: usize>(
    State(pool): State<DatabaseConnection>,
    sql: &'static str,
    values: [Value; N],
) -> Response {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
    let row = pool.query_one_raw(statement).await.expect("the statement runs").expect("a row");
    let json: String = row.try_get_by_index(0).expect("a text");
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
