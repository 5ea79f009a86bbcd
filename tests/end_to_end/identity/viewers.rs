//! Members see the data of their organization, administrators that of all.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::reports::{cluster, reports, write};

/// The subject that the configuration lists as an administrator.
const ADMINISTRATOR: &str = "support";
/// An organization that never reported.
const SILENT: u32 = 9;

/// The API over two clusters of organization 1 and three of organization 2.
async fn filled(database: &Database) -> Running {
    let all = [reports(1, 1, 2, 1), reports(2, 3, 3, 1)].concat();
    write(&database.store().await, &all).await;
    api(database, |config| config.auth.administrators = vec![ADMINISTRATOR.to_owned()]).await
}

/// The organizations in a list with the number of their clusters.
fn listed(data: &Value) -> Vec<(&str, u64)> {
    let nodes = data["organizations"]["nodes"].as_array().expect("organizations");
    assert_eq!(data["organizations"]["totalCount"], nodes.len(), "{data}");
    let count = |node: &Value| node["clusters"]["totalCount"].as_u64().expect("a count");
    nodes.iter().map(|node| (node["orgId"].as_str().expect("a number"), count(node))).collect()
}

const LIST: &str = "{ organizations { totalCount nodes { orgId clusters { totalCount } } } }";

#[tokio::test]
async fn a_member_sees_its_own_organization_and_nothing_else() {
    for database in each_database().await {
        let service = filled(&database).await;
        for (own, clusters, foreign) in [(1, 2, 3), (2, 3, 1)] {
            let header = user_of(own, "1234");
            let seen = data(&service, &header, LIST).await;
            assert_eq!(listed(&seen), [(own.to_string().as_str(), clusters)], "{}", database.name);
            let (other, unknown) = (3 - own, 7);
            for organization in [other, unknown] {
                let id = URL_SAFE_NO_PAD.encode(format!("1:Organization:{organization}"));
                let query =
                    format!("{{ organization(orgId: \"{organization}\") {{ id }} node(id: \"{id}\") {{ id }} }}");
                let seen = data(&service, &header, &query).await;
                assert_eq!(seen, json!({ "organization": null, "node": null }), "{}", database.name);
            }
            let (of_other, unknown) = (cluster(foreign), cluster(99));
            let query = format!("{{ clusters(uuids: [\"{of_other}\", \"{unknown}\"]) {{ uuid report {{ id }} }} }}");
            assert_eq!(data(&service, &header, &query).await, json!({ "clusters": [null, null] }), "{}", database.name);
        }
    }
}

#[tokio::test]
async fn an_administrator_sees_every_organization() {
    for database in each_database().await {
        let service = filled(&database).await;
        let account = json!({ "org_id": "1", "service_account": { "client_id": ADMINISTRATOR } });
        for header in [user_of(1, ADMINISTRATOR), user_of(SILENT, ADMINISTRATOR), header(&account)] {
            let seen = data(&service, &header, LIST).await;
            assert_eq!(listed(&seen), [("1", 2), ("2", 3)], "{}: those that reported", database.name);
            let query = "{ viewer { isAdministrator maySeeInternal } organization(orgId: \"7\") { orgId } }";
            let expected =
                json!({ "viewer": { "isAdministrator": true, "maySeeInternal": false }, "organization": null });
            assert_eq!(data(&service, &header, query).await, expected, "{}", database.name);
        }
    }
}

/// A query by all ways to an organization, and what it returns for one without clusters.
fn ways_to(organization: u32) -> (String, Value) {
    let id = URL_SAFE_NO_PAD.encode(format!("1:Organization:{organization}"));
    let fields = "id orgId clusters { totalCount nodes { uuid } }";
    let query = format!(
        "{{ viewer {{ organization {{ {fields} }} }} organization(orgId: \"{organization}\") {{ {fields} }}
           node(id: \"{id}\") {{ ... on Organization {{ {fields} }} }}
           nodes(ids: [\"{id}\"]) {{ ... on Organization {{ {fields} }} }} }}"
    );
    let clusters = json!({ "totalCount": 0, "nodes": [] });
    let node = json!({ "id": id, "orgId": organization.to_string(), "clusters": clusters });
    let expected = json!({ "viewer": { "organization": node }, "organization": node, "node": node, "nodes": [node] });
    (query, expected)
}

#[tokio::test]
async fn the_viewers_own_organization_exists_even_if_it_never_reported() {
    let (query, expected) = ways_to(SILENT);
    for database in each_database().await {
        let service = filled(&database).await;
        for header in [user_of(SILENT, "1234"), user_of(SILENT, ADMINISTRATOR)] {
            assert_eq!(data(&service, &header, &query).await, expected, "{}", database.name);
        }
        let seen = data(&service, &user_of(SILENT, "1234"), LIST).await;
        assert_eq!(listed(&seen), [("9", 0)], "{}: a member's list has its own", database.name);
    }
}

#[tokio::test]
async fn without_authentication_the_development_identity_names_the_viewer_and_restricts_nothing() {
    let (query, expected) = ways_to(SILENT);
    for database in each_database().await {
        let store = database.store().await;
        write(&store, &[reports(1, 1, 2, 1), reports(2, 3, 3, 1)].concat()).await;
        let mut config = default_config();
        config.database = database.settings.clone();
        config.auth.dev_identity.org_id = SILENT.to_string().parse().ok();
        config.auth.dev_identity.user_id = Some("dev".to_owned());
        let service = Running::start(config, Role::Api).await.ready().await;
        // The header is ignored.
        for header in [user_of(1, "1234"), "s3cr3t".to_owned()] {
            assert_eq!(data(&service, &header, &query).await, expected, "{}", database.name);
            assert_eq!(listed(&data(&service, &header, LIST).await), [("1", 2), ("2", 3)], "{}", database.name);
            let query =
                "{ viewer { user { subject kind name } isAdministrator isOrganizationAdministrator maySeeInternal } }";
            let user = json!({ "subject": "dev", "kind": "USER", "name": null });
            let expected = json!({ "viewer": { "user": user, "isAdministrator": true,
                "isOrganizationAdministrator": false, "maySeeInternal": true } });
            assert_eq!(data(&service, &header, query).await, expected, "{}", database.name);
        }
    }
}

#[tokio::test]
async fn the_viewer_is_the_user_or_the_service_account_of_the_header() {
    const QUERY: &str = "{ viewer { user { subject kind name } isAdministrator isOrganizationAdministrator } }";
    let service = api(&sqlite(), |_| {}).await;
    let person = json!({ "user_id": "1234", "username": "jdoe", "is_org_admin": true });
    let account = json!({ "client_id": "b69eaf9e", "username": "service-account-b69eaf9e" });
    for (identity, user, is_administrator_there) in [
        (json!({ "org_id": "1", "user": person }), json!({ "subject": "1234", "kind": "USER", "name": "jdoe" }), true),
        (
            json!({ "internal": { "org_id": "1" }, "service_account": account }),
            json!({ "subject": "b69eaf9e", "kind": "SERVICE_ACCOUNT", "name": "service-account-b69eaf9e" }),
            false,
        ),
        (json!({ "org_id": "1", "type": "System" }), Value::Null, false),
    ] {
        let expected = json!({ "viewer": { "user": user, "isAdministrator": false,
            "isOrganizationAdministrator": is_administrator_there } });
        assert_eq!(data(&service, &header(&identity), QUERY).await, expected, "{identity}");
    }
}
