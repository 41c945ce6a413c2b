"""A world for the rules for `Workloads`, and calls on it that have to end well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from attrs import frozen

from bluegreen.errors import Conflict
from bluegreen.ports import Workloads
from bluegreen.snapshot import RevisionState, WorkloadsState
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing.conformance.calling import Calls, must


@frozen
class Stage:
    """A world of its own, the adapter on it, and what else the rules may do there; None where that cannot be done.

    `another` is a second adapter on the same world, as another engine has one. `fail` makes one available replica of a
    revision unavailable, be it for a moment; it comes back by itself. `scale` is somebody else's edit: so many
    replicas. While `cut` lasts the system cannot be reached.
    """

    workloads: Workloads
    another: Workloads | None = None
    fail: Callable[[RevisionId], Awaitable[None]] | None = None
    scale: Callable[[RevisionId, int], Awaitable[None]] | None = None
    cut: Callable[[], AbstractAsyncContextManager[None]] | None = None


@frozen
class Case:
    """How to make a fresh world, and what may run there.

    `rollouts` are one rollout with three templates, whose replicas become available by themselves; the rules run three
    of each at most. Each call, and whatever has to come true, may take `limit_s` seconds. `unknown_version` looks like
    a version of this system and was never given out; None: only versions that were are tried, for a system may call
    another malformed.
    """

    make: Callable[[], AbstractAsyncContextManager[Stage]]
    rollouts: tuple[Rollout, Rollout, Rollout]
    limit_s: float = 10
    unknown_version: str | None = None


class On:
    """A stage, and calls on it that have to end well."""

    def __init__(self, stage: Stage, case: Case) -> None:
        self.stage = stage
        self.adapter = stage.workloads
        self.a, self.b, self.c = case.rollouts
        self.calls = Calls(case.limit_s)
        self.unknown = () if case.unknown_version is None else (case.unknown_version,)

    async def look(self, rollout: Rollout | None = None, by: Workloads | None = None) -> WorkloadsState:
        """What a look shows; by the adapter on trial, unless another is given."""
        return await self.calls.done((by or self.adapter).observe(rollout or self.a), "observe")

    async def name(self, rollout: Rollout) -> RevisionId:
        """The name of the revision that the rollout's template makes."""
        return (await self.look(rollout)).template

    async def seen(self, rollout: Rollout, by: Workloads | None = None) -> RevisionState:
        """The revision that the rollout's template makes, which has to be there."""
        state = await self.look(rollout, by)
        found = [one for one in state.revisions if one.id == state.template]
        must(len(found) == 1, f"revision {state.template} was made, and observe shows it {len(found)} times")
        return found[0]

    async def ensure(self, rollout: Rollout, replicas: int, by: Workloads | None = None) -> RevisionState:
        """The revision as it is after that."""
        name = await self.name(rollout)
        await self.calls.done((by or self.adapter).ensure(rollout, name, replicas), f"ensure {replicas} replicas")
        return await self.seen(rollout)

    async def retire(self, rollout: Rollout, replicas: int) -> RevisionState:
        """The revision as it is after that."""
        now = await self.seen(rollout)
        lowered = self.adapter.retire(now.id, if_version=now.version, replicas=replicas)
        await self.calls.done(lowered, f"retire to {replicas} replicas")
        return await self.seen(rollout)

    async def gone(self, rollout: Rollout) -> None:
        """The revision is retired, and forgotten as soon as its replicas have left."""
        await self.retire(rollout, 0)
        name = await self.name(rollout)

        async def forgotten() -> bool:
            left = [one for one in (await self.look()).revisions if one.id == name]
            try:
                for one in left:
                    await self.adapter.forget(name, if_version=one.version)
            except Conflict:
                return False
            return not left

        await self.calls.until(forgotten, "a revision without replicas can be forgotten")

    async def comes(self, rollout: Rollout, available: int) -> RevisionState:
        """The revision as soon as so many of its replicas are available."""

        async def there() -> bool:
            return (await self.seen(rollout)).available == available

        await self.calls.until(there, f"{available} replicas are available")
        return await self.seen(rollout)


def replicas(state: RevisionState, wanted: int, when: str) -> None:
    """Raises `Violation` unless the revision has so many replicas."""
    must(state.replicas == wanted, f"{when} a revision has {wanted} replicas, and observe shows {state.replicas}")
