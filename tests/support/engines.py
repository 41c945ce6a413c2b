"""Engines on memory worlds, in virtual time: a decorator for tests, and what they share."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from bluegreen import Engine, Healthy, Rollout
from bluegreen.backends.memory import World, over
from bluegreen.engine.clock import Clock
from bluegreen.engine.events import Event
from bluegreen.ports import Backend
from bluegreen.testing.virtual_time import run
from tests.support.worlds import START, rollout

E = TypeVar("E")


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Runs an async test in virtual time: nothing sleeps for real, and a deadlock is an error at once."""

    @functools.wraps(test)
    def in_virtual_time() -> None:
        run(test())

    del in_virtual_time.__wrapped__  # pytest would see a coroutine function through it
    return in_virtual_time


def on_two_layers(test: Callable[[World, Backend], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Runs an async test on a fresh world of the layers `outer` and `inner`, in virtual time."""

    async def alone() -> None:
        world = World(rollout(layers=("outer", "inner")))
        await test(world, over(world))

    alone.__name__, alone.__doc__ = test.__name__, test.__doc__
    return virtual(alone)


class Told:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]


def engine_on(world: World, declared: Rollout, *observers: Callable[[Event], None]) -> Engine:
    """An engine on this world, whose wall clock shows START plus the loop's time: it ages as the world does."""
    return Engine(
        declared,
        over(world),
        observers=observers,
        clock=Clock(wall=lambda: START + timedelta(seconds=world.time())),
    )


@asynccontextmanager
async def driving(
    declared: Rollout | None = None, *observers: Callable[[Event], None], world: World | None = None
) -> AsyncGenerator[tuple[Engine, World]]:
    """An engine that drives a rollout, which is Healthy, and its world."""
    declared = declared or rollout()
    world = world or World(declared)
    async with engine_on(world, declared, *observers) as engine:
        await engine.wait_for(Healthy, timeout_s=100)
        yield engine, world
