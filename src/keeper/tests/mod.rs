//! The keeper on the model, under a clock that the tests move, and on networks that hang.

mod log;
mod stored;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Asked, Exchangers, Held, Keeper, Persistence, Settings, Standing, Work};
use crate::facts::dns::{DnsAnswer, Question, RecordType};
use crate::facts::http::HttpExchange;
use crate::facts::smtp::{SmtpExchange, SmtpRequest};
use crate::facts::{DnsName, Say as _, UnixTime};
use crate::model::stage::{START, Stage, name};
use crate::sender::candidates::find_addresses;
use crate::sender::{Families, Limits, Network, Sender, SenderClass, Trace};

/// One domain, kept without tasks: work is done when it is asked for.
struct Kept {
    stage: Stage,
    held: Held,
    settings: Settings,
}

impl Kept {
    fn new(change: fn(&mut Stage)) -> Self {
        Self {
            stage: Stage::with(change),
            held: Held::default(),
            settings: Settings {
                refresh_spread: Duration::ZERO,
                ..Settings::default()
            },
        }
    }

    fn now(&self) -> UnixTime {
        self.stage.clock.now()
    }

    fn asked(&self) -> Asked {
        self.held
            .ask(&name("corp.test"), self.now(), &self.settings)
    }

    async fn work(&mut self, work: Work) {
        self.stage.model.apply(self.stage.state.clone());
        let network = self.stage.model.through("resolver");
        let sender = Sender {
            network: &network,
            class: SenderClass::strict(),
            limits: Limits::default(),
            families: Families::Both,
        };
        let domain = name("corp.test");
        let found = work
            .run(&sender, &domain, &self.held, &mut Trace::default())
            .await;
        let now = self.now();
        self.held.finish(work, &found, now, &self.settings);
    }

    /// Asks, and does what is due: first, if nothing is known, and behind the answer otherwise.
    async fn ask(&mut self) -> (String, Option<Work>) {
        let asked = self.asked();
        if let Some(work) = asked.work {
            self.work(work).await;
        }
        let standing = asked.standing.or_else(|| self.held.standing(self.now()));
        (told(standing.as_ref()), asked.work)
    }

    fn pass(&self, secs: u64) {
        let then = self.now().saturating_add(Duration::from_secs(secs));
        self.stage.clock.advance_to(then);
    }
}

fn told(standing: Option<&Standing>) -> String {
    match standing {
        Some(Standing::Policy(policy)) => format!("{} {}", policy.id, policy.policy.mode()),
        Some(Standing::None(why)) => why.sentence().to_string(),
        Some(Standing::Pending { until }) => format!("pending {}", until.is_some()),
        Some(Standing::Unreadable) => "unreadable".into(),
        None => "nothing".into(),
    }
}

/// What holds, step by step: seconds that pass, a change, what is answered, what was due, what reached the servers.
type Step = (
    u64,
    fn(&mut Stage),
    &'static str,
    Option<Work>,
    &'static [&'static str],
);

async fn play(kept: &mut Kept, steps: &[Step]) {
    for (index, (secs, change, expected, work, requests)) in steps.iter().enumerate() {
        kept.pass(*secs);
        change(&mut kept.stage);
        let (answer, due) = kept.ask().await;
        assert_eq!((answer.as_str(), due), (*expected, *work), "step {index}");
        assert_eq!(kept.stage.asked(), *requests, "step {index}");
    }
}

const TXT: &str = "TXT _mta-sts.corp.test";
const GET: &str = "GET mta-sts.corp.test 203.0.113.1";

