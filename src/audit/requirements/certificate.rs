//! §4.2, §7: the certificate of the MX host.

use crate::audit::control::Control;
use crate::audit::requirement::Demand::{Arrives, StaysAway};
use crate::audit::requirement::Phase::First;
use crate::audit::requirement::{Over, Requirement, STEADY};
use crate::fakes::CertificateFault as Fault;

const CHAIN: &str = "The certificate presented by the receiving MTA MUST not be expired and MUST chain to a root CA that \
                     is trusted by the Sending MTA.";

const NAME: &str = "The certificate MUST have a subject alternative name (SAN) [RFC5280] with a DNS-ID [RFC6125] matching \
                    the hostname, per the rules given in [RFC6125].";

pub(super) const ROWS: &[Requirement] = &[
    Requirement {
        id: "8461/4.2/expired",
        number: "V3",
        sentence: CHAIN,
        shows: "an expired certificate",
        first: |site| {
            site.healthy().certificate("mx", Fault::Expired);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyTime,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/not-yet-valid",
        number: "V3",
        sentence: CHAIN,
        shows: "a certificate whose time has not come",
        first: |site| {
            site.healthy().certificate("mx", Fault::NotYetValid);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyTime,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/self-signed",
        number: "V3",
        sentence: CHAIN,
        shows: "a certificate that is its own issuer",
        first: |site| {
            site.healthy().certificate("mx", Fault::SelfSigned);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyIssuer,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/untrusted-root",
        number: "V3",
        sentence: CHAIN,
        shows: "a certificate whose chain ends at a root that nobody trusts",
        first: |site| {
            site.healthy().certificate("mx", Fault::UntrustedRoot);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyIssuer,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/missing-intermediate",
        number: "V3",
        sentence: CHAIN,
        shows: "a certificate without the intermediate one above it",
        first: |site| {
            site.healthy().certificate("mx", Fault::MissingIntermediate);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyIssuer,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/other-name",
        number: "V3",
        sentence: NAME,
        shows: "a certificate for another name",
        first: |site| {
            site.healthy().certificate("mx", Fault::WrongName);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyName,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/common-name",
        number: "V3",
        sentence: NAME,
        shows: "a certificate that has the host's name as common name only",
        first: |site| {
            site.healthy().certificate("mx", Fault::CnOnly);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyName,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/policy-domain-name",
        number: "V3",
        sentence: NAME,
        shows: "a certificate for the policy domain, not for its MX host",
        first: |site| {
            site.healthy().covers("mx", &[""]);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::NameOfPolicyDomain,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/other-listed-name",
        number: "V3",
        sentence: NAME,
        shows: "a certificate for another host that the policy lists",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: enforce\nmx: mx.{d}\nmx: mx2.{d}\nmax_age: {life}\n")
                .covers("mx", &["mx2"]);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::NameOfAnyPattern,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/certificate-two-levels",
        number: "V3",
        sentence: NAME,
        shows: "a certificate with a wildcard two levels above the host",
        first: |site| {
            site.healthy().certificate("mx", Fault::WildcardTwoLevels);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyName,
        ..STEADY
    },
    Requirement {
        id: "8461/4.2/certificate-wildcard",
        number: "V3",
        sentence: NAME,
        shows: "a certificate with a wildcard for the left-most label of the host",
        first: |site| {
            site.healthy().certificate("mx", Fault::Wildcard);
        },
        demands: &[(First, Arrives("mx", Over::Tls))],
        failed_by: Control::NoWildcardCertificates,
        ..STEADY
    },
    Requirement {
        id: "8461/7.1/mx-sni",
        number: "V5",
        sentence: "When connecting to an SMTP server, the SNI extension MUST contain the MX hostname.",
        shows: "an MX host that has its certificate only for those who ask for its name",
        first: |site| {
            site.healthy().needs_sni("mx");
        },
        demands: &[(First, Arrives("mx", Over::Tls))],
        failed_by: Control::NoSni,
        ..STEADY
    },
];
