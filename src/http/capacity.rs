//! The limits on operations in progress and on the bytes of their answers.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    response::Response,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{connection::Connection, exchange::HoldingBody, request_error::RequestError};
use crate::config;

/// Answers up to this size need no permit: the number of connections bounds their memory, and large answers that are
/// received slowly do not hinder them.
const SMALL_ANSWER_BYTES: usize = 64 * KIB;
/// Time for a disconnected client's permits to be released.
const RELEASE_TIME: Duration = Duration::from_millis(50);
const KIB: usize = 1024;

/// Permits of operations and answers. Both are held until the last byte of the answer is sent, or its client
/// disconnected.
#[derive(Clone)]
pub(super) struct Capacity {
    operations: Arc<Semaphore>,
    max_requests: usize,
    /// One permit per KiB.
    answers: Arc<Semaphore>,
    max_answer_bytes: usize,
}

impl Capacity {
    pub(super) fn new(http: &config::Http) -> Self {
        let kibibytes = (http.max_answer_bytes / KIB).min(Semaphore::MAX_PERMITS);
        Self {
            operations: Arc::new(Semaphore::new(http.max_requests)),
            max_requests: http.max_requests,
            answers: Arc::new(Semaphore::new(kibibytes)),
            max_answer_bytes: http.max_answer_bytes,
        }
    }

    /// Acquires a permit for an operation.
    pub(super) async fn operation(&self, client: Option<&Connection>) -> Result<OwnedSemaphorePermit, RequestError> {
        let permit = acquire(&self.operations, 1, client).await;
        permit.ok_or(RequestError::Busy { limit: self.max_requests })
    }

    /// Returns the response with a body that holds the operation's permit and permits for its bytes.
    pub(super) async fn hold(
        &self,
        response: Response,
        operation: OwnedSemaphorePermit,
        client: Option<&Connection>,
    ) -> Result<Response, RequestError> {
        let bytes = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
        let answer = if bytes > SMALL_ANSWER_BYTES {
            // An answer above the limit takes all permits.
            let kibibytes = bytes.min(self.max_answer_bytes).div_ceil(KIB).try_into().unwrap_or(u32::MAX);
            let permit = acquire(&self.answers, kibibytes, client).await;
            Some(permit.ok_or(RequestError::AnswersFull { limit: self.max_answer_bytes })?)
        } else {
            None
        };
        if let Some(client) = client {
            client.has_answer();
        }
        Ok(response.map(|body| -> Body { HoldingBody::wrap(body, (operation, answer)) }))
    }
}

/// Acquires permits. If too few are left, disconnects slow clients, the slowest first, until there are enough. Returns
/// `None` if no client is slow: a queue would not make clients faster, and waiting answers would need memory too.
async fn acquire(
    semaphore: &Arc<Semaphore>,
    permits: u32,
    client: Option<&Connection>,
) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(permit) = semaphore.clone().try_acquire_many_owned(permits) {
            return Some(permit);
        }
        if !client.is_some_and(Connection::disconnect_slowest_answer) {
            return None;
        }
        if let Ok(permit) = timeout(RELEASE_TIME, semaphore.clone().acquire_many_owned(permits)).await {
            // The semaphore is never closed.
            return permit.ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::response::IntoResponse as _;

    use super::*;
    use crate::config::Config;

    fn capacity(max_requests: usize, max_answer_bytes: usize) -> Capacity {
        let mut http = Config::load(None, &BTreeMap::new()).expect("the defaults load").config.http;
        (http.max_requests, http.max_answer_bytes) = (max_requests, max_answer_bytes);
        Capacity::new(&http)
    }

    async fn answer(capacity: &Capacity, bytes: usize) -> Result<Response, RequestError> {
        let operation = capacity.operation(None).await?;
        capacity.hold(vec![b'a'; bytes].into_response(), operation, None).await
    }

    #[tokio::test]
    async fn an_operation_keeps_its_permit_until_its_answer_is_dropped() {
        let capacity = capacity(1, 1024 * KIB);
        let sent = answer(&capacity, 10).await.expect("a permit");
        assert_eq!(answer(&capacity, 10).await.err(), Some(RequestError::Busy { limit: 1 }));
        drop(sent);
        assert!(answer(&capacity, 10).await.is_ok());
    }

    #[tokio::test]
    async fn the_bytes_of_large_answers_are_limited() {
        let limit = 1024 * KIB;
        let capacity = capacity(100, limit);
        let sent = answer(&capacity, 600 * KIB).await.expect("permits");
        assert_eq!(answer(&capacity, 600 * KIB).await.err(), Some(RequestError::AnswersFull { limit }));
        assert!(answer(&capacity, 400 * KIB).await.is_ok(), "the rest");
        drop(sent);
        let beyond = answer(&capacity, 2 * limit).await.expect("an answer above the limit takes all permits");
        assert!(answer(&capacity, SMALL_ANSWER_BYTES + 1).await.is_err());
        assert!(answer(&capacity, SMALL_ANSWER_BYTES).await.is_ok(), "small answers need none");
        drop(beyond);
    }
}
