//! Rust as its lexer sees it: without comments, and in macros as well as outside.
//!
//! No grammar is needed for what the rules ask: which paths are named, which texts are written, what is called.

mod reader;

use proc_macro2::LexError;

use self::reader::Reader;

/// What a file holds.
#[derive(Default)]
pub(crate) struct Code {
    /// The paths it names. Those of a `use` are taken apart; `a::{b, c}` is two.
    pub(crate) paths: Vec<Seen<Path>>,
    /// Its string literals, without quotes, escapes as they are written. Comments are none.
    pub(crate) texts: Vec<Seen<String>>,
    /// The names before parentheses: calls, mostly.
    pub(crate) calls: Vec<Seen<String>>,
    /// The first words of its attributes.
    pub(crate) attributes: Vec<Seen<String>>,
    /// The modules it has inside.
    pub(crate) modules: Vec<Seen<String>>,
}

/// Something in a file.
pub(crate) struct Seen<T> {
    pub(crate) what: T,
    pub(crate) line: usize,
    /// Is it below `#[cfg(test)]`?
    pub(crate) in_test: bool,
}

/// A path of at least one segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// In the crate, from its root on, however it was written: `crate::a`, `super::super::a`.
    Inside(Vec<String>),
    /// As it was written: it begins with a crate, or with a name that the file knows.
    Outside(Vec<String>),
}

impl Code {
    /// What this text holds, as the file of this path.
    pub(crate) fn of(path: &str, text: &str) -> Result<Self, LexError> {
        let mut reader = Reader::new(path);
        reader.read(text.parse()?);
        Ok(reader.into_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str, text: &str) -> Code {
        Code::of(path, text).expect("Rust")
    }

    /// The paths of a text in `src/store/write.rs`, those of the crate with `crate` before them.
    fn paths(text: &str) -> Vec<String> {
        let path = |seen: Seen<Path>| match seen.what {
            Path::Inside(segments) => format!("crate::{}", segments.join("::")),
            Path::Outside(segments) => segments.join("::"),
        };
        code("src/store/write.rs", text).paths.into_iter().map(path).collect()
    }

    #[test]
    fn the_paths_of_a_use_are_taken_apart() {
        assert_eq!(
            paths("pub use crate::{domain::{OrgId, report::Report as R}, identity::*};\nuse rdkafka;"),
            ["crate::domain::OrgId", "crate::domain::report::Report", "crate::identity", "rdkafka"]
        );
    }

    #[test]
    fn paths_are_found_in_expressions_attributes_and_macros() {
        let text = "#[derive(sea_orm::X)] fn f(a: axum::B) -> ::entity::C { a.b::<d::E>(); assert_eq!(0..g::H, 1) }";
        assert_eq!(paths(text), ["sea_orm::X", "axum::B", "entity::C", "d::E", "g::H"]);
    }

    #[test]
    fn what_follows_a_type_is_no_crate() {
        assert_eq!(paths("<A as b::C>::d(); Vec::<e::F>::g();"), ["b::C", "Vec", "e::F"]);
    }

    #[test]
    fn ways_upwards_are_followed() {
        assert_eq!(
            paths("use super::page::Slice; use super::super::graphql;"),
            ["crate::store::page::Slice", "crate::graphql"]
        );
        assert_eq!(
            paths("mod tests { use super::*; use super::super::super::http::x; }"),
            ["crate::store::write", "crate::http::x"]
        );
        assert_eq!(paths("use self::fold::Steps;"), ["crate::store::write::fold::Steps"]);
    }

    #[test]
    fn comments_are_no_texts_and_texts_are_told_with_their_lines() {
        let text = "//! SELECT\n/// SELECT\nconst A: &str = \"SELECT \\\"1\\\"\";\nconst B: &str = r#\"WITH \"x\"\"#; // \"no\"";
        let texts: Vec<_> = code("src/a.rs", text).texts.into_iter().map(|seen| (seen.line, seen.what)).collect();
        assert_eq!(texts, [(3, "SELECT \\\"1\\\"".to_owned()), (4, "WITH \"x\"".to_owned())]);
    }

    #[test]
    fn what_stands_below_cfg_test_is_known_as_a_test() {
        let text =
            "#[cfg(test)]\nuse a::B;\nfn f() { g(1) }\n#[cfg(test)]\nmod tests { fn h() { i(2) } }\nfn j() { k(3) }";
        let calls: Vec<_> = code("src/a.rs", text).calls.into_iter().map(|seen| (seen.what, seen.in_test)).collect();
        let told = [("f", false), ("g", false), ("h", true), ("i", true), ("j", false), ("k", false)];
        assert_eq!(calls, told.map(|(name, in_test)| (name.to_owned(), in_test)));
    }
}
