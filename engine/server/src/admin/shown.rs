//! What the crates below say, in the words of the admin API.

use dialgraph_api::changes::{ItemChange, Outcome, Widening};
use dialgraph_api::problem::{KIND, Problem, Reason, Refusal, title};
use dialgraph_api::releases::{
    Action, AuditEntry, Canary, Deployed, Held, Listed, Pin, Release, Rules, Status, Tally, Version,
};
use dialgraph_api::store::{BackupMade, Finding, Removed, Verified};
use dialgraph_api::tokens::Token;
use dialgraph_api::{Digest, Millis, Role, Who};
use dialgraph_store::UnixMillis;

use crate::shown::digest;

fn some(of: Option<&dialgraph_base::Digest>) -> Option<Digest> {
    of.map(digest)
}

fn at(millis: UnixMillis) -> Millis {
    Millis(millis.0)
}

fn role(role: dialgraph_deploy::Role) -> Role {
    match role {
        dialgraph_deploy::Role::Viewer => Role::Viewer,
        dialgraph_deploy::Role::Agent => Role::Agent,
        dialgraph_deploy::Role::Designer => Role::Designer,
        dialgraph_deploy::Role::Operator => Role::Operator,
    }
}

/// The role that is asked for.
pub(super) fn asked(role: Role) -> dialgraph_deploy::Role {
    match role {
        Role::Viewer => dialgraph_deploy::Role::Viewer,
        Role::Agent => dialgraph_deploy::Role::Agent,
        Role::Designer => dialgraph_deploy::Role::Designer,
        Role::Operator => dialgraph_deploy::Role::Operator,
    }
}

pub(super) fn who(who: dialgraph_deploy::Who) -> Who {
    Who { name: who.name, role: role(who.role) }
}

fn change(change: &dialgraph_deploy::ItemChange) -> ItemChange {
    ItemChange {
        item: change.item.to_string(),
        before: some(change.before.as_ref()),
        after: some(change.after.as_ref()),
    }
}

pub(super) fn outcome(outcome: dialgraph_deploy::ChangeOutcome) -> Outcome {
    let widening = |w: dialgraph_deploy::Widening| Widening {
        plugin: w.plugin,
        access: w.access,
        words: w.words,
    };
    Outcome {
        changed: outcome.changed,
        dry_run: outcome.dry_run,
        release: digest(&outcome.release),
        number: outcome.number,
        before: some(outcome.before.as_ref()),
        canary: outcome.canary,
        changes: outcome.changes.iter().map(change).collect(),
        widened: outcome.widened.into_iter().map(widening).collect(),
        left_out: outcome.left_out.iter().map(ToString::to_string).collect(),
        warnings: outcome.warnings,
        report: outcome.report,
        rendered: outcome.rendered,
    }
}

pub(super) fn refusal(refusal: dialgraph_deploy::Refusal) -> Refusal {
    const STATUS: u16 = 422;
    let problem = Problem {
        kind: format!("{KIND}refused"),
        title: title(STATUS).to_owned(),
        status: STATUS,
        detail: refusal.to_string(),
        instance: None,
        turn: None,
    };
    let reason = |reason: &dialgraph_deploy::Reason| {
        let widening = match reason {
            dialgraph_deploy::Reason::Widened { widening } => Some(widening),
            _ => None,
        };
        Reason {
            code: reason.code().to_owned(),
            message: reason.to_string(),
            plugin: widening.map(|widening| widening.plugin.clone()),
            allow: widening.map(|widening| widening.access.clone()),
        }
    };
    let reasons = refusal.reasons.iter().map(reason).collect();
    let (report, rendered) = refusal.report.map(|told| (told.json, told.rendered)).unzip();
    Refusal { reasons, report, rendered, problem }
}

pub(super) fn release(row: dialgraph_deploy::ReleaseRow) -> Release {
    Release {
        number: row.number,
        release: digest(&row.release),
        manifest: digest(&row.manifest),
        at: at(row.at),
        by: who(row.by),
        why: row.why,
        parent: row.parent,
    }
}

pub(super) fn status(status: dialgraph_deploy::LiveStatus) -> Status {
    let pin = |pinned: dialgraph_deploy::PinStatus| Pin {
        item: pinned.item.to_string(),
        digest: digest(&pinned.pin.digest),
        by: who(pinned.pin.by),
        at: at(pinned.pin.at),
    };
    let held = |held: dialgraph_deploy::HeldStatus| Held {
        release: digest(&held.release),
        open_calls: held.open_calls,
        plugins: held.plugins.iter().map(digest).collect(),
    };
    Status {
        live: deployed(status.live),
        canary: status.canary.map(canary),
        pins: status.pins.into_iter().map(pin).collect(),
        held: status.held.into_iter().map(held).collect(),
    }
}

