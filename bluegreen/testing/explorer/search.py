"""The search: breadth first through everything that may happen, so that the first harm found is the nearest."""

from __future__ import annotations

import gc
import math
import time
from array import array
from collections.abc import Callable, Mapping

from attrs import frozen

from bluegreen.record import Record
from bluegreen.testing.explorer.exercised import exercised
from bluegreen.testing.explorer.graph import WORLD_AT, Graph
from bluegreen.testing.explorer.retracing import counterexample
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.states import World
from bluegreen.testing.explorer.telling import Counterexample
from bluegreen.testing.explorer.ways import watched


@frozen
class Progress:
    """How far a search has come: states found, those of them that were gone on from, worlds, depth, seconds."""

    states: int
    done: int
    worlds: int
    depth: int
    seconds: float


@frozen
class Explored:
    """What a search found. `complete`: it came to its end, and has seen everything there is within its bounds.

    `states` are those found, `worlds` the different worlds (records included) in those that were gone on from,
    `depth` the steps of the longest way, `decisions` how many different questions were decided, `ways` from which phase
    to which the rollout went, inside of decisions too. `exercised` says what was met, and how often: what landed, was
    saved, or happened, and how many decisions each invariant could have objected to.
    """

    states: int
    worlds: int
    depth: int
    seconds: float
    decisions: int
    complete: bool
    violation: Counterexample | None
    ways: frozenset[tuple[str, str]]
    exercised: Mapping[str, int]


class Search:
    """One search through one scope. With `liveness`, one engine by itself must bring every world to rest."""

    def __init__(self, scope: Scope, *, liveness: bool = True) -> None:
        self._graph = Graph(scope, liveness=liveness)
        self._states = array("Q")
        self._parents = array("l")
        self._seen: set[int] = set()

    def run(
        self,
        limit_states: int | None = None,
        seconds: float | None = None,
        progress: Callable[[Progress], None] | None = None,
        every_s: float = 5.0,
    ) -> Explored:
        """Searches until everything was seen, a promise is broken, or there are so many states or seconds.

        `progress` is told every so many seconds how far it is.
        """
        began = told_at = time.monotonic()
        depth, level_ends, done, graph = 0, 1, 0, self._graph
        ends_s = math.inf if seconds is None else seconds
        collecting = gc.isenabled()
        gc.disable()  # nothing that is kept here forms a cycle, and there are millions of it
        try:
            with watched(graph.space.decider.ways):
                self._add(graph.first(), -1)
                while done < len(self._states) and not graph.harm:
                    if done == level_ends:
                        depth, level_ends = depth + 1, len(self._states)
                    self._go_on(done)
                    done += 1
                    if done & 255:
                        continue
                    now = time.monotonic()
                    if progress and now - told_at > every_s:
                        told_at = now
                        progress(Progress(len(self._states), done, graph.worlds, depth, now - began))
                    if len(self._states) >= (limit_states or math.inf) or now - began >= ends_s:
                        break
        finally:
            if collecting:
                gc.enable()
        complete = done == len(self._states) and not graph.harm
        return Explored(
            states=len(self._states),
            worlds=graph.worlds,
            depth=depth + (not complete),
            seconds=time.monotonic() - began,
            decisions=len(graph.space.decider),
            complete=complete,
            violation=counterexample(graph, self._way(done - 1)) if graph.harm else None,
            ways=frozenset(graph.space.decider.ways),
            exercised=exercised(graph.space, graph.steps(), graph.worlds if graph.alone else 0),
        )

    def worlds(self) -> frozenset[tuple[World, Record | None]]:
        """The worlds of all states found, each with its record, whatever numbers they have here."""
        space = self._graph.space
        found = (space.worlds.things[number] for number in {state >> WORLD_AT for state in self._states})
        return frozenset((one._replace(core=0), space.memory.record(one.core)) for one in found)

    def _go_on(self, at: int) -> None:
        seen = self._seen
        for one in self._graph.following(self._states[at]):
            if one not in seen:
                seen.add(one)
                self._states.append(one)
                self._parents.append(at)

    def _add(self, state: int, parent: int) -> None:
        self._seen.add(state)
        self._states.append(state)
        self._parents.append(parent)

    def _way(self, at: int) -> list[int]:
        """The states that lead to this one, the first of all first."""
        way = [at]
        while self._parents[way[-1]] >= 0:
            way.append(self._parents[way[-1]])
        return [self._states[number] for number in reversed(way)]
