//! The desk: a question in one of the protocols, an answer from what the keeper holds.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;

use super::exim;
use super::filter::{self, MxSet};
use super::filter_key::FilterKey;
use super::host::is_listed;
use super::key::{Key, NextHop};
use super::made::Made;
use super::metrics::{Answered, Tally};
use super::postfix::{self, Candidates, Question};
use super::socketmap::{Flavour, Map, Reply, Request};
use crate::facts::DnsName;
use crate::keeper::{Exchangers, Keeper, Standing};
use crate::sender::Network;
use crate::sts::cache::CachedPolicy;
use crate::sts::mx::MxPattern;
use crate::sts::policy::{Mode, Policy};

/// How long an answer waits for a domain's MX hosts, where its policy has wildcards.
const HOSTS_PATIENCE: Duration = Duration::from_secs(2);

/// What the administrator says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// What is said of their Postfix.
    pub postfix: postfix::Settings,
    /// What is answered for a domain of which nothing is known yet.
    pub unknown: Unknown,
    /// The addresses of this host, and those that lead to it.
    pub own_addresses: Vec<IpAddr>,
}

/// What is answered for a domain of which nothing is known in time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Unknown {
    /// That no policy applies, as RFC 8461 has it for a policy that cannot be fetched and is not held: mail goes
    /// out without its protection.
    #[default]
    NoPolicy,
    /// That it is not known: mail waits.
    Temporary,
}

/// What an answer in any protocol is made of.
enum Lookup {
    /// The policy that is held.
    Policy(Arc<CachedPolicy>),
    /// No policy applies.
    NoPolicy,
    /// Whether one does is not known: mail waits, and this is why.
    NotKnown(String),
}

/// What the administrator says, and the answers that were made under it.
#[derive(Debug, Default)]
struct Rules {
    settings: Settings,
    made: Made,
}

impl Rules {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }
}

/// Answers questions.
#[derive(Debug)]
pub struct Desk<N> {
    keeper: Arc<Keeper<N>>,
    rules: ArcSwap<Rules>,
    tally: Arc<Tally>,
    /// Whether the reply filter is in use.
    filters: AtomicBool,
}

impl<N: Network> Desk<N> {
    /// Makes a desk.
    #[must_use]
    pub fn new(keeper: Arc<Keeper<N>>, settings: Settings, tally: Arc<Tally>) -> Self {
        Self {
            keeper,
            rules: ArcSwap::from_pointee(Rules::new(settings)),
            tally,
            filters: AtomicBool::new(false),
        }
    }

    /// Returns a desk that answers alike, and whose answers are not counted: they go to nobody who delivers mail.
    #[must_use]
    pub fn uncounted(&self) -> Self {
        Self {
            keeper: Arc::clone(&self.keeper),
            rules: ArcSwap::new(self.rules.load_full()),
            tally: Arc::default(),
            filters: AtomicBool::new(self.filters.load(Ordering::Relaxed)),
        }
    }

    /// Takes other settings; questions that are being answered keep those that they began with.
    pub fn reload(&self, settings: Settings) {
        self.rules.store(Arc::new(Rules::new(settings)));
    }

    /// Returns what holds.
    #[must_use]
    pub const fn keeper(&self) -> &Arc<Keeper<N>> {
        &self.keeper
    }

    /// Returns what was answered so far.
    #[must_use]
    pub const fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Answers one request of Postfix, without its frame.
    pub async fn socketmap(&self, octets: &[u8]) -> Reply {
        let (map, key) = match Request::parse(octets) {
            Ok(Request { map, key }) => (map, key),
            Err(unknown) => {
                self.tally.add(Answered::NoSuchMap);
                return Reply::Permanent(unknown.to_string());
            }
        };
        let reply = match map {
            Map::Policy(flavour) => self.policy(flavour, &Key::parse(key)).await,
            Map::MxFilter => self.filter(&FilterKey::parse(key)).await,
        };
        tracing::debug!(map = ?map, key = %key.escape_ascii(), "{}", reply.payload());
        reply
    }

    /// Begins the look-up that an answer to one request of Postfix would wait for, and waits for nothing.
    pub fn prepare(&self, octets: &[u8]) {
        let Ok(Request {
            map: Map::Policy(_),
            key,
        }) = Request::parse(octets)
        else {
            return;
        };
        if let Some((domain, _)) = Key::parse(key).domain() {
            // It runs on when nobody waits.
            let _unknown_yet = self.keeper.ask(domain).now_or_never();
        }
    }

    /// Answers a question of Postfix's policy map.
    async fn policy(&self, flavour: Flavour, key: &Key) -> Reply {
        if let Some(reply) = postfix::without_look_up(key) {
            self.tally.add(Answered::without_look_up(key));
            return reply;
        }
        let Some((domain, next_hop)) = key.domain() else {
            return Reply::NotFound;
        };
        if next_hop == NextHop::Mx && self.filters.load(Ordering::Relaxed) {
            // Whether it is an alias of a domain whose MX records are filtered, a look tells behind the answer.
            self.keeper.exchangers(domain, Duration::ZERO).await;
        }
        let cached = match self.look_up(domain).await {
            Lookup::Policy(cached) => cached,
            Lookup::NoPolicy => return Reply::NotFound,
            Lookup::NotKnown(why) => return Reply::Temporary(why),
        };
        let policy = &cached.policy;
        let candidates = self.candidates(domain, (next_hop, flavour), policy).await;
        let question = Question {
            domain,
            flavour,
            policy: Some(policy),
            candidates: &candidates,
            failure: match policy.mode() {
                Mode::Testing => self.keeper.failure(domain),
                // An answer never tells it.
                Mode::Enforce | Mode::None => None,
            },
        };
        let rules = self.rules.load();
        rules
            .made
            .answer(&cached, &question, &rules.settings.postfix)
    }

