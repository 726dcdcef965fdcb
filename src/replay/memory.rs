//! What a sender remembers of a next hop: its own cache, or what the sidecar beside it holds.

use crate::facts::{DnsName, Say as _, UnixTime};
use crate::keeper::{Held, Settings, Standing, Work};
use crate::sender::found::{Discovery, NoPolicy, PolicyInUse, PolicySource};
use crate::sender::{Attempt, Mail, MailKind, Network, PolicyState, Sender, SenderClass, Trace};
use crate::sts::cache::CachedPolicy;

/// Who plays the `strict` senders of a story.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Role {
    /// They are what they are.
    #[default]
    AsTold,
    /// A mail server that knows no MTA-STS, with the sidecar beside it.
    Sidecar,
}

/// What a sender remembers of a next hop.
#[derive(Clone, Debug)]
pub enum Memory {
    /// Its own cache.
    Own(PolicyState),
    /// What the sidecar beside it holds.
    Sidecar(Box<Held>),
}

impl Memory {
    /// Returns the memory that a sender of that class begins with, and with this policy in it.
    pub(super) fn new(role: Role, class: &SenderClass, cached: Option<CachedPolicy>) -> Self {
        if role == Role::Sidecar && class.name == SenderClass::strict().name {
            let held = cached.map_or_else(Held::default, |cached| Held::with_policy(cached.into()));
            return Self::Sidecar(Box::new(held));
        }
        Self::Own(cached.map_or_else(PolicyState::default, PolicyState::with_policy))
    }

    /// Attempts a message. The mail server beside a sidecar asks it first, and gives it no word of what came of
    /// the message; what the question made due is done behind the answer.
    pub(super) async fn attempt<N: Network>(
        &mut self,
        acting: &Sender<'_, N>,
        mail: Mail<'_>,
    ) -> Attempt {
        let held = match self {
            Self::Own(state) => {
                let attempt = acting.attempt(mail, state).await;
                for change in &attempt.changes {
                    state.apply(change);
                }
                return attempt;
            }
            Self::Sidecar(held) => held,
        };
        let (domain, settings) = (mail.next_hop, Settings::default());
        let asked = held.ask(domain, acting.network.now(), &settings);
        let (standing, behind) = match (asked.standing, asked.work) {
            (Some(standing), behind) => (Some(standing), behind),
            (None, first) => {
                if let Some(work) = first {
                    perform(held, work, acting, domain).await;
                }
                (held.standing(acting.network.now()), None)
            }
        };
        let discovery = match mail.kind {
            MailKind::Ordinary => Discovery::given(in_use(standing)),
            MailKind::TlsReport => Discovery::given(PolicyInUse::None(NoPolicy::MailIsTlsReport)),
        };
        let attempt = acting.attempt_under(mail, discovery).await;
        if let Some(work) = behind {
            perform(held, work, acting, domain).await;
        }
        attempt
    }

    /// Fetches a held policy again, or looks again where a fetch was held back.
    pub(super) async fn refresh<N: Network>(
        &mut self,
        acting: &Sender<'_, N>,
        domain: &DnsName,
    ) -> Discovery {
        let now = acting.network.now();
        match self {
            Self::Own(state) => {
                let found = acting.refresh(domain, state, &mut Trace::default()).await;
                state.apply(&found.change);
                state.refresh_tried_at = Some(now);
                found
            }
            Self::Sidecar(held) => {
                let work = match held.fresh(now) {
                    Some(_) => Work::Refresh,
                    None => Work::Look,
                };
                perform(held, work, acting, domain).await
            }
        }
    }

    /// Returns when something is due though no message comes; `now` is a moment before that.
    pub(super) fn due(
        &self,
        class: &SenderClass,
        domain: &DnsName,
        now: UnixTime,
    ) -> Option<UnixTime> {
        match self {
            Self::Own(state) => state.refresh_due(class),
            Self::Sidecar(held) => held.due(domain, now, &Settings::default()),
        }
    }

    /// Returns when each thing ends that it remembers.
    pub(super) fn ends(&self) -> Vec<UnixTime> {
        match self {
            Self::Own(state) => {
                let policy = state.cached.as_ref().map(CachedPolicy::expires_at);
                policy.into_iter().chain(state.back_offs.ends()).collect()
            }
            Self::Sidecar(held) => held.ends().collect(),
        }
    }

    /// Says what a sidecar holds and since when; `None` of a sender's own cache.
    pub(super) fn told(&self, now: UnixTime) -> Option<String> {
        let Self::Sidecar(held) = self else {
            return None;
        };
        let what = match held.standing(now) {
            Some(Standing::Policy(policy)) => {
                format!("it holds id {}, mode {}", policy.id, policy.policy.mode())
            }
            Some(Standing::None(why)) => format!("it holds that {}", why.sentence()),
            Some(Standing::Pending { .. }) => "it waits to fetch again".to_owned(),
            Some(Standing::Unreadable) | None => "it holds nothing yet".to_owned(),
        };
        Some(match held.looked() {
            Some((at, until)) if now < until => {
                format!("{what}, as it saw at {at} and believes until {until}")
            }
            Some((at, _)) => format!(
                "{what}, as it saw at {at}; it answers so once more, and looks behind the answer"
            ),
            None => format!("{what}, from before; it answers so, and looks behind the answer"),
        })
    }
}

/// Does a piece of work, and keeps what it found.
async fn perform<N: Network>(
    held: &mut Held,
    work: Work,
    acting: &Sender<'_, N>,
    domain: &DnsName,
) -> Discovery {
    let found = work.run(acting, domain, held, &mut Trace::default()).await;
    held.finish(work, &found, acting.network.now(), &Settings::default());
    found
}

/// Returns what a mail server does with an answer: what is not known yet counts as no policy, as it is configured
/// unless somebody says otherwise.
fn in_use(standing: Option<Standing>) -> PolicyInUse {
    match standing {
        Some(Standing::Policy(policy)) => PolicyInUse::Policy {
            policy: (*policy).clone(),
            source: PolicySource::Cached,
        },
        Some(Standing::None(why)) => PolicyInUse::None((*why).clone()),
        Some(Standing::Pending { until: Some(until) }) => {
            PolicyInUse::None(NoPolicy::BackedOff { until })
        }
        Some(Standing::Pending { until: None } | Standing::Unreadable) | None => {
            PolicyInUse::None(NoPolicy::NoRecord)
        }
    }
}
