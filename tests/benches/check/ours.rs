//! Our side: what `stickler check --format ndjson` does for each domain, its options and its store aside.

use std::sync::Mutex;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use stickler::clock::Clock;
use stickler::diagnose;
use stickler::diagnose::document::DomainReport;
use stickler::net::routes::{Route, Routes};
use stickler::net::{Live, LiveConfig, ResolverConfig};
use stickler::report::check::{self, Options};
use stickler::report::{Context, Format, Run, Sink};
use stickler::sender::memo::Probes;
use stickler::sender::{Network as _, Verdict};
use stickler::sts::certificate::Roots;

use crate::world::{FakeInternet, START, domain};

/// One run of `check`.
pub(crate) struct Checker {
    network: Live,
    probes: Probes,
    sink: Mutex<Sink<std::io::Sink, DomainReport>>,
}

impl Checker {
    pub(crate) fn new(internet: &FakeInternet) -> Self {
        let ca = CertificateDer::from_pem_slice(internet.ca_pem.as_bytes()).expect("a certificate");
        let roots = Roots::mozilla().with([&ca]).expect("a root");
        let mut config = LiveConfig::new(Clock::starting_at(START), roots);
        config.resolver = ResolverConfig::Addresses(vec![internet.dns]);
        config.helo = "bench.test".parse().expect("a name");
        config.routes = Routes::new(internet.routes.iter().map(|((address, port), to)| {
            let rule = format!("{address}:{port}:{to}");
            rule.parse::<Route>().expect("a route")
        }));
        let network = Live::new(config).expect("a resolver is given");
        let options = Options {
            context: Context::plain(START),
            order: Vec::new(),
        };
        let run = Run::new(network.now(), internet.dns.to_string());
        Self {
            network,
            probes: Probes::default(),
            sink: Mutex::new(Sink::new(
                std::io::sink(),
                check::form(Format::Ndjson, run, options),
            )),
        }
    }

    pub(crate) async fn check(&self, number: usize) {
        let name = domain(number).parse().expect("a name");
        let checked = diagnose::check(
            &self.network,
            &self.probes,
            &name,
            None,
            &diagnose::Options::default(),
        )
        .await;
        assert_eq!(checked.report.verdict, Verdict::Deliver, "{name}");
        let mut sink = self.sink.lock().expect("nobody panics with it");
        sink.write(checked.report).expect("a sink takes all");
    }
}
