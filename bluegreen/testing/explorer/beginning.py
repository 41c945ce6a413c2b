"""Where a search begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bluegreen.record import Healthy
from bluegreen.testing.explorer.alone import Alone
from bluegreen.testing.explorer.engines import Engines
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.space import Space
from bluegreen.testing.explorer.states import World


def _moved(space: Space, world: World) -> bool:
    return world.layers[0].active == 1


def _done(space: Space, world: World) -> bool:
    record = space.memory.record(world.core)
    return record is not None and isinstance(record.phase, Healthy) and record.stable == space.scope.revisions[1]


_BEGINS: Final[Mapping[str, Callable[[Space, World], bool]]] = {
    "applied": lambda space, world: True,
    "promoting": _moved,
    "promoted": _done,
}


def first_world(space: Space, engines: Engines) -> int:
    """The number of the world in which the search begins.

    Raises `ValueError` when a calm world does not lead there.
    """
    empty = space.worlds.number(space.empty())
    if not space.scope.templates:
        return empty
    alone = Alone(space, engines)
    if why := alone.verdict(empty):
        raise ValueError(f"left alone, the rollout does not settle: {why}")
    *_, settled = alone.worlds(empty)
    record = space.memory.record(space.worlds.things[settled].core)
    if record is None or not isinstance(record.phase, Healthy):
        raise ValueError(f"left alone, v1 is never Healthy, but {record and record.phase}")
    applied = space.worlds.number(space.worlds.things[settled]._replace(declared=1))
    reached = _BEGINS[space.scope.begins]
    found = next((one for one in alone.worlds(applied) if reached(space, space.worlds.things[one])), None)
    if found is None:
        raise ValueError(f"left alone, the rollout never is {space.scope.begins}")
    return found


def beginning_in_words(scope: Scope) -> str:
    """Where the search begins, for a reader."""
    layers = f"layers {', '.join(scope.layers)}; {scope.rollout.replicas} replicas; "
    if not scope.templates:
        return f"{layers}nothing is deployed, and v1 is applied"
    new = scope.templates[0]
    return layers + {
        "applied": f"v1 is Healthy, and {new} was applied",
        "promoting": f"v1 was Healthy, {new} was applied, and layer {scope.layers[0]} now shows it",
        "promoted": f"{new} was promoted after v1, and is Healthy",
    }.get(scope.begins, scope.begins)
