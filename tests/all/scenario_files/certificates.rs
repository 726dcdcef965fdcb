//! What a file says of a certificate is what the server shows.

use stickler::fakes::{Certificate, ChainPart, Identity, KeyKind};

use super::{GOOD, load};

const SERVER: &str = "[servers.\"mx.old.test\"]\n";

/// Returns the certificates of the one MX host, which has these.
fn identity(certificate: &str) -> Identity {
    let text = GOOD.replacen(SERVER, &format!("{SERVER}certificate = {certificate}\n"), 1);
    let state = load(&text).story.moments.remove(0).state;
    let receiver = state.internet.smtp.values().next();
    receiver.expect("there is an MX host").identity.clone()
}

#[test]
fn every_part_of_a_certificate_is_read() {
    let read = identity(
        r#"{ names = ["mx.old.test", "*.old.test"], cn = "Mail Gateway", ip_names = "192.0.2.7", uri_names = "https://old.test", mail_names = ["jo@old.test"], key = "rsa", chain = ["leaf", "stranger", "intermediate"] }"#,
    );
    let [shown] = read.default.as_slice() else {
        panic!("{read:?}");
    };
    let expected = Certificate {
        ip_names: vec!["192.0.2.7".parse().unwrap()],
        uri_names: vec!["https://old.test".into()],
        mail_names: vec!["jo@old.test".into()],
        common_name: Some("Mail Gateway".into()),
        key: KeyKind::Rsa,
        life: shown.life,
        chain: vec![
            ChainPart::Leaf,
            ChainPart::Stranger,
            ChainPart::Intermediate,
        ],
        ..Certificate::new(["mx.old.test", "*.old.test"])
    };
    assert_eq!(*shown, expected);
    assert!(read.by_name.is_empty());
}

#[test]
fn a_certificate_for_those_who_name_the_host_is_not_the_default() {
    let read = identity("{ sni_only = true }");
    let names = |certificates: &[Certificate]| certificates[0].names.join(", ");
    assert_eq!(names(read.for_name("mx.old.test")), "mx.old.test");
    assert_eq!(names(&read.default), "default.test");
}
