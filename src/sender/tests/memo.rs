//! Many senders over one set of facts: each thing is asked once.

use std::future::pending;
use std::net::IpAddr;
use std::time::Duration;

use crate::facts::dns::{DnsAnswer, DnsFailureKind, DnsOutcome, Question, RecordType};
use crate::facts::http::{HttpExchange, HttpFailureKind};
use crate::facts::smtp::{SmtpExchange, SmtpFailureKind, SmtpRequest, TlsUse};
use crate::facts::{DnsName, UnixTime};
use crate::model::ModelNetwork;
use crate::model::stage::scripted::Scripted;
use crate::model::stage::{EDGE, START, Stage, body, in_use, ip, message, name, sender, told};
use crate::sender::discover::Occasion;
use crate::sender::memo::{CutShort, Memo, Probes};
use crate::sender::{Authorities as _, Mail, Network, PolicyState, Trace, Verdict};
use crate::sts::transport::Certainty;

/// A network that lets others run before each answer.
struct Slow(ModelNetwork<Scripted>);

impl Network for Slow {
    fn now(&self) -> UnixTime {
        self.0.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        tokio::task::yield_now().await;
        self.0.lookup(question).await
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        tokio::task::yield_now().await;
        self.0.get_policy(host, address).await
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        tokio::task::yield_now().await;
        self.0.smtp(request).await
    }
}

/// A network whose MX hosts never say a word.
struct Mute(ModelNetwork<Scripted>);

impl Network for Mute {
    fn now(&self) -> UnixTime {
        self.0.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        self.0.lookup(question).await
    }

    async fn get_policy(&self, host: &DnsName, address: IpAddr) -> HttpExchange {
        self.0.get_policy(host, address).await
    }

    async fn smtp(&self, _request: &SmtpRequest) -> SmtpExchange {
        pending().await
    }
}

#[tokio::test]
async fn senders_that_run_at_once_ask_each_thing_once() {
    let stage = Stage::new();
    stage.model.apply(stage.state.clone());
    let network = Slow(stage.model.through("resolver"));
    let probes = Probes::default();
    let memo = Memo::new(&network, &probes);
    assert_eq!(memo.now(), START);
    let next_hop = name("corp.test");
    let state = PolicyState::default();
    let (strict, lazy, ignorant) = (
        sender(&memo, "strict"),
        sender(&memo, "lazy"),
        sender(&memo, "no-sts"),
    );
    let attempts = tokio::join!(
        strict.attempt(Mail::probe(&next_hop), &state),
        lazy.attempt(Mail::probe(&next_hop), &state),
        ignorant.attempt(Mail::probe(&next_hop), &state),
    );
    let good = "deliver via mx1.corp.test 192.0.2.1 validated; live policy 1 enforce";
    assert_eq!(
        [told(&attempts.0), told(&attempts.1), told(&attempts.2)],
        [
            good,
            good,
            "deliver-unprotected via mx1.corp.test 192.0.2.1; \
             no policy: the sender does not know MTA-STS"
        ]
    );
    let mut asked = stage.asked();
    asked.sort();
    assert_eq!(
        asked,
        [
            "GET mta-sts.corp.test 203.0.113.1",
            "MX corp.test",
            "SMTP mx1.corp.test 192.0.2.1",
            "TXT _mta-sts.corp.test",
        ]
    );
}

/// The probes are the run's, the answers a domain's.
#[tokio::test]
async fn another_memo_asks_the_dns_again_and_no_host_twice() {
    let stage = Stage::new();
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("resolver");
    let probes = Probes::default();
    let next_hop = name("corp.test");
    for expected in [
        vec!["MX corp.test", "SMTP mx1.corp.test 192.0.2.1"],
        vec!["MX corp.test"],
    ] {
        let memo = Memo::new(&network, &probes);
        sender(&memo, "no-sts")
            .attempt(Mail::probe(&next_hop), &PolicyState::default())
            .await;
        assert_eq!(stage.asked(), expected);
    }
}

