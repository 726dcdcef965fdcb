//! The load: connections that ask again as soon as they are answered.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::echo::frame_end;
use crate::server::Server;

/// What a load came to.
pub(crate) struct Load {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Server CPU an answer.
    pub(crate) cpu_micros: f64,
    /// The time that 99 of 100 round trips stay below.
    pub(crate) p99_micros: f64,
}

/// A connection that asks.
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) fn connect(server: &Server) -> io::Result<Self> {
        let stream = TcpStream::connect(&server.address)?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Asks for a domain so many times at once, and returns the answers in their frames.
    pub(crate) fn ask(&mut self, domain: &str, depth: usize) -> Vec<u8> {
        let batch = request(domain).repeat(depth);
        self.0.write_all(&batch).expect("it reads");
        read_frames(&mut self.0, depth)
    }
}

/// Asks once, and returns the answer without its frame.
pub(crate) fn answer(server: &Server, domain: &str) -> String {
    first_answer(server, domain).0
}

/// Asks once, and says how long it took.
pub(crate) fn first_answer(server: &Server, domain: &str) -> (String, Duration) {
    let began = Instant::now();
    let octets = Client::connect(server).expect("it listens").ask(domain, 1);
    let took = began.elapsed();
    let text = String::from_utf8(octets).expect("answers are text");
    let (_, payload) = text.split_once(':').expect("it is a frame");
    (payload.trim_end_matches(',').to_owned(), took)
}

/// Asks once for each domain, over so many connections; each must have an enforced policy.
pub(crate) fn ask_once_each(
    server: &Server,
    domains: impl Iterator<Item = String> + Send,
    connections: usize,
) {
    let domains = Mutex::new(domains);
    let next = || domains.lock().expect("no thread panics").next();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut client = Client::connect(server).expect("it listens");
                while let Some(domain) = next() {
                    let octets = client.ask(&domain, 1);
                    let text = String::from_utf8_lossy(&octets);
                    assert!(text.contains(":OK secure "), "{domain}: {text}");
                }
            });
        }
    });
}

/// Loads a server from `connections` threads with `depth` questions at a time each.
pub(crate) fn load(
    server: &Server,
    domain: &str,
    (connections, depth): (usize, usize),
    time: Duration,
) -> Load {
    let before = server.cpu();
    let began = Instant::now();
    let end = began + time;
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::connect(server).expect("it listens");
                    let mut times = Vec::new();
                    while Instant::now() < end {
                        let asked = Instant::now();
                        client.ask(domain, depth);
                        times.push(asked.elapsed());
                    }
                    times
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no thread fails"))
            .collect()
    });
    let took = began.elapsed();
    let cpu = server.cpu().saturating_sub(before);
    times.sort();
    #[expect(clippy::cast_precision_loss, reason = "it is a figure for people")]
    let answers = (times.len() * depth) as f64;
    let p99 = times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default();
    Load {
        rate: answers / took.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / answers,
        p99_micros: p99.as_secs_f64() * 1e6,
    }
}

fn request(domain: &str) -> Vec<u8> {
    let payload = format!("postfix {domain}");
    format!("{}:{payload},", payload.len()).into_bytes()
}

fn read_frames(stream: &mut TcpStream, frames: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        let length = stream.read(&mut buffer).expect("it answers");
        assert!(length > 0, "it closed the connection");
        octets.extend(buffer.iter().take(length));
        let mut taken = 0;
        let mut whole = 0;
        while let Some(end) = frame_end(octets.get(taken..).unwrap_or_default()) {
            taken += end;
            whole += 1;
        }
        if whole >= frames {
            return octets;
        }
    }
}
