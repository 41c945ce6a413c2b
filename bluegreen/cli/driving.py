"""Seeing a rollout through: driving it, or following whoever does, until it has come as far as was asked."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime

from bluegreen.backends.local import DriverBusy
from bluegreen.cli.ending import Until, ended
from bluegreen.cli.exits import Exit
from bluegreen.cli.place import Kept
from bluegreen.cli.screen import Screen
from bluegreen.cli.stop import Stop
from bluegreen.cli.view import View, view_of
from bluegreen.decide import Decision, decide
from bluegreen.engine import Engine
from bluegreen.engine.clock import Clock
from bluegreen.engine.events import Decided, Event, Failed, Looked, Resting, Saved, SaveLost
from bluegreen.engine.look import Look, Looker
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import RecordDamaged, RecordFromTheFuture
from bluegreen.ports import Backend
from bluegreen.record import Record
from bluegreen.spec import Rollout

FOLLOW_S = 0.5
"""How often a follower looks."""


class Watch:
    """The observer of a driving engine: shows each look, and knows when the driving may end.

    `ended` becomes the exit code; None when the rollout has to be connected to anew, since what it listens on changed.
    With `until` None it never ends by itself.
    """

    def __init__(self, screen: Screen, until: Until | None, connected: Rollout) -> None:
        self.ended: asyncio.Future[Exit | None] = asyncio.get_running_loop().create_future()
        self.last: tuple[Record, Rollout] | None = None
        self._screen = screen
        self._until = until
        self._connected = connected
        self._look: Looked | None = None
        self._decision: Decision | None = None

    def __call__(self, event: Event) -> None:
        """Takes one event of the engine."""
        match event:
            case Looked():
                self._look, self._decision = event, None
            case Decided(decision):
                self._decision = decision
            case Saved(record) if self._decision is not None and record is self._decision.record:
                self._show(resting=False)
            case SaveLost():
                self._decision = None
            case Resting():
                self._show(resting=True)
            case Failed(what, error, action=None):
                self._failed(what, error)
            case _:  # an action that failed is in the next look, as trouble
                pass

    def _failed(self, what: str, error: Exception) -> None:
        if isinstance(error, RecordDamaged | RecordFromTheFuture) and not self.ended.done():
            self.ended.set_exception(error)
        self._screen.trouble(f"{what}: {str(error) or type(error).__name__}")

    def _show(self, *, resting: bool) -> None:
        look, decision = self._look, self._decision
        if look is None or decision is None:
            return
        self._screen.show(view_of(look.rollout, decision.record, look.snapshot, look.at, os.getpid()))
        self.last = (decision.record, look.rollout)
        if not resting or self.ended.done():
            return
        if _wiring(look.rollout) != _wiring(self._connected):
            self.ended.set_result(None)
        elif self._until is not None and (code := ended(decision, look.snapshot, self._until)) is not None:
            self.ended.set_result(code)


def _wiring(rollout: Rollout) -> object:
    """What a backend is connected with, and cannot change afterwards."""
    strategy = rollout.strategy
    return (rollout.policy, rollout.services, strategy.active_service, strategy.preview_service)


async def see_through(
    kept: Kept, rollout: Rollout, screen: Screen, stop: Stop, until: Until | None, *, apply: bool = False
) -> Exit:
    """Drives the rollout, or follows whoever does, and takes over from them when they end.

    `apply`: declares it first. Returns the exit code of how far it came, or of what asked it to stop. Raises what
    connecting raises, but for a driver that is there already.
    """
    followed: int | None = None
    while True:
        try:
            async with kept.driving(rollout) as backend:
                if followed is not None:
                    screen.say(f"process {followed} drives {kept.name} no more; it is driven from here")
                watch = Watch(screen, until, rollout)
                code = await _drive(Engine(rollout, backend, observers=[watch]), watch, stop, apply=apply)
                last = watch.last
            apply = False
        except DriverBusy as busy:
            if busy.pid != followed:
                screen.say(f"process {busy.pid} drives {kept.name}; following it")
                followed = busy.pid
            code, last = await _follow(kept, rollout, screen, stop, until, apply=apply), None
            apply = False
        if stop.asked is not None:
            return stop.asked
        stored = await kept.stored()
        rollout = stored.rollout or rollout
        unseen = last is not None and (stored.record, stored.rollout) != last
        if code is not None and not unseen:  # what was saved after the last look, nobody else would notice
            return code


async def _drive(engine: Engine, watch: Watch, stop: Stop, *, apply: bool) -> Exit | None:
    if apply:
        await engine.apply(engine.rollout)
    async with engine:
        return await stop.or_(watch.ended)


async def _follow(
    kept: Kept, rollout: Rollout, screen: Screen, stop: Stop, until: Until | None, *, apply: bool
) -> Exit | None:
    """As far as `until`, unless the driver ends before: None then."""
    async with kept.looking(rollout) as backend:
        if apply:
            await Engine(rollout, backend).apply(rollout)
        return await follow(kept, rollout, backend, screen, stop, until)


async def follow(
    kept: Kept, rollout: Rollout, backend: Backend, screen: Screen, stop: Stop, until: Until | None
) -> Exit | None:
    """Looks on while somebody else drives. A pause is no end then: whoever drives goes on when a person says so.

    None when nobody drives any more.
    """
    looker = looker_of(rollout, backend)
    while True:
        look = await looker.look()
        driver = kept.driver()
        screen.show(seen(look, driver))
        code = come_to(look, until) if until is not None else None
        if code is not None and not (code is Exit.PAUSED and driver):
            return code
        if driver is None:
            return None
        if (asked := await stop.pause(FOLLOW_S)) is not None:
            return asked


def looker_of(rollout: Rollout, backend: Backend) -> Looker:
    """What looks at the rollout without an engine."""
    clock = Clock()
    return Looker(rollout, backend, clock, Tasks(backend, clock, lambda _outcome: None))


def seen(look: Look, driver: int | None) -> View:
    """What a look shows, now."""
    return view_of(look.rollout, look.stored.record, look.snapshot, datetime.now(UTC), driver)


def come_to(look: Look, until: Until) -> Exit | None:
    """How far the rollout has come, judged by what a driver would decide on this look."""
    record = look.stored.record
    if record is None:
        return None
    return ended(decide(look.rollout, record, look.snapshot, datetime.now(UTC)), look.snapshot, until)
