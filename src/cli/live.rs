//! The live network that the options describe.

use anyhow::Context as _;

use super::network_args::{Family, NetworkArgs};
use crate::net::routes::Routes;
use crate::net::{AddressFamilies, Deadlines, HeloName, Live, LiveConfig, ResolverConfig, roots};
use crate::sts::certificate::Roots;

/// Makes the network.
///
/// # Errors
///
/// When a file of certificates cannot be read, or there is no resolver.
pub fn network(args: &NetworkArgs) -> anyhow::Result<Live> {
    let mut trusted = Roots::mozilla();
    for path in &args.ca_file {
        trusted = roots::with_pem_file(&trusted, path).context("--ca-file")?;
    }
    if args.system_roots {
        trusted = roots::with_system(&trusted).context("--system-roots")?;
    }
    let config = LiveConfig::new(args.clock(), trusted);
    let live = Live::new(LiveConfig {
        resolver: if args.resolver.is_empty() {
            ResolverConfig::System
        } else {
            ResolverConfig::Addresses(args.resolver.iter().map(|resolver| resolver.0).collect())
        },
        routes: Routes::new(args.connect_to.iter().cloned()),
        deadlines: Deadlines::with_step(args.timeout),
        helo: args.helo.clone().map_or(config.helo, HeloName::Host),
        source: args.source,
        families: match args.family() {
            Family::Any => AddressFamilies::Both,
            Family::V4 => AddressFamilies::V4Only,
            Family::V6 => AddressFamilies::V6Only,
        },
        max_policy_bytes: u64::try_from(args.max_policy_size.get()).unwrap_or(u64::MAX),
        ..config
    })?;
    Ok(live)
}

/// Whether a shell takes a character as it stands, wherever it stands.
const fn is_plain(character: char) -> bool {
    matches!(character, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | ':' | '/' | ',' | '+' | '@')
}

/// Writes the options that make a repeated run see the same network, quoted for a shell.
#[must_use]
pub fn as_options(args: &NetworkArgs) -> String {
    let mut options = String::new();
    let mut push = |name: &str, value: &str| {
        let quoted = if value.chars().all(is_plain) {
            value.to_owned()
        } else {
            format!("'{}'", value.replace('\'', r"'\''"))
        };
        if !options.is_empty() {
            options.push(' ');
        }
        options.push_str(name);
        options.push(' ');
        options.push_str(&quoted);
    };
    for resolver in &args.resolver {
        push("--resolver", &resolver.0.to_string());
    }
    for rule in &args.connect_to {
        push("--connect-to", &rule.to_string());
    }
    for path in &args.ca_file {
        push("--ca-file", &path.to_string_lossy());
    }
    if let Some(now) = args.now {
        push("--now", &now.to_string());
    }
    options
}
