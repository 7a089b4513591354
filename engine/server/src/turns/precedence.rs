//! Which turns may begin: those that are under way go first.
//!
//! A turn that writes gives its thread back for each commit, and would then stand behind every
//! turn that came in the meantime, as often as it writes. Under load the turns with the most to do
//! would so take many times as long as the others. Therefore a turn begins only while few of those
//! that have begun have something to compute. Those that wait, for the disk or for a provider, do
//! not count, so that a slow provider keeps nobody from beginning.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;
use tokio::sync::oneshot;

/// Tasks with something to compute, for each thread, up to which another turn may begin: one that
/// runs, and one to go on with.
const FOR_EACH_THREAD: usize = 2;

/// The tasks of a set of threads, and the turns that have not begun.
#[derive(Debug)]
pub(super) struct Precedence {
    most: isize,
    crowd: Mutex<Crowd>,
}

#[derive(Debug, Default)]
struct Crowd {
    /// Tasks that run, or could if a thread were free. For a moment it may be one too few for each
    /// thread: a task that was woken can be done before it was counted.
    runnable: isize,
    /// Turns that wait to begin, the first at the front.
    waiting: VecDeque<oneshot::Sender<()>>,
}

impl Precedence {
    pub(super) fn new(threads: usize) -> Arc<Self> {
        let most = isize::try_from(threads * FOR_EACH_THREAD).unwrap_or(isize::MAX);
        Arc::new(Self { most, crowd: Mutex::default() })
    }

    /// Comes back when the task that awaits it may begin. To be awaited by a task under
    /// [`watch`](Self::watch).
    pub(super) async fn begin(&self) {
        let admitted = {
            let mut crowd = self.crowd();
            // Who asks is among those that run.
            if crowd.waiting.is_empty() && crowd.runnable <= self.most {
                return;
            }
            let (admit, admitted) = oneshot::channel();
            crowd.waiting.push_back(admit);
            admitted
        };
        // The other end goes only when it has been used.
        let _ = admitted.await;
    }

    /// `task`, counted while it has something to compute.
    pub(super) async fn watch<F: Future>(self: Arc<Self>, task: F) -> F::Output {
        let seat = Arc::new(Seat {
            precedence: self,
            state: AtomicU8::new(IDLE),
            thread: AtomicWaker::new(),
        });
        let _leaves = Leaves(seat.clone());
        let waker = Waker::from(seat.clone());
        let mut task = pin!(task);
        std::future::poll_fn(|context| {
            seat.poll(context, |context| task.as_mut().poll(context), &waker)
        })
        .await
    }

    fn enter(&self) {
        self.crowd().runnable += 1;
    }

