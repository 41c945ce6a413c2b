"""Moving traffic: which layer may be pointed where, and when it has followed."""

from __future__ import annotations

from attrs import evolve

from bluegreen.actions import Point
from bluegreen.decide.plan import Plan
from bluegreen.record import LayerMemory, elapsed
from bluegreen.snapshot import Everything, Observed, RevisionState, RouterState, Shown, Slot
from bluegreen.spec import RevisionId

BACK_AT_ONCE = 0.75
"""The stable revision may have live traffic back at once with this share of what is wanted."""
BACK_AFTER_S = 30
"""After so long it may have traffic back with a single replica."""
HEAL_LIMIT_S = 60
"""Undoing an outsider's repeated edits never waits longer than this."""


def settle_writes(plan: Plan) -> None:
    """Ends each outstanding write whose object was seen, live, with another token: it can never land any more."""
    record = plan.record
    if record.outstanding:
        tokens: dict[str, str | None] = {}  # None: not seen, so nothing is known
        for layer in plan.snapshot.layers:
            seen = layer.seen
            tokens[f"layer:{layer.name}"] = seen.value.version if isinstance(seen, Observed) and seen.live else None
        blind = plan.workloads is None or not _live(plan)
        for revision, state in plan.revisions.items():
            tokens[f"revision:{revision}"] = None if blind else state.version

        def may_land(thing: str, token: str) -> bool:
            if thing not in tokens:  # a layer that is no longer declared, or a revision that is gone
                return blind and thing.startswith("revision:")
            return tokens[thing] in (None, token)

        left = tuple(write for write in record.outstanding if may_land(write.object, write.token))
        if left != record.outstanding:
            plan.remember(outstanding=left)
    _update_may_show(plan)


def _live(plan: Plan) -> bool:
    seen = plan.snapshot.workloads
    return isinstance(seen, Observed) and seen.live


def _update_may_show(plan: Plan) -> None:
    states = plan.layers
    shown = {state.active for _, state in states if state and isinstance(state.active, str)}
    complete = all(state for _, state in states) and not plan.pending_layers()
    if not complete:
        shown |= set(plan.record.may_show)
    if (now := tuple(sorted(shown))) != plan.record.may_show:
        plan.remember(may_show=now)


def track(plan: Plan, target: RevisionId, *, in_turn: bool = False) -> None:
    """Remembers of each layer since when it has followed to the target, or has been other than wanted.

    `in_turn`: a layer is not late before those ahead of it have settled.
    """
    waiting = False
    for name, state in plan.layers:
        memory = plan.record.layer(name)
        if state is None:
            plan.memorize(evolve(memory, off_since=memory.off_since or plan.now))
        elif state.active != target or not state.converged or plan.pending("layer", name):
            plan.memorize(_off(plan, memory, drifted=memory.on == target and state.active != target))
        elif memory.on != target or memory.converged_at is None:
            plan.memorize(evolve(memory, on=target, converged_at=plan.now))
        if waiting or (memory.off_since and settled(plan, name, state, target)):
            plan.memorize(evolve(plan.record.layer(name), off_since=None))
        waiting = in_turn and (waiting or not settled(plan, name, state, target))


def _off(plan: Plan, memory: LayerMemory, *, drifted: bool) -> LayerMemory:
    heals = memory.heals
    if drifted:
        held = elapsed(memory.converged_at, plan.now).total_seconds() if memory.converged_at else 0.0
        heals = 1 if held >= 2 * HEAL_LIMIT_S else heals + 1
    return evolve(memory, on=None, converged_at=None, heals=heals, off_since=memory.off_since or plan.now)


def settled(plan: Plan, name: str, state: RouterState | None, target: RevisionId) -> bool:
    """The layer shows the target, says it is in force, and the data plane was seen (or given the time) to follow."""
    memory = plan.record.layer(name)
    if state is None or state.active != target or memory.on != target or memory.converged_at is None:
        return False
    return state.probed or plan.passed(memory.converged_at, plan.rollout.policy.settle_seconds)


def drained(plan: Plan, name: str, state: RouterState) -> bool:
    """What was in flight to other revisions when the layer moved has ended; waited for as long as a layer may take."""
    since = plan.record.layer(name).converged_at
    if since is None or not plan.passed(since, plan.rollout.policy.drain_min_seconds):
        return False
    return state.drained or plan.passed(since, plan.rollout.policy.layer_deadline_seconds)


def all_settled(plan: Plan, target: RevisionId) -> bool:
    """Every layer was seen to have settled on the target."""
    return all(settled(plan, name, state, target) for name, state in plan.layers)


