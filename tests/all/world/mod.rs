//! The fake Internet, seen by clients that share nothing with it.

mod certificate;
mod control;
mod dns;
mod https;
mod injector;
mod life;
mod name_servers;
mod smtp;

use std::net::{IpAddr, SocketAddr};

use stickler::facts::{DnsName, UnixTime};
use stickler::fakes::{Internet, Receiver};
use stickler::world::{Listen, World};

/// The beginning of every story here.
const START: UnixTime = UnixTime::from_secs(1_772_438_400);

/// Parses an address.
fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Parses a name.
fn name(text: &str) -> DnsName {
    text.parse().unwrap()
}

/// Starts a world.
async fn start(state: Internet) -> World {
    World::start(Listen::FreePorts, &state, START)
        .await
        .unwrap()
}

/// Starts a world of one receiver at 192.0.2.25.
async fn start_receiver(receiver: Receiver) -> (World, SocketAddr) {
    let mut state = Internet::default();
    state.smtp.insert(ip("192.0.2.25"), receiver);
    let world = start(state).await;
    let to = to(&world, "192.0.2.25", 25);
    (world, to)
}

/// Returns where an address really is.
fn to(world: &World, address: &str, port: u16) -> SocketAddr {
    let routes = world.routes();
    let is_it =
        |route: &&stickler::world::Route| route.address == ip(address) && route.port == port;
    routes.iter().find(is_it).expect("a route").to
}
