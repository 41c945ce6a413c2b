"""All worlds and minds that a search has met, numbered; and what a mind makes of a change around it."""

from __future__ import annotations

from typing import cast

from bluegreen.testing.explorer.deciding import Decider, Question, Verdict, reading
from bluegreen.testing.explorer.memory import Memory
from bluegreen.testing.explorer.scope import Scope
from bluegreen.testing.explorer.states import (
    NO_SLOT,
    NOT_NEEDED,
    RECORD,
    STALE,
    TIME,
    WORKLOADS,
    Act,
    Event,
    Layer,
    Loaded,
    Mind,
    Part,
    Table,
    Works,
    World,
)


class Space:
    """The tables of one search."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.memory = Memory(scope)
        self.decider = Decider(scope, self.memory)
        self.worlds: Table[World] = Table()
        self.minds: Table[Mind] = Table()
        self.events: Table[Event | None] = Table()
        self.events.number(None)
        self.parts = 1 + len(scope.layers)
        self.cost = {name: number for number, name in enumerate(scope.costs)}
        self.idle = Mind(self.memory.life_s)
        self._layer_count = len(scope.layers)
        self._after: dict[tuple[int, int], tuple[int, ...]] = {}

    def empty(self) -> World:
        """Nothing is deployed, and nothing remembered."""
        layer = Layer(-1, -1 if self.scope.preview else NO_SLOT, True, 0 if self.scope.prepared else NOT_NEEDED)
        count = self._layer_count
        return World((None,) * len(self.scope.revisions), (layer,) * count, (0,) * (count + len(self.scope.revisions)))

    # Reading.

    def part(self, world: World, number: int) -> Part:
        """What a look at this part shows now."""
        hidden = world.hidden >> number & 1
        if number == WORKLOADS:
            fresh = (1 << len(world.works)) - 1
            return Part(None if hidden else world.works, fresh, world.out[self._layer_count :])
        value = None if hidden else world.layers[number - 1]
        return Part(value, 1, world.out[number - 1 : number])

    def question(self, world: World, mind: Mind) -> tuple[Question, tuple[bool, ...]]:
        """What `decide` is asked when this mind looks at all that it has not looked at yet; and which objects still
        have the tokens that it saw."""
        core, out, declared = mind.loaded or (world.core, world.out, world.declared)
        if mind.looks is None:
            seen = world.layers if not world.hidden else self._seen_layers(world)
            works = None if world.hidden & 1 else world.works
            return Question(core, declared, mind.age, mind.tasks, works, seen, out), (True,) * len(out)
        layers: list[Layer | None] = []
        bits: list[int] = []
        fresh: list[bool] = []
        parts = [stored or self.part(world, number) for number, stored in enumerate(mind.looks)]
        for number, part in enumerate(parts[1:]):
            layers.append(cast("Layer | None", part.value))
            bits += reading(part, out[number : number + 1])
            fresh.append(part.value is None or bool(part.fresh))
        works_part = parts[WORKLOADS]
        bits += reading(works_part, out[self._layer_count :])
        fresh += [
            works_part.value is None or bool(works_part.fresh >> number & 1) for number in range(len(world.works))
        ]
        cached = 0
        if self.scope.guards.caches == "marked":
            cached = sum(1 << number for number, one in enumerate(mind.looks) if one and one.out is None)
        works_seen = cast("Works | None", works_part.value)
        asked = Question(core, declared, mind.age, mind.tasks, works_seen, tuple(layers), tuple(bits), cached)
        return asked, tuple(fresh)

    def _seen_layers(self, world: World) -> tuple[Layer | None, ...]:
        return tuple(None if world.hidden >> number + 1 & 1 else one for number, one in enumerate(world.layers))

    def verdict(self, world: World, age: float | None = None) -> Verdict:
        """What an idle engine that looks at everything now decides."""
        mind = self.idle if age is None else self.idle._replace(age=age)
        return self.decider.verdict(self.question(world, mind)[0])

    # Changing.

    def rewritten(self, world: World, number: int) -> World:
        """The world once this object has another token: what was on its way to it with the old one never lands."""
        out = tuple(STALE if one and at == number else one for at, one in enumerate(world.out))
        if not world.late:
            return world._replace(out=out)
        part = WORKLOADS if number >= self._layer_count else number + 1
        bit = 1 << number - self._layer_count if part == WORKLOADS else 1
        late = tuple(one for one in world.late if not self._lost(one, part, bit))
        return world._replace(out=out, late=late)

    def changed(self, before: World, after: World, part: int, rewritten: int = 0) -> int:
        """The number of the event that others notice: this part is another now."""
        old, new = self.part(before, part), self.part(after, part)
        if old == new and not rewritten:
            return 0
        return self.events.number(Event(part, old, new, rewritten))

    def recorded(self, before: World) -> int:
        """The number of the event: another record was saved."""
        loaded = None
        if not self.scope.guards.cas_record:
            loaded = Loaded(before.core, before.out, before.declared)
        return self.events.number(Event(RECORD, loaded=loaded))

    # What other engines make of it.

    def after(self, mind: int, event: int) -> tuple[int, ...]:
        """The numbers of the minds that this one may be in after the event: it may have looked just before, or not."""
        if not event:
            return (mind,)
        found = self._after.get((mind, event))
        if found is None:
            made = self._noticed(self.minds.things[mind], self.events.things[event])
            found = self._after[mind, event] = tuple(dict.fromkeys(self.minds.number(one) for one in made))
        return found

    def _noticed(self, mind: Mind, event: Event | None) -> list[Mind]:
        assert event is not None  # number 0 is noticed by nobody
        if event.part == TIME:
            loaded = mind.loaded
            if loaded is not None:
                loaded = loaded._replace(core=self.memory.older(loaded.core, event.seconds))
            return [mind._replace(age=min(mind.age + event.seconds, self.memory.life_s), loaded=loaded)]
        if event.part == RECORD:
            return self._outdated(mind, event)
        if mind.loaded is not None:
            mind = mind._replace(loaded=self._rewritten_since(mind, event))
        if mind.acts:
            return [
                mind._replace(acts=tuple(one for one in mind.acts if not self._lost(one, event.part, event.rewritten)))
            ]
        looks = mind.looks or (None,) * self.parts
        stored = looks[event.part]
        if stored is not None:
            kept = stored._replace(fresh=stored.fresh & ~event.rewritten)
            return [_with(mind, looks, event.part, None if kept == event.after else kept)]
        before = event.before
        assert before is not None  # a part that changes had a value
        fresh = before._replace(fresh=before.fresh & ~event.rewritten)
        if not self.scope.guards.record_first:
            fresh = fresh._replace(out=None)
        return [mind, _with(mind, looks, event.part, fresh)]

    def _outdated(self, mind: Mind, event: Event) -> list[Mind]:
        """Its save would be lost, unless this world does not notice; it begins anew."""
        if mind.acts:
            return [mind]
        guards = self.scope.guards
        kept = mind.looks and tuple(one and one._replace(out=None) for one in mind.looks)
        if not guards.record_first:
            return [mind._replace(looks=kept)]
        found = [mind._replace(looks=None, loaded=None)]
        if guards.caches and mind.looks:
            found.append(mind._replace(looks=kept))
        if not guards.cas_record:
            found.append(mind if mind.loaded else mind._replace(loaded=event.loaded))
        return found

    def _rewritten_since(self, mind: Mind, event: Event) -> Loaded:
        assert mind.loaded is not None  # asked only then
        first = event.part - 1 if event.part != WORKLOADS else self._layer_count
        lost = event.rewritten << first
        out = tuple(STALE if one and lost >> at & 1 else one for at, one in enumerate(mind.loaded.out))
        return mind.loaded._replace(out=out)

    def _lost(self, act: Act, part: int, rewritten: int) -> bool:
        """The action carries a token that the object does not have any more: it can never land."""
        guards = self.scope.guards
        if act.kind in ("point", "preview"):
            return part == act.on + 1 and bool(rewritten) and guards.cas_layers and guards.tokens_are_unique
        if act.kind in ("retire", "forget"):
            return part == WORKLOADS and bool(rewritten >> act.on & 1) and guards.cas_workloads
        return False


def _with(mind: Mind, looks: tuple[Part | None, ...], number: int, part: Part | None) -> Mind:
    changed = (*looks[:number], part, *looks[number + 1 :])
    return mind._replace(looks=changed if any(changed) else None)
