//! Tests wait for what they wait for, and all of them run.

use crate::{breach::Breach, code::Seen, project::Project};

/// The one place that sleeps, for all tests that wait.
const WAITS: &str = "tests/end_to_end/harness/wait.rs";

pub(super) fn breaches(project: &Project) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (file, code) in project.rust() {
        let in_tests = |seen: &&Seen<String>| file.is_test() || seen.in_test;
        if file.path != WAITS && !file.path.starts_with("benches/") {
            let sleeps = |seen: &&Seen<String>| matches!(seen.what.as_str(), "sleep" | "sleep_until");
            for seen in code.calls.iter().filter(in_tests).filter(sleeps) {
                let told = format!("tests do not sleep: wait for a condition, as {WAITS} does");
                breaches.push(file.breach("sleep", seen.line, told));
            }
        }
        for seen in code.attributes.iter().filter(|seen| seen.what == "ignore") {
            breaches.push(file.breach("ignored", seen.line, "a test runs, or it is removed"));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use crate::{project::tests::project, rules::waiting::breaches};

    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        breaches(&project(&[(path, text)])).into_iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn tests_do_not_sleep_but_in_the_one_place() {
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
