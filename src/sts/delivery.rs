//! §5: what a policy demands before a message may go to a host.
//!
//! [RFC 8461, Section 5]: under `enforce` "Sending MTAs MUST NOT deliver the message to hosts that fail MX
//! matching or certificate validation or that do not support STARTTLS".
//!
//! [RFC 8461, Section 5]: https://www.rfc-editor.org/rfc/rfc8461#section-5

use std::net::IpAddr;

use super::mx::{MxMatched, MxPattern};
use super::policy::Mode;
use super::transport::CertVerified;
use crate::facts::DnsName;

/// Proof that one host passed both checks: the policy lists it, and its certificate is valid for it.
///
/// The certificate must match the host spoken to, not any pattern of the policy and not the next hop (§4.2;
/// what Section 7.1 and Appendix B seem to say is left over from earlier drafts).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Validated {
    matched: MxMatched,
    verified: CertVerified,
}

impl Validated {
    /// Combines the two proofs.
    ///
    /// # Errors
    ///
    /// When they are about two different hosts.
    pub fn combine(matched: MxMatched, verified: CertVerified) -> Result<Self, DifferentHosts> {
        if matched.host() == verified.host() {
            Ok(Self { matched, verified })
        } else {
            Err(DifferentHosts {
                matched: matched.host().clone(),
                verified: verified.host().clone(),
            })
        }
    }

    /// Returns the host.
    #[must_use]
    pub const fn host(&self) -> &DnsName {
        self.matched.host()
    }

    /// Returns the address whose session was checked.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.verified.address()
    }

    /// Returns the pattern that lists the host.
    #[must_use]
    pub const fn pattern(&self) -> &MxPattern {
        self.matched.pattern()
    }

    /// Returns the mode of the policy that lists the host.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.matched.mode()
    }
}

/// Two proofs about two hosts, which prove nothing together.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the policy lists {matched}, the certificate was checked for {verified}")]
pub struct DifferentHosts {
    /// The host that the policy lists.
    pub matched: DnsName,
    /// The host whose certificate was checked.
    pub verified: DnsName,
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{DifferentHosts, Validated};
    use crate::facts::DnsName;
    use crate::facts::certificate::PeerCertificate;
    use crate::facts::smtp::{Reply, SmtpExchange, TlsExchange, TlsSession};
    use crate::sts::mx::MxMatched;
    use crate::sts::policy::{MaxAge, Mode, Policy};
    use crate::sts::transport::{self, CertVerified, Transport};

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 25));

    fn verified(host: &DnsName) -> CertVerified {
        let reply = |code, lines: &[&str]| {
            Some(Reply {
                code,
                lines: lines.iter().map(|line| (*line).into()).collect(),
            })
        };
        let exchange = SmtpExchange {
            greeting: reply(220, &[]),
            ehlo: reply(250, &["x", "STARTTLS"]),
            starttls: reply(220, &[]),
            tls: Some(TlsExchange {
                certificate: Some(PeerCertificate::default()),
                outcome: Ok(TlsSession {
                    version: "TLSv1.3".into(),
                    cipher_suite: "".into(),
                    key_exchange: None,
                }),
            }),
            ehlo_after_tls: reply(250, &["x"]),
            ..SmtpExchange::new(host.clone(), ADDRESS)
        };
        let Transport::Accepted(proof) = transport::judge(&exchange) else {
            panic!("the session is a good one");
        };
        proof
    }

    #[test]
    fn proofs_combine_only_about_one_host() {
        let listed: DnsName = "mx.corp.test".parse().unwrap();
        let other: DnsName = "mx2.corp.test".parse().unwrap();
        let policy = Policy::new(
            Mode::Enforce,
            MaxAge::MAX,
            vec!["*.corp.test".parse().unwrap()],
        )
        .unwrap();
        let matched = MxMatched::check(&policy, &listed).unwrap();
        let validated = Validated::combine(matched.clone(), verified(&listed)).unwrap();
        assert_eq!(
            (
                validated.host(),
                validated.address(),
                validated.pattern().to_string().as_str(),
                validated.mode()
            ),
            (&listed, ADDRESS, "*.corp.test", Mode::Enforce)
        );
        assert_eq!(
            Validated::combine(matched, verified(&other)),
            Err(DifferentHosts {
                matched: listed,
                verified: other
            })
        );
    }
}
