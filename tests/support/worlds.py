"""Builders: rollouts in one line, and a stage on which `decide` is played by hand, with no engine and no event loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import attrs
from attrs import evolve, field, frozen

from bluegreen.actions import Action, Cancel, Ensure, Forget, Measure, Point, Prepare, Retire, RunHook, Task
from bluegreen.backends.memory import World, over, revision_of
from bluegreen.decide import Decision, decide
from bluegreen.errors import BackendError, Conflict
from bluegreen.gates import Answer, CannotSay, No, OnDeadline, Release, Stage, Yes
from bluegreen.ports import Backend
from bluegreen.record import Degraded, Phase, Reason, Record
from bluegreen.snapshot import Key, LayerSeen, Observed, Outcome, Shown, Snapshot, Unobserved
from bluegreen.spec import BlueGreen, RevisionId, Rollout, RolloutPolicy, RouterSpec
from bluegreen.testing.simulator.process import START as START

T = TypeVar("T")
P = TypeVar("P", bound=Phase)
A = TypeVar("A", bound=Action)

_STRATEGY = {one.name for one in attrs.fields(BlueGreen)}
_POLICY = {one.name for one in attrs.fields(RolloutPolicy)}


def template(image: str) -> dict[str, Any]:
    """The pod template of an image."""
    return {"spec": {"containers": [{"name": "main", "image": image}]}}


def rev(image: str) -> RevisionId:
    """The revision that the image's template makes on the memory backend."""
    return revision_of(template(image))


V1, V2, V3, V4 = rev("v1"), rev("v2"), rev("v3"), rev("v4")


def rollout(image: str = "v1", *, layers: Iterable[str] = ("edge",), **fields: Any) -> Rollout:
    """A rollout of two replicas; any field of Rollout, BlueGreen or RolloutPolicy by its name."""
    strategy: dict[str, Any] = {"active_service": "shop"}
    policy: dict[str, Any] = {"routers": tuple(RouterSpec(name=name) for name in layers)}
    own: dict[str, Any] = {"name": "shop", "template": template(image), "replicas": 2}
    for name, value in fields.items():
        (strategy if name in _STRATEGY else policy if name in _POLICY else own)[name] = value
    return Rollout(strategy=BlueGreen(**strategy), policy=RolloutPolicy(**policy), **own)


def changed(old: Rollout, **fields: Any) -> Rollout:
    """The same rollout with other fields, wherever they live."""
    strategy = {name: value for name, value in fields.items() if name in _STRATEGY}
    policy = {name: value for name, value in fields.items() if name in _POLICY}
    own = {name: value for name, value in fields.items() if name not in _STRATEGY | _POLICY}
    return evolve(old, strategy=evolve(old.strategy, **strategy), policy=evolve(old.policy, **policy), **own)


NOT_YET = CannotSay("not yet")


@frozen
class Says:
    """A gate that answers whatever `says` answers: a constant, or a function of the release and the moment."""

    name: str
    says: Answer | Callable[[Release, datetime], Answer] = NOT_YET
    stage: Stage = Stage.PRE_PROMOTION
    deadline_seconds: int | None = None
    on_deadline: OnDeadline = OnDeadline.HOLD

    def answer(self, release: Release, now: datetime) -> Answer:
        """What it was made to say."""
        return self.says(release, now) if callable(self.says) else self.says


@frozen
class Does:
    """A gate that asks for its tasks, and says yes when all of them have ended well, no when one has not."""

    name: str
    tasks: Callable[[Release], tuple[Task, ...]]
    stage: Stage = Stage.PRE_PROMOTION
    deadline_seconds: int | None = None
    on_deadline: OnDeadline = field(default=OnDeadline.HOLD)

    def answer(self, release: Release, now: datetime) -> Answer:
        """Yes, no, or the work that is left."""
        tasks = self.tasks(release)
        ended = {one.key: one for one in release.outcomes}
        bad = [one for key, one in ended.items() if one.error and key in {task.key for task in tasks}]
        if bad:
            return No(bad[0].error)
        left = tuple(task for task in tasks if task.key not in ended)
        return CannotSay(f"waits for {len(left)}", tasks=left) if left else Yes("all work ended well")


def measuring(release: Release) -> tuple[Task, ...]:
    """One measurement of `errors` at the provider `numbers`."""
    key = Key(release.revision, release.attempt, "check", "errors")
    return (Measure(key, "numbers", {"of": "errors"}),)


def hooking(release: Release) -> tuple[Task, ...]:
    """One hook, a migration."""
    return (RunHook(Key(release.revision, release.attempt, "migrate"), {"command": ["migrate"]}),)


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that waits for nothing (each port of an unscripted memory world), without a loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waited")


