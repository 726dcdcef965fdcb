//! §5.1 and the room that it leaves: when each class of sender asks for what.
//!
//! A4 and the like are numbers of requirements: `sts/requirements.md` lists them.

use crate::model::stage::{EDGE, Stage, told, warm};
use crate::sender::PolicyState;

type Row = (
    &'static str,
    &'static str,
    fn(&mut Stage) -> PolicyState,
    &'static str,
    &'static [&'static str],
);
const TXT: &str = "TXT _mta-sts.corp.test";
const MX: &str = "MX corp.test";

const MESSAGES: &[Row] = &[
    (
        "strict",
        "with a good policy: it looks at the id all the same",
        |_| warm("1", &["mx1.corp.test"]),
        "deliver via mx1.corp.test 192.0.2.1 validated; cached policy 1 enforce",
        &[
            TXT,
            MX,
            "SMTP mx1.corp.test 192.0.2.1",
            "mail mx1.corp.test 192.0.2.1 TLSv1.3",
        ],
    ),
    (
        "strict",
        "first contact",
        |_| PolicyState::default(),
        "deliver via mx1.corp.test 192.0.2.1 validated; live policy 1 enforce",
        &[
            TXT,
            "GET",
            MX,
            "SMTP mx1.corp.test 192.0.2.1",
            "mail mx1.corp.test 192.0.2.1 TLSv1.3",
        ],
    ),
    (
        "strict",
        "its policy stops the mail: it has seen the id and does not ask twice",
        |stage| {
            stage.mx(&["10 mx3.corp.test"]);
            warm("1", &["mx1.corp.test"])
        },
        "defer; cached policy 1 enforce",
        &[TXT, MX],
    ),
    (
        "lazy",
        "with a good policy: it does not look at the record",
        |stage| {
            stage.id("2");
            warm("1", &["mx1.corp.test"])
        },
        "deliver via mx1.corp.test 192.0.2.1 validated; cached policy 1 enforce",
        &[
            MX,
            "SMTP mx1.corp.test 192.0.2.1",
            "mail mx1.corp.test 192.0.2.1 TLSv1.3",
        ],
    ),
    (
        "lazy",
        "first contact",
        |_| PolicyState::default(),
        "deliver via mx1.corp.test 192.0.2.1 validated; live policy 1 enforce",
        &[
            TXT,
            "GET",
            MX,
            "SMTP mx1.corp.test 192.0.2.1",
            "mail mx1.corp.test 192.0.2.1 TLSv1.3",
        ],
    ),
    (
        "lazy",
        "with an expired policy",
        |stage| {
            stage.pass(604_801);
            warm("1", &["mx1.corp.test"])
        },
        "deliver via mx1.corp.test 192.0.2.1 validated; live policy 1 enforce",
        &[
            TXT,
            "GET",
            MX,
            "SMTP mx1.corp.test 192.0.2.1",
            "mail mx1.corp.test 192.0.2.1 TLSv1.3",
        ],
    ),
    (
        "lazy",
        "its policy stops the mail, and there is a new one: the same attempt goes on under it (A4)",
        |stage| {
            stage
                .mx(&["10 mx3.corp.test"])
                .id("2")
                .policy("enforce", &["mx3.corp.test"], 604_800);
            warm("1", &["mx1.corp.test"])
        },
        "deliver via mx3.corp.test 192.0.2.3 validated; live policy 2 enforce",
        &[
            MX,
            TXT,
            "GET",
            "SMTP mx3.corp.test 192.0.2.3",
            "mail mx3.corp.test 192.0.2.3 TLSv1.3",
        ],
    ),
    (
        "lazy",
        "its policy stops the mail, and the id is the same",
        |stage| {
            stage.mx(&["10 mx3.corp.test"]);
            warm("1", &["mx1.corp.test"])
        },
        "defer; cached policy 1 enforce",
        &[MX, TXT],
    ),
    (
        "lazy",
        "its policy stops the mail, and the new one cannot be fetched",
        |stage| {
            stage
                .mx(&["10 mx3.corp.test"])
                .id("2")
                .response(|response| response.status = 404);
            warm("1", &["mx1.corp.test"])
        },
        "defer; cached policy 1 enforce",
        &[MX, TXT, "GET"],
    ),
    (
        "lazy",
        "its policy stops the mail, and the record is gone",
        |stage| {
            stage.mx(&["10 mx3.corp.test"]).absent("_mta-sts.corp.test");
            warm("1", &["mx1.corp.test"])
        },
        "defer; cached policy 1 enforce",
        &[MX, TXT],
    ),
    (
        "lazy",
        "its policy passes over a host, and the next takes the mail: nothing has failed",
        |stage| {
            stage.mx(&["10 mx3.corp.test", "20 mx1.corp.test"]).id("2");
            warm("1", &["mx1.corp.test"])
        },
        "deliver via mx1.corp.test 192.0.2.1 validated; cached policy 1 enforce",
        &[
            MX,
            "SMTP mx1.corp.test 192.0.2.1",
            "mail mx1.corp.test 192.0.2.1 TLSv1.3",
        ],
    ),
    (
        "lazy",
        "its policy passes over a host, and the next rejects the message: nothing fails for good before the id",
        |stage| {
            stage
                .mx(&["10 mx3.corp.test", "20 mx1.corp.test"])
                .id("2")
                .policy("enforce", &["mx3.corp.test"], 604_800)
                .at("192.0.2.1", |receiver| receiver.rcpt.code = 550);
            warm("1", &["mx1.corp.test"])
        },
        "deliver via mx3.corp.test 192.0.2.3 validated; live policy 2 enforce",
        &[
            MX,
            "SMTP mx1.corp.test 192.0.2.1",
            TXT,
            "GET",
            "SMTP mx3.corp.test 192.0.2.3",
            "mail mx3.corp.test 192.0.2.3 TLSv1.3",
        ],
    ),
    (
        "lazy",
        "the same, and the id is what it was",
        |stage| {
            stage
                .mx(&["10 mx3.corp.test", "20 mx1.corp.test"])
                .at("192.0.2.1", |receiver| receiver.rcpt.code = 550);
            warm("1", &["mx1.corp.test"])
        },
        "bounce; cached policy 1 enforce",
        &[MX, "SMTP mx1.corp.test 192.0.2.1", TXT],
    ),
    (
        "lazy",
        "the first host rejects the message: no policy has a part in that, and it is not sent twice",
        |stage| {
            stage
                .id("2")
                .at("192.0.2.1", |receiver| receiver.rcpt.code = 550);
            warm("1", &["mx1.corp.test"])
        },
        "bounce; cached policy 1 enforce",
        &[MX, "SMTP mx1.corp.test 192.0.2.1"],
    ),
    (
        "lazy",
        "the only host is down: that is no failure of the policy",
        |stage| {
            stage.mx(&["10 mx1.corp.test"]).id("2");
            stage.state.receivers.clear();
            warm("1", &["mx1.corp.test"])
        },
        "defer; cached policy 1 enforce",
        &[MX],
    ),
    (
        "no-sts",
        "whatever it holds",
        |stage| {
            stage.mx(&["10 mx3.corp.test"]);
            warm("1", &["mx1.corp.test"])
        },
        "deliver-unprotected via mx3.corp.test 192.0.2.3; no policy: the sender does not know MTA-STS",
        &[
            MX,
            "SMTP mx3.corp.test 192.0.2.3",
            "mail mx3.corp.test 192.0.2.3 TLSv1.3",
        ],
    ),
];

