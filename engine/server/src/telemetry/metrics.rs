//! The metrics of a server: each declared once, with what it means.

use std::time::Duration;

use dialgraph_base::Medium;
use dialgraph_connect::fallback::Reason;
use dialgraph_connect::signature::SignatureRefusal;
use dialgraph_deploy::Deploy;
use dialgraph_kernel::attributes::AttributeError;
use dialgraph_kernel::call::Call;
use dialgraph_kernel::contact::{Contact, EndedBy};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_runtime::{Before, NodeTime};

use super::instruments::{Counter, Gauge, HOURS, Histogram, MINUTES};
use crate::turns::{Load, Refused};

/// What events are counted under: the channels that are served, and `unknown` for events of calls
/// that this process does not know.
fn channels() -> impl Iterator<Item = &'static str> {
    Medium::WORDS.into_iter().chain(["unknown"])
}

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    turns: Counter,
    turn_seconds: Histogram,
    nodes: Counter,
    node_seconds: Histogram,
    plugin_seconds: Histogram,
    plugin_runs: Gauge,
    plugin_runs_most: Gauge,
    host_calls: Counter,
    host_seconds: Histogram,
    breaker_open: Gauge,
    retries: Counter,
    fallbacks: Counter,
    loads: Counter,
    commit_seconds: Histogram,
    store_commits: Counter,
    store_groups: Counter,
    store_conflicts: Counter,
    store_bytes: Gauge,
    open_calls: Gauge,
    calls: Counter,
    reaped: Counter,
    contacts: Counter,
    after: Counter,
    queue_entries: Counter,
    queue_sla: Gauge,
    queue_after: Histogram,
    queue_wait: Histogram,
    queue_left: Counter,
    turns_inside: Gauge,
    turns_most: Gauge,
    late_replies: Gauge,
    refused_attributes: Counter,
    requests: Counter,
    signatures: Counter,
    cut_off: Counter,
    reports: Counter,
    reports_waiting: Gauge,
    news: Counter,
    hooks: Counter,
    ready: Gauge,
}

/// What can become of what somebody outside tells a call.
const HOOK_OUTCOMES: [&str; 9] =
    ["taken", "repeated", "used", "closed", "unknown", "not-yet", "unproven", "refused", "failed"];

