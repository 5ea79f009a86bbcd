//! `/healthz` shows that the process is alive; `/readyz` shows whether it is ready, and if not, what is missing.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

/// The parts that the process needs to be ready, each with the reason why it is missing, if it is.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<BTreeMap<&'static str, Option<String>>>);

impl Readiness {
    /// Marks a part as missing.
    pub fn missing(&self, part: &'static str, reason: impl Into<String>) {
        self.parts().insert(part, Some(reason.into()));
    }

    /// Marks a part as ready.
    pub fn ready(&self, part: &'static str) {
        self.parts().insert(part, None);
    }

    /// The missing parts with their reasons. Empty if the process is ready.
    pub fn all_missing(&self) -> BTreeMap<&'static str, String> {
        self.parts().iter().filter_map(|(part, reason)| Some((*part, reason.clone()?))).collect()
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

pub(super) async fn readyz(State(readiness): State<Arc<Readiness>>) -> (StatusCode, Json<Value>) {
    let missing = readiness.all_missing();
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": missing.is_empty(), "missing": missing })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn readiness_names_each_part_that_is_missing() {
        let readiness = Arc::new(Readiness::default());
        readiness.missing("database", "connection refused");
        readiness.missing("kafka", "no partition is assigned yet");
        readiness.ready("kafka");
        let (status, Json(body)) = readyz(State(readiness.clone())).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body, json!({ "ready": false, "missing": { "database": "connection refused" } }));
        readiness.ready("database");
        assert_eq!(readyz(State(readiness)).await.0, StatusCode::OK);
    }
}
