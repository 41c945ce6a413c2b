"""The stage that a script is played on: the real engine, in a world in memory, in virtual time."""

# A stepped engine is woken when a script says so, which nothing else may do.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import evolve

from bluegreen.backends.memory import NEVER, revision_of
from bluegreen.backends.memory import World as MemoryWorld
from bluegreen.backends.memory.world import Revision
from bluegreen.engine.events import Acted
from bluegreen.errors import BluegreenError, RolloutDegraded, WaitTimedOut
from bluegreen.ports import Stored
from bluegreen.record import Healthy
from bluegreen.spec import JSON, RevisionId, Rollout
from bluegreen.testing import invariants
from bluegreen.testing.scripts.answering import Answering
from bluegreen.testing.scripts.declaring import Scene, metrics_of, unknown
from bluegreen.testing.scripts.holding import Holding, settle
from bluegreen.testing.scripts.telling import Telling
from bluegreen.testing.simulator.answers import Answers, simulated
from bluegreen.testing.simulator.playing import long_enough_s
from bluegreen.testing.simulator.process import Process
from bluegreen.testing.simulator.stage import Stage
from bluegreen.testing.simulator.world import World, with_build

READY_S: Final = 1.0
"""A new pod takes so long to be ready, unless a script says otherwise."""
_FIRST_S: Final = 3600.0
_LOOK_S: Final = 1.0
_LOOK_IN_THE_END_S: Final = 15.0


