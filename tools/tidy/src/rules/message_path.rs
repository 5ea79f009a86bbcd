//! How much there is to read for whoever follows one message from the socket to SQL.

use crate::{
    architecture::DOCUMENT,
    breach::Breach,
    project::{File, Project},
};

/// The rule's name, as exceptions say it.
const RULE: &str = "path";
/// How the paragraph begins that names the files.
const PARAGRAPH: &str = "A message's path is ";
/// So many lines of code are read at one sitting.
const LINES: usize = 1_800;

pub(super) fn breaches(project: &Project) -> Vec<Breach> {
    let Some(document) = project.file(DOCUMENT) else { return Vec::new() };
    let Some((before, paragraph)) = document.text.split_once(PARAGRAPH) else {
        return vec![document.breach(RULE, 1, format!("no paragraph begins with \"{PARAGRAPH}\""))];
    };
    let line = before.lines().count() + 1;
    let paragraph = paragraph.split("\n\n").next().unwrap_or_default();
    let names: Vec<&str> = paragraph.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return vec![document.breach(RULE, line, "no file is named, each in backticks")];
    }
    let mut breaches = Vec::new();
    let mut lines = 0;
    for name in names {
        match project.file(&format!("src/{name}")) {
            Some(file) => lines += lines_of_code(file),
            None => breaches.push(document.breach(RULE, line, format!("there is no src/{name}"))),
        }
    }
    if lines > LINES {
        let told = format!("{lines} lines of code on a message's path, of at most {LINES}");
        breaches.push(document.breach(RULE, line, told));
    }
    breaches
}

/// Lines that are neither blank nor a comment nor a test.
fn lines_of_code(file: &File) -> usize {
    let code = file.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::tests::project;

    fn told(names: &str, files: &[(&str, &str)]) -> Vec<String> {
        let document = format!("words\n\n{PARAGRAPH}these files: {names}.\n\nAnd `others.rs`.\n");
        let files = [&[(DOCUMENT, document.as_str())], files].concat();
        breaches(&project(&files)).into_iter().map(|breach| breach.told).collect()
    }

    #[test]
    fn code_is_counted_over_all_files_without_comments_and_tests() {
        let code = format!("//! Head.\n\n{}#[cfg(test)]\nmod tests {{}}\n", "    fn f() {}\n".repeat(LINES));
        assert_eq!(told("`a.rs`", &[("src/a.rs", &code)]), [""; 0]);
        let two = [("src/a.rs", code.as_str()), ("src/b.rs", "fn g() {}\n")];
        assert_eq!(told("`a.rs` and `b.rs`", &two), ["1801 lines of code on a message's path, of at most 1800"]);
    }

    #[test]
    fn a_file_that_is_gone_is_told() {
        assert_eq!(told("`a.rs`", &[]), ["there is no src/a.rs"]);
    }

    #[test]
    fn a_document_that_names_no_files_is_told() {
        assert_eq!(told("none", &[]).len(), 1);
        assert_eq!(breaches(&project(&[(DOCUMENT, "words\n")])).len(), 1);
    }
}
