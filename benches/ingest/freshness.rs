//! The time from sent to stored at a low, steady rate.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rdkafka::producer::{BaseRecord, Producer as _};
use sea_orm::ConnectionTrait as _;
use sqlx::postgres::PgListener;

use super::{Method, ServiceProcess, config, connect, data::Wave, database_url, environment, topic};

/// Messages per second.
const RATE: u32 = 139;
/// Number of messages that are sent: half a minute.
const MESSAGES: u32 = 30 * RATE;
/// Number of messages at the start that are not measured, while connections open and statements are prepared.
const WARM_UP: u32 = 2 * RATE;
/// Number of messages that are sent to the idle service, one per second.
const SINGLE: u32 = 20;

/// Reports each stored cluster when its transaction is committed, once per transaction.
const NOTIFY: [&str; 2] = [
    "CREATE FUNCTION notify_stored() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN PERFORM pg_notify('stored', NEW.id::text); RETURN NULL; END $$",
    "CREATE TRIGGER stored AFTER INSERT OR UPDATE ON cluster FOR EACH ROW EXECUTE FUNCTION notify_stored()",
];

/// Prints the percentiles of the time from sent to stored, and the peak memory of the service. Continues in the
/// database of the last wave, with reports of new clusters.
pub(crate) async fn measure() {
    let url = database_url(Method::Service);
    let database = connect(url.as_str()).await;
    for statement in NOTIFY {
        database.execute_unprepared(statement).await.expect("the trigger is created");
    }
    let mut listener = PgListener::connect(url.as_str()).await.expect("connect");
    listener.listen("stored").await.expect("listen");

    let environment = environment(url.as_str(), Method::Service, "steady");
    let kafka = config(&environment).kafka;
    eprintln!("sent to stored ..");
    topic::create(&kafka, &kafka.ocp_topic, topic::PARTITIONS).await;
    let producer = topic::producer(&kafka, Duration::ZERO);
    let service = ServiceProcess::start(&environment);
    let first = Method::Service.messages();
    let send = |number: u32| {
        let message = Wave::First.message(first + number);
        let (key, value) = (message.cluster.to_string(), message.json());
        let record = BaseRecord::to(&kafka.ocp_topic).key(&key).payload(&value);
        let sent_at = Instant::now();
        producer.send(record).map_err(|(error, _)| error).expect("room in the queue");
        (key, sent_at)
    };

    // The consumer group forms while the first message waits.
    let mut single = Vec::new();
    for number in 0..=SINGLE {
        let (key, sent_at) = send(number);
        while listener.recv().await.expect("a notification").payload() != key {}
        single.push(sent_at.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    print("sent to stored, one message per second", &single[1..]);

    let mut interval = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut pending = HashMap::new();
    let (mut count, mut latencies) = (0, Vec::new());
    while count < MESSAGES || !pending.is_empty() {
        tokio::select! {
            _ = interval.tick(), if count < MESSAGES => {
                let (key, sent_at) = send(1 + SINGLE + count);
                pending.insert(key, (count, sent_at));
                count += 1;
            }
            notification = listener.recv() => {
                let stored = pending.remove(notification.expect("a notification").payload());
                if let Some((number, sent_at)) = stored && number >= WARM_UP {
                    latencies.push(sent_at.elapsed());
                }
            }
        }
    }
    print(&format!("sent to stored, {RATE} messages per second"), &latencies);
    println!("{:40} {:10.0}", "peak memory at that rate, MB", service.stop());
    producer.flush(Duration::from_secs(1)).expect("everything is delivered");
}

fn print(name: &str, latencies: &[Duration]) {
    let mut sorted = latencies.to_vec();
    sorted.sort();
    let percentile = |percent: usize| sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!("{name:40} p50 {:.1} ms, p99 {:.1} ms", percentile(50), percentile(99));
}
