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
use insights_results_aggregator::{
    config::{Config, Database},
    http,
};
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    content,
    data::{RECOMMENDATIONS as RECOMMENDATIONS_THAT_HIT, selector},
};

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

/// The facts of content are in `recommendation`, and the rest in two tables (see [`prepare`]).
const RECOMMENDATIONS: &str = "
    WITH hits AS (
        SELECT h.recommendation_id AS id, count(*) AS clusters
        FROM cluster c JOIN rule_hit h ON h.cluster_id = c.id WHERE c.org_id = $1 GROUP BY h.recommendation_id)
    SELECT json_build_object('totalCount', (SELECT count(*) FROM recommendation WHERE total_risk IS NOT NULL), 'nodes',
        coalesce(json_agg(json_build_object('selector', r.selector, 'content', json_build_object(
            'description', r.description, 'publishedAt', r.published_at,
            'totalRisk', ('{LOW,MODERATE,IMPORTANT,CRITICAL}'::text[])[r.total_risk]),
            'impactedClusters', json_build_object('totalCount', r.clusters))
            ORDER BY r.total_risk DESC, r.selector DESC), '[]'))::text
    FROM (SELECT r.*, coalesce(hits.clusters, 0) AS clusters FROM recommendation r LEFT JOIN hits ON hits.id = r.id
          WHERE r.total_risk IS NOT NULL ORDER BY r.total_risk DESC, r.selector DESC LIMIT 20) r";

/// With the counts that the service keeps.
const CLUSTERS_BY_RISK: &str = "
    SELECT coalesce(json_agg(json_build_object('uuid', c.id, 'displayName', c.display_name, 'version', c.version,
        'lastCheckedAt', c.last_checked_at, 'hitCount', c.counts & 4095, 'hitsByTotalRisk', json_build_array(
            json_build_object('totalRisk', 'CRITICAL', 'count', c.counts >> 48 & 4095),
            json_build_object('totalRisk', 'IMPORTANT', 'count', c.counts >> 36 & 4095),
            json_build_object('totalRisk', 'MODERATE', 'count', c.counts >> 24 & 4095),
            json_build_object('totalRisk', 'LOW', 'count', c.counts >> 12 & 4095)))
        ORDER BY c.counts >> 12 DESC, c.id DESC), '[]')::text
    FROM (SELECT c.id, c.version, c.last_checked_at, c.external_counts + c.internal_counts AS counts, m.display_name
          FROM cluster c LEFT JOIN imported_cluster m ON m.org_id = c.org_id AND m.cluster_id = c.id WHERE c.org_id = $1
          ORDER BY (c.external_counts + c.internal_counts) >> 12 DESC, c.id DESC LIMIT 50) c";

const SUMMARY: &str = "
    WITH hits AS MATERIALIZED (
        SELECT h.recommendation_id AS id, count(*) AS hits
        FROM cluster c JOIN rule_hit h ON h.cluster_id = c.id WHERE c.org_id = $1 GROUP BY h.recommendation_id),
    by_tag AS MATERIALIZED (
        SELECT t.tag, sum(hits.hits) AS hits FROM hits JOIN handwritten_tag t ON t.recommendation_id = hits.id GROUP BY t.tag)
    SELECT json_build_object('clusterCount', c.clusters, 'hitClusterCount', c.hit,
        'hitCount', (SELECT coalesce(sum(hits), 0) FROM hits),
        'hitsByTotalRisk', (SELECT json_build_array(
            json_build_object('totalRisk', 'CRITICAL', 'count', coalesce(sum(hits) FILTER (WHERE total_risk = 4), 0)),
            json_build_object('totalRisk', 'IMPORTANT', 'count', coalesce(sum(hits) FILTER (WHERE total_risk = 3), 0)),
            json_build_object('totalRisk', 'MODERATE', 'count', coalesce(sum(hits) FILTER (WHERE total_risk = 2), 0)),
            json_build_object('totalRisk', 'LOW', 'count', coalesce(sum(hits) FILTER (WHERE total_risk = 1), 0)))
            FROM hits JOIN recommendation r ON r.id = hits.id),
        'hitsByCategory', (SELECT json_agg(json_build_object('category', json_build_object('name', g.name),
            'count', coalesce(t.hits, 0)) ORDER BY g.name)
            FROM handwritten_category g LEFT JOIN by_tag t ON t.tag = g.name),
        'hitsByTag', (SELECT coalesce(json_agg(json_build_object('tag', tag, 'count', hits) ORDER BY hits DESC, tag), '[]')
            FROM by_tag),
        'versions', c.versions)::text
    FROM (SELECT sum(v.clusters) AS clusters, sum(v.hit) AS hit, json_agg(json_build_object('version', v.version,
              'count', v.clusters) ORDER BY v.version_key DESC NULLS LAST, v.version DESC NULLS LAST) AS versions
          FROM (SELECT version, min(version_key) AS version_key, count(*) AS clusters,
                    count(*) FILTER (WHERE hit_count > 0) AS hit
                FROM cluster WHERE org_id = $1 GROUP BY version) v) c";

/// Stores what is only in content: the tags of recommendations, and the categories, whose only tag is their name.
pub(crate) async fn prepare(database: &Database) {
    let connection = sea_orm::Database::connect(database.url.expose()).await.expect("connect");
    let tags = (0..RECOMMENDATIONS_THAT_HIT).flat_map(|number| {
        content::tags(number).into_iter().map(move |tag| format!("('{}', '{tag}')", selector(number)))
    });
    let tags = tags.collect::<Vec<_>>().join(", ");
    let categories = content::CATEGORIES.map(|name| format!("('{name}')")).join(", ");
    let sql = format!(
        "CREATE TABLE handwritten_category (name text PRIMARY KEY);
         INSERT INTO handwritten_category VALUES {categories};
         CREATE TABLE handwritten_tag (recommendation_id int, tag text, PRIMARY KEY (recommendation_id, tag));
         INSERT INTO handwritten_tag
         SELECT r.id, t.tag FROM (VALUES {tags}) AS t (selector, tag) JOIN recommendation r ON r.selector = t.selector"
    );
    connection.execute_unprepared(&sql).await.expect("the tags are stored");
}

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
        .route("/recommendations/{id}", get(|pool, Path(id): Path<i64>| answer(pool, RECOMMENDATIONS, [id.into()])))
        .route("/clusters-by-risk/{id}", get(|pool, Path(id): Path<i64>| answer(pool, CLUSTERS_BY_RISK, [id.into()])))
        .route("/summary/{id}", get(|pool, Path(id): Path<i64>| answer(pool, SUMMARY, [id.into()])))
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
