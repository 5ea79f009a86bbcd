//! The domain's words as columns hold them, so that a row can be read into a struct of them.

use sea_orm::{
    ColIdx, DbErr, QueryResult, TryGetError, TryGetable,
    prelude::{DateTimeUtc, Uuid},
};

use crate::domain::{ClusterId, Digest, OrgId, Selector, Timestamp};

/// A word, how a column holds it, and what to make of that.
macro_rules! stored {
    ($($word:ty, $name:literal: $column:ty => $read:expr;)*) => {$(
        impl TryGetable for $word {
            fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
                let not_ours = |_| TryGetError::DbErr(DbErr::Type(concat!($name, " that we could not have written").into()));
                <$column>::try_get_by(row, index).map($read)?.map_err(not_ours)
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
