//! Each rule of the header, with a header that breaks it, and properties over arbitrary bytes.

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::super::fuzzing::read_identity;
use super::*;

fn encoded(json: &str) -> String {
    STANDARD.encode(json)
}

fn read(header: &str) -> Result<Identity, Refusal> {
    Identity::from_headers([header.as_bytes()])
}

/// Reads an identity with these members.
fn read_json(identity: &Value) -> Result<Identity, Refusal> {
    read(&encoded(&json!({ "identity": identity }).to_string()))
}

fn user(identity: &Value) -> Option<(String, UserKind, Option<String>)> {
    let user = read_json(identity).expect("an identity").user?;
    Some((user.subject, user.kind, user.name))
}

fn person(subject: &str, name: Option<&str>) -> (String, UserKind, Option<String>) {
    (subject.to_owned(), UserKind::User, name.map(str::to_owned))
}

#[test]
fn a_header_of_the_gateway_is_read() {
    let header = r#"{"identity": {"account_number": "0369233", "org_id": "1", "type": "User",
        "user": {"username": "jdoe", "email": "j@example.com", "user_id": "1234", "is_org_admin": true},
        "internal": {"org_id": "1", "auth_time": 0}, "auth_type": "jwt-auth"}, "entitlements": {}}"#;
    let identity = read(&encoded(header)).expect("an identity");
    assert_eq!(identity.organization.to_string(), "1");
    assert!(identity.is_organization_administrator);
    let user = User { subject: "1234".to_owned(), kind: UserKind::User, name: Some("jdoe".to_owned()) };
    assert_eq!(identity.user, Some(user));
}

#[test]
fn a_service_account_is_a_user_of_its_own() {
    let account = json!({ "client_id": "b69eaf9e", "username": "service-account-b69eaf9e" });
    let identity = json!({ "org_id": "1", "type": "ServiceAccount", "service_account": account });
    let expected = ("b69eaf9e".to_owned(), UserKind::ServiceAccount, Some("service-account-b69eaf9e".to_owned()));
    assert_eq!(user(&identity), Some(expected.clone()));
    // Users without an id of their own, as gateways write them.
    for empty in [json!(null), json!({}), json!({ "user_id": null, "is_org_admin": true }), json!({ "user_id": "" })] {
        let mut identity = identity.clone();
        identity["user"] = empty;
        assert_eq!(user(&identity), Some(expected.clone()));
        assert!(!read_json(&identity).expect("an identity").is_organization_administrator, "{identity}");
    }
    let mut both = identity;
    both["user"] = json!({ "user_id": "1234" });
    assert_eq!(user(&both), Some(person("1234", None)), "the user's id is first");
}

#[test]
fn without_an_id_there_is_no_user() {
    let named = json!({ "username": "jdoe", "is_org_admin": true });
    for identity in [
        json!({ "org_id": "1" }),
        json!({ "org_id": "1", "user": named, "service_account": { "client_id": "" } }),
        json!({ "org_id": "1", "type": "System", "user": null, "service_account": null }),
    ] {
        assert_eq!(user(&identity), None, "{identity}");
        assert!(!read_json(&identity).expect("an identity").is_organization_administrator, "{identity}");
    }
    assert_eq!(user(&json!({ "org_id": "1", "user": { "user_id": "5", "username": "" } })), Some(person("5", None)));
}

#[test]
fn either_place_of_the_organization_is_enough() {
    for identity in [
        json!({ "org_id": "4294967295" }),
        json!({ "internal": { "org_id": "4294967295" } }),
        json!({ "org_id": null, "internal": { "org_id": "4294967295" } }),
        json!({ "org_id": "4294967295", "internal": {} }),
        json!({ "org_id": "4294967295", "internal": { "org_id": "4294967295" } }),
    ] {
        let organization = read_json(&identity).expect("an identity").organization;
        assert_eq!(organization.to_string(), "4294967295", "{identity}");
    }
}

