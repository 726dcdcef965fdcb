//! Places where a policy lives, as `check` tells them, by hand.

use stickler::diagnose::document::{EdgeReport, HostingReport, SignReport};
use stickler::diagnose::hosting::found::{Arrangement, Confidence, Relation};
use stickler::diagnose::hosting::places::{ContractEnd, PlaceKind};
use stickler::diagnose::hosting::sign::SignKind;
use stickler::report::{Context, Detail, Steps};

use super::samples::{self, certificate};

/// An alias of a name that nobody knows.
pub(super) fn unknown() -> HostingReport {
    HostingReport {
        place: None,
        kind: None,
        sure: Confidence::CannotTell,
        as_of: None,
        signs: Vec::new(),
        change_at: None,
        follows_mx: None,
        contract_end: None,
        arrangement: Arrangement::PolicyHostOnly,
        record_place: None,
        mail_providers: Vec::new(),
        relation: Relation::CannotTell,
    }
}

/// A policy vendor beside another mail provider.
pub(super) fn vendor() -> HostingReport {
    HostingReport {
        place: Some("EasyDMARC".to_owned()),
        kind: Some(PlaceKind::PolicyVendor),
        sure: Confidence::Documented,
        as_of: Some("2026-11-26".to_owned()),
        signs: vec![SignReport {
            sign: SignKind::PolicyHostAlias,
            place: "EasyDMARC".to_owned(),
            seen: "corp_test_mta_sts.easydmarc.pro".to_owned(),
        }],
        change_at: Some("in EasyDMARC's panel".to_owned()),
        follows_mx: Some(false),
        contract_end: Some(ContractEnd::Stays),
        arrangement: Arrangement::Both,
        record_place: Some("EasyDMARC".to_owned()),
        mail_providers: vec!["Microsoft 365".to_owned()],
        relation: Relation::TwoProviders,
    }
}

/// Every text that a stranger can choose tries to do harm.
pub(super) fn hostile(evil: impl Fn(&str) -> String) -> HostingReport {
    let mut report = vendor();
    report.signs[0].seen = evil("seen");
    report
}

/// An address of a policy host that serves a policy for one MX host.
pub(super) fn edge(text: &str, mx: &str) -> EdgeReport {
    EdgeReport {
        address: text.parse().unwrap(),
        status: Some(200),
        content_type: Some("text/plain".to_owned()),
        body: Some(format!(
            "version: STSv1\nmode: enforce\nmx: {mx}\nmax_age: 604800\n"
        )),
        age_secs: None,
        cache_control: None,
        kept_until: None,
        body_sha256: Some("9f86d081884c7d659a2feaa0c55ad015".repeat(2)),
        certificate: Some(certificate("mta-sts.corp.test")),
        error: None,
    }
}

/// The line of a text that begins with a word.
fn line<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.lines()
        .find(|line| line.trim_start().starts_with(word))
}

#[test]
fn a_place_is_told_in_one_line_and_at_the_third_step_whole() {
    let mut report = samples::stale();
    report.fetch.hosting = vendor();
    let plain = Context::plain(samples::now());
    let full = Context {
        detail: Detail::Full,
        steps: Steps::Shown,
        ..plain.clone()
    };
    let expected = "EasyDMARC; mail at Microsoft 365: two providers";
    let screen = samples::text(&report, &plain);
    assert_eq!(
        line(&screen, "place"),
        Some(&*format!("  place    {expected}"))
    );
    let page = samples::text(&report, &full);
    assert_eq!(
        line(&page, "place  "),
        Some(&*format!("  place    {expected}"))
    );
    assert!(
        page.contains(&format!("\n    place     {expected}\n")),
        "{page}"
    );

    let (_, step) = page
        .split_once("find where the policy is really hosted\n")
        .unwrap();
    let (step, _) = step.split_once("    4 ").unwrap();
    insta::assert_snapshot!(step, @"
           at mta-sts.provider.test (192.0.2.11, 2001:db8::11); EasyDMARC (documented), by the CNAME to corp_test_mta_sts.easydmarc.pro; policy and id are both delegated there; mail at Microsoft 365: two providers
           where to change the file: in EasyDMARC's panel; it does not follow the MX records; when the contract ends the file stays as it was, for nobody to change
           dig +noall +answer mta-sts.corp.test A mta-sts.corp.test AAAA
    ");

    report.fetch.hosting = unknown();
    let screen = samples::text(&report, &plain);
    assert_eq!(line(&screen, "place"), None);
    let page = samples::text(&report, &full);
    assert!(page.contains("\n    place     cannot tell\n"), "{page}");
}

#[test]
fn a_place_and_its_mail_never_take_two_lines() {
    let mut report = samples::stale();
    report.fetch.hosting = vendor();
    report.fetch.hosting.mail_providers = vec!["A provider with a long name".to_owned(); 9];
    let screen = samples::text(&report, &Context::plain(samples::now()));
    let line = line(&screen, "place").unwrap();
    assert!(line.chars().count() <= 80, "{line}");
}
