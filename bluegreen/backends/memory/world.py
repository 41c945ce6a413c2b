"""A world in memory: revisions, layers and a record, with every promise of the ports kept exactly.

It is public, because a rollout policy can be tried out against it, and scriptable, because a policy has to be tried out
where things go wrong: see `World.before`, `fail`, `point_elsewhere`, `blind`, `refuse`.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import attrs
from attrs import define

from bluegreen.errors import BackendError
from bluegreen.ports import Stored
from bluegreen.record import Record
from bluegreen.snapshot import NOTHING, RevisionState, Shown, Slot, Target
from bluegreen.spec import JSON, RevisionId, Rollout

NEVER = float("inf")


def revision_of(template: Mapping[str, JSON]) -> RevisionId:
    """The name of the revision that a template makes: the same for the same template."""
    canonical = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return RevisionId(hashlib.sha256(canonical.encode()).hexdigest()[:10])


def _said_of(template: Mapping[str, JSON], known: Mapping[str, float], otherwise: float) -> float:
    """What is known of one of the template's images, or of the revision that it makes."""
    images = [str(one.get("image", "")) for one in template.get("spec", {}).get("containers", ())]
    names = [*images, revision_of(template)] if known else []
    return next((known[name] for name in names if name in known), otherwise)


@define
class Replica:
    """One replica: when it is ready (in the loop's seconds, `NEVER` for one that will not be), where it listens, and
    when it stops being ready for good."""

    ready_at: float
    address: str
    dies_at: float = NEVER

    def ready(self, now: float) -> bool:
        """It is ready now."""
        return self.ready_at <= now < self.dies_at


@define
class Revision:
    """A revision's replicas, and how new ones behave: ready after `ready_after_s`, `NEVER` for a bad build, and dead
    `dies_after_s` later."""

    id: RevisionId
    ordinal: int
    template: Mapping[str, JSON]
    version: str
    ready_after_s: float
    dies_after_s: float = NEVER
    wanted: int = 0
    replicas: list[Replica] = attrs.field(factory=list[Replica])


@define
class Layer:
    """A traffic layer. Its data plane follows a write after `converge_after_s`; `probed` as in `RouterState`."""

    name: str
    version: str
    active: Shown = NOTHING
    preview: Shown = NOTHING
    converge_after_s: float = 0.0
    converged_at: float = 0.0
    probed: bool = True
    needs_preparing: bool = True
    prepared: frozenset[Target] = frozenset()
    in_flight_until: float = 0.0
    drains_after_s: float = 0.0


