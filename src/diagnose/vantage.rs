//! From where a check looks: the programs that it proposes must be led where it was led itself.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::command::{Command, HTTPS_PORT, Source};
use crate::facts::DnsName;
use crate::net::routes::Routes;

/// What leads a check elsewhere than to the Internet as everybody sees it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Vantage {
    /// The options that a repeated `check` needs to see the same, quoted for a shell: `--resolver
    /// 127.0.0.1:5353`. Empty if it needs none.
    pub repeat: String,
    /// The options that say what is intended, as a repeated `check` needs them; `None` if nobody says.
    pub intended: Option<IntendedOptions>,
    /// The resolver that is asked in the place of the system's.
    pub resolver: Option<SocketAddr>,
    /// Where connections go in the place of the addresses that the DNS gives.
    pub routes: Routes,
    /// The file of the authorities that are trusted besides, quoted for a shell.
    pub ca_file: Option<String>,
}

/// The options that say what is intended, quoted for a shell.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IntendedOptions {
    /// Those for one domain: `--intended-mx mx.new.test`.
    pub of_one: String,
    /// Those that name every domain of a phase, `--intended phase.toml`; `None` if no file holds them.
    pub of_all: Option<String>,
}

impl Vantage {
    /// Returns the command as it works from here; `None` if it would look elsewhere.
    pub(super) fn lead(&self, command: Command, seen: &Seen) -> Option<Command> {
        if self.resolver.is_none() && self.routes.is_empty() {
            return Some(command);
        }
        match command {
            Command::Check(_) => Some(command),
            // It begins at the root, whichever resolver is named.
            Command::Trace(_) => None,
            Command::Dig { arguments, at } => Some(Command::Dig {
                arguments,
                at: self.resolver.or(at),
            }),
            // Some resolver in the place of the system's says nothing of where the servers are.
            Command::AskServer {
                arguments,
                host,
                at,
            } => Some(Command::AskServer {
                at: self.routes.resolve(&host, at),
                arguments,
                host,
            }),
            Command::Fetch {
                domain,
                options,
                from,
                covers,
            } => {
                let host = domain.prefixed("mta-sts").ok()?;
                let address = match from {
                    Source::Anywhere => seen.first(host.as_str())?,
                    Source::Address(address) => address,
                    Source::Socket(socket) => socket.ip(),
                };
                let socket = SocketAddr::new(address, HTTPS_PORT);
                Some(Command::Fetch {
                    options: self.trusting(options, " --cacert "),
                    from: match self.routes.find(&host, socket) {
                        Some(to) => Source::Socket(to),
                        None => Source::Address(address),
                    },
                    domain,
                    covers,
                })
            }
            Command::Handshake {
                name,
                port,
                to,
                is_smtp,
                options,
            } => {
                let host: DnsName = name.parse().ok()?;
                let meant = to.or_else(|| Some(SocketAddr::new(seen.first(&name)?, port)))?;
                Some(Command::Handshake {
                    to: Some(self.routes.resolve(&host, meant)),
                    options: self.trusting(options, " -CAfile "),
                    name,
                    port,
                    is_smtp,
                })
            }
        }
    }

    /// Adds the authorities to the options of a program.
    fn trusting(&self, options: String, option: &str) -> String {
        match &self.ca_file {
            Some(file) => options + option + file,
            None => options,
        }
    }
}

/// The addresses that were seen of the hosts of a report.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Seen(BTreeMap<String, IpAddr>);

impl Seen {
    /// Takes the addresses of each name; the first of a name counts.
    pub(super) fn new(addresses: impl IntoIterator<Item = (String, IpAddr)>) -> Self {
        let mut first = BTreeMap::new();
        for (name, address) in addresses {
            first.entry(name).or_insert(address);
        }
        Self(first)
    }

    fn first(&self, name: &str) -> Option<IpAddr> {
        self.0.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, DnsName, Routes, Seen, Vantage};
    use crate::facts::smtp::SmtpPort;

