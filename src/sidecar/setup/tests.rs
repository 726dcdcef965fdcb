//! Installations of Postfix, what they need, and why some cannot have the sidecar.

use std::net::IpAddr;
use std::path::Path;

use super::{Advice, Override, Postconf, Refusal, Setting, Setup, Sidecar, Version, Warning, plan};
use crate::sidecar::address::Address;
use crate::sidecar::postfix::Excludes;

/// What Debian 12 prints.
const BOOKWORM: &str = "\
compatibility_level = 3.6
config_directory = /etc/postfix
disable_dns_lookups = no
inet_interfaces = all
mail_version = 3.7.11
mydestination = mx.corp.test, localhost
proxy_interfaces =
queue_directory = /var/spool/postfix
relay_domains =
relayhost =
smtp_dns_reply_filter =
smtp_dns_support_level =
smtp_enforce_tls = no
smtp_fallback_relay =
smtp_host_lookup = dns
smtp_tls_CAfile =
smtp_tls_connection_reuse = no
smtp_tls_exclude_ciphers =
smtp_tls_mandatory_exclude_ciphers =
smtp_tls_per_site =
smtp_tls_policy_maps =
smtp_tls_security_level = may
smtp_tls_session_cache_database = btree:/var/lib/postfix/smtp_scache
smtp_use_tls = no
";

/// What Debian's master.cf has of clients, and one server.
const SERVICES: &str = "\
smtp       inet  n       -       y       -       -       smtpd
smtp       unix  -       -       y       -       -       smtp
relay      unix  -       -       y       -       -       smtp -o syslog_name=postfix/$service_name
lmtp       unix  -       -       y       -       -       lmtp
maildrop   unix  -       n       n       -       -       pipe flags=DRXhu user=vmail argv=/usr/bin/maildrop
";

const OF_SERVICES: &str = "relay/unix/syslog_name = postfix/$service_name\n";

/// An installation: Debian 12's with other lines in the place of its own.
fn installation(lines: &[&str]) -> Postconf {
    let name = |line: &str| line.split(" =").next().map(str::to_owned);
    let kept = BOOKWORM
        .lines()
        .filter(|line| !lines.iter().any(|other| name(other) == name(line)));
    let text: Vec<&str> = kept.chain(lines.iter().copied()).collect();
    Postconf::read(&text.join("\n"), SERVICES, OF_SERVICES).unwrap()
}

/// The lines that make it a version of 3.10 or later.
fn with_version(version: &'static str, more: &[&'static str]) -> Postconf {
    let lines: Vec<&str> = [version, "tls_required_enable = no"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    installation(&lines)
}

fn without_chroot(mut postconf: Postconf) -> Postconf {
    postconf.is_chrooted = false;
    postconf
}

fn tcp() -> Vec<Address> {
    vec!["127.0.0.1:8461".parse().unwrap()]
}

fn sidecar(listens: &[Address]) -> Sidecar<'_> {
    Sidecar {
        listens,
        salt: None,
        reports_testing: false,
        own_addresses: &[],
        ca_bundle: Some(Path::new("/etc/ssl/certs/ca-certificates.crt")),
    }
}

fn lines(setup: &Setup) -> Vec<String> {
    let line = |setting: &Setting| format!("{} = {}", setting.parameter(), setting.value());
    setup.settings.iter().map(line).collect()
}