impl Default for Metrics {
    fn default() -> Self {
        Self {
            turns: Counter::new(
                "dialgraph_turns_total",
                "Events by channel and by what came of them.",
                &["channel", "outcome"],
            )
            .known(channels().flat_map(|channel| Refused::WORDS.map(|word| [channel, word]))),
            turn_seconds: Histogram::new(
                "dialgraph_turn_seconds",
                "Time from an event's admission to its durable answer.",
                &["channel"],
            ),
            nodes: Counter::new(
                "dialgraph_nodes_total",
                "Nodes visited, by flow, node and the port taken (or the kind of failure).",
                &["flow", "node", "port"],
            ),
            node_seconds: Histogram::new(
                "dialgraph_node_seconds",
                "Time of nodes that run a plugin, by plugin and the port taken (or the kind of failure): waiting for providers included, over several turns if need be; waiting for the caller's answer left out.",
                &["plugin", "port"],
            ),
            plugin_seconds: Histogram::new(
                "dialgraph_plugin_run_seconds",
                "Time of plugin runs, by plugin and outcome: a port, ask, suspended, or the kind of failure.",
                &["plugin", "outcome"],
            ),
            plugin_runs: Gauge::new(
                "dialgraph_plugin_runs",
                "Plugin runs under way: places of the instance pools in use.",
                &[],
            ),
            plugin_runs_most: Gauge::new(
                "dialgraph_plugin_runs_most",
                "Plugin runs that can be under way at once: places of the instance pools, for \
                small and large plugins together.",
                &[],
            ),
            host_calls: Counter::new(
                "dialgraph_host_calls_total",
                "Requests of plugins to providers, by result: ok or the kind of error.",
                &["provider", "function", "result"],
            ),
            host_seconds: Histogram::new(
                "dialgraph_host_call_seconds",
                "Time of those requests, retries included.",
                &["provider"],
            ),
            breaker_open: Gauge::new(
                "dialgraph_breaker_open",
                "1 while the circuit breaker of a provider is open after consecutive failures.",
                &["provider"],
            ),
            retries: Counter::new(
                "dialgraph_host_call_retries_total",
                "Requests retried because the provider was unavailable.",
                &["provider"],
            ),
            fallbacks: Counter::new(
                "dialgraph_fallback_answers_total",
                "Events answered with the fallback, by reason.",
                &["reason"],
            )
            .known(Reason::ALL.map(|reason| [reason.code()])),
            loads: Counter::new(
                "dialgraph_hot_loads_total",
                "Changes of the live release, by result.",
                &["result"],
            )
            .known(Deploy::TOLD.map(|word| [word])),
            commit_seconds: Histogram::new(
                "dialgraph_store_commit_seconds",
                "Time of one commit, from asking to durable.",
                &["result"],
            )
            .known(["applied", "repeated", "conflict", "failed"].map(|word| [word])),
            store_commits: Counter::new(
                "dialgraph_store_commits_total",
                "Commits applied by the store.",
                &[],
            ),
            store_groups: Counter::new(
                "dialgraph_store_groups_total",
                "Disk flushes; commits divided by groups is the mean batch size.",
                &[],
            ),
            store_conflicts: Counter::new(
                "dialgraph_store_conflicts_total",
                "Commits refused because a row had changed.",
                &[],
            ),
            store_bytes: Gauge::new("dialgraph_store_bytes", "Bytes of the store on disk.", &[]),
            open_calls: Gauge::new(
                "dialgraph_open_calls",
                "Calls that their flows are handling, in the whole store: if several processes \
                share a store, take the highest value.",
                &[],
            ),
            calls: Counter::new(
                "dialgraph_calls_ended_total",
                "Calls that ended or were given away, each once, by their first disposition.",
                &["disposition"],
            ),
            reaped: Counter::new(
                "dialgraph_calls_reaped_total",
                "Calls ended because the caller had left.",
                &[],
            )
            .known([[]]),
            contacts: Counter::new(
                "dialgraph_contacts_ended_total",
                "Contacts that are over, by how that is known (flow: it hung up; channel: the \
                channel reported it; limit: nothing was heard of it for `calls.contact_limit`) and \
                by whether an agent had answered (yes, no).",
                &["by", "answered"],
            )
            .known(
                [EndedBy::Flow, EndedBy::Channel, EndedBy::Limit]
                    .into_iter()
                    .flat_map(|by| ["yes", "no"].map(|answered| [by.as_str(), answered])),
            ),
            after: Counter::new(
                "dialgraph_after_total",
                "Runs of the `after` flow, by result: done, failed (a node of it failed), or \
                retried (it could not run, and is tried again).",
                &["result"],
            )
            .known(["done", "failed", "retried"].map(|word| [word])),
            queue_entries: Counter::new(
                "dialgraph_queue_entries_total",
                "Callers given to a queue.",
                &["queue"],
            ),
            queue_sla: Gauge::new(
                "dialgraph_queue_sla_seconds",
                "Promised wait in a queue, for queues that promise one.",
                &["queue"],
            ),
            queue_after: Histogram::new(
                "dialgraph_queue_entry_after_seconds",
                "Time from a call's begin until it entered its queue.",
                &["queue"],
            )
            .within(&MINUTES),
            queue_wait: Histogram::new(
                "dialgraph_queue_wait_seconds",
                "Time in a queue until an agent took the caller or the caller left. Recorded \
                when the contact is over.",
                &["queue"],
            )
            .within(&HOURS),
            queue_left: Counter::new(
                "dialgraph_queue_left_total",
                "Callers who have left a queue, by what became of its promise: met, missed (also by those who went after it), abandoned (before it was due), or none.",
                &["queue", "promise"],
            ),
            turns_inside: Gauge::new("dialgraph_turns_inside", "Turns that wait or run.", &[]),
            turns_most: Gauge::new(
                "dialgraph_turns_most",
                "Turns that may wait or run; further ones are shed.",
                &[],
            ),
            late_replies: Gauge::new(
                "dialgraph_late_replies",
                "Replies of providers that the engine still awaits after their turn has ended.",
                &[],
            ),
            refused_attributes: Counter::new(
                "dialgraph_attributes_refused_total",
                "Contact attributes that the engine refused when their calls began, by name (`-` \
                for names that no flow declares) and reason: undeclared, locale, type, depth or \
                bytes.",
                &["attribute", "reason"],
            ),
            requests: Counter::new(
                "dialgraph_http_requests_total",
                "HTTP requests by route and status.",
                &["route", "status"],
            ),
            signatures: Counter::new(
                "dialgraph_signatures_refused_total",
                "Requests to endpoints that want a signature without a valid one.",
                &["reason"],
            )
            .known(SignatureRefusal::CODES.map(|code| [code])),
            cut_off: Counter::new(
                "dialgraph_connections_cut_off_total",
                "Connections that the server closed: `peer`, the client had reached its limit of \
                connections; `never-read`, the client did not read what it was sent.",
                &["reason"],
            )
            .known(["peer", "never-read"].map(|reason| [reason])),
            reports: Counter::new(
                "dialgraph_ticket_reports_total",
                "Tries to report a change of a ticket elsewhere, by outcome: delivered, failed (it \
                is tried again), or dropped (it failed for too long).",
                &["outcome"],
            )
            .known(["delivered", "failed", "dropped"].map(|word| [word])),
            reports_waiting: Gauge::new(
                "dialgraph_ticket_reports_waiting",
                "Changes of tickets in the whole store that are still to be reported elsewhere: if \
                several processes share a store, take the highest value.",
                &[],
            ),
            news: Counter::new(
                "dialgraph_ticket_news_total",
                "What desks elsewhere told of tickets, by desk and outcome: done, already (it was \
                so), repeated, or refused.",
                &["desk", "outcome"],
            ),
            hooks: Counter::new(
                "dialgraph_hooks_total",
                "What somebody outside told calls, by outcome: taken, repeated (it was told before), \
                used (something else was), closed, unknown (no such address), not-yet (its turn is \
                not over), unproven, refused (not what the hook takes), or failed.",
                &["outcome"],
            )
            .known(HOOK_OUTCOMES.map(|word| [word])),
            ready: Gauge::new(
                "dialgraph_ready",
                "1 for each part that `/readyz` finds good, 0 otherwise.",
                &["part"],
            ),
        }
    }
}

