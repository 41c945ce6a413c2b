"""Every interleaving: a bounded, exhaustive search through all that engines, faults and people can do to a rollout.

    found = explore(rollout, crashes=1, outsiders=1, limit_states=50_000)
    if found.violation:
        print(found.violation.script())

The real `decide` decides; the world around it is a model. Engines look, decide, save and act step by step, in every
order; between any two steps an engine may stall for as long as it likes, or die; a part of the world may be hidden, a
write refused, pods fail, people and outsiders interfere, and time pass to the next moment at which something is due.
Every decision, and every action that lands, is held against the invariants; and every world that was reached must, once
nothing goes wrong any more, be brought to rest by one engine alone.

What makes it small: a look is not split in two. It is one step, but whenever something changes, each engine that is not
in the middle of acting may have read it just before. That is every order in which the parts of a look can be read.
A record that another engine saved over ends a look, since its save would lose.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bluegreen.spec import Rollout
from bluegreen.testing.explorer.check import Check
from bluegreen.testing.explorer.scope import COMMANDS, Guards, Scope
from bluegreen.testing.explorer.search import Explored, Progress, Search
from bluegreen.testing.explorer.telling import Counterexample

__all__ = ["COMMANDS", "Check", "Counterexample", "Explored", "Guards", "Progress", "Scope", "Search", "explore"]


def explore(
    rollout: Rollout,
    *,
    engines: int = 2,
    crashes: int = 1,
    refusals: int = 1,
    given_up: int = 1,
    blind: int = 1,
    outsiders: int = 1,
    pod_failures: int = 1,
    commands: Iterable[str] = ("abort", "retry"),
    templates: Iterable[str] = ("v2",),
    limit_states: int | None = None,
    seconds: float | None = None,
    **more: Any,
) -> Explored:
    """Searches through all that may happen to this rollout within bounds; `more` are other fields of `Scope`.

    It ends at the first promise that is broken, by one of the shortest ways; or when there are so many states, or it
    has taken so many seconds. An analysis is one measurement here, which may say yes, no, or nothing. Delays are as the
    rollout has them: few different ones make a small search. Raises `ValueError` for bounds that there are not, and
    when the first template does not even settle in a calm world.
    """
    scope = Scope(
        rollout,
        engines=engines,
        crashes=crashes,
        refusals=refusals,
        given_up=given_up,
        blind=blind,
        outsiders=outsiders,
        pod_failures=pod_failures,
        commands=tuple(commands),
        templates=tuple(templates),
        **more,
    )
    return Search(scope).run(limit_states, seconds)
