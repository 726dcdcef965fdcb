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
