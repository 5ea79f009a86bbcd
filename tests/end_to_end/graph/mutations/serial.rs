//! The mutations of one request: performed in the order of the document, each complete before the next one.

use super::*;
use crate::harness::user_actions;

const ACKNOWLEDGE: &str = "acknowledgeRecommendation(input: { selector: \"ccx.rules.shared|KEY\", justification: ";
const STATE: &str = "recommendation { acknowledgement { justification } rating }
    acknowledgement { recommendation { acknowledgement { justification } } }";

#[tokio::test]
async fn each_mutation_sees_the_effects_of_those_before_it_and_not_of_those_after_it() {
    let document = format!(
        "mutation {{
            z: {ACKNOWLEDGE} \"one\" }}) {{ {STATE} }} type: __typename
            ...Rest
            a: {ACKNOWLEDGE} \"two\" }}) {{ {STATE} }}
            again: deleteAcknowledgement(input: {{ selector: \"{SHARED}\" }}) {{ userErrors {{ code }} }}
            z: {ACKNOWLEDGE} \"one\" }}) {{ clientMutationId }}
        }}
        fragment Rest on Mutation {{
            rate: rateRecommendation(input: {{ selector: \"{SHARED}\", rating: 1 }}) {{
                recommendation {{ acknowledgement {{ justification }} rating }} }}
            delete: deleteAcknowledgement(input: {{ selector: \"{SHARED}\" }}) {{
                recommendation {{ acknowledgement {{ justification }} rating }} }}
        }}"
    );
    let acknowledged = |text: &str| json!({ "justification": text });
    let state = |text: &str, rating: Value| {
        json!({ "recommendation": { "acknowledgement": acknowledged(text), "rating": rating },
            "acknowledgement": { "recommendation": { "acknowledgement": acknowledged(text) } } })
    };
    let mut first = state("one", json!(null));
    first["clientMutationId"] = json!(null);
    let expected = json!({ "data": {
        "z": first,
        "type": "Mutation",
        "rate": { "recommendation": { "acknowledgement": acknowledged("one"), "rating": 1 } },
        "delete": { "recommendation": { "acknowledgement": null, "rating": 1 } },
        "a": state("two", json!(1)),
        "again": { "userErrors": [] },
    } });
    for database in each_database().await {
        let graph = graph(&database).await;
        let text = graph.text(ann(), Request::new(&document)).await;
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(answer, expected, "{}", database.name);
        let keys = ["\"z\":", "\"type\":", "\"rate\":", "\"delete\":", "\"a\":", "\"again\":"];
        let places: Vec<_> = keys.iter().map(|key| text.find(key).expect("a key")).collect();
        assert!(places.is_sorted(), "{}: {text}", database.name);
    }
}

#[tokio::test]
async fn an_error_ends_the_request_and_what_was_done_before_remains() {
    let document = format!(
        "mutation($nul: String) {{
            one: rateRecommendation(input: {{ selector: \"{SHARED}\", rating: 1 }}) {{ rating }}
            two: acknowledgeRecommendation(input: {{ selector: \"{SHARED}\", justification: $nul }}) {{ clientMutationId }}
            three: rateRecommendation(input: {{ selector: \"{SHARED}\", rating: -1 }}) {{ rating }}
        }}"
    );
    for database in each_database().await {
        let graph = graph(&database).await;
        let answer = graph.query_as(ann(), &document, json!({ "nul": "\0" })).await;
        assert_eq!([&answer["data"], &answer["errors"][0]["path"]], [&json!(null), &json!(["two"])], "{answer}");
        let actions = user_actions(&database.connect().await).await;
        assert_eq!(actions.len(), 1, "{}: {actions:?}", database.name);
        assert!(actions.iter().all(|line| line.starts_with("rating 1 ") && line.contains("value: 1,")), "{actions:?}");
    }
}

#[tokio::test]
async fn a_refusal_does_not_end_the_request() {
    let document = format!(
        "mutation {{
            one: rateRecommendation(input: {{ selector: \"un|KNOWN\", rating: 1 }}) {{ rating userErrors {{ code }} }}
            two: rateRecommendation(input: {{ selector: \"{SHARED}\", rating: 1 }}) {{ rating userErrors {{ code }} }}
        }}"
    );
    let expected = json!({ "one": { "rating": null, "userErrors": [{ "code": "NOT_FOUND" }] },
        "two": { "rating": 1, "userErrors": [] } });
    for database in each_database().await {
        assert_eq!(graph(&database).await.data(ann(), &document).await, expected, "{}", database.name);
    }
}
