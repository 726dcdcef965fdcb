//! What is held for one policy domain, and which work is due for it: the judgement, pure.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use super::failing::{Failing, FetchNews};
use super::history::{Change, History};
use super::settings::Settings;
use super::standing::Standing;
use crate::facts::{DnsName, UnixTime};
use crate::sender::discover::Occasion;
use crate::sender::found::{Discovery, NoPolicy, PolicyInUse, RecordSeen};
use crate::sender::state::{CacheChange, PolicyState};
use crate::sender::{Network, Sender, Trace};
use crate::sts::cache::CachedPolicy;
use crate::sts::policy::Mode;
use crate::sts::refresh::{self, BackOffs};
use crate::tlsrpt::result_type::ResultType;

/// How many fetches a domain gets within [`GETS_WITHIN`], whatever its ids say: they are the domain's to change.
const MAX_GETS: usize = 4;

/// See [`MAX_GETS`]: a fetch each five minutes in the long run, with some in a row for an owner who corrects a policy.
const GETS_WITHIN: Duration = Duration::from_secs(1_200);

/// How long a negative answer without a TTL is believed, and a SERVFAIL (RFC 2308, Section 7.1).
const NEGATIVE_WITHOUT_TTL: Duration = Duration::from_secs(300);

/// How long it is believed that a question has no answer where only our own vantage failed.
const OUR_FAILURE: Duration = Duration::from_secs(60);

/// The part of a policy's life that is left when a failed refresh becomes an alarm: an eighth, at most a day.
const ALARM_PART: u32 = 8;

/// What is held for one policy domain.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Held {
    /// The policy of the last successful fetch, expired or not.
    policy: Option<Arc<CachedPolicy>>,
    back_offs: BackOffs,
    refresh_tried_at: Option<UnixTime>,
    looked: Option<Looked>,
    /// The fetches that failed since the last successful one.
    failing: Option<Arc<Failing>>,
    /// When the last fetches were made, at most [`MAX_GETS`], the oldest first.
    gets: Vec<UnixTime>,
    history: History,
}

/// The last look at the record.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Looked {
    at: UnixTime,
    /// Until when it is believed.
    believed_until: UnixTime,
    /// Why there is no policy; `None` if there was one.
    none: Option<Arc<NoPolicy>>,
    /// Whether the record asks for a fetch that is held back until then.
    is_held_back: bool,
    /// What a report would name of the fetch, if one failed.
    failure: Option<ResultType>,
}

/// What somebody who asks gets, and what is to be done for the next one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// What holds; `None` if that must be found out first.
    pub standing: Option<Standing>,
    /// What is due.
    pub work: Option<Work>,
}

/// How much is lost if what is held is forgotten, the least first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Worth {
    /// There is no policy.
    Nothing,
    /// There was one; it says what was known if a clock jumped.
    Expired,
    /// A policy that stops no mail.
    Policy,
    /// A policy that protects mail.
    Enforced,
}

/// Work for a domain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Work {
    /// Look at the record, and fetch the policy if its id is new.
    Look,
    /// Fetch the policy, whatever the record says.
    Refresh,
}

impl Work {
    /// Does it with the sender's own steps, for a domain of which `held` is known.
    pub async fn run<N: Network>(
        self,
        sender: &Sender<'_, N>,
        domain: &DnsName,
        held: &Held,
        trace: &mut Trace,
    ) -> Discovery {
        let state = held.state(sender.network.now());
        match self {
            Self::Look => {
                sender
                    .discover(domain, &state, Occasion::Delivery, trace)
                    .await
            }
            Self::Refresh => sender.refresh(domain, &state, trace).await,
        }
    }
}

/// How a piece of work ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Done {
    /// A policy that was fetched, to be stored before anybody is answered with it.
    pub fetched: Option<Arc<CachedPolicy>>,
    /// What holds from now on, if that is news.
    pub news: Option<Change>,
    /// What is news of the fetches of a policy that holds as before.
    pub fetch_news: Option<FetchNews>,
    /// Whether a held policy could not be fetched again, and little of its life is left.
    pub is_alarming: bool,
}

