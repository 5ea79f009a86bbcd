//! The schema as a whole, and its text.

use async_graphql::{EmptyMutation, EmptySubscription, SDLExportOptions, SchemaBuilder, ValidationMode};

use super::query::Query;
use crate::config::Limits;

/// The schema, ready to be asked.
pub(super) type Schema = async_graphql::Schema<Query, EmptyMutation, EmptySubscription>;

/// How deep the parser may recurse, so that no text overflows the stack.
const RECURSION: usize = 32;
/// Directives at one field; the whole request's are counted before.
const DIRECTIVES_A_FIELD: usize = 5;

fn builder() -> SchemaBuilder<Query, EmptyMutation, EmptySubscription> {
    Schema::build(Query, EmptyMutation, EmptySubscription)
}

/// Builds the schema. Its own limits are a second line behind the guard's; of cost the guard alone keeps account.
pub(super) fn build(limits: &Limits) -> Schema {
    let builder = builder()
        .limit_depth(limits.query_depth)
        .limit_recursive_depth(RECURSION)
        .limit_directives(DIRECTIVES_A_FIELD)
        // Never Fast: it does not check a request's variables, so a misspelt filter would silently be none.
        .validation_mode(ValidationMode::Strict);
    if limits.introspection { builder.finish() } else { builder.disable_introspection().disable_suggestions().finish() }
}

/// The schema's text, as it is checked in as `schema.graphql`.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .use_space_ident()
        .include_specified_by();
    let text = builder().finish().sdl_with_options(options);
    format!("{}\n", text.trim_end())
}
