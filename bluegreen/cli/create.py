"""Measuring now, releasing nothing: `create analysisrun`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click
from attrs import evolve
from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from bluegreen import analysis
from bluegreen.backends import memory
from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common, driving_verb
from bluegreen.cli.measured import fresh, run_data
from bluegreen.cli.place import must_read, secrets_in
from bluegreen.cli.render import measured
from bluegreen.cli.screen import Output, Screen
from bluegreen.cli.stop import Stop
from bluegreen.engine.clock import Clock
from bluegreen.engine.tasks import Tasks
from bluegreen.errors import CommandError
from bluegreen.metrics import Context, Providers
from bluegreen.ports import Backend
from bluegreen.runs import AnalysisPhase, AnalysisRun
from bluegreen.spec import Analysis, BlueGreen, RevisionId, Rollout

NONE = RevisionId("")
_CODES = {
    AnalysisPhase.SUCCESSFUL: Exit.OK,
    AnalysisPhase.FAILED: Exit.DEGRADED,
    AnalysisPhase.ERROR: Exit.DEGRADED,
    AnalysisPhase.INCONCLUSIVE: Exit.PAUSED,
}


@click.group("create")
def create() -> None:
    """Make something that is no part of a release."""


@create.command("analysisrun")
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), required=True, help="The AnalysisTemplate.")
@click.option("--arg", "args", metavar="NAME=VALUE", multiple=True, help="An argument of the template.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), metavar="SECONDS", help="End after so long.")
@driving_verb
async def analysisrun(
    common: Common, screen: Screen, file: Path, args: tuple[str, ...], timeout_s: float | None
) -> Exit:
    """Measure what an AnalysisTemplate says, now, and release nothing.

    Ends with 0 when it is Successful, 3 when it Failed or could not be measured, 4 when it came to no verdict.

    Example: bluegreen create analysisrun -f template.yaml --arg app=shop
    """
    from bluegreen.manifests import read_analysis

    declared = read_analysis(file, _arguments(args))
    name = "-".join(declared.templates) or file.stem
    await must_read((arg.secret for arg in declared.args), common.secrets, name)
    with Stop(timeout_s) as stop:
        run = await carried_out(declared, name, common, screen, stop)
    if screen.output is Output.TEXT:
        screen.draw(_drawn(run))
    else:
        screen.data(run_data(run))
    return stop.asked or _CODES[run.phase]


async def carried_out(declared: Analysis, name: str, common: Common, screen: Screen, stop: Stop) -> AnalysisRun:
    """Measures until there is a verdict, or until asked to stop; then the run has ended without one.

    Raises `CommandError` for what only a release can measure.
    """
    _refuse_what_needs_a_release(declared)
    providers = Providers(Context(rollout=name))
    came, clock = asyncio.Event(), Clock()
    backend = _backend(name, providers, common)
    run = AnalysisRun(name, NONE, 0, clock.now(), definition=analysis.definition_of(declared))
    try:
        async with Tasks(backend, clock, lambda _outcome: came.set()) as tasks:
            while True:
                came.clear()
                outcomes, before = tasks.outcomes(), run
                progress = analysis.advance(declared, run, outcomes, analysis.About(NONE), clock.now())
                tasks.acknowledge(outcomes)
                run = progress.run
                for line in fresh(before, run):
                    screen.say(f"{datetime.now().astimezone():%H:%M:%S} {line}")
                if run.phase.over:
                    return run
                if stop.asked is not None:
                    return run.ended(clock.now(), "it was stopped")
                for task in progress.tasks:
                    tasks.start(task)
                due_s = (progress.when - clock.now()).total_seconds() if progress.when else None
                await _either(came, stop, due_s)
    finally:
        await providers.close()


async def _either(came: asyncio.Event, stop: Stop, due_s: float | None) -> None:
    """Returns when an outcome came, when asked to stop, or after so many seconds."""
    waiting: asyncio.Future[Exit | None] = asyncio.ensure_future(_heard(came))
    try:
        async with asyncio.timeout(max(due_s, 0) if due_s is not None else None):
            await stop.or_(waiting)
    except TimeoutError:
        pass
    finally:
        waiting.cancel()


async def _heard(came: asyncio.Event) -> Exit | None:
    await came.wait()
    return None


def _backend(name: str, providers: Providers, common: Common) -> Backend:
    """What measures. Nothing is released, so a world in memory stands where a release's would be."""
    world = memory.World(Rollout(name, BlueGreen(name)))
    return evolve(memory.over(world, metrics=providers), secrets=secrets_in(common.secrets))


def _refuse_what_needs_a_release(declared: Analysis) -> None:
    for arg in declared.args:
        if arg.pod_template_hash or arg.field:
            raise CommandError(f"the argument {arg.name} is a release's own: give it with --arg {arg.name}=VALUE")
    for metric in declared.metrics:
        if metric.both:
            raise CommandError(f"the metric {metric.name} measures two revisions, and only a release has both")


def _arguments(words: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise click.UsageError(f"--arg {word}: expected NAME=VALUE")
        if name in found:
            raise click.UsageError(f"--arg {name} is given twice")
        found[name] = value
    return found


def _drawn(run: AnalysisRun) -> RenderableType:
    """The run as a tree of its metrics and their last measurements, and why it ended as it did."""
    title = Text(f"analysis {run.name}  ", style="bold").append(str(run.phase))
    return measured(Tree(title.append(f"  {run.message}" if run.message else "", style="not bold")), run)
