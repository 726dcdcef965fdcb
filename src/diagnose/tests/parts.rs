//! What a check sees of a domain for its ledger, besides the policies.

use super::{Options, check};
use crate::facts::dns::DnsFailureKind;
use crate::facts::http::HttpFailureKind;
use crate::model::stage::{Stage, name};
use crate::sender::Limits;
use crate::sender::candidates::MxUse;
use crate::sender::memo::Probes;
use crate::sts::ledger::Part;

/// Returns the parts as a store writes them, each checksum of a policy as `#`.
async fn parts(stage: &Stage, options: &Options) -> Vec<String> {
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("observer");
    let probes = Probes::default();
    let checked = check(&network, &probes, &name("corp.test"), None, options).await;
    let text = |mut part: Part| {
        if let Part::Edges(edges) = &mut part {
            for sha256 in edges
                .iter_mut()
                .filter_map(|edge| edge.body_sha256.as_mut())
            {
                assert_eq!(sha256.len(), 64);
                "#".clone_into(sha256);
            }
        }
        serde_json::to_string(&part).unwrap()
    };
    checked.look.parts.into_iter().map(text).collect()
}

const RECORD: &str = r#"{"record":{"state":"usable","id":"1"}}"#;
const EDGES: &str = r##"{"edges":[{"address":"203.0.113.1","body_sha256":"#","status":200}]}"##;
const MX: &str = r#"{"mx":{"state":"hosts","hosts":[{"preference":10,"host":"mx1.corp.test"},{"preference":20,"host":"mx2.corp.test"}]}}"#;

/// A story and what is seen of record, edges and MX; nothing of one that is not known.
type Case = (&'static str, fn(&mut Stage), &'static [&'static str]);

#[tokio::test]
async fn each_part_is_seen_or_left_out() {
    let cases: [Case; 14] = [
        ("all is well", |_| {}, &[RECORD, EDGES, MX]),
        (
            "no record",
            |stage| {
                stage.absent("_mta-sts.corp.test");
            },
            &[r#"{"record":{"state":"missing"}}"#, EDGES, MX],
        ),
        (
            "two records",
            |stage| {
                stage.txt(&["v=STSv1; id=1;", "v=STSv1; id=2;"]);
            },
            &[r#"{"record":{"state":"unusable"}}"#, EDGES, MX],
        ),
        (
            "no answer for the record",
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
            },
            &[EDGES, MX],
        ),
        (
            "404",
            |stage| {
                stage.response(|response| response.status = 404);
            },
            &[
                RECORD,
                r#"{"edges":[{"address":"203.0.113.1","body_sha256":null,"status":404}]}"#,
                MX,
            ],
        ),
        (
            "a second address that refuses",
            |stage| {
                stage.edge_at("198.51.100.9", "mta-sts.corp.test");
                stage.addresses("mta-sts.corp.test", &["203.0.113.1", "198.51.100.9"]);
                let edge = stage
                    .state
                    .edges
                    .get_mut(&crate::model::stage::ip("198.51.100.9"));
                edge.unwrap().fault = Some(HttpFailureKind::OldTls);
            },
            &[
                RECORD,
                r##"{"edges":[{"address":"198.51.100.9","body_sha256":null,"status":null},{"address":"203.0.113.1","body_sha256":"#","status":200}]}"##,
                MX,
            ],
        ),
        (
            "an address that only we may not reach",
            |stage| {
                stage.edge(|edge| edge.fault = Some(HttpFailureKind::TimedOut));
            },
            &[RECORD, MX],
        ),
        (
            "no policy host",
            |stage| {
                stage.absent("mta-sts.corp.test");
            },
            &[RECORD, r#"{"edges":[]}"#, MX],
        ),
        (
            "no answer for the policy host",
            |stage| {
                stage.fail("mta-sts.corp.test", DnsFailureKind::TimedOut);
            },
            &[RECORD, MX],
        ),
        (
            "MX records in another order",
            |stage| {
                stage.mx(&["20 mx2.corp.test", "10 mx1.corp.test"]);
            },
            &[RECORD, EDGES, MX],
        ),
        (
            "a null MX",
            |stage| {
                stage.mx(&["0 ."]);
            },
            &[RECORD, EDGES, r#"{"mx":{"state":"null"}}"#],
        ),
        (
            "no MX record",
            |stage| {
                stage.mx(&[]);
            },
            &[RECORD, EDGES, r#"{"mx":{"state":"implicit"}}"#],
        ),
        (
            "no domain",
            |stage| {
                stage.absent("corp.test");
            },
            &[RECORD, EDGES, r#"{"mx":{"state":"no-domain"}}"#],
        ),
        (
            "no answer for the MX records",
            |stage| {
                stage.fail("corp.test", DnsFailureKind::TimedOut);
            },
            &[RECORD, EDGES],
        ),
    ];
    for (story, change, expected) in cases {
        let stage = Stage::with(change);
        assert_eq!(
            parts(&stage, &Options::default()).await,
            expected,
            "{story}"
        );
    }
}

#[tokio::test]
async fn a_smart_host_in_brackets_has_no_mx_records_to_see() {
    let limits = Limits {
        mx: MxUse::PassedOver,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let stage = Stage::with(|_| {});
    assert_eq!(parts(&stage, &options).await, [RECORD, EDGES]);
}
