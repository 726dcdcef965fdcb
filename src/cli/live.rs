//! The live network that the options describe.

use std::net::UdpSocket;

use anyhow::Context as _;

use super::network_args::{Family, NetworkArgs};
use crate::facts::DnsName;
use crate::facts::smtp::SmtpPort;
use crate::net::routes::Routes;
use crate::net::{AddressFamilies, Deadlines, HeloName, Live, LiveConfig, ResolverConfig, roots};
use crate::sts::certificate::Roots;

/// Makes the network, whose MX hosts listen at `smtp_port` and are greeted with `helo`, or this machine's name.
///
/// # Errors
///
/// When a file of certificates cannot be read, or there is no resolver.
pub fn network(
    args: &NetworkArgs,
    helo: Option<&DnsName>,
    smtp_port: SmtpPort,
) -> anyhow::Result<Live> {
    if let Some(source) = args.source {
        // Any port: what matters is whether the address is this host's.
        UdpSocket::bind((source, 0)).with_context(|| {
            format!("--source: nothing can be sent from {source}, name an address of this host")
        })?;
    }
    let mut trusted = Roots::mozilla();
    for path in &args.ca_file {
        trusted = roots::with_pem_file(&trusted, path).context("--ca-file")?;
    }
    if args.system_roots {
        trusted = roots::with_system(&trusted).context("--system-roots")?;
    }
    let config = LiveConfig::new(args.clock.clock(), trusted);
    let live = Live::new(LiveConfig {
        resolver: if args.resolver.is_empty() {
            ResolverConfig::System
        } else {
            ResolverConfig::Addresses(args.resolver.iter().map(|resolver| resolver.0).collect())
        },
        routes: Routes::new(args.connect_to.iter().cloned()),
        deadlines: Deadlines::with_step(args.timeout),
        helo: helo.cloned().map_or(config.helo, HeloName::Host),
        source: args.source,
        families: match args.family() {
            Family::Any => AddressFamilies::Both,
            Family::V4 => AddressFamilies::V4Only,
            Family::V6 => AddressFamilies::V6Only,
        },
        allowed: args.allow_net.clone(),
        max_policy_bytes: u64::try_from(args.max_policy_size.get()).unwrap_or(u64::MAX),
        smtp_port,
        ..config
    })?;
    Ok(live)
}
