//! Conditions that a text contains another one, which has no wildcards.

use sea_orm::{
    DbBackend,
    sea_query::{BinOper, Expr, ExprTrait as _, LikeExpr},
};

/// The column contains the text. Both are in lower case.
pub(super) fn contains(column: Expr, text: &str) -> Expr {
    let literal = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    column.like(LikeExpr::new(format!("%{literal}%")).escape('\\'))
}

/// The column contains the text, ignoring case. Of a column whose lower case is not stored: the
/// databases know that of ASCII only.
pub(super) fn contains_in_any_case(column: Expr, text: &str, backend: DbBackend) -> Expr {
    let parts = text.chars().map(|char| match cases(char) {
        cases if cases.len() > 1 => format!("[{}]", cases.into_iter().collect::<String>()),
        _ => literal(char, backend),
    });
    let pattern: String = parts.collect();
    match backend {
        DbBackend::Sqlite => column.binary(BinOper::Custom("GLOB"), Expr::val(format!("*{pattern}*"))),
        _ => column.binary(BinOper::Custom("~"), Expr::val(pattern)),
    }
}

/// A character in each case.
fn cases(char: char) -> Vec<char> {
    fn one(mut chars: impl Iterator<Item = char>) -> Option<char> {
        chars.next().filter(|_| chars.next().is_none())
    }
    let mut cases = vec![char];
    for other in [one(char.to_lowercase()), one(char.to_uppercase())].into_iter().flatten() {
        if !cases.contains(&other) {
            cases.push(other);
        }
    }
    cases
}

/// A character without its meaning in patterns.
fn literal(character: char, backend: DbBackend) -> String {
    match backend {
        DbBackend::Sqlite if matches!(character, '*' | '?' | '[') => format!("[{character}]"),
        DbBackend::Postgres if character.is_ascii_punctuation() => format!("\\{character}"),
        _ => character.to_string(),
    }
}
