//! Rules for test code: no test sleeps, and none is ignored.

use crate::{code::Located, project::Project, violation::Violation};

/// The one file that may sleep: it waits for conditions.
const WAIT_FILE: &str = "tests/end_to_end/harness/wait.rs";

pub(super) fn violations(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, code) in project.rust() {
        let in_tests = |name: &&Located<String>| file.is_test() || name.in_test;
        if file.path != WAIT_FILE && !file.path.starts_with("benches/") {
            let sleeps = |call: &&Located<String>| matches!(call.value.as_str(), "sleep" | "sleep_until");
            for call in code.calls.iter().filter(in_tests).filter(sleeps) {
                let message = format!("tests do not sleep: wait for a condition as in {WAIT_FILE}");
                violations.push(file.violation("sleep", call.line, message));
            }
        }
        for attribute in code.attributes.iter().filter(|attribute| attribute.value == "ignore") {
            violations.push(file.violation("ignored", attribute.line, "let the test run, or remove it"));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::test_code::violations};

    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        violations(&project(&[(path, text)])).into_iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn tests_sleep_in_the_one_file_only() {
        const SLEEPS: &str = "async fn f() { tokio::time::sleep(A).await }";
        assert_eq!(broken("tests/end_to_end/a.rs", SLEEPS), ["sleep"]);
        assert_eq!(broken("src/a/tests.rs", SLEEPS), ["sleep"]);
        assert_eq!(broken("src/a.rs", &format!("#[cfg(test)] mod tests {{ {SLEEPS} }}")), ["sleep"]);
        assert_eq!(broken("src/a.rs", SLEEPS), [""; 0]);
        assert_eq!(broken("tests/end_to_end/harness/wait.rs", SLEEPS), [""; 0]);
        assert_eq!(broken("tests/end_to_end/a.rs", "const A: &str = \"SELECT pg_sleep(1)\"; // sleep(1)"), [""; 0]);
    }

    #[test]
    fn no_test_is_ignored() {
        assert_eq!(broken("src/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"), ["ignored"]);
    }
}
