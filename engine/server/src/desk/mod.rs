//! Reports each change of a ticket to the desk elsewhere that `tickets.webhook_url` names.
//!
//! What is to be reported stands in the store, put there by the commit that made the change. Every
//! process looks there, so what one has left another delivers. A report is held while it is tried
//! ([`LocalTickets::claim`]), and waits longer after each failure, up to `LONGEST_WAIT`; the
//! changes behind it of the same ticket wait with it, other tickets do not. No call and no request
//! waits for any of this.

mod event;
pub(crate) mod shown;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use dialgraph_base::{Digest, HostPattern, Timestamp};
use dialgraph_config::Config;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::http::{Body, Request, Response};
use dialgraph_kernel::provider::{Caller, Http as _};
use dialgraph_local::http::{AllowedHosts, HttpClient};
use dialgraph_local::secrets::LocalSecrets;
use dialgraph_local::tickets::{LocalTickets, PendingReport};
use dialgraph_store::Key;
use dialgraph_webhook::standard;
use futures::future::join_all;

use crate::state::App;

/// How often a process looks for reports.
const EVERY: Duration = Duration::from_secs(1);
/// Between two looks, so many times as long as the last one took: where a desk has been down for
/// days, what waits for it is not read again and again.
const REST: u32 = 20;
/// Tickets of which reports are delivered at once.
const AT_ONCE: usize = 8;
/// Before the second try; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Most between two tries.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// For so much longer than a try may take its report is held: clocks of processes differ.
const GRACE: Duration = Duration::from_secs(2);
/// Largest report, in bytes: a ticket's longest text, of characters that JSON writes with six.
const MAX_REPORT: usize = 1 << 20;
/// What the client knows this sender by.
const SENDER: &str = "tickets";

/// Sends reports.
pub(crate) struct Reports {
    url: String,
    client: HttpClient,
    /// Why the last try came to nothing; none: it was delivered.
    trouble: Mutex<Option<String>>,
    /// Rows that cannot be read, each told of once.
    lost: Mutex<HashSet<Key>>,
}

impl Reports {
    /// None: nothing is reported.
    ///
    /// # Errors
    /// What is wrong with the address, or with the certificate authorities.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, String> {
        let Some(url) = config.tickets.webhook_url.clone() else { return Ok(None) };
        let pattern = HostPattern::of_url(&url).map_err(|error| error.to_string())?;
        let hosts = AllowedHosts::new(BTreeMap::from([(SENDER.to_owned(), vec![pattern])]));
        let secrets = Arc::new(LocalSecrets::new(None, Vec::new()));
        let client = HttpClient::new(hosts, secrets, config.providers.extra_roots.as_deref());
        let client = client.map_err(|error| error.to_string())?;
        // The operator named the host: that it is one of the company's network is no surprise.
        let client = client.inside().sending(MAX_REPORT);
        Ok(Some(Self { url, client, trouble: Mutex::default(), lost: Mutex::default() }))
    }

    /// Why reports do not arrive.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn tell_lost(&self, rows: Vec<Key>) {
        let mut known = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            if known.insert(row.clone()) {
                tracing::error!(%row, "a report of a ticket cannot be read and is never sent");
            }
        }
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    pub delivered: usize,
    pub failed: usize,
    /// Waited in vain for longer than `tickets.webhook_give_up`, or their ticket is gone.
    pub dropped: usize,
    /// How long it took to read what waits.
    looked: Duration,
}

impl Round {
    fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.dropped += other.dropped;
    }
}

/// The desk, as this server changes it.
pub(crate) fn tickets(app: &App) -> LocalTickets {
    LocalTickets::new(Arc::clone(&app.store.store)).reporting(app.config.reports_tickets())
}

/// Makes rounds for as long as the server lives.
pub(crate) async fn run(app: Weak<App>) {
    loop {
        let mut rest = EVERY;
        {
            let Some(app) = app.upgrade() else { return };
            if app.reports.is_none() || app.turns.is_draining() {
                return;
            }
            match round(&app, None).await {
                Ok(round) => rest = rest.max(round.looked.saturating_mul(REST)),
                Err(error) => {
                    tracing::warn!(%error, "reports of tickets could not be looked for");
                }
            }
        }
        tokio::time::sleep(rest).await;
    }
}

