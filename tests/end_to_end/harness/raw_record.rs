//! A record with header names that are not UTF-8. Client libraries take names as text, so this module speaks Kafka's
//! protocol itself.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::kafka::Topic;

/// Kafka's produce request, in the oldest version that brokers still accept.
const PRODUCE: i16 = 0;
const VERSION: i16 = 3;
const ALL_REPLICAS: i16 = -1;
const TIMEOUT_MS: i32 = 10_000;
/// In the response, the length, the correlation id and the number of topics precede the topic's name.
const BYTES_BEFORE_NAME: usize = 12;

impl Topic {
    /// Sends a message to partition 0 with twelve headers, each with these bytes as its name.
    pub(crate) fn send_with_headers(&self, name: &[u8], value: &[u8]) {
        let mut broker = TcpStream::connect(&self.settings().brokers[0]).expect("the broker");
        broker.write_all(&with_length(&request(&self.name, &batch(name, value)))).expect("sent");
        let mut response = vec![0; BYTES_BEFORE_NAME + 2 + self.name.len() + 10];
        broker.read_exact(&mut response).expect("a response");
        assert_eq!(response[response.len() - 2..], [0, 0], "the broker accepts it");
    }
}

fn request(topic: &str, batch: &[u8]) -> Vec<u8> {
    let head = [&PRODUCE.to_be_bytes()[..], &VERSION.to_be_bytes(), &[0; 4], &short_text("test")].concat();
    let no_transaction = (-1_i16).to_be_bytes();
    let one = 1_i32.to_be_bytes();
    let partition = [&[0; 4][..], &with_length(batch)].concat();
    let topics = [&one[..], &short_text(topic), &one, &partition].concat();
    [&head[..], &no_transaction, &ALL_REPLICAS.to_be_bytes(), &TIMEOUT_MS.to_be_bytes(), &topics].concat()
}

/// A batch of one record, without a producer's identity.
fn batch(header: &[u8], value: &[u8]) -> Vec<u8> {
    let record = record(header, value);
    let times = [1_714_608_000_123_i64.to_be_bytes(); 2].concat();
    let no_producer = [0xff; 8 + 2 + 4];
    // Attributes, the last record's offset delta, timestamps, producer, one record.
    let checksummed = [&[0; 6][..], &times, &no_producer, &1_i32.to_be_bytes(), &record].concat();
    let (leader_epoch, magic) = ([0; 4], [2]);
    let body = [&leader_epoch[..], &magic, &crc32c(&checksummed).to_be_bytes(), &checksummed].concat();
    [&[0; 8][..], &with_length(&body)].concat()
}

fn record(header: &[u8], value: &[u8]) -> Vec<u8> {
    // Attributes, timestamp delta and offset delta, all 0; no key; headers with the value "v".
    let head = [&[0; 3][..], &varint(-1), &varint(len(value)), value, &varint(12)].concat();
    let header = [&varint(len(header))[..], header, &varint(1), b"v"].concat();
    let body = [head, header.repeat(12)].concat();
    [&varint(len(&body))[..], &body].concat()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&len(bytes).to_be_bytes()[..], bytes].concat()
}

fn short_text(text: &str) -> Vec<u8> {
    [&i16::try_from(text.len()).expect("short").to_be_bytes()[..], text.as_bytes()].concat()
}

fn len(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).expect("short")
}

/// A number in zigzag encoding, seven bits per byte, the lowest first.
fn varint(number: i32) -> Vec<u8> {
    let mut left = ((number << 1) ^ (number >> 31)).cast_unsigned();
    let mut bytes = vec![];
    loop {
        let [low, ..] = (left & 0x7f).to_le_bytes();
        left >>= 7;
        if left == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn crc32c(bytes: &[u8]) -> u32 {
    const CASTAGNOLI: u32 = 0x82f6_3b78;
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ CASTAGNOLI } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