class World:
    """Everything that the memory backend's adapters act on. Several engines may share one.

    `ready_after_s` is how long a new replica takes; `set_ready_after` says otherwise for one image. `before` is awaited
    before every port call, with the call's name (`"layer edge point"`, `"workloads observe"`, `"records save"`) and may
    delay or raise. Nothing here has any effect on another world.
    """

    def __init__(
        self, rollout: Rollout, *, ready_after_s: float = 0.0, clock: Callable[[], float] | None = None
    ) -> None:
        self._tokens = itertools.count(1)
        self._clock = clock
        self.ready_after_s = ready_after_s
        self.revisions: dict[RevisionId, Revision] = {}
        self.layers = {router.name: Layer(router.name, self.token()) for router in rollout.policy.routers}
        self.min_ready_seconds = rollout.min_ready_seconds
        self.stored = Stored(self.token())
        self.before: Callable[[str], Awaitable[None]] | None = None
        self.changes: Counter[str] = Counter()
        self._blind: dict[str, str] = {}
        self._refused: dict[str, int] = {}
        self._ready_after: dict[str, float] = {}
        self._dies_after: dict[str, float] = {}
        # In the order in which they came: that of a set of futures differs from one time to the next.
        self._waiting: dict[str, dict[asyncio.Future[None], None]] = {}

    # What the adapters use.

    def time(self) -> float:
        """Seconds, by the running loop's clock unless another was given."""
        return self._clock() if self._clock else asyncio.get_running_loop().time()

    def token(self) -> str:
        """A version that was never used before."""
        return f"v{next(self._tokens)}"

    def touch(self, what: str) -> None:
        """Tells whoever watches `"workloads"`, `"records"` or a layer's name that it changed."""
        self.changes[what] += 1
        for waiting in self._waiting.pop(what, {}):
            if not waiting.done():
                waiting.set_result(None)

    async def call(self, name: str) -> None:
        """The start of every port call: delays and faults happen here."""
        if self.before is not None:
            await self.before(name)
        what = name.rsplit(" ", 1)[0]
        if what in self._blind:
            raise BackendError(self._blind[what])
        if self._refused.get(name, 0):
            self._refused[name] -= 1
            raise BackendError(f"{name}: refused")

    async def changed(self, what: str, since: int) -> None:
        """Returns when it changed since then, also by time alone (a replica that becomes ready)."""
        if self.changes[what] != since:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(what, {})[waiting] = None
        due = self._next_change(what)
        try:
            if due is None:
                await waiting
                return
            async with asyncio.timeout(max(due - self.time(), 0.0)):
                await waiting
        except TimeoutError:
            self.changes[what] += 1
        finally:
            self._waiting.get(what, {}).pop(waiting, None)

    def _next_change(self, what: str) -> float | None:
        now, times = self.time(), list[float]()
        if what == "workloads":
            replicas = [one for rev in self.revisions.values() for one in rev.replicas]
            times = [at for one in replicas for at in (one.ready_at + self.min_ready_seconds, one.dies_at)]
        elif what in self.layers:
            times = [self.layers[what].converged_at, self.layers[what].in_flight_until]
        return min((at for at in times if now < at < NEVER), default=None)

    def new_replica(self, revision: Revision) -> Replica:
        """A replica that starts now, at an address of its own."""
        number = next(self._tokens)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:80"
        ready_at = self.time() + revision.ready_after_s
        return Replica(ready_at, address, ready_at + revision.dies_after_s)

    def available(self, revision: RevisionId) -> list[Replica]:
        """The replicas that count as available now."""
        rev = self.revisions.get(revision)
        now = self.time()
        limit = now - self.min_ready_seconds
        return [one for one in rev.replicas if one.ready_at <= limit and now < one.dies_at] if rev else []

    def state(self, revision: Revision) -> RevisionState:
        """The revision as a look shows it."""
        available, now = self.available(revision.id), self.time()
        return RevisionState(
            id=revision.id,
            ordinal=revision.ordinal,
            replicas=revision.wanted,
            available=len(available),
            version=revision.version,
            ready=sum(one.ready(now) for one in revision.replicas),
            addresses=tuple(sorted(one.address for one in available)),
            template=revision.template,
        )

    def ready_after(self, template: Mapping[str, JSON]) -> float:
        """How long a replica of this template takes to be ready."""
        return _said_of(template, self._ready_after, self.ready_after_s)

    def dies_after(self, template: Mapping[str, JSON]) -> float:
        """How long after that it stops being ready, for good."""
        return _said_of(template, self._dies_after, NEVER)

    # What a script uses.

    def set_ready_after(self, build: str, seconds: float) -> None:
        """Replicas of this image, or revision, take so long to be ready from now on; `NEVER`: it is a bad build."""
        self._ready_after[build] = seconds

    def set_dies_after(self, build: str, seconds: float) -> None:
        """Replicas of this image, or revision, stop being ready so long after they were, for good."""
        self._dies_after[build] = seconds

    def mend(self) -> None:
        """Nothing is hidden or refused any more, and what failed is ready, but for builds that never are."""
        for what in list(self._blind):
            self.see(what)
        self._refused.clear()
        for one in self.revisions.values():
            if one.ready_after_s < NEVER and any(replica.ready_at == NEVER for replica in one.replicas):
                self.recover(one.id)

    def fail(self, revision: RevisionId, count: int | None = None, *, for_s: float = NEVER) -> None:
        """So many replicas (default: all) stop being ready, for so long."""
        replicas = self.revisions[revision].replicas
        for one in replicas[: len(replicas) if count is None else count]:
            one.ready_at = self.time() + for_s
        self.touch("workloads")

    def recover(self, revision: RevisionId) -> None:
        """All replicas of the revision are ready now."""
        for one in self.revisions[revision].replicas:
            one.ready_at = self.time()
        self.touch("workloads")

    def point_elsewhere(self, layer: str, shown: Shown, *, slot: Slot = Slot.ACTIVE) -> None:
        """Somebody else edits a layer's slot."""
        self.show(layer, slot, shown)

    def show(self, layer: str, slot: Slot, shown: Shown) -> None:
        """Writes a slot: a new token, and a data plane that has yet to follow."""
        at = self.layers[layer]
        at.version = self.token()
        if slot is Slot.PREVIEW:
            at.preview = shown
        else:
            if at.active != shown:
                at.in_flight_until = self.time() + at.drains_after_s
            at.active = shown
            at.converged_at = self.time() + at.converge_after_s
        self.touch(layer)

    def scale_elsewhere(self, revision: RevisionId, replicas: int) -> None:
        """Somebody else scales a revision."""
        self.scale(self.revisions[revision], replicas)

    def scale(self, revision: Revision, replicas: int) -> None:
        """Gives a revision so many replicas, and a new token."""
        revision.wanted = replicas
        revision.version = self.token()
        while len(revision.replicas) < replicas:
            revision.replicas.append(self.new_replica(revision))
        del revision.replicas[replicas:]
        self.touch("workloads")

    def delete_elsewhere(self, revision: RevisionId) -> None:
        """Somebody else deletes a revision with all its replicas."""
        del self.revisions[revision]
        self.touch("workloads")

    def blind(self, what: str, error: str = "connection refused") -> None:
        """`"workloads"`, `"records"` or `"layer NAME"` fails every call until `see`."""
        self._blind[what] = error
        self.touch(what.removeprefix("layer "))

    def see(self, what: str) -> None:
        """Ends `blind`."""
        self._blind.pop(what, None)
        self.touch(what.removeprefix("layer "))

    def refuse(self, call: str, times: int = 1) -> None:
        """The next so many calls of this name fail: `"layer edge point"`, `"records save"`, `"workloads ensure"`."""
        self._refused[call] = self._refused.get(call, 0) + times

    # What a test asks.

    def live(self) -> dict[str, Shown]:
        """What each layer's active slot shows."""
        return {name: layer.active for name, layer in self.layers.items()}

    @property
    def record(self) -> Record | None:
        """The stored record."""
        return self.stored.record