impl Metrics {
    /// A turn that was handled for the first time. `before`: how the call stood before it, if it
    /// did not begin with it.
    pub fn turn(&self, call: &Call, record: &TurnRecord, before: Option<Before>) {
        for step in &record.steps {
            let failed = step.failure.as_ref().map(|failure| failure.kind.as_str());
            let port = failed.or(step.port.as_deref()).unwrap_or("");
            self.nodes.add(&[&step.at.flow, &step.at.node, port], 1);
        }
        if let Then::Queue(queue) | Then::Callback { queue, .. } = &record.directives.then {
            self.queue_entries.add(&[&queue.name], 1);
            let after = record.at.0.saturating_sub(call.started_at.0);
            self.queue_after.record(&[&queue.name], Duration::from_millis(after));
            if let Some(sla) = queue.sla {
                self.queue_sla.set(&[&queue.name], sla.as_secs_f64());
            }
        }
        let was_in_flow = before.is_some_and(|before| before.in_flow);
        match (was_in_flow, call.is_in_flow()) {
            (false, true) => self.open_calls.add(&[], 1.0),
            (true, false) => self.open_calls.add(&[], -1.0),
            _ => {}
        }
        // Each call counts once, however often its contact comes back.
        let was_given_away = before.is_some_and(|before| before.given_away);
        if let (Some(disposition), false) = (call.status.disposition(), was_given_away) {
            self.calls.add(&[disposition], 1);
        }
        if call.is_over() && !before.is_some_and(|before| before.over) {
            let contact = call.contact.as_ref();
            let by = contact.and_then(|contact| contact.ended_by).unwrap_or(EndedBy::Channel);
            let answered = contact.is_some_and(Contact::answered);
            let answered = if answered { "yes" } else { "no" };
            self.contacts.add(&[by.as_str(), answered], 1);
        }
        if matches!(record.event, Event::After) {
            let failed = record.steps.iter().any(|step| step.failure.is_some());
            self.after.add(&[if failed { "failed" } else { "done" }], 1);
        }
    }

    /// An `after` flow could not run; it is tried again.
    pub fn after_failed(&self) {
        self.after.add(&["retried"], 1);
    }