class Player:
    """One play of one script; lives as long as its loop. `stepped`: no engine drives by itself."""

    def __init__(self, scene: Scene, *, stepped: bool = False) -> None:
        self.scene = scene
        self.stepped = stepped
        self.rollout: Rollout = simulated(scene.rollout)
        self.world = MemoryWorld(self.rollout, ready_after_s=READY_S)
        self.says = Answering(Answers(self.rollout, World(self.rollout.template, measure_s=0.0), self.world))
        providers = {one.provider: self.says for one in metrics_of(self.rollout)}
        self.stage = Stage(self.rollout, self.world, metrics=providers, hooks=self.says)
        self.telling = Telling(self.world)
        self.stage.trace = self.telling
        self.holdings: dict[str, Holding] = {}
        self.first = _tag(self.rollout.template)
        self._later: set[asyncio.Task[None]] = set()
        self.revision(self.first)

    # The beginning.

    async def begin(self) -> None:
        """Deploys the declared template, as far as the script wants it deployed, and sets the clock to 0:00."""
        told = self.scene.begin != "nothing is deployed"
        if told:
            await self._first_deployment()
        if self.scene.pods == "ready when told":
            self.world.ready_after_s = NEVER
        loop = asyncio.get_running_loop()
        await asyncio.sleep(math.ceil(loop.time() + 60) - loop.time())
        if self.stepped or self.scene.begin.endswith("nothing is recorded"):
            await self.stage.stop()
        if self.scene.begin.endswith("nothing is recorded"):
            self.world.stored = Stored(self.world.token())
        self.telling.begin(self.telling.builds)
        self.telling.begin_at(loop.time())
        if not self.stepped and not self.stage.processes:
            await self.start("A")

    async def _first_deployment(self) -> None:
        process = await self.start("A")
        try:
            await process.engine.wait_for(Healthy, _FIRST_S)
        except (WaitTimedOut, RolloutDegraded) as error:
            raise ValueError(f"the declared template does not become Healthy by itself: {error}") from error

    # Names.

    def template(self, build: str) -> dict[str, JSON]:
        """The pod template of a build."""
        return dict(self.rollout.template) if build == self.first else with_build(self.rollout.template, build)

    def revision(self, build: str) -> RevisionId:
        """The revision of a build; from now on the output calls it so."""
        revision = revision_of(self.template(build))
        self.telling.builds[revision] = build
        return revision

    def pods(self, build: str) -> Revision:
        """The pods of a build. Raises `ValueError` when there are none."""
        if found := self.world.revisions.get(self.revision(build)):
            return found
        known = [self.telling.builds.get(one, one) for one in self.world.revisions]
        raise ValueError(unknown("pods of", build, known))

    # Engines.

    async def start(self, who: str, *, stepped: bool = False, jump_s: float = 0.0) -> Process:
        """Starts an engine; a stepped one does nothing that is not permitted."""
        telling = self.telling
        observer = telling.observer(who)
        holding = Holding(
            telling.named,
            lambda what: telling.note(what, who),
            lambda: telling.acting.get(who),
            lambda action: observer(Acted(action)),  # the invariants are about what our engines did, late or not
        )
        holding.stepped = stepped
        late = self.holdings[who].held if who in self.holdings else []
        process = await self.stage.start(who, jump_s=jump_s)
        holding.held += [one for one in late if not one.heard]
        process.wire.through = holding.through
        telling.decided.discard(who)
        if stepped:
            telling.stepped.add(who)
        self.holdings[who] = holding
        return process

    def process(self, who: str) -> Process:
        """The engine of this name. Raises `ValueError` when none runs."""
        process = self.stage.processes.get(who)
        if process is None or not process.alive:
            raise ValueError(unknown("engine that runs", who, [k for k, p in self.stage.processes.items() if p.alive]))
        return process

    async def wake(self, who: str) -> None:
        """Ends the rest of an engine that rests: it looks again."""
        self.process(who).engine._driver._bell.ring()
        await settle()

    # Time.

    async def tick(self, seconds: float, look_s: float = _LOOK_S) -> None:
        """Lets so much time pass, and looks every now and then what has changed by time alone."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        while (left_s := end_s - loop.time()) > 1e-9:
            await asyncio.sleep(min(left_s, look_s))
            self.telling.look()
        await settle()

    def after(self, seconds: float, do: Callable[[], Awaitable[object]]) -> None:
        """Something happens so much later."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await do()

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    # People.

    async def ask(self, what: str, command: Callable[[], Awaitable[object]]) -> None:
        """A person asks for something; what is refused is told, with the reason."""
        try:
            await command()
        except BluegreenError as error:
            self.telling.say(f"refused: {error}".replace("\n", "; "))
            what += f", in vain: {type(error).__name__}"
        self.telling.note(what, "a person")

    async def declare(self, what: str, change: Callable[[Rollout], Rollout]) -> None:
        """A person declares something else."""

        async def declared() -> None:
            await self.stage.person.apply(change(self.world.stored.rollout or self.rollout))

        await self.ask(what, declared)

    # The end.

    async def calm(self) -> None:
        """The faults end."""
        await self._end_faults()
        self.telling.calm()
        await settle()

    async def check(self) -> None:
        """The faults end, what there is has the time to finish, and all of it is held against the eight invariants."""
        if self.telling.calm_at_s is None:
            await self.calm()
        await self.tick(long_enough_s(self.rollout), _LOOK_IN_THE_END_S)  # an engine looks all the time
        self.telling.note("the end", "the simulation")
        found = list(invariants.violations(self.telling))
        for line in found or ["the eight invariants hold"]:
            self.telling.say(line)

    async def _end_faults(self) -> None:
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        for who, holding in self.holdings.items():
            if who in self.telling.stepped:
                await self.stage.kill(who)
            else:
                await holding.release()
        self._mend_pods()
        self.stage.mend_wires()
        if not any(process.alive for process in self.stage.processes.values()):
            await self.start("Z")

    def _mend_pods(self) -> None:
        if self.scene.pods == "ready when told":
            self.world.ready_after_s = READY_S
            for one in self.world.revisions.values():
                one.ready_after_s = READY_S
        self.world.mend()

    async def close(self) -> None:
        """Ends everything."""
        for task in self._later:
            task.cancel()
        for who in list(self.stage.processes):
            await self.stage.kill(who)

    def scaled(self, replicas: int) -> Callable[[Rollout], Rollout]:
        """A change of the declaration to so many replicas."""
        return lambda now: evolve(now, replicas=replicas)


def _tag(template: dict[str, JSON] | JSON) -> str:
    containers = template.get("spec", {}).get("containers", ())
    image = str(containers[0].get("image", "")) if containers else ""
    return image.rpartition("/")[2].partition(":")[2] or "v1"
