"""Making things happen: what each fault, and each wish of a person, does to the stage."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeAlias, assert_never

from attrs import evolve

from bluegreen import commands
from bluegreen.backends.memory import NEVER
from bluegreen.snapshot import EVERYTHING, NOTHING, Foreign, Shown
from bluegreen.spec import RevisionId, Rollout
from bluegreen.testing.simulator.faults import (
    Ask,
    Crash,
    DeleteElsewhere,
    Happening,
    Lose,
    Partition,
    PodsFail,
    PointElsewhere,
    Refuse,
    RepeatedOutcomes,
    ScaleElsewhere,
    Slow,
    StaleLooks,
    Stall,
    Twin,
)
from bluegreen.testing.simulator.process import Process
from bluegreen.testing.simulator.stage import Stage
from bluegreen.testing.simulator.world import Build, World

Work: TypeAlias = Coroutine[Any, Any, None]

_ODD: dict[str, Shown] = {"nothing": NOTHING, "everything": EVERYTHING, "foreign": Foreign("somebody else's")}


class Fate:
    """Makes happenings happen on a stage, each at its moment. `like` is the world that the builds' names are from."""

    def __init__(self, stage: Stage, like: World) -> None:
        self._stage = stage
        self._like = like
        self._later: set[asyncio.Task[None]] = set()

    async def happen(self, one: Happening) -> None:
        """Makes one happen now; what ends by itself ends later. What has no meaning here and now does nothing."""
        stage = self._stage
        match one:
            case Twin():
                await stage.start(one.who, jump_s=one.clock_s)
                self._after(one.for_s, stage.kill(one.who))
            case Partition():
                stage.cut(one.what, one.who)
                self._after(one.for_s, self._join(one))
            case Refuse():
                stage.refusals.append((one.call, one.times))
            case Crash() | Stall() | Lose() | StaleLooks() | RepeatedOutcomes():
                if process := stage.processes.get(one.who):
                    self._to_an_engine(process, one)
            case PodsFail() | Slow() | PointElsewhere() | ScaleElsewhere() | DeleteElsewhere():
                self._to_the_world(one)
            case Ask():
                await self._asked(one.what)
            case _:
                assert_never(one)

    async def over(self) -> None:
        """Whatever would end later, or begin again, does not any more: the faults are over."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    def _after(self, seconds: float, work: Work) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await work

        task = asyncio.get_running_loop().create_task(later())
        self._later.add(task)
        task.add_done_callback(lambda _: work.close())
        task.add_done_callback(self._later.discard)

    async def _join(self, one: Partition) -> None:
        self._stage.join(one.what, one.who)

    # Engines.

    def _to_an_engine(self, process: Process, one: Crash | Stall | Lose | StaleLooks | RepeatedOutcomes) -> None:
        match one:
            case Crash():
                self._crash(process, one)
            case Stall():
                process.wire.stalls.append((one.before, one.for_s))
            case Lose():
                process.wire.lost.append((one.call, one.times))
            case StaleLooks():
                process.looker.stale_looks, process.looker.age = one.looks, one.age
                self._stage.trace.note(f"sees what was so {one.age} looks ago, {one.looks} times", one.who)
            case RepeatedOutcomes():
                process.looker.repeats = one.looks
                self._stage.trace.note(f"hears again what it has heard, {one.looks} times", one.who)
            case _:
                assert_never(one)

    def _crash(self, process: Process, one: Crash) -> None:
        if one.before:
            process.wire.deadly.append((one.before, one.times))
        elif one.after:
            process.wire.deadly_after.append((one.after, one.times))
        elif one.on:
            process.deadly_events.append((one.on, one.times))
        else:
            process.kill()
        self._after(0.0, self._follow(process, one))

    async def _follow(self, process: Process, one: Crash) -> None:
        """Another engine, once this one is dead."""
        await process.gone()
        await asyncio.sleep(one.back_after_s)
        if self._stage.processes.get(one.who) is process:
            await self._stage.start(one.who, jump_s=process.jump_s + one.clock_s)

    # The world.

    def _revision(self, name: str) -> RevisionId | None:
        """The revision of the build of this name, when it exists."""
        build = self._like.build(name)
        revision = self._like.revision(build) if build else None
        return revision if revision in self._stage.world.revisions else None

    def _to_the_world(self, one: PodsFail | Slow | PointElsewhere | ScaleElsewhere | DeleteElsewhere) -> None:
        if isinstance(one, Slow | PointElsewhere):
            self._to_a_layer(one)
            return
        stage, world = self._stage, self._stage.world
        revision = self._revision(one.build)
        if revision is None:
            return
        match one:
            case PodsFail(_, build, count, for_s):
                if world.revisions[revision].ready_after_s < NEVER:  # a bad build does not get better by failing
                    stage.outsider(
                        f"fails {count} of {build} for {for_s:g} s", lambda: world.fail(revision, count, for_s=for_s)
                    )
            case ScaleElsewhere(_, build, replicas):
                stage.outsider(f"scales {build} to {replicas}", lambda: world.scale_elsewhere(revision, replicas))
            case DeleteElsewhere(_, build):
                stage.outsider(f"deletes {build}", lambda: world.delete_elsewhere(revision))
            case _:
                assert_never(one)

    def _to_a_layer(self, one: Slow | PointElsewhere) -> None:
        stage, world = self._stage, self._stage.world
        names = list(world.layers)
        layer = {"first": names[0], "last": names[-1], **{name: name for name in names}}.get(one.layer)
        if layer is None:
            return
        if isinstance(one, Slow):
            world.layers[layer].converge_after_s = one.converge_after_s
            stage.trace.note(f"is slow from here on: {one.converge_after_s:g} s", f"layer {layer}")
        elif shown := _ODD.get(one.at) or self._revision(one.at):
            what = f"points {one.slot} of {layer} at {one.at}"
            stage.outsider(what, lambda: world.point_elsewhere(layer, shown, slot=one.slot))

    # People.

    async def release(self, build: Build) -> None:
        """A person declares this build."""
        await self._declare(f"applies {build.name}", lambda now: now.with_template(self._like.template_of(build)))

    async def _declare(self, what: str, change: Any) -> None:
        stage = self._stage
        wanted: Rollout = change(stage.world.stored.rollout or stage.rollout)
        await stage.ask(what, lambda: stage.person.apply(wanted))

    async def _asked(self, what: str) -> None:
        verb, _, about = what.partition(" ")
        match verb:
            case "apply":
                if build := self._like.build(about):
                    await self.release(build)
            case "pause":
                await self._declare("pauses it", commands.pause)
            case "resume":
                await self._declare("resumes it", commands.resume)
            case "scale":
                await self._declare(f"scales it to {about}", lambda now: evolve(now, replicas=int(about)))
            case "approve":
                await self._stage.command("approve", gate=about)
            case _:
                await self._stage.command(verb.replace("-", "_"))
