"""What lies between one process and the world: each call can be held up, refused, lost on its way back, or deadly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from attrs import define, field

from bluegreen.actions import Action
from bluegreen.backends.memory import NEVER
from bluegreen.engine.rest import watched
from bluegreen.errors import BackendError, BluegreenError
from bluegreen.ports import Backend, Hooks, MetricProvider, NoData, Reading, Records, Router, Stored, Workloads
from bluegreen.record import Record
from bluegreen.snapshot import Key, Outcome, RouterState, Slot, Target, WorkloadsState
from bluegreen.spec import JSON, RevisionId, Rollout

T = TypeVar("T")
P = TypeVar("P")


@define
class Wire:
    """What goes wrong between one process and the world; every part of it may be changed at any moment.

    `stalls` hold up the next call whose name has these words in it, for so many seconds or until `released`; `deadly`
    and `deadly_after` kill the process before, or right after, the so-manieth such call. `cut` are the parts that
    cannot be reached, `refused` the calls that the world refuses, `lost` those of which no reply comes back, each so
    many times. `through` is who lets calls pass, where they do not pass by themselves: it gets a call's name, and makes
    it when its time has come.
    With `dead` nothing passes any more. A write that is held up when its engine gives it up, or dies, still lands,
    late: then `landed` is told which action it was, as `acting` said when it was made.
    """

    note: Callable[[str], None]
    die: Callable[[], None]
    stalls: list[tuple[str, float]] = field(factory=list[tuple[str, float]])
    deadly: list[tuple[str, int]] = field(factory=list[tuple[str, int]])
    deadly_after: list[tuple[str, int]] = field(factory=list[tuple[str, int]])
    lost: list[tuple[str, int]] = field(factory=list[tuple[str, int]])
    refused: list[tuple[str, int]] = field(factory=list[tuple[str, int]])
    cut: set[str] = field(factory=set[str])
    released: asyncio.Event = field(factory=asyncio.Event)
    through: Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]] | None = None
    dead: bool = False
    acting: Callable[[], Action | None] = lambda: None
    landed: Callable[[Action], None] = lambda _: None
    _late: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]])

    async def call(self, name: str, do: Callable[[], Awaitable[T]]) -> T:
        """Carries one call over. Raises what the call raises, and `BackendError` for what does not come through."""
        if self.dead:  # a process that was killed makes no call, even if nothing made it wait since
            await asyncio.sleep(NEVER)
        if self.through is not None:
            passed: T = await self.through(name, lambda: self._carried(name, do))
            return passed
        return await self._carried(name, do)

    async def _carried(self, name: str, do: Callable[[], Awaitable[T]]) -> T:
        if not (self.deadly or self.stalls or self.cut or self.refused or self.deadly_after or self.lost):
            return await do()  # as nearly always
        if due(self.deadly, name):
            await self._end()
        await self._stalled(name, do)
        if any(name.startswith(f"{part} ") for part in self.cut):
            raise BackendError(f"{name}: connection refused")
        if self.refused and _counted_down(self.refused, name):
            self.note(f"is refused {name}")
            raise BackendError(f"{name}: refused")
        result = await do()
        if due(self.deadly_after, name):
            await self._end()
        if self.lost and _counted_down(self.lost, name):
            self.note(f"hears nothing of {name}")
            raise BackendError(f"{name}: the connection broke before an answer came")
        return result

    def mend(self) -> None:
        """Nothing goes wrong any more, and what is held up goes on."""
        for one in (self.stalls, self.deadly, self.deadly_after, self.lost):
            one.clear()
        self.cut.clear()
        self.released.set()

    async def _end(self) -> None:
        self.die()
        await asyncio.sleep(NEVER)

    async def _stalled(self, name: str, do: Callable[[], Awaitable[Any]]) -> None:
        for stall in [one for one in self.stalls if one[0] in name][:1]:
            self.stalls.remove(stall)
            self.note(f"stalls before {name} for {stall[1]:g} s")
            action, holding = self.acting(), asyncio.create_task(self._held(stall[1]))
            try:
                await asyncio.shield(holding)
            except asyncio.CancelledError:
                if name.endswith(_WRITES):
                    late = asyncio.create_task(self._lands(holding, name, do, action))
                    self._late.add(late)
                    late.add_done_callback(self._late.discard)
                else:
                    holding.cancel()
                raise

    async def _held(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.released.wait()
        except TimeoutError:
            pass

    async def _lands(
        self, holding: asyncio.Task[None], name: str, do: Callable[[], Awaitable[Any]], action: Action | None
    ) -> None:
        await holding
        try:
            await do()
        except BluegreenError as error:
            self.note(f"comes too late with {name}: {error}")
            return
        if action is not None:
            self.landed(action)  # first: whatever is told before it counts as somebody else's doing
        self.note(f"has made {name}, late")


_WRITES = (" point", " prepare", " ensure", " retire", " forget")


def due(waiting: list[tuple[str, int]], name: str) -> bool:
    """Whether this is the so-manieth of something that is waited for; it is waited for no more then."""
    for index, (part, times) in enumerate(waiting):
        if part in name:
            if times <= 1:
                del waiting[index]
                return True
            waiting[index] = (part, times - 1)
    return False


def _counted_down(left: list[tuple[str, int]], name: str) -> bool:
    for index, (part, times) in enumerate(left):
        if part in name:
            left[index : index + 1] = [(part, times - 1)] if times > 1 else []
            return True
    return False


def wired(backend: Backend, wire: Wire) -> Backend:
    """The backend, as the process at the other end of this wire has it."""
    return Backend(
        WiredWorkloads(backend.workloads, wire, "workloads"),
        tuple(WiredRouter(one, wire, f"layer {one.name}") for one in backend.routers),
        WiredRecords(backend.records, wire, "records"),
        {name: WiredMetrics(one, wire, name) for name, one in backend.metrics.items()},
        WiredHooks(backend.hooks, wire) if backend.hooks is not None else None,
        backend.secrets,
    )


@define
class _Watching(Generic[P]):
    """What every port that can be watched shares: of a part that cannot be reached nothing is heard."""

    inner: P
    wire: Wire
    what: str

    async def changed(self) -> None:
        """Returns when the port says so; fails for a part that cannot be reached, as its calls do."""
        assert watched(self.inner)
        await self.wire.call(f"{self.what} changed", self.inner.changed)


@define
class WiredWorkloads(_Watching[Workloads]):
    """Workloads at the other end of a wire."""

    async def observe(self, rollout: Rollout) -> WorkloadsState:
        """See `Workloads`."""
        return await self.wire.call("workloads observe", lambda: self.inner.observe(rollout))

    async def ensure(self, rollout: Rollout, revision: RevisionId, replicas: int) -> None:
        """See `Workloads`."""
        await self.wire.call("workloads ensure", lambda: self.inner.ensure(rollout, revision, replicas))

    async def retire(self, revision: RevisionId, *, if_version: str, replicas: int = 0) -> None:
        """See `Workloads`."""
        await self.wire.call(
            "workloads retire", lambda: self.inner.retire(revision, if_version=if_version, replicas=replicas)
        )

    async def forget(self, revision: RevisionId, *, if_version: str) -> None:
        """See `Workloads`."""
        await self.wire.call("workloads forget", lambda: self.inner.forget(revision, if_version=if_version))


@define
class WiredRouter(_Watching[Router]):
    """A router at the other end of a wire."""

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.inner.name

    async def observe(self) -> RouterState:
        """See `Router`."""
        return await self.wire.call(f"{self.what} observe", self.inner.observe)

    async def prepare(self, targets: Collection[Target]) -> None:
        """See `Router`."""
        await self.wire.call(f"{self.what} prepare", lambda: self.inner.prepare(targets))

    async def point(self, slot: Slot, revision: RevisionId, *, if_version: str) -> None:
        """See `Router`."""
        await self.wire.call(f"{self.what} point", lambda: self.inner.point(slot, revision, if_version=if_version))


@define
class WiredRecords(_Watching[Records]):
    """Records at the other end of a wire."""

    async def load(self) -> Stored:
        """See `Records`."""
        return await self.wire.call("records load", self.inner.load)

    async def save(self, record: Record | None, rollout: Rollout | None, *, if_version: str) -> str:
        """See `Records`."""
        return await self.wire.call("records save", lambda: self.inner.save(record, rollout, if_version=if_version))


@define
class WiredMetrics:
    """A metric provider at the other end of a wire."""

    inner: MetricProvider
    wire: Wire
    name: str

    async def measure(self, query: Mapping[str, JSON]) -> JSON | NoData | Reading:
        """See `MetricProvider`."""
        return await self.wire.call(f"metrics {self.name} measure", lambda: self.inner.measure(query))


@define
class WiredHooks:
    """Hooks at the other end of a wire."""

    inner: Hooks
    wire: Wire

    async def start(self, key: Key, hook: Mapping[str, JSON]) -> None:
        """See `Hooks`."""
        await self.wire.call("hooks start", lambda: self.inner.start(key, hook))

    async def poll(self, key: Key) -> Outcome | None:
        """See `Hooks`."""
        return await self.wire.call("hooks poll", lambda: self.inner.poll(key))

    async def cancel(self, key: Key) -> None:
        """See `Hooks`."""
        await self.wire.call("hooks cancel", lambda: self.inner.cancel(key))