/// A message goes out each time it is sent, and a probe of another kind is not taken for this one.
#[tokio::test]
async fn only_probes_are_remembered() {
    for (tls, sends, connections) in [
        (TlsUse::Verified, false, 1),
        (TlsUse::Opportunistic, false, 2),
        (TlsUse::Verified, true, 2),
        (TlsUse::Opportunistic, true, 2),
    ] {
        let stage = Stage::new();
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let probes = Probes::default();
        let memo = Memo::new(&network, &probes);
        let request = SmtpRequest {
            host: name("mx1.corp.test"),
            address: ip("192.0.2.1"),
            tls,
            message: sends.then(message),
        };
        for _ in 0..2 {
            memo.smtp(&request).await;
        }
        let asked = stage.asked();
        let found = asked.iter().filter(|asked| asked.starts_with("SMTP"));
        assert_eq!(found.count(), connections, "{tls:?}, a message: {sends}");
    }
}

#[tokio::test]
async fn a_sender_can_be_shown_one_edge_alone() {
    let mut stage = Stage::new();
    stage
        .edge_at("203.0.113.2", "mta-sts.corp.test")
        .addresses("mta-sts.corp.test", &[EDGE, "203.0.113.2", "2001:db8::3"]);
    let old = body("testing", &["old.test"], 60);
    let edge = stage.state.edges.get_mut(&ip("203.0.113.2")).unwrap();
    edge.responses
        .get_mut(&name("mta-sts.corp.test"))
        .unwrap()
        .body = old.into_bytes().into();
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("resolver");
    let probes = Probes::default();
    let memo = Memo::new(&network, &probes);
    for (edge, expected) in [
        (EDGE, "live policy 1 enforce"),
        ("203.0.113.2", "live policy 1 testing"),
        (
            "2001:db8::3",
            "no policy: the policy could not be fetched: connection refused",
        ),
        (
            "203.0.113.9",
            "no policy: the policy could not be fetched: \
             the policy host mta-sts.corp.test has no address",
        ),
    ] {
        let view = memo.with_only_edge(name("mta-sts.corp.test"), ip(edge));
        assert_eq!(view.now(), START);
        let found = sender(&view, "strict")
            .discover(
                &name("corp.test"),
                &PolicyState::default(),
                Occasion::Delivery,
                &mut Trace::default(),
            )
            .await;
        assert_eq!(in_use(&found.policy), expected, "{edge}");
    }
    assert_eq!(
        stage.asked(),
        [
            "TXT _mta-sts.corp.test",
            "GET mta-sts.corp.test 203.0.113.1",
            "GET mta-sts.corp.test 203.0.113.2",
        ]
    );
}

/// Only the addresses of that one host are cut down, and the rest goes through the memory.
#[tokio::test]
async fn one_edge_alone_hides_nothing_else() {
    let mut stage = Stage::new();
    stage.txt_at("mta-sts.corp.test", &["text"]);
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("resolver");
    let probes = Probes::default();
    let memo = Memo::new(&network, &probes);
    let view = memo.with_only_edge(name("mta-sts.corp.test"), ip("203.0.113.9"));
    for (owner, record_type, hidden) in [
        ("mta-sts.corp.test", RecordType::A, true),
        ("mta-sts.corp.test", RecordType::Txt, false),
        ("mx1.corp.test", RecordType::A, false),
    ] {
        let question = Question::new(name(owner), record_type);
        let expected = if hidden {
            DnsOutcome::NoData { ttl: None }
        } else {
            memo.lookup(&question).await.outcome
        };
        assert_eq!(view.lookup(&question).await.outcome, expected, "{question}");
    }
    let next_hop = name("corp.test");
    let attempt = sender(&view, "no-sts")
        .attempt(Mail::probe(&next_hop), &PolicyState::default())
        .await;
    assert_eq!(
        attempt.delivery.via.map(|via| via.host),
        Some(name("mx1.corp.test"))
    );
}