impl Held {
    /// Starts with a policy, as from a store.
    #[must_use]
    pub fn with_policy(policy: Arc<CachedPolicy>) -> Self {
        Self {
            policy: Some(policy),
            ..Self::default()
        }
    }

    /// Returns the policy, while it counts.
    #[must_use]
    pub fn fresh(&self, now: UnixTime) -> Option<&Arc<CachedPolicy>> {
        self.policy.as_ref().filter(|policy| policy.is_fresh(now))
    }

    /// Returns the policy of the last successful fetch, expired or not.
    #[must_use]
    pub const fn policy(&self) -> Option<&Arc<CachedPolicy>> {
        self.policy.as_ref()
    }

    /// Returns what holds at `now`, and what is due.
    #[must_use]
    pub fn ask(&self, domain: &DnsName, now: UnixTime, settings: &Settings) -> Asked {
        let is_believed = self
            .looked
            .as_ref()
            .is_some_and(|looked| looked.at <= now && now < looked.believed_until);
        if let Some(policy) = self.fresh(now) {
            let is_refresh_due = self
                .refresh_due(domain, now, settings)
                .is_some_and(|due| due <= now);
            return Asked {
                standing: Some(Standing::Policy(Arc::clone(policy))),
                work: match (is_refresh_due, is_believed) {
                    (true, _) => Some(Work::Refresh),
                    (false, false) => Some(Work::Look),
                    (false, true) => None,
                },
            };
        }
        match &self.looked {
            Some(looked) if is_believed && looked.is_held_back => Asked {
                standing: Some(Standing::Pending {
                    until: Some(looked.believed_until),
                }),
                work: None,
            },
            // A policy whose life ended since is looked for anew.
            Some(Looked {
                none: Some(why), ..
            }) if is_believed => Asked {
                standing: Some(Standing::None(Arc::clone(why))),
                work: None,
            },
            Some(_) | None => Asked {
                standing: None,
                work: Some(Work::Look),
            },
        }
    }

    /// Returns what holds at `now` without a look, as far as it is known.
    #[must_use]
    pub fn standing(&self, now: UnixTime) -> Option<Standing> {
        if let Some(policy) = self.fresh(now) {
            return Some(Standing::Policy(Arc::clone(policy)));
        }
        let looked = self.looked.as_ref()?;
        if looked.is_held_back {
            return Some(Standing::Pending {
                until: Some(looked.believed_until),
            });
        }
        looked.none.clone().map(Standing::None)
    }

    /// Returns when something is due although nobody asks: a refresh of a policy that counts, or a fetch that was
    /// held back.
    #[must_use]
    pub fn due(&self, domain: &DnsName, now: UnixTime, settings: &Settings) -> Option<UnixTime> {
        self.refresh_due(domain, now, settings).or_else(|| {
            let looked = self.looked.as_ref()?;
            looked.is_held_back.then_some(looked.believed_until)
        })
    }

    fn refresh_due(
        &self,
        domain: &DnsName,
        now: UnixTime,
        settings: &Settings,
    ) -> Option<UnixTime> {
        let policy = self.fresh(now)?;
        if policy.fetched_at > now {
            // A clock was wrong once: only a fetch of our own says when the policy's life begins.
            return Some(self.refresh_tried_at.map_or(now, |tried| {
                tried.min(now).saturating_add(refresh::FETCH_BACK_OFF)
            }));
        }
        let every = settings
            .refresh_every
            .saturating_sub(part_of(settings.refresh_spread, domain));
        let mut back_offs = self.back_offs.clone();
        back_offs.hold_any(self.gets_held_until(now));
        let due = refresh::due(policy, every, self.refresh_tried_at, &back_offs);
        (due <= policy.expires_at()).then_some(due)
    }

    /// Returns what [`Sender::discover`](crate::sender::Sender::discover) and
    /// [`Sender::refresh`](crate::sender::Sender::refresh) are given.
    #[must_use]
    pub fn state(&self, now: UnixTime) -> PolicyState {
        let mut back_offs = self.back_offs.clone();
        back_offs.hold_any(self.gets_held_until(now));
        PolicyState {
            cached: self.policy.as_deref().cloned(),
            back_offs,
            refresh_tried_at: self.refresh_tried_at,
        }
    }

