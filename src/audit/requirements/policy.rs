//! §3.2: the policy.

use super::record::UNKNOWN_FIELDS;
use crate::audit::control::Control;
use crate::audit::requirement::Demand::{Arrives, StaysAway};
use crate::audit::requirement::Phase::{Changed, First};
use crate::audit::requirement::{Level, Over, Requirement, STEADY};
use crate::fakes::Response;

const INVALID: &str = "If a valid TXT record is found but no policy can be fetched via HTTPS (for any reason), and there \
                       is no valid (non-expired) previously cached policy, senders MUST continue with delivery as \
                       though the domain has not implemented MTA-STS.";

const GRAMMAR: &str = "sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP) \
                       [sts-policy-term]";

pub(super) const ROWS: &[Requirement] = &[
    Requirement {
        id: "8461/3.2/unknown-policy-fields",
        number: "D10",
        sentence: UNKNOWN_FIELDS,
        shows: "a policy with one more field",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: enforce\nnew_field: some value\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::RefusesUnknownFields,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/first-duplicate",
        number: "D11",
        sentence: "If any non-repeated field -- i.e., all fields excepting \"mx\" -- is duplicated, all entries except \
                   for the first SHALL be ignored.",
        shows: "a policy with mode enforce, then mode none",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: enforce\nmode: none\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::LastDuplicateCounts,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/any-order",
        number: "P1",
        sentence: GRAMMAR,
        shows: "a policy with its version in the last line",
        first: |site| {
            site.trap()
                .policy("max_age: {life}\nmx: mx.{d}\nmode: enforce\nversion: STSv1\n");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::PolicyVersionFirst,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/crlf",
        number: "P1",
        sentence: "sts-policy-term = LF / CRLF",
        shows: "a policy whose lines end in CR LF",
        first: |site| {
            site.trap()
                .policy("version: STSv1\r\nmode: enforce\r\nmx: mx.{d}\r\nmax_age: {life}\r\n");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::LfOnly,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/several-mx",
        number: "P2",
        sentence: "If a policy specifies more than one MX, each MX MUST have its own \"mx:\" key, and each MX key/value \
                   pair MUST be on its own line in the policy file.",
        shows: "a policy whose second mx line has the MX host",
        first: |site| {
            site.healthy().policy(
                "version: STSv1\nmode: enforce\nmx: other.{d}\nmx: mx.{d}\nmax_age: {life}\n",
            );
        },
        demands: &[(First, Arrives("mx", Over::Tls))],
        failed_by: Control::FirstPatternOnly,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/policy-version-missing",
        number: "P1",
        sentence: INVALID,
        shows: "a policy without a version",
        first: |site| {
            site.trap()
                .policy("mode: enforce\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::MendsVersion,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/policy-version-other",
        number: "P1",
        sentence: INVALID,
        shows: "a policy of version `STSv2`",
        first: |site| {
            site.trap()
                .policy("version: STSv2\nmode: enforce\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::MendsVersion,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/mode-missing",
        number: "P1",
        sentence: INVALID,
        shows: "a policy without a mode",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::MendsMode,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/mode-case",
        number: "P1",
        sentence: INVALID,
        shows: "a policy of mode `Enforce`",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: Enforce\nmx: mx.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::MendsMode,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/max-age-missing",
        number: "P1",
        sentence: INVALID,
        shows: "a policy without max_age",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: enforce\nmx: mx.{d}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::MendsMaxAge,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/max-age-no-digits",
        number: "P1",
        sentence: INVALID,
        shows: "a policy whose max_age is `+604800`",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: +604800\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::MendsMaxAge,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/mx-missing",
        number: "P1",
        sentence: INVALID,
        shows: "an enforced policy without mx",
        first: |site| {
            site.trap()
                .policy("version: STSv1\nmode: enforce\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::MendsMx,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/none-without-mx",
        number: "P1",
        sentence: "sts-policy-mx / ; required at least once, except when mode is \"none\"",
        shows: "an enforced policy, then one of mode none and without mx",
        first: |site| {
            site.trap();
        },
        changed: Some(|site| {
            site.policy("version: STSv1\nmode: none\nmax_age: {life}\n")
                .txt(&["v=STSv1; id=2;"]);
        }),
        demands: &[(First, StaysAway), (Changed, Arrives("mx", Over::Any))],
        failed_by: Control::NoneNeedsMx,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/media-type",
        level: Level::Should,
        number: "F8",
        sentence: "When fetching a policy, senders SHOULD validate that the media type is \"text/plain\" to guard \
                   against cases where web servers allow untrusted users to host non-text content (typically, HTML \
                   or images) at a user-defined path.",
        shows: "a policy served as text/html",
        first: |site| {
            let body = site.filled("version: STSv1\nmode: enforce\nmx: mx.{d}\nmax_age: {life}\n");
            site.trap().page(
                Response::new(200, "OK")
                    .with_header("Content-Type", "text/html")
                    .with_body(body),
            );
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::AnyMediaType,
        ..STEADY
    },
];
