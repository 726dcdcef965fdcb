//! Routers and transports of Exim 4.96 and later.
//!
//! The MX hosts are filtered in a router, before any is tried. In the obvious place, an event of the transport's
//! connection, it would write retry records that hold back other domains with the same host, and a queued message
//! would go out over another domain's connection, unasked.

use super::Part;
use crate::sidecar::address::Address;

/// Returns what Exim must say to be told of policies at `socket`, for delivery by MX records and for a smart host.
#[must_use]
pub fn parts(socket: &Address) -> [Part; 4] {
    let place = match socket {
        Address::Unix(path) => path.display().to_string(),
        Address::Tcp(address) => format!("inet:{address}"),
    };
    [
        Part {
            place: "main section; Debian's split files: /etc/exim4/conf.d/main/00_stickler".into(),
            text: MACROS.replace("SOCKET", &place).into(),
        },
        Part {
            place: "routers, delivery by MX records: before the router with driver = dnslookup; Debian: \
                    /etc/exim4/conf.d/router/190_stickler"
                .into(),
            text: BY_MX.into(),
        },
        Part {
            place: "routers, a smart host: in the place of those above, before the router with driver = manualroute; \
                    Debian: /etc/exim4/conf.d/router/190_stickler"
                .into(),
            text: BY_SMART_HOST.into(),
        },
        Part {
            place: "transports; Debian: /etc/exim4/conf.d/transport/20_stickler".into(),
            text: TRANSPORT.into(),
        },
    ]
}

/// A comment behind the value of a macro would become part of it.
const MACROS: &str = r"# Where stickler answers.
STS_SOCK = SOCKET
# The authorities that certificates of MX hosts may have: those of the system, or a file.
STS_CA = system
";

/// An address of `0.0.0.0` or `127.0.0.0/8` is ignored beside the hosts that the policy does not list. Where `mx_re`
/// is missing, `^\$` matches nothing, so that every host is ignored.
const BY_MX: &str = r"# Asks once for each domain. Declines, unless stickler cannot answer: then the mail waits.
sts_ask:
  driver = redirect
  domains = ! +local_domains
  set = r_sts = ${readsocket{STS_SOCK}{policy ${lc:$domain}\n}{30s}{ }{mode=tempfail}}
  allow_defer
  data = ${if inlist{${extract{mode}{$r_sts}{$value}{tempfail}}}{enforce:testing:none}{}{:defer: MTA-STS policy service unavailable}}

# An enforced policy: MX hosts that it does not list are dropped here, before any retry data exists.
sts_enforce:
  driver = dnslookup
  domains = ! +local_domains
  condition = ${if eq{${extract{mode}{$r_sts}}}{enforce}}
  ignore_target_hosts = <; 0.0.0.0 ; 127.0.0.0/8 ; ! ${extract{mx_re}{$r_sts}{$value}{^\$}} ; *
  self = defer
  transport = remote_smtp_sts

# Reached when every MX host was dropped: the mail waits, and does not bounce.
sts_refuse:
  driver = redirect
  domains = ! +local_domains
  condition = ${if eq{${extract{mode}{$r_sts}}}{enforce}}
  allow_defer
  data = :defer: no MX host of $domain matches its MTA-STS policy
  no_more
";

/// The smart host is the policy domain, and its own one MX host (RFC 8461, Section 3.4).
const BY_SMART_HOST: &str = r"# The smart host and its port, as in dc_smarthost of Debian.
STS_HOST = smarthost.example
STS_PORT = 587

sts_ask:
  driver = redirect
  domains = ! +local_domains
  set = r_sts = ${readsocket{STS_SOCK}{policy ${lc:STS_HOST}\n}{30s}{ }{mode=tempfail}}
  allow_defer
  data = ${if inlist{${extract{mode}{$r_sts}{$value}{tempfail}}}{enforce:testing:none}{}{:defer: MTA-STS policy service unavailable}}

sts_enforce:
  driver = manualroute
  domains = ! +local_domains
  condition = ${if eq{${extract{mode}{$r_sts}}}{enforce}}
  condition = ${if match{STS_HOST}{${extract{mx_re}{$r_sts}{$value}{^\$}}}}
  route_list = * STS_HOST::STS_PORT byname
  host_find_failed = defer
  self = defer
  transport = remote_smtp_sts

sts_refuse:
  driver = redirect
  domains = ! +local_domains
  condition = ${if eq{${extract{mode}{$r_sts}}}{enforce}}
  allow_defer
  data = :defer: STS_HOST cannot be used under its MTA-STS policy
  no_more
";

const TRANSPORT: &str = r"# Take over what your own remote_smtp (or remote_smtp_smarthost) says besides: DKIM, interface, helo_data.
remote_smtp_sts:
  driver = smtp
  hosts_try_auth = *
  hosts_require_tls = *
  tls_verify_hosts = *
  tls_verify_cert_hostnames = *
  tls_verify_certificates = STS_CA
  tls_sni = $host
  tls_tempfail_tryclear = false
";

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_socket_is_named_as_readsocket_takes_it() {
        for (socket, expected) in [
            (
                "unix:/run/stickler/exim.sock",
                "\nSTS_SOCK = /run/stickler/exim.sock\n",
            ),
            ("127.0.0.1:8463", "\nSTS_SOCK = inet:127.0.0.1:8463\n"),
        ] {
            let [macros, ..] = parts(&socket.parse().unwrap());
            assert!(macros.text.contains(expected), "{macros:?}");
        }
    }
}