/// What was learnt stays, what takes too long counts as timed out for us alone, and nobody else inherits it.
#[tokio::test]
async fn a_domain_whose_time_is_over_keeps_what_it_has_learnt() {
    const OVER: &str =
        "(the 500ms for this domain were over: raise --deadline, or lower --timeout)";
    let stage = Stage::new();
    stage.model.apply(stage.state.clone());
    let probes = Probes::default();
    let next_hop = name("corp.test");
    let state = PolicyState::default();
    let mute = Mute(stage.model.through("resolver"));
    let memo = Memo::new(&mute, &probes).giving_up_after(Duration::from_millis(500));
    let strict = sender(&memo, "strict");
    let attempt = strict.attempt(Mail::probe(&next_hop), &state).await;
    assert_eq!(in_use(&attempt.discovery.policy), "live policy 1 enforce");
    assert_eq!(
        (
            attempt.verdict,
            attempt.certainty,
            &*attempt.reason.to_string()
        ),
        (
            Verdict::Defer,
            Certainty::Ours,
            &*format!(
                "no MX host can be used: mx1.corp.test: given up during connect {OVER}; \
                 the address of mx2.corp.test could not be looked up: no reply in time {OVER}"
            )
        )
    );
    stage.asked();
    // Nothing is asked any more, and what is known is still told.
    let again = strict.attempt(Mail::probe(&next_hop), &state).await;
    assert_eq!((again, stage.asked()), (attempt, vec![]));
    // The next caller makes again a probe that was given up; callers without time then know it.
    let network = stage.model.through("resolver");
    let request = SmtpRequest {
        host: name("mx1.corp.test"),
        address: ip("192.0.2.1"),
        tls: TlsUse::Verified,
        message: None,
    };
    let made = Memo::new(&network, &probes).smtp(&request).await;
    assert_eq!(made.failure, None);
    assert_eq!(memo.smtp(&request).await, made);
}

#[tokio::test]
async fn without_any_time_nothing_is_asked() {
    let stage = Stage::new();
    stage.model.apply(stage.state.clone());
    let network = stage.model.through("resolver");
    let probes = Probes::default();
    let memo = Memo::new(&network, &probes).giving_up_after(Duration::ZERO);
    let next_hop = name("corp.test");
    let attempt = sender(&memo, "strict")
        .attempt(Mail::probe(&next_hop), &PolicyState::default())
        .await;
    assert_eq!(
        (attempt.verdict, attempt.certainty),
        (Verdict::Defer, Certainty::Ours)
    );
    let edge = memo.get_policy(&name("mta-sts.corp.test"), ip(EDGE)).await;
    let failure = edge.outcome.unwrap_err();
    assert_eq!(
        (failure.kind, &*failure.detail),
        (
            HttpFailureKind::TimedOut,
            "the 0ns for this domain were over: raise --deadline, or lower --timeout"
        )
    );
    assert!(stage.asked().is_empty());
    assert_eq!(
        memo.cut_short(),
        Some(CutShort::Deadline {
            after: Duration::ZERO
        })
    );
    assert_eq!(Memo::new(&network, &probes).cut_short(), None);
}

/// One answer of any host shows that the port is open here, for the whole run.
#[tokio::test]
async fn the_probes_of_a_run_know_whether_any_host_has_answered() {
    let silent: fn(&mut Stage) = |stage| {
        for address in ["192.0.2.1", "192.0.2.2"] {
            stage.at(address, |receiver| {
                receiver.connect = Some(SmtpFailureKind::TimedOut);
            });
        }
    };
    for (case, change, expected) in [
        ("all are silent", silent, false),
        ("one answers", |_: &mut Stage| {}, true),
    ] {
        let stage = Stage::with(change);
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let probes = Probes::default();
        assert!(!probes.have_answer(), "{case}, before");
        let memo = Memo::new(&network, &probes);
        let next_hop = name("corp.test");
        sender(&memo, "strict")
            .attempt(Mail::probe(&next_hop), &PolicyState::default())
            .await;
        assert_eq!(probes.have_answer(), expected, "{case}");
        assert_eq!(memo.cut_short(), None, "{case}");
    }
}

/// What failed for one domain is asked again for another, and for neither twice.
#[tokio::test]
async fn a_server_that_cannot_be_looked_up_is_asked_for_once_a_domain() {
    let failing = |stage: &mut Stage| {
        stage.fail("ns.test", DnsFailureKind::SERVFAIL);
    };
    let sound = |stage: &mut Stage| {
        stage.addresses("ns.test", &["192.0.2.53"]);
    };
    let changes: [(fn(&mut Stage), _, _); 5] = [
        (failing, 1, 0),
        (failing, 1, 0),
        (sound, 1, 1),
        (failing, 1, 0),
        (sound, 1, 1),
    ];
    let probes = Probes::default();
    let question = Question::new(name("ns.test"), RecordType::A);
    for (number, (change, asked, addresses)) in changes.into_iter().enumerate() {
        let stage = Stage::with(change);
        stage.model.apply(stage.state.clone());
        let network = stage.model.through("resolver");
        let answer = Memo::new(&network, &probes).find_server(&question).await;
        assert_eq!(answer.addresses().count(), addresses, "domain {number}");
        assert_eq!(stage.model.drain_requests().len(), asked, "domain {number}");
    }
}
