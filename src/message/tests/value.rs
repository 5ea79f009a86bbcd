//! The value as a whole: absent, compressed, too long, in another encoding, or invalid JSON.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::{message, outcome, parse};
use crate::message::{self, Kind, Limits, Reason};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

/// A good message of this many bytes.
fn padded(bytes: usize) -> Vec<u8> {
    let mut message = message(&[]).into_bytes();
    message.resize(bytes, b' ');
    message
}

#[test]
fn invalid_json_is_distinguished_from_json_in_another_encoding() {
    let good = message(&[]);
    let with_bytes = |replaced: &str, bytes: &[u8]| {
        let (before, after) = good.split_once(replaced).expect("the replaced text");
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    };
    for (name, bytes, expected) in [
        ("empty", vec![], "not_json"),
        ("one byte", vec![0], "not_json"),
        ("spaces", b"  ".to_vec(), "not_json"),
        ("random", (0..1_u32 << 20).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect(), "not_json"),
        ("Avro", b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema".to_vec(), "not_json"),
        ("Protobuf", b"\x08\x96\x01\x12\x07testing\xff".to_vec(), "not_json"),
        ("bad UTF-8 in an unknown key", with_bytes("\"OrgID\"", b"\"\xff\":0,\"OrgID\""), "invalid_utf8"),
        ("bad UTF-8 in details", with_bytes("{\"nodes\":[1]}", b"\"\xc3(\""), "invalid_utf8"),
        ("bad UTF-8 outside strings", with_bytes("\"OrgID\"", b"\xff\"OrgID\""), "not_json"),
        ("a surrogate in UTF-8", with_bytes("NODE", b"\xed\xa0\x80"), "invalid_utf8"),
    ] {
        assert_eq!(outcome(bytes), expected, "{name}");
    }
}

#[test]
fn a_tombstone_is_not_json() {
    let rejection = message::parse(Kind::Ocp, None, super::arrived_at(), &Limits::default()).expect_err("no value");
    assert_eq!(rejection.to_string(), "not_json: the value: expected JSON, found nothing");
}

#[test]
fn grammar_is_strict_and_checked_before_the_fields() {
    let good = message(&[]);
    let inside = good.trim_end_matches('}');
    for (text, expected) in [
        (format!(" \t\r\n{good}\n "), "ok"),
        (format!("\u{feff}{good}"), "not_json"),
        (format!("{good}{good}"), "not_json"),
        (format!("{good} x"), "not_json"),
        (format!("{inside},}}"), "not_json"),
        (inside.to_owned(), "not_json"),
        (format!("{good}/* a comment */"), "not_json"),
        (message(&[("Version", "NaN")]), "not_json"),
        (message(&[("Version", "01")]), "not_json"),
        (message(&[("x", "'single'")]), "not_json"),
        (message(&[("x", "\"a\nb\"")]), "not_json"),
        (message(&[("a\nb", "1")]), "not_json"),
        (message(&[("x", r#""\u12g4""#)]), "not_json"),
        // An invalid field at the start, invalid JSON at the end.
        (message(&[("OrgID", "\"1\""), ("x", "nul")]), "not_json"),
    ] {
        assert_eq!(outcome(&text), expected, "{text:.80}");
    }
}

#[test]
fn the_position_of_invalid_json_is_reported() {
    let rejection = parse("{\n \"OrgID\": x}").expect_err("no JSON");
    assert_eq!(rejection.to_string(), "not_json: line 2, column 11: expected JSON");
    let rejection = parse("{").expect_err("no JSON");
    assert_eq!(rejection.to_string(), "not_json: line 1, column 1: expected more, the text ends early");
}

#[test]
fn a_message_is_an_object() {
    for json in ["[]", "null", "1", "1e400", "\"{}\"", "true", r#""\ud800""#] {
        assert_eq!(outcome(json), "wrong_type", "{json}");
    }
    assert_eq!(outcome("{}"), "missing_field");
}

#[test]
fn the_limit_itself_is_within_the_limit() {
    let limit = Limits::default().message_bytes;
    for (bytes, expected) in [(limit, "ok"), (limit + 1, "too_large"), (50_000_000, "too_large")] {
        assert_eq!(outcome(padded(bytes)), expected, "{bytes} plain");
        assert_eq!(outcome(gzip(&padded(bytes))), expected, "{bytes} compressed");
    }
    // The length is checked before anything else.
    assert_eq!(outcome(vec![0xff; limit + 1]), "too_large");
}

#[test]
fn gzip_must_be_complete_and_valid() {
    let good = message(&[]).into_bytes();
    let packed = gzip(&good);
    let (head, tail) = good.split_at(good.len() / 2);
    let mut bad_crc = packed.clone();
    let crc = bad_crc.len() - 8;
    bad_crc[crc] ^= 1;
    for (name, bytes, expected) in [
        ("one member", packed.clone(), "ok"),
        ("two members", [gzip(head), gzip(tail)].concat(), "ok"),
        ("nested", gzip(&packed), "not_json"),
        ("truncated", packed[..packed.len() - 9].to_vec(), "not_json"),
        ("without its length", packed[..packed.len() - 4].to_vec(), "not_json"),
        ("a bad CRC", bad_crc, "not_json"),
        ("trailing garbage", [packed.clone(), b"garbage".to_vec()].concat(), "not_json"),
        ("nothing inside", gzip(b""), "not_json"),
        ("the first two bytes", vec![0x1f, 0x8b], "not_json"),
        ("bad UTF-8 inside", gzip(b"\"\xff\""), "invalid_utf8"),
    ] {
        assert_eq!(outcome(bytes), expected, "{name}");
    }
}

#[test]
fn a_gzip_bomb_is_rejected_at_the_limit() {
    let mebibyte = gzip(&vec![b' '; 1 << 20]);
    // Each member is small; together they inflate to 1 GiB.
    let bomb = mebibyte.repeat(1024);
    let rejection = parse(bomb).expect_err("a bomb");
    assert_eq!(rejection.reason, Reason::TooLarge);
    assert_eq!(rejection.detail, "the value: expected at most 20971520 bytes, also inflated");
}
