//! A port that nobody answers at: whether it is the host's fault only others tell.

use std::net::SocketAddr;
use std::time::Duration;

use stickler::facts::smtp::{SmtpFailure, SmtpFailureKind, SmtpRequest, SmtpStep, TlsUse};
use stickler::net::routes::Routes;
use stickler::net::{Deadlines, Live};
use stickler::sender::{Network, Reach};
use stickler::sts::certificate::Roots;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::Instant;

use super::smtp::request;
use super::{PATIENT, SHORT, config};

/// How long the first connections wait while none is answered, and how long later ones do.
const FIRST: Duration = SHORT;
const LATER: Duration = Duration::from_millis(30);

/// A listener whose queue is full: it drops SYNs.
struct BlackHole {
    at: SocketAddr,
    _listener: TcpListener,
    _filler: TcpStream,
}

impl BlackHole {
    async fn dig() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let at = listener.local_addr().unwrap();
        Self {
            at,
            _filler: TcpStream::connect(at).await.unwrap(),
            _listener: listener,
        }
    }
}

/// A network on which 192.0.2.1 is silent and 192.0.2.2 leads to `other`.
fn network(hole: &BlackHole, other: SocketAddr, connect: Duration, reach: &Reach) -> Live {
    let mut config = config(hole.at, Roots::none());
    config.routes = Routes::new([
        format!("192.0.2.1::{}", hole.at).parse().unwrap(),
        format!("192.0.2.2::{other}").parse().unwrap(),
    ]);
    config.deadlines = Deadlines {
        connect,
        ..Deadlines::with_step(SHORT)
    };
    Live::new(config).unwrap().noting_reach(reach.clone())
}

fn to(address: &str) -> SmtpRequest {
    SmtpRequest {
        address: address.parse().unwrap(),
        ..request(TlsUse::Verified)
    }
}

fn silence(waited: Duration) -> Option<SmtpFailure> {
    Some(SmtpFailure {
        kind: SmtpFailureKind::TimedOut,
        during: SmtpStep::Connect,
        detail: format!("no answer in {waited:?}").into(),
    })
}

#[tokio::test]
async fn a_port_that_nobody_answers_at_is_given_up_long_before_a_host_is() {
    let hole = BlackHole::dig().await;
    let reach = Reach::new(FIRST, LATER);
    let network = network(&hole, hole.at, PATIENT, &reach);
    let began = Instant::now();
    // What is learnt once is not waited for again.
    for waited in [FIRST, LATER, LATER] {
        let exchange = network.smtp(&to("192.0.2.1")).await;
        assert_eq!(exchange.failure, silence(waited));
    }
    assert!(!reach.has_answer());
    assert!(began.elapsed() < PATIENT, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_silent_host_beside_one_that_answers_is_waited_for() {
    let hole = BlackHole::dig().await;
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for (other, says) in [
        (closed.local_addr().unwrap(), "RST"),
        (open.local_addr().unwrap(), "SYN-ACK, and no greeting"),
    ] {
        let reach = Reach::new(FIRST, LATER);
        let network = network(&hole, other, 2 * FIRST, &reach);
        // It answers while the other one is still waited for, and not before that began.
        let (silent, answered) = (to("192.0.2.1"), to("192.0.2.2"));
        let (silent, answered) = tokio::join!(network.smtp(&silent), network.smtp(&answered));
        assert_eq!(silent.failure, silence(2 * FIRST), "{says}");
        assert!(answered.is_answered() && reach.has_answer(), "{says}");
    }
}
