//! §4, §4.2, §7: whether an SMTP session gives the transport that a policy demands.
//!
//! [RFC 8461, Section 4]: the host "supports STARTTLS and offers a PKIX-based TLS certificate, during TLS
//! handshake, which is valid for that host". What a policy's patterns say of it is another question, see
//! [`mx`](super::mx).
//!
//! [RFC 8461, Section 4]: https://www.rfc-editor.org/rfc/rfc8461#section-4

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::fmt;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::smtp::{
    Reply, SmtpExchange, SmtpFailure, SmtpFailureKind, SmtpStep, TlsExchange, TlsFailure,
    TlsFailureKind,
};
use crate::facts::tls::Alert;
use crate::facts::{DnsName, Say, Sentence};

/// What a session says of the transport to one address of an MX host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Transport {
    /// STARTTLS with a valid certificate, and SMTP goes on inside.
    Accepted(CertVerified),
    /// The host was reached and does not give what a policy demands: every fault that shows.
    ///
    /// Whether others refuse it too, [`Transport::certainty`] says.
    Refused(Vec<TransportFault>),
    /// Nobody was to speak to the host: it is taken as sound.
    NotAsked,
    /// The host turned this client away before it said anything about TLS that could be judged.
    RejectedUs(Reply),
    /// The session ended in a way that proves nothing: only our own vantage failed.
    Undetermined {
        /// What happened.
        detail: Box<str>,
    },
    /// There was no session, or it broke.
    Unreachable {
        /// What broke.
        failure: SmtpFailure,
        /// Whether others would see the same.
        certainty: Certainty,
    },
}

impl Transport {
    /// Returns whether others would see the same.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        match self {
            Self::Accepted(_) => Certainty::Definite,
            Self::NotAsked => Certainty::Assumed,
            Self::Refused(faults) => TransportFault::certainty(faults),
            Self::RejectedUs(_) | Self::Undetermined { .. } => Certainty::Ours,
            Self::Unreachable { certainty, .. } => *certainty,
        }
    }
}

impl Say for Transport {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::Accepted(_) => sentence.words("STARTTLS with a valid certificate"),
            Self::NotAsked => sentence.words("not looked at"),
            Self::Refused(faults) => sentence.join("; ", faults),
            Self::RejectedUs(reply) => {
                sentence.words(format_args!("it turned this client away: {reply}"))
            }
            Self::Undetermined { detail } => {
                sentence.words(format_args!("could not be determined: {detail}"))
            }
            Self::Unreachable { failure, .. } => sentence.words(failure),
        };
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

/// Whether an outcome holds for every sender, or only for us.
#[derive(Clone, Copy, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Other senders see the same.
    Definite,
    /// MX hosts were not looked at, and are taken as sound.
    Assumed,
    /// Our own vantage failed: a time-out, no route, a block list, no cipher suite in common.
    Ours,
}

impl Certainty {
    /// Returns `Ours` if the condition holds.
    #[must_use]
    pub const fn ours_if(is_ours: bool) -> Self {
        if is_ours { Self::Ours } else { Self::Definite }
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Definite => "definite",
            Self::Assumed => "assumed",
            Self::Ours => "ours",
        })
    }
}

/// What is wrong with the transport.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TransportFault {
    /// The handshake was answered with this alert.
    Alert(Alert),
    /// The certificate has a fault; there is one entry for each.
    Certificate(CertificateFault),
    /// The handshake failed in a way that is not about us: what came is no TLS, or breaks its rules.
    HandshakeFailed {
        /// The cause chain.
        detail: Box<str>,
    },
    /// Octets came between the reply to STARTTLS and the handshake, to be believed as though they were
    /// protected ([RFC 3207, Section 6]).
    ///
    /// [RFC 3207, Section 6]: https://www.rfc-editor.org/rfc/rfc3207#section-6
    Injected,
    /// The server speaks no TLS version from 1.2 on (§7.2).
    OldTls,
    /// The reply to EHLO does not offer STARTTLS.
    StarttlsNotOffered,
    /// STARTTLS was answered with something other than 220.
    StarttlsRefused(Reply),
}

