"""Acting: carrying a saved decision out, and holding back what failed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import assert_never

from attrs import frozen

from bluegreen.actions import Action, Cancel, Ensure, Forget, Measure, Point, Prepare, Retire, RunHook
from bluegreen.engine.clock import Clock
from bluegreen.engine.events import Acted, Acting, Dropped, Failed, Observer
from bluegreen.engine.faults import is_permanent, words_of
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import BackendError, Conflict
from bluegreen.ports import Backend, Router
from bluegreen.snapshot import Trouble
from bluegreen.spec import Rollout

FRESH_S = 5.0
"""An action that has not begun so long after its save is dropped."""
ACT_TIMEOUT_S, PREPARE_TIMEOUT_S = 10.0, 30.0
"""So long a write may take (a layer may be slow to prepare). It holds up what is decided next, an abort included."""
TIMER_S = 0.001
"""No wait for what failed is shorter than this."""
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 15.0


@frozen
class _Setback:
    trouble: Trouble
    times: int
    again_at_s: float


class Actor:
    """Carries decisions out. What failed is held back for a growing while, and reported as `troubles`."""

    def __init__(self, backend: Backend, clock: Clock, tasks: Tasks, emit: Observer) -> None:
        self._backend = backend
        self._clock = clock
        self._tasks = tasks
        self._emit = emit
        self._setbacks: dict[str, _Setback] = {}

    def troubles(self) -> tuple[Trouble, ...]:
        """The actions that failed when they were last tried."""
        return tuple(one.trouble for one in self._setbacks.values())

    def again_in_s(self) -> float | None:
        """Seconds until the first of what failed may be tried again; None when nothing failed."""
        times = [one.again_at_s for one in self._setbacks.values()]
        left_s = min(times) - self._clock.lived_s() if times else 0.0
        if left_s > 0:  # not yet: timers are coarser than clocks, and one that rings too early is set again and again
            left_s = max(left_s, TIMER_S)
        return max(left_s, 0.0) if times else None

    async def carry_out(self, rollout: Rollout, actions: tuple[Action, ...], saved_at_s: float) -> bool:
        """Begins every action; those on different objects side by side. Says whether one lost to somebody else's write.

        `saved_at_s` is when their record was saved, on this clock. A failure is held in `troubles`, never raised.
        """
        groups: dict[str, list[Action]] = {}
        for action in actions:
            groups.setdefault(_object(action), []).append(action)
        self._setbacks = {what: one for what, one in self._setbacks.items() if what in {_words(a) for a in actions}}
        if len(groups) == 1:
            return await self._in_turn(rollout, actions, saved_at_s)
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._in_turn(rollout, tuple(g), saved_at_s)) for g in groups.values()]
        return any(task.result() for task in running)

    async def _in_turn(self, rollout: Rollout, actions: tuple[Action, ...], saved_at_s: float) -> bool:
        lost = [await self._one(rollout, action, saved_at_s) for action in actions]
        return any(lost)

    async def _one(self, rollout: Rollout, action: Action, saved_at_s: float) -> bool:
        what = _words(action)
        setback = self._setbacks.get(what)
        age_s = self._clock.lived_s() - saved_at_s
        if age_s > FRESH_S:
            self._emit(Dropped(action, age_s, "its decision is too old"))
            return True
        if setback and self._clock.lived_s() < setback.again_at_s:
            self._emit(Dropped(action, age_s, f"it failed: {setback.trouble.error}"))
            return False
        self._emit(Acting(action))
        try:
            async with asyncio.timeout(_timeout_s(action)):
                await self._perform(rollout, action)
        except Conflict as conflict:
            self._emit(Failed(what, conflict, 0.0, action))
            return True
        except Exception as error:
            self._set_back(what, action, error, setback)
            return False
        self._setbacks.pop(what, None)
        self._emit(Acted(action))
        return False

    def _set_back(self, what: str, action: Action, error: Exception, before: _Setback | None) -> None:
        times = before.times + 1 if before else 1
        asked = error.retry_after_s if isinstance(error, BackendError) else None
        wait_s = asked if asked is not None else min(FIRST_RETRY_S * 2 ** min(times - 1, 10), LAST_RETRY_S)
        since: datetime = before.trouble.since if before else self._clock.now()
        trouble = Trouble(what, words_of(error, _timeout_s(action)), since, permanent=is_permanent(error))
        self._setbacks[what] = _Setback(trouble, times, self._clock.lived_s() + wait_s)
        self._emit(Failed(what, error, wait_s, action))

    async def _perform(self, rollout: Rollout, action: Action) -> None:
        workloads = self._backend.workloads
        match action:
            case Ensure(revision, replicas):
                await workloads.ensure(rollout, revision, replicas)
            case Retire(revision, if_version, replicas):
                await workloads.retire(revision, if_version=if_version, replicas=replicas)
            case Forget(revision, if_version):
                await workloads.forget(revision, if_version=if_version)
            case Prepare(layer, targets):
                await self._router(layer).prepare(targets)
            case Point(layer, slot, revision, if_version):
                await self._router(layer).point(slot, revision, if_version=if_version)
            case Measure() | RunHook():
                self._tasks.start(action)
            case Cancel():
                await self._tasks.cancel(action)
            case _:
                assert_never(action)

    def _router(self, name: str) -> Router:
        return next(router for router in self._backend.routers if router.name == name)


def _timeout_s(action: Action) -> float:
    return PREPARE_TIMEOUT_S if isinstance(action, Prepare) else ACT_TIMEOUT_S


def _object(action: Action) -> str:
    match action:
        case Prepare() | Point():
            return f"layer {action.layer}"
        case Ensure() | Retire() | Forget():
            return f"revision {action.revision}"
        case Measure() | RunHook() | Cancel():
            return f"run {action.key.run}"
        case _:
            assert_never(action)


def _words(action: Action) -> str:
    """What an action asks for, without the token it carries: the name under which its failures are counted."""
    match action:
        case Ensure(revision, replicas):
            return f"ensure {replicas} replicas of revision {revision}"
        case Retire(revision, _, replicas):
            return f"scale revision {revision} down to {replicas}"
        case Forget(revision):
            return f"forget revision {revision}"
        case Prepare(layer):
            return f"prepare layer {layer}"
        case Point(layer, slot, revision):
            return f"point {slot} of layer {layer} at revision {revision}"
        case Measure(key) | RunHook(key) | Cancel(key):
            return f"{type(action).__name__.lower()} {key.run} {key.metric} {key.number} of attempt {key.attempt}"
        case _:
            assert_never(action)
