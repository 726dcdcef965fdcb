//! Each mistake is told once, in the format's words, and hides no other.

use super::{GOOD, problems};

#[test]
fn every_mistake_is_told_once() {
    let text = GOOD
        .replace("txt = {", "text = {")
        .replace("fault", "x")
        .replace("\"strict\"", "\"strickt\"")
        .replace("sender = \"warm\"", "sender = \"worm\"");
    assert_eq!(
        problems(&text),
        [
            "s.toml:5:1: unknown key `text` [did you mean `txt`?]",
            "s.toml:10:18: no class of sender is named `strickt` [did you mean `strict`?]",
            "s.toml:19:10: no sender is named `worm` [did you mean `warm`?]",
        ]
    );
}

#[test]
fn one_mistake_makes_no_other() {
    const TTL: &str = "set.domains.\"corp.test\".mx.ttl = \"5m\"";
    const STEP: &str = "[[step]]\nat = \"2d\"";
    for (good, bad, expected) in [
        (
            "[\"10 mx.old.test\"]",
            "[\"10 mx.old.test\"], ttl = 3600",
            "s.toml:7:44: found a number, expected a span of time with its unit, as in `\"1h\"`",
        ),
        (
            "[\"10 mx.old.test\"]",
            "\"10 mx.old.test\"",
            "s.toml:7:18: found a text, expected a list, as in `[\"…\"]`",
        ),
        (
            "mode = \"enforce\"",
            "mode = \"enforced\"",
            "s.toml:6:19: `enforced` is not known here [did you mean `enforce`?]",
        ),
        (
            TTL,
            "set.domains.\"corp.test\".policy.mode = \"enforced\"",
            "s.toml:17:39: `enforced` is not known here [did you mean `enforce`?]",
        ),
        (
            "txt = { records = [\"v=STSv1; id=1;\"] }",
            "txt = { silence = \"yes\" }",
            "s.toml:5:19: found a text, expected `true` or `false`",
        ),
        (
            "txt = { records = [\"v=STSv1; id=1;\"] }",
            "txt = \"v=STSv1; id=1;\"",
            "s.toml:5:7: found a text, expected a table, as in `{ … }`",
        ),
        (
            "[servers.\"mx.old.test\"]",
            "[servers.\"mx.old.test\"]\nfault = \"refuse\"",
            "s.toml:9:9: `refuse` is not known here [did you mean `refused`?]",
        ),
        (
            "verdict = \"deliver\"",
            "verdict = \"deliver\"\nreceived = [{ server = \"mx.old.test\", count = \"1\" }]",
            "s.toml:15:47: found a text, expected a whole number, without quotes",
        ),
        (
            "verdict = \"deliver\"",
            "verdict = \"delivered\"",
            "s.toml:14:11: `delivered` is not known here [did you mean `deliver`?]",
        ),
        (
            "verdict = \"deliver\"",
            "verdict = \"fail\"",
            "s.toml:14:11: `fail` is not known here [expected `deliver`, `deliver-unprotected`, `defer` or `bounce`]",
        ),
        ("at = \"0s\"", "", "s.toml:11:1: `at` is missing"),
        (
            "[domains.",
            "[domain.",
            "s.toml:4:2: unknown key `domain` [did you mean `domains`?]",
        ),
        (
            "[servers.",
            "[server.",
            "s.toml:8:2: unknown key `server` [did you mean `servers`?]",
        ),
        (
            TTL,
            "set.domains.corp.test.mx.ttl = \"5m\"",
            "s.toml:17:13: the dots of `corp.test` take it apart [write it in quotes: `domains.\"corp.test\"`]",
        ),
        (
            "[servers.\"mx.old.test\"]",
            "[servers.mx.old.test]",
            "s.toml:8:10: the dots of `mx.old.test` take it apart [write it in quotes: `servers.\"mx.old.test\"`]",
        ),
        (
            TTL,
            "set.domains.\"corp.tset\".mx.ttl = \"5m\"",
            "s.toml:17:13: `corp.tset` may belong to somebody [did you mean `corp.test`?]",
        ),
        (
            TTL,
            "unset = \"domains.corp.test.txt\"",
            "s.toml:17:9: there is no `domains.corp.test.txt` to take away [write names in quotes, as in `domains.\"corp.test\".txt`]",
        ),
        (
            STEP,
            "[step] # the move\nat = \"2d\"",
            "s.toml:15:1: `[step]` is one table, and a scenario has a list of steps [write `[[step]]`]",
        ),
    ] {
        assert!(GOOD.contains(good), "{good:?} is not in the scenario");
        assert_eq!(
            problems(&GOOD.replacen(good, bad, 1)),
            [expected],
            "for\n{bad}"
        );
    }
}

#[test]
fn a_mistake_hides_no_other() {
    let text = GOOD
        .replace("[\"10 mx.old.test\"]", "[\"10 mx.old.test\"], ttl = 3600")
        .replace("mode = \"enforce\"", "mode = \"enforced\"")
        .replace("max_age = \"7d\"", "max_age = \"604800\"")
        .replace("sender = \"warm\"", "sender = \"worm\"");
    assert_eq!(
        problems(&text),
        [
            "s.toml:6:19: `enforced` is not known here [did you mean `enforce`?]",
            "s.toml:6:63: `604800`: not a span of time; write it like `90m`, `2d2h` or `-6d`",
            "s.toml:7:44: found a number, expected a span of time with its unit, as in `\"1h\"`",
            "s.toml:19:10: no sender is named `worm` [did you mean `warm`?]",
        ]
    );
}