    #[test]
    fn commands_work_where_they_are_proposed_or_are_not_proposed() {
        let domain: DnsName = "corp.test".parse().unwrap();
        let mx: DnsName = "mx.test".parse().unwrap();
        let unseen: DnsName = "other.test".parse().unwrap();
        let seen = Seen::new(
            [
                ("mta-sts.corp.test", "192.0.2.3"),
                ("mx.test", "192.0.2.2"),
                ("mx.test", "192.0.2.9"),
            ]
            .map(|(name, address)| (name.to_owned(), address.parse().unwrap())),
        );
        let elsewhere = Vantage {
            resolver: Some("192.0.2.53:53".parse().unwrap()),
            ..Vantage::default()
        };
        let lab = Vantage {
            resolver: Some("127.0.0.1:40110".parse().unwrap()),
            routes: Routes::new(
                [
                    "192.0.2.3:443:127.0.0.1:4443",
                    "192.0.2.2:25:127.0.0.1:4025",
                ]
                .map(|route| route.parse().unwrap()),
            ),
            ca_file: Some("lab.pem".to_owned()),
            ..Vantage::default()
        };
        let url = "https://mta-sts.corp.test/.well-known/mta-sts.txt";
        let fetch = Command::fetch("-sv", &domain);
        let from = Command::fetch_from(&domain, "192.0.2.3".parse().unwrap());
        let lint = Command::lint_served(&domain, &["mx.test".to_owned()]);
        let smtp = |host| Command::smtp_handshake(host, SmtpPort::default(), " -showcerts");
        for (vantage, command, expected) in [
            (&Vantage::default(), fetch.clone(), format!("curl -sv {url}")),
            (
                &elsewhere,
                fetch.clone(),
                format!("curl -sv --resolve 'mta-sts.corp.test:443:192.0.2.3' {url}"),
            ),
            (
                &lab,
                fetch,
                format!("curl -sv --cacert lab.pem --connect-to 'mta-sts.corp.test:443:127.0.0.1:4443' {url}"),
            ),
            (
                &lab,
                from,
                format!("curl -sS --cacert lab.pem --connect-to 'mta-sts.corp.test:443:127.0.0.1:4443' {url}"),
            ),
            (
                &elsewhere,
                lint,
                format!(
                    "curl -sS --resolve 'mta-sts.corp.test:443:192.0.2.3' {url} | stickler lint policy - --mx mx.test"
                ),
            ),
            (&lab, Command::fetch("-sv", &unseen), String::new()),
            (
                &Vantage::default(),
                Command::dig("+short MX corp.test"),
                "dig +short MX corp.test".to_owned(),
            ),
            (
                &elsewhere,
                Command::dig("+short MX corp.test"),
                "dig @192.0.2.53 +short MX corp.test".to_owned(),
            ),
            (
                &lab,
                Command::dig("+short MX corp.test"),
                "dig @127.0.0.1 -p 40110 +short MX corp.test".to_owned(),
            ),
            (&lab, Command::trace("corp.test"), String::new()),
            (
                &Vantage::default(),
                Command::trace("corp.test"),
                "dig +trace corp.test".to_owned(),
            ),
            (
                &lab,
                Command::https_handshake(&domain, ""),
                "openssl s_client </dev/null -connect 127.0.0.1:4443 -servername mta-sts.corp.test -CAfile lab.pem"
                    .to_owned(),
            ),
            (
                &lab,
                smtp(&mx),
                "openssl s_client -connect 127.0.0.1:4025 -starttls smtp -servername mx.test </dev/null -showcerts \
                 -CAfile lab.pem"
                    .to_owned(),
            ),
            (&lab, smtp(&unseen), String::new()),
            (
                &lab,
                Command::check("--now 2026-03-04T10:00:00Z", &domain),
                "stickler check --now 2026-03-04T10:00:00Z corp.test".to_owned(),
            ),
        ] {
            let led = vantage.lead(command.clone(), &seen);
            let led = led.map_or_else(String::new, |command| command.to_string());
            assert_eq!(led, expected, "{command} from {vantage:?}");
        }
    }
}
