//! Anyone's mail server: it takes messages over SMTP, asks the audit's resolver and trusts the audit's authority.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::sender::{SenderError, SenderUnderTest};
use crate::clock::Clock;
use crate::facts::smtp::Message;
use crate::net::LiveError;
use crate::replay::injector::Injector;

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
    injector: Injector,
    queue_run: QueueRun,
}

impl Outside {
    /// Makes the sender that takes mail there.
    ///
    /// # Errors
    ///
    /// When there is no network.
    pub fn new(at: SocketAddr, queue_run: QueueRun) -> Result<Self, LiveError> {
        Ok(Self {
            injector: Injector::new(at)?,
            queue_run,
        })
    }
}

impl SenderUnderTest for Outside {
    async fn inject(&mut self, message: Message) -> Result<(), SenderError> {
        let taken = self.injector.inject(message).await;
        taken.map_err(|error| SenderError::NotTaken(error.to_string().into()))
    }

    async fn run_queue(&mut self) -> Result<(), SenderError> {
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
