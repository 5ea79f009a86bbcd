//! The SDL: it equals the one that is checked in, has descriptions throughout, and its lists are Relay connections.

use std::{collections::BTreeMap, fs};

use async_graphql::{
    Name, Positioned,
    parser::{
        parse_schema,
        types::{FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
    },
};
use insights_results_aggregator::graphql::sdl;

/// All types by name.
fn types() -> BTreeMap<String, TypeDefinition> {
    let document = parse_schema(sdl()).expect("the SDL is GraphQL");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(defined) => Some((defined.node.name.node.to_string(), defined.node)),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    types.collect()
}

fn fields(defined: &TypeDefinition) -> &[Positioned<FieldDefinition>] {
    match &defined.kind {
        TypeKind::Object(object) => &object.fields,
        TypeKind::Interface(interface) => &interface.fields,
        _ => &[],
    }
}

/// The type of each field of a type.
fn shape(defined: &TypeDefinition) -> BTreeMap<&str, String> {
    fields(defined).iter().map(|field| (field.node.name.node.as_str(), field.node.ty.node.to_string())).collect()
}

/// The type of each argument of a field.
fn arguments(field: &FieldDefinition) -> BTreeMap<&str, String> {
    field
        .arguments
        .iter()
        .map(|argument| (argument.node.name.node.as_str(), argument.node.ty.node.to_string()))
        .collect()
}

#[test]
fn the_checked_in_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let checked_in = fs::read_to_string(path).expect("schema.graphql");
    assert!(checked_in == sdl(), "schema.graphql differs from the code: run `make schema` and review the difference");
}

/// Collects the elements without a description.
#[derive(Default)]
struct Undescribed(Vec<String>);

impl Undescribed {
    fn check(&mut self, place: &str, description: Option<&Positioned<String>>) {
        if description.is_none_or(|text| text.node.trim().is_empty()) {
            self.0.push(place.to_owned());
        }
    }

    fn check_inputs(&mut self, owner: &str, inputs: &[Positioned<InputValueDefinition>]) {
        for input in inputs {
            self.check(&format!("{owner}.{}", input.node.name.node), input.node.description.as_ref());
        }
    }

    fn check_type(&mut self, name: &str, defined: &TypeDefinition) {
        self.check(name, defined.description.as_ref());
        for field in fields(defined) {
            let place = format!("{name}.{}", field.node.name.node);
            self.check(&place, field.node.description.as_ref());
            self.check_inputs(&place, &field.node.arguments);
        }
        match &defined.kind {
            TypeKind::Enum(listed) => {
                for value in &listed.values {
                    self.check(&format!("{name}.{}", value.node.value.node), value.node.description.as_ref());
                }
            }
            TypeKind::InputObject(input) => self.check_inputs(name, &input.fields),
            _ => {}
        }
    }
}

#[test]
fn everything_in_the_schema_is_described() {
    let mut undescribed = Undescribed::default();
    for (name, defined) in &types() {
        undescribed.check_type(name, defined);
    }
    assert_eq!(undescribed.0, Vec::<String>::new(), "these have no description");
}

#[test]
fn connections_follow_relays_specification() {
    let types = types();
    let connections: Vec<_> = types.keys().filter_map(|name| name.strip_suffix("Connection")).collect();
    assert!(connections.contains(&"Cluster"), "{connections:?}");
    for node in connections {
        let connection = shape(&types[&format!("{node}Connection")]);
        let (edge, node) = (node, if node == "ImpactedCluster" { "Cluster" } else { node });
        let expected = [
            ("edges", format!("[{edge}Edge!]!")),
            ("nodes", format!("[{node}!]!")),
            ("pageInfo", "PageInfo!".to_owned()),
            ("totalCount", "Int!".to_owned()),
        ];
        assert_eq!(connection, BTreeMap::from(expected), "{edge}Connection");
        let mut expected = BTreeMap::from([("cursor", "String!".to_owned()), ("node", format!("{node}!"))]);
        if edge == "ImpactedCluster" {
            let further = [
                ("ruleHit", "RuleHit"),
                ("impactedSince", "DateTime"),
                ("disabledAt", "DateTime"),
                ("justification", "String"),
            ];
            expected.extend(further.map(|(name, ty)| (name, ty.to_owned())));
        }
        assert_eq!(shape(&types[&format!("{edge}Edge")]), expected, "{edge}Edge");
    }
    let page_info = [
        ("endCursor", "String"),
        ("hasNextPage", "Boolean!"),
        ("hasPreviousPage", "Boolean!"),
        ("startCursor", "String"),
    ];
    assert_eq!(shape(&types["PageInfo"]), page_info.map(|(name, ty)| (name, ty.to_owned())).into());
}

