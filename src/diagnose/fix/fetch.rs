//! What to do about a policy that could not be fetched.

use crate::facts::DnsName;
use crate::facts::dns::DnsFailure;
use crate::facts::http::{FAMILY_OFF, HttpFailure, HttpFailureKind};
use crate::sts::fetch::FetchError;
use crate::sts::policy::PolicyErrorKind;

/// Says what to change at the policy host, or where to look.
#[must_use]
pub fn fetch(domain: &DnsName, error: &FetchError) -> String {
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    match error {
        FetchError::Certificate(_) => format!(
            "Get a certificate for mta-sts.{domain} (a DNS name in subjectAltName) from a public CA, with its \
             intermediates, on every address; look at it with:\n\n{}",
            client(domain)
        ),
        FetchError::Connection(failure) => connection(domain, failure),
        FetchError::Host(_) => {
            "Of so long a domain no policy can be published: use a shorter name for mail."
                .to_owned()
        }
        FetchError::HostLookup(failure) => lookup(domain, failure),
        FetchError::HostNotFound { .. } | FetchError::NoAddress { .. } => format!(
            "Give mta-sts.{domain} an A or AAAA record, or a CNAME to the policy host:\n\ndig mta-sts.{domain}"
        ),
        FetchError::Interrupted { .. } => format!(
            "The server breaks off within the body: look at its log, and at the Content-Length it announces:\n\n\
             curl -sv {url}"
        ),
        FetchError::MediaType { .. } => {
            format!("Serve {url} with `Content-Type: text/plain`.")
        }
        FetchError::Policy(error) => match error.kind.hint() {
            Some(hint) if is_missing(&error.kind) => format!("After line {}: {hint}", error.line),
            Some(hint) => format!("Line {}: {hint}", error.line),
            None => format!("Correct line {} of the policy.", error.line),
        },
        FetchError::Status {
            location: Some(_), ..
        } => format!(
            "Serve the policy itself at {url} with status 200: senders never follow a redirect."
        ),
        FetchError::Status { .. } => {
            format!("Serve the policy at {url} with status 200.")
        }
        FetchError::TimedOut => elsewhere(domain),
        FetchError::TooLarge { .. } => {
            format!("Serve nothing but the policy at {url}: a handful of lines.")
        }
    }
}

fn is_missing(kind: &PolicyErrorKind) -> bool {
    matches!(
        kind,
        PolicyErrorKind::Missing { similar: None, .. } | PolicyErrorKind::NoMx { .. }
    )
}

fn connection(domain: &DnsName, failure: &HttpFailure) -> String {
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    match failure.kind {
        HttpFailureKind::HandshakeFailed => format!(
            "What this server offers only some TLS libraries have. Offer TLS 1.3, or in TLS 1.2 cipher suites \
             with ECDHE and AEAD (RFC 9325, Section 4.2); look at what it offers with:\n\n{}",
            client(domain)
        ),
        HttpFailureKind::HeadTooLarge => format!(
            "Send fewer headers from mta-sts.{domain}: clients stop reading at a hundred of them, or before:\n\n\
             curl -sI {url}"
        ),
        HttpFailureKind::OwnAddress => format!(
            "Let mta-sts.{domain} lead to an address of the web server that others can reach:\n\n\
             dig mta-sts.{domain}"
        ),
        HttpFailureKind::Malformed => format!(
            "Serve HTTPS at port 443 of mta-sts.{domain}: what answers there is no HTTP inside TLS:\n\n\
             curl -sv {url}"
        ),
        HttpFailureKind::OldTls => format!(
            "Offer TLS 1.2 or 1.3 at mta-sts.{domain}; try:\n\n{} -tls1_2",
            client(domain)
        ),
        HttpFailureKind::Refused => format!(
            "Start the web server of mta-sts.{domain}: nothing listens at port 443, or a firewall refuses:\n\n\
             curl -sv {url}"
        ),
        HttpFailureKind::CertificateRefused | HttpFailureKind::Reset => format!(
            "The server, or a box before it, breaks the connection: look at its log:\n\ncurl -sv {url}"
        ),
        HttpFailureKind::Unreachable if failure.detail.contains(FAMILY_OFF) => {
            format!("mta-sts.{domain} has no address of the family that is left: drop -4 or -6.")
        }
        HttpFailureKind::ConnectTimedOut
        | HttpFailureKind::TimedOut
        | HttpFailureKind::Unreachable => elsewhere(domain),
    }
}

fn lookup(domain: &DnsName, failure: &DnsFailure) -> String {
    if failure.kind.is_ours() {
        elsewhere(domain)
    } else if failure.kind.is_published() {
        format!(
            "Let the CNAME at mta-sts.{domain} lead to a name with an A or AAAA record:\n\ndig mta-sts.{domain}"
        )
    } else {
        format!(
            "The name servers of the zone that mta-sts.{domain} is in fail ({}): have them repaired, or the \
             zone signed anew:\n\ndig +trace mta-sts.{domain}",
            failure.kind
        )
    }
}

fn elsewhere(domain: &DnsName) -> String {
    format!(
        "Try from another network:\n\ncurl -sv https://mta-sts.{domain}/.well-known/mta-sts.txt"
    )
}

fn client(domain: &DnsName) -> String {
    format!(
        "openssl s_client </dev/null -connect mta-sts.{domain}:443 -servername mta-sts.{domain}"
    )
}