    /// A caller has left a queue that promises `sla`, taken by an agent or not.
    pub fn queue_wait(&self, queue: &str, sla: Option<Duration>, time: Duration, answered: bool) {
        self.queue_wait.record(&[queue], time);
        let promise = match sla {
            Some(sla) if time > sla => "missed",
            _ if !answered => "abandoned",
            Some(_) => "met",
            None => "none",
        };
        self.queue_left.add(&[queue, promise], 1);
    }

    /// A call began without an attribute of its contact.
    pub fn refused_attribute(&self, refused: &AttributeError) {
        // Names that no flow declares are without end; the log has them.
        let name = match refused {
            AttributeError::Undeclared { .. } => "-",
            other => other.name(),
        };
        self.refused_attributes.add(&[name, refused.code()], 1);
    }

    /// Nodes that ran plugins were left.
    pub fn node_times(&self, times: &[NodeTime]) {
        for time in times {
            let took = Duration::from_millis(time.ms);
            self.node_seconds.record(&[&time.plugin, &time.outcome], took);
        }
    }

    /// An event with its outcome, and how long it took.
    pub fn event(&self, channel: &str, outcome: &str, took: Duration) {
        self.turns.add(&[channel, outcome], 1);
        self.turn_seconds.record(&[channel], took);
    }

    /// So many plugins can run at the same time.
    pub fn plugin_room(&self, runs: usize) {
        self.plugin_runs.add(&[], 0.0);
        self.plugin_runs_most.set(&[], runs as f64);
    }

    pub fn plugin_begins(&self) {
        self.plugin_runs.add(&[], 1.0);
    }

    pub fn plugin_ends(&self, plugin: &str, outcome: &str, took: Duration) {
        self.plugin_runs.add(&[], -1.0);
        self.plugin_seconds.record(&[plugin, outcome], took);
    }

    pub fn host_call(&self, function: &str, result: &str, took: Duration) {
        let provider = function.split('.').next().unwrap_or(function);
        self.host_calls.add(&[provider, function, result], 1);
        self.host_seconds.record(&[provider], took);
    }

    pub fn retry(&self, provider: &str) {
        self.retries.add(&[provider], 1);
    }

    pub fn breaker(&self, provider: &str, open: bool) {
        self.breaker_open.set(&[provider], if open { 1.0 } else { 0.0 });
    }

    pub fn fallback(&self, reason: &str) {
        self.fallbacks.add(&[reason], 1);
    }

    /// How many answers were the fallback, for this reason.
    pub fn fallbacks(&self, reason: &str) -> u64 {
        self.fallbacks.get(&[reason])
    }

    /// A release became live, or was refused or rolled back.
    pub fn hot_load(&self, result: &str) {
        self.loads.add(&[result], 1);
    }

    pub fn commit(&self, result: &str, took: Duration) {
        self.commit_seconds.record(&[result], took);
    }

    /// The store's calls in progress, counted.
    pub fn counted_calls(&self, open: usize) {
        self.open_calls.set(&[], open as f64);
    }

    pub fn reaped(&self) {
        self.reaped.add(&[], 1);
    }

    pub fn request(&self, route: &str, status: u16) {
        self.requests.add(&[route, &status.to_string()], 1);
    }

    pub fn ready(&self, part: &str, ready: bool) {
        self.ready.set(&[part], if ready { 1.0 } else { 0.0 });
    }

    pub fn refused_signature(&self, reason: &str) {
        self.signatures.add(&[reason], 1);
    }

    /// A change of a ticket was reported, or could not be.
    pub fn reported(&self, outcome: &str) {
        self.reports.add(&[outcome], 1);
    }

    /// So many changes of tickets are still to be reported.
    pub fn reports_waiting(&self, many: usize) {
        self.reports_waiting.set(&[], many as f64);
    }

    /// A desk elsewhere told something.
    pub fn news(&self, desk: &str, outcome: &str) {
        self.news.add(&[desk, outcome], 1);
    }

    /// Somebody outside told a call something, or tried to.
    pub fn hook(&self, outcome: &'static str) {
        self.hooks.add(&[outcome], 1);
    }

    /// A connection that the server ended itself.
    pub fn cut_off(&self, reason: &str) {
        self.cut_off.add(&[reason], 1);
    }