    fn leave(&self) {
        let mut next = {
            let mut crowd = self.crowd();
            crowd.runnable -= 1;
            crowd.next(self.most)
        };
        // Outside the lock: who is admitted enters by being woken.
        while let Some(admit) = next {
            if admit.send(()).is_ok() {
                return;
            }
            // That one has given up.
            next = self.crowd().next(self.most);
        }
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        // Every change under it is whole.
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crowd {
    fn next(&mut self, most: isize) -> Option<oneshot::Sender<()>> {
        if self.runnable < most { self.waiting.pop_front() } else { None }
    }
}

/// Waits for something; not counted.
const IDLE: u8 = 0;
/// A thread is at it.
const RUNS: u8 = 1;
/// Could run, perhaps while a thread is still at it.
const WOKEN: u8 = 2;
/// Over; not counted.
const OVER: u8 = 3;

/// One task.
struct Seat {
    precedence: Arc<Precedence>,
    state: AtomicU8,
    /// Wakes the task itself.
    thread: AtomicWaker,
}

impl Seat {
    fn poll<T>(
        &self,
        context: &Context<'_>,
        task: impl FnOnce(&mut Context<'_>) -> Poll<T>,
        waker: &Waker,
    ) -> Poll<T> {
        self.thread.register(context.waker());
        if self.state.swap(RUNS, Ordering::AcqRel) == IDLE {
            self.precedence.enter();
        }
        let polled = task(&mut Context::from_waker(waker));
        if polled.is_pending() && self.turns(RUNS, IDLE) {
            self.precedence.leave();
        }
        polled
    }

    fn turns(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Wake for Seat {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.turns(IDLE, WOKEN) {
            self.precedence.enter();
        } else if !self.turns(RUNS, WOKEN) && self.turns(IDLE, WOKEN) {
            // It came to wait between the two looks.
            self.precedence.enter();
        }
        self.thread.wake();
    }
}

/// However the task ends.
struct Leaves(Arc<Seat>);

impl Drop for Leaves {
    fn drop(&mut self) {
        if self.0.state.swap(OVER, Ordering::AcqRel) != IDLE {
            self.0.precedence.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::task::noop_waker;

    use super::*;

    type Task = std::pin::Pin<Box<dyn Future<Output = ()>>>;

    fn poll(task: &mut Task) -> bool {
        task.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_ready()
    }

    /// A turn that begins, says so, waits for the first to be told, computes, and ends.
    fn turn(
        precedence: &Arc<Precedence>,
        begun: &Arc<Mutex<Vec<usize>>>,
        name: usize,
    ) -> (Task, oneshot::Sender<()>) {
        let (reply, replied) = oneshot::channel();
        let (gate, begun) = (precedence.clone(), begun.clone());
        let task = async move {
            gate.begin().await;
            begun.lock().unwrap().push(name);
            let _ = replied.await;
        };
        (Box::pin(precedence.clone().watch(task)), reply)
    }

    fn runnable(precedence: &Precedence) -> isize {
        precedence.crowd().runnable
    }

    #[test]
    fn a_turn_begins_while_others_wait_and_not_while_they_could_go_on() {
        let (precedence, begun) = (Precedence::new(1), Arc::default());
        let mut turns: Vec<_> = (0..4).map(|name| turn(&precedence, &begun, name)).collect();
        for (turn, _) in &mut turns[..3] {
            assert!(!poll(turn));
        }
        // Each waits for its reply and keeps nobody from beginning.
        assert_eq!((begun.lock().unwrap().len(), runnable(&precedence)), (3, 0));
        let mut replies: Vec<_> = turns
            .iter_mut()
            .map(|(_, reply)| std::mem::replace(reply, oneshot::channel().0))
            .collect();
        let last = replies.pop();
        for reply in replies {
            reply.send(()).unwrap();
        }
        assert_eq!(runnable(&precedence), 3);
        // No thread has come to the three yet: the fourth is not to go before them.
        assert!(!poll(&mut turns[3].0));
        assert_eq!(begun.lock().unwrap().len(), 3);
        assert!(poll(&mut turns[0].0));
        assert!(!poll(&mut turns[3].0));
        assert_eq!(begun.lock().unwrap().len(), 3);
        // With one left that could go on, it may.
        assert!(poll(&mut turns[1].0));
        assert!(!poll(&mut turns[3].0));
        assert_eq!(*begun.lock().unwrap(), [0, 1, 2, 3]);
        assert!(poll(&mut turns[2].0));
        drop(last);
        assert!(poll(&mut turns[3].0));
        assert_eq!(runnable(&precedence), 0);
    }

    #[test]
    fn who_gives_up_waiting_keeps_nobody_waiting() {
        let (precedence, begun) = (Precedence::new(1), Arc::default());
        let mut busy: Vec<_> = (0..3).map(|name| turn(&precedence, &begun, name)).collect();
        for (turn, _) in &mut busy {
            assert!(!poll(turn));
        }
        let busy: Vec<_> = busy
            .into_iter()
            .map(|(turn, reply)| {
                reply.send(()).unwrap();
                turn
            })
            .collect();
        let (mut first, _first) = turn(&precedence, &begun, 3);
        let (mut second, _second) = turn(&precedence, &begun, 4);
        assert!(!poll(&mut first));
        assert!(!poll(&mut second));
        drop(first);
        // Dropped on the way, as when the threads end.
        drop(busy);
        assert!(!poll(&mut second));
        assert_eq!(*begun.lock().unwrap(), [0, 1, 2, 4]);
        drop(second);
        assert_eq!(runnable(&precedence), 0);
    }

    #[test]
    fn a_task_that_wakes_itself_stays_counted() {
        let precedence = Precedence::new(1);
        let mut again = true;
        let task = std::future::poll_fn(move |context| {
            if std::mem::take(&mut again) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        });
        let mut task: Task = Box::pin(precedence.clone().watch(task));
        assert!(!poll(&mut task));
        assert_eq!(runnable(&precedence), 1);
        assert!(poll(&mut task));
        assert_eq!(runnable(&precedence), 0);
    }
}
