//! Anyone's mail server: it takes messages over SMTP, asks the fake Internet's resolver and trusts its authority.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::injector::Injector;
use crate::clock::Clock;
use crate::facts::smtp::Message;
use crate::net::LiveError;

/// How a sender's queue is run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum QueueRun {
    /// By this command of the shell.
    Command(Box<str>),
    /// By the sender itself, within this time.
    Within(Duration),
}

/// A mail server outside of this process.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Where it listens.
    pub at: SocketAddr,
    /// How its queue is run.
    pub queue_run: QueueRun,
    injector: Injector,
}

/// What a sender did not do that it was asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SenderError {
    /// It did not take a message.
    #[error("{0}")]
    NotTaken(Box<str>),
    /// A command did not do its work.
    #[error("{0}")]
    Command(Box<str>),
}

impl Outside {
    /// Makes the sender that takes mail there.
    ///
    /// # Errors
    ///
    /// When there is no network.
    pub fn new(at: SocketAddr, queue_run: QueueRun) -> Result<Self, LiveError> {
        Ok(Self {
            at,
            queue_run,
            injector: Injector::new(at)?,
        })
    }

    /// Hands it a message.
    ///
    /// # Errors
    ///
    /// When it does not take it.
    pub async fn inject(&self, message: Message) -> Result<(), SenderError> {
        let taken = self.injector.inject(message).await;
        taken.map_err(|error| SenderError::NotTaken(error.to_string().into()))
    }

    /// Lets it try all that waits.
    ///
    /// # Errors
    ///
    /// When the command fails that runs its queue.
    pub async fn run_queue(&self) -> Result<(), SenderError> {
        match &self.queue_run {
            QueueRun::Command(command) => run(command.clone()).await,
            QueueRun::Within(span) => {
                let clock = Clock::system();
                clock.sleep_until(clock.now().saturating_add(*span)).await;
                Ok(())
            }
        }
    }
}

/// Runs a command of the shell to its end.
///
/// # Errors
///
/// When it does not start, or fails.
pub async fn run(command: Box<str>) -> Result<(), SenderError> {
    let failed = |why: String| Err(SenderError::Command(format!("`{command}`: {why}").into()));
    let shell = command.clone();
    let done = tokio::task::spawn_blocking(move || {
        // What it leaves running holds on to whatever it was given to write to: a pipe would never end.
        Command::new("/bin/sh")
            .arg("-c")
            .arg(&*shell)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
    });
    match done.await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => failed(status.to_string()),
        Ok(Err(error)) => failed(error.to_string()),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Returns whether a message to an author says that another is only late.
#[must_use]
pub fn is_about_a_delay(content: &[u8]) -> bool {
    let content = String::from_utf8_lossy(content).to_ascii_lowercase();
    content.contains("action: delayed")
}
