//! `@listSize`: the bound of a list without pages.

use async_graphql::{TypeDirective, Value, parser::types::ConstDirective};

/// The bound that a directive of the schema's text states; `None` if it is another directive.
pub(super) fn read(directive: &ConstDirective) -> Option<usize> {
    let argument = directive.get_argument("assumedSize").filter(|_| directive.name.node == "listSize")?;
    if let Value::Number(size) = &argument.node { size.as_u64()?.try_into().ok() } else { None }
}

/// The most items of a list without pages. The cost of a request counts the list as one of this length.
#[TypeDirective(name = "listSize", location = "FieldDefinition")]
pub(super) fn list_size(assumed_size: usize) {}
