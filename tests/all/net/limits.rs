//! No more than two connections at once to one address.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stickler::facts::smtp::{SmtpFailureKind, SmtpStep, TlsUse};
use stickler::net::Live;
use stickler::sender::Network;
use stickler::sts::certificate::Roots;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::smtp::request;
use super::{SHORT, config, live};
use crate::support::script::Server;

#[tokio::test]
async fn an_address_has_two_connections_of_ours_at_most() {
    let open = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let most = Arc::clone(&most);
        move |mut talk| {
            let open = Arc::clone(&open);
            let most = Arc::clone(&most);
            async move {
                let now = open.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                talk.say("220 mx.test\r\n").await.expect("EHLO").await;
                talk.say("250 mx.test\r\n").await.expect("QUIT").await;
                open.fetch_sub(1, Ordering::SeqCst);
                talk.say("221 bye\r\n").await.rest().await;
            }
        }
    })
    .await;
    let network = live(server.address, Roots::none());
    let mut sessions = JoinSet::new();
    for _ in 0..12 {
        let network = network.clone();
        sessions.spawn(async move { network.smtp(&request(TlsUse::Verified)).await });
    }
    while let Some(exchange) = sessions.join_next().await {
        assert_eq!(exchange.unwrap().failure, None);
    }
    server.finish().await;
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_wait_for_a_connection_ends_and_says_what_it_was() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let server = Server::start(move |mut talk| {
        arrived.send(()).unwrap();
        async move { talk.rest().await }
    })
    .await;
    let mut config = config(server.address, Roots::none());
    config.deadlines.queue = SHORT;
    let network = Live::new(config).unwrap();
    let mut sessions = JoinSet::new();
    for _ in 0..2 {
        let network = network.clone();
        sessions.spawn(async move { network.smtp(&request(TlsUse::Verified)).await });
        arrivals.recv().await.unwrap();
    }
    let exchange = network.smtp(&request(TlsUse::Verified)).await;
    let failure = exchange.failure.unwrap();
    assert_eq!(
        (failure.kind, failure.during),
        (SmtpFailureKind::GivenUp, SmtpStep::Connect)
    );
    assert!(
        failure
            .detail
            .contains("for a free connection to 192.0.2.1, and none came free"),
        "{failure}"
    );
    sessions.shutdown().await;
    server.finish().await;
}
