"""What an engine can do next: decide and save, do one of the things it decided, hear of an outcome, or die."""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.testing.explorer.deciding import Question, Verdict
from bluegreen.testing.explorer.safety import landing
from bluegreen.testing.explorer.space import Space
from bluegreen.testing.explorer.states import (
    CANCELLED,
    RUNNING,
    STALE,
    TIME,
    WORKLOADS,
    Act,
    Event,
    Mind,
    Step,
    World,
)
from bluegreen.testing.explorer.telling import GIVEN_UP, LATE, told_act


class Engines:
    """The steps of an engine, for every world and mind that it may find itself in."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._scope = space.scope
        self._layers = len(space.scope.layers)

    def steps(self, number: int, mind_number: int) -> tuple[Step, ...]:
        """All that this engine can do now. `{}` in a label stands for its name."""
        world, mind = self._space.worlds.things[number], self._space.minds.things[mind_number]
        return tuple(self._steps(world, mind))

    def _steps(self, world: World, mind: Mind) -> Iterator[Step]:
        if mind.acts:
            yield from self._acting(world, mind)
        else:
            yield from self._deciding(world, mind)
        if mind.looks is None:
            yield from self._hearing(world, mind)
        fresh = Mind(0.0)
        if mind != fresh and self._scope.crashes:
            yield Step("{} dies", self._number(world), self._mind(fresh), cost=self._space.cost["crash"])

    def _number(self, world: World) -> int:
        return self._space.worlds.number(world)

    def _mind(self, mind: Mind) -> int:
        return self._space.minds.number(mind)

    # Deciding.

    def _deciding(self, world: World, mind: Mind) -> Iterator[Step]:
        question, fresh = self._space.question(world, mind)
        verdict = self._space.decider.verdict(question)
        if verdict.broken:
            yield Step("{} saves", self._number(world), self._mind(mind), harm=verdict.broken)
            return
        yield from self._saving(world, mind, verdict, question, fresh)
        if mind.age < self._space.memory.life_s and mind.looks is None and verdict.wake_s:
            yield self.later(world, mind, verdict.wake_s)

    def _saving(
        self, world: World, mind: Mind, verdict: Verdict, question: Question, fresh: tuple[bool, ...]
    ) -> Iterator[Step]:
        after = world._replace(core=verdict.core, out=self._outstanding(world, mind, verdict, question, fresh))
        if mind.loaded is not None:
            after = after._replace(declared=mind.loaded.declared)
        acts = tuple(one for one in verdict.acts if self._may_land(one, fresh))
        tasks = tuple(one for one in mind.tasks if one[1] == RUNNING)
        changed = after != world
        if not changed and not verdict.acts and tasks == mind.tasks:
            return
        event = self._space.recorded(world) if changed else 0
        minds = [Mind(mind.age, tasks, None, acts)]
        if self._scope.guards.caches and mind.looks and not acts:
            kept = tuple(one and one._replace(out=None) for one in mind.looks)
            minds.append(Mind(mind.age, tasks, kept))
        for one in minds:
            yield Step("{} saves", self._number(after), self._mind(one), event)

    def _outstanding(
        self, world: World, mind: Mind, verdict: Verdict, question: Question, fresh: tuple[bool, ...]
    ) -> tuple[int, ...]:
        """What is outstanding now: a write on a token that the object does not have any more is one on an earlier."""
        before = mind.loaded.out if mind.loaded else world.out
        found: list[int] = []
        for asked, bits, current, known in zip(question.out, verdict.out, fresh, before, strict=True):
            found.append(known if bits == asked else bits if current else STALE if bits else 0)
        return tuple(found)

    def _may_land(self, act: Act, fresh: tuple[bool, ...]) -> bool:
        """Its token is the object's present one, or is not looked at."""
        guards = self._scope.guards
        if act.kind in ("point", "preview"):
            return fresh[act.on] or not (guards.cas_layers and guards.tokens_are_unique)
        if act.kind in ("retire", "forget"):
            return fresh[self._layers + act.on] or not guards.cas_workloads
        return True

    # Acting.

    def _acting(self, world: World, mind: Mind) -> Iterator[Step]:
        for place, act in enumerate(mind.acts):
            left = mind._replace(acts=(*mind.acts[:place], *mind.acts[place + 1 :]))
            words = f"{{}} does {told_act(act, self._space)}"
            if act.kind in ("start", "cancel"):
                yield Step(words, self._number(world), self._mind(self._with_task(left, act)))
                continue
            part = WORKLOADS if act.kind in ("ensure", "retire", "forget") else act.on + 1
            if world.hidden >> part & 1:
                yield Step(words, self._number(world), self._mind(left))
                continue
            if self._scope.refusals:
                refused = f"refuse {told_act(act, self._space, call=True)}\n{words}"
                yield Step(refused, self._number(world), self._mind(left), cost=self._space.cost["refuse"])
            if self._scope.given_up:
                late = world._replace(late=tuple(sorted((*world.late, act))))
                yield Step(GIVEN_UP, self._number(late), self._mind(left), cost=self._space.cost["give up"])
            yield self._landed(world, self._mind(left), act, words)

    def late(self, world: World) -> Iterator[Step]:
        """What an engine has given up may land all the same, at any time, whatever has become of the engine."""
        for place, act in enumerate(world.late):
            before = world._replace(late=(*world.late[:place], *world.late[place + 1 :]))
            yield self._landed(before, -1, act, f"{LATE} does {told_act(act, self._space)}")

    def _landed(self, world: World, left: int, act: Act, words: str) -> Step:
        scope, part = self._scope, WORKLOADS if act.kind in ("ensure", "retire", "forget") else act.on + 1
        after = self._performed(world, act)
        if after is None:
            return Step(words, self._number(world), left)
        now = self._space.memory.record(world.core)
        harm = landing(world, act, now, scope.revisions, scope.layers)
        rewritten = 1 if part else 1 << act.on
        event = self._space.changed(world, after, part, rewritten)
        return Step(words, self._number(after), left, event, harm=harm)

    def _performed(self, world: World, act: Act) -> World | None:
        """The world once it has accepted the action; None when it does not."""
        if act.kind in ("point", "preview", "prepare"):
            return self._written(world, act)
        work, works = world.works[act.on], list(world.works)
        if act.kind == "ensure":
            if work is None and act.on != world.declared:
                return None
            work = work or (0, 0)
            works[act.on] = (max(work[0], act.amount), work[1])
            emptied = world.emptied & ~(1 << act.on)
        elif work is None:
            return None
        elif act.kind == "retire":
            works[act.on] = (min(work[0], act.amount), min(work[1], act.amount))
            emptied = world.emptied | 1 << act.on
        else:
            if work[0]:
                return None
            works[act.on] = None
            emptied = world.emptied | 1 << act.on
        changed = world._replace(works=tuple(works), emptied=emptied)
        return self._space.rewritten(changed, self._layers + act.on)

    def _written(self, world: World, act: Act) -> World | None:
        layer, ours = world.layers[act.on], world.ours
        if act.seen is not None and act.seen != layer._replace(converged=act.seen.converged):
            return None  # a token that is a hash of the content
        if act.kind == "prepare":
            stays = [one for one in (layer.active, layer.preview) if one >= 0 and layer.prepared >> one & 1]
            changed = layer._replace(prepared=act.amount | sum(1 << one for one in set(stays)))
        elif act.kind == "preview":
            changed = layer._replace(preview=act.revision)
        else:
            moved = layer.active != act.revision
            changed = layer._replace(active=act.revision, converged=layer.converged and not moved)
            ours = ours | 1 << act.on if moved else ours
        layers = (*world.layers[: act.on], changed, *world.layers[act.on + 1 :])
        return self._space.rewritten(world._replace(layers=layers, ours=ours), act.on)

    # Measurements and hooks.

    def _with_task(self, mind: Mind, act: Act) -> Mind:
        known = dict(mind.tasks)
        if act.kind == "start":
            known.setdefault(act.on, RUNNING)
        elif known.get(act.on, RUNNING) == RUNNING:
            known[act.on] = CANCELLED
        return mind._replace(tasks=tuple(sorted(known.items())))

    def _hearing(self, world: World, mind: Mind) -> Iterator[Step]:
        for key, how in mind.tasks:
            if how != RUNNING:
                continue
            for number, answer in enumerate(self._scope.answers, 1):
                tasks = tuple((one, number if one == key else was) for one, was in mind.tasks)
                said = {True: "yes", False: "no", None: "nothing"}.get(answer, repr(answer))
                words = f"{self._space.decider.keys.things[key].run} of {{}} says {said}"
                yield Step(words, self._number(world), self._mind(mind._replace(tasks=tasks)))

    # Time.

    def later(self, world: World, mind: Mind | None, seconds: float) -> Step:
        """So many seconds later: what is remembered is older."""
        after = world._replace(core=self._space.memory.older(world.core, seconds))
        event = self._space.events.number(Event(TIME, seconds=seconds))
        cost = 0 if self._scope.ticks is None else self._space.cost["tick"]
        if mind is None:
            return Step(f"tick {seconds:g}s", self._number(after), -1, event, cost)
        (older,) = self._space.after(self._mind(mind), event)
        return Step(f"tick {seconds:g}s", self._number(after), older, event, cost)
