//! A closure on its way to an engine's thread, and its answer on the way back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::tx::Tx;
use crate::Fault;

/// What an engine's thread does with a closure, whatever it answers.
pub(super) trait Work: Send {
    /// Runs the closure; says whether its changes shall stay.
    fn attempt(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Hands the answer to the caller, or the reason why there is none.
    fn answer(self: Box<Self>, end: Result<(), Fault>);
}

/// A closure with its caller.
pub(super) struct Call<F, T> {
    closure: F,
    outcome: Option<Result<T, Fault>>,
    caller: oneshot::Sender<Result<T, Fault>>,
}

impl<F, T> Call<F, T> {
    pub(super) fn new(closure: F, caller: oneshot::Sender<Result<T, Fault>>) -> Self {
        Self { closure, outcome: None, caller }
    }
}

impl<F, T> Work for Call<F, T>
where
    F: Fn(&mut Tx<'_>) -> Result<T, Fault> + Send,
    T: Send,
{
    fn attempt(&mut self, tx: &mut Tx<'_>) -> bool {
        // A bug in one use case must not end the thread that writes for all of them.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)))
            .unwrap_or_else(|_| Err(Fault::broken("a use case panicked; its trace is in the log")));
        let stays = outcome.is_ok();
        self.outcome = Some(outcome);
        stays
    }

    fn answer(self: Box<Self>, end: Result<(), Fault>) {
        let outcome = match (end, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Fault::broken("a use case was answered before it ran")),
            (Err(fault), _) => Err(fault),
        };
        // The caller may have gone away; what was committed stays.
        drop(self.caller.send(outcome));
    }
}
