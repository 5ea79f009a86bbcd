//! The prose of a file: its comments, its descriptions in GraphQL, and all of Markdown.
//!
//! The scanners know just enough of each language to skip strings.

mod scanner;

use std::path::Path;

use regex::{Regex, RegexBuilder};

use self::scanner::Scanner;

/// Replaces code between comments, so that no phrase matches across it.
const CODE: char = '`';

/// How a language marks prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    /// `//` and `/* */`; `'` begins a character or a lifetime.
    Rust,
    /// `//` and `/* */`; `'` and the backtick are quotes.
    JavaScript,
    /// `--`.
    Sql,
    /// `#` at the beginning of a word: TOML, YAML, shell and make.
    Hash,
    /// `#` and `"""`.
    GraphQl,
    /// All of the text.
    Markdown,
}

/// The prose of a file, each line with the number that it has in the file. Returns `None` for files without prose.
pub(crate) fn prose(path: &str, text: &str) -> Option<String> {
    let syntax = syntax(path, text)?;
    let mut scanner = Scanner::new(text);
    let raw = match syntax {
        Syntax::Rust => scanner.slashes(true),
        Syntax::JavaScript => scanner.slashes(false),
        Syntax::Sql => scanner.dashes(),
        Syntax::Hash => scanner.hashes(),
        Syntax::GraphQl => scanner.graphql(),
        Syntax::Markdown => text.to_owned(),
    };
    let lines = raw.lines().map(|line| if line.trim().is_empty() { CODE.to_string() } else { without_code(line) });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

fn syntax(path: &str, text: &str) -> Option<Syntax> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if matches!(name, "Cargo.lock" | "package-lock.json") || name.starts_with("LICENSE") {
        return None;
    }
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => Some(Syntax::Rust),
        Some("js" | "mjs" | "ts") => Some(Syntax::JavaScript),
        Some("sql" | "lua") => Some(Syntax::Sql),
        Some("toml" | "yml" | "yaml" | "sh" | "properties" | "dict") => Some(Syntax::Hash),
        Some("graphql") => Some(Syntax::GraphQl),
        Some("md") => Some(Syntax::Markdown),
        _ if name == "Makefile" || name.starts_with('.') || text.starts_with("#!") => Some(Syntax::Hash),
        _ => None,
    }
}

/// The line with each code span reduced to the backtick.
fn without_code(line: &str) -> String {
    let mut parts = line.split(CODE);
    let mut prose = parts.next().unwrap_or_default().to_owned();
    while let Some(code) = parts.next() {
        prose.push(CODE);
        match parts.next() {
            Some(after) => prose.push_str(after),
            // The span is not closed in this line.
            None => prose.push_str(code),
        }
    }
    prose
}

/// Compiles a pattern for whole words in prose, in either case. A space matches line breaks too.
///
/// # Errors
/// When the pattern is not a regular expression.
pub(crate) fn word_pattern(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!(r"\b(?:{})\b", pattern.replace(' ', r"\s+"))).case_insensitive(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the lines of a file's prose up to the last line with prose.
    #[track_caller]
    fn check(path: &str, text: &str, expected: &[&str]) {
        let found = prose(path, text).expect("a file with prose");
        let found = found.trim_end_matches(['`', '\n']);
        assert_eq!(found.lines().map(str::trim).collect::<Vec<_>>(), expected, "{path}: {text}");
    }

    #[test]
    fn prose_of_rust_is_its_comments() {
        check("a.rs", "//! Head.\n/// Doc.\nfn f() {} // after\n", &["Head.", "Doc.", "after"]);
        check("a.rs", "let a = \"// \\\" no\"; // yes\nlet b = r#\"\" // no\"#;", &["yes"]);
        check("a.rs", "let a = '\"'; // quote\nfn f<'a>(b: &'a str) {} // lifetime", &["quote", "lifetime"]);
        check("a.rs", "/* one /* two */\n three */ f() // four\n'\\'' // five", &["one  two", "three  four", "five"]);
    }

    #[test]
    fn prose_of_other_languages_is_their_comments() {
        check("a.js", "f('//'); // one\nconst u = `http://a`; /* two */", &["one", "two"]);
        check("a.sql", "-- One.\nSELECT '-- no' -- two\n", &["One.", "two"]);
        check("a.toml", "# One.\na = \"# no\" # two\nb = 'it#s'\n", &["One.", "two"]);
        check("bin/run", "#!/usr/bin/env bash\necho ${#a[@]} $# \"x # no\" # one\n", &["`", "one"]);
        check("Makefile", "help: ## lists\n\t@# quiet\n", &["lists", "quiet"]);
    }

    #[test]
    fn prose_of_graphql_is_descriptions_and_comments() {
        check("a.graphql", "# One.\n\"\"\"\nTwo.\n\"\"\"\ntype A { b(c: \"no\"): D }", &["One.", "`", "Two."]);
    }

    #[test]
    fn prose_of_markdown_is_all_but_code_spans() {
        check("a.md", "A `b` c.\n\n    d `e\n", &["A ` c.", "`", "d `e"]);
    }

    #[test]
    fn lock_files_and_licenses_have_no_prose() {
        for path in ["Cargo.lock", "web/package-lock.json", "LICENSE", "a.svg"] {
            assert_eq!(prose(path, "# words"), None, "{path}");
        }
    }
}
