//! The control port of a world that is served elsewhere: over HTTP it takes the state, and gives the history
//! back as JSON.
//!
//! | request | answer |
//! |---|---|
//! | `GET /health` | `200`, also before there is a state |
//! | `POST /apply` with an [`Order`] | `200`; `422` and the reason where the state cannot be served |
//! | `GET /ca.pem` | the root of the certificates; `409` before there is a state |
//! | `GET /history` | a [`Record`]: all that reached the servers since they began |
//!
//! The first order begins the world; the lives of certificates are counted from its `start`. It is for a
//! network of containers alone: anyone who reaches the port may say anything.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::{Listen, Request, World, WorldError};
use crate::facts::UnixTime;
use crate::fakes::Internet;

/// The longest order: a story of many domains is far from it.
const MAX_ORDER_OCTETS: usize = 64 * 1024 * 1024;

/// What is to be served from now on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Order {
    /// When the story began.
    pub start: UnixTime,
    /// What is served.
    pub internet: Internet,
}

/// What reached the servers, in order.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Record {
    /// Every request.
    pub requests: Vec<Request>,
    /// Those that no state had an answer for.
    pub unannounced: Vec<Request>,
}

/// What the port stands for.
#[derive(Debug)]
struct Controlled {
    listen: Listen,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    world: Option<World>,
    requests: Vec<Request>,
}

/// Serves the control port until `ends`, and a world from the first order on.
///
/// # Errors
///
/// When the port or a server ends badly.
pub async fn serve(
    listener: TcpListener,
    listen: Listen,
    ends: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WorldError> {
    let controlled = Arc::new(Controlled {
        listen,
        running: Mutex::default(),
    });
    let at = listener.local_addr();
    let router = Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/apply", post(apply))
        .route("/ca.pem", get(ca_pem))
        .route("/history", get(history))
        .layer(DefaultBodyLimit::max(MAX_ORDER_OCTETS))
        .with_state(Arc::clone(&controlled));
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(ends)
        .await;
    if let (Err(source), Ok(at)) = (served, at) {
        return Err(WorldError::Bind { at, source });
    }
    match controlled.running.lock().await.world.take() {
        Some(world) => world.shutdown().await,
        None => Ok(()),
    }
}

async fn apply(State(controlled): State<Arc<Controlled>>, body: Bytes) -> Response {
    let order: Order = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return refuse(&error),
    };
    let mut running = controlled.running.lock().await;
    let applied = match &running.world {
        Some(world) => world.apply(&order.internet).await,
        None => World::start(controlled.listen, &order.internet, order.start)
            .await
            .map(|world| running.world = Some(world)),
    };
    match applied {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refuse(&error),
    }
}

/// Answers with the whole chain of what is wrong.
fn refuse(error: &dyn Error) -> Response {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a String cannot fail.
        let _written = write!(text, ": {error}");
        cause = error.source();
    }
    (StatusCode::UNPROCESSABLE_ENTITY, text).into_response()
}

async fn ca_pem(State(controlled): State<Arc<Controlled>>) -> Response {
    match &controlled.running.lock().await.world {
        Some(world) => world.ca_pem().to_owned().into_response(),
        None => (StatusCode::CONFLICT, "nothing is served yet").into_response(),
    }
}

async fn history(State(controlled): State<Arc<Controlled>>) -> Response {
    let mut running = controlled.running.lock().await;
    let Running { world, requests } = &mut *running;
    let mut record = Record::default();
    if let Some(world) = world {
        requests.extend(world.drain_history());
        record.unannounced = world.unannounced();
    }
    record.requests.clone_from(requests);
    match serde_json::to_vec(&record) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => refuse(&error),
    }
}
