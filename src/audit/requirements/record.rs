//! §3.1, §3.4: the record at `_mta-sts`.

use crate::audit::control::Control;
use crate::audit::requirement::Demand::{Arrives, NeverAsked, StaysAway};
use crate::audit::requirement::Phase::First;
use crate::audit::requirement::{Over, Requirement, STEADY};

const UNUSABLE: &str = "If the number of resulting records is not one, or if the resulting record is syntactically \
                        invalid, senders MUST assume the recipient domain does not have an available MTA-STS Policy \
                        and skip the remaining steps of policy discovery.";

const BEGINS: &str = "The TXT record MUST begin with the sts-version field; the order of other fields is not \
                      significant.";

pub(super) const ROWS: &[Requirement] = &[
    Requirement {
        id: "8461/3.1/version-first",
        number: "D3",
        sentence: BEGINS,
        shows: "a record that begins with its id",
        first: |site| {
            site.trap().txt(&["id=1; v=STSv1;"]);
        },
        demands: &[(First, Arrives("mx", Over::Any))],
        failed_by: Control::VersionAnywhere,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/other-fields-in-any-order",
        number: "D3",
        sentence: BEGINS,
        shows: "a record with another field before its id",
        first: |site| {
            site.trap().txt(&["v=STSv1; new=1; id=1;"]);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::IdSecondOnly,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/strings-joined",
        number: "D4",
        sentence: "If the resulting TXT record contains multiple strings, then the record MUST be treated as if those \
                   strings are concatenated without adding spaces.",
        shows: "a record of two strings, the id split between them",
        first: |site| {
            site.trap().strings(&["v=STSv1; id=2026", "0101;"]);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::JoinsWithSpaces,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/other-records",
        number: "D5",
        sentence: "If multiple TXT records for \"_mta-sts\" are returned by the resolver, records that do not begin \
                   with \"v=STSv1;\" are discarded.",
        shows: "a record beside one that has nothing to do with MTA-STS",
        first: |site| {
            site.trap().txt(&["verification=1234", "v=STSv1; id=1;"]);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::WantsOneRecord,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/two-records",
        number: "D6",
        sentence: UNUSABLE,
        shows: "two records, each of them valid",
        first: |site| {
            site.trap().txt(&["v=STSv1; id=1;", "v=STSv1; id=2;"]);
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("mta-sts")),
        ],
        failed_by: Control::TakesTheFirstRecord,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/no-record",
        number: "D6",
        sentence: UNUSABLE,
        shows: "a policy without a record",
        first: |site| {
            site.trap().without_txt();
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("mta-sts")),
        ],
        failed_by: Control::FetchesWithoutRecord,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/no-id",
        number: "D6",
        sentence: UNUSABLE,
        shows: "a record without an id",
        first: |site| {
            site.trap().txt(&["v=STSv1;"]);
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("mta-sts")),
        ],
        failed_by: Control::InventsIds,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/id-too-long",
        number: "D6",
        sentence: UNUSABLE,
        shows: "a record with an id of 33 characters",
        first: |site| {
            site.trap()
                .txt(&["v=STSv1; id=123456789012345678901234567890123;"]);
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("mta-sts")),
        ],
        failed_by: Control::InventsIds,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/version-case",
        number: "D5",
        sentence: UNUSABLE,
        shows: "a record of version `stsv1`",
        first: |site| {
            site.trap().txt(&["v=stsv1; id=1;"]);
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("mta-sts")),
        ],
        failed_by: Control::VersionInAnyCase,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/version-prefix",
        number: "D5",
        sentence: UNUSABLE,
        shows: "a record of version `STSv10`",
        first: |site| {
            site.trap().txt(&["v=STSv10; id=1;"]);
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("mta-sts")),
        ],
        failed_by: Control::VersionPrefix,
        ..STEADY
    },
    Requirement {
        id: "8461/3.1/record-alias",
        number: "D8",
        sentence: "The \"_mta-sts\" record MAY return a CNAME that points (directly or via other CNAMEs) to a TXT \
                   record, in which case senders MUST follow the CNAME pointers.",
        shows: "an alias at `_mta-sts`",
        first: |site| {
            site.trap().moved_record();
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::IgnoresAliases,
        ..STEADY
    },
    Requirement {
        id: "8461/3.2/unknown-record-fields",
        number: "D10",
        sentence: UNKNOWN_FIELDS,
        shows: "a record with one more field",
        first: |site| {
            site.trap().txt(&["v=STSv1; id=1; new_field=1.a;"]);
        },
        demands: &[(First, StaysAway)],
        failed_by: Control::RefusesUnknownFields,
        ..STEADY
    },
    Requirement {
        id: "8461/3.4/parent-zone",
        number: "D13",
        sentence: "When sending mail to a mailbox at a subdomain, compliant senders MUST NOT attempt to fetch a \
                   policy from the parent zone.",
        shows: "a subdomain without a policy below a domain with one",
        first: |site| {
            site.trap().subdomain();
        },
        demands: &[
            (First, Arrives("mx", Over::Any)),
            (First, NeverAsked("mta-sts")),
        ],
        failed_by: Control::AsksTheParent,
        recipient: "sub",
        ..STEADY
    },
];

pub(super) const UNKNOWN_FIELDS: &str = "Parsers MUST accept TXT records and policy files that are syntactically \
                                         valid (i.e., valid key/value pairs separated by semicolons for TXT records), \
                                         possibly containing additional key/value pairs not specified in this \
                                         document, in which case unknown fields SHALL be ignored.";
