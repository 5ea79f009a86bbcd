//! The schema, as introspection describes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::Graph;

const QUERY: &str = "{ __schema { queryType { name } mutationType { name } types {
    kind name possibleTypes { name }
    fields(includeDeprecated: true) { name args { ...Input } type { ...Reference } }
    inputFields { ...Input } enumValues(includeDeprecated: true) { name } } } }
    fragment Input on __InputValue { name type { ...Reference } }
    fragment Reference on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// All types of the schema by name, and the types of its operations.
pub(super) struct Schema {
    types: BTreeMap<String, Type>,
    /// Each operation with the name of its root type: first queries, then mutations, if there are any.
    pub(super) operations: Vec<(&'static str, String)>,
}

/// A type. Which parts it has depends on its kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Type {
    kind: String,
    name: String,
    fields: Option<Vec<Field>>,
    input_fields: Option<Vec<Input>>,
    enum_values: Option<Vec<Named>>,
    possible_types: Option<Vec<Named>>,
}

/// A field of an object type or an interface.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Field {
    pub(super) name: String,
    #[serde(rename = "args")]
    pub(super) arguments: Vec<Input>,
    #[serde(rename = "type")]
    returns: Reference,
}

/// An argument, or a field of an input object.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Input {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) ty: Reference,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// A type where it is used.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Reference {
    kind: String,
    name: Option<String>,
    #[serde(rename = "ofType")]
    of: Option<Box<Reference>>,
}

impl Reference {
    /// The type without "non-null".
    pub(super) fn nullable(&self) -> &Self {
        if self.is_required() { self.inside() } else { self }
    }

    /// The type of the items of a list.
    pub(super) fn items(&self) -> Option<&Self> {
        let nullable = self.nullable();
        (nullable.kind == "LIST").then(|| nullable.inside())
    }

    /// The name of the type inside all lists.
    pub(super) fn innermost(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.inside().innermost())
    }

    pub(super) fn is_required(&self) -> bool {
        self.kind == "NON_NULL"
    }

    fn inside(&self) -> &Self {
        self.of.as_deref().expect("the query reads as many levels as the schema has")
    }
}

/// As in the definition of a variable.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind.as_str() {
            "NON_NULL" => write!(f, "{}!", self.inside()),
            "LIST" => write!(f, "[{}]", self.inside()),
            _ => f.write_str(self.innermost()),
        }
    }
}

impl Field {
    /// The name of the returned type, inside all lists.
    pub(super) fn returns(&self) -> &str {
        self.returns.innermost()
    }

    pub(super) fn has_required_arguments(&self) -> bool {
        self.arguments.iter().any(|argument| argument.ty.is_required())
    }
}

impl Schema {
    pub(super) async fn read(graph: &Graph) -> Self {
        let mut answer = graph.query(QUERY).await;
        assert_eq!(answer.get("errors"), None);
        let schema = &mut answer["data"]["__schema"];
        let root = |name: &str| schema[name]["name"].as_str().map(str::to_owned);
        let operations = [("query", root("queryType")), ("mutation", root("mutationType"))];
        let types: Vec<Type> = serde_json::from_value(schema["types"].take()).expect("types");
        let types = types.into_iter().filter(|ty| !ty.name.starts_with("__"));
        Self {
            operations: operations.into_iter().filter_map(|(operation, name)| Some((operation, name?))).collect(),
            types: types.map(|ty| (ty.name.clone(), ty)).collect(),
        }
    }

    fn get(&self, name: &str) -> &Type {
        self.types.get(name).unwrap_or_else(|| panic!("the type {name} is described"))
    }

    /// The names of all object types.
    pub(super) fn objects(&self) -> BTreeSet<&str> {
        self.types.values().filter(|ty| ty.kind == "OBJECT").map(|ty| ty.name.as_str()).collect()
    }

    /// The names of the object types that queries reach.
    pub(super) fn objects_of_queries(&self) -> BTreeSet<&str> {
        let roots = self.operations.iter().filter(|(operation, _)| *operation == "query");
        let mut unread: Vec<_> = roots.map(|(_, root)| root.as_str()).collect();
        let mut reached = BTreeSet::new();
        while let Some(object) = unread.pop() {
            if reached.insert(object) {
                unread.extend(self.fields(object).iter().flat_map(|field| self.possible(field.returns())));
            }
        }
        reached
    }

    /// The object types that a value of this type may have; none for a scalar or an enum.
    pub(super) fn possible(&self, name: &str) -> Vec<&str> {
        let ty = self.get(name);
        match ty.kind.as_str() {
            "OBJECT" => vec![ty.name.as_str()],
            _ => ty.possible_types.iter().flatten().map(|named| named.name.as_str()).collect(),
        }
    }

    /// The fields of an object type.
    pub(super) fn fields(&self, object: &str) -> &[Field] {
        self.get(object).fields.as_deref().unwrap_or_default()
    }

    /// The fields of an input object.
    pub(super) fn inputs(&self, input: &str) -> Option<&[Input]> {
        self.get(input).input_fields.as_deref()
    }

    /// The values of an enum.
    pub(super) fn enum_values(&self, name: &str) -> Option<Vec<Value>> {
        let values = self.get(name).enum_values.as_ref()?;
        Some(values.iter().map(|value| json!(value.name)).collect())
    }

    /// A selection set of every field that needs no argument, with this many levels of objects.
    pub(super) fn selection(&self, object: &str, levels: usize) -> String {
        let fields = self.fields(object).iter().filter(|field| !field.has_required_arguments());
        let selected = fields.filter_map(|field| Some(format!("{}{}", field.name, self.below(field, levels - 1)?)));
        format!("{{ __typename {} }}", selected.collect::<Vec<_>>().join(" "))
    }

    /// What follows the name of a field in a selection with this many levels below it; `None` if they do not suffice.
    pub(super) fn below(&self, field: &Field, levels: usize) -> Option<String> {
        let possible = self.possible(field.returns());
        if possible.is_empty() {
            return Some(String::new());
        }
        let on = |object: &&str| format!("... on {object} {}", self.selection(object, levels));
        let fragments = || possible.iter().map(on).collect::<Vec<_>>().join(" ");
        (levels > 0).then(|| match possible.as_slice() {
            [object] => format!(" {}", self.selection(object, levels)),
            _ => format!(" {{ __typename {} }}", fragments()),
        })
    }

    /// For each type that a field may return, a fragment with this many levels; `None` for a scalar or an enum.
    pub(super) fn fragments(&self, field: &Field, levels: usize) -> Vec<Option<String>> {
        let on = |object: &str| Some(format!("fragment Selected on {object} {}", self.selection(object, levels)));
        match self.possible(field.returns()) {
            objects if objects.is_empty() => vec![None],
            objects => objects.into_iter().map(on).collect(),
        }
    }
}
