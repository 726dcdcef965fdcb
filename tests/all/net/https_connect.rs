//! Policy hosts to which no connection is made, or one that is never accepted.

use stickler::facts::http::HttpFailureKind;
use stickler::net::{AddressFamilies, Deadlines, Live};
use stickler::sender::Network;
use stickler::sts::certificate::Roots;

use super::https::{HOST, edge};
use super::{SHORT, config};

#[tokio::test]
async fn silence_before_the_connection_is_not_silence_after_it() {
    // A queue of one: the first connection is made and never accepted, the next is never made.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = config(address, Roots::none());
    config.deadlines = Deadlines {
        fetch_connect: SHORT,
        fetch: 3 * SHORT,
        ..Deadlines::with_step(super::PATIENT)
    };
    let network = Live::new(config).unwrap();
    let host = HOST.parse().unwrap();
    let mut failures = Vec::new();
    let mut held = Vec::new();
    for _ in 0..2 {
        let exchange = network.get_policy(&host, edge()).await;
        let failure = exchange.outcome.unwrap_err();
        failures.push((failure.kind, failure.detail));
        // The fetch has let go of its connection, but the queue has not; one more for a kernel that rounds up.
        let more = tokio::time::timeout(SHORT, tokio::net::TcpStream::connect(address)).await;
        held.push(more);
    }
    assert_eq!(
        failures,
        [
            (HttpFailureKind::TimedOut, "no response in 900ms".into()),
            // It does not cost the time of the whole fetch.
            (
                HttpFailureKind::ConnectTimedOut,
                "no answer in 300ms".into()
            ),
        ]
    );
}

#[tokio::test]
async fn connections_that_cannot_be_made_are_told_apart() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let plain = || config(address, Roots::none());
    let mut foreign = plain();
    foreign.source = Some("192.0.2.99".parse().unwrap());
    let mut v6_only = plain();
    v6_only.families = AddressFamilies::V6Only;
    for (config, host, expected) in [
        (plain(), HOST, HttpFailureKind::Refused),
        (foreign, HOST, HttpFailureKind::Unreachable),
        (v6_only, HOST, HttpFailureKind::FamilyOff),
        (plain(), "mta-sts.192.0.2.1", HttpFailureKind::Unreachable),
        (plain(), "127.0.0.1", HttpFailureKind::Unreachable),
    ] {
        let network = Live::new(config).unwrap();
        let exchange = network.get_policy(&host.parse().unwrap(), edge()).await;
        let failure = exchange.outcome.unwrap_err();
        assert_eq!(failure.kind, expected, "{host}: {failure}");
        for noise in ["os error", "tcp connect", "docs.rs"] {
            assert!(!failure.detail.contains(noise), "{failure}");
        }
    }
}
