//! `stickler`, a strict MTA-STS ([RFC 8461]) sender: it says what strict senders would do with mail for a
//! domain, and why.
//!
//! The same sender runs against the Internet (`stickler check`) and inside a fake one, where migrations are
//! replayed under a virtual clock (`stickler replay`). The outage it exists for: a domain's MX records move
//! to a new provider while its policy still lists the old hosts. Lenient senders deliver, strict ones defer
//! and at last bounce, and nothing of it shows in the receiver's log.
//!
//! # One sender, three networks
//!
//! ```text
//!                      ┌ live    net, on the Internet
//! sender ── Network ───┤ lab     net, on world's fake servers: only addresses, ports and roots differ
//!  (facts in,          │
//!   verdicts out)      └ model   a scenario's state in memory: no sockets, a month in milliseconds
//! ```
//!
//! - Networks return facts and judge nothing: an RCODE and records, a status and a body, SMTP replies, a
//!   whole certificate chain. Pure code judges, with the time as an argument.
//! - [`sender`] is the only place where facts meet judgements. It is generic over one trait,
//!   [`sender::Network`], and leaves a trace of each step: what was asked, what came back, what follows from
//!   it under which section.
//! - [`world`] uses neither our parsers nor our client. It emits the bytes that a scenario says, and a
//!   request that no scenario announced fails the run: a bug in our parser cannot hide in our fakes.
//! - One [`clock`] is the only reader of civil time, certificates included, so that moving it ages policies,
//!   DNS answers and certificates together.
//! - A message counts as delivered under an enforced policy only by two proofs that nothing but their checks
//!   can make: [`sts::mx::MxMatched`] and [`sts::transport::CertVerified`].
//!
//! # The rooms
//!
//! A room uses those of the rows below its own, and a test holds it to that.
//!
//! | room | what |
//! |---|---|
//! | [`cli`] | the command line, one file a verb; the only reader of the environment |
//! | [`report`] | results as text, JSON, NDJSON and JUnit |
//! | [`audit`] | does a sender enforce: requirements, controls, scores |
//! | [`sidecar`] | what Postfix and Exim ask, and what they are answered |
//! | [`diagnose`] | facts and verdicts turned into findings, the nine steps out of the outage, a fix |
//! | [`replay`] | plays a story on the model and on the lab, and holds the two against each other |
//! | [`scenario`] | stories written in TOML: reading them, linting them; all that knows of files, lines and spelling |
//! | [`story`] | what holds at each moment, who sends mail, what must come of it: values, from a file or from code |
//! | [`keeper`] | what a long-running sender holds per policy domain, and the work that keeps it true |
//! | [`net`] | the live network: DNS, HTTPS, SMTP and TLS on real sockets |
//! | [`model`] | the network in memory |
//! | [`store`] | policies that survive a restart, in SQLite |
//! | [`sender`] | discovery, cache and delivery in the order of the RFC; classes of sender; the trace |
//! | [`sts`] | RFC 8461, pure: record, policy, patterns, fetch, certificates, delivery |
//! | [`tlsrpt`] | RFC 8460, pure: the record, and the one mapping from our faults to result types |
//! | [`dns_cache`] | what a resolver remembers, pure: TTLs, negative answers, alias chains |
//! | [`clock`] | the system's time, or one that moves when a story says so |
//! | [`fakes`] | the vocabulary of the fake Internet: what a view, an edge, a server, a certificate, a fault is |
//! | [`facts`] | what was seen: plain data, with no opinion about it |
//!
//! `report` and `cli` come with the feature `cli`, which is on unless it is turned off; `store` and `sidecar`, and of the
//! keeper the part that runs, with `store`, which `cli` implies. What a test needs to play a story needs neither.
//!
//! Outside the rows stands [`world`], the fake Internet on loopback; only `replay`, `audit` and `cli` start one.
//!
//! # Where to start reading
//!
//! - What a policy must look like: [`sts::policy`], and [`sts`] for a map of the RFC's sections.
//! - What a sender does, step by step: [`sender::discover`], then [`sender::deliver`].
//! - What `check` looks at: [`diagnose::check`]; what its findings mean: [`diagnose::findings::codes`]; how it
//!   holds what is against what is intended: [`diagnose::intended`].
//! - What goes over the wire: [`net`], from [`net::Live`] on.
//! - What Postfix and Exim ask, and what they are answered: [`sidecar::postfix`], [`sidecar::exim`].
//! - How a migration is written and played: [`story`], [`scenario`], then [`replay::replay`].
//!
//! # From an integration test
//!
//! A scenario can be run from any Rust test:
//!
//! ```
//! use std::path::Path;
//! use stickler::replay::{Networks, replay};
//!
//! # let directory = Path::new(env!("CARGO_MANIFEST_DIR"));
//! let path = directory.join("scenarios/migration/stale-policy-after-cutover.toml");
//! let scenario = stickler::scenario::load(path)?;
//! let runtime = tokio::runtime::Runtime::new()?;
//! let replayed = runtime.block_on(replay(&scenario.story, Networks::Both))?;
//! assert!(replayed.holds(), "{replayed}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [RFC 8461]: https://www.rfc-editor.org/rfc/rfc8461

pub mod audit;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
pub mod diagnose;
pub mod dns_cache;
pub mod facts;
pub mod fakes;
pub mod keeper;
pub mod model;
pub mod net;
pub mod replay;
#[cfg(feature = "cli")]
pub mod report;
pub mod scenario;
pub mod sender;
#[cfg(feature = "store")]
pub mod sidecar;
#[cfg(feature = "store")]
pub mod store;
pub mod story;
pub mod sts;
pub mod tlsrpt;
pub mod world;
