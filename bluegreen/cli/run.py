"""Releasing: declare what is wanted and see it through (`run`), or drive whatever is declared, for good (`serve`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from bluegreen.backends import local
from bluegreen.cli.driving import see_through
from bluegreen.cli.ending import Until
from bluegreen.cli.exits import Exit
from bluegreen.cli.guard import Common, driving_verb, told
from bluegreen.cli.place import Kept, all_kept, kept_of, state_dir_of
from bluegreen.cli.screen import Screen
from bluegreen.cli.stop import Stop
from bluegreen.cli.words import farewell
from bluegreen.errors import CommandError, PermanentBackendError
from bluegreen.manifests import read
from bluegreen.spec import Rollout

AGAIN_S, AGAIN_MAX_S = 1.0, 15.0
"""How soon `serve` looks again for rollouts that nobody drives; at most so long after a failure."""


@click.command("run")
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), required=True, help="A manifest, or a folder.")
@click.option(
    "--until",
    type=click.Choice([one.value for one in Until]),
    default=Until.RETIRED.value,
    show_default=True,
    help="How far to see the release through.",
)
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), metavar="SECONDS", help="End after so long.")
@driving_verb
async def run(common: Common, screen: Screen, file: Path, until: str, timeout_s: float | None) -> Exit:
    """Release what a manifest declares, and see it through.

    Declares what the file says, then drives the rollout; or, when somebody else drives it, follows them. It ends when
    nothing is due any more: the new revision has the traffic and the old one is retired. When only a person can go on,
    it ends at once and prints what to type.

    Example, in a CI job: bluegreen run -f shop.yaml --until healthy --timeout 600
    """
    loaded = read(file, check=local.check)
    rollout = _only(file, loaded.rollouts)
    kept = kept_of(common, rollout)
    await kept.must_have_secrets(rollout)
    screen.say(first_line(common))
    for odd in loaded.warnings:
        screen.say(f"warning: {odd}")
    with Stop(timeout_s) as stop:
        with screen:
            code = await see_through(kept, rollout, screen, stop, Until(until), apply=True)
        farewell(common, kept, screen, code)
        screen.result(screen.last)
    return code


@click.command("serve")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@driving_verb
async def serve(common: Common, screen: Screen, names: tuple[str, ...]) -> Exit:
    """Drive rollouts for good, in the foreground.

    Without names it drives every rollout of the state directory, those included that are declared later. Commands in
    other terminals reach it within a second. SIGTERM or Ctrl-C ends it; what it runs goes on running.

    Example: bluegreen serve shop
    """
    screen.say(first_line(common))
    with Stop() as stop:
        served: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while stop.asked is None:
                found = _named(common, names)
                for kept in found:
                    if kept.name not in served or served[kept.name].done():
                        served[kept.name] = group.create_task(_serve(common, kept, stop))
                known = {name for kept in found for name in (kept.name, kept.place.name)}
                if missing := [name for name in names if name not in known] or ([] if found else ["any rollout"]):
                    screen.trouble(
                        f"nothing is declared of {', '.join(missing)} yet: waiting for bluegreen run -f FILE"
                    )
                await stop.pause(AGAIN_S)
    screen.say("stopped; what runs goes on running, and is not minded until somebody drives it again")
    return Exit.OK


def first_line(common: Common) -> str:
    """What every command that touches something begins with."""
    return f"backend local, state directory {state_dir_of(common)}"


def _only(file: Path, rollouts: Sequence[Rollout]) -> Rollout:
    if len(rollouts) > 1:
        names = ", ".join(one.name for one in rollouts)
        raise CommandError(
            f"{file} declares several rollouts ({names}), and run sees one through: name a file with one"
        )
    return rollouts[0]


def _named(common: Common, names: tuple[str, ...]) -> list[Kept]:
    known = all_kept(common)
    return [one for one in known if not names or {one.name, one.place.name} & set(names)]


async def _warn_of_secrets(kept: Kept, rollout: Rollout, screen: Screen) -> None:
    """Tells of a secret that is missing, and no more: what runs has to be minded, and an abort carried out."""
    try:
        await kept.must_have_secrets(rollout)
    except PermanentBackendError as error:
        screen.trouble(f"{kept.name}: {error}")


async def _serve(common: Common, kept: Kept, stop: Stop) -> None:
    """Drives one rollout until told to stop. A failure is told, and tried again."""
    screen, wait_s = Screen(common.output), AGAIN_S
    while stop.asked is None and kept.place.database.exists():
        try:
            rollout = (await kept.stored()).rollout
            if rollout is not None:
                await _warn_of_secrets(kept, rollout, screen)
                await see_through(kept, rollout, screen, stop, None)
        except Exception as error:  # one rollout's fault must not leave the others undriven
            screen.trouble(f"{kept.name}: {told(error)}")
            wait_s = min(wait_s * 2, AGAIN_MAX_S)
        await stop.pause(wait_s)