    /// Asks the keeper, and counts it.
    async fn look_up(&self, domain: &DnsName) -> Lookup {
        let standing = self.keeper.ask(domain).await;
        self.tally.add(Answered::of(&standing));
        match standing {
            Standing::Policy(cached) => Lookup::Policy(cached),
            Standing::None(_) => Lookup::NoPolicy,
            Standing::Pending { .. } => match self.rules.load().settings.unknown {
                Unknown::NoPolicy => Lookup::NoPolicy,
                Unknown::Temporary => {
                    Lookup::NotKnown(format!("whether {domain} has a policy is not known yet"))
                }
            },
            Standing::Unreadable => Lookup::NotKnown(format!(
                "what is held for {domain} cannot be read from the store"
            )),
        }
    }

    /// Finds the hosts that a policy's wildcards are held against, and all that Postfix may connect to where it shows
    /// them to its filter; they are looked up only there.
    async fn candidates(
        &self,
        domain: &DnsName,
        (next_hop, flavour): (NextHop, Flavour),
        policy: &Policy,
    ) -> Candidates {
        let has_wildcard = policy
            .patterns()
            .iter()
            .any(|pattern| matches!(pattern, MxPattern::Wildcard(_)));
        // Postfix 3.10.5 and later compare the names themselves.
        let is_filtered = flavour == Flavour::Postfix && self.filters.load(Ordering::Relaxed);
        match next_hop {
            NextHop::Host => Candidates::ItSelf,
            NextHop::Mx if policy.mode() == Mode::Enforce && (has_wildcard || is_filtered) => {
                match self.keeper.exchangers(domain, HOSTS_PATIENCE).await {
                    Exchangers::Hosts(hosts) if is_filtered => Candidates::Shown(hosts),
                    Exchangers::Hosts(hosts) => Candidates::Mx(hosts),
                    Exchangers::ItSelf => Candidates::ItSelf,
                    Exchangers::Unknown => Candidates::Unknown,
                }
            }
            NextHop::Mx => Candidates::Unknown,
        }
    }

    /// Answers a question of Postfix's reply filter.
    async fn filter(&self, key: &FilterKey) -> Reply {
        let FilterKey::Mx {
            owner,
            host: Some(host),
            ..
        } = key
        else {
            self.tally.add(Answered::NotADomain);
            return filter::decide(None, key, MxSet::Ordinary).into();
        };
        self.filters.store(true, Ordering::Relaxed);
        self.keeper.note_host(owner, host);
        match self.look_up(owner).await {
            Lookup::Policy(cached) => {
                let policy = &cached.policy;
                let verdict = filter::decide(Some(policy), key, MxSet::Ordinary);
                match verdict {
                    filter::Verdict::Keep => verdict.into(),
                    // Not every set may be without the host.
                    filter::Verdict::Drop => {
                        let mx_set = self.mx_set(owner, policy).await;
                        filter::decide(Some(policy), key, mx_set).into()
                    }
                }
            }
            Lookup::NoPolicy => Reply::NotFound,
            Lookup::NotKnown(why) => Reply::Temporary(why),
        }
    }

    /// Returns what is known of the MX set of a domain from which its policy drops a host.
    async fn mx_set(&self, owner: &DnsName, policy: &Policy) -> MxSet {
        if self.keeper.is_reached_by_alias(owner) {
            return MxSet::ReachedByAlias;
        }
        let rules = self.rules.load_full();
        let own = &rules.settings.own_addresses;
        if !own.is_empty() {
            match self.keeper.leads_to(owner, own, HOSTS_PATIENCE).await {
                // Where it is not known, `match=` alone protects: a bounce is worse than a deferral.
                Some(true) | None => return MxSet::HoldsThisHost,
                Some(false) => {}
            }
        }
        match self.keeper.all_exchangers(owner, HOSTS_PATIENCE).await {
            Exchangers::Hosts(hosts) if !hosts.iter().any(|host| is_listed(policy, host)) => {
                MxSet::NoneListed
            }
            Exchangers::Hosts(_) | Exchangers::ItSelf | Exchangers::Unknown => MxSet::Ordinary,
        }
    }

    /// Answers one line of Exim.
    pub async fn exim(&self, key: &Key) -> String {
        if let Some(answer) = exim::Answer::without_look_up(key) {
            self.tally.add(Answered::without_look_up(key));
            return answer.to_string();
        }
        let Some((domain, _)) = key.domain() else {
            return exim::Answer::NoPolicy.to_string();
        };
        let found = self.look_up(domain).await;
        let answer = match &found {
            Lookup::Policy(cached) => exim::Answer::Policy(&cached.policy),
            Lookup::NoPolicy => exim::Answer::NoPolicy,
            Lookup::NotKnown(_) => exim::Answer::NotKnown,
        };
        let answer = answer.to_string();
        tracing::debug!(map = "exim", key = %domain, "{}", answer.trim_end());
        answer
    }
}