/// What each class asks for, message by message, through one migration: the policy that a sender has lists
/// `mx1`; the domain has published another, for `mx3`, and moved there.
#[tokio::test]
async fn each_class_asks_for_what_it_must_and_no_more() {
    let get = format!("GET mta-sts.corp.test {EDGE}");
    for (class, case, change, expected, asked) in MESSAGES {
        let mut stage = Stage::new();
        let mut state = change(&mut stage);
        let attempt = stage.send(class, &mut state).await;
        let asked: Vec<&str> = asked
            .iter()
            .map(|asked| if *asked == "GET" { &get } else { *asked })
            .collect();
        assert_eq!(
            (told(&attempt).as_str(), stage.asked()),
            (
                *expected,
                asked.into_iter().map(str::to_owned).collect::<Vec<_>>()
            ),
            "{class}: {case}"
        );
    }
}

/// A4: what a lazy sender learns after a failure, it remembers.
#[tokio::test]
async fn a_lazy_sender_keeps_the_policy_that_it_looked_up_after_a_failure() {
    let stage = Stage::with(|stage| {
        stage
            .mx(&["10 mx3.corp.test"])
            .id("2")
            .policy("enforce", &["mx3.corp.test"], 604_800);
    });
    let mut state = warm("1", &["mx1.corp.test"]);
    for expected in [
        "deliver via mx3.corp.test 192.0.2.3 validated; live policy 2 enforce",
        "deliver via mx3.corp.test 192.0.2.3 validated; cached policy 2 enforce",
    ] {
        assert_eq!(told(&stage.send("lazy", &mut state).await), expected);
    }
}
