//! A sender under test: mail goes in, its queue is run, and that is all that is asked of it.

use crate::facts::smtp::Message;
use crate::replay::outside::{Outside, SenderError};

/// A sender that can be audited.
///
/// It is believed in nothing: what it did is read off the servers of the fake Internet.
pub trait SenderUnderTest: Send {
    /// Hands it a message.
    fn inject(&mut self, message: Message) -> impl Future<Output = Result<(), SenderError>> + Send;

    /// Lets it try all that waits.
    fn run_queue(&mut self) -> impl Future<Output = Result<(), SenderError>> + Send;
}

impl SenderUnderTest for Outside {
    async fn inject(&mut self, message: Message) -> Result<(), SenderError> {
        Self::inject(self, message).await
    }

    async fn run_queue(&mut self) -> Result<(), SenderError> {
        Self::run_queue(self).await
    }
}
