//! Who sends a request to the graph.

use std::{net::IpAddr, sync::Arc};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::request_error::RequestError;
use crate::{
    config::{self, AuthMode, DevIdentity},
    identity::{Identity, Refusal, User, UserKind, Viewer, ViewerPolicy},
    telemetry::Throttle,
};

/// The header with the identity, which the gateway sets.
const IDENTITY: HeaderName = HeaderName::from_static("x-rh-identity");

/// Identifies the callers, as configured.
#[derive(Clone, Debug)]
pub(super) enum Callers {
    /// Without authentication: everyone is the same viewer.
    Anyone(Viewer),
    /// By the identity header.
    Identified(Arc<Gateway>),
}

/// What is known of the gateway, and what the identities that it sends are granted.
#[derive(Debug)]
pub(super) struct Gateway {
    auth: config::Auth,
    policy: ViewerPolicy,
}

/// Why a request has no viewer. No text repeats a part of the header.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the header is not from an address of auth.trusted_proxies")]
    UntrustedPeer,
    #[error(transparent)]
    Header(#[from] Refusal),
}

impl Callers {
    pub(super) fn new(auth: &config::Auth, policy: ViewerPolicy) -> Self {
        match auth.mode {
            AuthMode::None => Self::Anyone(development_viewer(&auth.dev_identity)),
            AuthMode::IdentityHeader => Self::Identified(Arc::new(Gateway { auth: auth.clone(), policy })),
        }
    }

    /// The viewer of a request with these headers. `peer` is the address of the TCP connection.
    pub(super) fn viewer(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Viewer, RequestError> {
        match self {
            Self::Anyone(viewer) => Ok(viewer.clone().at(peer)),
            Self::Identified(gateway) => gateway.viewer(headers, peer).map_err(|refused| {
                log(&refused, peer);
                RequestError::Unauthenticated
            }),
        }
    }
}

impl Gateway {
    fn viewer(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Viewer, Refused> {
        if headers.contains_key(IDENTITY) && !self.auth.trusts(peer) {
            return Err(Refused::UntrustedPeer);
        }
        let identity = Identity::from_headers(headers.get_all(IDENTITY).iter().map(HeaderValue::as_bytes))?;
        Ok(self.policy.viewer(identity))
    }
}

/// The viewer without authentication.
fn development_viewer(configured: &DevIdentity) -> Viewer {
    let Some(organization) = configured.org_id else { return Viewer::unrestricted() };
    let user = configured.user_id.clone().map(|subject| User { subject, kind: UserKind::User, name: None });
    Viewer::unrestricted_as(Identity { organization, user, is_organization_administrator: false })
}

/// Logs the rule that a request broke.
fn log(refused: &Refused, peer: Option<IpAddr>) {
    static LINES: Throttle = Throttle::new();
    if let Some(left_out) = LINES.admit() {
        tracing::warn!(reason = %refused, ?peer, left_out, "a request without a usable identity was refused");
    }
}
