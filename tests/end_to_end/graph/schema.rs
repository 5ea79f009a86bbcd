//! The schema as a text: the one that is checked in, described throughout, its lists in Relay's form.

use std::{collections::BTreeMap, fs};

use async_graphql::{
    Name, Positioned,
    parser::{
        parse_schema,
        types::{FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition},
    },
};
use insights_results_aggregator::graphql::sdl;

/// All types by their names.
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

/// Each field of a type with what it gives.
fn shape(defined: &TypeDefinition) -> BTreeMap<&str, String> {
    fields(defined).iter().map(|field| (field.node.name.node.as_str(), field.node.ty.node.to_string())).collect()
}

/// Each argument of a field with what it takes.
fn arguments(field: &FieldDefinition) -> BTreeMap<&str, String> {
    field.arguments.iter().map(|given| (given.node.name.node.as_str(), given.node.ty.node.to_string())).collect()
}

#[test]
fn the_schema_that_is_checked_in_is_the_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let checked_in = fs::read_to_string(path).expect("schema.graphql");
    assert!(
        checked_in == sdl(),
        "schema.graphql is not what the code says: run `make schema` and look at the difference"
    );
}

/// Collects what has no description.
#[derive(Default)]
struct Undescribed(Vec<String>);

impl Undescribed {
    fn look(&mut self, place: &str, description: Option<&Positioned<String>>) {
        if description.is_none_or(|text| text.node.trim().is_empty()) {
            self.0.push(place.to_owned());
        }
    }

    fn look_at_inputs(&mut self, owner: &str, inputs: &[Positioned<InputValueDefinition>]) {
        for input in inputs {
            self.look(&format!("{owner}.{}", input.node.name.node), input.node.description.as_ref());
        }
    }

    fn look_at(&mut self, name: &str, defined: &TypeDefinition) {
        self.look(name, defined.description.as_ref());
        for field in fields(defined) {
            let place = format!("{name}.{}", field.node.name.node);
            self.look(&place, field.node.description.as_ref());
            self.look_at_inputs(&place, &field.node.arguments);
        }
        match &defined.kind {
            TypeKind::Enum(listed) => {
                for value in &listed.values {
                    self.look(&format!("{name}.{}", value.node.value.node), value.node.description.as_ref());
                }
            }
            TypeKind::InputObject(input) => self.look_at_inputs(name, &input.fields),
            _ => {}
        }
    }
}

#[test]
fn everything_in_the_schema_is_described() {
    let mut undescribed = Undescribed::default();
    for (name, defined) in &types() {
        undescribed.look_at(name, defined);
    }
    assert_eq!(undescribed.0, Vec::<String>::new(), "these have no description");
}

#[test]
fn connections_have_the_form_of_relay() {
    let types = types();
    let connections: Vec<_> = types.keys().filter_map(|name| name.strip_suffix("Connection")).collect();
    assert!(connections.contains(&"Cluster"), "{connections:?}");
    for node in connections {
        let connection = shape(&types[&format!("{node}Connection")]);
        let expected = [
            ("edges", format!("[{node}Edge!]!")),
            ("nodes", format!("[{node}!]!")),
            ("pageInfo", "PageInfo!".to_owned()),
            ("totalCount", "Int!".to_owned()),
        ];
        assert_eq!(connection, BTreeMap::from(expected), "{node}Connection");
        let edge = BTreeMap::from([("cursor", "String!".to_owned()), ("node", format!("{node}!"))]);
        assert_eq!(shape(&types[&format!("{node}Edge")]), edge, "{node}Edge");
    }
    let page_info = [
        ("endCursor", "String"),
        ("hasNextPage", "Boolean!"),
        ("hasPreviousPage", "Boolean!"),
        ("startCursor", "String"),
    ];
    assert_eq!(shape(&types["PageInfo"]), page_info.map(|(name, gives)| (name, gives.to_owned())).into());
}

#[test]
fn every_field_that_gives_a_connection_takes_a_page_and_may_be_null() {
    let types = types();
    let mut found = Vec::new();
    for (name, defined) in &types {
        for field in fields(defined) {
            let gives = field.node.ty.node.to_string();
            if !gives.trim_end_matches('!').ends_with("Connection") {
                continue;
            }
            let place = format!("{name}.{}", field.node.name.node);
            assert!(!gives.ends_with('!'), "{place}: one failed load must leave the rest of the page");
            let arguments = arguments(&field.node);
            for (name, takes) in [("first", "Int"), ("after", "String"), ("last", "Int"), ("before", "String")] {
                assert_eq!(arguments.get(name).map(String::as_str), Some(takes), "{place}({name}:)");
            }
            found.push(place);
        }
    }
    assert_eq!(found, ["Cluster.history", "Organization.clusters", "Query.organizations", "Report.ruleHits"]);
}

#[test]
fn a_name_is_written_as_graphql_writes_names() {
    for (name, defined) in &types() {
        assert!(name.starts_with(char::is_uppercase), "{name}");
        for field in fields(defined) {
            let written = |name: &Name| name.starts_with(char::is_lowercase) && !name.contains('_');
            assert!(written(&field.node.name.node), "{name}.{}", field.node.name.node);
        }
    }
}
