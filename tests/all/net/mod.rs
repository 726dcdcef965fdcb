//! The live network against servers that follow a script.

mod addresses;
mod authority;
mod dns;
mod https;
mod https_connect;
mod limits;
mod message;
mod parsers;
mod reach;
mod records;
mod send;
mod servfail;
mod smtp;
mod starttls;

use std::net::SocketAddr;
use std::time::Duration;

use stickler::clock::Clock;
use stickler::facts::UnixTime;
use stickler::net::routes::Routes;
use stickler::net::{Deadlines, Live, LiveConfig, ResolverConfig};
use stickler::sts::certificate::Roots;

/// Long enough for a slow machine, and short enough for a test that fails.
const PATIENT: Duration = Duration::from_secs(20);

/// How long a test waits for what does not come.
const SHORT: Duration = Duration::from_millis(300);

/// A moment at which the certificates of the tests are valid: 2026-03-02T08:00:00Z.
const NOW: UnixTime = UnixTime::from_secs(1_772_438_400);

/// The configuration of a network where every host and address leads to `server`.
fn config(server: SocketAddr, roots: Roots) -> LiveConfig {
    let mut config = LiveConfig::new(Clock::manual(NOW), roots);
    config.resolver = ResolverConfig::Addresses(vec![server]);
    config.routes = Routes::new([format!("::{server}").parse().unwrap()]);
    config.deadlines = Deadlines::with_step(PATIENT);
    config.helo = "sender.test".parse().unwrap();
    config
}

fn live(server: SocketAddr, roots: Roots) -> Live {
    Live::new(config(server, roots)).unwrap()
}
