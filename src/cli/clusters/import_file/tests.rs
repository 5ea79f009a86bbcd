//! Both formats, with invalid and repeated lines.

use proptest::prelude::*;

use super::*;

const HEADER: &str = "org_id,uuid,display_name,managed,status";
const A: &str = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c";

fn csv(text: &str) -> ImportFile {
    ImportFile::parse(Format::Csv, text.as_bytes())
}

fn json(text: &str) -> ImportFile {
    ImportFile::parse(Format::JsonLines, text.as_bytes())
}

fn invalid(file: &ImportFile) -> Vec<(u64, Reason)> {
    file.invalid.iter().map(|invalid| (invalid.line, invalid.reason)).collect()
}

fn key(organization: &str, uuid: &str) -> ImportKey {
    (organization.parse().expect("an organization"), uuid.parse().expect("a UUID"))
}

fn values(name: &str, is_managed: bool, status: &str) -> ImportedValues {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    ImportedValues { display_name: text(name), is_managed, status: text(status) }
}

#[test]
fn both_formats_have_the_same_columns_in_any_order() {
    let expected = BTreeMap::from([
        (key("1", A), values("a, \"b\"\nc", true, "Active")),
        (key("4294967295", A), values("", false, "")),
    ]);
    let from_csv = csv(&format!(
        "\u{feff}managed, status ,org_id,display_name,uuid\r\ntrue,Active,1,\"a, \"\"b\"\"\nc\",{A}\r\n\r\nFALSE,,4294967295,,{A}\r\n"
    ));
    let from_json = json(&format!(
        "{}\n\n{}",
        format_args!(r#"{{"uuid":"{A}","org_id":"1","managed":true,"status":"Active","display_name":"a, \"b\"\nc"}}"#),
        format_args!(r#"{{"uuid":"{A}","org_id":4294967295,"managed":false,"status":null,"display_name":""}}"#),
    ));
    for file in [from_csv, from_json] {
        assert_eq!(file, ImportFile { clusters: expected.clone(), ..ImportFile::default() });
    }
}

#[test]
fn the_header_has_each_column_once_and_no_other() {
    for (header, reason) in [
        ("", Reason::NoHeader),
        (&format!("1,{A},name,true,Active"), Reason::NoHeader),
        ("org_id,uuid,display_name,managed", Reason::MissingColumn("status")),
        ("org_id,uuid,display_name,managed,status,state", Reason::UnknownColumn(6)),
        ("org_id,uuid,displayName,managed,status", Reason::UnknownColumn(3)),
        ("org_id,uuid,display_name,managed,status,uuid", Reason::RepeatedColumn("uuid")),
    ] {
        assert_eq!(invalid(&csv(header)), [(1, reason)], "{header}");
    }
    assert_eq!(csv(HEADER), ImportFile::default());
}

#[test]
fn every_invalid_line_is_reported_with_its_number_and_reason() {
    let long = "é".repeat(256);
    let file = csv(&format!(
        "{HEADER}\n0,{A},a,true,\n01,{A},a,true,\n4294967296,{A},a,true,\n1,x,a,true,\n1,{A},a,yes,\n1,{A},a,,\n\
         1,{A},{long},true,\n1,{A},a\0b,true,\n1,{A},a,true,{long}\n1,{A},a,true\n1,{A},{},true,Active\n",
        "é".repeat(255)
    ));
    let organization = Reason::Organization;
    let name = "display_name";
    assert_eq!(
        invalid(&file),
        [
            (2, organization),
            (3, organization),
            (4, organization),
            (5, Reason::Uuid),
            (6, Reason::Managed),
            (7, Reason::Managed),
            (8, Reason::TooLong(name)),
            (9, Reason::Nul(name)),
            (10, Reason::TooLong("status")),
            (11, Reason::WrongLength { found: 4, expected: 5 }),
        ]
    );
    assert_eq!(file.clusters.len(), 1, "the valid line");
    let text = file.invalid[0].to_string();
    assert_eq!(text, "line 2: org_id must be a whole number from 1 to 4294967295, without leading zeros");

    let mut bytes = format!("{HEADER}\n1,{A},").into_bytes();
    bytes.extend(b"\xff,true,\n");
    assert_eq!(invalid(&ImportFile::parse(Format::Csv, &bytes)), [(2, Reason::NotUtf8)]);
}

#[test]
fn a_json_line_has_each_column_and_no_other() {
    let line = |name: &str, value: &str| {
        let mut object =
            serde_json::json!({"org_id": 1, "uuid": A, "display_name": "a", "managed": true, "status": null});
        object[name] = serde_json::from_str(value).expect("JSON");
        object.to_string()
    };
    for (line, reason) in [
        ("[]".to_owned(), Reason::NotAnObject),
        ("{".to_owned(), Reason::NotAnObject),
        ("{}".to_owned(), Reason::MissingColumn("org_id")),
        (line("org_id", "1.0"), Reason::Organization),
        (line("org_id", "null"), Reason::WrongType("org_id")),
        (line("managed", "1"), Reason::WrongType("managed")),
        (line("managed", "null"), Reason::WrongType("managed")),
        (line("display_name", "7"), Reason::WrongType("display_name")),
        (line("display_name", r#""a\u0000""#), Reason::Nul("display_name")),
    ] {
        assert_eq!(invalid(&json(&line)), [(1, reason)], "{line}");
    }
    assert!(matches!(invalid(&json(&line("state", "1")))[..], [(1, Reason::UnknownColumn(_))]));
    assert_eq!(invalid(&json(&line("status", r#""Active""#))), []);
}

#[test]
fn the_last_line_of_a_cluster_counts_in_any_spelling() {
    let upper = A.to_uppercase();
    let simple = A.replace('-', "");
    let file = csv(&format!(
        "{HEADER}\n1,{A},a,true,\n2,{A},other,true,\n1,{upper},b,true,\n1,{{{A}}},c,true,\n1,{simple},d,false,\n"
    ));
    assert_eq!(file.clusters[&key("1", A)], values("d", false, ""));
    assert_eq!(file.clusters[&key("2", A)], values("other", true, ""));
    assert_eq!(file.repeated, [(2, 4), (4, 5), (5, 6)]);
    assert_eq!(file.invalid, []);
}

#[test]
fn the_format_is_that_of_the_name_or_of_the_first_character() {
    for (name, bytes, format) in [
        ("a.csv", "{", Format::Csv),
        ("a.JSONL", "org_id", Format::JsonLines),
        ("a.ndjson", "", Format::JsonLines),
        ("a", "\u{feff} \n{", Format::JsonLines),
        ("a.txt", "org_id", Format::Csv),
        ("a", "", Format::Csv),
    ] {
        assert_eq!(Format::of(Path::new(name), bytes.as_bytes()), format, "{name} {bytes}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(bytes: Vec<u8>) {
        for format in [Format::Csv, Format::JsonLines] {
            ImportFile::parse(format, &bytes);
        }
    }

    #[test]
    fn every_line_is_imported_replaced_or_invalid(lines in prop::collection::vec("[12],[0-9a-f]{32},[a-z]?,(true|no),", 0..20)) {
        let file = csv(&format!("{HEADER}\n{}\n", lines.join("\n")));
        prop_assert_eq!(file.clusters.len() + file.repeated.len() + file.invalid.len(), lines.len());
    }
}
