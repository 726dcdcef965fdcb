//! The running sidecar: its listeners, its keeper's work, its pages, until it is told to end.

use std::io;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::control::Control;
use super::desk::Desk;
use super::health::pages;
use super::listen::{Listener, listen};
use super::talk::{Exim, Limits, Socketmap};
use crate::keeper::Jobs;
use crate::sender::Network;

/// How long connections have to end after the sidecar was told to: what is being answered waits at most as long
/// as a cold look-up.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(15);

/// Where a sidecar is asked.
#[derive(Debug, Default)]
pub struct Listeners {
    /// By Postfix.
    pub socketmap: Vec<Listener>,
    /// By Exim.
    pub exim: Vec<Listener>,
    /// By the administrator.
    pub control: Option<Listener>,
    /// By monitoring.
    pub http: Option<Listener>,
}

/// Runs a sidecar until `shutdown`: then no connection is taken any more, what was asked is answered, and the rest
/// is closed.
///
/// # Errors
///
/// When the pages cannot be served.
///
/// # Panics
///
/// When a task of it does.
pub async fn run<N: Network + Send + 'static>(
    desk: Arc<Desk<N>>,
    jobs: Jobs,
    listeners: Listeners,
    (limits, most_connections): (Limits, usize),
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (end, ends) = watch::channel(false);
    let mut tasks: JoinSet<io::Result<()>> = JoinSet::new();
    let tally = Arc::clone(desk.tally());
    let places = Arc::new(Semaphore::new(most_connections));
    for listener in listeners.socketmap {
        let handler = Arc::new(Socketmap(Arc::clone(&desk), limits));
        let bounds = (Arc::clone(&places), Arc::clone(&tally));
        let ends = ends.clone();
        tasks.spawn(async move {
            listen(listener, handler, bounds, ends).await;
            Ok(())
        });
    }
    for listener in listeners.exim {
        let handler = Arc::new(Exim(Arc::clone(&desk), limits));
        let bounds = (Arc::clone(&places), Arc::clone(&tally));
        let ends = ends.clone();
        tasks.spawn(async move {
            listen(listener, handler, bounds, ends).await;
            Ok(())
        });
    }
    if let Some(listener) = listeners.control {
        // Places of its own: a flood elsewhere does not lock the administrator out.
        let bounds = (Arc::new(Semaphore::new(16)), Arc::clone(&tally));
        let handler = Arc::new(Control(Arc::clone(&desk)));
        let ends = ends.clone();
        tasks.spawn(async move {
            listen(listener, handler, bounds, ends).await;
            Ok(())
        });
    }
    if let Some(listener) = listeners.http {
        let router = pages(Arc::clone(&desk), ends.clone());
        let mut ends = ends.clone();
        let ended = async move {
            let _never_dropped = ends.wait_for(|ends| *ends).await.is_ok();
        };
        tasks.spawn(async move {
            match listener {
                Listener::Tcp(listener) => {
                    axum::serve(listener, router)
                        .with_graceful_shutdown(ended)
                        .await
                }
                Listener::Unix(listener) => {
                    axum::serve(listener, router)
                        .with_graceful_shutdown(ended)
                        .await
                }
            }
        });
    }
    let mut work = JoinSet::new();
    let keeper = Arc::clone(desk.keeper());
    work.spawn(keeper.run(jobs, std::future::pending()));
    let failed = tokio::select! {
        biased;
        () = shutdown => Ok(()),
        Some(ended) = work.join_next() => match ended {
            Ok(()) => Ok(()),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
        failed = first_failure(&mut tasks) => failed,
    };
    // Nobody listens if every connection has ended already.
    let _sent = end.send(true).is_ok();
    let drained = async { while tasks.join_next().await.is_some() {} };
    if timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("connections that were still open are closed");
    }
    failed
}

/// Waits for the first task that fails; for ever, if none does.
async fn first_failure(tasks: &mut JoinSet<io::Result<()>>) -> io::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    std::future::pending().await
}
