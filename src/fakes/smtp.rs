//! What an SMTP receiver does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, Identity, TlsVersions};
use super::faults::SmtpFault;
use crate::facts::DnsName;

/// One address of an MX host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Receiver {
    /// The name by which it greets, and by which history calls it.
    pub host: DnsName,
    /// The certificates.
    pub identity: Identity,
    /// The versions of TLS.
    pub versions: TlsVersions,
    /// What it suffers on the wire.
    pub fault: Option<SmtpFault>,
    /// The code with which it answers STARTTLS; `None`: 220, or what the fault makes of it.
    pub starttls: Option<u16>,
    /// The pause of the slow faults; real time, as I/O deadlines are.
    pub pace: Duration,
}

impl Receiver {
    /// The pause of the slow faults unless said otherwise: it outlasts every deadline of a scenario.
    pub const PACE: Duration = Duration::from_secs(600);

    /// Makes a healthy receiver with a certificate for `host`.
    #[must_use]
    pub fn new(host: DnsName) -> Self {
        Self {
            identity: Identity::of(Certificate::new([host.as_str()])),
            host,
            versions: TlsVersions::Both,
            fault: None,
            starttls: None,
            pace: Self::PACE,
        }
    }

    /// Returns the same receiver with `fault`.
    #[must_use]
    pub fn with_fault(self, fault: impl Into<SmtpFault>) -> Self {
        Self {
            fault: Some(fault.into()),
            ..self
        }
    }
}