def stranded(plan: Plan, stable: RevisionId) -> str:
    """Why traffic that should go back cannot: the stable revision has nothing available. Empty when it can."""
    off = [name for name, state in plan.layers if state is not None and state.active != stable]
    if not off or plan.workloads is None or plan.available(stable):
        return ""
    return f"{stable} has nothing available, so {', '.join(off)} cannot go back to it"


def bring_back(plan: Plan, target: RevisionId, *, empty_only: bool = False, but: str = "") -> None:
    """Points every layer within reach that shows something else at the target, as soon as rule 1 allows it.

    In reverse order of promotion. A write that may still land is ended by writing the object anew. `empty_only`: a
    layer behind which something else serves is left alone; and so is the layer `but`.
    """
    for name, state in reversed(plan.layers):
        if state is None or name == but or (empty_only and _serving(plan, state.active, target)):
            continue
        if state.active == target or not (_may_go_back(plan, name, state, target) and point(plan, name, state, target)):
            end_pending(plan, name, state)


def end_pending(plan: Plan, name: str, state: RouterState) -> None:
    """Ends a write that may still land on the layer, by writing what the layer shows already: same value, new token."""
    if plan.pending("layer", name) and isinstance(state.active, str):
        plan.act(Point(name, Slot.ACTIVE, state.active, state.version))


def point(plan: Plan, name: str, state: RouterState, revision: RevisionId, *, wholly: bool = False) -> bool:
    """Decides the write, if the revision can carry traffic on this layer here and now; says whether it did.

    `wholly`: only if the layer has been prepared for every replica that is available, not only for some.
    """
    if plan.available(revision) < 1 or plan.pending("revision", revision):
        return False
    if not addressable(plan, state, revision, wholly=wholly):
        return False
    plan.act(Point(name, Slot.ACTIVE, revision, state.version))
    return True


def addressable(plan: Plan, state: RouterState, revision: RevisionId, *, wholly: bool = False) -> bool:
    """The layer has been prepared for the revision (for replicas that are still there), or needs no preparing."""
    if state.prepared is None:
        return True
    there = set(plan.revisions[revision].addresses)
    prepared = [set(one.addresses) for one in state.prepared if one.revision == revision]
    if not there or not prepared:  # a revision without addresses of its own is reached by its name
        return bool(prepared)
    return there <= prepared[0] if wholly else bool(there & prepared[0])


def point_preview(plan: Plan) -> None:
    """The preview slots show the current revision, from its first available replica on: never an empty one."""
    current = plan.record.current
    if not plan.rollout.strategy.preview_service or current is None or plan.available(current) < 1:
        return
    moved = {action.layer for action in plan.actions if isinstance(action, Point)}
    for name, state in plan.layers:
        if state is None or state.preview is None or name in moved:
            continue
        memory = plan.record.layer(f"{name}/preview")
        if state.preview == current:
            if memory.on != current:
                plan.memorize(evolve(memory, on=current, converged_at=plan.now, off_since=None))
            continue
        if memory.on is not None or memory.off_since is None:
            plan.memorize(_off(plan, memory, drifted=memory.on == current))
        if addressable(plan, state, current) and _patient(plan, plan.record.layer(memory.name)):
            plan.act(Point(name, Slot.PREVIEW, current, state.token(Slot.PREVIEW)))


def _may_go_back(plan: Plan, name: str, state: RouterState, target: RevisionId) -> bool:
    memory = plan.record.layer(name)
    serving = _serving(plan, state.active, target)
    if serving and not isinstance(state.active, Everything) and not _patient(plan, memory):
        return False
    there, wanted = plan.available(target), max(plan.rollout.replicas, 1)
    if there >= BACK_AT_ONCE * wanted or not serving:
        return there > 0
    return there > 0 and plan.passed(memory.off_since or plan.now, BACK_AFTER_S)


def _serving(plan: Plan, shown: Shown, target: RevisionId) -> int:
    """How many replicas stand behind what a slot shows, other than the target's."""

    def others() -> list[RevisionState]:
        return [one for one in plan.revisions.values() if one.id != target]

    if isinstance(shown, Everything):
        return sum(one.available for one in others())
    return plan.available(shown) if isinstance(shown, str) else 0


def _patient(plan: Plan, memory: LayerMemory) -> bool:
    """Enough time has passed since an outsider's last edit: none at first, then twice as long each time."""
    if memory.heals < 2 or memory.off_since is None:
        return True
    return plan.passed(memory.off_since, min(2 ** (memory.heals - 2), HEAL_LIMIT_S))
