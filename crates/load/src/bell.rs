//! Wakes a task, but never for what the task is doing anyway.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Stands between a connection and the task that drives it. Both ends of the connection live in that task, so every hand
/// over from one end to the other wakes the task while it runs, and the runtime polls it once more for nothing: several
/// times a request. While the task is inside, the bell only notes that it was rung.
#[derive(Debug)]
pub(crate) struct Bell {
    inner: Arc<Inner>,
    /// Rings it.
    waker: Waker,
}

#[derive(Debug)]
struct Inner {
    task: Mutex<Option<Waker>>,
    inside: AtomicBool,
    rung: AtomicBool,
}

impl Bell {
    pub(crate) fn new() -> Self {
        let inner =
            Inner { task: Mutex::default(), inside: AtomicBool::new(false), rung: AtomicBool::new(false) };
        let inner = Arc::new(inner);
        Self { waker: Waker::from(Arc::clone(&inner)), inner }
    }

    /// Does something that the caller follows up at once, so that no ring is needed for it.
    pub(crate) fn quietly<T>(&self, act: impl FnOnce() -> T) -> T {
        self.inner.inside.store(true, Ordering::Relaxed);
        let done = act();
        self.inner.inside.store(false, Ordering::Relaxed);
        done
    }

    /// Polls with this bell instead of the task's own waker. Where the poll is pending although it rang, the task is woken.
    pub(crate) fn poll<T>(
        &self,
        context: &Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.inner.answer_to(context.waker());
        self.inner.rung.store(false, Ordering::Relaxed);
        let polled = self.quietly(|| poll(&mut Context::from_waker(&self.waker)));
        if polled.is_pending() && self.inner.rung.load(Ordering::Relaxed) {
            context.waker().wake_by_ref();
        }
        polled
    }
}

impl Inner {
    fn answer_to(&self, waker: &Waker) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *task {
            Some(task) => task.clone_from(waker),
            None => *task = Some(waker.clone()),
        }
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Connections are driven by the thread that their input comes in on, so nobody else rings meanwhile.
        if self.inside.load(Ordering::Relaxed) {
            self.rung.store(true, Ordering::Relaxed);
        } else if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.wake_by_ref();
        }
    }
}
