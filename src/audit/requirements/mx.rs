//! §4.1, §5: which MX hosts a policy lists.

use super::mode::ENFORCE;
use crate::audit::control::Control;
use crate::audit::requirement::Demand::{Arrives, StaysAway};
use crate::audit::requirement::Phase::First;
use crate::audit::requirement::{Level, Over, Requirement, STEADY};
use crate::fakes::DialogueFault;

const ONE_LABEL: &str = "the wildcard character \"*\" may only be used to match the entire left-most label in the \
                         presented identifier. Thus, the mx pattern \"*.example.com\" matches \
                         \"mail.example.com\" but not \"example.com\" or \"foo.bar.example.com\".";

const MATCHES: &str = "a Sending MTA honoring MTA-STS MUST check whether: 1. At least one of the policy's \"mx\" \
                       patterns matches the selected MX host, as described in Section 4.1.";

const WILDCARD: &str = "version: STSv1\nmode: enforce\nmx: *.{d}\nmax_age: {life}\n";

pub(super) const ROWS: &[Requirement] = &[
    Requirement {
        id: "8461/4.1/not-listed",
        number: "A1",
        sentence: ENFORCE,
        shows: "a healthy MX host that the policy does not list",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: enforce\nmx: other.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::AnyHost,
        ..STEADY
    },
    Requirement {
        id: "8461/4.1/wildcard",
        number: "V2",
        sentence: ONE_LABEL,
        shows: "`*.` before the domain, and an MX host one label below it",
        first: |site| {
            site.healthy().policy(WILDCARD);
        },
        demands: &[(First, Arrives("mx", Over::Tls))],
        failed_by: Control::NoWildcards,
        ..STEADY
    },
    Requirement {
        id: "8461/4.1/wildcard-two-labels",
        number: "V2",
        sentence: ONE_LABEL,
        shows: "`*.` before the domain, and an MX host two labels below it",
        first: |site| {
            site.healthy()
                .policy(WILDCARD)
                .mx(&[(10, "a.mx")])
                .server("a.mx");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::WildcardAnyDepth,
        ..STEADY
    },
    Requirement {
        id: "8461/4.1/wildcard-apex",
        number: "V2",
        sentence: ONE_LABEL,
        shows: "`*.` before the domain, which is its own MX host",
        first: |site| {
            site.healthy().policy(WILDCARD).mx(&[(10, "")]).server("");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::WildcardCoversApex,
        ..STEADY
    },
    Requirement {
        id: "8461/4.1/parent-pattern",
        number: "V2",
        sentence: MATCHES,
        shows: "the domain itself as pattern, and an MX host below it",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: enforce\nmx: {d}\nmax_age: {life}\n");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::SuffixMatches,
        ..STEADY
    },
    Requirement {
        id: "8461/4.1/case",
        number: "V2",
        sentence: MATCHES,
        shows: "a pattern in capitals",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: enforce\nmx: MX.{d}\nmax_age: {life}\n");
        },
        demands: &[(First, Arrives("mx", Over::Tls))],
        failed_by: Control::MatchesCase,
        ..STEADY
    },
    Requirement {
        id: "8461/4.1/target-of-alias",
        number: "V2",
        sentence: MATCHES,
        shows: "an MX host that is an alias of a listed one",
        first: |site| {
            site.healthy()
                .mx(&[(10, "alias")])
                .alias("alias", "mx")
                .covers("mx", &["mx", "alias"]);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::MatchesTargets,
        ..STEADY
    },
    Requirement {
        id: "8461/5/implicit-mx",
        number: "A9",
        sentence: ENFORCE,
        shows: "a domain without MX records that its policy does not list",
        first: |site| {
            site.healthy()
                .policy("version: STSv1\nmode: enforce\nmx: other.{d}\nmax_age: {life}\n")
                .mx(&[])
                .server("");
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::ExemptsImplicitMx,
        ..STEADY
    },
    Requirement {
        id: "8461/5.1/next-listed",
        number: "A6",
        sentence: ENFORCE,
        shows: "a preferred MX host that is not listed before one that is",
        first: |site| {
            site.healthy()
                .mx(&[(10, "first"), (20, "mx")])
                .server("first");
        },
        demands: &[(First, Arrives("mx", Over::Tls))],
        failed_by: Control::AnyHost,
        ..STEADY
    },
    Requirement {
        id: "8461/5.1/next-host",
        level: Level::Should,
        number: "A6",
        sentence: "For each candidate MX, in order of MX priority, attempt to deliver the message.",
        shows: "a preferred MX host without STARTTLS before a healthy one, both listed",
        first: |site| {
            site.healthy()
                .policy(WILDCARD)
                .mx(&[(10, "first"), (20, "mx")])
                .server("first")
                .fault("first", DialogueFault::StarttlsAbsent);
        },
        demands: &[(First, Arrives("mx", Over::Tls))],
        failed_by: Control::FirstHostOnly,
        ..STEADY
    },
];