#[test]
fn each_version_gets_the_map_and_the_filter_that_it_needs() {
    const CA: &str = "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt";
    const NO_CACHE: &str = "smtp_tls_session_cache_database = ";
    const FILTER: &str = "smtp_dns_reply_filter = socketmap:inet:127.0.0.1:8461:mx-filter";
    const MAP: &str = "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix";
    const MAP_310: &str = "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix310";
    const PATTERNS: &str = "smtp_tls_enforce_sts_mx_patterns = yes";
    for (name, postconf, expected) in [
        ("3.7", installation(&[]), &[MAP, CA, NO_CACHE, FILTER][..]),
        (
            "3.7 without a chroot",
            without_chroot(installation(&[])),
            &[MAP, CA, NO_CACHE, FILTER],
        ),
        (
            "3.4, no TLS, no session cache, reused connections",
            installation(&[
                "mail_version = 3.4.23",
                "smtp_tls_security_level =",
                "smtp_tls_session_cache_database =",
                "smtp_tls_connection_reuse = yes",
            ]),
            &[
                MAP,
                "smtp_tls_security_level = may",
                CA,
                FILTER,
                "smtp_tls_connection_reuse = no",
            ],
        ),
        (
            "3.7, everybody encrypted, with authorities of its own",
            installation(&[
                "smtp_tls_security_level = encrypt",
                "smtp_tls_CAfile = /etc/ca.pem",
            ]),
            &[MAP, NO_CACHE, FILTER],
        ),
        (
            "3.10.3",
            with_version("mail_version = 3.10.3", &[]),
            &[MAP_310, CA, NO_CACHE, FILTER],
        ),
        (
            "3.10.13",
            with_version("mail_version = 3.10.13", &[PATTERNS]),
            &[MAP_310, CA, NO_CACHE],
        ),
        (
            "3.12, a snapshot, the patterns off",
            with_version(
                "mail_version = 3.12-20260821",
                &["smtp_tls_enforce_sts_mx_patterns = no"],
            ),
            &[MAP_310, CA, NO_CACHE, PATTERNS],
        ),
        (
            "3.10.13, set up already, but for a filter from before",
            with_version(
                "mail_version = 3.10.13",
                &[PATTERNS, CA, NO_CACHE, MAP_310, FILTER],
            ),
            &["smtp_dns_reply_filter = "],
        ),
        (
            "3.7, set up already",
            installation(&[MAP, CA, NO_CACHE, FILTER]),
            &[],
        ),
    ] {
        let listens = tcp();
        let setup = plan(&postconf, &sidecar(&listens)).unwrap();
        assert_eq!(lines(&setup), expected, "{name}");
    }
}

#[test]
fn tables_that_are_there_already_come_first_and_other_sidecars_go() {
    for (maps, filter, expected_maps, expected_filter) in [
        (
            "hash:/etc/postfix/tls, inline:{ {a.test = may} }",
            "pcre:/etc/postfix/rr",
            "hash:/etc/postfix/tls, inline:{ {a.test = may} }, socketmap:inet:127.0.0.1:8461:postfix",
            "pcre:/etc/postfix/rr, socketmap:inet:127.0.0.1:8461:mx-filter",
        ),
        (
            "socketmap:inet:127.0.0.1:8642:QUERY",
            "socketmap:unix:s:mx-filter pcre:/x",
            "socketmap:inet:127.0.0.1:8461:postfix",
            "pcre:/x, socketmap:inet:127.0.0.1:8461:mx-filter",
        ),
        (
            "proxy:socketmap:unix:/run/mta-sts.sock:postfix hash:/a",
            "",
            "hash:/a, socketmap:inet:127.0.0.1:8461:postfix",
            "socketmap:inet:127.0.0.1:8461:mx-filter",
        ),
    ] {
        let postconf = installation(&[
            &format!("smtp_tls_policy_maps = {maps}"),
            &format!("smtp_dns_reply_filter = {filter}"),
        ]);
        let listens = tcp();
        let lines = lines(&plan(&postconf, &sidecar(&listens)).unwrap());
        for expected in [
            format!("smtp_tls_policy_maps = {expected_maps}"),
            format!("smtp_dns_reply_filter = {expected_filter}"),
        ] {
            assert!(lines.contains(&expected), "{expected} in {lines:?}");
        }
    }
}

