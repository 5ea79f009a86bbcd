//! `/healthz`: is the process alive? `/readyz`: can it do its work, and if not, what is missing?

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

/// What must be there before the process is ready, and what is missing of it. Filled by whoever knows.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<BTreeMap<&'static str, Option<String>>>);

impl Readiness {
    /// A part is missing, for this reason.
    pub fn missing(&self, part: &'static str, reason: impl Into<String>) {
        self.parts().insert(part, Some(reason.into()));
    }

    /// A part is there.
    pub fn ready(&self, part: &'static str) {
        self.parts().insert(part, None);
    }

    /// What is missing, each part with the reason. Nothing: ready.
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
