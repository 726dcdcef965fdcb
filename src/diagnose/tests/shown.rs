//! What the report shows as it was seen, and what it never makes up.

use super::{fix, report};
use crate::model::stage::Stage;

const TLSRPT: &str = "_smtp._tls.corp.test";

#[tokio::test]
async fn a_tlsrpt_record_is_shown_as_it_is_published() {
    let published = "v=TLSRPTv1;rua=mailto:a@corp.test ,https://mta-sts.corp.test/r; x=y";
    let mut stage = Stage::new();
    stage.txt_at(TLSRPT, &[published]);

    let report = report(&stage, None).await;
    assert_eq!(report.tlsrpt.record.as_deref(), Some(published));
    assert_eq!(report.tlsrpt.texts, [published]);
    let destinations: Vec<(&str, bool)> = report
        .tlsrpt
        .destinations
        .iter()
        .map(|destination| (destination.uri.as_str(), destination.error.is_some()))
        .collect();
    assert_eq!(
        destinations,
        [
            ("mailto:a@corp.test", false),
            ("https://mta-sts.corp.test/r", false)
        ]
    );
}

#[tokio::test]
async fn the_fix_of_a_tlsrpt_record_keeps_its_addresses_and_makes_none_up() {
    for (texts, expected) in [
        (
            &["v=TLSRPTv1; rua=mailto:a@corp.test,b@corp.test"][..],
            "\"v=TLSRPTv1; rua=mailto:a@corp.test,mailto:b@corp.test;\"",
        ),
        (
            &[
                "v=TLSRPTv1; rua=mailto:a@corp.test",
                "v=TLSRPTv1; rua=mailto:b@corp.test",
            ],
            "Leave one of these records, and delete the others:\n\nv=TLSRPTv1; rua=mailto:a@corp.test\nv=TLSRPTv1; \
             rua=mailto:b@corp.test",
        ),
        (&["v=TLSRPTv1;"], "an address that somebody reads"),
    ] {
        let mut stage = Stage::new();
        stage.txt_at(TLSRPT, texts);

        let fix = fix(&report(&stage, None).await, "TLSRPT-INVALID");
        assert!(fix.contains(expected), "{fix}");
        assert!(!fix.contains("tls-reports@"), "{fix}");
    }
}

#[tokio::test]
async fn an_empty_body_has_no_checksum() {
    for (body, expected) in [(&b""[..], false), (b"x", true)] {
        let mut stage = Stage::new();
        stage.response(|response| response.body = body.into());

        let report = report(&stage, None).await;
        let edge = &report.fetch.edges[0];
        assert_eq!(edge.body_sha256.is_some(), expected, "{body:?}");
    }
}
