//! Domains of which nothing is known: looked up in a fake Internet on the same machine.

use std::path::Path;
use std::time::Instant;

use crate::load::ask_once_each;
use crate::met;
use crate::server::Server;
use crate::world::{self, FakeInternet, Hosts};

/// How many domains there are, each with a policy host of its own.
const DOMAINS: usize = 2_000;

/// How many are asked for at once.
const CONNECTIONS: usize = 64;

/// The least rate, in domains a second; or the most CPU, in milliseconds a domain.
const GOALS: (f64, f64) = (900.0, 1.0);

/// Is the fake Internet, if the words of the command line say so.
pub(crate) fn is_world(words: &[String]) -> bool {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(world::serve(words, DOMAINS))
}

pub(crate) fn run(folder: &Path) {
    let mut internet = FakeInternet::start(DOMAINS, Hosts::PolicyAlone);
    let roots = folder.join("ca.pem");
    std::fs::write(&roots, &internet.ca_pem).expect("it can be written");
    let mut words = vec![
        "--now".to_owned(),
        world::START.to_string(),
        "--resolver".to_owned(),
        internet.dns.to_string(),
        "--ca-file".to_owned(),
        roots.display().to_string(),
    ];
    for ((address, port), to) in &internet.routes {
        words.extend(["--connect-to".to_owned(), format!("{address}:{port}:{to}")]);
    }
    let (sidecar, _) = Server::sidecar_timed(&folder.join("cold"), &words);
    let before = sidecar.cpu();
    let began = Instant::now();
    let names = (0..DOMAINS).map(world::domain);
    ask_once_each(&sidecar, names, CONNECTIONS);
    let took = began.elapsed();
    let cpu = sidecar.cpu().saturating_sub(before);
    let counts = internet.take_counts();
    assert_eq!(
        (counts.gets, counts.https_handshakes),
        (DOMAINS, DOMAINS),
        "one fetch a domain"
    );
    #[expect(clippy::cast_precision_loss, reason = "it is a figure for people")]
    let domains = DOMAINS as f64;
    let rate = domains / took.as_secs_f64();
    let millis = cpu.as_secs_f64() * 1e3 / domains;
    let (rate_goal, millis_goal) = GOALS;
    println!(
        "  {DOMAINS} domains looked up, {CONNECTIONS} at a time: {rate:.0} domains/s, {millis:.2} ms of server CPU each; goal: at least {rate_goal}/s, or under {millis_goal} ms: {}",
        met(rate >= rate_goal || millis < millis_goal)
    );
}
