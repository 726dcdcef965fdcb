//! Health and metrics over HTTP: `/livez`, `/readyz`, `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::watch;

use super::desk::Desk;
use crate::sender::Network;

/// What the pages are made from.
struct Pages<N> {
    desk: Arc<Desk<N>>,
    ends: watch::Receiver<bool>,
}

/// Returns the pages: alive while it answers, ready until `ends` says that it drains.
pub fn pages<N: Network + Send + 'static>(
    desk: Arc<Desk<N>>,
    ends: watch::Receiver<bool>,
) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready::<N>))
        .route("/metrics", get(metrics::<N>))
        .with_state(Arc::new(Pages { desk, ends }))
}

async fn ready<N>(State(pages): State<Arc<Pages<N>>>) -> impl IntoResponse {
    if *pages.ends.borrow() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

async fn metrics<N: Network>(State(pages): State<Arc<Pages<N>>>) -> impl IntoResponse {
    let text = pages.desk.tally().text(pages.desk.keeper());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
