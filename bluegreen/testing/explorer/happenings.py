"""What happens without any engine: pods, layers that follow, time, people's commands, outsiders, and what is hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bluegreen import commands
from bluegreen.errors import IllegalCommand, StaleCommand
from bluegreen.record import Record
from bluegreen.testing.explorer.engines import Engines
from bluegreen.testing.explorer.memory import NOW
from bluegreen.testing.explorer.space import Space
from bluegreen.testing.explorer.states import EVERYTHING, NOTHING, WORKLOADS, Step, World
from bluegreen.testing.explorer.ways import noted

_COMMANDS: dict[str, Callable[..., Record]] = {
    "abort": commands.abort,
    "promote": commands.promote,
    "promote-full": commands.promote_full,
    "retry": commands.retry,
}


class Happenings:
    """The steps that no engine takes, for every world."""

    def __init__(self, space: Space, engines: Engines) -> None:
        self._space = space
        self._scope = space.scope
        self._names = space.scope.revisions
        self._engines = engines

    def steps(self, number: int) -> tuple[Step, ...]:
        """All that may happen now."""
        world = self._space.worlds.things[number]
        return tuple(self._steps(world))

    def _steps(self, world: World) -> Iterator[Step]:
        yield from self._pods(world)
        yield from self._following(world)
        yield from self._time(world)
        yield from self._engines.late(world)
        yield from self._people(world)
        if self._scope.outsiders:
            yield from self._outsiders(world)
        if self._scope.blind:
            yield from self._hiding(world)

    def _step(self, label: str, before: World, after: World, part: int, *, cost: str = "", rewritten: int = 0) -> Step:
        event = self._space.changed(before, after, part, rewritten)
        return Step(label, self._space.worlds.number(after), -1, event, self._space.cost[cost])

    def _pods(self, world: World) -> Iterator[Step]:
        for number, work in enumerate(world.works):
            if work is None:
                continue
            name, (wanted, available) = self._names[number], work
            if available < wanted:
                after = _with_work(world, number, (wanted, available + 1))
                yield self._step(f"pods of {name} become ready 1", world, after, WORKLOADS)
            for fewer in range(available if self._scope.pod_failures else 0):
                after = _with_work(world, number, (wanted, fewer))
                words = f"pods of {name} fail {available - fewer}"
                yield self._step(words, world, after, WORKLOADS, cost="fail")

    def _following(self, world: World) -> Iterator[Step]:
        for number, layer in enumerate(world.layers):
            if not layer.converged:
                after = _with_layer(world, number, layer._replace(converged=True))
                yield self._step(f"{self._scope.layers[number]} follows", world, after, number + 1)

    def _time(self, world: World) -> Iterator[Step]:
        if world.core:
            wake_s = self._space.verdict(world).wake_s
            if wake_s:
                yield self._engines.later(world, None, wake_s)

    # People.

    def _people(self, world: World) -> Iterator[Step]:
        record = self._space.memory.record(world.core)
        if record is None:
            return
        wanted = set(self._scope.commands)
        for name in sorted(wanted & set(_COMMANDS)):
            try:
                after = _COMMANDS[name](record, record.current, "ann", NOW)
            except (IllegalCommand, StaleCommand):
                continue
            changed = world._replace(core=self._space.memory.number(after))
            noted(self._space.decider.ways, record, after)
            if changed != world:
                words = "promote --full" if name == "promote-full" else name
                yield self._saved(words, world, changed, name)
        last = len(self._names) - 1
        if "apply" in wanted and world.declared < last:
            words = f"apply {self._names[world.declared + 1]}"
            yield self._saved(words, world, world._replace(declared=world.declared + 1), "apply")
        if "undo" in wanted and world.declared:
            words = f"apply {self._names[world.declared - 1]}"
            yield self._saved(words, world, world._replace(declared=world.declared - 1), "undo")

    def _saved(self, label: str, before: World, after: World, cost: str) -> Step:
        number = self._space.worlds.number(after)
        return Step(label, number, -1, self._space.recorded(before), self._space.cost[cost])

    # Outsiders.

    def _outsiders(self, world: World) -> Iterator[Step]:
        for number, layer in enumerate(world.layers):
            there = [one for one, work in enumerate(world.works) if work is not None]
            for shown in (*there, NOTHING, EVERYTHING):
                if shown == layer.active:
                    continue
                words = {NOTHING: "nothing", EVERYTHING: "everything"}.get(shown) or self._names[shown]
                after = _with_layer(world, number, layer._replace(active=shown, converged=False))
                after = self._space.rewritten(after._replace(ours=world.ours & ~(1 << number)), number)
                label = f"somebody points {self._scope.layers[number]} at {words}"
                yield self._step(label, world, after, number + 1, cost="outsider", rewritten=1)
        first = len(world.layers)
        for number, work in enumerate(world.works):
            if work is None:
                continue
            name, edited = self._names[number], self._space.rewritten(world, first + number)
            edited = edited._replace(emptied=world.emptied & ~(1 << number))
            if work[0]:
                after = _with_work(edited, number, (0, 0))
                label = f"somebody scales {name} to 0"
                yield self._step(label, world, after, WORKLOADS, cost="outsider", rewritten=1 << number)
            after = _with_work(edited, number, None)
            label = f"somebody deletes {name}"
            yield self._step(label, world, after, WORKLOADS, cost="outsider", rewritten=1 << number)

    def _hiding(self, world: World) -> Iterator[Step]:
        for part in range(self._space.parts):
            name = "workloads" if part == WORKLOADS else self._scope.layers[part - 1]
            after = world._replace(hidden=world.hidden ^ 1 << part)
            if world.hidden >> part & 1:
                yield self._step(f"show {name}", world, after, part)
            else:
                yield self._step(f"hide {name}", world, after, part, cost="hide")


def _with_work(world: World, number: int, work: tuple[int, int] | None) -> World:
    return world._replace(works=(*world.works[:number], work, *world.works[number + 1 :]))


def _with_layer(world: World, number: int, layer: object) -> World:
    return world._replace(layers=(*world.layers[:number], layer, *world.layers[number + 1 :]))  # type: ignore[arg-type]
