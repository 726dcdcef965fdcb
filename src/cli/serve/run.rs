//! The run of a sidecar: opened, announced, reloaded, ended.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::places::{Inherited, Places};
use super::print;
use super::{AnswerArgs, Directories, KeepArgs, ServeArgs, UnknownAnswer};
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::live;
use crate::cli::output::tell;
use crate::cli::values::CacheChoice;
use crate::facts::smtp::SmtpPort;
use crate::keeper::{Jobs, Keeper, Persistence, Settings};
use crate::net::Live;
use crate::sidecar::desk::{self, Desk, Unknown};
use crate::sidecar::postfix::{self, MainLevel};
use crate::sidecar::run as sidecar;
use crate::sidecar::talk::Limits;
use crate::store::{Handle, Purpose, Store};

/// Reads the options again; `None` if they are no longer those of `serve`.
pub type Reread<'a> = &'a (dyn Fn() -> anyhow::Result<Option<ServeArgs>> + Sync);

/// Runs the sidecar until it is told to end; `reread` reads its options again when it is told to reload.
///
/// # Errors
///
/// When it cannot listen, or use its store, its roots or its resolver.
pub async fn run(
    args: &ServeArgs,
    environment: &Environment,
    reread: Reread<'_>,
) -> anyhow::Result<Exit> {
    if let Some(exit) = print::print(args)? {
        return Ok(exit);
    }
    let places = Places::new(&args.listen, &environment.directories)?;
    let network = live::network(&args.network, None, SmtpPort::default())?;
    let state = state_path(&args.keep, &environment.directories)?;
    if args.check_config {
        check_store(state.as_deref())?;
        tell(format_args!("the configuration can be used"));
        return Ok(Exit::Success);
    }
    let persistence = open_store(state.as_deref())?;
    // From here on no signal ends the process by itself.
    let mut signals = Signals::listen()?;
    let inherited = Inherited::take(environment.inherited_names.as_deref())?;
    let listeners = places.listen(inherited).await?;
    let (keeper, jobs) = keeper(args, network, persistence);
    let desk = Arc::new(Desk::new(
        Arc::new(keeper),
        settings(&args.answers),
        Arc::default(),
    ));
    tracing::info!("stickler {}", env!("CARGO_PKG_VERSION"));
    for listener in listeners.socketmap.iter() {
        tracing::info!("Postfix is answered at {}", listener.address()?);
    }
    for listener in listeners.exim.iter() {
        tracing::info!("Exim is answered at {}", listener.address()?);
    }
    for listener in listeners.http.iter() {
        tracing::info!("health and metrics are shown at {}", listener.address()?);
    }
    for listener in listeners.control.iter() {
        tracing::info!("`stickler query` is answered at {}", listener.address()?);
    }
    match &state {
        Some(path) => tracing::info!("policies are kept in {}", path.display()),
        None => tracing::warn!("policies are kept nowhere: a restart forgets them"),
    }
    notify(&[NotifyState::Ready]);
    let bounds = (Limits::default(), args.listen.max_connections.get());
    let served = sidecar::run(
        Arc::clone(&desk),
        jobs,
        listeners,
        bounds,
        signals.until_end(args, &desk, reread),
    );
    served
        .await
        .context("the pages for health and metrics failed")?;
    tracing::info!("ended");
    Ok(Exit::Success)
}

/// Makes the keeper. It ages policies by the clock of the network that fetches them: by one of its own, which began
/// later, they would come from the future.
fn keeper(args: &ServeArgs, network: Live, persistence: Persistence) -> (Keeper<Live>, Jobs) {
    let clock = network.clock().clone();
    Keeper::new(
        (network, clock),
        persistence,
        Settings {
            patience: args.answers.patience,
            recheck_floor: args.keep.recheck_floor,
            recheck_ceiling: args.keep.recheck_ceiling.max(args.keep.recheck_floor),
            ..Settings::default()
        },
        args.keep.max_domains.get(),
    )
}

/// What the options say of answers.
fn settings(args: &AnswerArgs) -> desk::Settings {
    desk::Settings {
        postfix: postfix::Settings {
            main_level: if args.report_testing {
                MainLevel::May
            } else {
                MainLevel::Other
            },
            salt: args.salt.clone(),
        },
        unknown: match args.unknown {
            UnknownAnswer::NotFound => Unknown::NoPolicy,
            UnknownAnswer::Temp => Unknown::Temporary,
        },
        own_addresses: args
            .own_address
            .iter()
            .map(|address| address.to_canonical())
            .collect(),
    }
}

