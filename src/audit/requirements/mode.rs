//! §5: how a policy is applied.

use crate::audit::control::Control;
use crate::audit::requirement::Demand::{Arrives, StaysAway, WaitingArrives, Waits};
use crate::audit::requirement::Phase::{Changed, First};
use crate::audit::requirement::{Level, Over, Requirement, STEADY};
use crate::fakes::{AlertFault, DialogueFault};

pub(super) const ENFORCE: &str = "\"enforce\": In this mode, Sending MTAs MUST NOT deliver the message to hosts that fail \
                                  MX matching or certificate validation or that do not support STARTTLS.";

const TESTING: &str = "\"testing\": In this mode, Sending MTAs that also implement the TLSRPT (TLS Reporting) \
                       specification [RFC8460] send a report indicating policy application failures (as long as TLSRPT \
                       is also implemented by the recipient domain); in any case, messages may be delivered as though \
                       there were no MTA-STS validation failure.";

const TRANSIENT: &str =
    "(In all cases, MTAs SHOULD treat such failures as transient errors and retry delivery later.)";

const OLD_TLS: &str = "MTAs supporting MTA-STS MUST have support for TLS 1.2 [RFC5246] or TLS 1.3 [RFC8446] or higher.";

pub(super) const ROWS: &[Requirement] = &[
    Requirement {
        id: "8461/5/starttls-absent",
        number: "A1",
        sentence: ENFORCE,
        shows: "an MX host that offers no STARTTLS",
        first: |site| {
            site.trap();
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::NeverEnforces,
        ..STEADY
    },
    Requirement {
        id: "8461/5/starttls-stripped",
        number: "A1",
        sentence: ENFORCE,
        shows: "an MX host whose offer of STARTTLS is written over on the way",
        first: |site| {
            site.healthy().fault("mx", DialogueFault::StarttlsStripped);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::ClearText,
        ..STEADY
    },
    Requirement {
        id: "8461/5/starttls-refused",
        number: "A1",
        sentence: ENFORCE,
        shows: "an MX host that answers STARTTLS with 454",
        first: |site| {
            site.healthy().fault("mx", DialogueFault::Starttls454);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::ClearText,
        ..STEADY
    },
    Requirement {
        id: "8461/5/starttls-554",
        level: Level::Should,
        number: "A5",
        sentence: TRANSIENT,
        shows: "an MX host that answers STARTTLS with 554",
        first: |site| {
            site.healthy().fault("mx", DialogueFault::Starttls554);
        },
        demands: &[(First, Waits)],
        failed_by: Control::BouncesAtOnce,
        ..STEADY
    },
    Requirement {
        id: "8461/5/failed-handshake",
        number: "A1",
        sentence: ENFORCE,
        shows: "an MX host that answers the handshake with an alert",
        first: |site| {
            site.healthy().fault("mx", AlertFault::UnrecognizedName);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::ClearText,
        ..STEADY
    },
    Requirement {
        id: "8461/7.2/old-tls",
        number: "V6",
        sentence: OLD_TLS,
        shows: "an MX host that has no TLS from version 1.2 on, as its alert says",
        first: |site| {
            site.healthy().fault("mx", AlertFault::ProtocolVersion);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::ClearText,
        ..STEADY
    },
    Requirement {
        id: "8461/5/each-attempt",
        number: "A1",
        sentence: ENFORCE,
        shows: "an MX host without STARTTLS, at each run of the queue",
        first: |site| {
            site.trap();
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::EnforcesOnce,
        ..STEADY
    },
    Requirement {
        id: "8461/5.1/not-given-up",
        number: "A4",
        sentence: "A message delivery attempt MUST NOT be permanently failed until the sender has first checked for the \
                   presence of a new policy (as indicated by the \"id\" field in the \"_mta-sts\" TXT record).",
        shows: "an MX host that the policy does not list, then a new id and a policy that does",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: enforce\nmx: other.{d}\nmax_age: {life}\n");
        },
        changed: Some(|site| {
            site.policy("version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: {life}\n")
                .txt(&["v=STSv1; id=2;"]);
        }),
        demands: &[(First, StaysAway), (Changed, Arrives("mx", Over::Tls))],
        failed_by: Control::NeverLooksAgain,
        ..STEADY
    },
    Requirement {
        id: "8461/5/tried-again",
        level: Level::Should,
        number: "A5",
        sentence: TRANSIENT,
        shows: "an MX host without STARTTLS, which offers it later",
        first: |site| {
            site.trap();
        },
        changed: Some(|site| {
            site.mended("mx");
        }),
        demands: &[(First, Waits), (Changed, WaitingArrives("mx"))],
        failed_by: Control::BouncesAtOnce,
        ..STEADY
    },
    Requirement {
        id: "8461/5/testing",
        level: Level::Should,
        number: "A2",
        sentence: TESTING,
        shows: "a policy in testing, and an MX host without STARTTLS",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: testing\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::EnforcesTesting,
        ..STEADY
    },
    Requirement {
        id: "8461/5/testing-not-listed",
        level: Level::Should,
        number: "A2",
        sentence: TESTING,
        shows: "a policy in testing, and an MX host that it does not list",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: testing\nmx: other.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::EnforcesTesting,
        ..STEADY
    },
    Requirement {
        id: "8461/5/none",
        level: Level::Should,
        number: "A3",
        sentence: "\"none\": In this mode, Sending MTAs should treat the Policy Domain as though it does not have any \
                   active policy.",
        shows: "a policy of mode none, and an MX host without STARTTLS",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: none\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::EnforcesNone,
        ..STEADY
    },
    Requirement {
        id: "8461/5/no-policy",
        number: "F11",
        sentence: "senders MUST continue with delivery as though the domain has not implemented MTA-STS.",
        shows: "a domain without record and policy, and an MX host without STARTTLS",
        first: |site| {
            site.open().fault("mx", DialogueFault::StarttlsAbsent);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::RefusesOddities,
        ..STEADY
    },
];