#[tokio::test]
async fn an_answer_that_is_held_comes_first_and_the_look_behind_it() {
    let mut kept = Kept::new(|stage| {
        stage.ttl = Duration::from_secs(300);
        stage.id("1").policy("enforce", &["mx1.corp.test"], 604_800);
    });
    let same: fn(&mut Stage) = |_| {};
    play(
        &mut kept,
        &[
            (0, same, "1 enforce", Some(Work::Look), &[TXT, GET]),
            (299, same, "1 enforce", None, &[]),
            (1, same, "1 enforce", Some(Work::Look), &[TXT]),
            (
                300,
                |stage| {
                    stage.id("2").policy("testing", &["mx1.corp.test"], 604_800);
                },
                "1 enforce",
                Some(Work::Look),
                &[TXT, GET],
            ),
            (0, same, "2 testing", None, &[]),
        ],
    )
    .await;
    let history: Vec<String> = kept
        .held
        .history()
        .iter()
        .map(|(at, change)| format!("{at} {change}"))
        .collect();
    assert_eq!(
        history,
        [
            "2026-03-02T08:00:00Z policy 1, mode enforce, mx mx1.corp.test",
            "2026-03-02T08:10:00Z policy 2, mode testing, mx mx1.corp.test",
        ]
    );
}

#[tokio::test]
async fn a_policy_that_cannot_be_fetched_again_holds_to_its_last_second_and_the_failure_is_waited_out()
 {
    let mut kept = Kept::new(|stage| {
        stage.id("1").policy("enforce", &["mx1.corp.test"], 1_000);
    });
    let same: fn(&mut Stage) = |_| {};
    let waited_out = "the policy could not be fetched: status 500";
    play(
        &mut kept,
        &[
            (0, same, "1 enforce", Some(Work::Look), &[TXT, GET]),
            (
                60,
                |stage| {
                    stage.id("2").response(|response| response.status = 500);
                },
                "1 enforce",
                Some(Work::Look),
                &[TXT, GET],
            ),
            // Five minutes: the failure of the id is waited out, and the record is not asked in between.
            (299, same, "1 enforce", None, &[]),
            (1, same, "1 enforce", Some(Work::Look), &[TXT, GET]),
            (640, same, "1 enforce", Some(Work::Refresh), &[TXT, GET]),
            // The life is over.
            (1, same, waited_out, Some(Work::Look), &[TXT]),
        ],
    )
    .await;
}

#[tokio::test]
async fn that_there_is_no_policy_is_believed_for_a_while_by_its_reason() {
    use crate::facts::dns::DnsFailureKind;
    type Case = (fn(&mut Stage), &'static str, u64);
    let cases: [Case; 5] = [
        (
            |stage| {
                stage.absent("_mta-sts.corp.test");
            },
            "there is no MTA-STS record",
            300,
        ),
        (
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::SERVFAIL);
            },
            "the MTA-STS record could not be looked up: SERVFAIL",
            300,
        ),
        (
            |stage| {
                stage.fail("_mta-sts.corp.test", DnsFailureKind::TimedOut);
            },
            "the MTA-STS record could not be looked up: no reply in time",
            60,
        ),
        (
            |stage| {
                stage.txt(&["v=STSv1; id=1;", "v=STSv1; id=2;"]);
            },
            "the MTA-STS record cannot be used: ",
            900,
        ),
        (
            |stage| {
                stage.response(|response| response.status = 404);
            },
            "the policy could not be fetched: ",
            300,
        ),
    ];
    for (change, expected, secs) in cases {
        let mut kept = Kept::new(|stage| {
            stage.ttl = Duration::from_secs(86_400);
            stage.id("1");
        });
        change(&mut kept.stage);
        let (answer, _) = kept.ask().await;
        assert!(answer.starts_with(expected), "{answer}");
        kept.pass(secs - 1);
        assert_eq!(kept.asked().work, None, "{expected}");
        assert!(kept.asked().standing.is_some(), "{expected}");
        kept.pass(1);
        assert_eq!(
            (kept.asked().standing, kept.asked().work),
            (None, Some(Work::Look)),
            "{expected}"
        );
    }
}

