//! What to do about a policy that could not be fetched.

use super::certificate::{Holder, certificate};
use super::{status, value::Fix};
use crate::diagnose::command::{Command, policy_url};
use crate::facts::DnsName;
use crate::facts::dns::DnsFailure;
use crate::facts::http::{HttpFailure, HttpFailureKind};
use crate::facts::tls::{Alert, AlertReceived, SmallerHello};
use crate::sts::fetch::FetchError;
use crate::sts::policy::{Fault, PolicyErrorKind};

/// Says what to change at the policy host, or where to look.
#[must_use]
pub fn fetch(domain: &DnsName, error: &FetchError) -> Fix {
    let fix = advise(domain, error);
    if error.is_ours() {
        fix
    } else {
        fix.at_policy_host()
    }
}

fn advise(domain: &DnsName, error: &FetchError) -> Fix {
    let url = policy_url(domain);
    match error {
        FetchError::Certificate(faults) => certificate(Holder::PolicyHost(domain), faults),
        FetchError::Connection(failure) => connection(domain, failure),
        FetchError::Host(_) => Fix::from(
            "Of so long a domain no policy can be published: use a shorter name for mail.",
        ),
        FetchError::HostLookup(failure) => lookup(domain, failure),
        FetchError::HostNotFound {
            alias_of: Some(_), ..
        }
        | FetchError::NoAddress {
            alias_of: Some(_), ..
        } => Fix::from(format!(
            "Let the CNAME at mta-sts.{domain} lead to a host that serves the policy, or give mta-sts.{domain} an \
             A or AAAA record in its place:"
        ))
        .run([look_up(domain)]),
        FetchError::HostNotFound { alias_of: None, .. }
        | FetchError::NoAddress { alias_of: None, .. } => Fix::from(format!(
            "Give mta-sts.{domain} an A or AAAA record, or a CNAME to the policy host:"
        ))
        .run([look_up(domain)]),
        FetchError::Interrupted { .. } => Fix::from(
            "The server breaks off within the body: look at its log, and at the Content-Length it announces:",
        )
        .run([Command::fetch("-sv", domain)]),
        FetchError::MediaType { .. } => {
            Fix::from(format!("Serve {url} with `Content-Type: text/plain`."))
        }
        FetchError::Policy(error) => faults(&[Fault {
            error: error.clone(),
            last_line: error.line,
        }]),
        FetchError::Status {
            status,
            location,
            is_web_page,
        } => status::serve(domain, *status, location.as_deref(), *is_web_page),
        FetchError::MoreAddresses { .. } => fewer_edges(domain),
        FetchError::TimedOut => elsewhere(domain),
        FetchError::TooLarge { .. } => Fix::from(format!(
            "Serve nothing but the policy at {url}: a handful of lines."
        )),
    }
}

/// Says of each fault of a body what would be right, or at least where to look.
#[must_use]
pub fn faults(faults: &[Fault]) -> Fix {
    faults.iter().fold(Fix::default(), |fix, fault| {
        let Fault { error, last_line } = fault;
        let first = error.line;
        let place = if first == *last_line {
            format!("ine {first}")
        } else {
            format!("ines {first} to {last_line}")
        };
        fix.line(match error.kind.hint() {
            Some(hint) if is_missing(&error.kind) => format!("After l{place}: {hint}"),
            Some(hint) => format!("L{place}: {hint}"),
            None => format!("Correct l{place} of the policy."),
        })
    })
}

/// What to do where the policy host has more addresses than are asked.
#[must_use]
pub fn fewer_edges(domain: &DnsName) -> Fix {
    Fix::from(format!(
        "Give mta-sts.{domain} fewer addresses, or ask each of the others by hand with curl's --resolve; they \
         are:"
    ))
    .run([Command::dig(format_args!(
        "+short mta-sts.{domain} A mta-sts.{domain} AAAA"
    ))])
}

fn is_missing(kind: &PolicyErrorKind) -> bool {
    matches!(
        kind,
        PolicyErrorKind::Missing { similar: None, .. }
            | PolicyErrorKind::NoMx { similar: None, .. }
    )
}

