//! Where the policy lives: what tells it, how sure that is, how the two names are delegated, and who takes the mail.

use super::report;
use crate::diagnose::hosting::found::{Arrangement, Relation};
use crate::diagnose::hosting::sign::SignKind;
use crate::facts::dns::{Question, RecordType};
use crate::facts::http::Headers;
use crate::model::ModelRequest;
use crate::model::stage::{EDGE, Stage, name};

/// A story, where the policy is told to be, how the names are delegated, who takes the mail, and by which sign.
type Case = (
    fn(&mut Stage),
    &'static str,
    Arrangement,
    Relation,
    Option<SignKind>,
);

const RECORD: &str = "_mta-sts.corp.test";
const POLICY_HOST: &str = "mta-sts.corp.test";

fn delegate(stage: &mut Stage, policy_host: &str, record: &str) {
    stage.alias(POLICY_HOST, policy_host);
    stage.addresses(policy_host, &[EDGE]);
    stage.alias(RECORD, record);
    stage.txt_at(record, &["v=STSv1; id=1;"]);
}

fn served_by(stage: &mut Stage, name: &'static str, value: &'static str) {
    stage.response(|response| response.headers = Headers::keep([(name, value.as_bytes())]));
}

const CASES: &[Case] = &[
    (
        |_| {},
        "cannot tell",
        Arrangement::None,
        Relation::CannotTell,
        None,
    ),
    (
        |stage| {
            stage.addresses(POLICY_HOST, &["185.199.108.153"]);
            stage.edge_at("185.199.108.153", POLICY_HOST);
        },
        "GitHub Pages",
        Arrangement::None,
        Relation::OwnersOwn,
        Some(SignKind::Address),
    ),
    // A name of the owner's is no delegation, and what stands behind it counts.
    (
        |stage| {
            stage.alias(POLICY_HOST, "www.corp.test");
            stage.alias("www.corp.test", "corp.github.io");
            stage.addresses("corp.github.io", &[EDGE]);
        },
        "GitHub Pages",
        Arrangement::PolicyHostOnly,
        Relation::OwnersOwn,
        Some(SignKind::PolicyHostAlias),
    ),
    (
        |stage| {
            stage.alias(POLICY_HOST, "www.corp.test");
            stage.addresses("www.corp.test", &[EDGE]);
            served_by(stage, "server", "nginx/1.28.0");
        },
        "looks like nginx",
        Arrangement::None,
        Relation::OwnersOwn,
        Some(SignKind::Header),
    ),
    // A name goes before a header.
    (
        |stage| {
            delegate(
                stage,
                "corp_test_mta_sts.easydmarc.pro",
                "corp_test__mta_sts.easydmarc.pro",
            );
            served_by(stage, "server", "cloudflare");
        },
        "EasyDMARC",
        Arrangement::Both,
        Relation::PolicyAtProvider,
        Some(SignKind::PolicyHostAlias),
    ),
    (
        |stage| {
            delegate(stage, "mta-sts.tutanota.de", "mta-sts.tutanota.de");
            stage.txt_at("mta-sts.tutanota.de", &["v=STSv1; id=1;"]);
            stage.mx(&["10 mail.tutanota.de"]);
            stage.server("mail.tutanota.de", &["192.0.2.9"]);
        },
        "Tuta",
        Arrangement::Both,
        Relation::OneProvider,
        Some(SignKind::PolicyHostAlias),
    ),
    // One provider of two is not the same one.
    (
        |stage| {
            delegate(stage, "mta-sts.tutanota.de", "mta-sts.tutanota.de");
            stage.mx(&["10 mail.tutanota.de", "20 smtp.google.com"]);
            stage.server("mail.tutanota.de", &["192.0.2.9"]);
            stage.server("smtp.google.com", &["192.0.2.10"]);
        },
        "Tuta",
        Arrangement::Both,
        Relation::TwoProviders,
        Some(SignKind::PolicyHostAlias),
    ),
    // General knowledge alone is never told as documented.
    (
        |stage| delegate(stage, "corp.pages.dev", "_mta-sts.corp.pages.dev"),
        "looks like Cloudflare Pages",
        Arrangement::Both,
        Relation::OwnersOwn,
        Some(SignKind::PolicyHostAlias),
    ),
    (
        |stage| delegate(stage, "a.vendor.test", "b.other.test"),
        "cannot tell",
        Arrangement::Apart,
        Relation::CannotTell,
        None,
    ),
    (
        |stage| delegate(stage, "a.vendor.test", "b.vendor.test"),
        "cannot tell",
        Arrangement::Both,
        Relation::CannotTell,
        None,
    ),
    (
        |stage| {
            stage.alias(RECORD, "corp.test._mta-sts.sdmarc.net");
            stage.txt_at("corp.test._mta-sts.sdmarc.net", &["v=STSv1; id=1;"]);
        },
        "cannot tell",
        Arrangement::RecordOnly,
        Relation::CannotTell,
        Some(SignKind::RecordAlias),
    ),
];

#[tokio::test]
async fn a_place_is_told_by_its_strongest_sign() {
    for (number, (change, place, arrangement, relation, sign)) in CASES.iter().enumerate() {
        let hosting = report(&Stage::with(*change), None).await.fetch.hosting;
        let found = (
            &*hosting.name(),
            hosting.arrangement,
            hosting.relation,
            hosting.signs.first().map(|sign| sign.sign),
        );
        assert_eq!(
            found,
            (*place, *arrangement, *relation, *sign),
            "case {number}"
        );
    }
}

#[tokio::test]
async fn a_certificate_of_the_places_own_tells_it() {
    let stage = Stage::with(|stage| {
        stage.edge_at(EDGE, "corp.github.io");
    });
    let hosting = report(&stage, None).await.fetch.hosting;
    assert_eq!(hosting.name(), "looks like GitHub Pages");
    assert_eq!(hosting.signs[0].seen, "made out to corp.github.io");
}

#[tokio::test]
async fn one_question_is_added_and_only_where_the_certificate_is_for_others() {
    let asked = async |stage: &Stage| {
        report(stage, None).await;
        stage.model.drain_requests()
    };
    let usual = asked(&Stage::new()).await;
    let stage = Stage::with(|stage| {
        stage.edge_at(EDGE, "other.test");
        stage.absent("any-other-name.corp.test");
    });
    let more: Vec<_> = (asked(&stage).await.into_iter())
        .filter(|request| !usual.contains(request))
        .collect();
    let question = Question::new(name("any-other-name.corp.test"), RecordType::A);
    assert_eq!(more, [ModelRequest::Dns(question)]);
}
