"""Liveness: faults stop, and one engine runs by itself. Does it settle, agreed, on something available?"""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.engine.events import Looked
from bluegreen.testing.explorer.engines import Engines
from bluegreen.testing.explorer.memory import NOW
from bluegreen.testing.explorer.safety import Judge, as_seen
from bluegreen.testing.explorer.space import Space
from bluegreen.testing.explorer.states import RUNNING, Step
from bluegreen.testing.trace import Turn

STEPS_MAX = 2000
"""So many steps of one engine by itself are an end that never comes."""


class Alone:
    """What becomes of each world once nothing goes wrong any more.

    `answer` is the number of what all measurements come back with then, `dead` a revision whose pods never start.
    """

    def __init__(self, space: Space, engines: Engines, *, answer: int = 1, dead: int | None = None) -> None:
        self._space = space
        self._engines = engines
        self._answer = answer
        self._dead = dead
        self._judge = Judge(space.scope.rollout)
        self._known: dict[tuple[int, int], str] = {}

    def verdict(self, number: int) -> str:
        """Why an engine that is left alone in this world does not settle as it should; empty when it does."""
        state = (self._calm(number), self._space.minds.number(self._space.idle))
        way: list[tuple[int, int]] = []
        passed: set[tuple[int, int]] = set()
        why = ""
        while state not in self._known:
            if state in passed or len(way) > STEPS_MAX:
                why = "invariant 7: one engine by itself never comes to rest"
                break
            way.append(state)
            passed.add(state)
            step = self._next(*state)
            if step is None:
                why = self._end(state[0])
                break
            if step.harm:
                why = step.harm
                break
            state = (self._calm(step.world), step.mind)
        else:
            why = self._known[state]
        self._known.update(dict.fromkeys(way, why))
        return why

    def worlds(self, number: int) -> Iterator[int]:
        """The worlds through which an engine that is left alone takes this one, until it comes to rest."""
        state = (self._calm(number), self._space.minds.number(self._space.idle))
        for _ in range(STEPS_MAX):
            yield state[0]
            step = self._next(*state)
            if step is None:
                return
            state = (self._calm(step.world), step.mind)

    def way(self, number: int) -> list[str]:
        """The labels of the steps that lead there, up to where they begin to repeat themselves."""
        state = (self._calm(number), self._space.minds.number(self._space.idle))
        labels, passed = list[str](), set[tuple[int, int]]()
        while state not in passed and (step := self._next(*state)) is not None:
            passed.add(state)
            labels.append(step.label)
            if step.harm:
                break
            state = (self._calm(step.world), step.mind)
        return labels

    def _calm(self, number: int) -> int:
        """The same world with nothing hidden or on its way, pods ready that can be, and layers where pointed."""
        world = self._space.worlds.things[number]
        works = tuple(work and (work[0], 0 if at == self._dead else work[0]) for at, work in enumerate(world.works))
        layers = tuple(layer._replace(converged=True) for layer in world.layers)
        return self._space.worlds.number(world._replace(hidden=0, works=works, layers=layers, late=()))

    def _next(self, number: int, mind_number: int) -> Step | None:
        mind = self._space.minds.things[mind_number]
        running = [place for place, (_, how) in enumerate(mind.tasks) if how == RUNNING]
        if running:
            tasks = list(mind.tasks)
            tasks[running[0]] = (tasks[running[0]][0], self._answer)
            answered = mind._replace(tasks=tuple(tasks))
            return Step("a measurement comes back", number, self._space.minds.number(answered))
        costly = set(range(1, len(self._space.scope.costs)))
        for step in self._engines.steps(number, mind_number):
            if step.cost not in costly:
                return step
        world = self._space.worlds.things[number]
        wake_s = self._space.verdict(world).wake_s
        if wake_s:
            step = self._engines.later(world, mind, wake_s)
            if (step.world, step.mind) != (number, mind_number):
                return step
        return None

    def _end(self, number: int) -> str:
        world = self._space.worlds.things[number]
        question, _ = self._space.question(world, self._space.idle)
        record, snapshot = self._space.decider.look(question)
        decision = self._space.decider.verdict(question).decision
        turn = Turn(0, 0.0, "an engine", Looked(record, snapshot, NOW, self._space.scope.rollout), decision)
        return self._judge.ended(turn, as_seen(turn)) if self._dead is None else ""