#[test]
fn every_connection_field_has_page_arguments_and_is_nullable() {
    let types = types();
    let mut found = Vec::new();
    for (name, defined) in &types {
        for field in fields(defined) {
            let ty = field.node.ty.node.to_string();
            if !ty.trim_end_matches('!').ends_with("Connection") {
                continue;
            }
            let place = format!("{name}.{}", field.node.name.node);
            assert!(!ty.ends_with('!'), "{place}: one failed load must leave the rest of the page");
            let arguments = arguments(&field.node);
            for (name, ty) in [("first", "Int"), ("after", "String"), ("last", "Int"), ("before", "String")] {
                assert_eq!(arguments.get(name).map(String::as_str), Some(ty), "{place}({name}:)");
            }
            found.push(place);
        }
    }
    let expected = [
        "Cluster.history",
        "Cluster.namespaces",
        "GatheringRequest.ruleHits",
        "Namespace.recommendations",
        "Organization.acknowledgements",
        "Organization.clusterToggles",
        "Organization.clusters",
        "Organization.namespaces",
        "Organization.recommendations",
        "Query.organizations",
        "Query.recommendations",
        "Recommendation.clusterToggles",
        "Recommendation.impactedClusters",
        "Report.ruleHits",
        "WorkloadRecommendation.objects",
    ];
    assert_eq!(found, expected);
}

/// Relay's conventions, and the errors that are data.
#[test]
fn a_mutation_has_one_input_and_a_payload_with_user_errors() {
    let types = types();
    let mutations = fields(&types["Mutation"]);
    assert_eq!(mutations.len(), 6);
    for Positioned { node: mutation, .. } in mutations {
        let name = &mutation.name.node;
        let arguments = arguments(mutation);
        let (argument, input) = arguments.first_key_value().expect("an argument");
        assert_eq!((arguments.len(), *argument), (1, "input"), "{name}");
        let input = input.strip_suffix("Input!").unwrap_or_else(|| panic!("{name} has the input {input}"));
        assert_eq!(input[..1].to_lowercase() + &input[1..], name.as_str());
        let TypeKind::InputObject(fields) = &types[&format!("{input}Input")].kind else { panic!("{input}Input") };
        let client_id = fields.fields.iter().find(|field| field.node.name.node == "clientMutationId");
        assert_eq!(client_id.expect("an id").node.ty.node.to_string(), "String", "{name}");

        let payload = mutation.ty.node.to_string();
        let payload = payload.strip_suffix('!').unwrap_or_else(|| panic!("{name} may be null"));
        assert!(payload.ends_with("Payload"), "{name} returns {payload}");
        for (field, ty) in shape(&types[payload]) {
            match field {
                "userErrors" => assert_eq!(ty, "[UserError!]!", "{payload}"),
                "results" => assert!(ty.ends_with("!]!"), "{payload}"),
                _ => assert!(!ty.ends_with('!'), "{payload}.{field} is null if the action was refused"),
            }
        }
        assert!(shape(&types[payload]).contains_key("clientMutationId"), "{payload}");
    }
}

#[test]
fn names_follow_the_conventions_of_graphql() {
    for (name, defined) in &types() {
        assert!(name.starts_with(char::is_uppercase), "{name}");
        for field in fields(defined) {
            let is_camel_case = |name: &Name| name.starts_with(char::is_lowercase) && !name.contains('_');
            assert!(is_camel_case(&field.node.name.node), "{name}.{}", field.node.name.node);
        }
    }
}
