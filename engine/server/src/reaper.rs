//! Calls whose caller is gone.
//!
//! A channel tells of most hang-ups, but not of all: flows of Amazon Connect are not told. A call
//! that has had no event for longer than any question waits gets one, `hung_up`, so that its
//! `finally` flow writes the call log and its release can go.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use dialgraph_base::{CallId, Digest};
use dialgraph_kernel::call::Status;
use dialgraph_kernel::event::Event;
use dialgraph_runtime::{CallsError, TurnRequest};

use crate::state::App;
use crate::turns::Refused;

/// The token of that event; a hang-up that the channel tells of has the same.
pub const HUNG_UP: &str = dialgraph_connect::event::HUNG_UP_TOKEN;

/// Calls read at once.
const PAGE: u32 = 100;

/// What one round found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Calls in the hands of their flows before it.
    pub open: usize,
    pub ended: usize,
    /// There was no time for all of them.
    pub broken_off: bool,
}

/// Makes rounds for as long as the server lives.
pub(crate) async fn run(app: Weak<App>) {
    loop {
        let Some(every) = app.upgrade().map(|app| app.config.calls.idle_check) else { return };
        tokio::time::sleep(every).await;
        let Some(app) = app.upgrade() else { return };
        if app.turns.is_draining() {
            return;
        }
        match round(&app, None).await {
            Ok(Round { ended: 0, .. }) => {}
            Ok(round) => {
                tracing::info!(round.open, round.ended, "calls whose caller had left were ended");
            }
            Err(error) => tracing::warn!(%error, "calls in progress could not be checked"),
        }
    }
}

/// Counts the calls that earlier processes have left. Before the first turn, for turns count from
/// there.
///
/// # Errors
/// If the store fails.
pub(crate) async fn count(app: &App) -> Result<(), CallsError> {
    let mut open = 0;
    for release in app.releases_with_calls().await? {
        let mut from = None;
        loop {
            let page = app.turns.engine().calls().open_calls(&release, from, PAGE).await?;
            open += page.calls.len();
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    app.metrics.counted_calls(open);
    Ok(())
}

/// Looks through all calls in progress once, and ends those whose caller is gone. Begins with no
/// further call at `until`; the next round gets further, for what this one has read it need not
/// read again.
///
/// # Errors
/// If the store fails.
pub async fn round(app: &Arc<App>, until: Option<Instant>) -> Result<Round, CallsError> {
    let is_late = || until.is_some_and(|until| Instant::now() >= until);
    let mut round = Round::default();
    for release in app.releases_with_calls().await? {
        let mut from = None;
        loop {
            let page = app.turns.engine().calls().open_calls(&release, from, PAGE).await?;
            round.open += page.calls.len();
            for id in page.calls {
                if is_late() {
                    round.broken_off = true;
                    return Ok(round);
                }
                match is_idle(app, &id, release).await {
                    Ok(false) => {}
                    Ok(true) => round.ended += usize::from(hang_up(app, id).await),
                    // The others can be, and their callers are gone all the same.
                    Err(error) if error.is_of_call() => {
                        tracing::error!(call = %id, %error, "a call in progress cannot be read");
                    }
                    Err(error) => return Err(error),
                }
            }
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
            // Rounds have time; turns have not.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let limit = u64::try_from(app.config.calls.idle_limit.as_millis()).unwrap_or(u64::MAX);
    let forgotten = app.clock.millis().saturating_sub(limit.saturating_mul(2));
    app.turns.activity().forget_before(forgotten);
    app.metrics.counted_calls(round.open - round.ended);
    Ok(round)
}

async fn is_idle(app: &App, id: &CallId, release: Digest) -> Result<bool, CallsError> {
    let limit = u64::try_from(app.config.calls.idle_limit.as_millis()).unwrap_or(u64::MAX);
    let long_ago = app.clock.millis().saturating_sub(limit);
    let activity = app.turns.activity();
    // Most calls had their last event here: no need to read them.
    if activity.last(id).is_some_and(|last| last > long_ago) {
        return Ok(false);
    }
    let calls = app.turns.engine().calls();
    let Some(loaded) = calls.load(id).await? else {
        calls.forget_open(id, release).await?;
        return Ok(false);
    };
    let call = loaded.call;
    if !matches!(call.status, Status::New | Status::Active) {
        return Ok(false);
    }
    let last = calls.turn(id, call.turn).await?.map_or(call.started_at, |record| record.at);
    activity.note(id, call.channel(), last.0);
    Ok(last.0 <= long_ago)
}

async fn hang_up(app: &Arc<App>, id: CallId) -> bool {
    match app.turns.handle(TurnRequest::event(id.clone(), Event::HungUp, HUNG_UP)).await {
        Ok(_) => {
            app.metrics.reaped();
            true
        }
        // A later round, or another process, will.
        Err(Refused::Busy | Refused::Draining | Refused::Late) => false,
        Err(error) => {
            tracing::warn!(call = %id, %error, "a call without a caller could not be ended");
            false
        }
    }
}
