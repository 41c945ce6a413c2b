"""Playing a release before it is one: `simulate`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common, verb
from bluegreen.cli.screen import Output, Screen
from bluegreen.errors import CommandError
from bluegreen.spec import JSON, Rollout

if TYPE_CHECKING:  # the simulator is imported when it is needed: the other verbs begin sooner without it
    from bluegreen.testing.simulator import World
    from bluegreen.testing.trace import Trace

LIST = "list"


@click.command("simulate")
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), required=True, help="A manifest, or a folder.")
@click.option("--name", help="Which rollout, where the file declares several.")
@click.option(
    "--scenario",
    default="good",
    show_default=True,
    help=f"What happens: bad-after-2m, never-ready+crash, random ... ({LIST}: all of them).",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides what the scenario leaves open.")
@verb
async def simulate(common: Common, screen: Screen, file: Path, name: str | None, scenario: str, seed: int) -> Exit:
    """Play a release of the rollout, and print who had the traffic, with how many replicas, and why.

    Nothing is started and nobody is asked: builds, layers, metrics and people are simulated, and a day takes a moment.
    What the file declares is live when it begins, as `stable`; then `next` is released. The same seed gives the same.

    Example: bluegreen simulate -f shop.yaml --scenario bad-after-2m --seed 7
    """
    from bluegreen.testing import invariants, timeline
    from bluegreen.testing.simulator import NotHealthy, scenarios
    from bluegreen.testing.simulator import simulate as played

    if scenario == LIST:
        for one, (words, _) in scenarios.SCENARIOS.items():
            screen.say(f"{one:24} {words}")
        return Exit.OK
    rollout = declared(file, name)
    world, faults = scenarios.scenario(scenario, rollout, seed)
    try:
        trace = await asyncio.to_thread(played, rollout, world, faults)  # it has a loop of its own
    except NotHealthy as error:
        raise CommandError(str(error)) from error
    violations = list(invariants.violations(trace))
    if screen.output is Output.TEXT:
        for line in (*timeline.lines(trace), "", *_in_the_end(trace, world), *violations):
            click.echo(line)
    else:
        asked: dict[str, JSON] = {"rollout": rollout.name, "scenario": scenario, "seed": seed}
        found = {"violations": violations, "rows": [one.data() for one in timeline.rows(trace)]}
        screen.data({**asked, **_facts(trace, world), **found})
    return Exit.INTERNAL if violations else Exit.OK


def declared(file: Path, name: str | None) -> Rollout:
    """The rollout of this name in the file, or the only one. Raises `CommandError`, and what loading raises."""
    from bluegreen.manifests import read

    rollouts = read(file).rollouts
    found = [one for one in rollouts if name in (None, one.name)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(one.name for one in rollouts)
    raise CommandError(f"which rollout? {file} declares {there}: name one of them with --name")


def _facts(trace: Trace, world: World) -> dict[str, JSON]:
    """What came of it, times in seconds."""
    from bluegreen.testing.timeline import named

    released = world.revision(world.releases[0].build)
    back = trace.rollback_time
    return {
        "phase": type(trace.phase).__name__,
        "message": named(trace.phase.message if trace.phase else "", trace.names),
        "promoted": [trace.names.get(one.revision, one.revision) for one in trace.promotions],
        "live_s": trace.live(released).total_seconds(),
        "dark_s": trace.dark.total_seconds(),
        "rollback_s": back.total_seconds() if back is not None else None,
    }


def _in_the_end(trace: Trace, world: World) -> Iterator[str]:
    """The same for people."""
    from bluegreen.testing.timeline import clock

    facts = _facts(trace, world)
    yield f"in the end: {facts['phase']}" + (f": {facts['message']}" if facts["message"] else "")
    live = f"next had live traffic for {clock(timedelta(seconds=facts['live_s']))}"
    back_s = facts["rollback_s"]
    yield live + (f"; taking it back took {clock(timedelta(seconds=back_s))}" if back_s is not None else "")
    if facts["dark_s"]:
        yield f"live traffic had nothing behind it for {clock(timedelta(seconds=facts['dark_s']))}"
