"""Replicas: who must run, who may go, and since when."""

from __future__ import annotations

from attrs import evolve

from bluegreen.actions import Ensure, Forget, Prepare, Retire
from bluegreen.decide.plan import Plan
from bluegreen.decide.traffic import all_settled, drained
from bluegreen.record import RECOVERING, Degraded, Healthy, Promoting, Reason, Retained
from bluegreen.snapshot import Target
from bluegreen.spec import RevisionId

RESTART_GRACE_S = 30
"""After a restart nothing is retired before the delay, or this long, of the process's own time."""


def retire_spent(plan: Plan) -> None:
    """Runs the clocks of the retained revisions, and scales down those whose time is up.

    The clocks run only while every layer is settled on the stable revision and drained, and no promotion is under way
    (the rollback window is open); anything else sets them back to the start.
    """
    entries = _entries(plan)
    if not entries:
        if plan.record.retained or (plan.record.previous and plan.workloads is not None):
            plan.remember(retained=(), previous=None)
        return
    calm = _calm(plan)
    running = [_tick(plan, entry, calm) for entry in entries]
    spent = _spent(plan, running) if calm else set[RevisionId]()
    plan.spent = frozenset(spent)
    left: list[Retained] = []
    for entry in running:
        state = plan.revisions.get(entry.revision)
        if plan.workloads is not None and _gone(plan, entry.revision):
            continue
        left.append(entry)
        if entry.revision in spent and state and plan.whole(plan.record.stable):
            plan.act(Retire(entry.revision, state.version))
    if tuple(left) != plan.record.retained:
        plan.remember(retained=tuple(left))
    previous = plan.record.previous
    if previous and plan.workloads is not None and previous not in {one.revision for one in left}:
        plan.remember(previous=None)


def _gone(plan: Plan, revision: RevisionId) -> bool:
    state = plan.revisions.get(revision)
    return state is None or not (state.replicas or plan.pending("revision", revision))


def _calm(plan: Plan) -> bool:
    record = plan.record
    if plan.workloads is None or record.stable is None or isinstance(record.phase, Promoting):
        return False
    if isinstance(record.phase, Degraded) and record.phase.reason is Reason.FROZEN:
        return False
    if plan.pending_layers() or not all_settled(plan, record.stable):
        return False
    return all(state is not None and drained(plan, name, state) for name, state in plan.layers)


def aborted(plan: Plan) -> bool:
    """The current revision was given up, and is only still there."""
    phase = plan.record.phase
    return isinstance(phase, Degraded) and phase.reason not in RECOVERING | {Reason.FROZEN}


def _entries(plan: Plan) -> list[Retained]:
    """The retained revisions, and everything else that has replicas and no other reason to."""
    record, strategy = plan.record, plan.rollout.strategy
    needed = {record.stable} if aborted(plan) else {record.stable, record.current}
    entries = [one for one in record.retained if one.revision not in needed]
    known = {one.revision for one in entries}
    for state in sorted(plan.revisions.values(), key=lambda one: one.ordinal):
        if not state.replicas or state.id in needed or state.id in known:
            continue
        delay: int | None = strategy.scale_down_delay_seconds
        if state.id == record.current:
            delay = strategy.abort_scale_down_delay_seconds or None
        entries.append(Retained(state.id, delay))
    return entries


def _tick(plan: Plan, entry: Retained, calm: bool) -> Retained:
    if not calm:
        return evolve(entry, since=None)
    if entry.since is None and plan.whole(plan.record.stable):
        return evolve(entry, since=plan.now)
    return entry


def _spent(plan: Plan, entries: list[Retained]) -> set[RevisionId]:
    excess = _beyond_limit(plan, entries)
    found: set[RevisionId] = set()
    for entry in entries:
        delay = 0 if entry.revision in excess else entry.delay_s
        if entry.since is None or delay is None:
            continue
        due = plan.passed(entry.since, delay)
        if plan.passed(plan.snapshot.running_since, min(delay, RESTART_GRACE_S)) and due:
            found.add(entry.revision)
    return found


def _beyond_limit(plan: Plan, entries: list[Retained]) -> set[RevisionId]:
    limit = plan.rollout.strategy.scale_down_delay_revision_limit
    if limit is None:
        return set()
    current = plan.record.current if aborted(plan) else None
    counted = [one.revision for one in entries if one.revision != current and one.revision in plan.revisions]
    counted.sort(key=lambda one: plan.revisions[one].ordinal, reverse=True)
    return set(counted[limit:])


def keep_up(plan: Plan) -> None:
    """Whoever has traffic, may get it, or may have to take it back has the replicas that are wanted."""
    if plan.workloads is None:
        return
    record, wanted = plan.record, plan.rollout.replicas
    kept = {record.stable, record.previous, *record.may_show} - plan.spent
    if not aborted(plan) and plan.preparing:
        kept.add(record.current)
    for revision in sorted(one for one in kept if one is not None):
        state = plan.revisions.get(revision)
        if state is None:
            if revision == plan.workloads.template:
                plan.act(Ensure(revision, _size(plan, revision)))
            continue
        least = _size(plan, revision)
        most = max(least, wanted, _largest_preview(plan, revision))
        if state.replicas < least or (plan.pending("revision", revision) and state.replicas <= most):
            plan.act(Ensure(revision, max(least, min(state.replicas, most))))
        elif state.replicas > most and not plan.pending_layers() and not isinstance(record.phase, Promoting):
            plan.act(Retire(revision, state.version, most))


def _largest_preview(plan: Plan, revision: RevisionId) -> int:
    """What the current revision may keep until it is the stable one, even once its gates said yes: a preview larger
    than what is wanted of it live, scaled down while a promotion is held, would lack replicas for its gates again."""
    record = plan.record
    if revision != record.current or revision == record.stable:
        return 0
    return plan.rollout.strategy.preview_replica_count or 0


def _size(plan: Plan, revision: RevisionId) -> int:
    """previewReplicaCount holds for the current revision only, until its gates have said yes, and only off live
    traffic."""
    preview = plan.rollout.strategy.preview_replica_count
    record = plan.record
    if preview is None or plan.full_size or revision != record.current or revision == record.stable:
        return plan.rollout.replicas
    if revision in record.may_show:
        return plan.rollout.replicas
    return preview


def forget_oldest(plan: Plan) -> None:
    """Beyond revisionHistoryLimit the oldest revisions without replicas leave the history; only while Healthy."""
    record, limit = plan.record, plan.rollout.revision_history_limit
    if len(plan.revisions) <= limit or not isinstance(record.phase, Healthy) or not _calm(plan):
        return
    needed = {record.stable, record.current, record.previous, *(one.revision for one in record.retained)}
    old = [one for one in plan.revisions.values() if not (one.replicas or one.available or one.id in needed)]
    old.sort(key=lambda one: one.ordinal)
    for state in old[: max(len(old) - limit, 0)]:
        plan.act(Forget(state.id, state.version))


def prepare_layers(plan: Plan) -> None:
    """Every revision that runs, and only those, is addressable on every layer that needs preparing.

    What a slot shows stays addressable in any case, and is no reason to prepare anew.
    """
    if plan.workloads is None:
        return
    targets = frozenset(Target(one.id, one.addresses) for one in plan.revisions.values() if one.replicas)
    for name, state in plan.layers:
        if state is None or state.prepared is None or state.prepared == targets:
            continue
        stay = {state.active, state.preview} - {target.revision for target in targets}
        if frozenset(target for target in state.prepared if target.revision not in stay) != targets:
            plan.act(Prepare(name, targets))
