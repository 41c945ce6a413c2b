"""A rollout as people ask to see it: the record and one look at the world, side by side.

Of a pod template only the images are shown. What else it holds (environment, arguments) may be secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
from attrs import frozen

from bluegreen.cli.measured import GateView, gates_in
from bluegreen.record import Paused, Progressing, Promoting, Record
from bluegreen.snapshot import LayerSeen, Nothing, Observed, RevisionState, Shown, Snapshot, Unobserved, WorkloadsState
from bluegreen.spec import JSON, Rollout


@frozen
class LayerView:
    """One traffic layer. `active` and `preview` are a revision's identifier or words; `error`: it could not be seen."""

    name: str
    active: str = ""
    preview: str | None = None
    converged: bool = False
    probed: bool = False
    drained: bool = True
    note: str = ""
    error: str = ""


@frozen
class RevisionView:
    """One revision. `roles` are of `stable`, `current`, `previous`; `live_on` names the layers whose live traffic it
    has.

    `retires_at` is when a retained revision may go at the earliest; None when it is not retained, or its clock stands.
    """

    id: str
    ordinal: int
    images: tuple[str, ...]
    replicas: int
    available: int
    ready: int
    roles: tuple[str, ...]
    live_on: tuple[str, ...]
    preview_on: tuple[str, ...]
    retained: bool
    retires_at: datetime | None
    addresses: tuple[str, ...]
    reasons: tuple[str, ...]


@frozen
class View:
    """One rollout at one moment. `until` is when the present phase ends by itself at the latest, if that is known.

    `gate` is the one that is waited for, before the promotion or after it; `gates` are all of this attempt's so far.

    `declared` is the revision that is wanted; it differs from `current` until its release has begun. `driver` is the
    process that drives the rollout, None when nobody does.
    """

    name: str
    namespace: str
    at: datetime
    driver: int | None
    phase: str
    reason: str
    gate: str
    message: str
    since: datetime | None
    until: datetime | None
    attempt: int
    declared: str | None
    current: str | None
    stable: str | None
    previous: str | None
    paused: bool
    wanted: int
    layers: tuple[LayerView, ...]
    revisions: tuple[RevisionView, ...]
    workloads_error: str
    troubles: tuple[str, ...]
    gates: tuple[GateView, ...] = ()

    def words(self, revision: str | None) -> str:
        """A revision as people say it: `revision 2 (3f2a91c0de)`."""
        for one in self.revisions:
            if one.id == revision:
                return f"revision {one.ordinal} ({one.id})"
        return f"revision {revision}" if revision else "nothing"

    def data(self) -> dict[str, JSON]:
        """The view as JSON values; times are ISO 8601."""
        own = attrs.filters.exclude(attrs.fields(View).gates)
        data: dict[str, JSON] = attrs.asdict(self, filter=own, value_serializer=_plain)
        return {**data, "gates": [one.data() for one in self.gates]}

    @property
    def waits_for_a_person(self) -> bool:
        """Nothing goes on by itself: it is paused, or all of its traffic has moved and something was found to look at.

        A gate may be waiting for work of its own instead, which a look does not show.
        """
        waits = self.phase == Paused.__name__ or (self.phase == Promoting.__name__ and bool(self.reason))
        return waits and self.until is None


def view_of(rollout: Rollout, record: Record | None, snapshot: Snapshot, now: datetime, driver: int | None) -> View:
    """What a look shows of a rollout. `record` None: nothing is remembered yet."""
    phase = record.phase if record else None
    seen = snapshot.workloads
    state = seen.value if isinstance(seen, Observed) else None
    layers = tuple(_layer(one) for one in snapshot.layers)
    return View(
        name=rollout.name,
        namespace=rollout.namespace,
        at=now,
        driver=driver,
        phase=type(phase).__name__ if phase else "Unknown",
        reason=str(getattr(phase, "reason", None) or ""),
        gate=phase.gate if isinstance(phase, Paused | Promoting) else "",
        message=phase.message if phase else "nothing is recorded yet",
        since=phase.since if phase else None,
        until=_until(rollout, record),
        attempt=record.attempt if record else 0,
        declared=state.template if state else None,
        current=record.current if record else None,
        stable=record.stable if record else None,
        previous=record.previous if record else None,
        paused=rollout.paused,
        wanted=rollout.replicas,
        layers=layers,
        revisions=_revisions(state, record, layers),
        workloads_error=seen.error if isinstance(seen, Unobserved) else "",
        troubles=tuple(f"{one.what}: {one.error}" for one in snapshot.troubles),
        gates=gates_in(record),
    )


def images_of(template: Mapping[str, JSON] | None) -> tuple[str, ...]:
    """The images of a pod template, in its order."""
    containers = (template or {}).get("spec", {}).get("containers", ())
    return tuple(str(one.get("image", "")) for one in containers if one.get("image"))


def _plain(_instance: type, _field: Any, value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _until(rollout: Rollout, record: Record | None) -> datetime | None:
    match record.phase if record else None:
        case Paused(until=until) | Promoting(until=until):
            return until
        case Progressing(progressed_at=datetime() as at):
            return at + timedelta(seconds=rollout.progress_deadline_seconds)
        case _:
            return None


def _layer(layer: LayerSeen) -> LayerView:
    if isinstance(layer.seen, Unobserved):
        return LayerView(layer.name, error=layer.seen.error)
    state = layer.seen.value
    return LayerView(
        layer.name,
        _shown(state.active),
        _shown(state.preview) if state.preview is not None else None,
        state.converged,
        state.probed,
        state.drained,
        state.note,
    )


def _shown(shown: Shown) -> str:
    if isinstance(shown, str):
        return shown
    if isinstance(shown, Nothing):
        return "nothing"
    return f"something foreign: {what}" if (what := getattr(shown, "what", "")) else "every revision at once"


def _revisions(
    state: WorkloadsState | None, record: Record | None, layers: tuple[LayerView, ...]
) -> tuple[RevisionView, ...]:
    known = sorted(state.revisions, key=lambda one: one.ordinal, reverse=True) if state else []
    return tuple(_revision(one, record, layers) for one in known)


def _revision(state: RevisionState, record: Record | None, layers: tuple[LayerView, ...]) -> RevisionView:
    named = (("stable", record.stable), ("current", record.current), ("previous", record.previous)) if record else ()
    kept = next((one for one in record.retained if one.revision == state.id), None) if record else None
    clocked = kept is not None and kept.since is not None and kept.delay_s is not None
    return RevisionView(
        id=state.id,
        ordinal=state.ordinal,
        images=images_of(state.template),
        replicas=state.replicas,
        available=state.available,
        ready=state.ready,
        roles=tuple(role for role, revision in named if revision == state.id),
        live_on=tuple(one.name for one in layers if one.active == state.id),
        preview_on=tuple(one.name for one in layers if one.preview == state.id),
        retained=kept is not None,
        retires_at=kept.since + timedelta(seconds=kept.delay_s or 0) if clocked and kept and kept.since else None,
        addresses=state.addresses,
        reasons=state.reasons,
    )


def summary(view: View) -> str:
    """The rollout in one line."""
    live = sorted({one.active for one in view.layers if not one.error})
    where = ", ".join(view.words(one) if one == view.stable or _known(view, one) else one for one in live)
    why = f" ({view.reason})" if view.reason else ""
    message = f": {view.message}" if view.message else ""
    return f"{view.name}: {view.phase}{why}; live traffic on {where or 'nothing seen'}{message}"


def _known(view: View, revision: str) -> bool:
    return any(one.id == revision for one in view.revisions)
