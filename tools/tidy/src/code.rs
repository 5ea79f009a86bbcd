//! The tokens of Rust files that rules need: paths, strings, calls, attributes and modules, inside and outside of macros.
//!
//! Tokens suffice for the rules, so no grammar is parsed. Comments are not part of them; see `prose`.

mod reader;

use proc_macro2::LexError;

use self::reader::Reader;

/// The content of a file.
#[derive(Default)]
pub(crate) struct Code {
    /// The paths. Those of a `use` are expanded: `a::{b, c}` is two paths.
    pub(crate) paths: Vec<Located<Path>>,
    /// The string literals without their quotes, with escapes as written.
    pub(crate) strings: Vec<Located<String>>,
    /// The names before parentheses, mostly calls.
    pub(crate) calls: Vec<Located<String>>,
    /// The names of the attributes.
    pub(crate) attributes: Vec<Located<String>>,
    /// The inline modules.
    pub(crate) modules: Vec<Located<String>>,
}

/// A value with its position in a file.
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) line: usize,
    /// Whether it is below `#[cfg(test)]`.
    pub(crate) in_test: bool,
}

/// A path of at least one segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// A path in the crate, from its root, for `crate::a`, `self::a` and `super::super::a`.
    Inside(Vec<String>),
    /// Any other path, as written. It begins with a crate or with a name in the file's scope.
    Outside(Vec<String>),
}

impl Code {
    /// Parses a file's text. The path determines the module.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, LexError> {
        let mut reader = Reader::new(path);
        reader.read(text.parse()?);
        Ok(reader.into_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &str, text: &str) -> Code {
        Code::parse(path, text).expect("valid Rust")
    }

    /// The paths in `src/store/write.rs` with this text; those of the crate begin with `crate`.
    fn paths(text: &str) -> Vec<String> {
        let path = |located: Located<Path>| match located.value {
            Path::Inside(segments) => format!("crate::{}", segments.join("::")),
            Path::Outside(segments) => segments.join("::"),
        };
        code("src/store/write.rs", text).paths.into_iter().map(path).collect()
    }

    #[test]
    fn the_paths_of_a_use_are_expanded() {
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
    fn the_name_after_a_type_is_not_a_crate() {
        assert_eq!(paths("<A as b::C>::d(); Vec::<e::F>::g();"), ["b::C", "Vec", "e::F"]);
    }

    #[test]
    fn super_and_self_are_resolved() {
        assert_eq!(
            paths("use super::page::Page; use super::super::graphql;"),
            ["crate::store::page::Page", "crate::graphql"]
        );
        assert_eq!(
            paths("mod tests { use super::*; use super::super::super::http::x; }"),
            ["crate::store::write", "crate::http::x"]
        );
        assert_eq!(paths("use self::a::B;"), ["crate::store::write::a::B"]);
    }

    #[test]
    fn strings_have_their_lines_and_comments_are_skipped() {
        let text = "//! SELECT\n/// SELECT\nconst A: &str = \"SELECT \\\"1\\\"\";\nconst B: &str = r#\"WITH \"x\"\"#; // \"no\"";
        let strings: Vec<_> =
            code("src/a.rs", text).strings.into_iter().map(|located| (located.line, located.value)).collect();
        assert_eq!(strings, [(3, "SELECT \\\"1\\\"".to_owned()), (4, "WITH \"x\"".to_owned())]);
    }

    #[test]
    fn code_below_cfg_test_is_marked_as_test() {
        let text =
            "#[cfg(test)]\nuse a::B;\nfn f() { g(1) }\n#[cfg(test)]\nmod tests { fn h() { i(2) } }\nfn j() { k(3) }";
        let calls: Vec<_> =
            code("src/a.rs", text).calls.into_iter().map(|located| (located.value, located.in_test)).collect();
        let expected = [("f", false), ("g", false), ("h", true), ("i", true), ("j", false), ("k", false)];
        assert_eq!(calls, expected.map(|(name, in_test)| (name.to_owned(), in_test)));
    }
}