#[tokio::test]
async fn ids_that_change_all_the_time_get_four_fetches_and_then_wait() {
    let mut kept = Kept::new(|stage| {
        stage.policy("enforce", &["mx1.corp.test"], 1);
    });
    // Its life is over each time.
    let ids: [fn(&mut Stage); 4] = [
        |stage| {
            stage.id("1");
        },
        |stage| {
            stage.id("2");
        },
        |stage| {
            stage.id("3");
        },
        |stage| {
            stage.id("4");
        },
    ];
    for change in ids {
        change(&mut kept.stage);
        kept.ask().await;
        assert_eq!(kept.stage.asked(), [TXT, GET]);
        kept.pass(60);
    }
    kept.stage.id("5");
    // Held back, not negative: mail may wait for it.
    assert_eq!(kept.ask().await.0, "pending true");
    assert_eq!(kept.stage.asked(), [TXT]);
    let due = kept
        .held
        .due(&name("corp.test"), kept.now(), &kept.settings);
    assert_eq!(due, Some(START.saturating_add(Duration::from_secs(1_200))));
    kept.pass(960);
    assert_eq!(kept.ask().await.0, "5 enforce");
}

#[tokio::test]
async fn a_week_of_refreshes_is_a_get_a_day_and_a_fetch_in_the_future_counts_as_now() {
    let mut kept = Kept::new(|stage| {
        stage.ttl = Duration::from_secs(3_600);
        stage
            .id("1")
            .policy("enforce", &["mx1.corp.test"], 2_592_000);
    });
    kept.ask().await;
    let mut gets = 0;
    while kept.now() < START.saturating_add(Duration::from_secs(7 * 86_400)) {
        let due = kept
            .held
            .due(&name("corp.test"), kept.now(), &kept.settings)
            .unwrap();
        kept.stage.clock.advance_to(due);
        assert_eq!(kept.asked().work, Some(Work::Refresh));
        kept.work(Work::Refresh).await;
        gets += 1;
    }
    assert_eq!(gets, 7);

    let policy = kept.held.policy().unwrap().clone();
    let then = START;
    let held = Held::with_policy(policy);
    let asked = held.ask(&name("corp.test"), then, &kept.settings);
    assert_eq!(told(asked.standing.as_ref()), "1 enforce");
    assert_eq!(asked.work, Some(Work::Refresh));
}

/// A network that answers only when it is told to.
#[derive(Debug)]
struct Slow<N> {
    network: N,
    lets_go: Arc<Notify>,
    looks: Arc<AtomicUsize>,
}

impl<N: Network> Network for Slow<N> {
    fn now(&self) -> UnixTime {
        self.network.now()
    }

    async fn lookup(&self, question: &Question) -> DnsAnswer {
        if question.record_type == RecordType::Txt {
            self.looks.fetch_add(1, Ordering::Relaxed);
            self.lets_go.notified().await;
        }
        self.network.lookup(question).await
    }

    async fn get_policy(&self, host: &DnsName, address: std::net::IpAddr) -> HttpExchange {
        self.network.get_policy(host, address).await
    }

    async fn smtp(&self, request: &SmtpRequest) -> SmtpExchange {
        self.network.smtp(request).await
    }
}

/// A keeper at work on a slow network, until it is dropped.
struct Running<N> {
    keeper: Arc<Keeper<N>>,
    lets_go: Arc<Notify>,
    looks: Arc<AtomicUsize>,
    _tasks: tokio::task::JoinSet<()>,
}

fn run(
    stage: &Stage,
    persistence: Persistence,
    patience: Duration,
) -> Running<impl Network + Send + 'static> {
    let settings = Settings {
        patience,
        ..Settings::default()
    };
    run_with(stage, persistence, settings)
}

fn run_with(
    stage: &Stage,
    persistence: Persistence,
    settings: Settings,
) -> Running<impl Network + Send + 'static> {
    stage.model.apply(stage.state.clone());
    let (lets_go, looks) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let network = Slow {
        network: stage.model.through("resolver"),
        lets_go: Arc::clone(&lets_go),
        looks: Arc::clone(&looks),
    };
    let (keeper, jobs) = Keeper::new((network, stage.clock.clone()), persistence, settings, 1_000);
    let keeper = Arc::new(keeper);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(Arc::clone(&keeper).run(jobs, std::future::pending()));
    Running {
        keeper,
        lets_go,
        looks,
        _tasks: tasks,
    }
}

