//! A stream that waits for its client to read, but not for ever.

use std::future::Future as _;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What a client must take within the limit while something waits for it, in bytes. Without it one
/// that reads a byte now and then would hold its connection for as long as it likes.
const LEAST: usize = 16 << 10;

/// What is said of a client that does not read.
#[derive(Debug, thiserror::Error)]
#[error("the client does not read what it is sent")]
pub(super) struct NeverRead;

/// Ends with an error when the client takes less than [`LEAST`] bytes within a limit, though more
/// is there for it.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    limit: Duration,
    /// Since when something has waited for the client, and what it has taken since.
    waiting: Option<Waiting>,
    blocked: Blocked,
}

#[derive(Debug)]
struct Waiting {
    over: Pin<Box<Sleep>>,
    taken: usize,
}

/// Whether something waits for the client to read; clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocked(Arc<AtomicBool>);

impl Blocked {
    pub(super) fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waiting: None, blocked: Blocked::default() }
    }

    pub(super) fn blocked(&self) -> Blocked {
        self.blocked.clone()
    }

    /// Notes what came of writing `whole` bytes.
    fn note(
        &mut self,
        context: &mut Context<'_>,
        wrote: Poll<io::Result<usize>>,
        whole: usize,
    ) -> Poll<io::Result<usize>> {
        let limit = self.limit;
        match &wrote {
            Poll::Ready(Ok(taken)) if *taken < whole => {
                if let Some(waiting) = &mut self.waiting {
                    waiting.taken = waiting.taken.saturating_add(*taken);
                }
            }
            Poll::Ready(_) => {
                self.waiting = None;
                self.blocked.0.store(false, Ordering::Relaxed);
            }
            Poll::Pending => {
                self.blocked.0.store(true, Ordering::Relaxed);
                let waiting = self.waiting.get_or_insert_with(|| Waiting {
                    over: Box::pin(tokio::time::sleep(limit)),
                    taken: 0,
                });
                while waiting.over.as_mut().poll(context).is_ready() {
                    if waiting.taken < LEAST {
                        let error = io::Error::new(io::ErrorKind::TimedOut, NeverRead);
                        return Poll::Ready(Err(error));
                    }
                    waiting.taken = 0;
                    waiting.over.as_mut().reset(Instant::now() + limit);
                }
            }
        }
        wrote
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(context, wrote, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let whole = slices.iter().map(|slice| slice.len()).sum();
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(context, wrote, whole)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// Writes much to a client that takes `bytes` at a time and then rests; what came of it.
    async fn write_to(bytes: usize, rest: Duration) -> io::Result<()> {
        let (server, mut client) = duplex(1024);
        let mut server = Patient::new(server, LIMIT);
        let reader = tokio::spawn(async move {
            let mut buffer = vec![0; bytes];
            loop {
                tokio::time::sleep(rest).await;
                if bytes > 0 && client.read_exact(&mut buffer).await.is_err() {
                    return;
                }
            }
        });
        let written = server.write_all(&vec![7; 256 << 10]).await;
        drop(server);
        reader.abort();
        written
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_is_waited_for_and_who_does_not_is_not() {
        write_to(4 << 10, Duration::from_secs(1)).await.unwrap();
        for (bytes, rest) in [(0, 1000), (1, 100), (1, 9_900), (1 << 10, 3_000)] {
            let error = write_to(bytes, Duration::from_millis(rest)).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{bytes} every {rest} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_ended_is_not_held_against_a_client_later() {
        let (server, mut client) = duplex(1024);
        let mut server = Patient::new(server, LIMIT);
        let mut buffer = [0; 2000];
        for _ in 0..20 {
            let read = async {
                tokio::time::sleep(LIMIT * 9 / 10).await;
                client.read_exact(&mut buffer).await
            };
            let (written, read) = tokio::join!(server.write_all(&[7; 2000]), read);
            written.unwrap();
            read.unwrap();
            assert!(!server.blocked().is());
        }
    }
}
