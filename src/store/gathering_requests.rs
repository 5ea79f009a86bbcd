//! Uploads with a request id, which are remembered for a time.

use sea_orm::{Condition, DbBackend, DbErr};

use super::{
    columns::Column,
    list::{Filter, List, Order, Row, SortColumn, SortKind, SortValue, Source, item},
    page::Direction,
};
use crate::{
    domain::{ClusterId, Digest, Selector, Timestamp},
    identity::Scope,
};

/// An upload of which a report was processed, stale or not, for the present owner of its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatheringRequest {
    /// The cluster.
    pub cluster: ClusterId,
    /// The request id.
    pub id: String,
    /// When the data were collected on the cluster; `None` where the report does not say.
    pub received_at: Option<Timestamp>,
    /// When the report was processed, by our clock.
    pub processed_at: Timestamp,
    /// The recommendations that hit the cluster in that report; `None` where they are not requested.
    pub selectors: Option<Vec<Selector>>,
}

/// What restricts a list of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GatheringRequestFilter {
    /// Only those with these ids.
    pub ids: Option<Vec<String>>,
}

impl Filter for GatheringRequestFilter {
    fn condition(&self, _: Scope, backend: DbBackend) -> Condition {
        let key = |id: &String| Digest::of(id.as_bytes()).as_bytes().to_vec();
        let is_one =
            |ids: &Vec<String>| Column::Bytes(ids.iter().map(key).collect()).contains(item("request_key"), backend);
        Condition::all().add_option(self.ids.as_ref().map(is_one))
    }

    fn needs_scan(&self) -> bool {
        false
    }
}

impl GatheringRequest {
    /// By the time of processing.
    const BY_PROCESSING: SortColumn<Self> = SortColumn {
        name: "processedAt",
        column: "processed_at",
        kind: SortKind::Time,
        is_nullable: false,
        value: |request| Some(SortValue::Time(request.processed_at)),
    };
}

impl List for GatheringRequest {
    type Parent = ClusterId;
    type Filter = GatheringRequestFilter;

    const NAME: &'static str = "gatheringRequests";
    const SOURCE: Source = Source::Sorted("listed_gathering_request");
    const PARENT: Option<&'static str> = Some("cluster_id");
    const COLUMNS: &'static [&'static str] = &["cluster_id", "request_id", "received_at", "processed_at", "selectors"];
    const LARGE: &'static [&'static str] = &["selectors"];
    const KEY: SortColumn<Self> = SortColumn {
        name: "requestId",
        column: "request_id",
        kind: SortKind::Text,
        is_nullable: false,
        value: |request| Some(SortValue::Text(request.id.clone())),
    };
    const DEFAULT_ORDER: Order<Self> = Order::new(&Self::BY_PROCESSING, Direction::Descending);

    fn read(row: &mut Row<'_>) -> Result<Self, DbErr> {
        Ok(Self {
            cluster: row.next()?,
            id: row.next()?,
            received_at: row.next()?,
            processed_at: row.next()?,
            selectors: row.next::<Option<String>>()?.as_deref().map(selectors_of_json).transpose()?,
        })
    }
}

/// The text in which the selectors of a report's hits are stored.
pub(super) fn selectors_as_json<'a>(selectors: impl Iterator<Item = &'a Selector>) -> String {
    let selectors: Vec<_> = selectors.map(Selector::as_str).collect();
    serde_json::to_string(&selectors).unwrap_or_default() // writing texts to a String cannot fail
}

fn selectors_of_json(text: &str) -> Result<Vec<Selector>, DbErr> {
    let invalid = || DbErr::Type("selectors that this program does not write".to_owned());
    let texts: Vec<String> = serde_json::from_str(text).map_err(|_| invalid())?;
    texts.iter().map(|text| text.parse().map_err(|_| invalid())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_selectors_are_read_as_they_were_written() {
        let selectors: Vec<Selector> = ["a|A", r#"r.é|"K" \ |"#].map(|text| text.parse().expect("a selector")).into();
        assert_eq!(selectors_of_json(&selectors_as_json(selectors.iter())).expect("selectors"), selectors);
        assert!(selectors_of_json(r#"["no selector"]"#).is_err());
    }
}
