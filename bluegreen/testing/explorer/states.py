"""The states of the search: small, immutable, and the same for the same situation.

A token is never named. Whoever holds one (a look, an action that is about to begin, a write that may still land)
holds one bit instead: nobody has written the object since. Objects are numbered, the layers first, then the revisions.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")

NOTHING, EVERYTHING, NO_SLOT = -1, -2, -3
"""What a slot may show besides the number of a revision."""
NOT_NEEDED = -1
"""A layer that needs no preparing; else the bits of the revisions that it is prepared for."""
FRESH, STALE = 1, 2
"""Bits of what is outstanding on an object: writes on its present token, and writes on earlier ones."""
WORKLOADS = 0
"""The first part of a look; the layers follow."""
RUNNING, CANCELLED = 0, -1
"""How a measurement or hook stands; from 1 on it is the number of its answer."""

Work: TypeAlias = tuple[int, int] | None
"""A revision: replicas asked for, replicas available; None = there is no such revision."""
Works: TypeAlias = tuple[Work, ...]


class Layer(NamedTuple):
    """What a look shows of a layer."""

    active: int
    preview: int = NO_SLOT
    converged: bool = True
    prepared: int = NOT_NEEDED


class World(NamedTuple):
    """All that engines share: the world, and the record that is stored.

    `out` are the outstanding bits of each object, `hidden` the bits of the parts that cannot be looked at, `declared`
    the revision that the declared template makes, `core` the number of the record. `emptied` are the bits of the
    revisions that an engine scaled down, `ours` those of the layers that show what an engine made them show.
    `late` are the actions that an engine has given up, and that may still land.
    """

    works: Works
    layers: tuple[Layer, ...]
    out: tuple[int, ...]
    hidden: int = 0
    declared: int = 0
    core: int = 0
    emptied: int = 0
    ours: int = 0
    late: tuple[Act, ...] = ()


class Act(NamedTuple):
    """An action that is saved and has not begun.

    `on` is the layer, the revision or the number of the key; `amount` the replicas, or the bits of the targets;
    `attempt` that of a write that goes forward, else 0. `seen` is what the layer showed when it was decided.
    """

    kind: str
    on: int
    revision: int = 0
    amount: int = 0
    attempt: int = 0
    seen: Layer | None = None


class Part(NamedTuple):
    """A part of a look, as it was when it was read.

    `fresh` are the bits of its objects (one for a layer) that nobody wrote since, `out` what was outstanding on each of
    them then; None when that has to be taken from the record as it is in the end.
    """

    value: Layer | Works | None
    fresh: int
    out: tuple[int, ...] | None


class Loaded(NamedTuple):
    """A record as it was loaded, for a world in which a save does not notice that it changed since."""

    core: int
    out: tuple[int, ...]
    declared: int


class Mind(NamedTuple):
    """What one engine has in mind, and is not saved.

    `age` is how long its process has lived, in seconds; `tasks` are its measurements and hooks. `looks` are the parts
    of a look that were read, and have changed since (a part that has not changed reads now as it did then); `acts`
    what it is about to do. It never has both.
    """

    age: float
    tasks: tuple[tuple[int, int], ...] = ()
    looks: tuple[Part | None, ...] | None = None
    acts: tuple[Act, ...] = ()
    loaded: Loaded | None = None


class Event(NamedTuple):
    """A change, as far as another engine may notice: it may have read `part` just before.

    `rewritten` are the bits of that part's objects whose tokens changed. A part of -1: the record changed, from
    `loaded`. A part of -2: time passed, `seconds` of it.
    """

    part: int
    before: Part | None = None
    after: Part | None = None
    rewritten: int = 0
    loaded: Loaded | None = None
    seconds: float = 0.0


RECORD, TIME = -1, -2


class Step(NamedTuple):
    """A way from one world to another. `mind` is what the engine that took it has in mind then, -1 when none did.

    `event` is the number of what others notice (0: nothing), `cost` of what it takes from the budget (0: nothing).
    `harm` says which promise it breaks, in words.
    """

    label: str
    world: int
    mind: int
    event: int = 0
    cost: int = 0
    harm: str = ""


class Table(Generic[T]):
    """Numbers things: equal things have the same number."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self.things: list[T] = []

    def number(self, thing: T) -> int:
        """The thing's number, from 0 on in the order in which they came."""
        found = self._numbers.get(thing)
        if found is None:
            found = self._numbers[thing] = len(self.things)
            self.things.append(thing)
        return found

    def __len__(self) -> int:
        return len(self.things)
