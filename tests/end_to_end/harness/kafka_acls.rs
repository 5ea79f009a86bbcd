//! Rights of the user `service` on a broker with an authorizer. The client library has no calls for them, so this module
//! speaks Kafka's protocol itself, as superuser.

use std::{
    env,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use insights_results_aggregator::config;

use super::kafka::Topic;

/// Kafka's requests, in the oldest version that brokers still accept.
const CREATE_ACLS: i16 = 30;
const DELETE_ACLS: i16 = 31;
const VERSION: i16 = 1;
/// The user, who logs in at the listener for users without rights.
const USER: &str = "service";
const PASSWORD: &str = "limited";
const ALLOW: u8 = 3;
const LITERAL: u8 = 3;

/// What a right is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum On {
    Topic,
    Group,
}

/// What a right allows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub(crate) enum Right {
    All = 2,
    Read = 3,
    Describe = 8,
}

impl Topic {
    /// The configuration of a consumer that logs in as the user `service`.
    pub(crate) fn limited_settings(&self) -> config::Kafka {
        let brokers = env::var("TEST_KAFKA_LIMITED_BROKERS").expect(
            "TEST_KAFKA_LIMITED_BROKERS is not set: unset TEST_KAFKA_BROKERS, or export all variables of `make services`",
        );
        let mut kafka = self.settings();
        kafka.brokers = vec![brokers];
        kafka.security.protocol = config::SecurityProtocol::SaslPlaintext;
        kafka.security.sasl_mechanism = Some(config::SaslMechanism::Plain);
        USER.clone_into(&mut kafka.security.sasl_username);
        kafka.security.sasl_password = PASSWORD.to_owned().into();
        kafka
    }

    /// Grants the user a right on this topic or its group.
    pub(crate) fn grant(&self, on: On, right: Right) {
        let request = [&one()[..], &self.acl(on, right)].concat();
        self.send_acl_request(CREATE_ACLS, &request);
    }

    /// Withdraws a right that was granted.
    pub(crate) fn withdraw(&self, on: On, right: Right) {
        let request = [&one()[..], &self.acl(on, right)].concat();
        self.send_acl_request(DELETE_ACLS, &request);
    }

    /// An entry, which is its own filter.
    fn acl(&self, on: On, right: Right) -> Vec<u8> {
        let (resource, name) = match on {
            On::Topic => (2, &self.name),
            On::Group => (3, &self.group),
        };
        let principal = short_text(&format!("User:{USER}"));
        [&[resource][..], &short_text(name), &[LITERAL], &principal, &short_text("*"), &[right as u8, ALLOW]].concat()
    }

    fn send_acl_request(&self, key: i16, body: &[u8]) {
        let head = [&key.to_be_bytes()[..], &VERSION.to_be_bytes(), &[0; 4], &short_text("test")].concat();
        let request = [head, body.to_vec()].concat();
        let length = i32::try_from(request.len()).expect("short").to_be_bytes();
        let mut broker = TcpStream::connect(&self.settings().brokers[0]).expect("the broker");
        broker.write_all(&[&length[..], &request].concat()).expect("sent");
        let mut length = [0; 4];
        broker.read_exact(&mut length).expect("a response");
        let mut response = vec![0; usize::try_from(i32::from_be_bytes(length)).expect("a length")];
        broker.read_exact(&mut response).expect("a response");
        // The correlation id, the throttle time, the number of results, then the error code of the first.
        assert_eq!(response[12..14], [0, 0], "the broker accepts it: {response:?}");
    }
}

fn one() -> [u8; 4] {
    1_i32.to_be_bytes()
}

fn short_text(text: &str) -> Vec<u8> {
    [&i16::try_from(text.len()).expect("short").to_be_bytes()[..], text.as_bytes()].concat()
}
