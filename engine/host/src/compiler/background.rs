//! Threads for work that callers must not feel.
//!
//! Compiling takes all processors for a quarter of a second, and callers are answered by the same
//! processors. So it has threads of its own, for half of the processors and of the lowest priority.
//! The priority alone is not enough: who is woken on a processor where another runs waits for a
//! moment, and with all of them taken that is every turn.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads: each has memory of its own, and beyond these no component is compiled much faster.
pub(super) const MOST: usize = 8;

/// As `nice` counts: a thread of this gets a seventieth of what a usual one gets, when both want
/// all.
#[cfg(target_os = "linux")]
const NICE: i32 = 19;

/// Does `work`, and what it splits into, on these threads; waits for it.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static THREADS: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let threads = THREADS.get_or_init(|| {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = ThreadPoolBuilder::new()
            .num_threads((processors / 2).clamp(1, MOST))
            .thread_name(|n| format!("dialgraph-compile-{n}"))
            .start_handler(|_| step_back())
            .build();
        threads
            .inspect_err(|error| {
                tracing::warn!(%error, "there are no threads to compile on, so compiling delays other work");
            })
            .ok()
    });
    match threads {
        Some(threads) => threads.install(work),
        None => work(),
    }
}

/// Lowers the priority of this thread.
fn step_back() {
    #[cfg(target_os = "linux")]
    // On Linux a priority is a thread's own, and no process stands for the thread that asks.
    if let Err(error) = rustix::process::getpriority_process(None)
        .and_then(|now| rustix::process::setpriority_process(None, now.max(NICE)))
    {
        tracing::warn!(%error, "compiling has the priority of all else");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn background_work_steps_back_and_the_thread_that_asked_for_it_does_not() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        assert_eq!(run(nice), before.max(NICE));
        assert_eq!(nice(), before);
    }
}
