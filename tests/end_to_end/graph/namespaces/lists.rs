//! Filters and orders of the namespaces of an organization.

use super::*;

/// The name of a namespace and the number of its cluster.
fn named(found: &Value) -> Vec<String> {
    let nodes = found["organization"]["namespaces"]["nodes"].as_array().expect("nodes").iter();
    let text = |node: &Value| {
        let uuid = node["cluster"]["uuid"].as_str().expect("a UUID");
        format!("{}{}", node["name"].as_str().expect("a name"), &uuid[35..])
    };
    nodes.map(text).collect()
}

#[tokio::test]
async fn namespaces_of_an_organization_are_found_by_each_filter() {
    let uuids = |numbers: &[u128]| {
        numbers.iter().map(|number| format!("\"{}\"", cluster(*number))).collect::<Vec<_>>().join(" ")
    };
    let all = ["1", "2", "acknowledged1", "acknowledged2", "hidden1", "hidden2", "shop1", "shop2", "till1", "till2"];
    let cases: Vec<(String, Vec<&str>, Vec<&str>)> = [
        ("{}".to_owned(), &all[..], None),
        (r#"{text: "OP"}"#.to_owned(), &["shop1", "shop2"], None),
        (r#"{text: "Of-Ti"}"#.to_owned(), &["till1", "till2"], None),
        (r#"{text: "%"}"#.to_owned(), &[], None),
        (format!("{{clusterUuids: [{}]}}", uuids(&[1, 3])), &["1", "acknowledged1", "hidden1", "shop1", "till1"], None),
        ("{clusterUuids: []}".to_owned(), &[], None),
        ("{totalRisk: [LOW]}".to_owned(), &["shop1", "till1"], None),
        ("{totalRisk: [CRITICAL LOW]}".to_owned(), &["shop1", "shop2", "till1"], None),
        ("{totalRisk: [MODERATE]}".to_owned(), &[], None),
        ("{totalRisk: [IMPORTANT]}".to_owned(), &[], Some(&["hidden1", "hidden2", "shop1", "shop2"] as &[&str])),
        (format!("{{totalRisk: [LOW], text: \"S\", clusterUuids: [{}]}}", uuids(&[1])), &["shop1"], None),
    ]
    .into_iter()
    .map(|(filter, plain, internal)| (filter, plain.to_vec(), internal.unwrap_or(plain).to_vec()))
    .collect();
    for database in each_database().await {
        let graph = graph(&database).await;
        for (filter, plain, with_internal) in &cases {
            for (viewer, expected) in [(member(1), plain), (Viewer::unrestricted(), with_internal)] {
                let query = format!(
                    "{{ organization(orgId: \"1\") {{ namespaces(filter: {filter}) {{ totalCount nodes {{ name cluster {{ uuid }} }} }} }} }}"
                );
                let found = data(&graph, &viewer, &query).await;
                assert_eq!(named(&found), *expected, "{filter} {viewer:?} on {}", database.name);
                assert_eq!(found["organization"]["namespaces"]["totalCount"], expected.len());
            }
        }
    }
}

#[tokio::test]
async fn namespaces_are_ordered_by_what_the_viewer_sees() {
    let by_name =
        ["1", "2", "acknowledged1", "acknowledged2", "hidden1", "hidden2", "shop1", "shop2", "till1", "till2"];
    for database in each_database().await {
        let graph = graph(&database).await;
        for (viewer, field, ascending, descending) in [
            (member(1), "NAME", by_name, {
                let mut names = ["till1", "till2", "shop1", "shop2", "hidden1", "hidden2"].to_vec();
                names.extend(["acknowledged1", "acknowledged2", "1", "2"]);
                names.try_into().expect("ten")
            }),
            // The first cluster has no name: its UUID is before "a shop".
            (
                member(1),
                "CLUSTER",
                ["1", "acknowledged1", "hidden1", "shop1", "till1", "2", "acknowledged2", "hidden2", "shop2", "till2"],
                ["2", "acknowledged2", "hidden2", "shop2", "till2", "1", "acknowledged1", "hidden1", "shop1", "till1"],
            ),
            (
                member(1),
                "LAST_CHECKED",
                ["1", "acknowledged1", "hidden1", "shop1", "till1", "2", "acknowledged2", "hidden2", "shop2", "till2"],
                ["2", "acknowledged2", "hidden2", "shop2", "till2", "1", "acknowledged1", "hidden1", "shop1", "till1"],
            ),
            (
                member(1),
                "RECOMMENDATIONS",
                ["acknowledged1", "hidden1", "acknowledged2", "hidden2", "1", "2", "shop2", "till2", "shop1", "till1"],
                ["shop1", "till1", "1", "2", "shop2", "till2", "acknowledged1", "hidden1", "acknowledged2", "hidden2"],
            ),
            (
                Viewer::unrestricted(),
                "RECOMMENDATIONS",
                ["acknowledged1", "acknowledged2", "1", "hidden1", "2", "hidden2", "till2", "till1", "shop2", "shop1"],
                ["shop1", "till1", "shop2", "1", "hidden1", "2", "hidden2", "till2", "acknowledged1", "acknowledged2"],
            ),
            (
                member(1),
                "OBJECTS",
                ["acknowledged1", "hidden1", "acknowledged2", "hidden2", "1", "till1", "2", "till2", "shop1", "shop2"],
                ["shop1", "shop2", "1", "till1", "2", "till2", "acknowledged1", "hidden1", "acknowledged2", "hidden2"],
            ),
            // Those without a risk are last in both directions.
            (
                member(1),
                "TOTAL_RISK",
                ["till1", "shop1", "shop2", "1", "acknowledged1", "hidden1", "2", "acknowledged2", "hidden2", "till2"],
                ["shop1", "shop2", "till1", "1", "acknowledged1", "hidden1", "2", "acknowledged2", "hidden2", "till2"],
            ),
        ] {
            for (direction, expected) in [("ASC", ascending), ("DESC", descending)] {
                let query = format!(
                    "{{ organization(orgId: \"1\") {{ namespaces(orderBy: {{field: {field}, direction: {direction}}}) {{
                        nodes {{ name cluster {{ uuid }} }} }} }} }}"
                );
                let mut expected = expected.to_vec();
                if field == "RECOMMENDATIONS" && viewer.organization().is_none() {
                    sort_by_recommendations(&mut expected, direction == "DESC");
                }
                assert_eq!(
                    named(&data(&graph, &viewer, &query).await),
                    expected,
                    "{field} {direction} on {}",
                    database.name
                );
            }
        }
    }
}

/// With internal ones: the numbers of recommendations, then the clusters, then the uids.
fn sort_by_recommendations(names: &mut [&str], descending: bool) {
    let count = |name: &str| match name {
        "shop1" => 3,
        "shop2" | "till1" => 2,
        "acknowledged1" | "acknowledged2" => 0,
        _ => 1,
    };
    let place = |name: &str| (name.chars().last(), name.to_owned());
    names.sort_by_key(|name| place(name));
    names.sort_by_key(|name| if descending { -count(name) } else { count(name) });
}