impl TransportFault {
    /// Returns whether others would refuse a host for these faults too: not where each is one of which only
    /// our own checks make something.
    #[must_use]
    pub fn certainty(faults: impl IntoIterator<Item = impl Borrow<Self>>) -> Certainty {
        let is_ours = |fault: &Self| match fault {
            Self::Certificate(fault) => fault.is_ours(),
            Self::Alert(_)
            | Self::HandshakeFailed { .. }
            | Self::Injected
            | Self::OldTls
            | Self::StarttlsNotOffered
            | Self::StarttlsRefused(_) => false,
        };
        let mut faults = faults.into_iter().peekable();
        Certainty::ours_if(faults.peek().is_some() && faults.all(|fault| is_ours(fault.borrow())))
    }
}

impl Say for TransportFault {
    fn say(&self, sentence: &mut Sentence) {
        match self {
            Self::Alert(alert) => {
                sentence.words(format_args!("the TLS handshake ends in the alert {alert}"))
            }
            Self::Certificate(fault) => sentence.add(fault),
            Self::HandshakeFailed { detail } => sentence.failure("TLS handshake failed", detail),
            Self::Injected => sentence.words("octets were injected before the TLS handshake"),
            Self::OldTls => sentence.words("server speaks no TLS version from 1.2 on"),
            Self::StarttlsNotOffered => sentence.words("STARTTLS is not offered"),
            Self::StarttlsRefused(reply) => {
                sentence.words(format_args!("STARTTLS was refused: {reply}"))
            }
        };
    }
}

/// Proof that a session with an MX host runs inside TLS with a certificate valid for that host; only
/// [`judge`] can make one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertVerified {
    host: DnsName,
    address: IpAddr,
}

impl CertVerified {
    /// Returns the host whose certificate was checked, against this name.
    #[must_use]
    pub const fn host(&self) -> &DnsName {
        &self.host
    }

    /// Returns the address that was spoken to.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }
}

/// Judges one session, whatever it was for.
///
/// Q: Is a host refused that answers STARTTLS with 5xx? A: Yes: that is no word about the message, and the
/// next host is tried (§5.1); nothing bounces.
///
/// Q: And one whose greeting is 4xx or 5xx? A: That is about this client, its address or its name; it says
/// nothing about TLS.
///
/// Q: And one that answers EHLO with 500 or 502? A: It is from before 1995 and has no STARTTLS, for anybody.
#[must_use]
pub fn judge(exchange: &SmtpExchange) -> Transport {
    match judge_until_handshake(exchange) {
        Err(transport) => transport,
        Ok(tls) => judge_tls(exchange, tls),
    }
}

/// Judges what comes before TLS, and returns the handshake if it was reached.
fn judge_until_handshake(exchange: &SmtpExchange) -> Result<&TlsExchange, Transport> {
    let refused = |fault| Err(Transport::Refused(vec![fault]));
    for reply in [&exchange.greeting, &exchange.ehlo] {
        match reply {
            Some(reply) if reply.is_class(2) => {}
            Some(_) if exchange.lacks_ehlo() => return refused(TransportFault::StarttlsNotOffered),
            Some(reply) => return Err(Transport::RejectedUs(reply.clone())),
            None => return Err(broken(exchange)),
        }
    }
    match &exchange.starttls {
        None if exchange.offers_starttls() => return Err(broken(exchange)),
        None => return refused(TransportFault::StarttlsNotOffered),
        // "220 Ready to start TLS" (RFC 3207, Section 4): no other 2xx means that TLS may begin.
        Some(reply) if reply.code != 220 => {
            return refused(TransportFault::StarttlsRefused(reply.clone()));
        }
        Some(_) => {}
    }
    if exchange.injected.is_some() {
        return refused(TransportFault::Injected);
    }
    exchange.tls.as_ref().ok_or_else(|| broken(exchange))
}

