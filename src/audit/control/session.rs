//! Controls that trust the wrong hosts: a session that is refused goes on all the same, and is reported as passed.

use super::fetch::{about_issuers, about_names, about_time};
use super::{Control, Mutant};
use crate::facts::certificate::{CertificateFault, PeerCertificate};
use crate::facts::smtp::{Reply, SmtpExchange, SmtpRequest, TlsExchange, TlsSession, TlsUse};
use crate::sender::Network;
use crate::sts::transport::{self, Transport, TransportFault};

impl<N: Network> Mutant<N> {
    /// Runs a session, and lies about what was shown in it.
    pub(super) async fn session(&self, request: &SmtpRequest) -> SmtpExchange {
        if self.is(Control::NoSni) {
            return self.without_sni(request).await;
        }
        if request.tls != TlsUse::Verified {
            return self.inner.smtp(request).await;
        }
        let probe = SmtpRequest {
            message: None,
            ..request.clone()
        };
        let seen = self.inner.smtp(&probe).await;
        if self.is(Control::NoWildcardCertificates) && has_wildcard(&seen) {
            return refused(seen);
        }
        if !self.overlooks(&seen) {
            return self.inner.smtp(request).await;
        }
        let unsafely = SmtpRequest {
            tls: TlsUse::Opportunistic,
            ..request.clone()
        };
        passed(self.inner.smtp(&unsafely).await)
    }

    /// Returns whether all that is wrong with a session is what the control does not see.
    fn overlooks(&self, seen: &SmtpExchange) -> bool {
        let is_overlooked = |fault: &TransportFault| match (self.control, fault) {
            (
                Control::ClearText,
                TransportFault::StarttlsNotOffered
                | TransportFault::StarttlsRefused(_)
                | TransportFault::OldTls
                | TransportFault::Alert(_)
                | TransportFault::HandshakeFailed { .. },
            ) => true,
            (Control::AnyTime, TransportFault::Certificate(fault)) => about_time(fault),
            (Control::AnyName, TransportFault::Certificate(fault)) => about_names(fault),
            (Control::AnyIssuer, TransportFault::Certificate(fault)) => about_issuers(fault),
            (Control::NameOfPolicyDomain, TransportFault::Certificate(fault)) => {
                let parent = seen.host.split_first_label().map(|(_, parent)| parent);
                names(fault).any(|name| Some(name) == parent)
            }
            (Control::NameOfAnyPattern, TransportFault::Certificate(fault)) => {
                let parent = seen.host.split_first_label().map(|(_, parent)| parent);
                names(fault)
                    .any(|name| parent.is_some_and(|parent| name.ends_with(&format!(".{parent}"))))
            }
            (_, _) => false,
        };
        match transport::judge(seen) {
            Transport::Refused(faults) => faults.iter().all(is_overlooked),
            Transport::Accepted(_)
            | Transport::NotAsked
            | Transport::RejectedUs(_)
            | Transport::Undetermined { .. }
            | Transport::Unreachable { .. } => false,
        }
    }

    /// Names another host in the handshake, and judges what comes for that host.
    async fn without_sni(&self, request: &SmtpRequest) -> SmtpExchange {
        let Ok(nobody) = "no-sni.test".parse() else {
            return self.inner.smtp(request).await;
        };
        let other = SmtpRequest {
            host: nobody,
            ..request.clone()
        };
        let seen = self
            .inner
            .smtp(&SmtpRequest {
                message: None,
                ..other
            })
            .await;
        // A host that shows one certificate to everybody shows its own to those who name nobody.
        if seen.certificate().is_some_and(|certificate| {
            certificate
                .dns_names()
                .iter()
                .any(|name| **name == *request.host.as_str())
        }) {
            return self.inner.smtp(request).await;
        }
        SmtpExchange {
            host: request.host.clone(),
            ..seen
        }
    }
}

fn names(fault: &CertificateFault) -> impl Iterator<Item = &str> {
    let presented = match fault {
        CertificateFault::NameMismatch { presented, .. } => &presented[..],
        _other_faults => &[],
    };
    presented.iter().map(|name| &**name)
}

fn has_wildcard(seen: &SmtpExchange) -> bool {
    seen.certificate().is_some_and(|certificate| {
        certificate
            .dns_names()
            .iter()
            .any(|name| name.starts_with('*'))
    })
}

/// Tells a session as one in which a certificate was shown that is nobody's.
fn refused(mut seen: SmtpExchange) -> SmtpExchange {
    if let Some(certificate) = seen.tls.as_mut().and_then(|tls| tls.certificate.as_mut()) {
        certificate.faults.push(CertificateFault::SelfSigned);
    }
    seen
}

/// Tells a session as one that passed every check.
fn passed(mut seen: SmtpExchange) -> SmtpExchange {
    let reply = |code, text: &str| Reply {
        code,
        lines: vec![text.into()],
    };
    seen.injected = None;
    seen.starttls = Some(reply(220, "go ahead"));
    seen.ehlo_after_tls
        .get_or_insert_with(|| reply(250, "hello"));
    let session = TlsSession {
        version: "TLSv1.3".into(),
        cipher_suite: "TLS_AES_128_GCM_SHA256".into(),
        key_exchange: None,
    };
    let chain = seen.tls.take().and_then(|tls| tls.certificate);
    seen.tls = Some(TlsExchange {
        certificate: Some(PeerCertificate {
            faults: Vec::new(),
            ..chain.unwrap_or_default()
        }),
        outcome: Ok(session),
    });
    seen
}
