"""Whether a rollout policy does what it is there for: simulated, before anything is released."""

from __future__ import annotations

import asyncio
import shlex
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common, verb
from bluegreen.cli.screen import Output, Screen
from bluegreen.errors import CommandError
from bluegreen.manifests import read
from bluegreen.spec import Rollout

if TYPE_CHECKING:
    from bluegreen.testing.verifying import Answer, Assumptions, Report

_MARKS = {"fault": ("FAULT  ", "bold red"), "warning": ("WARNING", "bold yellow"), "ok": ("ok     ", "green")}
_INDENT = " " * 9
_TELL_AFTER_S, _TELL_EVERY_S = 1.0, 5.0


@click.command("verify")
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), required=True, help="A manifest, or a folder.")
@click.option("--assume", "assume", multiple=True, metavar="NAME=VALUE,...", help="What to take for granted instead.")
@click.option(
    "--scenario", metavar="NAME", help="Print how one scenario goes, from moment to moment, and nothing else."
)
@click.option("--strict", is_flag=True, help="Let a warning count as a fault.")
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="To simulate with.")
@verb
async def verify(
    common: Common,
    screen: Screen,
    file: Path,
    assume: tuple[str, ...],
    scenario: str | None,
    strict: bool,
    processes: int,
) -> Exit:
    """Ask what a rollout does when builds are bad, people late and machines away; release nothing.

    Prints what it assumes, then its answers, the worst first, each with the scenario that shows it. Ends with 3 when a
    fault was found; warnings alone end with 0, unless --strict.

    Example: bluegreen verify -f shop.yaml --assume ready=60s,detect=2m
    """
    from bluegreen.testing.verifying import Assumptions, Verdict  # simulating takes a while to import

    try:
        assumptions = Assumptions.of(*assume)
    except ValueError as error:
        raise CommandError(str(error)) from error
    rollouts = read(file).rollouts
    if scenario is not None:
        for rollout in rollouts:
            await _replay(screen, rollout, scenario, assumptions)
        return Exit.OK
    screen.draw(_assumed(assumptions))
    reports: list[Report] = []
    for rollout in rollouts:
        reports.append(await _verified(rollout, assumptions, processes))
        replay = f"bluegreen verify -f {shlex.quote(str(file))}{assumptions.flags} --scenario"
        screen.draw(_told(reports[-1], replay))
    if screen.output is not Output.TEXT:
        screen.data({"rollouts": [one.data() for one in reports]})
    bad = {Verdict.FAULT, Verdict.WARNING} if strict else {Verdict.FAULT}
    return Exit.DEGRADED if any(one.worst in bad for one in reports) else Exit.OK


async def _verified(rollout: Rollout, assumptions: Assumptions, processes: int) -> Report:
    """The report; simulations have loops of their own, and so a thread. Ctrl-C ends it after the one in hand."""
    from bluegreen.testing.verifying import verify as verified

    stopped, began_s, told_s = threading.Event(), time.monotonic(), 0.0

    def progress(done: int, of: int, name: str) -> None:
        nonlocal told_s
        if stopped.is_set():
            raise InterruptedError
        passed_s = time.monotonic() - began_s
        if passed_s >= told_s + (_TELL_EVERY_S if told_s else _TELL_AFTER_S):
            told_s = passed_s
            click.echo(f"{rollout.name}: {done} of {of} scenarios so far ({name})", err=True)

    try:
        return await asyncio.to_thread(verified, rollout, assumptions, processes=processes, progress=progress)
    except ValueError as error:
        raise CommandError(f"{rollout.name} cannot be simulated: {error}") from error
    finally:
        stopped.set()


async def _replay(screen: Screen, rollout: Rollout, name: str, assumptions: Assumptions) -> None:
    from bluegreen.testing import timeline
    from bluegreen.testing.verifying import scenario

    try:
        found = await asyncio.to_thread(scenario, rollout, name, assumptions)
        trace = await asyncio.to_thread(found.play, rollout, assumptions)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if screen.output is not Output.TEXT:
        rows = [one.data() for one in timeline.rows(trace)]
        screen.data({"rollout": rollout.name, "scenario": name, "story": found.story, "rows": rows})
        return
    screen.say(f"{rollout.name}, {name}: the new build {found.story}")
    for line in timeline.lines(trace):
        screen.say(line)


# For people.


def _assumed(assumptions: Assumptions) -> Text:
    lines = [f"  {f'{name}={value}':18} {says}" for name, value, says in assumptions.rows()]
    return Text("\n".join(["It is assumed (--assume NAME=VALUE,... says otherwise) that", *lines]))


def _told(report: Report, replay: str) -> Text:
    """The answers, a block each, and a line that sums them up."""
    told = Text(f"\n{report.rollout}: {report.scenarios} scenarios in {report.took_s:.0f} s\n")
    for answer in report.answers:
        mark, style = _MARKS[answer.verdict]
        told.append("\n").append(mark, style).append(f"  {answer.question}\n", "bold")
        told.append("\n".join(f"{_INDENT}{line}" for line in _lines(answer, replay)) + "\n")
    counts = {
        mark.strip().lower(): sum(one.verdict == key for one in report.answers) for key, (mark, _) in _MARKS.items()
    }
    told.append(f"\n{report.rollout}: {', '.join(f'{count} {name}' for name, count in counts.items())}")
    return told


def _lines(answer: Answer, replay: str) -> Iterator[str]:
    yield answer.says
    if answer.remedy:
        yield f"remedy: {answer.remedy}"
    if answer.shown:
        yield f"seen: {answer.shown.story}"
        yield f"      {answer.shown.course}"
        yield f"replay: {replay} {answer.shown.name}"
    if not answer.shown or answer.rests_on != "one simulation":
        yield f"rests on: {answer.rests_on}"
