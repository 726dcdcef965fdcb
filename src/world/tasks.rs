//! Tasks that end with their owner, and whose panics are not lost.

use std::panic::resume_unwind;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

/// A set of tasks. Dropping it aborts them; [`Tasks::stop`] also waits for their end.
#[derive(Debug, Default)]
pub(super) struct Tasks(JoinSet<()>);

impl Tasks {
    /// Starts a task.
    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }

    /// Waits until a task ends and passes its panic on; waits for ever if there is none.
    pub(super) async fn one_ended(&mut self) {
        match self.0.join_next().await {
            Some(ended) => pass_panic_on(ended),
            None => std::future::pending().await,
        }
    }

    /// Aborts every task, waits for their ends and passes a panic on.
    pub(super) async fn stop(&mut self) {
        self.0.abort_all();
        while let Some(ended) = self.0.join_next().await {
            pass_panic_on(ended);
        }
    }
}

fn pass_panic_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        resume_unwind(panic);
    }
}

/// Lets real time pass: slowness is a fault that the fake servers serve.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no event to wait for: being slow is the service"
)]
pub(super) async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}

#[cfg(test)]
mod tests {
    use super::Tasks;

    #[tokio::test]
    #[should_panic(expected = "in a task")]
    async fn stopping_passes_a_panic_on() {
        let (entered, wait) = tokio::sync::oneshot::channel::<()>();
        let mut tasks = Tasks::default();
        tasks.spawn(async move {
            let _entered = entered;
            panic!("in a task");
        });
        assert!(wait.await.is_err(), "the task has ended");
        tasks.stop().await;
    }
}
