"""What can go wrong, and what people do meanwhile: data, each with its moment in seconds after the release began.

Engines have names: `A` drives from the start, others are twins that should not be there. Layers are called by their
names, or `first` and `last`.
"""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from bluegreen.snapshot import Slot


@frozen
class Crash:
    """An engine dies, at once, or at the next call whose name has `before` (or `after`) in it; another one follows it
    `back_after_s` seconds later, whose wall clock is `clock_s` seconds off.

    Calls are named as in `backends.memory`: `layer edge point`, `workloads observe`, `records save`. `after` means that
    the call was carried out, and nobody heard of it. `on` is an event of the engine's instead: `Saved`, `Acting`.
    """

    at_s: float
    who: str = "A"
    before: str = ""
    after: str = ""
    on: str = ""
    times: int = 1
    back_after_s: float = 1.0
    clock_s: float = 0.0


@frozen
class Twin:
    """A second engine drives the same rollout for a while."""

    at_s: float
    who: str = "B"
    for_s: float = 600.0
    clock_s: float = 0.0


@frozen
class Stall:
    """The next call of an engine whose name has `before` in it does not begin before `for_s` seconds have passed."""

    at_s: float
    before: str
    for_s: float = 300.0
    who: str = "A"


@frozen
class Partition:
    """Nobody (or not the engine `who`) reaches a part of the world: `workloads`, `records`, `metrics`,
    `hooks`, `layer edge`, or `layer` for all of them."""

    at_s: float
    what: str
    for_s: float = 60.0
    who: str = ""


@frozen
class Refuse:
    """So many calls whose name has `call` in it are refused."""

    at_s: float
    call: str
    times: int = 1


@frozen
class Lose:
    """So many calls whose name has `call` in it are carried out, and their reply is lost: to the engine they failed."""

    at_s: float
    call: str
    times: int = 1
    who: str = "A"


@frozen
class StaleLooks:
    """An engine's next looks show the world as it was so many looks ago, marked as not live (a cache)."""

    at_s: float
    looks: int = 3
    age: int = 1
    who: str = "A"


@frozen
class RepeatedOutcomes:
    """An engine's next looks bring again, late, the outcomes that came before."""

    at_s: float
    looks: int = 3
    who: str = "A"


@frozen
class PodsFail:
    """So many replicas of a build stop being ready, for so long."""

    at_s: float
    build: str
    count: int = 1
    for_s: float = 60.0


@frozen
class Slow:
    """A layer's data plane takes so long to follow, from now on."""

    at_s: float
    layer: str
    converge_after_s: float = 30.0


@frozen
class PointElsewhere:
    """An outsider points a slot at a build, or at `nothing`, `everything` or `foreign`."""

    at_s: float
    layer: str
    at: str
    slot: Slot = Slot.ACTIVE


@frozen
class ScaleElsewhere:
    """An outsider scales a build."""

    at_s: float
    build: str
    replicas: int


@frozen
class DeleteElsewhere:
    """An outsider deletes a build's revision, with all its replicas."""

    at_s: float
    build: str


@frozen
class Ask:
    """A person asks for something: `promote`, `promote-full`, `abort`, `retry`, `approve GATE`, `pause`, `resume`,
    `scale N`, `apply BUILD` (any build of the world, also `stable`)."""

    at_s: float
    what: str


Happening: TypeAlias = (
    Crash
    | Twin
    | Stall
    | Partition
    | Refuse
    | Lose
    | StaleLooks
    | RepeatedOutcomes
    | PodsFail
    | Slow
    | PointElsewhere
    | ScaleElsewhere
    | DeleteElsewhere
    | Ask
)


def in_wait(one: Happening) -> bool:
    """Whether it does not strike at its moment, but at the next call or event that it waits for."""
    return isinstance(one, Stall | Refuse | Lose) or (
        isinstance(one, Crash) and bool(one.before or one.after or one.on)
    )


@frozen
class Faults:
    """All that happens, in any order; each carries its own moment."""

    happenings: tuple[Happening, ...] = ()

    @property
    def last_s(self) -> float:
        """When the last of them begins, in seconds; 0 for none."""
        return max((one.at_s for one in self.happenings), default=0.0)

    def in_order(self) -> list[Happening]:
        """What happens first comes first; of two at one moment, the one that was named first."""
        return sorted(self.happenings, key=lambda one: one.at_s)


NO_FAULTS = Faults()
