//! What ends a run from outside: Ctrl-C, and the SIGTERM of `timeout`, CI systems and containers.

use super::exit::Exit;

/// Who ended the run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interrupt {
    /// Somebody pressed Ctrl-C: SIGINT.
    Keyboard,
    /// Something that watches over the run: SIGTERM.
    Terminate,
}

impl Interrupt {
    /// Returns how a run ends that was ended so.
    #[must_use]
    pub const fn exit(self) -> Exit {
        match self {
            Self::Keyboard => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }
}

/// Hears interrupts; from its making on none is lost, and none ends the process by itself.
#[derive(Debug)]
pub struct Interrupts {
    #[cfg(unix)]
    keyboard: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Interrupts {
    /// Begins to listen. Where the system refuses that, its own answer to the signal holds.
    #[must_use]
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        Self {
            keyboard: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Interrupt {
        tokio::select! {
            Some(()) = heard(&mut self.keyboard) => Interrupt::Keyboard,
            Some(()) = heard(&mut self.terminate) => Interrupt::Terminate,
            else => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) -> Option<()> {
    signal.as_mut()?.recv().await
}

#[cfg(not(unix))]
impl Interrupts {
    /// Begins to listen, when [`Interrupts::next`] is first waited for.
    #[must_use]
    pub const fn listen() -> Self {
        Self {}
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Interrupt {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Interrupt::Keyboard,
            Err(_deaf) => std::future::pending().await,
        }
    }
}
