//! Reasons why a request is refused before it reaches the graph.

use axum::http::StatusCode;

use super::media_type::MediaType;
use crate::graphql::Code;

/// Why a request is refused. No message repeats any part of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequestError {
    /// A page of another origin sent the request.
    #[error("requests from pages of this origin are not allowed; http.cors_origins lists the allowed origins")]
    Origin,
    /// A GET request that any link could have sent.
    #[error("a GET request needs the header X-Requested-With or Apollo-Require-Preflight, with any value")]
    NoPreflight,
    /// The client accepts neither response media type.
    #[error("responses are application/graphql-response+json or application/json; accept one of them")]
    NotAcceptable,
    /// No usable identity: one message for all reasons, so that it reveals nothing of the rules.
    #[error("the request needs one valid header x-rh-identity from the gateway")]
    Unauthenticated,
    /// The media type of the body is not JSON.
    #[error("send the query as JSON, with Content-Type: application/json")]
    NotJson,
    /// The body is compressed.
    #[error("the body must not be compressed: send it without Content-Encoding")]
    Encoded,
    /// A client sent the hash of a query instead of the query. Apollo Client and urql then send the query; urql knows
    /// the error by this message.
    #[error("PersistedQueryNotSupported")]
    PersistedQuery,
    /// The body is larger than the limit.
    #[error("the body is larger than the {limit} bytes of http.max_body_bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The body ended early.
    #[error("the body is incomplete")]
    Incomplete,
    /// The body is not a GraphQL request.
    #[error(
        "the body is not a GraphQL request: {{\"query\": \"..\", \"variables\": {{..}}, \"operationName\": \"..\"}}"
    )]
    NotARequest,
    /// The query string is not a GraphQL request.
    #[error("the query string is not a GraphQL request: query=..&variables={{..}}&operationName=.., each at most once")]
    NotAQueryString,
    /// The body is a list of requests.
    #[error("send one request at a time, not a list")]
    Batch,
    /// A mutation or subscription sent by GET.
    #[error("only queries can be sent by GET; send this operation by POST")]
    OnlyQueries,
    /// The maximum number of operations is in progress.
    #[error("{limit} operations are in progress, the maximum of http.max_requests; please try again shortly")]
    Busy {
        /// The maximum.
        limit: usize,
    },
    /// The maximum of answers is being sent, in bytes.
    #[error("answers of {limit} bytes are being sent, the maximum of http.max_answer_bytes; please try again shortly")]
    AnswersFull {
        /// The maximum.
        limit: usize,
    },
}

impl RequestError {
    pub(super) fn status(self, media_type: MediaType) -> StatusCode {
        match self {
            // Well-formed, so that clients that look at the status first read the error.
            Self::PersistedQuery if media_type == MediaType::Json => StatusCode::OK,
            Self::Origin | Self::NoPreflight => StatusCode::FORBIDDEN,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotJson | Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::PersistedQuery | Self::Incomplete | Self::NotARequest | Self::NotAQueryString | Self::Batch => {
                StatusCode::BAD_REQUEST
            }
            Self::OnlyQueries => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy { .. } | Self::AnswersFull { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The value of `extensions.code`.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Busy { .. } | Self::AnswersFull { .. } => Code::Unavailable,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::PersistedQuery => Code::PersistedQueryNotSupported,
            _ => Code::BadRequest,
        }
    }
}
