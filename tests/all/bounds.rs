//! What one hostile domain costs is bounded, whatever its servers say.

#[path = "../benches/hostile/internet.rs"]
mod internet;

use internet::{DOMAIN, Hostile};
use stickler::diagnose::{Options, check};
use stickler::facts::certificate::PeerCertificate;
use stickler::sender::memo::Probes;

/// The most octets of JSON that one domain makes.
const MAX_JSON_OCTETS: usize = 5_000_000;

#[tokio::test]
async fn one_hostile_domain_makes_so_much_json_and_no_more() {
    let hostile = Hostile::new();
    let checked = check(
        &hostile,
        &Probes::default(),
        &DOMAIN.parse().unwrap(),
        None,
        &Options::default(),
    )
    .await;
    let json = serde_json::to_vec_pretty(&checked.report).unwrap();
    assert!(json.len() < MAX_JSON_OCTETS, "{} octets", json.len());
    let report = &checked.report;
    let left_out = report.policies[0].mx_matches.len() - report.mx.len();
    assert!(left_out > 2_000);
    assert_eq!(report.mx_left_out, left_out);
    let tried = report.mx.iter().flat_map(|host| &host.addresses);
    for address in tried {
        let certificate = address.certificate.as_ref().unwrap();
        assert_eq!(
            certificate.subject_alt_names.len(),
            PeerCertificate::MAX_NAMES
        );
        assert!(certificate.names_left_out > 19_000);
    }
    assert!(hostile.longest_judgement().as_secs() < 5);
}
