//! Garbage on the socket: what it costs in memory, and what another connection sees of it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::hold::fill;
use crate::load::{self, Load, first_answer};
use crate::met;
use crate::server::Server;

/// How much is sent of each kind.
const OCTETS: usize = 50_000_000;

/// The most that memory may grow by.
const GOAL_MEGA: f64 = 1.0;

const DOMAIN: &str = "d0.example";

pub(crate) fn run(folder: &Path) {
    let state = folder.join("garbage");
    fill(&state, 1);
    let sidecar = Server::sidecar(&state);
    first_answer(&sidecar, DOMAIN);
    let quiet = ask_for(&sidecar, Duration::from_secs(2));
    sidecar.wait_until_idle();
    let before = sidecar.resident_octets();
    // Octets that are no request close their connection, so it takes many; requests that name nothing are answered.
    let noise: Vec<u8> = (0..=u8::MAX).cycle().take(65_536).collect();
    let frame = [b"9990:", [b'x'; 9_990].as_slice(), b","].concat();
    let disturbed = std::thread::scope(|scope| {
        let sender = scope.spawn(|| send(&sidecar, &noise) + send(&sidecar, &frame));
        let mut loads = Vec::new();
        while !sender.is_finished() {
            loads.push(ask_for(&sidecar, Duration::from_millis(200)));
        }
        let sent = sender.join().expect("it sends");
        assert!(sent >= 2 * OCTETS, "all of it went out");
        loads
    });
    sidecar.wait_until_idle();
    let grown = sidecar.resident_octets() - before;
    let slowest = disturbed
        .iter()
        .map(|load| load.p99_micros)
        .fold(0.0, f64::max);
    println!(
        "  {} MB of garbage: memory grows by {:.2} MB; goal: under {GOAL_MEGA} MB: {}; another connection is answered throughout, p99 at most {slowest:.0} us (quiet: {:.0} us)",
        2 * OCTETS / 1_000_000,
        grown / 1e6,
        met(grown < GOAL_MEGA * 1e6),
        quiet.p99_micros,
    );
}

fn ask_for(sidecar: &Server, time: Duration) -> Load {
    load::load(sidecar, DOMAIN, (1, 1), time)
}

/// Sends a piece again and again, over as many connections as it takes; returns how many octets went out.
fn send(sidecar: &Server, piece: &[u8]) -> usize {
    let mut sent = 0;
    while sent < OCTETS {
        let mut stream = TcpStream::connect(&sidecar.address).expect("it listens");
        let mut answers = stream.try_clone().expect("it is a socket");
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while answers.read(&mut buffer).is_ok_and(|length| length > 0) {}
        });
        while sent < OCTETS && stream.write_all(piece).is_ok() {
            sent += piece.len();
        }
        // It may be closed already.
        drop(stream.shutdown(Shutdown::Write));
        reader.join().expect("reading does not panic");
    }
    sent
}
