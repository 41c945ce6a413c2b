"""Calls of an engine that wait for a permit: an engine that is stepped, and one that stalls in the middle of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import define, field

from bluegreen.actions import Action
from bluegreen.errors import BackendError, Conflict
from bluegreen.testing.scripts.words import asked

Do = Callable[[], Awaitable[Any]]

TURNS: Final = 100
"""So many turns of the loop are enough for all that takes no time."""


async def settle() -> None:
    """Lets everything happen that takes no time."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def call_named(words: str) -> str:
    """A part of the name of a call (as `backends.memory` names them) for the words of a script: `point edge`."""
    verb, _, about = words.partition(" ")
    match verb:
        case "point" | "prepare":
            return f"layer {about} {verb}" if about else verb
        case "look":
            what = about.removeprefix("at ")
            return f"{what} observe" if what in ("workloads", "") else f"layer {what} observe"
        case "ensure" | "forget":
            return f"workloads {verb}"
        case "scale":
            return "workloads retire"
        case "measure":
            return f"metrics {about} measure" if about else "measure"
        case "load" | "save":
            return f"records {verb}"
        case _:
            raise ValueError(
                f"no call {words!r}; there are: look at LAYER, look at workloads, load, save, point LAYER, "
                "prepare LAYER, ensure, scale down, forget, measure METRIC"
            )


@define
class Held:
    """One call that waits: `heard` while the engine still waits for its answer; a write may land after that too."""

    name: str
    words: str
    do: Do
    action: Action | None = None
    go: asyncio.Event = field(factory=asyncio.Event)
    unanswered: bool = False
    heard: bool = True

    @property
    def is_read(self) -> bool:
        """It changes nothing."""
        return self.name.endswith((" observe", " load"))

    @property
    def is_action(self) -> bool:
        """It carries out what was decided."""
        return not self.is_read and self.name != "records save"


def _words(call: str, action: Action | None) -> str:
    """A call as scripts name it."""
    if action is not None:
        return asked(action)
    what, _, verb = call.rpartition(" ")
    what = what.removeprefix("layer ").removeprefix("metrics ")
    match verb:
        case "observe":
            return f"look at {what}"
        case "load" | "save":
            return f"{verb} the record"
        case "start":
            return "run the hook"
        case _:
            return f"{verb} {what}"


class Holding:
    """Stands in the wire of one engine. `stepped`: every call waits for a permit; `stall_before` (a call's name): all
    of them do, from the next such call on until `release`. Calls that do no harm by passing never wait. `acting` is
    what the engine last began to do: a call by itself has only a name. `landed` is told of what lands late."""

    def __init__(
        self,
        name: Callable[[str], str],
        note: Callable[[str], None],
        acting: Callable[[], Action | None],
        landed: Callable[[Action], None],
    ) -> None:
        self.held: list[Held] = []
        self.stepped = False
        self.stall_before = ""
        self._name, self._note = name, note
        self._acting, self._landed = acting, landed

    async def through(self, name: str, do: Do) -> Any:
        """Makes the call: at once, or once it is permitted."""
        if self.stall_before and self.stall_before in name:
            self._note(f"stalls before it can {self._words(name)}")
            self.stepped, self.stall_before = True, ""
        if not self.stepped or name.startswith(("hooks poll", "hooks cancel")):
            return await do()
        if name.endswith(" changed"):  # it notices nothing by itself
            await asyncio.Event().wait()
        one = Held(name, self._words(name), do, self._asked_for(name))
        self.held.append(one)
        try:
            await one.go.wait()
        except asyncio.CancelledError:
            one.heard = False
            if one.is_read:
                self.held.remove(one)
            raise
        if one.unanswered:
            raise BackendError("no answer came")
        return await do()

    def _words(self, call: str) -> str:
        return self._name(_words(call, self._asked_for(call)))

    def _asked_for(self, call: str) -> Action | None:
        acts = call.rpartition(" ")[2] in ("point", "prepare", "ensure", "retire", "forget")
        return self._acting() if acts else None

    async def permit(self, one: Held) -> None:
        """The call is made now; one whose engine has given it up lands late, and nobody hears of it."""
        self.held.remove(one)
        if one.heard:
            one.go.set()
        else:
            try:
                await one.do()
                if one.action is not None:
                    self._landed(one.action)  # first: whatever is told before it counts as somebody else's doing
                self._note(f"does {one.words}, late")
            except (Conflict, BackendError) as error:
                self._note(f"comes too late to {one.words}: {error}")
        await settle()

    async def unanswered(self) -> None:
        """The engine stops waiting for its writes; they may land later."""
        for one in [one for one in self.held if one.heard and one.action is not None]:
            one.unanswered, one.heard = True, False
            one.go.set()
        await settle()

    async def release(self) -> None:
        """What is held goes on, in the order in which it came, and nothing waits any more."""
        self.stepped, self.stall_before = False, ""
        while self.held:
            await self.permit(self.held[0])
