"""From a state in which harm was found back to the beginning, and forward again as a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bluegreen.testing.explorer.beginning import beginning_in_words
from bluegreen.testing.explorer.graph import CREW_AT, CREWS, WORLD_AT, Graph, Way
from bluegreen.testing.explorer.telling import Counterexample, Move, settings, told


def counterexample(graph: Graph, states: Sequence[int]) -> Counterexample:
    """How these states, each followed by the next, lead to the harm that was found in the last."""
    minds = graph.crews.things[states[0] >> CREW_AT & CREWS]
    moves: list[Move] = []
    for before, after in pairwise(states):
        way = next(one for one in graph.ways(before, minds) if graph.reached(before, one) == after)
        moves.append(_move(graph, way, minds))
        minds = way.minds
    harmful = next((one for one in graph.ways(states[-1], minds) if one.step.harm), None)
    if harmful is not None:
        moves.append(_move(graph, harmful, minds))
    lines = told(graph.space, moves, graph.scope.engines)
    notes = [beginning_in_words(graph.scope)]
    if harmful is None:
        notes += _left_alone(graph, states[-1] >> WORLD_AT)
    return Counterexample(graph.harm, lines, settings(graph.scope), tuple(notes))


def _move(graph: Graph, way: Way, minds: tuple[int, ...]) -> Move:
    things = graph.space.minds.things
    return Move(way.step.label, way.who, tuple(things[one] for one in minds), tuple(things[one] for one in way.minds))


def _left_alone(graph: Graph, world: int) -> Iterator[str]:
    yield "In the end nothing goes wrong any more, and one engine goes on by itself:"
    for alone in graph.alone:
        if alone.verdict(world):
            yield from (f"  {line}" for label in alone.way(world) for line in label.replace("{}", "it").splitlines())
            return