fn deployed(deployed: dialgraph_deploy::Deployed) -> Deployed {
    Deployed {
        number: deployed.number,
        release: digest(&deployed.release),
        since: at(deployed.since),
        by: who(deployed.by),
    }
}

fn canary(canary: dialgraph_deploy::CanaryStatus) -> Canary {
    let tally = |tally: dialgraph_deploy::Tally| Tally {
        calls: tally.calls,
        visits: tally.visits,
        errors: tally.errors,
        traps: tally.traps,
    };
    Canary {
        deployed: deployed(canary.deployed),
        percent: canary.percent,
        rules: Rules {
            min_calls: canary.rules.min_calls,
            more_errors: canary.rules.more_errors,
            traps: canary.rules.traps,
        },
        seen: tally(canary.seen),
        live_meanwhile: tally(canary.live_meanwhile),
        verdict: canary.verdict,
    }
}

pub(super) fn listed(listed: dialgraph_deploy::Listed) -> Listed {
    Listed {
        name: listed.name,
        digest: digest(&listed.digest),
        at: listed.at.map(at),
        by: listed.by,
        signed_by: listed.signed_by,
        pinned: listed.pinned,
    }
}

pub(super) fn version(listed: dialgraph_deploy::ListedVersion) -> Version {
    let dialgraph_deploy::ListedVersion { version, live, pinned } = listed;
    Version {
        digest: some(version.digest.as_ref()),
        number: version.number,
        release: digest(&version.release),
        at: at(version.at),
        by: who(version.by),
        previous: some(version.previous.as_ref()),
        signed_by: version.signed_by,
        live,
        pinned,
    }
}

pub(super) fn audit(entry: dialgraph_deploy::AuditEntry) -> AuditEntry {
    AuditEntry {
        number: entry.number,
        at: at(entry.at),
        who: who(entry.who),
        action: action(entry.action),
        before: some(entry.before.as_ref()),
        after: some(entry.after.as_ref()),
        changes: entry.changes.iter().map(change).collect(),
        more_changes: entry.more_changes,
        allowed: entry.allowed,
        why: entry.why,
        refused: entry.refused,
        removed: entry.removed,
    }
}

fn action(action: dialgraph_deploy::Action) -> Action {
    match action {
        dialgraph_deploy::Action::Push => Action::Push,
        dialgraph_deploy::Action::RollBack => Action::RollBack,
        dialgraph_deploy::Action::Pin => Action::Pin,
        dialgraph_deploy::Action::Unpin => Action::Unpin,
        dialgraph_deploy::Action::CanaryStart => Action::CanaryStart,
        dialgraph_deploy::Action::CanaryShare => Action::CanaryShare,
        dialgraph_deploy::Action::CanaryPromote => Action::CanaryPromote,
        dialgraph_deploy::Action::CanaryWithdraw => Action::CanaryWithdraw,
        dialgraph_deploy::Action::TokenMade => Action::TokenMade,
        dialgraph_deploy::Action::TokenRevoked => Action::TokenRevoked,
        dialgraph_deploy::Action::Purge => Action::Purge,
        dialgraph_deploy::Action::EraseBegun => Action::EraseBegun,
        dialgraph_deploy::Action::Erase => Action::Erase,
        dialgraph_deploy::Action::ContentRemove => Action::ContentRemove,
        dialgraph_deploy::Action::Recover => Action::Recover,
    }
}

/// A token as it is listed: everything but its hash.
pub(super) fn token(row: dialgraph_deploy::TokenRow) -> Token {
    Token {
        id: row.id,
        name: row.who.name,
        role: role(row.who.role),
        made_at: at(row.made_at),
        made_by: row.made_by,
        expires_at: row.expires_at.map(at),
    }
}

pub(super) fn removed(done: dialgraph_retention::Done) -> Removed {
    Removed {
        dry_run: done.dry_run,
        seen: done.seen,
        removed: done.removed,
        open: done.open,
        unreadable: done.unreadable,
        left: done.left,
        log: done.log,
    }
}

pub(super) fn backup(done: dialgraph_store::BackupDone) -> BackupMade {
    BackupMade {
        folder: done.folder.to_string_lossy().into_owned(),
        full: done.full,
        why_full: done.why_full,
        commit: done.commit,
        at: at(done.at),
        bytes: done.bytes,
        blobs: done.blobs,
        left_out: done.left_out,
    }
}

pub(super) fn verified(
    done: dialgraph_store::Verified,
    indexes: dialgraph_local::records::IndexFindings,
) -> Verified {
    let finding =
        |finding: dialgraph_store::Finding| Finding { of: finding.of, what: finding.what };
    Verified {
        rows: done.rows,
        kinds: done.kinds,
        blobs: done.blobs,
        findings: done.findings.into_iter().chain(indexes.findings).map(finding).collect(),
        more: done.more,
        repaired: indexes.repaired.into_iter().map(finding).collect(),
    }
}