/// Delivers what is due now, of each ticket in its order; begins with nothing further at `until`.
///
/// # Errors
/// If the store fails.
pub async fn round(app: &Arc<App>, until: Option<Instant>) -> Result<Round, HostError> {
    let Some(reports) = &app.reports else { return Ok(Round::default()) };
    let desk = tickets(app);
    let mut round = Round::default();
    let (mut after, mut last) = (None, String::new());
    let (mut waiting, mut is_down) = (0, false);
    loop {
        let begun = Instant::now();
        let (page, lost, next) = desk.pending(after).await?;
        round.looked += begun.elapsed();
        reports.tell_lost(lost);
        waiting += page.len();
        let now = Timestamp(app.clock.millis());
        let mut heads = Vec::new();
        for pending in page {
            // What lies behind another of its ticket waits for that.
            if pending.report.ticket != last {
                last.clone_from(&pending.report.ticket);
                heads.push(pending);
            }
        }
        heads.retain(|head| head.report.held_until <= now);
        for some in heads.chunks(AT_ONCE) {
            let is_late = until.is_some_and(|until| Instant::now() >= until);
            if is_down || is_late || app.is_leaving() {
                break;
            }
            let sender = Sender { app, reports, desk: &desk };
            let mut of_some = Round::default();
            for done in join_all(some.iter().map(|head| sender.ticket(head.clone()))).await {
                of_some.add(done?);
            }
            waiting = waiting.saturating_sub(of_some.delivered + of_some.dropped);
            // Nobody is there, it seems: the others need not find out one by one.
            is_down = of_some.delivered == 0 && of_some.failed == some.len();
            round.add(of_some);
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    if waiting == 0 {
        reports.note(None);
    }
    app.metrics.reports_waiting(waiting);
    Ok(round)
}

/// What a try came to.
enum Tried {
    Delivered,
    /// The ticket was erased or purged.
    Gone,
    Failed {
        why: String,
        retry_after: Duration,
    },
}

struct Sender<'a> {
    app: &'a App,
    reports: &'a Reports,
    desk: &'a LocalTickets,
}

impl Sender<'_> {
    /// Delivers what is to be told of a ticket, until something fails.
    async fn ticket(&self, mut head: PendingReport) -> Result<Round, HostError> {
        let mut round = Round::default();
        loop {
            let now = Timestamp(self.app.clock.millis());
            let hold = self.app.config.tickets.webhook_timeout + GRACE;
            let Some(held) = self.desk.claim(&head, now, now.after(hold)).await? else {
                return Ok(round);
            };
            let ticket = held.report.ticket.clone();
            match self.send(&held).await {
                Tried::Delivered => {
                    self.reports.note(None);
                    self.desk.forget(&held).await?;
                    self.app.metrics.reported("delivered");
                    round.delivered += 1;
                }
                Tried::Gone => {
                    self.desk.forget(&held).await?;
                    round.dropped += 1;
                }
                Tried::Failed { why, retry_after } => {
                    let (attempts, id) = (held.report.attempts, &held.report.id);
                    let first = held.report.first_try.unwrap_or(now);
                    if first.after(self.app.config.tickets.webhook_give_up) > now {
                        tracing::warn!(ticket, id, attempts, why, "a report of a ticket failed");
                        let wait = wait_after(attempts).max(retry_after).min(LONGEST_WAIT);
                        let now = Timestamp(self.app.clock.millis());
                        self.desk.postpone(&held, now.after(wait)).await?;
                        self.app.metrics.reported("failed");
                        self.reports.note(Some(why));
                        round.failed += 1;
                        return Ok(round);
                    }
                    tracing::error!(
                        ticket,
                        id,
                        attempts,
                        why,
                        "a report of a ticket could not be delivered for `tickets.webhook_give_up` and is dropped"
                    );
                    self.desk.forget(&held).await?;
                    self.app.metrics.reported("dropped");
                    round.dropped += 1;
                }
            }
            match self.desk.next_report(&ticket).await? {
                Some(next) if !self.app.is_leaving() => head = next,
                _ => return Ok(round),
            }
        }
    }

    async fn send(&self, held: &PendingReport) -> Tried {
        let failed = |why: String| Tried::Failed { why, retry_after: Duration::ZERO };
        let report = &held.report;
        let change = match self.desk.reported(report).await {
            Ok(Some(change)) => change,
            Ok(None) => return Tried::Gone,
            Err(error) => return failed(error.to_string()),
        };
        let body = match serde_json::to_string(&event::of(change)) {
            Ok(body) => body,
            Err(error) => return failed(error.to_string()),
        };
        let now = self.app.clock.millis();
        let secrets = self.app.credentials.report_secrets();
        let signed = standard::sign(&secrets, &report.id, now / 1000, body.as_bytes());
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.extend(signed.map(|(name, value)| (name.to_owned(), value)));
        let timeout = self.app.config.tickets.webhook_timeout.as_millis();
        let request = Request {
            method: "POST".to_owned(),
            url: self.reports.url.clone(),
            headers,
            credential: None,
            body: Some(Body::Text(body)),
            timeout_ms: u32::try_from(timeout).unwrap_or(u32::MAX).max(100),
        };
        let caller = Caller {
            call_id: SENDER.into(),
            release: Digest::of(SENDER.as_bytes()),
            locale: "".into(),
            plugin: SENDER.into(),
            now: Timestamp(now),
            idempotency_key: report.id.as_str().into(),
        };
        match self.reports.client.send(&caller, &request).await {
            Ok(Response { status: 200..=299, .. }) => Tried::Delivered,
            Ok(response) => {
                let retry_after = retry_after(&response);
                Tried::Failed { why: format!("the desk answers {}", response.status), retry_after }
            }
            Err(error) => failed(error.message),
        }
    }
}

/// What a report waits after so many tries.
fn wait_after(attempts: u32) -> Duration {
    let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT)
}

/// What the desk asks for, in seconds.
fn retry_after(response: &Response) -> Duration {
    let asked = response.headers.iter().find(|(name, _)| name == "retry-after");
    let seconds = asked.and_then(|(_, value)| value.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_waits_twice_as_long_after_each_try_up_to_an_hour() {
        let waits =
            [1, 2, 3, 12, 13, 32, 33, u32::MAX].map(|attempts| wait_after(attempts).as_secs());
        assert_eq!(waits, [1, 2, 4, 2048, 3600, 3600, 3600, 3600]);
    }
}
