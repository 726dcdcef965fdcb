//! Many connections that are idle, as a busy Postfix keeps them.

use std::path::Path;

use crate::hold::fill;
use crate::load::{Client, first_answer};
use crate::server::Server;

const CONNECTIONS: usize = 10_000;

const DOMAIN: &str = "d0.example";

pub(crate) fn run(folder: &Path) {
    let state = folder.join("crowd");
    fill(&state, 1);
    let sidecar = Server::sidecar(&state);
    first_answer(&sidecar, DOMAIN);
    sidecar.wait_until_idle();
    let before = sidecar.resident_octets();
    let mut clients: Vec<Client> = match (0..CONNECTIONS)
        .map(|_| Client::connect(&sidecar))
        .collect()
    {
        Ok(clients) => clients,
        Err(error) => {
            println!("  {CONNECTIONS} connections: LEFT OUT, they cannot be made here: {error}");
            return;
        }
    };
    // Each has asked before it is idle.
    for client in &mut clients {
        client.ask(DOMAIN, 1);
    }
    sidecar.wait_until_idle();
    let held = sidecar.resident_octets() - before;
    let (_, fresh) = first_answer(&sidecar, DOMAIN);
    for client in &mut clients {
        client.ask(DOMAIN, 1);
    }
    #[expect(clippy::cast_precision_loss, reason = "it is a figure for people")]
    let of_each = held / CONNECTIONS as f64;
    println!(
        "  {CONNECTIONS} idle connections: {:.1} MB, {of_each:.0} octets each; a new one is answered in {:.2} ms; all were answered again",
        held / 1e6,
        fresh.as_secs_f64() * 1e3,
    );
}
