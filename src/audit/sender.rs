//! A sender under test: mail goes in, its queue is run, and that is all that is asked of it.

use crate::facts::smtp::Message;

/// A sender that can be audited.
///
/// It is believed in nothing: what it did is read off the servers of the fake Internet.
pub trait SenderUnderTest: Send {
    /// Hands it a message.
    fn inject(&mut self, message: Message) -> impl Future<Output = Result<(), SenderError>> + Send;

    /// Lets it try all that waits.
    fn run_queue(&mut self) -> impl Future<Output = Result<(), SenderError>> + Send;
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