    /// Everything, as Prometheus reads it.
    pub fn render(&self, load: Load, store: Option<dialgraph_store::SledStats>) -> String {
        self.turns_inside.set(&[], load.turns as f64);
        self.turns_most.set(&[], load.most as f64);
        self.late_replies.set(&[], load.late_replies as f64);
        if let Some(stats) = store {
            self.store_commits.set(&[], stats.commits);
            self.store_groups.set(&[], stats.groups);
            self.store_conflicts.set(&[], stats.conflicts);
            self.store_bytes.set(&[], stats.size_on_disk as f64);
        }
        let mut out = String::with_capacity(16 << 10);
        for counter in [
            &self.turns,
            &self.nodes,
            &self.host_calls,
            &self.retries,
            &self.fallbacks,
            &self.loads,
            &self.store_commits,
            &self.store_groups,
            &self.store_conflicts,
            &self.calls,
            &self.reaped,
            &self.contacts,
            &self.after,
            &self.queue_entries,
            &self.queue_left,
            &self.refused_attributes,
            &self.requests,
            &self.signatures,
            &self.cut_off,
            &self.reports,
            &self.news,
            &self.hooks,
        ] {
            counter.render(&mut out);
        }
        for gauge in [
            &self.plugin_runs,
            &self.plugin_runs_most,
            &self.breaker_open,
            &self.store_bytes,
            &self.open_calls,
            &self.queue_sla,
            &self.turns_inside,
            &self.turns_most,
            &self.late_replies,
            &self.reports_waiting,
            &self.ready,
        ] {
            gauge.render(&mut out);
        }
        for histogram in [
            &self.turn_seconds,
            &self.node_seconds,
            &self.plugin_seconds,
            &self.host_seconds,
            &self.commit_seconds,
            &self.queue_after,
            &self.queue_wait,
        ] {
            histogram.render(&mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_happen_only_once_is_at_nothing_from_the_start() {
        let load = Load { turns: 0, most: 1, late_replies: 0, after: 0 };
        let text = Metrics::default().render(load, None);
        for series in [
            "dialgraph_hot_loads_total{result=\"canary-withdraw\"} 0",
            "dialgraph_hot_loads_total{result=\"refused\"} 0",
            "dialgraph_store_commit_seconds_count{result=\"failed\"} 0",
            "dialgraph_store_commit_seconds_bucket{result=\"failed\",le=\"+Inf\"} 0",
            "dialgraph_fallback_answers_total{reason=\"engine-failed\"} 0",
            "dialgraph_signatures_refused_total{reason=\"signature-wrong\"} 0",
            "dialgraph_turns_total{channel=\"voice\",outcome=\"late\"} 0",
            "dialgraph_turns_total{channel=\"unknown\",outcome=\"busy\"} 0",
            "dialgraph_calls_reaped_total 0",
        ] {
            assert!(text.lines().any(|line| line == series), "{series} is not in\n{text}");
        }
    }

    #[test]
    fn a_wait_is_held_against_what_its_queue_promises() {
        let metrics = Metrics::default();
        let minutes = Duration::from_mins;
        let hour = Some(minutes(60));
        for (sla, time, answered, promise) in [
            (hour, minutes(60), true, "met"),
            (hour, minutes(61), true, "missed"),
            (hour, minutes(61), false, "missed"),
            (hour, minutes(59), false, "abandoned"),
            (None, minutes(99), true, "none"),
            (None, minutes(99), false, "abandoned"),
        ] {
            let before = metrics.queue_left.get(&["general", promise]);
            metrics.queue_wait("general", sla, time, answered);
            let after = metrics.queue_left.get(&["general", promise]);
            assert_eq!(after - before, 1, "{sla:?} {time:?} {answered}");
        }
        let text = metrics.render(Load { turns: 0, most: 1, late_replies: 0, after: 0 }, None);
        for series in [
            "dialgraph_queue_left_total{queue=\"general\",promise=\"missed\"} 2",
            "dialgraph_queue_wait_seconds_bucket{queue=\"general\",le=\"3600\"} 2",
            "dialgraph_queue_wait_seconds_count{queue=\"general\"} 6",
        ] {
            assert!(text.lines().any(|line| line == series), "{series} is not in\n{text}");
        }
    }
}