    /// Returns until when the domain gets no fetch, because it had many.
    fn gets_held_until(&self, now: UnixTime) -> Option<UnixTime> {
        if self.gets.len() < MAX_GETS {
            return None;
        }
        let oldest = self.gets.first()?;
        let until = oldest.saturating_add(GETS_WITHIN);
        (*oldest <= now && now < until).then_some(until)
    }

    /// Takes over what a piece of work found that ended at `now`.
    pub fn finish(
        &mut self,
        work: Work,
        found: &Discovery,
        now: UnixTime,
        settings: &Settings,
    ) -> Done {
        let before = self.change(now);
        if work == Work::Refresh {
            self.refresh_tried_at = Some(now);
        }
        let fetched = match &found.change {
            CacheChange::Keep => None,
            CacheChange::Store(policy) => {
                self.back_offs.forget(&policy.id);
                // An attempt that failed before says nothing of this policy's life.
                self.refresh_tried_at = None;
                let policy = Arc::new(policy.clone());
                self.policy = Some(Arc::clone(&policy));
                Some(policy)
            }
            CacheChange::BackOff(back_off) => {
                self.back_offs.note(back_off.clone());
                None
            }
        };
        if found.change != CacheChange::Keep {
            if self.gets.len() >= MAX_GETS {
                self.gets.remove(0);
            }
            self.gets.push(now);
        }
        let is_alarming = found.fetch_error.is_some() && self.is_nearly_over(now);
        let fetch_news = self.note_fetch(found, is_alarming, now);
        let (none, believed_for, is_held_back) = self.believe(found, now, settings);
        self.looked = Some(Looked {
            at: now,
            believed_until: now.saturating_add(believed_for),
            none: none.map(Arc::new),
            is_held_back,
            failure: found.fetch_error.as_ref().map(ResultType::from),
        });
        let news = self.note_news(before.as_ref(), now);
        Done {
            fetch_news: fetch_news.filter(|_| news.is_none() && self.fresh(now).is_some()),
            fetched,
            news,
            is_alarming,
        }
    }

    /// Notes how a fetch went, if there was one; returns what is news of it while a policy holds.
    fn note_fetch(
        &mut self,
        found: &Discovery,
        is_alarming: bool,
        now: UnixTime,
    ) -> Option<FetchNews> {
        if let Some(error) = &found.fetch_error {
            let before = self.failing.as_deref();
            let (failing, is_news) = Failing::add(before, error.clone(), is_alarming, now);
            self.failing = Some(Arc::new(failing));
            return is_news.then_some(FetchNews::Fail);
        }
        match found.change {
            CacheChange::Store(_) => self.failing.take().map(|_| FetchNews::WorkAgain),
            CacheChange::Keep | CacheChange::BackOff(_) => None,
        }
    }

