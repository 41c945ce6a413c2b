"""A good build goes live without one failed request, and a bad one is taken back. `make demo` runs this.

    v1 serves, and customers ask it 200 times a second.
    v2 is released: made ready beside v1, put under load, promoted, watched, and v1 kept for a way back.
    v3 is released likewise, and breaks some seconds after it went live. The analysis sees that, and takes it back.

Everything runs on this machine, on free ports, in a temporary folder, and is gone afterwards. The exit code is 0 only
if v2's release failed no request, and live traffic ended on v2.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from tempfile import TemporaryDirectory

from attrs import evolve

from bluegreen import Backend, Engine, Healthy, Paused, Rollout, metrics
from bluegreen.backends import local
from bluegreen.cli.driving import Watch
from bluegreen.cli.screen import Screen
from bluegreen.errors import BluegreenError, RolloutDegraded
from bluegreen.record import PauseReason
from bluegreen.spec import RevisionId
from examples.demo.customers import Customers, customers
from examples.demo.machine import rollout_on_this_machine
from examples.demo.story import BAD, GOOD, Story, table, verdict

PATIENCE_S = 30.0
"""No step takes so long unless something is wrong."""


async def demo() -> bool:
    """The whole of it, from nothing to nothing. Says whether all went well."""
    screen, rollout = Screen(), rollout_on_this_machine()
    with TemporaryDirectory(prefix="bluegreen-demo-", ignore_cleanup_errors=True) as folder:
        screen.say(f"backend local, state directory {folder}")
        try:
            story, asking = await released(rollout, folder, screen)
        finally:
            screen.say("== everything is stopped, and leaves nothing behind")
            await local.delete(folder, rollout.name, rollout.namespace)
    screen.draw(table(story, asking))
    screen.say(verdict(story, asking))
    return story.good


async def released(rollout: Rollout, folder: str, screen: Screen) -> tuple[Story, Customers]:
    """Drives the rollout from its first deployment through both releases."""
    story = Story()
    url = f"http://{rollout.policy.local.listen[rollout.strategy.active_service]}/"
    async with (
        local.connect(rollout, state_dir=folder) as processes,
        metrics.connect(rollout, processes.workloads) as providers,
    ):
        backend = evolve(processes, metrics=providers)
        with screen:
            async with Engine(rollout, backend, observers=[Watch(screen, None, rollout)]) as engine:
                screen.say(f"== v1 is deployed, and serves at {url}")
                await engine.wait_for(Healthy, PATIENCE_S)
                async with customers(url) as asking:
                    await tell(screen, engine, backend, asking, story)
    return story, asking


async def tell(screen: Screen, engine: Engine, backend: Backend, asking: Customers, story: Story) -> None:
    """Two releases, under load."""
    await asyncio.sleep(2)
    screen.say("== v2 is released")
    good = await release(engine, GOOD, story)
    screen.say("== v2 is live, and v1 is kept for a way back")
    screen.picture()
    await asyncio.sleep(3)
    story.failed_by_v2 = asking.failed
    screen.say("== v3 is released")
    try:
        await release(engine, BAD, story)
    except RolloutDegraded as caught:
        story.aborted_at = time.monotonic()
        screen.say(f"== the analysis takes v3 back: {getattr(caught.phase, 'why', caught)}")
    await back_on(backend, good)
    screen.say("== live traffic is back on v2")
    await asyncio.sleep(1)
    story.ended_on = await answering(asking)
    screen.picture()


async def release(engine: Engine, image: str, story: Story) -> RevisionId:
    """Declares the image, promotes it when it has stood its tests, and waits until its customers found no fault.

    Raises `RolloutDegraded` when they do.
    """
    revision = await engine.apply(engine.rollout.with_image(image))
    await waiting_for_a_person(engine)
    story.promoted_at[image] = time.monotonic()
    await engine.promote(revision, by="demo")
    await engine.wait_for(Healthy, PATIENCE_S)
    return revision


async def waiting_for_a_person(engine: Engine) -> None:
    """Waits until nothing but a person's yes is missing."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            phase = await engine.wait_for(Paused, PATIENCE_S)
            if phase.reason is PauseReason.PERSON:
                return
            await asyncio.sleep(0.1)


async def back_on(backend: Backend, revision: RevisionId) -> None:
    """Waits until live traffic shows the revision on every layer, and the layers have followed."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            states = [await router.observe() for router in backend.routers]
            if all(state.active == revision and state.converged for state in states):
                return
            await asyncio.sleep(0.2)


async def answering(asking: Customers) -> str:
    """The one image whose answers the customers get, all of them good; else what is wrong, in words."""
    before = dict(asking.counts)
    await asyncio.sleep(1)
    moved = {image: count for image, count in asking.counts.items() if count != before.get(image)}
    if len(moved) != 1:
        return f"several: {', '.join(moved)}" if moved else "nobody"
    image, count = moved.popitem()
    failed = count.failed - (before[image].failed if image in before else 0)
    return f"{image}, which fails" if failed else image


async def main() -> int:
    """Runs the demo; SIGTERM and Ctrl-C end it early, with everything stopped."""
    telling = asyncio.create_task(demo())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, telling.cancel)
    try:
        return 0 if await telling else 1
    except asyncio.CancelledError:
        print("stopped before its end", file=sys.stderr)
        return 130
    except (BluegreenError, TimeoutError) as error:
        print(f"it did not go as it should: {str(error) or 'a step took too long'}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
