//! What to do about a certificate: each fault has its own remedy.

use std::borrow::Borrow;

use super::value::Fix;
use crate::diagnose::command::Command;
use crate::facts::DnsName;
use crate::facts::certificate::{CertificateFault, ChainFault};
use crate::facts::smtp::SmtpPort;

/// Whose certificate it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holder<'a> {
    /// This MX host's, at this port.
    MxHost(&'a DnsName, SmtpPort),
    /// That of the policy host of this domain.
    PolicyHost(&'a DnsName),
}

/// Says what to change, fault by fault, and how to look at it.
#[must_use]
pub fn certificate(
    holder: Holder<'_>,
    faults: impl IntoIterator<Item = impl Borrow<CertificateFault>>,
) -> Fix {
    let mut remedies: Vec<String> = Vec::new();
    for fault in faults {
        let remedy = remedy(holder, fault.borrow());
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    let command = match holder {
        Holder::MxHost(name, port) => Command::smtp_handshake(name, port, " -showcerts"),
        Holder::PolicyHost(domain) => Command::https_handshake(domain, " -showcerts"),
    };
    remedies
        .into_iter()
        .fold(Fix::default(), Fix::line)
        .line("Look at what each address shows with:")
        .run([command])
}

fn remedy(holder: Holder<'_>, fault: &CertificateFault) -> String {
    let host = match holder {
        Holder::MxHost(name, _) => name.to_string(),
        Holder::PolicyHost(domain) => format!("mta-sts.{domain}"),
    };
    match fault {
        CertificateFault::Expired { .. } => {
            "Was the certificate renewed on disk? Then reload the server: it still shows the old one. Else renew \
             it, and find out why it was not renewed by itself."
                .to_owned()
        }
        CertificateFault::IssuerExpired => format!(
            "Replace the intermediate certificates that {host} sends by those that its CA issues with today: \
             its own certificate may be good still."
        ),
        CertificateFault::NotYetValid { .. } | CertificateFault::IssuerNotYetValid { .. } => {
            format!(
                "Go back to the certificate that {host} showed before until this one begins; if it should have begun, \
             the clock of its issuer is wrong."
            )
        }
        CertificateFault::NameMismatch { presented, .. } => name_mismatch(holder, &host, presented),
        CertificateFault::IssuerNotSent { issuer, .. } => format!(
            "Let {host} send its certificate with the intermediates: the file that the CA calls full chain, not the \
             certificate alone; then reload the server. If {issuer} is a CA of your own, no sender knows it: get a \
             certificate from a public CA."
        ),
        CertificateFault::UnknownIssuer { issuer } => format!(
            "Get a certificate for {host} from a public CA: senders do not know {issuer}. If that is a public CA's \
             intermediate, one above it is missing from what the server sends."
        ),
        CertificateFault::SelfSigned => format!(
            "Get a certificate for {host} from a public CA in the place of the self-signed one."
        ),
        CertificateFault::WrongPurpose => format!(
            "Get a certificate for {host} that is for TLS servers (extended key usage serverAuth)."
        ),
        CertificateFault::NotForSignatures { senders_split } => format!(
            "Get a certificate for {host} whose key usage has digitalSignature, which every handshake of today \
             needs, or that has no key usage at all.{}",
            if *senders_split {
                " Senders with GnuTLS refuse this one, those with OpenSSL do not."
            } else {
                ""
            }
        ),
        CertificateFault::IssuerMayNotSign { issuer } => format!(
            "Let the CA of {host} make its intermediate {issuer} anew, with keyCertSign in its key usage, or get a \
             certificate from a public CA."
        ),
        CertificateFault::BadChain(fault) => chain(&host, fault),
        CertificateFault::Unreadable { .. } => format!(
            "What {host} shows is no certificate: install it anew, from the file that the CA gave."
        ),
    }
}

fn name_mismatch(holder: Holder<'_>, host: &str, presented: &[Box<str>]) -> String {
    let get = if presented.is_empty() {
        format!(
            "Get a certificate with {host} among its DNS names (subjectAltName): a common name does not count"
        )
    } else {
        format!("Get a certificate with {host} among its DNS names")
    };
    match (holder, presented) {
        (Holder::PolicyHost(_), _) => format!(
            "{get}, and let the web server show it to clients that ask for that name: without a virtual host of its own \
             a name gets another's."
        ),
        (Holder::MxHost(..), []) => format!("{get}."),
        (Holder::MxHost(..), [other, ..]) => format!(
            "{get}; or, where {other} is the same server, let the MX record name that, and first the policy."
        ),
    }
}

fn chain(host: &str, fault: &ChainFault) -> String {
    match fault {
        ChainFault::CaAsServer => format!(
            "Get a certificate for {host} that is not a CA's: OpenSSL lets this one pass, other TLS libraries do not."
        ),
        ChainFault::TooLarge => {
            format!("Let {host} send the certificates between its own and the root, and no others.")
        }
        ChainFault::HandshakeSignature { .. } => format!(
            "The certificate and the key of {host} do not belong together: install both from one order, the \
             server's own certificate first in its file."
        ),
        ChainFault::ShortKey { bits } => format!(
            "Get a certificate for {host} with a longer key, RSA of 2048 bits or ECDSA: {bits} bits are too few."
        ),
        ChainFault::WeakAlgorithm { algorithm } => {
            format!("Get a certificate for {host} from a CA that does not sign with {algorithm}.")
        }
        ChainFault::BadSignature
        | ChainFault::CriticalExtension { .. }
        | ChainFault::IssuerNotCa
        | ChainFault::IssuerPurpose
        | ChainFault::Malformed
        | ChainFault::NameConstraints
        | ChainFault::Other { .. }
        | ChainFault::PathLength
        | ChainFault::Unsupported { .. } => format!(
            "Install the certificate of {host} and its intermediates as the CA gives them; if they are, the CA has \
             to issue them anew."
        ),
    }
}