fn connection(domain: &DnsName, failure: &HttpFailure) -> Fix {
    let (advice, command) = match failure.kind {
        HttpFailureKind::Alert(received) if !received.is_ours() => {
            let fix = alert(&format!("mta-sts.{domain}"), received.alert);
            return fix.run([Command::https_handshake(domain, "")]);
        }
        HttpFailureKind::Alert(AlertReceived {
            smaller_hello: SmallerHello::Alert(_) | SmallerHello::EndedOtherwise,
            ..
        }) => (
            LARGE_HELLO.to_owned(),
            Command::https_handshake(domain, ""),
        ),
        HttpFailureKind::Alert(_) | HttpFailureKind::HandshakeFailed => (
            "What this server offers only some TLS libraries have. Offer TLS 1.3, or in TLS 1.2 cipher suites \
             with ECDHE and AEAD (RFC 9325, Section 4.2); look at what it offers with:"
                .to_owned(),
            Command::https_handshake(domain, ""),
        ),
        HttpFailureKind::HeadTooLarge => (
            format!(
                "Send fewer headers from mta-sts.{domain}: clients stop reading at a hundred of them, or before:"
            ),
            Command::fetch("-sI", domain),
        ),
        HttpFailureKind::NotGlobal | HttpFailureKind::OwnAddress => (
            format!(
                "Let mta-sts.{domain} lead to an address of the web server that others can reach:"
            ),
            look_up(domain),
        ),
        HttpFailureKind::Malformed => (
            format!(
                "Serve HTTPS at port 443 of mta-sts.{domain}: what answers there is no HTTP inside TLS:"
            ),
            Command::fetch("-sv", domain),
        ),
        HttpFailureKind::OldTls => (
            format!("Offer TLS 1.2 or 1.3 at mta-sts.{domain}; try:"),
            Command::https_handshake(domain, " -tls1_2"),
        ),
        HttpFailureKind::Refused => (
            format!(
                "Start the web server of mta-sts.{domain}: nothing listens at port 443, or a firewall refuses:"
            ),
            Command::fetch("-sv", domain),
        ),
        HttpFailureKind::BrokenInHandshake => (
            "The server, or a box before it, breaks the connection in the TLS handshake: look at its log, and \
             try from another network:"
                .to_owned(),
            Command::fetch("-sv", domain),
        ),
        HttpFailureKind::CertificateRefused | HttpFailureKind::Reset => (
            "The server, or a box before it, breaks the connection: look at its log:".to_owned(),
            Command::fetch("-sv", domain),
        ),
        HttpFailureKind::FamilyOff => {
            return Fix::from(format!(
                "mta-sts.{domain} has no address of the family that is left: drop -4 or -6."
            ));
        }
        HttpFailureKind::ConnectTimedOut
        | HttpFailureKind::TimedOut
        | HttpFailureKind::Unreachable => return elsewhere(domain),
    };
    Fix::from(advice).run([command])
}

/// What to do about a server that takes no hello in two packets.
pub(in crate::diagnose) const LARGE_HELLO: &str = "The server, or a box before it, does not take a TLS hello that fills more than one packet, as those with a \
     post-quantum key share do: update it; look at what it offers with:";

/// Says what stands behind an alert with which a server ends each handshake for a name.
pub(in crate::diagnose) fn alert(host: &str, alert: Alert) -> Fix {
    if alert == Alert::CERTIFICATE_REQUIRED {
        return Fix::from(format!(
            "It asks for a certificate of the client, and senders have none: switch that off at {host}; try:"
        ));
    }
    Fix::from(format!(
        "There is no certificate or virtual host for {host} there: let the server that its addresses lead to know \
         that name, with a certificate for it; try:"
    ))
}

fn lookup(domain: &DnsName, failure: &DnsFailure) -> Fix {
    if failure.kind.is_ours() {
        elsewhere(domain)
    } else if failure.kind.is_published() {
        Fix::from(format!(
            "Let the CNAME at mta-sts.{domain} lead to a name with an A or AAAA record:"
        ))
        .run([look_up(domain)])
        .of_alias(domain.prefixed("mta-sts").ok())
    } else {
        Fix::from(format!(
            "The name servers of the zone that mta-sts.{domain} is in fail ({}): have them repaired, or the \
             zone signed anew:",
            failure.kind
        ))
        .run([Command::trace(format_args!("mta-sts.{domain}"))])
    }
}

fn elsewhere(domain: &DnsName) -> Fix {
    Fix::from("Try from another network:").run([Command::fetch("-sv", domain)])
}

fn look_up(domain: &DnsName) -> Command {
    Command::dig(format_args!("mta-sts.{domain}"))
}
