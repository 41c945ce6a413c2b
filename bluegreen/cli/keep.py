"""Housekeeping: check a manifest, read what replicas wrote, delete a rollout, say the version."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version as installed
from pathlib import Path

import click

from bluegreen.backends import local
from bluegreen.cli.driving import looker_of
from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common, verb
from bluegreen.cli.place import Kept, find
from bluegreen.cli.screen import Output, Screen
from bluegreen.cli.stop import Stop
from bluegreen.errors import CommandError
from bluegreen.manifests import ManifestError, ManifestProblem, read
from bluegreen.snapshot import Observed
from bluegreen.spec import JSON, RevisionId


@click.command("lint")
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), required=True, help="A manifest, or a folder.")
@verb
async def lint(common: Common, screen: Screen, file: Path) -> Exit:
    """Check a manifest, and start nothing.

    Prints all that is wrong with it at once, each with its line and what to write instead.

    Example: bluegreen lint -f shop.yaml
    """
    problems: Sequence[ManifestProblem] = ()
    try:
        loaded = read(file, check=local.check)
        warnings = loaded.warnings
        said = f"{file}: {', '.join(one.name for one in loaded.rollouts)}: nothing is wrong"
    except ManifestError as error:
        problems, warnings = error.problems, error.warnings
        said = str(error)
    if screen.output is not Output.TEXT:
        screen.data({"problems": [_data(one) for one in problems], "warnings": [_data(one) for one in warnings]})
    else:
        for one in warnings:
            click.echo(f"warning: {one}", err=True)
        click.echo(said)
    return Exit.BAD_INPUT if problems else Exit.OK


def _data(problem: ManifestProblem) -> dict[str, JSON]:
    where = {"file": problem.file, "line": problem.line, "column": problem.column, "path": list(problem.path)}
    return {**where, "message": problem.message, "remedy": problem.remedy}


@click.command("logs")
@click.argument("name", required=False)
@click.option("--revision", metavar="N", help="A revision's number or identifier; default: all of them.")
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--tail", type=click.IntRange(min=0), default=10, show_default=True, help="Lines of each replica.")
@verb
async def logs(common: Common, screen: Screen, name: str | None, revision: str | None, follow: bool, tail: int) -> Exit:
    """Print what the replicas wrote, each line with its revision and replica.

    Example: bluegreen logs shop -f
    """
    kept = find(common, name)
    wanted = await _revision(kept, revision) if revision else None
    if not follow:
        for log in local.replica_logs(kept.place, wanted):
            for line in local.tail(log.path, tail):
                click.echo(f"{log.revision}-{log.number}  {line}")
        return Exit.OK
    with Stop() as stop:
        printing = asyncio.create_task(_print_on(kept, wanted, tail))
        try:
            return await stop.or_(printing) or Exit.OK
        finally:
            printing.cancel()


async def _print_on(kept: Kept, revision: RevisionId | None, lines: int) -> Exit | None:
    async for log, line in local.follow(kept.place, revision, lines=lines):
        click.echo(f"{log.revision}-{log.number}  {line}")
    return None


async def _revision(kept: Kept, wanted: str) -> RevisionId:
    rollout = await kept.declared()
    async with kept.looking(rollout) as backend:
        seen = (await looker_of(rollout, backend).look()).snapshot.workloads
    known = seen.value.revisions if isinstance(seen, Observed) else ()
    found = [one.id for one in known if wanted in (one.id, str(one.ordinal))]
    if not found:
        there = ", ".join(f"{one.ordinal} ({one.id})" for one in known) or "none"
        raise CommandError(f"no revision {wanted} of {kept.name} is known; there are: {there}")
    return found[0]


@click.command("delete")
@click.argument("name", required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@verb
async def delete(common: Common, screen: Screen, name: str | None, yes: bool) -> Exit:
    """Stop everything of a rollout, its live traffic included, and forget it.

    Refused while somebody drives it: stop that first.

    Example: bluegreen delete shop
    """
    kept = find(common, name)
    if not yes and not sys.stdin.isatty():
        raise CommandError(f"nobody is there to be asked whether {kept.name} may be deleted: say so with --yes")
    if not yes and not click.confirm(f"Stop {kept.name}, live traffic included, and forget it?", err=True):
        screen.say("nothing was changed")
        return Exit.BAD_INPUT
    await local.delete(common.state_dir, kept.place.name, kept.place.namespace)
    screen.say(f"{kept.name} is stopped and forgotten")
    return Exit.OK


@click.command("version")
@verb
async def version(common: Common, screen: Screen) -> Exit:
    """Say which version this is.

    Example: bluegreen version
    """
    known = {"bluegreen": installed("bluegreen"), "python": platform.python_version(), "system": platform.system()}
    if screen.output is not Output.TEXT:
        screen.data(known)
    else:
        click.echo(f"bluegreen {known['bluegreen']} (Python {known['python']}, {known['system']})")
    return Exit.OK
