//! What a file says and the story would not heed is a mistake.

use super::{GOOD, problems};

/// Checks that each change of the good scenario has exactly the problems that stand beside it.
fn assert_problems(table: &[(&str, &str, &[&str])]) {
    for (good, bad, expected) in table {
        assert!(GOOD.contains(good), "{good:?} is not in the scenario");
        assert_eq!(
            problems(&GOOD.replacen(good, bad, 1)),
            *expected,
            "for\n{bad}"
        );
    }
}

#[test]
fn what_belongs_to_a_shared_host_is_said_there() {
    const MODE: &str = "mode = \"enforce\"";
    for (key, value) in [
        ("fault", "\"reset\""),
        ("tls", "\"1.2\""),
        ("certificate", "{ fault = \"expired\" }"),
        ("a", "{ rcode = \"servfail\" }"),
        ("aaaa", "{ nodata = true }"),
    ] {
        let text = GOOD.replacen(
            MODE,
            &format!("{key} = {value}, cname = \"sts.provider.test\", {MODE}"),
            1,
        ) + "[hosts.\"sts.provider.test\"]\n";
        assert_eq!(
            problems(&text),
            [format!(
                "s.toml:6:12: `{key}` belongs to the host that `cname` names [write it under `[hosts.\"sts.provider.test\"]`]"
            )]
        );
    }
}

#[test]
fn a_policy_that_no_sender_would_hold_cannot_be_held() {
    const CLASS: &str = "class = \"strict\"";
    let cached = |policy: &str| {
        format!("cached.\"corp.test\" = {{ id = \"1\", fetched = \"-1d\", policy = {policy} }}")
    };
    assert_problems(&[
        (CLASS, &cached("{ mode = \"none\", max_age = 1 }"), &[]),
        (
            CLASS,
            &cached("{ body = \"rubbish\" }"),
            &[
                "s.toml:10:69: no sender would have cached this policy: line 1: there is no `:` in `rubbish` [write one that is valid]",
            ],
        ),
        (
            CLASS,
            &cached("{ mode = \"none\", max_age = \"400d\" }"),
            &[
                "s.toml:10:69: no sender would have cached this policy: line 3: max_age 34560000 is above the maximum, 31557600 [write one that is valid]",
            ],
        ),
        (
            CLASS,
            &(cached("{ mode = \"none\", max_age = 1 }") + ", cache = \"empty\""),
            &[
                "s.toml:10:17: this policy is never used: the sender's cache is emptied before each attempt [take `cached` or `cache = \"empty\"` away]",
            ],
        ),
    ]);
}

#[test]
fn policy_hosts_have_addresses_of_their_own() {
    let shared = GOOD.replace(
        "max_age = \"7d\"",
        "max_age = \"7d\", addresses = [\"192.0.2.80\"]",
    ) + "[hosts.\"sts.provider.test\"]\naddresses = [\"192.0.2.80\"]\n";
    assert_eq!(
        problems(&shared),
        [
            "s.toml:22:14: 192.0.2.80 is an address of mta-sts.corp.test already [one policy host answers at an address: let both domains be a `cname` of one of `hosts`]"
        ]
    );
    assert_problems(&[
        (
            "max_age = \"7d\"",
            "max_age = \"7d\", edges.\"192.0.2.80\".status = 404",
            &[
                "s.toml:6:74: `edges` says what differs at 192.0.2.80, and nothing says from what [list all the host's `addresses`, in the order in which a sender takes them]",
            ],
        ),
        (
            "max_age = \"7d\"",
            "max_age = \"7d\", addresses = [\"192.0.2.81\"], edges.\"192.0.2.80\".status = 404",
            &[],
        ),
    ]);
}

#[test]
fn a_server_to_which_nothing_leads_is_a_problem() {
    const SET: &str = "set.domains.\"corp.test\".mx.ttl = \"5m\"";
    assert_problems(&[
        (
            SET,
            "set.servers.\"mx.odl.test\".fault = \"reset\"",
            &[
                "s.toml:17:13: nothing ever leads to the server `mx.odl.test` [did you mean `mx.old.test`?]",
            ],
        ),
        (
            SET,
            "set.servers.\"backup.test\".fault = \"reset\"",
            &[
                "s.toml:17:13: nothing ever leads to the server `backup.test` [name it in an MX record, or take it away]",
            ],
        ),
        // Neither the last label that it shares with others nor its number makes a name one that is misspelt.
        (
            "[\"10 mx.old.test\"] }\n",
            "[\"10 mx.old.test\", \"20 mx0.test\"] }\n[servers.\"mx0.test\"]\n[servers.\"ns9.test\"]\n[servers.\"mx1.test\"]\n",
            &[
                "s.toml:9:10: nothing ever leads to the server `ns9.test` [name it in an MX record, or take it away]",
                "s.toml:10:10: nothing ever leads to the server `mx1.test` [name it in an MX record, or take it away]",
            ],
        ),
        // A domain without MX records takes its mail itself; a name may lead to an address.
        (SET, "set.servers.\"corp.test\".fault = \"reset\"", &[]),
        (
            SET,
            "set.names.\"a.test\".addresses = [\"192.0.2.9\"]\nset.servers.\"b.test\".addresses = [\"192.0.2.9\"]",
            &[],
        ),
    ]);
}

#[test]
fn what_the_servers_cannot_say_is_a_problem() {
    const SERVER: &str = "[servers.\"mx.old.test\"]";
    assert_problems(&[
        (
            "\"10 mx.old.test\"",
            "\"10 mx..old.test\"",
            &[
                "s.toml:7:19: `10 mx..old.test` is no MX record: the DNS can hold no such name [write a preference and a host, as in `10 mx.corp.test`]",
            ],
        ),
        (
            SERVER,
            "[servers.\"mx.old.test\"]\ntlsa.records = [\"hello world\"]",
            &[
                "s.toml:9:17: `hello world` is no TLSA record [write three numbers and hexadecimal digits, as in `3 1 1 8cb0fc6c`]",
            ],
        ),
        (
            SERVER,
            "[servers.\"mx.old.test\"]\ntlsa.records = [\"3 1 1 8cb0 fc6c\"]",
            &[],
        ),
        (
            "max_age = \"7d\"",
            "max_age = \"7d\", headers = { Content-Length = \"5\" }",
            &[
                "s.toml:6:80: `Content-Length` belongs to how the body travels [say `transfer` instead: `chunked`, `close` or `cut`]",
            ],
        ),
    ]);
}
