//! What happens to the log of a partition beside its consumers: a disk damages it, retention removes its beginning.

use std::{
    env, fs,
    fs::OpenOptions,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use rdkafka::{Offset, TopicPartitionList, admin::AdminOptions};

use super::kafka::{Topic, admin};

/// Of a batch: the first offset, its length, the leader's epoch, the format, the checksum.
const LENGTH_AT: usize = 8;
const HEADER_BYTES: usize = 12;

impl Topic {
    /// Flips a bit of the last byte of the batch that begins at this offset, or repairs it when called again.
    pub(crate) fn flip_bit(&self, partition: i32, offset: i64) {
        let path = self.segment(partition);
        let bytes = fs::read(&path).expect("the segment");
        let mut at = 0;
        let last = loop {
            let field = |from: usize, to: usize| &bytes[at + from..at + to];
            let first_offset = i64::from_be_bytes(field(0, LENGTH_AT).try_into().expect("eight bytes"));
            let length = i32::from_be_bytes(field(LENGTH_AT, HEADER_BYTES).try_into().expect("four bytes"));
            let end = at + HEADER_BYTES + usize::try_from(length).expect("a length");
            if first_offset == offset {
                break end - 1;
            }
            at = end;
        };
        let segment = OpenOptions::new().write(true).open(&path).expect("the segment");
        segment.write_all_at(&[bytes[last] ^ 1], last as u64).expect("written");
    }

    /// The file of the partition's only segment.
    fn segment(&self, partition: i32) -> PathBuf {
        let data = env::var("TEST_KAFKA_DATA")
            .expect("TEST_KAFKA_DATA is not set: unset TEST_KAFKA_BROKERS, or export all variables of `make services`");
        Path::new(&data).join(format!("{}-{partition}", self.name)).join("00000000000000000000.log")
    }

    /// Removes the messages before this offset, as retention does.
    pub(crate) async fn remove_before(&self, partition: i32, offset: i64) {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&self.name, partition, Offset::Offset(offset)).expect("an offset");
        let removed = admin().delete_records(&offsets, &AdminOptions::new()).await.expect("removed");
        removed.elements().iter().for_each(|element| element.error().expect("the records are removed"));
    }
}