#[test]
fn a_socket_is_named_as_smtp_finds_it() {
    let unreachable = |is_chrooted| {
        Err(Refusal::Unreachable {
            is_chrooted,
            queue_directory: "/var/spool/postfix".into(),
        })
    };
    for (listens, is_chrooted, expected) in [
        (
            "unix:/var/spool/postfix/stickler/s.sock",
            true,
            Ok("unix:stickler/s.sock"),
        ),
        (
            "unix:/var/spool/postfix/stickler/s.sock",
            false,
            Ok("unix:stickler/s.sock"),
        ),
        (
            "unix:/run/stickler/s.sock",
            false,
            Ok("unix:/run/stickler/s.sock"),
        ),
        ("unix:/run/stickler/s.sock", true, unreachable(true)),
        ("unix:s.sock", false, unreachable(false)),
        ("unix:/run/a,b", false, unreachable(false)),
        ("0.0.0.0:1", true, Ok("inet:127.0.0.1:1")),
        ("[::]:1", true, Ok("inet:[::1]:1")),
        ("192.0.2.1:1", true, Ok("inet:192.0.2.1:1")),
    ] {
        let postconf = Postconf {
            is_chrooted,
            ..installation(&[])
        };
        let listens: [Address; 1] = [listens.parse().unwrap()];
        let found = plan(&postconf, &sidecar(&listens)).map(|setup| lines(&setup).remove(0));
        let expected =
            expected.map(|place| format!("smtp_tls_policy_maps = socketmap:{place}:postfix"));
        assert_eq!(found, expected, "{listens:?}, chrooted: {is_chrooted}");
    }
    // The first that can be reached is taken.
    let listens = ["unix:/run/s", "[::1]:2"].map(|text| text.parse().unwrap());
    let setup = plan(&installation(&[]), &sidecar(&listens)).unwrap();
    assert_eq!(
        lines(&setup)[0],
        "smtp_tls_policy_maps = socketmap:inet:[::1]:2:postfix"
    );
}

#[test]
fn an_installation_with_dane_or_too_old_is_refused() {
    let dane = |place: &str| Refusal::Dane {
        place: place.into(),
    };
    let in_a_service = Postconf::read(
        BOOKWORM,
        SERVICES,
        "relay/unix/smtp_tls_security_level = dane-only\n",
    );
    for (postconf, expected) in [
        (
            installation(&["smtp_tls_security_level = dane"]),
            dane("main.cf"),
        ),
        (
            installation(&["smtp_tls_security_level = dane-only"]),
            dane("main.cf"),
        ),
        (in_a_service.unwrap(), dane("relay/unix in master.cf")),
        (
            installation(&["mail_version = 3.3.2"]),
            Refusal::TooOld(Version::new(3, 3, 2)),
        ),
    ] {
        let listens = tcp();
        assert_eq!(plan(&postconf, &sidecar(&listens)), Err(expected));
    }
}

#[test]
fn what_goes_around_policies_is_told() {
    for (line, expected) in [
        (
            "smtp_fallback_relay = [relay.test]",
            Warning::FallbackRelay("[relay.test]".into()),
        ),
        (
            "relayhost = [smart.test]:587",
            Warning::Relayhost("[smart.test]:587".into()),
        ),
        (
            "smtp_tls_per_site = hash:/etc/postfix/sites",
            Warning::PerSite("hash:/etc/postfix/sites".into()),
        ),
        ("tls_required_enable = yes", Warning::TlsRequiredHeader),
        ("smtp_host_lookup = native", Warning::NoMxLookUps),
        ("smtp_dns_support_level = disabled", Warning::NoMxLookUps),
        ("disable_dns_lookups = yes", Warning::NoMxLookUps),
        (
            "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:QUERYwithTLSRPT",
            Warning::TlspolReplaced,
        ),
    ] {
        let listens = tcp();
        let setup = plan(&installation(&[line]), &sidecar(&listens)).unwrap();
        assert_eq!(
            setup.warnings,
            [expected, Warning::FilterSparesNothing],
            "{line}"
        );
    }
    let statics = installation(&["smtp_tls_policy_maps = hash:/etc/postfix/tls"]);
    let set = Postconf::read(
        BOOKWORM,
        SERVICES,
        "relay/unix/smtp_tls_policy_maps =\nrelay/unix/syslog_name = x\nsmtp/inet/smtp_fallback_relay = y\n",
    )
    .unwrap();
    let expected = Override {
        service: "relay/unix".into(),
        parameter: "smtp_tls_policy_maps".into(),
        value: "".into(),
    };
    for (postconf, expected) in [
        (&statics, Warning::StaticTables(statics.policy_maps.clone())),
        (&set, Warning::Override(expected)),
    ] {
        let listens = tcp();
        let warnings = plan(postconf, &sidecar(&listens)).unwrap().warnings;
        assert!(warnings.contains(&expected), "{expected} in {warnings:?}");
    }
}