class Play:
    """A rollout on a memory world, decided and carried out step by step; time moves only when told.

    `record`, `rollout` and the world may be changed at will between steps. `alter` changes each look before it is
    decided on. Actions that lost to another write are in `conflicts`, those that failed in `refused`.
    """

    def __init__(self, declared: Rollout | None = None, *, world: World | None = None, **fields: Any) -> None:
        self.rollout = declared or rollout(**fields)
        self.seconds = 0.0
        self.world = world or World(self.rollout, clock=lambda: self.seconds)
        self.backend: Backend = over(self.world)
        self.record: Record | None = None
        self.born = self.now
        self.outcomes: list[Outcome] = []
        self.running: set[Key] = set()
        self.alter: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot
        self.conflicts: list[Action] = []
        self.refused: list[Action] = []
        self._blind: dict[str, datetime] = {}

    @property
    def now(self) -> datetime:
        """The present moment."""
        return START + timedelta(seconds=self.seconds)

    @property
    def memory(self) -> Record:
        """The record, which is there."""
        assert self.record is not None
        return self.record

    # Looking.

    def look(self) -> Snapshot:
        """The whole world as it is now."""
        layers = tuple(LayerSeen(one.name, self._see(one.name, one.observe())) for one in self.backend.routers)
        workloads = self._see("workloads", self.backend.workloads.observe(self.rollout))
        return self.alter(
            Snapshot(workloads, layers, self.born, outcomes=tuple(self.outcomes), running=frozenset(self.running))
        )

    def _see(self, what: str, reading: Coroutine[Any, Any, T]) -> Observed[T] | Unobserved:
        try:
            value = at_once(reading)
        except BackendError as error:
            return Unobserved(self._blind.setdefault(what, self.now), str(error))
        self._blind.pop(what, None)
        return Observed(value, self.now)

    # Deciding and acting.

    def decide(self) -> Decision:
        """What would be decided now. Changes nothing."""
        return decide(self.rollout, self.record, self.look(), self.now)

    def step(self, *, act: bool = True) -> Decision:
        """One look, decide, save, and (unless the engine dies first) act."""
        decision = self.decide()
        self.record = decision.record
        self.outcomes.clear()
        for action in decision.actions if act else ():
            self.perform(action)
        return decision

    def perform(self, action: Action) -> None:
        """Carries one action out, early or late."""
        try:
            self._perform(action)
        except Conflict:
            self.conflicts.append(action)
        except BackendError:
            self.refused.append(action)

    def _perform(self, action: Action) -> None:
        workloads = self.backend.workloads
        routers = {one.name: one for one in self.backend.routers}
        match action:
            case Ensure(revision, replicas):
                at_once(workloads.ensure(self.rollout, revision, replicas))
            case Retire(revision, version, replicas):
                at_once(workloads.retire(revision, if_version=version, replicas=replicas))
            case Forget(revision, version):
                at_once(workloads.forget(revision, if_version=version))
            case Prepare(layer, targets):
                at_once(routers[layer].prepare(targets))
            case Point(layer, slot, revision, version):
                at_once(routers[layer].point(slot, revision, if_version=version))
            case Measure(key) | RunHook(key):
                self.running.add(key)
            case Cancel(key):
                self.finish(key, error="cancelled")

    def finish(self, key: Key, value: Any = None, *, error: str = "") -> None:
        """A measurement or hook has ended; its outcome is in the next look."""
        self.running.discard(key)
        self.outcomes.append(Outcome(key, self.now, self.now, value, error=error))

    def settle(self) -> Decision:
        """Steps until nothing more happens at this moment."""
        for _ in range(40):
            before, failed = self.record, len(self.refused)
            decision = self.step()
            if decision.record == before and len(decision.actions) == len(self.refused) - failed:
                return decision
        raise AssertionError(f"it never comes to rest: {self.decide().actions} {self.memory.phase}")

    def stall(self, kind: type[A], within: float = 0.0) -> list[A]:
        """Goes on until actions of this kind are saved, and does not carry these out: they may still come, late."""
        end = self.seconds + within
        while True:
            before = self.record
            decision = self.step(act=False)
            held: list[A] = [action for action in decision.actions if isinstance(action, kind)]
            for action in decision.actions:
                if not isinstance(action, kind):
                    self.perform(action)
            if held:
                return held
            if decision.record == before and not decision.actions:
                assert self.seconds < end, f"no {kind.__name__} came"
                self.seconds = min(self.seconds + 1, end)

    def go(self, seconds: float = 0.0) -> Decision:
        """Lets so many seconds pass, deciding whenever something is due or has changed."""
        end = self.seconds + seconds
        while True:
            decision = self.settle()
            due = [self.seconds + 1] if decision.actions else []  # they were refused
            due += [(decision.wake_at - START).total_seconds()] if decision.wake_at else []
            due += [change for what in ("workloads", *self.world.layers) if (change := self.world._next_change(what))]
            if min(due, default=end + 1) > end:
                self.seconds = end
                return self.settle()
            self.seconds = max(min(due), self.seconds)

    # What people and others do.

    def apply(self, image: str | None = None, **fields: Any) -> None:
        """Declares another image, or other fields."""
        self.rollout = changed(self.rollout, **fields)
        if image is not None:
            self.rollout = self.rollout.with_image(image)

    def command(self, command: Callable[..., Record], *args: Any, **options: Any) -> None:
        """A command on the record, by ann: `play.command(commands.abort)`; for the current revision unless named."""
        revision = args[0] if args else self.memory.current
        self.record = command(self.memory, revision, "ann", self.now, **options)

    def restart(self) -> None:
        """Another process goes on from the record."""
        self.born = self.now
        self.running.clear()
        self.outcomes.clear()

    # What a test asks.

    def live(self) -> Mapping[str, Shown]:
        """What each layer's active slot shows."""
        return self.world.live()

    def wanted(self) -> dict[RevisionId, int]:
        """How many replicas each revision that has any was asked for."""
        return {one.id: one.wanted for one in self.world.revisions.values() if one.wanted}

    def phase(self, kind: type[P]) -> P:
        """The phase, which is of this kind."""
        phase = self.memory.phase
        assert isinstance(phase, kind), phase
        return phase

    @property
    def reason(self) -> Reason:
        """Why it is Degraded."""
        return self.phase(Degraded).reason

    def did(self, what: str) -> bool:
        """The history tells of this."""
        return any(entry.what == what for entry in self.memory.history)


def healthy(**fields: Any) -> Play:
    """A rollout that was first deployed, with nothing left to do."""
    play = Play(**fields)
    play.go(60)
    return play


def released(**fields: Any) -> Play:
    """v1, then v2 live and Healthy; v1 is retained and its window is about to open."""
    play = healthy(**fields)
    play.apply("v2")
    play.go(3)
    return play
