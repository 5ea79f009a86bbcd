//! Random templates and details.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use super::super::fuzzing::render_template;

/// Parts of templates with special meaning.
const TEMPLATE: [&str; 46] = [
    "{{=pydata.a}}",
    "{{=pydata.b}}",
    "{{!pydata.a}}",
    "{{=pydata.a[0]}}",
    "{{=pydata.l.join(\"`, `\")}}",
    "{{=pydata}}",
    "{{~ pydata.l :x:i }}",
    "{{=x}}",
    "{{=i}}",
    "{{~}}",
    "{{? pydata.a }}",
    "{{?? pydata.l }}",
    "{{??}}",
    "{{?}}",
    "{{",
    "}}",
    "{{=pydata.a == x || !i ? pydata.b : 1 + \"*\"}}",
    "`",
    "``",
    "```\n",
    "~~~ ",
    "\n",
    "\n\n",
    "    ",
    "> ",
    "- ",
    "1. ",
    "# ",
    "**",
    "_",
    "[a](",
    "[a]",
    ")",
    "![",
    "https://",
    "javascript:",
    "<b title=\"",
    "\">",
    "<",
    ">",
    "&",
    "\\",
    "\n[a]: ",
    "\n| a | b |\n|---|---|\n| ",
    " | ",
    "word ",
];
/// Parts of values with special meaning.
const VALUE: [&str; 30] = [
    "`",
    "```\n",
    "\n~~~\n",
    "<evil>",
    "<evil",
    ">",
    "](javascript:evil)",
    "[a](javascript:evil)",
    "![a](javascript:evil)",
    "javascript:evil",
    "\n\n",
    "\n",
    "# ",
    "- ",
    "1. ",
    "&lt;evil&gt;",
    "&#60;evil>",
    "*",
    "_",
    "|",
    "\\",
    " ",
    "\t",
    "\"",
    "onclick=evil",
    "<javascript:evil>",
    "\n[a]: javascript:evil\n",
    "<!--",
    "word",
    "]",
];

fn value() -> impl Strategy<Value = String> {
    vec(select(&VALUE[..]), 0..5).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn values_are_never_markup(
        template in vec(select(&TEMPLATE[..]), 0..20),
        a in value(),
        b in value(),
        list in vec(value(), 0..4),
    ) {
        let details = json!({"a": a, "b": b, "l": list});
        render_template(format!("{}\0{details}", template.concat()).as_bytes());
    }

    #[test]
    fn any_template_and_details_are_rendered(template in any::<String>(), parts in vec(select(&TEMPLATE[..]), 0..9)) {
        let text = format!("{template}{}{template}", parts.join(&template));
        for details in [json!(null), json!([1, [2, null]]), json!("text"), json!({"a": {"b": true}, "l": "chars"})] {
            render_template(format!("{}\0{details}", text.replace('\0', "")).as_bytes());
        }
    }
}