#[test]
fn what_the_sidecar_was_told_must_be_true_of_main_cf() {
    let strict = installation(&[
        "smtp_tls_security_level = encrypt",
        "smtp_tls_exclude_ciphers = aNULL",
        "smtp_tls_mandatory_exclude_ciphers = RC4, MD5",
    ]);
    let right: Excludes = "aNULL RC4 MD5".parse().unwrap();
    let wrong: Excludes = "aNULL".parse().unwrap();
    let listens = tcp();
    let told = |salt, reports_testing, ca_bundle| Sidecar {
        salt,
        reports_testing,
        ca_bundle,
        ..sidecar(&listens)
    };
    let bundle = sidecar(&listens).ca_bundle;
    for (sidecar, expected) in [
        (told(Some(&right), false, bundle), None),
        (
            told(Some(&wrong), false, bundle),
            Some(Warning::SaltDiffers("aNULL RC4, MD5".into())),
        ),
        (
            told(None, true, bundle),
            Some(Warning::ReportsAtAnotherLevel),
        ),
        (told(None, false, None), Some(Warning::NoAuthorities)),
    ] {
        let setup = plan(&strict, &sidecar).unwrap();
        let expected: Vec<Warning> = expected
            .into_iter()
            .chain([Warning::FilterSparesNothing])
            .collect();
        assert_eq!(setup.warnings, expected, "{sidecar:?}");
        let keeps_cache = !lines(&setup)
            .iter()
            .any(|line| line.starts_with("smtp_tls_session_cache_database"));
        assert_eq!(keeps_cache, sidecar.salt.is_some(), "{sidecar:?}");
    }
}

#[test]
fn a_backup_mx_defers_and_the_sidecar_knows_its_addresses() {
    const DEFERS: &str = "best_mx_transport = retry:4.4.6 no better MX host may be used";
    let addresses = ["192.0.2.1", "2001:db8::1"].map(|text| text.parse::<IpAddr>().unwrap());
    let relays = "relay_domains = backed.test";
    let listed = "inet_interfaces = 127.0.0.1, 192.0.2.1, [2001:db8::1]";
    let is_310 = [
        "mail_version = 3.10.13",
        "smtp_tls_enforce_sts_mx_patterns = yes",
        relays,
    ];
    let both = Some(Advice::OwnAddresses(addresses.into()));
    for (lines_of, own, expected) in [
        (
            &[relays][..],
            &[][..],
            (true, Some(Advice::OwnAddressesUnlisted)),
        ),
        (&[relays], &addresses[..1], (true, None)),
        (&[relays, listed], &[], (true, both)),
        (&[relays, listed], &addresses, (true, None)),
        (
            &[
                relays,
                "inet_interfaces = loopback-only",
                "proxy_interfaces = 192.0.2.1",
            ],
            &[],
            (true, Some(Advice::OwnAddresses(addresses[..1].into()))),
        ),
        // What an old compatibility_level says by default.
        (
            &["relay_domains = mx.corp.test, localhost"],
            &[],
            (false, None),
        ),
        (&is_310, &[], (false, None)),
    ] {
        let listens = tcp();
        let sidecar = Sidecar {
            own_addresses: own,
            ..sidecar(&listens)
        };
        let setup = plan(&installation(lines_of), &sidecar).unwrap();
        let defers = lines(&setup).iter().any(|line| line == DEFERS);
        let advice = setup.advice.first().cloned();
        assert_eq!((defers, advice), expected, "{lines_of:?} {own:?}");
    }
}

#[test]
fn testing_policies_are_reported_where_postfix_reports_at_all() {
    for (lines, is_said, expected) in [
        (
            &["smtp_tlsrpt_enable = yes"][..],
            false,
            &[Advice::ReportTesting][..],
        ),
        (&["smtp_tlsrpt_enable = yes"], true, &[]),
        (&["smtp_tlsrpt_enable = no"], false, &[]),
        (
            &[
                "smtp_tlsrpt_enable = yes",
                "smtp_tls_security_level = encrypt",
            ],
            false,
            &[],
        ),
    ] {
        let listens = tcp();
        let sidecar = Sidecar {
            reports_testing: is_said,
            ..sidecar(&listens)
        };
        let postconf = with_version("mail_version = 3.10.13", lines);
        assert_eq!(
            plan(&postconf, &sidecar).unwrap().advice,
            expected,
            "{lines:?}"
        );
    }
}
