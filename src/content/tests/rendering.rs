//! Templates and details that try to break out of their text or to take long.

use std::{sync::Arc, time::Instant};

use serde_json::{Value, json};

use super::super::{Format, Template, render, render_in_background, render_plain};
use crate::domain::Details;

const CUT: &str = "… (cut off)";

fn template(text: &str) -> Arc<Template> {
    Arc::new(Template::parse(text).0)
}

fn both(text: &str, details: &Value) -> [String; 2] {
    let details = Details::from_checked(details.to_string());
    [Format::Markdown, Format::Html].map(|format| render(&template(text), Some(&details), format))
}

/// Fails if it takes as long as work that grows with the square of its input would: tens of times what the slowest of these
/// takes on a machine with nothing else to do, in a build without optimizations.
fn in_time<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    done
}

#[test]
fn a_loop_of_a_million_iterations_is_cut_off() {
    let list: Vec<u8> = vec![1; 1_000];
    let nested = "{{~ pydata :a }}{{~ pydata :b }}{{? a == 2 }}x{{?}}{{~}}{{~}}";
    let [markdown, html] = in_time(|| both(nested, &json!(list)));
    assert_eq!((markdown.as_str(), html.as_str()), (CUT, "<p>… (cut off)</p>\n"));
    let long: Vec<u8> = vec![1; 1_000_000];
    for body in [
        "{{=x}}",
        "",
        "*",
        "> ",
        "- {{=x}}\n",
        "`{{=x}}` ",
        "| {{=x}} ",
        "[{{=x}}](",
        "{{=x}}{{~ pydata :y }}{{=y}}{{~}}",
    ] {
        let [markdown, html] =
            in_time(|| both(&format!("Before {{{{~ pydata :x }}}}{body}{{{{~}}}} after"), &json!(long)));
        assert!(markdown.starts_with("Before ") && markdown.ends_with(CUT), "{body}");
        assert!(html.contains(CUT) && html.len() < 3 * 1024 * 1024, "{body}: {}", html.len());
    }
}

#[test]
fn output_is_bounded_in_bytes() {
    let details = json!({"text": "&".repeat(200_000), "list": vec![0; 1_000]});
    for text in [
        "{{=pydata.text}}{{=pydata.text}}",
        "{{~ pydata.list :x }}{{=pydata.text}}{{~}}",
        "{{=pydata.text + pydata.text}}",
    ] {
        let [markdown, html] = in_time(|| both(text, &details));
        assert!(markdown.ends_with(CUT) && markdown.matches("\\&").count() == 256 * 1024, "{}", markdown.len());
        assert!(html.contains(CUT) && html.len() < 2 * 1024 * 1024, "{}", html.len());
    }
    let columns = "| a ".repeat(2_000);
    let table = format!("{columns}\n{}\n{}", "|---".repeat(2_000), "a\n".repeat(100_000));
    let html = in_time(|| render_plain(&table, Format::Html));
    assert!(html.ends_with(&format!("<p>{CUT}</p>\n")) && html.len() < 2 * 1024 * 1024, "{}", html.len());
}

#[test]
fn text_is_complete_up_to_the_bound() {
    let text = "a".repeat(256 * 1024);
    assert_eq!(both(&text, &json!(null))[0], text);
    let [markdown, _] = both(&format!("{text}b"), &json!(null));
    assert_eq!(markdown, format!("{text}{CUT}"));
}

#[test]
fn a_thousand_nested_blocks_end_the_text_at_a_depth() {
    for (open, close) in [("{{? pydata }}x", "{{?}}"), ("{{~ pydata :a }}x", "{{~}}")] {
        let nested = |depth: usize| format!("before {}y{} after", open.repeat(depth), close.repeat(depth));
        let x = |depth: usize| "x".repeat(depth);
        assert_eq!(both(&nested(32), &json!([1]))[0], format!("before {}y after", x(32)));
        assert_eq!(both(&nested(1_000), &json!([1]))[0], format!("before {}{CUT}", x(32)));
        let unclosed = in_time(|| both(&open.repeat(10_000), &json!([1])));
        assert!(unclosed[0].starts_with(open) && unclosed[0].ends_with(CUT));
        in_time(|| both(&format!("{}{}", open.repeat(5_000), "{{?}}{{~}}".repeat(5_000)), &json!([1])));
    }
}

#[test]
fn deep_expressions_stay_as_written() {
    for (open, close) in
        [("(", ")"), ("!", ""), ("-", ""), ("pydata[", "]"), ("1 ? ", " : 2"), ("pydata.includes(", ")")]
    {
        for depth in [100, 10_000] {
            let text = format!("{{{{={}1{}}}}}", open.repeat(depth), close.repeat(depth));
            assert_eq!(in_time(|| both(&text, &json!([1])))[0], text, "{open}");
        }
    }
    let chain = |operator: &str, count: usize| format!("{{{{=pydata{}}}}}", format!("{operator}1").repeat(count));
    for operator in ["+", "&&", "||", "==", "<"] {
        assert!(!both(&chain(operator, 100), &json!(1))[0].contains("{{"), "{operator}");
        assert!(both(&chain(operator, 10_000), &json!(1))[0].starts_with("{{"), "{operator}");
    }
}

