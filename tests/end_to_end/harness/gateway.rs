//! A gateway that serves a service below a path, as an ingress does that serves several services on one host.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running gateway. It ends when it is dropped.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    server: JoinHandle<()>,
}

impl Gateway {
    /// Starts a gateway that forwards requests below `path`, without it. Other requests are not found.
    pub(crate) async fn below(path: &str, service: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let router = Router::new().nest(path, Router::new().fallback(forward).with_state(service));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the gateway runs") });
        Self { address, server }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forward(State(service): State<SocketAddr>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let sent = reqwest::Client::new().request(head.method, format!("http://{service}{path}"));
    let Ok(answer) = sent.headers(head.headers).body(body).send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    // They describe the connection to the service.
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    let body = answer.bytes().await.expect("a body");
    (status, headers, Body::from(body)).into_response()
}
