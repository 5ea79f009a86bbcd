//! Values of arguments.

use insights_results_aggregator::domain::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    introspected::{Field, Input, Reference, Schema},
    questions::Argument,
};

/// As many as an organization has clusters in the tests.
const SMALL_PAGE: usize = 4;

/// An argument of a field, or a field of an input object in one. Not one that is an input object itself.
#[derive(Clone)]
pub(super) struct Position {
    /// The object type that has the field.
    pub(super) object: String,
    pub(super) field: Field,
    /// The argument, and the fields of input objects in it.
    path: Vec<Input>,
}

/// The values that a position may have, apart from texts of the data.
pub(super) enum Values {
    /// A text that has the form of this scalar.
    Texts,
    /// These.
    Fixed(Vec<Value>),
}

impl Position {
    /// All positions of the schema.
    pub(super) fn all(schema: &Schema) -> Vec<Self> {
        let mut all = Vec::new();
        for object in schema.objects() {
            for field in schema.fields(object) {
                for argument in &field.arguments {
                    let path = vec![argument.clone()];
                    Self { object: object.to_owned(), field: field.clone(), path }.push_leaves(schema, &mut all);
                }
            }
        }
        all
    }

    fn push_leaves(self, schema: &Schema, all: &mut Vec<Self>) {
        let Some(inputs) = schema.inputs(self.ty().innermost()) else { return all.push(self) };
        for input in inputs {
            // An input object inside itself leads to the same fields.
            let is_inside_itself = self.path.iter().any(|outer| outer.ty.innermost() == input.ty.innermost());
            if schema.inputs(input.ty.innermost()).is_none() || !is_inside_itself {
                let path = self.path.iter().chain([input]).cloned().collect();
                Self { path, ..self.clone() }.push_leaves(schema, all);
            }
        }
    }

    /// As `Type.field(argument.inner)`.
    pub(super) fn name(&self) -> String {
        let path: Vec<_> = self.path.iter().map(|input| input.name.as_str()).collect();
        format!("{}.{}({})", self.object, self.field.name, path.join("."))
    }

    fn ty(&self) -> &Reference {
        &self.path.last().expect("a path has an argument").ty
    }

    /// Which values it may have.
    pub(super) fn values(&self, schema: &Schema) -> Values {
        let name = self.ty().innermost();
        match (schema.enum_values(name), name) {
            (Some(values), _) => Values::Fixed(values),
            (None, "Boolean") => Values::Fixed(vec![json!(true), json!(false)]),
            (None, "Int") => Values::Fixed(vec![json!(1), json!(100)]),
            (None, "Duration") => Values::Fixed(vec![json!("P36500D"), json!("PT0S")]),
            (None, _) => Values::Texts,
        }
    }

    /// Whether the value is a list.
    pub(super) fn is_list(&self) -> bool {
        self.ty().items().is_some()
    }

    /// Whether a text has the form of the position's scalar.
    pub(super) fn fits(&self, text: &str) -> bool {
        scalar(self.ty().innermost(), text).is_some()
    }

    /// The argument with these values at the position, of which there is one unless it is a list. What else the argument
    /// needs is filled with a text.
    pub(super) fn argument(&self, schema: &Schema, values: &[Value], text: &str) -> Argument {
        let leaf = if self.is_list() { json!(values) } else { values[0].clone() };
        let around = |value: Value, [outer, inner]: [&Input; 2]| {
            let inputs = schema.inputs(outer.ty.innermost()).unwrap_or_default();
            let mut members: Map<_, _> = filled(schema, inputs, text).unwrap_or_default();
            members.insert(inner.name.clone(), value);
            if outer.ty.items().is_some() { json!([members]) } else { json!(members) }
        };
        let value = self.path.windows(2).rev().fold(leaf, |value, pair| around(value, [&pair[0], &pair[1]]));
        Argument { name: self.path[0].name.clone(), ty: self.path[0].ty.to_string(), value }
    }
}

/// The argument for a small page, if the field has pages. Their default size would exceed the limits on long routes.
pub(super) fn small_page(field: &Field) -> Option<Argument> {
    page_from(field, "first")
}

/// The argument for a small page that ends before a cursor.
pub(super) fn small_page_before(field: &Field) -> Option<Argument> {
    page_from(field, "last")
}

fn page_from(field: &Field, end: &str) -> Option<Argument> {
    let argument = field.arguments.iter().find(|argument| argument.name == end)?;
    Some(Argument { name: argument.name.clone(), ty: argument.ty.to_string(), value: json!(SMALL_PAGE) })
}

/// The required arguments of a field, filled with a text; `None` if it does not have the form of one of them.
pub(super) fn required(schema: &Schema, arguments: &[Input], text: &str) -> Option<Vec<Argument>> {
    let arguments = arguments.iter().filter(|argument| argument.ty.is_required());
    let filled = arguments.map(|argument| {
        let value = filled_type(schema, &argument.ty, text)?;
        Some(Argument { name: argument.name.clone(), ty: argument.ty.to_string(), value })
    });
    filled.collect()
}

/// The required fields of an input object, filled with a text.
fn filled(schema: &Schema, inputs: &[Input], text: &str) -> Option<Map<String, Value>> {
    let required = inputs.iter().filter(|input| input.ty.is_required());
    required.map(|input| Some((input.name.clone(), filled_type(schema, &input.ty, text)?))).collect()
}

fn filled_type(schema: &Schema, ty: &Reference, text: &str) -> Option<Value> {
    let name = ty.innermost();
    let value = match (schema.inputs(name), schema.enum_values(name)) {
        (Some(inputs), _) => filled(schema, inputs, text)?.into(),
        (None, Some(values)) => values.into_iter().next()?,
        (None, None) => scalar(name, text)?,
    };
    Some(if ty.items().is_some() { json!([value]) } else { value })
}

/// A value of a scalar: the text if it has the scalar's form.
fn scalar(name: &str, text: &str) -> Option<Value> {
    let has_form = match name {
        "String" | "ID" | "JSON" => true,
        "UUID" => Uuid::parse_str(text).is_ok(),
        "DateTime" => text.parse::<Timestamp>().is_ok(),
        "URL" => url::Url::parse(text).is_ok(),
        "Boolean" => return Some(json!(true)),
        "Int" => return Some(json!(1)),
        "Duration" => return Some(json!("P36500D")),
        other => panic!("no values are known of the scalar {other}"),
    };
    has_form.then(|| json!(text))
}
