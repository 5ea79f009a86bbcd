//! Comments, descriptions and Markdown avoid the words of `words.toml`.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use serde::Deserialize;

use crate::{
    project::Project,
    prose::{prose, word_pattern},
    violation::Violation,
};

const RULE: &str = "words";
/// The list, which is not checked itself.
const LIST_PATH: &str = "tools/tidy/words.toml";
const LIST: &str = include_str!("../../words.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    word: Vec<Entry>,
}

/// An entry of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// A regular expression for whole words. A space matches line breaks too.
    pattern: String,
    /// What to write instead.
    write: String,
    /// Matches of the pattern inside of a match of this one are accepted.
    except: Option<String>,
}

/// An entry of the list, compiled.
struct Word {
    pattern: Regex,
    write: String,
    except: Option<Regex>,
}

pub(super) fn violations(project: &Project) -> Vec<Violation> {
    static WORDS: LazyLock<Vec<Word>> = LazyLock::new(words);
    let mut violations = Vec::new();
    for file in project.files.iter().filter(|file| file.path != LIST_PATH) {
        let Some(prose) = prose(&file.path, &file.text) else { continue };
        let found = WORDS.iter().flat_map(|word| word.find(&prose).map(|range| (range, &word.write)));
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(range, _)| range.start);
        for (range, write) in found {
            let line = 1 + prose[..range.start].matches('\n').count();
            let word = prose[range].split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            let violation = file.violation(RULE, line, format!("{word} -> {write}"));
            violations.push(Violation { word: Some(word), ..violation });
        }
    }
    violations
}

fn words() -> Vec<Word> {
    let list: List = toml::from_str(LIST).expect("words.toml is valid");
    let compile = |pattern: &str| word_pattern(pattern).expect("the patterns of words.toml are valid");
    list.word
        .into_iter()
        .map(|Entry { pattern, write, except }| Word {
            pattern: compile(&pattern),
            write,
            except: except.as_deref().map(compile),
        })
        .collect()
}

impl Word {
    /// Where the word is in this prose.
    fn find<'a>(&'a self, prose: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        let accepted = self.except.iter().flat_map(|except| except.find_iter(prose)).map(|found| found.range());
        let accepted: Vec<_> = accepted.collect();
        let is_accepted =
            move |range: &Range<usize>| accepted.iter().any(|it| it.start <= range.start && range.end <= it.end);
        self.pattern.find_iter(prose).map(|found| found.range()).filter(move |range| !is_accepted(range))
    }
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::words::violations};

    fn found(path: &str, text: &str) -> Vec<String> {
        violations(&project(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    /// The rejected words of a Markdown file.
    fn words(text: &str) -> Vec<String> {
        violations(&project(&[("a.md", text)])).into_iter().filter_map(|violation| violation.word).collect()
    }

    #[test]
    fn a_violation_has_the_line_the_word_and_the_replacement() {
        let text = "//! A.\nfn f() {} // it is done so\n// Anew: \"so\n/// many\"\n";
        assert_eq!(
            found("src/a.rs", text),
            [
                "src/a.rs:3: anew -> again [words]",
                "src/a.rs:3: so many -> up to N, at most N, this many, as many [words]"
            ]
        );
    }

    #[test]
    fn only_prose_is_checked() {
        assert_eq!(found("src/a.rs", "//! A `told` b.\nfn told() -> &str { \"anew\" }\n"), [""; 0]);
        assert_eq!(found("a.sql", "SELECT 'anew'\n"), [""; 0]);
        assert_eq!(found("tools/tidy/words.toml", "# anew\n"), [""; 0]);
        assert_eq!(found("Cargo.lock", "# anew\n"), [""; 0]);
        for path in ["a.sql", "a.toml", "a.js", "services/a.sh", "schema.graphql", "docs/a.md"] {
            let comment = match path {
                "a.sql" => "-- anew",
                "a.js" => "// anew",
                "schema.graphql" => "\"\"\"\nanew\n\"\"\"",
                _ => "# anew",
            };
            assert_eq!(found(path, comment).len(), 1, "{path}");
        }
    }

    #[test]
    fn phrases_do_not_continue_after_code_or_an_empty_line() {
        assert_eq!(words("so\n\nmany"), [""; 0]);
        assert_eq!(found("a.rs", "//! so\nfn f() {}\n// many\n"), [""; 0]);
    }

    #[test]
    fn letters_are_rejected_unless_dead_or_of_an_alphabet() {
        assert_eq!(words("It sends the letter and other letters."), ["letter", "letters"]);
        assert_eq!(words("Dead letters, a dead\nletter, lower-case letters, letters and digits."), [""; 0]);
    }

    #[test]
    fn a_unit_has_per_rather_than_an_article() {
        assert_eq!(
            words("It takes one statement a relation and a file a command."),
            ["one statement a relation", "a file a command"]
        );
        assert_eq!(words("One statement per relation. 100 messages a second. A list is a row."), [""; 0]);
    }

    #[test]
    fn invalid_is_said_without_no_and_none() {
        assert_eq!(words("What is no UUID, or is none, is refused."), ["is no", "is none"]);
        let good = "There is no row, there are none, it is no longer read, it is no more than 3, it is none of them.";
        assert_eq!(words(good), [""; 0]);
    }

    #[test]
    fn the_one_and_the_other_are_rejected_within_a_sentence() {
        assert_eq!(words("The one reads and\nthe other writes."), ["the one reads and the other"]);
        assert_eq!(words("The one reads. It calls the other."), [""; 0]);
    }

    #[test]
    fn plain_english_is_accepted() {
        for text in [
            "The value comes from the message and goes through the parser.",
            "The empty text stands for null. A long-standing, standalone process.",
            "See troubleshooting. An unwanted task.",
            "In place of the row. One with a name. It lets tests run in parallel. `told` and `asked` are names.",
        ] {
            assert_eq!(words(text), [""; 0], "{text}");
        }
    }
}
