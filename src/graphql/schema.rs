//! The schema and its SDL.

use async_graphql::{EmptySubscription, SDLExportOptions, SchemaBuilder, ValidationMode};

use super::{
    context::SchemaVersion,
    mutation::{ActionQueue, MaxCharacters, Mutation},
    query::Query,
    root::Root,
};
use crate::{config::Limits, domain::Digest};

/// The executable schema.
pub(super) type Schema = async_graphql::Schema<Root<Query>, Root<Mutation>, EmptySubscription>;

/// The levels to which the parser may recurse, so that no query overflows the stack.
const MAX_RECURSION: usize = 32;
/// Directives on one field. The guard bounds those of the whole request.
const MAX_FIELD_DIRECTIVES: usize = 5;

fn builder() -> SchemaBuilder<Root<Query>, Root<Mutation>, EmptySubscription> {
    Schema::build(Root(Query), Root(Mutation), EmptySubscription)
}

/// Builds the schema. Its limits are a second line of defense behind the guard; cost is counted by the guard alone.
pub(super) fn build(limits: &Limits) -> Schema {
    let version = SchemaVersion(format!("{:?}", Digest::of(sdl().as_bytes())));
    let builder = builder()
        .data(version)
        .data(MaxCharacters(limits.text_characters))
        .data(ActionQueue::new())
        .limit_depth(limits.query_depth)
        .limit_recursive_depth(MAX_RECURSION)
        .limit_directives(MAX_FIELD_DIRECTIVES)
        // Never Fast: it does not check a request's variables, so a misspelt filter would silently filter nothing.
        .validation_mode(ValidationMode::Strict);
    if limits.introspection { builder.finish() } else { builder.disable_introspection().disable_suggestions().finish() }
}

/// The schema's SDL, as it is checked in as `schema.graphql`.
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
