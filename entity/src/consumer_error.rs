//! `consumer_error`: the messages that could not be ingested, each with the reason.

use sea_orm::entity::prelude::*;

/// One bad message. Its coordinates alone do not identify it: a topic that was deleted and created again starts at
/// offset 0.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consumer_error")]
pub struct Model {
    /// The topic of its first delivery.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub topic: String,
    /// Its partition there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partition: i32,
    /// Its offset there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic_offset: i64,
    /// Its timestamp in milliseconds, as Kafka reports it; -1 where it has none.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_timestamp: i64,
    /// xxh3-128 of its value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub value_digest: Vec<u8>,
    /// The length of its value in bytes.
    pub value_bytes: i64,
    /// Its key's first 256 bytes; null where it has none.
    pub message_key: Option<Vec<u8>>,
    /// When it was last rejected, by the service's clock.
    pub consumed_at: DateTimeUtc,
    /// The reason's code.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// The place of the error and what is expected there; never a byte of the message.
    #[sea_orm(column_type = "Text")]
    pub detail: String,
    /// How often it was rejected; more than once after replays.
    pub attempts: i32,
    /// When it was replayed after its last rejection, by the service's clock; null if it was not.
    pub replayed_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
