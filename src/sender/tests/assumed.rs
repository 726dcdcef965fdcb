//! MX hosts that are not spoken to, and are taken as sound: names, record and policy alone decide.

use crate::model::stage::{Stage, name, sender};
use crate::sender::memo::{Memo, MxHosts, Probes};
use crate::sender::reason::Reason;
use crate::sender::{Mail, PolicyState, Verdict};
use crate::sts::transport::Certainty::{self, Assumed, Definite};

/// How the policy reads, what comes of mail, and why.
type Row = (
    &'static str,
    fn(&mut Stage),
    Verdict,
    Certainty,
    fn(&Reason) -> bool,
);

const ROWS: [Row; 6] = [
    (
        "enforce, and the first host is listed",
        |_| {},
        Verdict::Deliver,
        Assumed,
        |reason| matches!(reason, Reason::Listed { .. }),
    ),
    (
        "enforce, and no host is listed: their certificates do not matter",
        |stage| {
            stage.policy("enforce", &["mx9.corp.test"], 60);
        },
        Verdict::Defer,
        Definite,
        |reason| matches!(reason, Reason::NoUsableHost { .. }),
    ),
    (
        "testing, and the first host is listed",
        |stage| {
            stage.policy("testing", &["mx1.corp.test"], 60);
        },
        Verdict::Deliver,
        Assumed,
        |reason| matches!(reason, Reason::Listed { .. }),
    ),
    (
        "testing, and the first host is not listed",
        |stage| {
            stage.policy("testing", &["mx2.corp.test"], 60);
        },
        Verdict::DeliverUnprotected,
        Assumed,
        |reason| matches!(reason, Reason::OnlyTesting { .. }),
    ),
    (
        "mode none",
        |stage| {
            stage.policy("none", &[], 60);
        },
        Verdict::DeliverUnprotected,
        Assumed,
        |reason| matches!(reason, Reason::ModeNone { .. }),
    ),
    (
        "no policy",
        |stage| {
            stage.txt(&["v=spf1 -all"]);
        },
        Verdict::DeliverUnprotected,
        Assumed,
        |reason| matches!(reason, Reason::WithoutPolicy { .. }),
    ),
];

#[tokio::test]
async fn hosts_that_are_taken_as_sound_leave_the_policy_to_decide() {
    for (case, change, verdict, certainty, is_expected) in ROWS {
        let stage = Stage::with(change);
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let probes = Probes::default();
        let memo = Memo::new(&network, &probes).with_hosts(MxHosts::Assumed);
        let sender = sender(&memo, "strict");
        let next_hop = name("corp.test");
        let attempt = sender
            .attempt(Mail::probe(&next_hop), &PolicyState::default())
            .await;
        assert_eq!(
            (attempt.verdict, attempt.certainty),
            (verdict, certainty),
            "{case}"
        );
        assert!(is_expected(&attempt.reason), "{case}: {:?}", attempt.reason);
        let spoken_to = stage.asked().iter().any(|asked| asked.starts_with("SMTP"));
        assert!(!spoken_to, "{case}");
    }
}
