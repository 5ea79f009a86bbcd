//! Reads domain types from the columns of a row.

use sea_orm::{
    ColIdx, DbErr, QueryResult, TryGetError, TryGetable,
    prelude::{DateTimeUtc, Uuid},
};

use crate::domain::{ClusterId, Digest, OrgId, Selector, Timestamp};

/// Implements `TryGetable` for a domain type, given the type of its column and the conversion from that.
macro_rules! stored {
    ($($domain:ty, $name:literal: $column:ty => $read:expr;)*) => {$(
        impl TryGetable for $domain {
            fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
                let message = concat!($name, " that this program does not write");
                let invalid = |_| TryGetError::DbErr(DbErr::Type(message.into()));
                <$column>::try_get_by(row, index).map($read)?.map_err(invalid)
            }
        }
    )*};
}

stored! {
    ClusterId, "a cluster's key": Uuid => ClusterId::try_from;
    OrgId, "an organization's number": i64 => OrgId::try_from;
    Timestamp, "a time": DateTimeUtc => Timestamp::try_from;
    Digest, "a digest": Vec<u8> => |bytes| Digest::try_from(bytes.as_slice());
    Selector, "a selector": String => |text| text.parse();
}
