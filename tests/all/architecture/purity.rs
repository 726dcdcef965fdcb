//! What the pure rooms do without.

use super::source::Source;

/// The rooms, and the files of other rooms, that take bytes, values and `now`, and give values.
const PURE: [&str; 14] = [
    "dns_cache",
    "facts",
    "fakes",
    "sidecar/exim.rs",
    "sidecar/filter.rs",
    "sidecar/filter_key.rs",
    "sidecar/host.rs",
    "sidecar/key.rs",
    "sidecar/netstring.rs",
    "sidecar/postfix",
    "sidecar/setup",
    "sidecar/socketmap.rs",
    "sts",
    "tlsrpt",
];

/// What would make them impure, and what it stands for. Names of addresses (`std::net::IpAddr`) are values.
const FORBIDDEN: [(&str, &str); 16] = [
    ("tokio", "I/O and tasks"),
    ("async ", "waiting"),
    (".await", "waiting"),
    ("futures_util", "waiting"),
    ("std::thread", "waiting"),
    ("std::fs", "files"),
    ("std::io", "I/O"),
    ("std::env", "the environment"),
    ("TcpStream", "sockets"),
    ("TcpListener", "sockets"),
    ("UdpSocket", "sockets"),
    ("ToSocketAddrs", "names resolved by the system"),
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("tracing", "logging"),
    ("println!", "output"),
];

#[test]
fn the_pure_rooms_do_nothing_but_compute() {
    let mut found = Vec::new();
    for source in Source::library() {
        if !PURE.iter().any(|pure| source.path.starts_with(pure)) {
            continue;
        }
        for (number, line) in source.code.lines().enumerate() {
            for (word, what) in FORBIDDEN {
                if line.contains(word) {
                    let (path, line_number) = (source.path.display(), number + 1);
                    found.push(format!("{path}:{line_number}: `{word}` ({what})"));
                }
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_pure_rooms_are_there() {
    let sources = Source::library();
    for pure in PURE {
        let is_there = sources.iter().any(|source| source.path.starts_with(pure));
        assert!(is_there, "`{pure}`");
    }
}