    /// Returns why there is no policy, how long a look is believed, and whether a fetch is held back.
    fn believe(
        &self,
        found: &Discovery,
        now: UnixTime,
        settings: &Settings,
    ) -> (Option<NoPolicy>, Duration, bool) {
        let until = |until: UnixTime| until.saturating_duration_since(now);
        let rest = |default: Duration, ceiling: Duration| {
            found
                .record_ttl
                .unwrap_or(default)
                .max(settings.recheck_floor)
                .min(ceiling)
        };
        let unanswered = |is_ours: bool| {
            if is_ours {
                OUR_FAILURE
            } else {
                NEGATIVE_WITHOUT_TTL
            }
        };
        let why = match &found.policy {
            PolicyInUse::None(why) => why,
            PolicyInUse::Policy { policy, .. } => {
                let believed_for = match &found.record {
                    // The new id is waited for, and not longer than it must be.
                    Some(RecordSeen::Id(id)) if *id != policy.id => {
                        let held = self.state(now).back_offs.until(id, now);
                        held.map_or(settings.recheck_floor, until)
                    }
                    Some(RecordSeen::Unknown(failure)) => unanswered(failure.kind.is_ours()),
                    Some(RecordSeen::Id(_) | RecordSeen::NoRecord | RecordSeen::Unusable(_))
                    | None => rest(NEGATIVE_WITHOUT_TTL, settings.recheck_ceiling),
                };
                return (None, believed_for, false);
            }
        };
        let is_held_back = matches!(why, NoPolicy::BackedOff { until: end }
            if self.gets_held_until(now) == Some(*end));
        let believed_for = match why {
            NoPolicy::RecordUnknown(failure) => unanswered(failure.kind.is_ours()),
            // Another id may be fetched at once, so the record is looked at as often as any.
            NoPolicy::FetchFailed(_) => rest(NEGATIVE_WITHOUT_TTL, refresh::FETCH_BACK_OFF),
            NoPolicy::BackedOff { until: end } if is_held_back => until(*end),
            NoPolicy::BackedOff { until: end } => {
                rest(NEGATIVE_WITHOUT_TTL, refresh::FETCH_BACK_OFF).min(until(*end))
            }
            NoPolicy::NoRecord
            | NoPolicy::RecordUnusable(_)
            | NoPolicy::MailIsTlsReport
            | NoPolicy::SenderIgnoresSts => rest(NEGATIVE_WITHOUT_TTL, settings.negative_ceiling),
        };
        // A failure that is waited out is still the reason.
        let why = match (why, &self.failing) {
            (NoPolicy::BackedOff { .. }, Some(failing)) => {
                NoPolicy::FetchFailed(failing.error.clone())
            }
            (why, _) => why.clone(),
        };
        (Some(why), believed_for, is_held_back)
    }

    fn change(&self, now: UnixTime) -> Option<Change> {
        Change::of(&self.standing(now)?)
    }

    /// Notes what holds now, if something else did `before`.
    fn note_news(&mut self, before: Option<&Change>, now: UnixTime) -> Option<Change> {
        let change = self.change(now)?;
        if before == Some(&change) {
            return None;
        }
        self.history.note(now, change.clone());
        Some(change)
    }

    /// Returns how much is lost if it is forgotten.
    #[must_use]
    pub fn worth(&self, now: UnixTime) -> Worth {
        match self.fresh(now).map(|policy| policy.policy.mode()) {
            Some(Mode::Enforce) => Worth::Enforced,
            Some(Mode::Testing | Mode::None) => Worth::Policy,
            None if self.policy.is_some() => Worth::Expired,
            None => Worth::Nothing,
        }
    }

    fn is_nearly_over(&self, now: UnixTime) -> bool {
        self.fresh(now).is_some_and(|policy| {
            let life = policy.policy.max_age().as_duration();
            let part = life.checked_div(ALARM_PART).unwrap_or_default();
            let left = policy.expires_at().saturating_duration_since(now);
            left <= part.min(refresh::DAILY)
        })
    }

    /// Returns what a report names of the last fetch, if it failed.
    #[must_use]
    pub fn failure(&self) -> Option<ResultType> {
        self.looked.as_ref()?.failure
    }

    /// Returns when the record was last looked at, and until when that is believed.
    #[must_use]
    pub fn looked(&self) -> Option<(UnixTime, UnixTime)> {
        self.looked
            .as_ref()
            .map(|looked| (looked.at, looked.believed_until))
    }

    /// Returns the fetches that failed since the last successful one.
    #[must_use]
    pub fn failing(&self) -> Option<&Failing> {
        self.failing.as_deref()
    }

    /// Returns the last changes of what is held.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Returns when each span ends in which the answer, or the work that is due, stays the same.
    pub fn ends(&self) -> impl Iterator<Item = UnixTime> {
        let expires = self.policy.as_ref().map(|policy| policy.expires_at());
        let believed = self.looked.as_ref().map(|looked| looked.believed_until);
        expires
            .into_iter()
            .chain(believed)
            .chain(self.back_offs.ends())
    }
}

/// Returns a part of `whole` that is the domain's own.
fn part_of(whole: Duration, domain: &DnsName) -> Duration {
    let mut hasher = DefaultHasher::new();
    domain.as_str().hash(&mut hasher);
    let secs = hasher.finish().checked_rem(whole.as_secs()).unwrap_or(0);
    Duration::from_secs(secs)
}