#[test]
fn there_is_exactly_one_header() {
    let header = encoded(r#"{"identity":{"org_id":"1"}}"#);
    let header = header.as_bytes();
    assert_eq!(Identity::from_headers([]), Err(Refusal::Absent));
    assert_eq!(Identity::from_headers([header, header]), Err(Refusal::Repeated));
    assert_eq!(Identity::from_headers([header, b""]), Err(Refusal::Repeated));
    // As a proxy may merge two headers.
    assert_eq!(Identity::from_headers([[header, b",", header].concat().as_slice()]), Err(Refusal::NotBase64));
}

#[test]
fn a_header_has_at_most_8_kib() {
    let padded = |blanks: usize| encoded(&format!("{}{{\"identity\":{{\"org_id\":\"1\"}}}}", " ".repeat(blanks)));
    let json_bytes = MAX_HEADER_BYTES / 4 * 3;
    let longest = padded(json_bytes - 27);
    assert_eq!(longest.len(), MAX_HEADER_BYTES);
    assert!(read(&longest).is_ok());
    assert_eq!(read(&format!("{longest}A")), Err(Refusal::TooLong));
    assert_eq!(read(&padded(json_bytes)), Err(Refusal::TooLong));
}

#[test]
fn only_standard_base64_with_padding_is_decoded() {
    // Its encodings differ in each of the three alphabets.
    let json = r#"{"identity":{"org_id":"1","user":{"username":"~~~>>>???"}}}"#;
    let (standard, url_safe) = (encoded(json), URL_SAFE.encode(json));
    assert!(read(&standard).is_ok() && standard.contains('=') && standard != url_safe);
    for bad in [
        "",
        " ",
        "s3cr3t!",
        json,
        &url_safe,
        &STANDARD_NO_PAD.encode(json),
        &format!("{standard}="),
        &format!("{standard} "),
        &format!(" {standard}"),
        &format!("\"{standard}\""),
        &standard.replacen('e', "e\n", 1),
        "é",
    ] {
        let expected = if bad.is_empty() { Refusal::NotJson } else { Refusal::NotBase64 };
        assert_eq!(read(bad), Err(expected), "{bad:?}");
    }
    assert_eq!(Identity::from_headers([b"\xff\xfe".as_slice()]), Err(Refusal::NotBase64));
}

#[test]
fn only_json_is_read() {
    for bad in ["x", "{", r#"{"identity":{"org_id":"1"}} x"#, r#"{"identity":{"org_id":"1"},}"#, "{'identity':1}", ""] {
        assert_eq!(read(&encoded(bad)), Err(Refusal::NotJson), "{bad}");
    }
    for bytes in [b"\xff\xfe".as_slice(), b"{\"identity\":{\"org_id\":\"1\"},\"unused\":\"\xff\"}"] {
        assert_eq!(read(&STANDARD.encode(bytes)), Err(Refusal::NotJson), "{bytes:?}");
    }
}

#[test]
fn only_the_structure_of_an_identity_is_read() {
    for bad in [
        "1",
        "null",
        "\"1\"",
        "[]",
        r#"[["1",null,null,null]]"#,
        r#"{"identity":"1"}"#,
        r#"{"identity":["1",null,null,null]}"#,
        r#"{"identity":{"org_id":1}}"#,
        r#"{"identity":{"org_id":["1"]}}"#,
        r#"{"identity":{"org_id":"1","org_id":"2"}}"#,
        r#"{"identity":{"org_id":"1"},"identity":{"org_id":"2"}}"#,
        r#"{"identity":{"org_id":"1","internal":["1"]}}"#,
        r#"{"identity":{"org_id":"1","internal":{"org_id":1}}}"#,
        r#"{"identity":{"org_id":"1","user":{"user_id":1234}}}"#,
        r#"{"identity":{"org_id":"1","user":{"is_org_admin":"true"}}}"#,
        r#"{"identity":{"org_id":"1","service_account":"b69eaf9e"}}"#,
    ] {
        assert_eq!(read(&encoded(bad)), Err(Refusal::NotAnIdentity), "{bad}");
    }
}

#[test]
fn an_organization_is_required() {
    for bad in [json!({}), json!({ "org_id": null }), json!({ "internal": {} }), json!({ "account_number": "1" })] {
        assert_eq!(read_json(&bad), Err(Refusal::NoOrganization), "{bad}");
    }
    for bad in ["{}", r#"{"identity":null}"#, r#"{"org_id":"1"}"#] {
        assert_eq!(read(&encoded(bad)), Err(Refusal::NoOrganization), "{bad}");
    }
}

#[test]
fn an_organization_has_one_spelling() {
    for bad in ["0", "01", "4294967296", "", " 1", "1 ", "+1", "-1", "1.0", "x", "١"] {
        for identity in [json!({ "org_id": bad }), json!({ "internal": { "org_id": bad } })] {
            assert_eq!(read_json(&identity), Err(Refusal::InvalidOrganization), "{identity}");
        }
    }
}

#[test]
fn both_organizations_must_be_equal() {
    for (own, internal) in [("1", "2"), ("1", "01"), ("1", ""), ("", "1")] {
        let identity = json!({ "org_id": own, "internal": { "org_id": internal } });
        assert_eq!(read_json(&identity), Err(Refusal::UnequalOrganizations), "{identity}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), text: String) {
        read_identity(&bytes);
        read_identity(text.as_bytes());
    }

    #[test]
    fn a_header_with_one_byte_changed_is_read_or_refused(at in 0_usize..100, byte: u8) {
        let mut json = br#"{"identity":{"org_id":"1","user":{"user_id":"1234","username":"jdoe","is_org_admin":true}}}"#.to_vec();
        let at = at % json.len();
        json[at] = byte;
        read_identity(&json);
    }

    #[test]
    fn valid_identities_round_trip(
        number in 1_u32..,
        places in 1_usize..4,
        user_id in option::of("\\PC{1,20}"),
        client_id in option::of("\\PC{1,20}"),
        name in option::of("\\PC{1,20}"),
        is_org_admin: bool,
    ) {
        let organization = number.to_string();
        let mut identity = json!({
            "user": { "user_id": user_id, "username": name, "is_org_admin": is_org_admin },
            "service_account": { "client_id": client_id, "username": name },
        });
        if places & 1 != 0 {
            identity["org_id"] = json!(organization);
        }
        if places & 2 != 0 {
            identity["internal"] = json!({ "org_id": organization });
        }
        let read = read_json(&identity).expect("an identity");
        prop_assert_eq!(read.organization.to_string(), organization);
        prop_assert_eq!(read.is_organization_administrator, is_org_admin && user_id.is_some());
        let by_user = user_id.map(|id| (id, UserKind::User));
        let expected = by_user.or(client_id.map(|id| (id, UserKind::ServiceAccount)));
        let expected = expected.map(|(subject, kind)| User { subject, kind, name });
        prop_assert_eq!(read.user, expected);
    }
}