#[tokio::test]
async fn many_who_ask_at_once_make_one_look() {
    let running = run(&Stage::new(), Persistence::Memory, Duration::from_secs(60));
    let domain = name("corp.test");
    let asks = futures_util::future::join_all((0..100).map(|_| running.keeper.ask(&domain)));
    running.lets_go.notify_one();
    for standing in asks.await {
        assert_eq!(told(Some(&standing)), "1 enforce");
    }
    assert_eq!(running.looks.load(Ordering::Relaxed), 1);
    assert_eq!(running.keeper.counters().fetched.get(), 1);
}

#[tokio::test]
async fn nobody_waits_longer_than_the_look_up_may_take_whenever_they_come() {
    let running = run(
        &Stage::new(),
        Persistence::Memory,
        Duration::from_millis(30),
    );
    let domain = name("corp.test");
    let first = running.keeper.ask(&domain).await;
    assert_eq!(first, Standing::Pending { until: None });
    // Who comes later is told at once, while it runs.
    let later = running.keeper.ask_now(&domain).unwrap();
    assert_eq!(later, Standing::Pending { until: None });
    running.lets_go.notify_one();
    let standing = loop {
        match running.keeper.ask(&domain).await {
            Standing::Pending { .. } => tokio::task::yield_now().await,
            standing => break standing,
        }
    };
    assert_eq!(told(Some(&standing)), "1 enforce");
    assert_eq!(running.looks.load(Ordering::Relaxed), 1);
    assert_eq!(running.keeper.counters().out_of_patience.get(), 1);
}

#[tokio::test]
async fn work_ends_in_time_and_says_so() {
    let settings = Settings {
        work_within: Duration::from_millis(30),
        ..Settings::default()
    };
    let running = run_with(&Stage::new(), Persistence::Memory, settings);
    let domain = name("corp.test");
    // Nobody lets it go on.
    running.keeper.ask(&domain).await;
    while running.keeper.at_work() > 0 {
        tokio::task::yield_now().await;
    }
    let found = running.keeper.inspect(&domain).unwrap();
    assert_eq!(
        told(found.standing.as_ref()),
        "the MTA-STS record could not be looked up: no reply in time (the look-up as a whole took too long)"
    );
}

#[tokio::test]
async fn a_host_that_is_named_first_is_not_taken_for_the_whole_set() {
    let stage = Stage::new();
    let running = run(&stage, Persistence::Memory, Duration::from_secs(60));
    let patience = Duration::from_secs(60);
    let corp = name("corp.test");
    let second = stage.model.through("resolver");
    let second = find_addresses(&second, &name("mx2.corp.test"), 1, Families::Both).await;
    // Postfix shows its filter one record after the other.
    running.keeper.note_host(&corp, &name("mx1.corp.test"));
    assert_eq!(
        running
            .keeper
            .leads_to(&corp, &second.addresses, patience)
            .await,
        Some(true)
    );
}

#[tokio::test]
async fn the_hosts_of_a_domain_are_its_own_and_those_that_a_mail_server_names() {
    let stage = Stage::new();
    let running = run(&stage, Persistence::Memory, Duration::from_secs(60));
    let patience = Duration::from_secs(60);
    let (corp, other) = (name("corp.test"), name("mx3.corp.test"));
    let hosts = |names: &[&str]| Exchangers::Hosts(names.iter().copied().map(name).collect());
    assert_eq!(
        running.keeper.exchangers(&corp, patience).await,
        hosts(&["mx1.corp.test", "mx2.corp.test"])
    );
    running.keeper.note_host(&corp, &other);
    assert_eq!(
        running.keeper.exchangers(&corp, patience).await,
        hosts(&["mx1.corp.test", "mx2.corp.test", "mx3.corp.test"])
    );
    stage
        .clock
        .advance_to(START.saturating_add(Duration::from_secs(301)));
    assert_eq!(
        running.keeper.exchangers(&corp, patience).await,
        hosts(&["mx1.corp.test", "mx2.corp.test"])
    );
    assert_eq!(
        running
            .keeper
            .exchangers(&name("mta-sts.corp.test"), patience)
            .await,
        Exchangers::ItSelf
    );
}
