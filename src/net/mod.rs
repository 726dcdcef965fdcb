//! The live network: DNS, HTTPS and SMTP on real sockets. It judges nothing: what it sees are facts.

pub mod routes;
