//! §3.3, §7.1: the fetch of the policy.

use crate::audit::control::Control;
use crate::audit::requirement::Demand::{Arrives, AskedSparingly, NeverAsked, StaysAway};
use crate::audit::requirement::Phase::{Changed, First};
use crate::audit::requirement::{Level, Over, Requirement, STEADY};
use crate::fakes::{CertificateFault, Identity, ListenerFault, Response};

const CERTIFICATE: &str = "When fetching a new policy or updating a policy, the HTTPS endpoint MUST present an X.509 \
                           certificate that is valid for the Policy Host (e.g., \"mta-sts.example.com\"), chain to a \
                           root CA that is trusted by the Sending MTA, and be non-expired.";

const DNS_ID: &str = "Matching is performed only against the DNS-ID identifiers.";

const STATUS: &str = "Policies fetched via HTTPS are only valid if the HTTP response code is 200 (OK). HTTP 3xx \
                      redirects MUST NOT be followed, and HTTP caching (as specified in [RFC7234]) MUST NOT be used.";

pub(super) const ROWS: &[Requirement] = &[
    Requirement {
        id: "8461/3.3/policy-host-expired",
        number: "F3",
        sentence: CERTIFICATE,
        shows: "a policy host with an expired certificate",
        first: |site| {
            site.trap().policy_certificate(CertificateFault::Expired);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::PolicyHostExpired,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/policy-host-other-name",
        number: "F3",
        sentence: CERTIFICATE,
        shows: "a policy host with a certificate for another name",
        first: |site| {
            site.trap().policy_certificate(CertificateFault::WrongName);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::PolicyHostAnyName,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/policy-host-not-trusted",
        number: "F3",
        sentence: CERTIFICATE,
        shows: "a policy host whose certificate nobody known issued",
        first: |site| {
            site.trap()
                .policy_certificate(CertificateFault::UntrustedRoot);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::PolicyHostAnyIssuer,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/policy-host-common-name",
        number: "F3",
        sentence: DNS_ID,
        shows: "a policy host whose certificate has its name as common name only",
        first: |site| {
            site.trap().policy_certificate(CertificateFault::CnOnly);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::PolicyHostAnyName,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/policy-host-two-levels",
        number: "F3",
        sentence: "DNS domain names in server certificates MAY contain the wildcard character \"*\" as the complete \
                   left-most label within the identifier.",
        shows: "a policy host whose certificate has a wildcard two levels up",
        first: |site| {
            site.trap()
                .policy_certificate(CertificateFault::WildcardTwoLevels);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::PolicyHostAnyName,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/policy-host-wildcard",
        number: "F3",
        sentence: "DNS domain names in server certificates MAY contain the wildcard character \"*\" as the complete \
                   left-most label within the identifier.",
        shows: "a policy host whose certificate has a wildcard for its left-most label",
        first: |site| {
            site.trap().policy_certificate(CertificateFault::Wildcard);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::PolicyHostNoWildcard,
        ..STEADY
    },
    Requirement {
        id: "8461/7.1/policy-host-sni",
        number: "F2",
        sentence: "When connecting to an HTTP server to retrieve the MTA-STS Policy, the SNI extension MUST contain the \
                   name of the policy host (e.g., \"mta-sts.example.com\").",
        shows: "a policy host that has its certificate only for those who ask for its name",
        first: |site| {
            site.trap().edges(|edge| {
                let all: Vec<_> = edge.identity.all().cloned().collect();
                if let [certificate] = &all[..] {
                    edge.identity = Identity::by_name_only(certificate);
                }
            });
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::PolicyHostNoSni,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/status-404",
        number: "F5",
        sentence: STATUS,
        shows: "a policy served with status 404",
        first: |site| {
            site.trap().status(404);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::AnyStatus,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/status-203",
        number: "F5",
        sentence: STATUS,
        shows: "a policy served with status 203",
        first: |site| {
            site.trap().status(203);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::AnyStatus,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/redirect",
        number: "F6",
        sentence: STATUS,
        shows: "a redirect to a host that has the policy",
        first: |site| {
            let location = site.filled("https://policies.{d}/.well-known/mta-sts.txt");
            site.trap()
                .another_page("policies")
                .page(Response::redirect(301, &location));
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("policies")),
        ],
        failed_by: Control::FollowsRedirects,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/http-caching",
        number: "F7",
        sentence: STATUS,
        shows: "a policy that HTTP lets be cached for a day, then a new id and another policy",
        first: |site| {
            let body = site.filled("version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: {life}\n");
            site.trap()
                .page(Response::ok(body).with_header("Cache-Control", "public, max-age=86400"));
        },
        changed: Some(|site| {
            site.policy("version: STSv1\nmode: none\nmax_age: {life}\n")
                .txt(&["v=STSv1; id=2;"]);
        }),
        demands: &[(First, StaysAway), (Changed, Arrives("mx", Over::Any))],
        failed_by: Control::CachesHttp,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/nothing-cached",
        number: "F11",
        sentence: "If a valid TXT record is found but no policy can be fetched via HTTPS (for any reason), and there is \
                   no valid (non-expired) previously cached policy, senders MUST continue with delivery as though the \
                   domain has not implemented MTA-STS.",
        shows: "a record, and a policy host that refuses connections",
        first: |site| {
            site.trap().policy_host(ListenerFault::Refused);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::WaitsForThePolicy,
        ..STEADY
    },
    Requirement {
        id: "8461/3.3/back-off",
        level: Level::Should,
        number: "F9",
        sentence: "In the case where the HTTPS GET fails, implementers SHOULD limit further attempts to a period of \
                   five minutes or longer per version ID, to avoid overwhelming resource-constrained recipients with \
                   cascading failures.",
        shows: "a policy host that answers with status 500",
        first: |site| {
            site.trap().status(500);
        },
        demands: &[(First, Arrives("mx", Over::Any)), (First, AskedSparingly)],
        failed_by: Control::FetchesAgainAtOnce,
        ..STEADY
    },
];