/// Returns the store's file, `None` if policies are kept nowhere.
fn state_path(args: &KeepArgs, directories: &Directories) -> anyhow::Result<Option<PathBuf>> {
    match (&args.state, &directories.state) {
        (Some(CacheChoice::None), _) => Ok(None),
        (Some(CacheChoice::Path(path)), _) => Ok(Some(path.clone())),
        (None, Some(state)) => Ok(Some(state.join("serve.sqlite"))),
        (None, None) => bail!(
            "there is no directory for state: name a file with --state PATH, set STATE_DIRECTORY, or do without with --state none"
        ),
    }
}

fn open_store(path: Option<&std::path::Path>) -> anyhow::Result<Persistence> {
    let Some(path) = path else {
        return Ok(Persistence::Memory);
    };
    let store = Store::open(path, Purpose::Serve).with_context(|| named(path))?;
    Ok(Persistence::Store(Handle::new(store)))
}

/// The option that another file is named with, before an error that names other commands' too.
fn named(path: &std::path::Path) -> String {
    format!("--state {}", path.display())
}

fn check_store(path: Option<&std::path::Path>) -> anyhow::Result<()> {
    if let Some(path) = path
        && let Some(store) = Store::open_to_read(path).with_context(|| named(path))?
        && store.purpose() != Purpose::Serve
    {
        bail!("{} is a store of `check`, not of `serve`", path.display());
    }
    Ok(())
}

/// The signals that a sidecar hears.
struct Signals {
    end: Signal,
    keyboard: Signal,
    reload: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let hear = |kind| signal(kind).context("no signal can be heard");
        Ok(Self {
            end: hear(SignalKind::terminate())?,
            keyboard: hear(SignalKind::interrupt())?,
            reload: hear(SignalKind::hangup())?,
        })
    }

    /// Waits until the sidecar is told to end; reloads when it is told to, and tells systemd that it lives.
    async fn until_end(&mut self, args: &ServeArgs, desk: &Desk<Live>, reread: Reread<'_>) {
        let beat = sd_notify::watchdog_enabled().map(|period| period / 2);
        loop {
            let is_time = async {
                match beat {
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "systemd wants a sign of life each so often"
                    )]
                    Some(beat) => tokio::time::sleep(beat).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(()) = self.end.recv() => break,
                Some(()) = self.keyboard.recv() => break,
                Some(()) = self.reload.recv() => reload(args, desk, reread),
                () = is_time => notify(&[NotifyState::Watchdog]),
            }
        }
        tracing::info!("told to end: what was asked is answered first");
        notify(&[NotifyState::Stopping]);
    }
}

/// Reads the options again; they take effect all together, or not at all.
fn reload(args: &ServeArgs, desk: &Desk<Live>, reread: Reread<'_>) {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
    match reread() {
        Ok(Some(read)) => {
            let needs_restart = (
                &read.listen,
                &read.keep,
                &read.network,
                read.answers.patience,
            ) != (
                &args.listen,
                &args.keep,
                &args.network,
                args.answers.patience,
            );
            if needs_restart {
                tracing::warn!(
                    "what was changed of listening, policies, --patience and the network takes a restart"
                );
            }
            desk.reload(settings(&read.answers));
            tracing::info!("reloaded");
        }
        Ok(None) => tracing::error!("not reloaded, the old options hold: the verb is another one"),
        Err(error) => tracing::error!("not reloaded, the old options hold: {error:#}"),
    }
    notify(&[NotifyState::Ready]);
}

/// Tells systemd; nobody is told where there is none.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::{ServeArgs, keeper};
    use crate::clock::Clock;
    use crate::facts::UnixTime;
    use crate::keeper::Persistence;
    use crate::net::{Live, LiveConfig, ResolverConfig};
    use crate::sts::certificate::Roots;

    #[tokio::test]
    async fn policies_age_by_the_clock_of_the_network_that_fetches_them() {
        let words = ["serve", "--now", "2026-03-02T08:00:00Z"];
        let matches = ServeArgs::augment_args(Command::new("serve")).get_matches_from(words);
        let args = ServeArgs::from_arg_matches(&matches).unwrap();
        let start = UnixTime::from_secs(1_000);
        let clock = Clock::manual(start);
        let network = Live::new(LiveConfig {
            resolver: ResolverConfig::Addresses(vec!["127.0.0.1:1".parse().unwrap()]),
            ..LiveConfig::new(clock.clone(), Roots::mozilla())
        })
        .unwrap();
        let (keeper, _jobs) = keeper(&args, network, Persistence::Memory);
        assert_eq!(keeper.now(), start);
        let later = UnixTime::from_secs(2_000);
        clock.advance_to(later);
        assert_eq!(keeper.now(), later);
    }
}