#[test]
fn a_megabyte_of_details_is_read_in_time() {
    let text = "x".repeat(1024 * 1024);
    let [markdown, html] = in_time(|| {
        both("A {{=pydata.list.length}} {{=pydata.a == pydata.b}}", &json!({"a": text, "b": text, "list": []}))
    });
    assert_eq!((markdown.as_str(), html.as_str()), ("A 0 true", "<p>A 0 true</p>\n"));
    let compare = "{{~ pydata.list :x }}{{? pydata.a == pydata.b }}y{{?}}{{~}}";
    let [markdown, _] = in_time(|| both(compare, &json!({"a": text, "b": text, "list": vec![0; 1_000]})));
    assert!(markdown.ends_with(CUT), "{markdown}");
    let deep = Details::from_checked(format!("{}1{}", "[".repeat(200), "]".repeat(200)));
    assert_eq!(render(&template("{{=pydata}}"), Some(&deep), Format::Markdown), "null");
}

#[test]
fn deep_markdown_is_written_in_time() {
    for text in
        [">".repeat(200_000), "- ".repeat(100_000), "*a **b ".repeat(30_000), "[".repeat(200_000), "![".repeat(100_000)]
    {
        let html = in_time(|| render_plain(&text, Format::Html));
        assert!(html.matches("<blockquote>").count() <= 64 && html.matches("<ul>").count() <= 64, "{}", html.len());
        in_time(|| both(&format!("{text}{{{{=pydata}}}}"), &json!("a")));
    }
}

#[test]
fn special_characters_of_html_are_written_in_time() {
    let special = "&<>\"".repeat(20_000);
    let [_, html] = in_time(|| both("{{=pydata}}", &json!(special)));
    assert_eq!(html, format!("<p>{}</p>\n", "&amp;&lt;&gt;\"".repeat(20_000)));
    let code = in_time(|| render_plain(&format!("    {}", "&".repeat(100_000)), Format::Html));
    assert_eq!(code, format!("<pre><code>{}</code></pre>\n", "&amp;".repeat(100_000)));
    let link = format!("[a](https://b.example/?{} \"{}\")\n\n", "&".repeat(900), "&\\\"<".repeat(9));
    let links = in_time(|| render_plain(&link.repeat(200), Format::Html));
    let one = format!(
        "<p><a href=\"https://b.example/?{}\" title=\"{}\" rel=\"noopener noreferrer\">a</a></p>\n",
        "&amp;".repeat(900),
        "&amp;&quot;&lt;".repeat(9),
    );
    assert_eq!(links.matches(&one).count(), 200, "{}", &links[..9_000]);
    let long = format!("[a](https://b.example/?{})", "&".repeat(2_100));
    assert_eq!(render_plain(&long, Format::Html), "<p>a</p>\n");
}

#[test]
fn a_character_that_represents_values_is_replaced() {
    let [markdown, html] = both("\u{F0000}\u{10FFFF} {{='\u{F0001}'}} {{=pydata}}", &json!("a\u{F0000}b"));
    assert_eq!(markdown, "\u{FFFD}\u{FFFD} \u{FFFD} a\u{F0000}b");
    assert_eq!(html, "<p>\u{FFFD}\u{FFFD} \u{FFFD} a\u{FFFD}b</p>\n");
}

#[test]
fn text_without_templates_is_as_written_or_sanitized() {
    let text = "# A {{=pydata.a}}\nc <script>x</script> [b](javascript:c) ![d](https://e.example/f.png)";
    assert_eq!(render_plain(text, Format::Markdown), text);
    let expected = "<h1>A {{=pydata.a}}</h1>\n<p>c &lt;script&gt;x&lt;/script&gt; b d</p>\n";
    assert_eq!(render_plain(text, Format::Html), expected);
}

#[tokio::test]
async fn texts_are_equal_in_the_background() {
    let list: Vec<u32> = (0..30_000).collect();
    for (text, details) in [
        ("{{=pydata.a}}".to_owned(), json!({"a": 1})),
        ("{{~ pydata.list :x }}{{=x}} {{~}}".to_owned(), json!({"list": &list[..3_000]})),
        ("{{~ pydata.list :x }}{{=x}} {{~}}".to_owned(), json!({"list": list})),
        ("{{~ pydata :x }}{{~ pydata :y }}{{=y}}{{~}}{{~}}".to_owned(), json!(&list[..1_000])),
        ("a ".repeat(10_000), json!(null)),
    ] {
        for (format, expected) in [Format::Markdown, Format::Html].into_iter().zip(both(&text, &details)) {
            let details = Details::from_checked(details.to_string());
            assert_eq!(render_in_background(&template(&text), Some(&details), format).await, expected);
        }
    }
}