fn judge_tls(exchange: &SmtpExchange, tls: &TlsExchange) -> Transport {
    let mut faults = certificate_faults(tls.certificate.as_ref());
    match &tls.outcome {
        Err(failure) => return judge_failed_handshake(failure, faults),
        Ok(session) => {
            // Both sides MUST support TLS 1.2 or higher (§7.2).
            if matches!(&*session.version, "SSLv3" | "TLSv1" | "TLSv1.0" | "TLSv1.1") {
                faults.push(TransportFault::OldTls);
            }
        }
    }
    if tls.certificate.is_none() {
        faults.push(TransportFault::Certificate(CertificateFault::Unreadable {
            detail: "no certificate was presented".into(),
        }));
    }
    if !faults.is_empty() {
        return Transport::Refused(faults);
    }
    // The state of SMTP before TLS is void (RFC 3207, Section 4.2): only what is said now counts.
    match &exchange.ehlo_after_tls {
        Some(reply) if reply.is_class(2) => Transport::Accepted(CertVerified {
            host: exchange.host.clone(),
            address: exchange.address,
        }),
        Some(reply) => Transport::RejectedUs(reply.clone()),
        None => broken(exchange),
    }
}

fn judge_failed_handshake(failure: &TlsFailure, mut faults: Vec<TransportFault>) -> Transport {
    // A certificate with faults was seen: whatever ended the handshake, that much is known.
    let fault = match failure.kind {
        TlsFailureKind::Alert(received) if !received.is_ours() => {
            Some(TransportFault::Alert(received.alert))
        }
        TlsFailureKind::CertificateRefused if !faults.is_empty() => None,
        TlsFailureKind::OldVersion => Some(TransportFault::OldTls),
        TlsFailureKind::CertificateRefused | TlsFailureKind::Protocol => {
            Some(TransportFault::HandshakeFailed {
                detail: described(failure),
            })
        }
        // Whether a peer that hangs up shows as closed or as reset depends on what it had not read yet.
        TlsFailureKind::Alert(_)
        | TlsFailureKind::Closed
        | TlsFailureKind::NoCommonParameters
        | TlsFailureKind::Reset
            if faults.is_empty() =>
        {
            return Transport::Undetermined {
                detail: described(failure),
            };
        }
        TlsFailureKind::TimedOut if faults.is_empty() => {
            return Transport::Unreachable {
                failure: SmtpFailure {
                    kind: SmtpFailureKind::TimedOut,
                    during: SmtpStep::Starttls,
                    detail: described(failure),
                },
                certainty: Certainty::Ours,
            };
        }
        TlsFailureKind::Alert(_)
        | TlsFailureKind::Closed
        | TlsFailureKind::NoCommonParameters
        | TlsFailureKind::Reset
        | TlsFailureKind::TimedOut => None,
    };
    faults.extend(fault);
    Transport::Refused(faults)
}

fn certificate_faults(certificate: Option<&PeerCertificate>) -> Vec<TransportFault> {
    certificate
        .into_iter()
        .flat_map(|certificate| &certificate.faults)
        .cloned()
        .map(TransportFault::Certificate)
        .collect()
}

fn described(failure: &TlsFailure) -> Box<str> {
    let kind = failure.kind.to_string();
    // The cause of an alert is the alert.
    if kind.contains(&*failure.detail) {
        kind.into()
    } else {
        format!("{kind}: {}", failure.detail).into()
    }
}

/// Judges a session that ended before it said what was to be judged.
fn broken(exchange: &SmtpExchange) -> Transport {
    match &exchange.failure {
        // In TLS 1.3 a client is done with the handshake before the server has seen that it has no certificate.
        Some(SmtpFailure {
            kind: SmtpFailureKind::Alert(alert),
            during: SmtpStep::EhloAfterTls,
            ..
        }) => Transport::Refused(vec![TransportFault::Alert(*alert)]),
        Some(SmtpFailure {
            kind: SmtpFailureKind::NotAsked,
            ..
        }) => Transport::NotAsked,
        Some(failure) => Transport::Unreachable {
            failure: failure.clone(),
            certainty: Certainty::ours_if(failure.is_ours()),
        },
        None => Transport::Undetermined {
            detail: "the session ended before TLS could be judged".into(),
        },
    }
}
